"""The recorded cases of magenta/ddsp's core functions that numerics ... delay re-implement.

Most agree to float32 rounding. Where a phase is a running sum, magenta/ddsp's float32 sum is the larger error:
its recorded audio is up to 1.4e-3 away from the float64 definition, ours 1e-6 (the other tests of this folder
hold that). Those cases are compared as closely as the recording itself is right.
"""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph import dsp
from tests.dsp import reference
from tests.dsp.golden import Case, cases, phase_distance, relative_l2

# Functions of the files fft, convolution and filters have their own test.
ELSEWHERE = ("core.fft_convolve", "core.frequency_filter", "core.frequency_impulse_response", "core.sinc_filter")
#: Recorded audio whose own float32 phase is off by more than 1e-3, and by how much.
DRIFTED = {
    "harmonic_synthesis_above_nyquist": 2e-3,
    "harmonic_synthesis_linear": 2e-3,
    "harmonic_synthesis_window": 2e-3,
    "oscillator_bank_cumsum": 2e-3,  # note-worthy only as the plain float32 cumsum
    "wavetable_synthesis": 8e-3,  # plain float32 cumsum, magnified by the slopes of a random table
}
ACCUMULATING = ("harmonic_synthesis", "oscillator_bank", "harmonic_oscillator_bank", "streaming_harmonic_synthesis")
PHASES = {"angular_cumsum": (0,), "harmonic_oscillator_bank": (1,), "streaming_harmonic_synthesis": (1,)}
CASES = [case for case in cases("core.") if not case.source.startswith(ELSEWHERE)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recorded_values(case: Case) -> None:
    name = case.source.removeprefix("core.")
    results = case.call(getattr(dsp, name))
    results = results if isinstance(results, tuple) else (results,)
    _, expected = case.arrays()
    assert len(results) == len(expected)
    tolerance = DRIFTED.get(case.name, 1e-3 if name in ACCUMULATING else 1e-4)
    for index, (result, value) in enumerate(zip(results, expected.values(), strict=True)):
        if index in PHASES.get(name, ()):
            assert phase_distance(result, value) < 5e-3  # float32 sums of 1000 steps on their side
        else:
            assert relative_l2(result, value) <= tolerance


@pytest.mark.parametrize("case", cases("core.harmonic_synthesis"), ids=lambda case: case.name)
def test_recorded_harmonics_against_their_definition(case: Case) -> None:
    """Ours is the exact sum; the recording is off by what the case's tolerance above allows."""
    inputs, expected = case.arrays()
    exact = reference.harmonics(
        inputs["frequencies"],
        inputs["amplitudes"],
        inputs["harmonic_distribution"],
        case.params["n_samples"],
        case.params["sample_rate"],
        case.params.get("amp_resample_method", "window"),
        inputs.get("harmonic_shifts", 0.0),
    )
    assert relative_l2(case.call(dsp.harmonic_synthesis), exact) < 2e-6
    assert 1e-4 < relative_l2(expected["0"], exact) < 2e-3


def test_every_case_has_a_test() -> None:
    assert len(CASES) >= 60
    assert np.all([hasattr(dsp, case.source.removeprefix("core.")) for case in CASES])
