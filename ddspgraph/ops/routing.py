"""Routing: the cutting and joining of signals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Linear, Range, Way, selection
from ddspgraph.ir.op import Op, Splits, Traits, param
from ddspgraph.ir.ports import Mismatch, Port, agree, anything, same_as
from ddspgraph.ir.shapes import broadcast
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import BATCH, SAMPLES, Dim, Rate, Signal, Unit
from ddspgraph.ir.units import UNITS


class Crop(Op):
    """Cuts off the ends that centred frames add: half a frame at either end, or both halves at one.

    2 * (frame_size // 2) samples go: at the end ("back"), at the beginning ("front"), half at each ("center").

    Source: elementary.
    """

    words = ("trim", "cut", "slice", "truncate")

    inputs = {"audio": Port(None, Rate.AUDIO, doc="[batch, samples] or [batch, samples, channels]", shares="unit")}
    outputs = {
        "signal": Port((BATCH, SAMPLES), Rate.AUDIO, doc="frame_size samples shorter.", shares="unit"),
        "audio": same_as("audio", doc="The input."),
    }

    frame_size: int = param(unit=Unit.SAMPLES, ge=0, doc="How much to cut off; an odd number counts as one less.")
    crop_location: str = param("back", choices=["back", "front", "center"], doc="Where to cut.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        audio = signals["audio"]
        left = audio.dims[1] + -self._cut
        if left.size is not None and left.size < 1:
            raise Mismatch(
                "E414",
                "audio",
                f"{{source}} has {audio.dims[1]} samples, and {self._cut} are to be cut off",
                f"frame_size must be below {audio.dims[1]}",
            )
        return {
            "signal": Signal((audio.dims[0], left, *audio.dims[2:]), Rate.AUDIO),
            "audio": audio,
        }

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return costs.PASS * math.prod(shapes["-> signal"])

    def kernel(self, audio: Any) -> Any:
        front = {"back": 0, "front": self._cut, "center": self._cut // 2}[self.crop_location]
        back = self._cut - front
        return {"signal": audio[:, front : -back or None], "audio": audio}

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> Mapping[str, int]:
        return {"signal": self._front}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        return {}, {"signal": inputs["audio"], "audio": inputs["audio"]}

    @property
    def _front(self) -> int:
        """Samples cut off at the beginning."""
        return {"back": 0, "front": self._cut, "center": self._cut // 2}[self.crop_location]

    @property
    def _cut(self) -> int:
        return self.frame_size // 2 * 2


class Concat(Op):
    """Joins signals side by side: the channels of input_1, then those of input_2, and so on.

    Audio without a channel axis counts as one channel, so that concat of one such signal gives it the axis.

    Source: elementary.
    """

    words = ("concatenate", "join", "stack", "merge", "cat", "pack", "interleave", "stereo")

    traits = Traits.PURE | Traits.POINTWISE
    variadic = anything(
        doc="Signals of one rate, length and unit; slower ones are brought to the rate of the fastest.", shares="unit"
    )
    outputs = {"signal": Port(None, doc="[batch, time, sum of all channels]", shares="unit")}

    axis: str = param(
        "channels",
        choices=["channels", "values"],
        doc="channels: of signals in time, and of single numbers. values: of constant lists, [batch, n].",
    )
    unit: str | None = param(
        None, choices=UNITS, doc="What the result counts; null: what the inputs do. any: features of several units."
    )

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        if not signals:
            raise Mismatch("E305", "input_1", "concat needs at least one input", "add `inputs: [...]`")
        joined: Signal | None = None
        for port, signal in signals.items():
            self._check(port, signal)
            signal = self._with_channels(signal)
            joined = signal if joined is None else self._join(joined, port, signal)
        assert joined is not None
        return {"signal": joined}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return math.prod(shapes["-> signal"])

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        counts = {port: self._with_channels(signal).dims[-1].size for port, signal in signals.items()}
        if None in counts.values():
            return {}
        found: dict[tuple[str, str], Way] = {}
        first, total = 0, sum(n or 0 for n in counts.values())
        for port, n in counts.items():
            if port in looped:
                found[port, "signal"] = Linear.mixing(selection(total, first, n or 0).T)
            first += n or 0
        return found

    def kernel(self, *tensors: Any) -> Any:
        rank = 1 if self.axis == "values" else 2
        return dsp.concat_channels([x[..., None] if len(x.shape) <= rank else x for x in tensors])

    def _check(self, port: str, signal: Signal) -> None:
        is_const = signal.rate is Rate.CONST
        if self.axis == "values" and not is_const:
            raise Mismatch(
                "E411",
                port,
                f"`axis: values` joins constants, {{source}} is {signal.rate}-rate",
                "drop `axis`",
            )
        if is_const and signal.rank > (2 if self.axis == "values" else 1):
            hint = "write `axis: values`" if signal.rank == 2 else None
            raise Mismatch(
                "E413", port, f"port '{port}' wants one number here, {{source}} is {signal.shape_text}", hint
            )

    def _with_channels(self, signal: Signal) -> Signal:
        """Adds the channel axis where there is none."""
        if signal.rank >= (2 if signal.rate is Rate.CONST else 3):
            return signal
        return Signal((*signal.dims, Dim.of(1)), signal.rate, signal.unit)

    @staticmethod
    def _join(joined: Signal, port: str, signal: Signal) -> Signal:
        a, b = joined.dims[-1], signal.dims[-1]
        one = Dim.of(1)
        leading = broadcast(
            "input_1",
            Signal((*joined.dims[:-1], one), joined.rate),
            port,
            Signal((*signal.dims[:-1], one), signal.rate),
        )[:-1]
        if a.is_static:
            channels = b + a.offset
        elif b.is_static:
            channels = a + b.offset
        else:
            channels = Dim.of("n_channels")
        return Signal((*leading, channels), max(joined.rate, signal.rate))


class Split(Op):
    """Takes the channels of a signal apart: the first n channels are the first output, and so on.

    Source: elementary.
    """

    words = ("unpack", "slice", "channels", "deinterleave", "demux", "select")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"signal": anything(doc="[batch, time, channels]")}

    outputs: Splits = param(doc="Names of the outputs, with their channel counts.")  # type: ignore[misc]

    def output_ports(self) -> Mapping[str, Port]:
        return {name: same_as("signal", doc=f"{n} channels") for name, n in self.outputs}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        signal = signals["signal"]
        if signal.rank != (2 if signal.rate is Rate.CONST else 3):
            raise Mismatch("E413", "signal", f"port 'signal' wants a channel axis, {{source}} is {signal.shape_text}")
        total = sum(n for _, n in self.outputs)
        if agree(signal.dims[-1], Dim.of(total)) is None:
            counts = " + ".join(str(n) for _, n in self.outputs)
            raise Mismatch(
                "E414",
                "signal",
                f"the outputs take {counts} = {total} channels, {{source}} has {signal.dims[-1]}",
                "the counts of `outputs` must sum to the channels of the signal",
            )
        return {name: Signal((*signal.dims[:-1], Dim.of(n)), signal.rate, signal.unit) for name, n in self.outputs}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        found: dict[tuple[str, str], Way] = {}
        first, total = 0, sum(n for _, n in self.outputs)
        for name, n in self.outputs:
            found["signal", name] = Linear.mixing(selection(total, first, n))
            first += n
        return found

    def kernel(self, signal: Any) -> Any:
        results, start = {}, 0
        for name, n in self.outputs:
            results[name] = signal[..., start : start + n]
            start += n
        return results
