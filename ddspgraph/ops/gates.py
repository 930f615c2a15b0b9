"""What a gate drives: envelopes, and values that are held until the next trigger."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs, folding
from ddspgraph.ir.gains import Range
from ddspgraph.ir.op import Op, from_clock, held, param
from ddspgraph.ir.ports import Mismatch, Port, anything
from ddspgraph.ir.shapes import broadcast
from ddspgraph.ir.streaming import Block, items_of
from ddspgraph.ir.types import Rate, Signal, Unit
from ddspgraph.lazy import np, tf
from ddspgraph.ops.clocked import from_graph

#: Of an envelope that says none: seconds, and a level.
_TIMES = {"attack": 0.01, "decay": 0.1, "sustain": 0.7, "release": 0.2}
#: Passes over all numbers that a scan makes, there and back.
_SCAN_PASSES = 20
#: Scans of an envelope: what it holds, some turns of Newton's method, the gradient.
_ADSR_SCANS = 12


class _Gated(Op):
    """An op whose inputs have one shape or are 1 along some axes, and whose kernel takes rows of time."""

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        (first, result), *others = signals.items()
        for name, signal in others:
            result = Signal(broadcast(first, result, name, signal), max(result.rate, signal.rate))
        if result.rate is Rate.CONST:
            message = f"port '{first}' wants what changes over time, {{source}} is {result.shape_text} const"
            raise Mismatch("E413", first, message, "give it an input or a node of frame or audio rate")
        (name, port), *_ = self.outputs.items()
        return {name: Signal(result.dims, result.rate, port.unit)}

    def rows(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], Any, bool]:
        """All inputs as [rows or 1, time or 1], how many channels an item has, and whether they have an axis."""
        has_axis = any(len(x.shape) == 3 for x in inputs.values())
        wide = {name: dsp.match_rank(x, tf.zeros([1, 1, 1])) for name, x in inputs.items()}
        batch = folding.joint([folding.size_of(x, 0) for x in wide.values()])
        channels = folding.joint([folding.size_of(x, 2) for x in wide.values()])

        def row(x: Any) -> Any:
            if x.shape[0] == 1 and x.shape[2] == 1:
                return x[:, :, 0]
            whole = tf.broadcast_to(x, tf.stack([batch, folding.size_of(x, 1), channels]))
            return folding.fold_channels(whole, keeps_axis=False)

        found = {name: row(x) for name, x in wide.items()}
        time = folding.joint([folding.size_of(x, 1) for x in found.values()])
        (first, x), *_ = found.items()
        found[first] = tf.broadcast_to(x, tf.stack([batch * channels, time]))
        return found, channels, has_axis

    def unrolled(self, y: Any, channels: Any, has_axis: bool) -> Any:
        """Rows of time as the graph has them."""
        return folding.unfold_channels(y, channels) if has_axis else y

    def n_rows(self, signals: Mapping[str, Signal], batch: Any) -> Any:
        """How many rows a block has."""
        (result,) = self.infer(signals).values()
        channels = (result.dims[2].size or 1) if result.rank == 3 else 1
        voices = max(signal.voices or 1 for signal in signals.values())
        return items_of(signals.values(), batch) * channels * voices

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0


class Adsr(_Gated):
    """An envelope that a gate drives: attack to 1, decay to the sustain, release to 0 when the gate closes.

    A gate is open above 0. Attack and decay are read where it opens, the release where it closes, the sustain always. A
    note that begins before the last one has died away starts from there. Each stage takes its time exactly, whatever
    the level it starts from, but an attack from above 0, which takes its share. An exponential attack is that of a
    capacitor, an exponential decay and release fall by 60 dB in their time.

    Source: the envelope of the ARP Odyssey (1972); linear and exponential segments as in R. Moore, Elements of
    Computer Music (1990), section 3.2.
    """

    words = (
        "envelope", "envelope generator", "eg", "attack decay sustain release", "note on", "ahdsr",
        "vca envelope", "ar envelope", "asr", "line", "contour", "fade in", "note envelope", "trigger",
    )  # fmt: skip

    inputs = {
        "gate": anything(doc="Open above 0; its rate is that of the envelope, and each of its channels has its own."),
        "attack": anything(unit=Unit.SECONDS, optional=True, doc="From 0 to 1. Open: 10 ms."),
        "decay": anything(unit=Unit.SECONDS, optional=True, doc="From 1 to the sustain. Open: 100 ms."),
        "sustain": anything(unit=Unit.LINEAR, optional=True, doc="Level while the gate is open, 0 to 1. Open: 0.7."),
        "release": anything(unit=Unit.SECONDS, optional=True, doc="To 0 when the gate closes. Open: 200 ms."),
        "onset": anything(
            optional=True,
            doc="Where the gate opens: how much later the note begins, 0 to 1 of a frame or sample. Open: 0.",
        ),
    }
    outputs = {"signal": Port(unit=Unit.LINEAR, doc="The level, from 0 to 1, of the gate's shape and rate.")}

    curve: str = param("exponential", choices=("linear", "exponential"), doc="The form of all stages.")
    frame_rate: float | None = from_clock("frame_rate", unit=Unit.HZ, doc="Frames a second, of a gate of frames.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second, of a gate of samples.")
    steps: str | None = held(None)  # "frame" or "audio": what a step of the gate is; the graph says it

    def settled(self, signals: Mapping[str, Signal]) -> Op:
        return replace(self, steps=str(max((signal.rate for signal in signals.values()), default=Rate.CONST)))

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": Range.of(0.0, 1.0)}

    def kernel(self, **inputs: Any) -> Any:
        return self._envelope(inputs, None, 0)[0]

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"last": dsp.silence([self.n_rows(signals, block.batch), dsp.ADSR_STATE])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        signal, last = self._envelope(inputs, state["last"], block.start)
        return {"last": last}, {"signal": signal}

    def _envelope(self, inputs: Mapping[str, Any], state: Any, start: Any) -> tuple[Any, Any]:
        found, channels, has_axis = self.rows(inputs)
        rate = self._steps_a_second(has_axis)
        gate, onset = found["gate"], found.get("onset", 0.0)
        controls = {name: found.get(name, tf.constant([[value]], tf.float32)) for name, value in _TIMES.items()}
        times = dsp.Times(**{name: x if name == "sustain" else x * rate for name, x in controls.items()})
        how = {"exponential": self.curve == "exponential", "state": state}
        y, last = dsp.adsr(dsp.silent_before_start(gate, start), times, onset, **how)
        return self.unrolled(y, channels, has_axis), last

    def _steps_a_second(self, has_axis: bool) -> float:
        is_frames = self.steps == "frame" if self.steps else has_axis
        return from_graph(self, "frame_rate" if is_frames else "sample_rate")

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return round(_TIMES["release"] * (self.sample_rate or 0.0))

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return _ADSR_SCANS * _SCAN_PASSES * costs.PASS * math.prod(shapes["-> signal"])

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 3 * _SCAN_PASSES * math.prod(shapes["-> signal"])


class SampleHold(_Gated):
    """Holds the value that x had when the trigger last rose above 0, and is 0 before that.

    Source: the sample-and-hold circuit, as in R. Moore, Elements of Computer Music (1990).
    """

    words = (
        "sample and hold",
        "s&h",
        "sah",
        "latch",
        "track and hold",
        "random steps (of a noise)",
        "freeze",
        "quantise in time",
    )

    inputs = {
        "x": anything(doc="What is held, of any shape and rate.", shares="unit"),
        "trigger": anything(doc="Takes a value where it rises from 0 or below to above 0."),
    }
    outputs = {"signal": Port(doc="The held values, at the faster of both rates.", shares="unit")}

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        x = given["x"]
        return {"signal": Range(np.minimum(x.low, 0.0), np.maximum(x.high, 0.0))}

    def kernel(self, **inputs: Any) -> Any:
        return self._held(inputs, None, 0)[0]

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"last": dsp.silence([self.n_rows(signals, block.batch), 2])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        signal, last = self._held(inputs, state["last"], block.start)
        return {"last": last}, {"signal": signal}

    def _held(self, inputs: Mapping[str, Any], state: Any, start: Any) -> tuple[Any, Any]:
        found, channels, has_axis = self.rows(inputs)
        x, trigger = found["x"], dsp.silent_before_start(found["trigger"] + tf.zeros_like(found["x"]), start)
        value, before = (0.0, 0.0) if state is None else (state[:, :1], state[:, 1:])
        y = dsp.held(x, dsp.rising(trigger, before), value)
        return self.unrolled(y, channels, has_axis), tf.concat([y[:, -1:], trigger[:, -1:]], axis=1)

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return _SCAN_PASSES * costs.PASS * math.prod(shapes["-> signal"])

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return _SCAN_PASSES * math.prod(shapes["-> signal"])
