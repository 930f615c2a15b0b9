"""Two-way mismatch: it finds the fundamental, and is what its definition says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ddspgraph.losses.two_way_mismatch import twm_loss, twm_predict_f0
from tests.dsp.gradients import assert_finite, assert_gradient

RNG = np.random.default_rng(11)
ONE = np.ones((1, 1, 1))


def harmonic_sound(f0_hz: float, n: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and amplitudes of a slightly detuned harmonic sound, [1, 1, n]."""
    numbers = np.arange(1, n + 1)
    return (f0_hz * numbers * (1.0 + 0.002 * RNG.normal(size=n)))[None, None], (1.0 / numbers)[None, None]


@pytest.mark.parametrize("f0_hz", [110.0, 330.0])
def test_it_finds_the_fundamental(f0_hz: float) -> None:
    """Not the octave above, whose harmonics are all there, nor the one below, that has all the sinusoids."""
    freqs, amps = harmonic_sound(f0_hz)
    candidates = f0_hz * np.array([0.5, 1.37, 1.0, 2.0])[None, None]
    assert twm_predict_f0(candidates, freqs, amps).numpy() == pytest.approx(f0_hz)


def test_sinusoids_in_multiples_of_the_candidate() -> None:
    result = twm_loss(440.0 * ONE, 462.0 * ONE, ONE, harmonics_weight=0.0, n_harmonic_gaussians=1)
    assert result.numpy() == pytest.approx(-stats.norm.logpdf(0.05, scale=0.2), rel=1e-4)
    spread = twm_loss(440.0 * ONE, 440.0 * ONE, ONE, harmonics_weight=0.0)
    assert spread.numpy() == pytest.approx(np.log(30.0) - stats.norm.logpdf(0.0, scale=0.2), rel=1e-5)


def test_harmonics_in_semitones() -> None:
    def loss(f0_hz: float, points: int) -> float:
        return float(twm_loss(f0_hz * ONE, 440.0 * ONE, ONE, sinusoids_weight=0.0, n_harmonic_points=points))

    near, octave = -stats.norm.logpdf([0.0, 12.0], scale=0.5)
    assert loss(440.0, 1) == pytest.approx(near, rel=1e-4)
    assert loss(440.0, 2) == pytest.approx((near + 0.5 * octave) / 2.0, rel=1e-4)
    assert loss(4100.0, 2) == pytest.approx(loss(4100.0, 1))  # the second is above Nyquist
    assert loss(9000.0, 2) == 0.0


def test_softmin_tends_to_the_minimum() -> None:
    freqs, amps = harmonic_sound(200.0)
    candidates = np.array([[[200.0, 220.0, 310.0]]])
    alone = [twm_loss(candidates[..., i : i + 1], freqs, amps).numpy() for i in range(3)]
    sharp = twm_loss(candidates, freqs, amps, softmin_temperature=1e-3).numpy()
    assert sharp == pytest.approx(min(alone) / 3.0, rel=1e-4)
    blunt = twm_loss(candidates, freqs, amps, softmin_temperature=1e6).numpy()
    assert blunt == pytest.approx(np.mean(alone) / 3.0, rel=1e-3)


def test_settings_of_a_loss_fit_its_prediction() -> None:
    freqs, amps = harmonic_sound(200.0)
    predicted = twm_predict_f0([[[200.0, 230.0]]], freqs, amps, softmin_temperature=0.1, sample_rate=48_000)
    assert predicted.shape == (1, 1, 1)


def test_gradients() -> None:
    candidates, amps = np.array([[[1.0, 1.13]]]), RNG.uniform(0.1, 1.0, (1, 1, 4))
    freqs = np.array([[[1.02, 2.03, 2.9, 4.05]]])
    settings = {"sinusoids_scale": 3.0, "harmonics_scale": 0.4, "n_harmonic_points": 4, "softmin_temperature": 10.0}
    assert_gradient(lambda f0, f: twm_loss(200.0 * f0, 200.0 * f, amps, **settings), candidates, freqs, step=3e-3)
    assert_gradient(lambda a: twm_loss(200.0 * candidates, 200.0 * freqs, a, **settings), amps, step=5e-3)
    assert_finite(twm_loss, 0.0 * candidates, freqs, amps)
    assert_finite(twm_loss, 200.0 * candidates, 0.0 * freqs, 0.0 * amps)
