"""The lines of a loop as they run: one that the loop is cut at, and one whose source comes before it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.feedback import FeedbackLine
from ddspgraph.ir.op import param
from ddspgraph.ir.ports import Port
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import Rate, Signal, Unit


class _Line(FeedbackLine):
    """A line whose delays are known in samples, or arrive as a signal of a known unit."""

    delay_unit: str = param("samples", doc="What the signal at `delay` counts.")
    hop_samples: int = param(1, doc="Samples from one value of the line to the next.")

    @property
    def reach(self) -> tuple[int, int]:
        """The newest and the oldest value that a read touches, as delays in values of the line."""
        if self.delays:
            ends = [dsp.reach_of_delay(delay, self.interpolation) for delay in self.delays]
            return min(near for near, _ in ends), max(far for _, far in ends)
        taps = dsp.DELAY_TAPS[self.interpolation]
        return max(math.floor(self.shortest) + min(taps), 0), math.ceil(self.longest) + max(taps)

    def new_line(self, batch: Any, length: int) -> Any:
        return dsp.silence([batch, self.channels or 1, length])

    def read(self, line: Any, end: Any, count: Any, delay: Any, lead: int = 0) -> Any:
        """What stands `delay - lead` before the moments that begin at position `end` of the line."""
        if self.delays:
            delays = [each - lead for each in self.delays]
            delays = delays * (self.channels or 1) if len(delays) == 1 else delays
            values = dsp.read_line_at(line, end, count, delays, self.interpolation)
        else:
            values = dsp.read_moving_line(line, end, count, self._samples(delay) - lead, self.interpolation)
        return dsp.as_values(values, has_channels=not self.is_audio or self.channels is not None)

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        taps = len(dsp.DELAY_TAPS[self.interpolation]) * (costs.PASS if self.delays else costs.GATHER)
        return (2 * costs.PASS + taps) * math.prod(shapes["-> signal"])

    def _samples(self, delay: Any) -> Any:
        """A delay signal in values of the line, held between the ends that the spec gives."""
        per_second = (self.sample_rate or 1.0) / self.hop_samples
        scale = {"s": per_second, "ms": per_second / 1000.0, "samples": 1.0 / self.hop_samples}
        return dsp.line_delay(delay, scale.get(self.delay_unit), per_second, self.shortest, self.longest)


class CutLine(_Line):
    """The line where a loop is cut: a block of it is read before the block that goes into it is known.

    The loop pushes what goes in after each block; `lead` is how much later than this read that block comes.
    """

    name = "feedback"

    lead: int = param(0, doc="Samples that what goes in is later than what is read.")

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"line": self.new_line(block.batch * (self.voices or 1), self.reach[1] - self.lead)}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        line, count = state["line"], block.samples if self.is_audio else block.frames
        values = self.read(line, dsp.length_of_line(line), count, inputs.get("delay"), self.lead)
        return {"line": line}, {"signal": values}


class ForwardLine(_Line):
    """A line whose source is computed before it: a plain delay."""

    name = "feedback"

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        rate = Rate.AUDIO if self.is_audio else Rate.FRAME
        return {"source": Port(self._signal().dims, rate, Unit(self.unit)), **super().input_ports(given)}

    def kernel(self, source: Any, delay: Any = None, sizes: Any = None) -> Any:
        values = dsp.as_line(source)
        line = self.new_line(dsp.size_of(values, 0), self.reach[1])
        return self._delayed(line, values, delay)[0]

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"line": self.new_line(block.batch * (self.voices or 1), self.reach[1])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        values, line = self._delayed(state["line"], dsp.as_line(inputs["source"]), inputs.get("delay"))
        return {"line": line}, {"signal": values}

    def _delayed(self, line: Any, values: Any, delay: Any) -> tuple[Any, Any]:
        joined = dsp.joined_line(line, values)
        count = dsp.size_of(values, 2)
        return self.read(joined, dsp.length_of_line(line), count, delay), dsp.push_line(line, values)
