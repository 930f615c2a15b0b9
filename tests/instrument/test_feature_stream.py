"""Features of audio that comes in pieces are those of the whole recording; a running fit settles to the offline one."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph.data.analysis import features_of
from ddspgraph.data.pitch import VOICED, Track, on_frames, swift_f0
from ddspgraph.data.settings import settings_of
from ddspgraph.instrument.feature_stream import FeatureStream, PitchStream
from ddspgraph.instrument.performance import FEATURES, Fit, fit_performance
from ddspgraph.instrument.running_fit import RunningFit
from tests.data.sounds import notes

STATISTICS = {
    "note_frames": 1,
    "pitch_midi": {"mean": 69.0, "percentiles": np.linspace(60, 80, 101).tolist()},
    "loudness_db": {"mean": -30.0, "percentiles": np.linspace(-40, -20, 101).tolist()},
    "power_db": {"mean": -30.0, "percentiles": np.linspace(-40, -20, 101).tolist()},
}


@pytest.mark.parametrize(("rate", "frame_rate"), [(16_000, 125), (8_000, 100), (48_000, 250)])
def test_pieces_have_the_features_of_the_whole(rate: int, frame_rate: int) -> None:
    clock = settings_of(rate, frame_rate).clock
    melody = [notes(0.4, f0_hz, rate, gain) for f0_hz, gain in ((220, 0.3), (330, 0.1), (147, 0.5))]
    audio = np.concatenate([*melody, np.zeros(rate // 4), melody[0], np.zeros(37)]).astype(np.float32)
    stream, rng, found, at = FeatureStream(clock), np.random.default_rng(0), [], 0
    while at < len(audio):
        n = int(rng.integers(1, rate // 8))
        found.append(stream.push(audio[at : at + n]))
        at += n
    found.append(stream.finish())
    streamed = {name: np.concatenate([part[name] for part in found]) for name in FEATURES}
    offline = features_of(audio, clock, swift_f0)
    for name in FEATURES:
        assert streamed[name].shape == offline[name].shape, name
    for name in ("loudness_db", "power_db"):
        np.testing.assert_allclose(streamed[name], offline[name], atol=1e-3)
    voiced = (offline["f0_confidence"] > VOICED) & (streamed["f0_confidence"] > VOICED)
    assert voiced.mean() > 0.6
    cents = 1200 * np.log2(streamed["f0_hz"][voiced] / offline["f0_hz"][voiced])
    assert np.max(np.abs(cents)) < 5
    # At 16 kHz but for rounding; elsewhere a resampler gives pieces of its own.
    tolerance = 1e-3 if rate == 16_000 else 0.02
    np.testing.assert_allclose(streamed["f0_confidence"], offline["f0_confidence"], atol=tolerance)


def test_a_pitch_is_held_through_what_is_above_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of the whole track, when the last estimate in the range has long been forgotten."""
    f0_hz = np.array([220.0] * 20 + [np.inf] * 40 + [330.0] * 20)
    track = (np.arange(80) * 0.016, f0_hz, np.where(np.isinf(f0_hz), 0.0, 0.9))
    stream, at = PitchStream(16_000, 250.0), iter(range(0, 80, 5))

    def push(audio: np.ndarray) -> Track:
        begin = next(at)
        times, hz, confidence = (x[begin : begin + 5] for x in track)
        return times, hz, confidence

    monkeypatch.setattr(stream.stream, "push", push)
    pieces = [stream.push(np.zeros(0)) for _ in range(16)]
    found_hz, confidence = (np.concatenate(rows) for rows in zip(*pieces, strict=True))
    wanted_hz, wanted = on_frames(track, len(found_hz), 250.0)
    assert len(found_hz) > 300
    np.testing.assert_array_equal(found_hz, wanted_hz)
    np.testing.assert_array_equal(confidence, wanted)


def test_frames_are_never_later_than_the_latency() -> None:
    """swift-f0 looks 10 estimates of 16 ms ahead, and a frame waits for the one after it: below 200 ms."""
    clock = settings_of(16_000, 250).clock
    stream, made = FeatureStream(clock), 0
    assert 160 <= 1e3 * stream.latency_samples / 16_000 <= 200
    for n in range(1, 60):
        made += (
            len(stream.push(notes(0.016))["f0_hz"]) if n % 7 else len(stream.push(np.zeros(128, np.float32))["f0_hz"])
        )
        assert stream.n_samples - 64 * made <= stream.latency_samples + 64


def performance(n: int = 1_000) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    loudness = np.repeat(rng.uniform(-60, -40, n // 100), 100).astype(np.float32)
    f0_hz = np.repeat(110 * 2 ** (rng.integers(-4, 5, n // 100) / 12), 100).astype(np.float32)
    return {
        "f0_hz": f0_hz,
        "f0_confidence": np.full(n, 0.95, np.float32),
        "loudness_db": loudness,
        "power_db": loudness,
    }


def test_a_running_fit_settles_to_the_offline_one() -> None:
    """Two octaves up, into the loudness of the training."""
    whole, fit = performance(), RunningFit(STATISTICS, 125.0, Fit())
    parts = [fit({name: x[i : i + 8] for name, x in whole.items()}) for i in range(0, 1_000, 8)]
    found = {name: np.concatenate([part[name] for part in parts]) for name in whole}
    offline = fit_performance(whole, STATISTICS, 125.0, Fit()).features
    np.testing.assert_allclose(found["f0_hz"][200:], offline["f0_hz"][200:], rtol=1e-5)
    assert np.abs(found["loudness_db"] - offline["loudness_db"])[-200:].mean() < 3
    assert found["loudness_db"].min() > -65


def test_without_statistics_only_what_was_asked_for_is_done() -> None:
    whole, fit = performance(), RunningFit({}, 125.0, Fit(octave_shift=1, loudness_shift_db=3))
    found = fit(whole)
    np.testing.assert_allclose(found["f0_hz"], 2 * whole["f0_hz"], rtol=1e-5)
    np.testing.assert_allclose(found["loudness_db"], whole["loudness_db"] + 3, atol=1e-4)
    assert fit({name: x[:0] for name, x in whole.items()})["f0_hz"].shape == (0,)
