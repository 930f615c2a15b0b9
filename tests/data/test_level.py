"""What is a note does not depend on how loud a recording is; what no tracker can know is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ddspgraph.data.notes import level_over_floor
from ddspgraph.data.pitch import on_frames, share_above, swift_f0
from ddspgraph.data.swift_pitch import VOICED, Estimates, JudgedStream, SwiftStream, judged
from ddspgraph.io.audio import read_audio

RATE = 16_000
GUITAR = Path(__file__).parents[2] / "graphs" / "audio" / "guit_e_slide.flac"


@pytest.fixture(scope="module")
def guitar() -> np.ndarray:
    x = read_audio(GUITAR, RATE)
    return x / np.max(np.abs(x))


def at(audio: np.ndarray, level_db: float) -> np.ndarray:
    return (audio * 10 ** (level_db / 20)).astype(np.float32)


def harmonic(f0_hz: float, seconds: float = 2.0, partials: int = 3) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    x = sum(np.sin(2 * np.pi * f0_hz * k * t) / k for k in range(1, partials + 1))
    return (x / np.max(np.abs(x))).astype(np.float32)


@pytest.mark.parametrize("level_db", [-6, -20, -30, -40, -50, -56])
def test_a_recording_has_the_same_pitch_at_any_level(guitar: np.ndarray, level_db: float) -> None:
    """But for rounding: a float32 has the same digits at any level."""
    _, f0_hz, confidence = swift_f0(guitar, RATE)
    _, found_hz, found = swift_f0(at(guitar, level_db), RATE)
    np.testing.assert_allclose(found, confidence, atol=1e-3)
    sure = confidence >= VOICED
    np.testing.assert_allclose(found_hz[sure], f0_hz[sure], rtol=1e-3)


def test_in_pieces_it_is_the_same(guitar: np.ndarray) -> None:
    """Both know the peak so far alone; how it is cut changes nothing at any time."""
    tracks = []
    for size in (1_000, 7_777):
        stream = JudgedStream(RATE)
        parts = [stream.push(at(guitar[i : i + size], -40)) for i in range(0, len(guitar), size)] + [stream.flush()]
        tracks.append([np.concatenate(rows) for rows in zip(*parts, strict=True)])
    np.testing.assert_allclose(tracks[0][2], tracks[1][2], atol=1e-3)
    times, _, confidence = swift_f0(guitar, RATE)
    np.testing.assert_allclose(tracks[0][0], times)
    assert np.mean(np.abs(tracks[0][2] - confidence) < 1e-3) > 0.98  # an open run of the stream is judged early


def test_a_crescendo_is_tracked_at_every_decibel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at every estimate, of which there are 250: a call costs as much as 21 of them."""
    fade = np.linspace(-40, 0, 4 * RATE)
    stream, calls = SwiftStream(RATE), []
    detect = stream._detect
    monkeypatch.setattr(stream, "_detect", lambda *piece: (calls.append(piece), detect(*piece))[1])
    stream.push(harmonic(220.0, 4.0) * 10 ** (fade / 20))
    peaks_db = 20 * np.log10([peak for *_, peak in calls])
    assert 20 <= len(calls) <= 40  # the first looks 176 ms ahead
    assert np.all((np.diff(peaks_db) > 1) & (np.diff(peaks_db) < 1.2))  # an estimate is 0.16 dB


@pytest.mark.parametrize("mains_hz", [50.0, 60.0, 100.0, 120.0])
def test_hum_alone_is_no_note(mains_hz: float) -> None:
    for level_db in (-40, -50, -60):
        assert np.mean(swift_f0(at(harmonic(mains_hz), level_db), RATE)[2] >= VOICED) < 0.05, level_db
    assert np.mean(swift_f0(at(harmonic(mains_hz), -6), RATE)[2] >= VOICED) > 0.9  # so loud it is a tone
    assert np.mean(swift_f0(at(harmonic(mains_hz * 2 ** (1 / 12)), -50), RATE)[2] >= VOICED) > 0.9


def test_silence_stays_silence() -> None:
    noise = np.random.default_rng(0).normal(size=RATE)
    for audio in (np.zeros(RATE), at(harmonic(220.0), -75), at(noise, -60)):
        assert np.mean(swift_f0(audio, RATE)[2] >= VOICED) < 0.03


