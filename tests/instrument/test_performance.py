"""How a performance is fitted to an instrument: octaves, quantiles of loudness, tuning."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph.instrument.metrics import Metrics
from ddspgraph.instrument.performance import Fit, Frames, as_quantiles, fit_performance, tuned, tuning_offset

RNG = np.random.default_rng(0)
PERCENTILES = np.linspace(-40.0, -10.0, 101)
STATISTICS = {
    "frames": 1000,
    "note_frames": 900,
    "pitch_midi": {"mean": 74.0, "percentiles": np.linspace(60, 90, 101).tolist()},
    "loudness_db": {"mean": -25.0, "percentiles": PERCENTILES.tolist()},
    "power_db": {"mean": -35.0, "percentiles": (PERCENTILES - 10).tolist()},
}


def played(midi: float = 48.3, n: int = 1000) -> Frames:
    """A long note that fades, then silence."""
    loudness_db = np.concatenate([np.linspace(-15.0, -30.0, n - 200), np.full(200, -78.0)])
    confidence = np.concatenate([np.full(n - 200, 0.95), np.zeros(200)])
    f0_hz = np.full(n, 440 * 2 ** ((midi - 69) / 12))
    frames = {"f0_hz": f0_hz, "f0_confidence": confidence, "loudness_db": loudness_db, "power_db": loudness_db - 20}
    return {name: x.astype(np.float32) for name, x in frames.items()}


@pytest.mark.parametrize(("midi", "octaves"), [(48.3, 2), (60.0, 1), (67.9, 1), (68.1, 0), (74.0, 0), (90.0, -1)])
def test_the_octave_is_the_nearest(midi: float, octaves: int) -> None:
    fitted = fit_performance(played(midi), STATISTICS, 250.0, Fit())
    assert fitted.octave_shift == octaves
    np.testing.assert_allclose(fitted.features["f0_hz"], played(midi)["f0_hz"] * 2.0**octaves, rtol=1e-5)


def test_a_given_octave_is_taken() -> None:
    fitted = fit_performance(played(), STATISTICS, 250.0, Fit(octave_shift=-0.5))
    np.testing.assert_allclose(fitted.features["f0_hz"], played()["f0_hz"] * 2**-0.5, rtol=1e-5)


def test_notes_become_as_loud_as_those_of_the_training() -> None:
    fitted = fit_performance(played(), STATISTICS, 250.0, Fit())
    level = fitted.features["loudness_db"][fitted.is_note]
    np.testing.assert_allclose(np.percentile(level, np.arange(101)), PERCENTILES, atol=0.1)
    assert np.all(np.diff(level) <= 1e-4)  # what was softer is softer
    assert fitted.features["loudness_db"][900] == -80.0
    assert fitted.gain_db == pytest.approx(level.mean() - played()["loudness_db"][fitted.is_note].mean(), abs=1e-3)


def test_between_notes_it_is_quiet() -> None:
    loud, soft = (fit_performance(played(), STATISTICS, 250.0, Fit(quiet_db=q)).features for q in (0.0, 10.0))
    np.testing.assert_allclose((loud["power_db"] - soft["power_db"])[850:], np.minimum(10, loud["power_db"][850:] + 80))
    shifted = fit_performance(played(), STATISTICS, 250.0, Fit(loudness_shift_db=3.0))
    assert shifted.gain_db == pytest.approx(fit_performance(played(), STATISTICS, 250.0, Fit()).gain_db + 3.0, abs=1e-3)


@pytest.mark.parametrize("statistics", [{}, {"frames": 10, "note_frames": 0}])
def test_without_statistics_it_stays(statistics: dict[str, int]) -> None:
    fitted = fit_performance(played(), statistics, 250.0, Fit(octave_shift=None, loudness_shift_db=-2.0))
    np.testing.assert_allclose(fitted.features["f0_hz"], played()["f0_hz"], rtol=1e-6)
    np.testing.assert_allclose(fitted.features["loudness_db"], np.maximum(played()["loudness_db"] - 2, -80), atol=1e-5)


def test_silence_stays_silence() -> None:
    silent = {name: np.full(100, value, np.float32) for name, value in
              (("f0_hz", 0.0), ("f0_confidence", 0.0), ("loudness_db", -80.0), ("power_db", -80.0))}  # fmt: skip
    fitted = fit_performance(silent, STATISTICS, 250.0, Fit(auto_tune=1.0))
    assert not fitted.is_note.any()
    assert all(np.array_equal(fitted.features[name], silent[name]) for name in silent)


def test_a_flat_performance_has_the_mean_loudness() -> None:
    found = as_quantiles(np.full(50, -20.0), np.ones(50, bool), PERCENTILES)
    np.testing.assert_allclose(found, PERCENTILES.mean())


@pytest.mark.parametrize("offset", [-0.4, 0.0, 0.25])
def test_tuning(offset: float) -> None:
    midi = RNG.integers(50, 70, 500) + offset + RNG.normal(0, 0.05, 500)
    assert tuning_offset(midi) == pytest.approx(offset, abs=0.02)
    is_note = np.arange(500) < 400
    on_the_grid = tuned(midi, is_note, 1.0)
    np.testing.assert_allclose(on_the_grid[:400], np.round(midi - offset)[:400], atol=1e-9)
    np.testing.assert_array_equal(on_the_grid[400:], midi[400:])
    np.testing.assert_allclose(tuned(midi, is_note, 0.5), (midi + on_the_grid) / 2)
    assert tuned(midi, is_note, 0.0) is midi


def test_metrics_are_those_of_the_peer() -> None:
    """magenta/ddsp on these four frames: f0 distance 4.0 with confidence, none without."""
    recorded, rendered = np.array([440.0, 440, 440, 220]), np.array([440.0, 880, 466.16, 220])
    metrics = Metrics(examples=2)
    metrics.add_pitch(recorded, np.array([0.9, 0.86, 0.2, 0.85]), rendered)
    metrics.add_pitch(recorded, np.full(4, 0.84), rendered)
    metrics.add_loudness(np.zeros(10), np.full(10, 3.0))
    metrics.add_losses({"spectral": 2.0}, 2)
    assert metrics.results() == pytest.approx(
        {
            "f0_l1_semitones": 4.0,
            "f0_within_50_cents": 2 / 3,
            "f0_outlier_rate": 0.5,
            "loudness_l1_db": 3.0,
            "loss_spectral": 2.0,
        }
    )
