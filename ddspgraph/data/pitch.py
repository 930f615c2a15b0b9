"""Pitch of a recording: a tracker with a grid of its own, and its estimates on the frames of a clock.

A tracker is any function (audio [samples], sample_rate) -> (times_s, f0_hz, confidence), three arrays of one length.
Where f0_hz is infinite, the sound is higher than the tracker can tell: there is no pitch then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ddspgraph.data.swift_pitch import NOTHING, VOICED, SwiftStream, detector, judged

Track = tuple[np.ndarray, np.ndarray, np.ndarray]
Tracker = Callable[[np.ndarray, int], Track]

_BLOCK_S = 30
#: Between estimates that lie further apart, a note began: there is no pitch between the two.
_MOST_GLIDE_SEMITONES = 1.0


def swift_f0(audio: np.ndarray, sample_rate: int) -> Track:
    """Pitch by swift-f0, every 16 ms, from 46.9 to 2094 Hz, whatever the level. Long recordings are read in blocks.

    f0_hz is infinite where the sound is higher than that.

    Args:
      audio: float [samples]; may be a memory map.
      sample_rate: in Hz.

    Returns:
      times_s, f0_hz, confidence: each [estimates].

    Raises:
      GraphError: E608 where swift-f0 is not installed.

    Source: Nieradzik, "SwiftF0: Fast and accurate monophonic pitch detection" (2025).
    """
    step = _BLOCK_S * sample_rate
    stream = SwiftStream(sample_rate)
    found = [stream.push(audio[begin : begin + step]) for begin in range(0, len(audio), step)]
    return judged(sum([*found, stream.flush()], NOTHING)).track


#: `--pitch` -> tracker.
TRACKERS: Mapping[str, Tracker] = {"swift-f0": swift_f0}


def name_of(tracker: Tracker) -> str:
    """`module.function`, by which parts of a run that was killed are known again."""
    name = getattr(tracker, "__qualname__", None)
    return f"{tracker.__module__}.{name}" if name else repr(tracker)


def check_tracker(tracker: Tracker) -> None:
    """Before long work: whether what a tracker needs is installed. Raises GraphError E608."""
    if tracker is swift_f0:
        detector()


def on_frames(track: Track, n_frames: int, frame_rate: float, first_frame: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The estimates at the frames of a clock, frame i at i / frame_rate.

    Pitch is interpolated linearly in octaves, but across a jump of more than a semitone, and where only one of two
    neighbours is pitched, the nearer (or pitched) estimate stands. Confidence is interpolated linearly.

    Args:
      track: of a tracker.
      n_frames: how many frames.
      frame_rate: in Hz.
      first_frame: the number of the first one.

    Returns:
      f0_hz, confidence: float32 [n_frames], finite; f0_hz is 0 only where there is no estimate at all.
    """
    times, f0_hz, confidence = (np.array(x, np.float64) for x in track)
    confidence[np.isposinf(f0_hz)] = 0.0
    f0_hz = held(f0_hz)
    usable = np.isfinite(f0_hz) & (f0_hz > 0) & np.isfinite(confidence)
    times, f0_hz, confidence = times[usable], f0_hz[usable], np.clip(confidence[usable], 0.0, 1.0)
    if not len(times):
        return np.zeros(n_frames, np.float32), np.zeros(n_frames, np.float32)
    at = np.arange(first_frame, first_frame + n_frames) / frame_rate
    right = np.clip(np.searchsorted(times, at, "right"), 1, max(len(times) - 1, 1)) % len(times)
    left = np.maximum(right - 1, 0)
    gap = np.maximum(times[right] - times[left], 1e-9)
    share = np.clip((at - times[left]) / gap, 0.0, 1.0)
    octaves = np.log2(f0_hz)
    voiced = confidence >= VOICED
    snapped = np.where(voiced[left] == voiced[right], np.round(share), voiced[right])
    is_jump = np.abs(octaves[right] - octaves[left]) * 12 > _MOST_GLIDE_SEMITONES
    share_f0 = np.where(is_jump | (voiced[left] != voiced[right]), snapped, share)
    pitch = 2.0 ** (octaves[left] * (1 - share_f0) + octaves[right] * share_f0)
    level = confidence[left] * (1 - share) + confidence[right] * share
    return pitch.astype(np.float32), level.astype(np.float32)


def share_above(track: Track) -> float:
    """Of the estimates of a track, how many are of a sound that is higher than the tracker can tell: 0 to 1."""
    above = np.isposinf(np.asarray(track[1], np.float64))
    return float(above.mean()) if len(above) else 0.0


def held(f0_hz: np.ndarray) -> np.ndarray:
    """Pitch, where infinite the last finite one, before the first that one; as it is where none is finite."""
    finite = np.flatnonzero(np.isfinite(f0_hz))
    if not len(finite):
        return f0_hz
    at = np.searchsorted(finite, np.arange(len(f0_hz)), "right") - 1
    return np.where(np.isposinf(f0_hz), f0_hz[finite[np.maximum(at, 0)]], f0_hz)
