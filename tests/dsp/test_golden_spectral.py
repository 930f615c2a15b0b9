"""The recorded cases of filters, convolutions, spectra and levels."""

from __future__ import annotations

import pytest

from ddspgraph import dsp
from tests.dsp.golden import Case, cases, relative_l2

FUNCTIONS = (
    "core.fft_convolve",
    "core.frequency_filter",
    "core.frequency_impulse_response",
    "core.sinc_filter",
    "spectral_ops.",
)


@pytest.mark.parametrize("case", cases(*FUNCTIONS), ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    _, outputs = case.arrays()
    result = case.call(getattr(dsp, case.source.split(".")[1]))
    assert relative_l2(result, outputs["0"]) <= 1e-5


def test_all_recordings_are_covered() -> None:
    assert len(cases(*FUNCTIONS)) == 29
