"""Voices: what puts a value of each into the graph, and what makes one value of all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ddspgraph.ir import costs, folding
from ddspgraph.ir.gains import Range
from ddspgraph.ir.mapped import NORMS, mixed, stacked
from ddspgraph.ir.op import Op, Traits, held, param
from ddspgraph.ir.ports import Mismatch, Port, agree, same_as
from ddspgraph.ir.types import Dim, Rate, Signal
from ddspgraph.lazy import np


class SplitVoices(Op):
    """Gives each voice a channel: voice v has y_v[t] = x[t, v]. Of a constant it is one row for each voice.

    `{each: x}` at an input of a node with `voices` is short for a node of this op.

    Source: elementary.
    """

    words = ("polyphony", "polyphonic", "one for each voice", "detune (a ratio for each voice)", "chord", "unison")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {
        "channels": Port(None, doc="[batch, time, voices], or of a constant [batch, voices, ...].", shares="unit"),
    }
    outputs = {"signal": Port(None, doc="One channel, with voices.", shares="unit")}

    voices: int = param(ge=1, le=1024, doc="How many voices; as many channels are wanted.")
    rate: str | None = param(None, choices=("const", "frame", "audio"), doc="That of the input; null: whatever it is.")

    def settled(self, signals: Mapping[str, Signal]) -> Op:
        return replace(self, rate=str(signals["channels"].rate))

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        given = signals["channels"]
        axis = 1 if given.rate is Rate.CONST else 2
        if given.rank <= axis:
            message = f"{{source}} is {given.shape_text}: it has no value for each of {self.voices} voices"
            raise Mismatch("E413", "channels", message, "write a list, or join signals in a concat node")
        if agree(given.dims[axis], Dim.of(self.voices)) is None:
            message = f"{{source}} has {given.dims[axis]} values, the node {self.voices} voices"
            raise Mismatch("E421", "channels", message, "give one value for each voice", beside="voices")
        if axis == 1:
            dims = (given.dims[0], *given.dims[2:])
        else:
            dims = (*given.dims[:2], *((Dim.of(1),) if given.rate is Rate.FRAME else ()))
        return {"signal": replace(given, dims=dims, voices=self.voices)}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return costs.PASS * math.prod(shapes["channels"])

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        """That of all voices together."""
        each = given["channels"]
        return {"signal": Range.of(np.min(each.low), np.max(each.high))}

    def kernel(self, channels: Any) -> Any:
        if self.rate == "const" or len(channels.shape) < 3:
            return folding.fold(channels)
        return folding.fold_channels(channels, keeps_axis=self.rate != "audio")


class MixVoices(Op):
    """Makes one plain value of all voices: their sum, y = scale * sum over v of x_v, or the voices as channels.

    The scale is 1; with `norm: mean` 1 / voices, with `norm: power` 1 / sqrt(voices), which keeps the power of voices
    that have nothing to do with each other. `mix: sum` at a node with `voices` does the same.

    Source: elementary.
    """

    words = ("sum voices", "chord", "polyphony", "polyphonic", "voices to mono", "voices to channels (mix: stack)")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"signal": Port(None, doc="A value with voices.", voiced=True, shares="unit")}
    outputs = {"signal": same_as("signal", doc="A plain value.", shares="unit")}

    mix: str = param("sum", choices=("sum", "stack"), doc="sum: added up; stack: side by side, as channels.")
    norm: str = param("none", choices=NORMS, doc="How a sum is scaled.")
    voices: int | None = param(
        None, ge=1, le=1024, doc="How many; null: as many as the input has. A plain value is held for all of them."
    )
    is_plain: bool = held(False)

    def settled(self, signals: Mapping[str, Signal]) -> Op:
        voices = signals["signal"].voices
        return replace(self, voices=self.voices or voices, is_plain=voices is None)

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        given = signals["signal"]
        if given.voices is None and self.voices is None:
            message = f"port 'signal' wants a value with voices, {{source}} is plain: {given.shape_text}"
            raise Mismatch("E424", "signal", message, "delete this node, or write `voices` where {source} is made")
        if given.voices is not None and self.voices not in (None, given.voices):
            message = f"{{source}} has {given.voices} voices, the node {self.voices}"
            raise Mismatch("E421", "signal", message, "delete `voices`: it is known", beside="voices")
        plain = replace(given, voices=None)
        return {"signal": plain if self.mix == "sum" else stacked(plain, Dim.of(given.voices or self.voices or 1))}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return costs.PASS * math.prod(shapes["signal"])

    def kernel(self, signal: Any) -> Any:
        if self.is_plain:
            signal = folding.held(signal, folding.size_of(signal, 0) * self.voices)
        return mixed(signal, self.voices, self.mix, self.norm)
