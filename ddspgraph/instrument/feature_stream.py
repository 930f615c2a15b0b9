"""Pitch and levels of a recording while it is being made: audio in, the features of the frames that are known out.

The features are those of `analysis.features_of`, frame by frame, as late as they have to be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ddspgraph.compiler.driver import compile
from ddspgraph.data.pitch import Track, held, on_frames
from ddspgraph.data.settings import level_nodes
from ddspgraph.data.swift_pitch import JudgedStream
from ddspgraph.instrument.performance import FEATURES, Frames
from ddspgraph.ir.graph import Clock
from ddspgraph.player.stream import Stream

#: Seconds of pushes in which the latency shows: a resampler gives pieces of uneven size.
_PROBE_S = 60


class PitchStream:
    """Pitch by swift-f0 on the frames of a clock, as `on_frames` puts it there.

    Raises GraphError E608 where swift-f0 is not installed.
    """

    def __init__(self, sample_rate: int, frame_rate: float) -> None:
        self.sample_rate, self.frame_rate = sample_rate, frame_rate
        self.stream = JudgedStream(sample_rate)
        self.track: Track = (np.zeros(0), np.zeros(0), np.zeros(0))
        self.n_made = 0

    def push(self, audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f0_hz and confidence of the frames that no later audio changes."""
        self._add(self.stream.push(audio))
        times = self.track[0]
        return self._frames(frames_known(times[-1], self.frame_rate) if len(times) else 0)

    def finish(self, n_frames: int) -> tuple[np.ndarray, np.ndarray]:
        """The frames up to the end of the recording, which has so many."""
        self._add(self.stream.flush())
        return self._frames(n_frames)

    def _add(self, found: Track) -> None:
        times, f0_hz, confidence = (np.concatenate(pair) for pair in zip(self.track, found, strict=True))
        self.track = (times, held(f0_hz), confidence)  # before what is held is forgotten

    def _frames(self, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Frames up to `end`; estimates before the two around the next frame are forgotten."""
        begin, self.n_made = self.n_made, max(end, self.n_made)
        made = on_frames(self.track, self.n_made - begin, self.frame_rate, begin)
        first = max(int(np.searchsorted(self.track[0], self.n_made / self.frame_rate, "right")) - 2, 0)
        times, f0_hz, confidence = self.track
        self.track = (times[first:], f0_hz[first:], confidence[first:])
        return made


class FeatureStream:
    """Features of a recording of one channel at the rate of a clock, whose hop is known.

    Args:
      block_samples: as many samples as are pushed at a time; None: one hop.

    Attributes:
      latency_samples: how late the features of a frame are, at most, after such pushes.
    """

    def __init__(self, clock: Clock, block_samples: int | None = None) -> None:
        assert clock.sample_rate is not None
        assert clock.hop_samples is not None
        assert clock.frame_rate is not None
        self.clock, self.hop = clock, clock.hop_samples
        self.levels = compile(_levels_graph(clock), streaming=True)
        self.reset()
        self.push(np.zeros(int(clock.sample_rate), np.float32))  # the first call of a network is slow
        self.reset()
        late = latest_pitch(clock.sample_rate, float(clock.frame_rate), self.hop, block_samples or self.hop)
        self.latency_samples = max(late, *self.levels.latencies.values())

    def reset(self) -> None:
        """Begins anew."""
        assert self.clock.sample_rate is not None
        self.pitch = PitchStream(self.clock.sample_rate, float(self.clock.frame_rate or 0))
        self.stream = Stream(self.levels)
        self.to_skip = max(self.levels.latencies.values()) // self.hop
        self.n_samples = self.n_frames = 0
        self.rest = np.zeros(0, np.float32)
        self.waiting: Frames = {name: np.zeros(0, np.float32) for name in FEATURES}

    def push(self, audio: np.ndarray) -> Frames:
        """The features of the frames that this audio, float32 [samples], makes known: float32 [frames] by name."""
        self.n_samples += len(audio)
        self._add_pitch(self.pitch.push(audio))
        audio = np.concatenate([self.rest, audio])
        whole = len(audio) // self.hop * self.hop
        self.rest = audio[whole:]
        self._add_levels(audio[:whole])
        return self._known(min(len(x) for x in self.waiting.values()))

    def finish(self) -> Frames:
        """The features of the last frames, up to the one in which the recording ends."""
        n_frames = -(-self.n_samples // self.hop)
        self._add_pitch(self.pitch.finish(n_frames))
        padding = max(self.levels.latencies.values()) + -len(self.rest) % self.hop
        self._add_levels(np.pad(self.rest, (0, padding)))
        return self._known(n_frames - self.n_frames)

    def _add_pitch(self, found: tuple[np.ndarray, np.ndarray]) -> None:
        for name, x in zip(("f0_hz", "f0_confidence"), found, strict=True):
            self.waiting[name] = np.concatenate([self.waiting[name], x])

    def _add_levels(self, audio: np.ndarray) -> None:
        if not len(audio):
            return
        found = self.stream({"audio": audio[None]})
        skipped = min(self.to_skip, len(audio) // self.hop)
        self.to_skip -= skipped
        for name, x in found.items():
            self.waiting[name] = np.concatenate([self.waiting[name], x.numpy()[0, skipped:, 0]])

    def _known(self, n: int) -> Frames:
        made = {name: x[:n] for name, x in self.waiting.items()}
        self.waiting = {name: x[n:] for name, x in self.waiting.items()}
        self.n_frames += n
        return made


def latest_pitch(sample_rate: int, frame_rate: float, hop: int, block_samples: int) -> int:
    """By how many samples the frames of `PitchStream` are late at most, where blocks are pushed.

    The tracker itself is not run: how many estimates it has made follows from how many samples reached it.
    """
    from swift_f0 import core

    resampler = _resampler(sample_rate, core.SAMPLE_RATE)
    late = reached = 0
    for n in range(block_samples, _PROBE_S * sample_rate, block_samples):
        reached += resampler(block_samples)
        estimates = reached // core.HOP - core.LOOKAHEAD_FRAMES
        n_known = frames_known((estimates - 1) * core.FRAME_PERIOD, frame_rate) if estimates > 0 else 0
        late = max(late, n - n_known * hop)
    return late


def _resampler(sample_rate: int, wanted: int) -> Callable[[int], int]:
    """Samples in -> samples out, as swift-f0 resamples a stream."""
    if sample_rate == wanted:
        return lambda n: n
    import soxr

    stream = soxr.ResampleStream(sample_rate, wanted, 1, dtype="float32")
    return lambda n: len(stream.resample_chunk(np.zeros(n, np.float32)))


def frames_known(last_estimate_s: float, frame_rate: float) -> int:
    """The frames that have an estimate after them."""
    return int(np.ceil(last_estimate_s * frame_rate - 1e-6))


def _levels_graph(clock: Clock) -> dict[str, Any]:
    nodes = level_nodes(clock.hop_samples or 1)
    return {
        "version": 2,
        "name": "levels",
        "clock": {"sample_rate": clock.sample_rate, "hop": clock.hop_samples},
        "inputs": {"audio": {"rate": "audio"}},
        "nodes": nodes,
        "outputs": {name: name for name in nodes},
    }
