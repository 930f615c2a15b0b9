"""Where the outputs of a stream go, block by block: recordings, stdout; arrays are kept until the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.cli.console import tell
from ddspgraph.cli.options import Arguments
from ddspgraph.cli.streams.files import Files
from ddspgraph.cli.streams.sources import write_pcm
from ddspgraph.diagnostics import fail
from ddspgraph.io.audio_writer import AUDIO_SUFFIXES, audio_writer

if TYPE_CHECKING:
    from ddspgraph.streaming.model import StreamModel


def is_recording(file: str) -> bool:
    """Whether a file is written block by block."""
    return Path(file).suffix.lower() in AUDIO_SUFFIXES


class Sink:
    """One output: without its latency, and as long as offline.

    Args:
      model, name: the output.
      files, arguments: where it goes.
      stack: holds the recordings that are being written: they appear when it is left.

    Attributes:
      kept: what came, where it goes into an array.
    """

    def __init__(
        self, model: StreamModel, name: str, files: Files, arguments: Arguments, stack: contextlib.ExitStack
    ) -> None:
        ref = dict(model.plan.graph.outputs)[name]
        self.name, self.hop = name, model.plan.hop
        self.signal, self.timing = model.plan.graph.types[ref], model.plan.timings.get(ref)
        self.to_skip = self.timing.latency // self.timing.hop if self.timing else 0
        self.n_taken, self.room = 0, files.most_bytes
        self.kept: list[np.ndarray] = []
        self.writers: list[Callable[[np.ndarray], object]] = []
        if name == files.piped_output:
            self.writers.append(lambda x: write_pcm(x[0], arguments.pcm))
        for file, names in files.plan.items():
            if name not in names:
                continue
            if not is_recording(file):
                self.writers.append(self._keep)
                continue
            rate, channels = (
                model.graph.clock.sample_rate or 0,
                int(np.prod([d.size or 1 for d in self.signal.dims[2:]])),
            )
            writer = audio_writer(file, rate, channels, sample_format=arguments.format, notify=tell)
            write = stack.enter_context(writer)
            self.writers.append(lambda x, write=write: write(self._one(x)))

    def take(self, x: np.ndarray, end: int | None) -> None:
        """A block of the output, which is `end` long where that is known. Raises GraphError E602, E607, E801."""
        x = np.moveaxis(x, self.signal.time_axis, 1) if self.timing is not None else x
        if self.timing is not None:
            skipped = min(self.to_skip, x.shape[1])
            self.to_skip -= skipped
            x = x[:, skipped:]
            if end is not None:
                x = x[:, : max(self._length(end) - self.n_taken, 0)]
        if not np.isfinite(x).all():
            raise fail("E801", f"the output '{self.name}' is not finite, after {self.n_taken:,} values")
        self.n_taken += x.shape[1] if self.timing else 0
        for write in self.writers:
            write(x)

    def _keep(self, x: np.ndarray) -> None:
        """Raises GraphError E701 where the array would be larger than the limit."""
        if self.timing is not None:
            self.room -= x.nbytes
        if self.room < 0:
            message = f"the output '{self.name}' is an array larger than the limit, after {self.n_taken:,} values"
            raise fail(
                "E701", message, None, hint=f"write a .wav or a pipe ({self.name}=-), or --limit array_bytes=..."
            )
        self.kept.append(x)

    def joined(self) -> np.ndarray:
        """All that came, as the graph gives it."""
        if self.timing is None:
            return self.kept[-1]
        return np.moveaxis(np.concatenate(self.kept, axis=1), 1, self.signal.time_axis)

    def _one(self, x: np.ndarray) -> np.ndarray:
        if len(x) != 1:
            hint = f"--output {self.name}=FILE.npy"
            raise fail("E602", f"'{self.name}' holds {len(x)} sounds, a recording is one", None, hint=hint)
        return x[0]

    def _length(self, end: int) -> int:
        """What the type says; an analysis at a hop of its own has frames up to the end."""
        assert self.timing is not None
        time_axis, frames = self.signal.dims[1], -(-end // self.hop)
        if time_axis.name == "frames" and self.timing.hop == 1 and time_axis.scale == self.hop and not time_axis.offset:
            return end
        if time_axis.name in ("frames", "samples"):
            return time_axis.at({"frames": frames, "samples": end})
        return -(-end // self.timing.hop)