@pytest.mark.parametrize("f0_hz", [2_500.0, 3_000.0, 3_500.0])
def test_above_the_range_there_is_no_pitch(f0_hz: float) -> None:
    """swift-f0 alone is sure of half of it."""
    track = swift_f0(harmonic(f0_hz, partials=1), RATE)
    assert share_above(track) > 0.8
    found_hz, confidence = on_frames(track, 500, 250)
    assert np.mean(confidence >= VOICED) < 0.05
    assert np.isfinite(found_hz).all()


@pytest.mark.parametrize("f0_hz", [1_000.0, 1_500.0, 2_050.0])
def test_within_the_range_there_is(f0_hz: float) -> None:
    track = swift_f0(harmonic(f0_hz, partials=1), RATE)
    assert share_above(track) == 0
    assert np.mean(track[2] >= VOICED) > 0.9


def test_the_slide_guitar_has_no_notes_three_octaves_below(guitar: np.ndarray) -> None:
    """From 0.86 to 1.85 s partials at 147 and 660 Hz sound, and nothing at 49."""
    times, f0_hz, confidence = swift_f0(guitar, RATE)
    between = (times > 0.8) & (times < 1.9) & (confidence >= VOICED)
    assert between.sum() > 30
    assert np.min(f0_hz[between]) > 140


def estimates(f0_hz: list[float], level_db: list[float] | None = None) -> Estimates:
    level = level_db if level_db is not None else [-20.0] * len(f0_hz)
    return Estimates(0, np.array(f0_hz), np.full(len(f0_hz), 0.9), np.array(level))


def test_what_a_jump_is() -> None:
    jump = [440.0] * 20 + [220.0] * 5 + [440.0] * 20
    found = judged(estimates(jump))
    assert found.confidence.tolist() == [0.9] * 20 + [0.0] * 5 + [0.9] * 20
    assert set(found.f0_hz.tolist()) == {440.0}
    onset = [-20.0] * 19 + [-30.0] + [-20.0] * 25
    for kept in (
        estimates(jump, onset),  # a note begins
        estimates([440.0] * 20 + [220.0] * 9 + [440.0] * 20),  # it lasts
        estimates([440.0] * 20 + [330.0] * 5 + [440.0] * 20),  # no octave
        estimates([440.0] * 20 + [220.0] * 5 + [233.0] * 20),  # the melody goes on there
    ):
        assert (judged(kept).confidence == 0.9).all()


@pytest.mark.parametrize("n", [5, 20])
def test_a_stream_refuses_the_first_estimates_of_a_jump(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it will be short is not known yet; how the audio was cut changes nothing."""
    rest = [440.0] * 20 if n == 5 else []
    raw = estimates([440.0] * 80 + [220.0] * n + rest)
    for size in (1, 3, len(raw)):
        stream, at = JudgedStream(RATE), iter(range(0, len(raw), size))
        monkeypatch.setattr(stream._stream, "push", lambda audio, size=size, at=at: raw[(i := next(at)) : i + size])
        parts = [stream.push(np.zeros(0)) for _ in range(0, len(raw), size)]
        times, f0_hz, confidence = (np.concatenate(rows) for rows in zip(*parts, strict=True))
        refused = min(n, 8)
        np.testing.assert_allclose(times, 0.016 * np.arange(len(raw)))
        assert f0_hz.tolist() == [440.0] * (80 + refused) + [220.0] * (n - refused) + rest
        assert np.flatnonzero(confidence == 0).tolist() == list(range(80, 80 + refused))


def test_levels_over_the_floor_do_not_depend_on_the_level() -> None:
    loudness_db = np.array([-30.0, -10.0, 5.0, -80.0])
    np.testing.assert_allclose(level_over_floor(loudness_db), [45.0, 65.0, 80.0, 0.0])
    np.testing.assert_allclose(level_over_floor(np.maximum(loudness_db - 40, -80.0)), [45.0, 65.0, 80.0, 0.0])
    assert level_over_floor(np.full(3, -80.0)).tolist() == [0.0] * 3
