"""Pitch on the frames of a clock, and swift-f0 itself on tones whose pitch is known."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from ddspgraph.data.pitch import name_of, on_frames, swift_f0
from tests.data.sounds import notes

TIMES = np.arange(5) * 0.016


def test_a_glide_is_a_straight_line_in_octaves() -> None:
    f0_hz, confidence = on_frames((TIMES, 440 * 2 ** (np.arange(5) / 24), np.full(5, 0.8)), 17, 250)
    np.testing.assert_allclose(np.log2(f0_hz / 440), np.minimum(np.arange(17) / 4, 4) / 24, atol=1e-6)
    np.testing.assert_allclose(confidence, 0.8)


def test_there_is_no_pitch_between_two_notes() -> None:
    f0_hz, _ = on_frames((TIMES, np.array([220.0, 220, 440, 440, 440]), np.full(5, 0.9)), 17, 250)
    assert set(f0_hz.tolist()) == {220.0, 440.0}


def test_the_pitched_neighbour_stands() -> None:
    f0_hz, confidence = on_frames(
        (TIMES, np.array([221.0, 220, 219, 219, 219]), np.array([0.9, 0.9, 0, 0, 0])), 17, 250
    )
    np.testing.assert_allclose(f0_hz[4:8], 220.0, rtol=1e-6)
    np.testing.assert_allclose(confidence[4:9], [0.9, 0.675, 0.45, 0.225, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("track", "f0_hz"),
    [
        (([], [], []), 0.0),
        (([0.0], [100.0], [0.5]), 100.0),
        (([0.0, 0.1], [np.nan, 300.0], [0.5, 0.5]), 300.0),
        (([0.0, 0.1], [0.0, -1.0], [0.5, 0.5]), 0.0),
    ],
)
def test_what_a_tracker_may_say(track: tuple[list[float], list[float], list[float]], f0_hz: float) -> None:
    found, confidence = on_frames(tuple(map(np.array, track)), 30, 250)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found, np.float32(f0_hz))
    assert np.isfinite(confidence).all()


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("midi", [40, 57, 83])
def test_swift_f0_on_tones(midi: int, rate: int) -> None:
    track = swift_f0(notes(35.0, 440 * 2 ** ((midi - 69) / 12), rate), rate)  # longer than a block
    f0_hz, confidence = on_frames(track, 35 * 250, 250)
    cents = 1200 * np.log2(f0_hz / 440) - 100 * (midi - 69)
    assert np.mean(np.abs(cents) < 20) > 0.99
    assert np.mean(confidence > 0.5) > 0.99


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_frame_has_the_pitch_of_its_centre(rate: int) -> None:
    """A tone that bends by an octave 1.5 times a second: its estimates fit best where they stand, to 4 ms."""
    seconds = 33  # longer than a block
    time_s = np.arange(seconds * rate) / rate
    phase = 2 * np.pi * np.cumsum(_bent_hz(time_s)) / rate
    audio = np.stack([0.1 / k * np.sin(k * phase) for k in range(1, 8)]).sum(axis=0)
    f0_hz, _ = on_frames(swift_f0(audio, rate), seconds * 250, 250)
    frames = np.arange(125, (seconds - 1) * 250)
    shifts_s = np.arange(-5, 6) * 0.004
    errors = [np.mean(np.abs(np.log2(f0_hz[frames] / _bent_hz(frames / 250 + shift_s)))) for shift_s in shifts_s]
    assert abs(shifts_s[int(np.argmin(errors))]) < 0.005


def _bent_hz(time_s: np.ndarray) -> np.ndarray:
    return 440.0 * 2.0 ** (0.5 * np.sin(2 * np.pi * 1.5 * time_s))


def test_silence_has_no_sure_pitch() -> None:
    _, _, confidence = swift_f0(np.zeros(16_000, np.float32), 16_000)
    assert confidence.max() < 0.5


def test_a_tracker_has_a_name() -> None:
    assert name_of(swift_f0) == "ddspgraph.data.pitch.swift_f0"
    assert name_of(functools.partial(swift_f0)).startswith("functools.partial(")
