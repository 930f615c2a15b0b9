"""What the ops share that make frames or samples out of a few numbers."""

from __future__ import annotations

from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.op import Op, from_clock, param
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim, Rate, Signal, Unit
from ddspgraph.ops.clocked import from_graph

_LENGTH_DOC = "Length of the result in frames or samples; null: as long as the graph."
_ONE = Dim.of(1)


class Timed(Op):
    """An op that makes frames or samples out of a few numbers."""

    rate: str = param("frame", choices=("frame", "audio"), doc="The rate of the result.")
    frame_rate: float | None = from_clock("frame_rate", unit=Unit.HZ, doc="Frames a second.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    length: int | None = param(None, ge=1, doc=_LENGTH_DOC)

    def made(self, channels: Dim = _ONE, unit: Unit = Unit.ANY) -> Signal:
        """The type of a result; frames have a channel axis, samples where there are several channels."""
        is_frames = self.rate == "frame"
        time = (FRAMES if is_frames else SAMPLES) if self.length is None else Dim.of(self.length)
        axis = (channels,) if is_frames or channels != _ONE else ()
        return Signal((BATCH, time, *axis), Rate.FRAME if is_frames else Rate.AUDIO, unit)

    def take_constant_or_moving(self, port: str, signal: Signal) -> None:
        """Raises `Mismatch` E411 or E414 where a control is neither a number nor one at a time of the result's rate."""
        if signal.rate is not Rate.CONST and str(signal.rate) != self.rate:
            message = f"port '{port}' takes a constant or {self.rate}-rate values, {{source}} is {signal.rate}-rate"
            raise Mismatch("E411", port, message, f"write `rate: {signal.rate}`", parameters=("rate",))
        if any(dim != _ONE for dim in signal.dims[1 if signal.rate is Rate.CONST else 2 :]):
            message = f"port '{port}' takes one number at a time, {{source}} is {signal.shape_text}"
            raise Mismatch("E414", port, message, "give it one, or make the node one of `voices`")

    def steps_a_second(self) -> float:
        """Frames or samples a second. Raises ValueError outside of a graph where nobody gave them."""
        return from_graph(self, "frame_rate" if self.rate == "frame" else "sample_rate")

    def n_steps(self, frames: Any, samples: Any) -> Any:
        """How many to make. Raises ValueError outside of a graph where nobody said."""
        n = self.length if self.length is not None else frames if self.rate == "frame" else samples
        if n is None:
            raise ValueError(f"{type(self).__name__} needs length=... outside of a graph")
        return n

    def first_of(self, block: Block) -> Any:
        """The number of the first frame or sample of a block."""
        return block.first_frame if self.rate == "frame" else block.start

    def moving(self, control: Any) -> Any:
        """A control that moves as [batch, time]; None of a constant, [batch] or of a time axis of 1."""
        if len(control.shape) < 2 or control.shape[1] == 1:
            return None
        return control[:, :, 0] if len(control.shape) == 3 else control

    def shaped(self, x: Any, batch: Any) -> Any:
        """[batch, time] of one channel as the graph has it."""
        return dsp.broadcast_batch(x[:, :, None] if self.rate == "frame" else x, batch)
