"""Integrated loudness: the filter of ITU-R BS.1770-4, known tones, and pyloudnorm 0.2.0 on sounds with pauses."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph import dsp
from ddspgraph.instrument.lufs import _k_weighting, integrated_loudness
from ddspgraph.instrument.metrics import Metrics

#: (rate, channels, seconds) -> LUFS by pyloudnorm 0.2.0, Meter(rate, filter_class="DeMan"), of `sound`. Its default
#: filter is another: 0.04 LU lower at 48 kHz, 0.23 at 8 kHz.
RECORDED = {
    (48_000, 1, 3.0): -13.491739378,
    (48_000, 2, 2.0): -9.957943323,
    (44_100, 1, 5.03): -13.284557561,
    (16_000, 1, 2.5): -12.859873591,
    (8_000, 1, 1.0): -14.128217275,
    (96_000, 2, 1.5): -11.351264528,
    (16_000, 1, 0.4): -12.115708505,
}


def sound(i: int, rate: int, channels: int, seconds: float) -> np.ndarray:
    """A swelling noise over a tone, with a pause of -40 dB."""
    r, n = np.random.default_rng(i), int(rate * seconds)
    t = np.arange(n)[:, None] / rate
    x = 0.1 * r.normal(size=(n, channels)) * (1 + np.sin(2 * np.pi * 0.7 * t)) + 0.2 * np.sin(
        2 * np.pi * 100 * (i + 1) * t
    )
    x[n // 3 : n // 2] *= 1e-2
    return x.astype(np.float32)


def test_the_filter_is_that_of_the_standard() -> None:
    """BS.1770-4, tables 1 and 2, at 48 kHz."""
    shelf, high_pass = (dsp.polynomials(section) for section in _k_weighting(48_000.0))
    np.testing.assert_allclose(shelf[0], [1.53512485958697, -2.69169618940638, 1.19839281085285], rtol=1e-12)
    np.testing.assert_allclose(shelf[1], [1.0, -1.69065929318241, 0.73248077421585], rtol=1e-12)
    np.testing.assert_allclose(high_pass[0], [1.0, -2.0, 1.0], rtol=1e-12)
    np.testing.assert_allclose(high_pass[1], [1.0, -1.99004745483398, 0.99007225036621], rtol=1e-12)


@pytest.mark.parametrize("given", list(RECORDED), ids=str)
def test_sounds_are_as_loud_as_pyloudnorm_says(given: tuple[int, int, float]) -> None:
    x = sound(list(RECORDED).index(given), *given)
    assert integrated_loudness(x if given[1] > 1 else x[:, 0], given[0]) == pytest.approx(RECORDED[given], abs=1e-4)


def test_known_tones() -> None:
    """BS.1770-4: 997 Hz at full scale on one channel is -3.01 LUFS, on both 0. 20 dB less is 20 LU less."""
    tone = np.sin(2 * np.pi * 997 * np.arange(96_000) / 48_000)
    assert integrated_loudness(tone, 48_000) == pytest.approx(-3.01, abs=0.01)
    assert integrated_loudness(np.stack([tone, tone], 1), 48_000) == pytest.approx(0.0, abs=0.01)
    assert integrated_loudness(0.1 * tone, 48_000) == pytest.approx(-23.01, abs=0.01)
    quiet = np.concatenate([tone, np.zeros(96_000)])  # pauses do not count, but for the blocks that they share
    assert integrated_loudness(quiet, 48_000) == pytest.approx(-3.01, abs=0.35)


@pytest.mark.parametrize("x", [np.zeros(0), np.zeros(1), np.zeros(20_000), np.full(20_000, 1e-9)])
def test_silence_has_the_loudness_of_the_gate(x: np.ndarray) -> None:
    assert integrated_loudness(x, 8_000) == -70.0


def test_metrics_of_sounds_of_two_lengths() -> None:
    metrics = Metrics()
    x = sound(1, 16_000, 1, 1.0)[:, 0]
    metrics.add_sounds(x, 0.5 * x[:12_000], 16_000.0, ["si_sdr", "lufs"])
    found = metrics.results()
    assert found["si_sdr_db"] > 60.0
    assert found["lufs_l1"] == pytest.approx(20 * np.log10(2.0), abs=1e-3)
    assert "mr_stft" not in found
