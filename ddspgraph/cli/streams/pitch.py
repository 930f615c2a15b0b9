"""`ddspgraph stream INSTRUMENT --pitch swift-f0`: the inputs of an instrument from a recording that goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.cli.options import Arguments, UsageError
from ddspgraph.cli.streams.files import AUDIO, Files
from ddspgraph.cli.streams.sources import Source
from ddspgraph.cli.verbs.transfer import fit_of
from ddspgraph.data.pitch import TRACKERS, check_tracker
from ddspgraph.instrument.performance import Frames
from ddspgraph.instrument.running_fit import RunningFit
from ddspgraph.ir.graph import Graph

if TYPE_CHECKING:
    from ddspgraph.instrument.feature_stream import FeatureStream


def check_performance(arguments: Arguments) -> None:
    """Before long work. Raises UsageError for numbers that will not do, GraphError E608 without swift-f0."""
    fit_of(arguments)
    check_tracker(TRACKERS[arguments.pitch])


class Performance:
    """What a recording says, frame by frame, fitted to the instrument; and the recording itself, made as loud.

    Attributes:
      latency_samples: how late it is, at most.
    """

    def __init__(self, graph: Graph, arguments: Arguments, block_samples: int) -> None:
        from ddspgraph.instrument.feature_stream import FeatureStream
        from ddspgraph.instrument.instrument import statistics_at

        self.features: FeatureStream = FeatureStream(graph.clock, block_samples)
        self.hop, self.latency_samples = self.features.hop, self.features.latency_samples
        frame_rate = float(graph.clock.frame_rate or 0)
        self.fit = RunningFit(statistics_at(arguments.spec), frame_rate, fit_of(arguments))
        self.waiting: Frames = {}
        self.heard, self.gain_db = np.zeros(0, np.float32), 0.0

    def push(self, audio: np.ndarray) -> None:
        """float32 [samples]."""
        self.heard = np.concatenate([self.heard, audio])
        self._add(self.features.push(audio))

    def finish(self) -> None:
        """The recording ends here."""
        self._add(self.features.finish())

    def wait(self) -> None:
        """Begins with as much silence as it is late: from now on there are as many frames as were pushed."""
        silence = {"f0_hz": 0.0, "f0_confidence": 0.0, "loudness_db": -80.0, "power_db": -80.0}
        n = -(-self.latency_samples // self.hop)
        self.waiting = {name: np.full(n, x, np.float32) for name, x in silence.items()}
        self.waiting[AUDIO] = np.zeros(n * self.hop, np.float32)

    def count(self, name: str) -> int:
        """How many frames of a feature, or samples of the recording, wait."""
        return len(self.waiting.get(name, ()))

    def hold(self, n: int) -> None:
        """Repeats the last frame where fewer than `n` frames wait; the recording is silent."""
        for name, x in self.waiting.items():
            missing = max((n * self.hop if name == AUDIO else n) - len(x), 0)
            mode = "edge" if len(x) and name != AUDIO else "constant"
            self.waiting[name] = np.pad(x, (0, missing), mode=mode)

    def take(self, name: str, n: int) -> np.ndarray:
        """The next frames of a feature, float32 [1, up to n, 1], or samples of the recording, [1, up to n]."""
        x = self.waiting[name]
        self.waiting[name] = x[n:]
        return x[None, :n] if name == AUDIO else x[None, :n, None]

    def _add(self, new: Frames) -> None:
        n = len(new["power_db"])
        fitted = {**self.fit(new)}
        fitted[AUDIO] = self._levelled(fitted["power_db"] - new["power_db"]) if n else np.zeros(0, np.float32)
        for name, x in fitted.items():
            self.waiting[name] = np.concatenate([self.waiting[name], x]) if name in self.waiting else x

    def _levelled(self, change_db: np.ndarray) -> np.ndarray:
        """The next frames of the recording, each moving to its gain from that of the frame before."""
        n = len(change_db) * self.hop
        audio, self.heard = np.pad(self.heard[:n], (0, max(n - len(self.heard), 0))), self.heard[n:]
        points = np.array([self.gain_db, *change_db])
        gain_db = np.interp(np.arange(1, n + 1) / self.hop, np.arange(len(points)), points)
        self.gain_db = float(points[-1])
        return (audio * 10.0 ** (gain_db / 20.0)).astype(np.float32)


class FeatureSource(Source):
    """A feature of the audio of another source, or that audio, of which as much is read as it takes."""

    def __init__(self, name: str, performance: Performance, audio: Source) -> None:
        super().__init__(1 if name == AUDIO else performance.hop)
        self.name, self.performance, self.audio = name, performance, audio

    def read(self, n: int) -> np.ndarray:
        x = super().read(n)
        if self.end is not None:
            self.end = self.audio.end
        return x

    def next(self, n: int) -> np.ndarray:
        while self.performance.count(self.name) < n and self.audio.end is None:
            self.performance.push(self.audio.read(n * self.hop)[0])
            if self.audio.end is not None:
                self.performance.finish()
        return self.performance.take(self.name, n)


def with_features(files: Files, performance: Performance) -> Files:
    """The sources of the instrument's inputs, instead of the recording."""
    audio = files.sources[AUDIO]
    if audio.batch != 1:
        raise UsageError(f"--pitch tracks one recording, '{AUDIO}' holds {audio.batch}")
    sources: Mapping[str, Source] = {name: source for name, source in files.sources.items() if name != AUDIO}
    tracked = {name: FeatureSource(name, performance, audio) for name in files.tracked}
    return replace(files, sources={**sources, **tracked}, piped_input=None)


def live_block(performance: Performance, names: Sequence[str], recorded: np.ndarray) -> dict[str, np.ndarray]:
    """A block of the instrument for what was recorded, float32 [samples], whole frames.

    Should the tracker be later than it ever was when its latency was measured, the frame before goes on.
    """
    performance.push(recorded)
    n = len(recorded) // performance.hop
    performance.hold(n)
    sizes = {name: len(recorded) if name == AUDIO else n for name in performance.waiting}
    taken = {name: performance.take(name, size) for name, size in sizes.items()}
    return {name: taken[name] for name in names}
