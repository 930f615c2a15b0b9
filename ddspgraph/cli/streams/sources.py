"""Where the blocks of a stream come from: arrays, recordings, raw samples on stdin: block by block."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ddspgraph.diagnostics import Report, fail
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.types import Rate

_FULL_SCALE = 32768.0


class Source(ABC):
    """The values of one input, in order of time.

    Attributes:
      batch: items side by side.
      n_samples: how long it is, where that is known before it ends.
      end: how long it was, in samples; None until `read` gave less than it was asked for.
    """

    def __init__(self, hop: int, batch: int = 1, n_samples: int | None = None) -> None:
        self.hop, self.batch, self.n_samples, self.n_read = hop, batch, n_samples, 0
        self.end: int | None = None

    def read(self, n: int) -> np.ndarray:
        """The next `n` values, float32 [batch, n, ...]; fewer at the end."""
        x = self.next(n)
        self.n_read += x.shape[1]
        if x.shape[1] < n:
            self.end = self.n_read * self.hop
        return x

    @abstractmethod
    def next(self, n: int) -> np.ndarray:
        """As `read`. A kind of source says how."""


class ArraySource(Source):
    """An array, [batch, values, ...]."""

    def __init__(self, x: np.ndarray, hop: int) -> None:
        super().__init__(hop, len(x), x.shape[1] * hop)
        self.x = x

    def next(self, n: int) -> np.ndarray:
        return self.x[:, self.n_read : self.n_read + n]


class RecordingSource(Source):
    """Blocks of a recording, float32 [samples] or [samples, channels], as `stream_audio` gives them.

    Args:
      blocks: the first is read at once: what is wrong with the file shows before long work begins.
      shape: what comes after the axes of a block in the graph, () or (1,).
    """

    def __init__(self, blocks: Iterator[np.ndarray], shape: Sequence[int]) -> None:
        super().__init__(1)
        self.blocks, self.shape = blocks, shape
        self.waiting = next(blocks)

    def next(self, n: int) -> np.ndarray:
        while len(self.waiting) < n and (block := next(self.blocks, None)) is not None:
            self.waiting = np.concatenate([self.waiting, block])
        x, self.waiting = self.waiting[:n], self.waiting[n:]
        return x.reshape(1, *x.shape, *self.shape)


class PipeSource(Source):
    """Raw samples on stdin.

    Args:
      shape: of one sample or frame: () or (channels,).
      hop: samples from one to the next.
      kind: f32 or s16.
    """

    def __init__(self, shape: Sequence[int], hop: int, kind: str) -> None:
        super().__init__(hop)
        self.shape, self.kind = shape, kind
        self.size = (4 if kind == "f32" else 2) * int(np.prod(shape, initial=1))

    def next(self, n: int) -> np.ndarray:
        """Raises GraphError E602."""
        data = sys.stdin.buffer.read(n * self.size)
        if len(data) % self.size:
            message = f"stdin ends within a sample: --pcm {self.kind} has {self.size} bytes for all channels"
            raise fail("E602", message)
        x = np.frombuffer(data, "<f4" if self.kind == "f32" else "<i2")
        x = x.astype(np.float32) / (1.0 if self.kind == "f32" else _FULL_SCALE)
        if not np.isfinite(x).all():
            raise fail("E602", "stdin holds numbers that are not finite", hint=f"is it --pcm {self.kind}?")
        return x.reshape(1, len(data) // self.size, *self.shape)


def write_pcm(x: np.ndarray, kind: str) -> None:
    """[samples, ...] to stdout, at once: who listens waits for no more."""
    if kind == "s16":
        x = np.clip(np.round(x * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1.0)
    sys.stdout.buffer.write(np.ascontiguousarray(x, "<f4" if kind == "f32" else "<i2").tobytes())
    sys.stdout.buffer.flush()


def check_lengths(graph: Graph, lengths: Mapping[str, int]) -> None:
    """Lengths in samples: audio may end within the last frame of the others. Raises GraphError E606."""
    hop, report = graph.clock.hop_samples or 1, Report()
    for name, n in lengths.items():
        first, frames = next(iter(lengths)), -(-n // hop)
        if frames != (wanted := -(-lengths[first] // hop)):
            item = graph.input_by_name.get(name)
            message = f"'{name}' has {frames} frames of {hop} samples, '{first}' {wanted}"
            report.add("E606", message, item.span if item else None)
    report.raise_errors()


def common_length(graph: Graph, lengths: Mapping[str, int]) -> int | None:
    """That of the audio, where there is some. None of nothing. Raises GraphError E606 where they differ."""
    check_lengths(graph, lengths)
    is_audio = [name for name in lengths if graph.input_by_name[name].signal.rate is Rate.AUDIO]
    return max((lengths[name] for name in is_audio or lengths), default=None)
