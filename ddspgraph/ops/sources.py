"""Constants, and constants held over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.frozen import shape_of
from ddspgraph.ir.gains import Linear, Range, Way
from ddspgraph.ir.op import Op, Traits, param
from ddspgraph.ir.ports import Mismatch, Port
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim, Rate, Signal, signal
from ddspgraph.ir.units import UNITS


class Constant(Op):
    """A number, or a list of numbers, that never changes: y = value.

    A literal in a spec (`gain: -6 dB`) is short for a node of this op.

    Source: elementary.
    """

    words = ("number", "value", "literal", "const", "sig", "parameter")

    traits = Traits.PURE | Traits.POINTWISE
    outputs = {"signal": Port(None, Rate.CONST, doc="[1, *shape of value]", shares="unit")}

    value: object = param(shares="unit", doc="A number, a quantity, or a list of them.")
    unit: str = param("any", choices=UNITS, doc="What the number counts; a quantity says it itself.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        return {"signal": signal(1, *shape_of(self.value))}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 0

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": Range.of(getattr(self.value, "array", self.value))}

    def kernel(self) -> Any:
        import numpy as np

        return dsp.constant(np.asarray(getattr(self.value, "array", self.value), np.float32)[None])


class Hold(Op):
    """Holds a constant over time: y[t] = value for every t.

    The compiler inserts it where a constant meets a frame or audio port.

    Source: elementary (zero-order hold).
    """

    words = ("repeat", "expand", "broadcast", "tile", "sample and hold")

    traits = Traits.PURE | Traits.SIZED | Traits.POINTWISE
    inputs = {"value": Port(None, Rate.CONST, doc="[batch], or [batch, channels]", shares="unit")}
    outputs = {"signal": Port(None, doc="The constant at frame or audio rate.", shares="unit")}

    rate: str = param("frame", choices=["frame", "audio"], doc="The rate of the result.")
    channels: int | None = param(None, ge=1, doc="Size of the last axis; none: audio without a channel axis.")
    broadcast: bool = param(False, doc="Leave the time axis at size 1, for ops that broadcast over time.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        value = signals["value"]
        shape = value.dims[1:]
        channels = shape or ((Dim.of(1),) if self.rate == "frame" or self.channels else ())
        if len(shape) > 1:
            raise Mismatch("E413", "value", f"a number or a list can be held, {{source}} is {value.shape_text}")
        rate = Rate.FRAME if self.rate == "frame" else Rate.AUDIO
        time = Dim.of(1) if self.broadcast else FRAMES if self.rate == "frame" else SAMPLES
        batch = value.dims[0] if self.broadcast else BATCH
        return {"signal": Signal((batch, time, *channels), rate)}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return costs.PASS * math.prod(shapes["-> signal"])

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["value"]}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("value", "signal"): Linear.gain(1.0)}

    def kernel(self, value: Any, sizes: Any) -> Any:
        with_channels = self.rate == "frame" or self.channels is not None or len(value.shape) > 1
        held = value[:, None] if len(value.shape) > 1 or not with_channels else value[:, None, None]
        if self.broadcast:
            return held
        time = sizes.frames if self.rate == "frame" else sizes.samples
        return dsp.broadcast_time(held, sizes.batch, time)
