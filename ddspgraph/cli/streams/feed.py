"""The inputs of a stream as blocks; what comes after their end plays the latency out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.cli.streams.files import Files
from ddspgraph.cli.streams.sources import common_length
from ddspgraph.compiler.tail import SOUNDING, longer_length
from ddspgraph.diagnostics import fail
from ddspgraph.ir.types import Rate

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Input
    from ddspgraph.player.stream import Stream
    from ddspgraph.streaming.model import StreamModel


class Feed:
    """Blocks of all inputs.

    Attributes:
      batch: items side by side.
      end: how long the inputs are, in samples; None until one ends.
      length: how long the outputs are, with the tail; None until an input ends.
    """

    def __init__(self, model: StreamModel, files: Files) -> None:
        self.model, self.piped, self.sources = model, files.piped_input, files.sources
        self.tail_samples = files.tail_samples
        self.hop = model.plan.hop
        batches = [len(x) for x in files.arrays.values()] + [source.batch for source in files.sources.values()]
        self.batch = max(batches, default=1)
        self.end = None if files.sources else files.n_samples
        self.last: dict[str, np.ndarray] = {}

    @property
    def length(self) -> int | None:
        if self.end is None or not self.tail_samples:
            return self.end
        return longer_length(self.end, self.tail_samples, self.hop)

    def blocks(self, block_samples: int) -> Iterator[tuple[Any, int]]:
        """(block, its samples). Raises GraphError E606 where one input ends before another."""
        lag = -(-max(self.model.latencies.values()) // self.hop) * self.hop
        begin = 0
        while True:
            parts: dict[str, np.ndarray] = {}
            if self.end is None:
                parts = {name: source.read(block_samples // source.hop) for name, source in self.sources.items()}
                self._find_end()
            n = block_samples
            if self.length is not None:
                n = min(n, -(-self.length // self.hop) * self.hop + lag - begin)
            if n <= 0 or self.end == 0:
                return
            if not self.model.block_inputs:
                yield n, n
            else:
                sounding = n if self.end is None else min(max(self.end - begin, 0), n)
                parts[SOUNDING] = np.ones((self.batch, sounding), np.float32)
                yield {i.name: self._filled(i, parts.get(i.name), n) for i in self.model.block_inputs}, n
            begin += n

    def _find_end(self) -> None:
        """All inputs end in the same frame; but a pipe says itself where it ends, and files may be longer."""
        ends = {name: source.end for name, source in self.sources.items() if source.end is not None}
        if not ends:
            return
        if self.piped is None:
            for source in self.sources.values():
                if source.end is None:
                    source.read(1)
            graph, sources = self.model.graph, self.sources
            self.end = common_length(
                graph, {n: s.n_read * s.hop if s.end is None else s.end for n, s in sources.items()}
            )
            return
        pipe = self.sources[self.piped]
        so_far = pipe.n_read * pipe.hop
        for name, end in ends.items():
            if -(-end // self.hop) < -(-so_far // self.hop):
                message = (
                    f"'{name}' ends after {end} samples, stdin {'after' if pipe.end else 'goes on after'} {so_far}"
                )
                raise fail("E606", message, self.model.graph.input_by_name[name].span)
        self.end = pipe.end

    def _filled(self, item: Input, x: np.ndarray | None, n: int) -> np.ndarray:
        """So many samples of an input, time first: after its end audio is 0 and the last frame is held."""
        is_audio = item.signal.rate is Rate.AUDIO
        size = n // self.model.plan.timings[item.ref].hop
        if x is None:
            sizes = {"batch": self.batch, "frames": 0, "samples": 0}
            x = np.moveaxis(np.zeros([dim.at(sizes) for dim in item.signal.outer_dims]), item.signal.time_axis, 1)
        x = x[:, :size].astype(np.float32, copy=False)
        if x.shape[1]:
            self.last[item.name] = x[:, -1:]
        if x.shape[1] == size:
            return np.moveaxis(x, 1, item.signal.time_axis)
        tail = self.last.get(item.name)
        if tail is None or is_audio:
            tail = np.zeros((x.shape[0], 1, *x.shape[2:]), np.float32)
        x = np.concatenate([x, np.repeat(tail, size - x.shape[1], axis=1)], axis=1)
        return np.moveaxis(x, 1, item.signal.time_axis)


def warm_up(stream: Stream, block_samples: int, batch: int = 1) -> None:
    """Calls the model on silence that nobody hears: first calls are slow. The state of the stream stays as it is."""
    model = stream.model
    block: Any = block_samples
    if model.block_inputs:
        sizes = {"batch": batch, "frames": block_samples // model.plan.hop, "samples": block_samples}
        block = {i.name: np.zeros([d.at(sizes) for d in i.signal.outer_dims], np.float32) for i in model.block_inputs}
    for _ in range(2):
        model.process(stream.state, block)
