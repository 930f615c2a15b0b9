"""Curves over time that a composer writes down: points to go through, and steps at a tempo."""

from __future__ import annotations

import itertools
import math
from collections import abc
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Range
from ddspgraph.ir.op import Advice, Traits, param
from ddspgraph.ir.ports import Port, const
from ddspgraph.ir.streaming import Block, has_time, items_of
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.lazy import np, tf
from ddspgraph.ops.timed import Timed


class Curve(Timed):
    """A curve through points: from each value to the next in the time between them, the last one held.

    It is read at the number of the frame or sample, so that it does not drift, and any part of it can be made alone.

    Source: elementary (piecewise interpolation; 'smooth' is 3 u^2 - 2 u^3, the cubic Hermite polynomial).
    """

    words = (
        "breakpoints", "breakpoint function", "bpf", "automation", "line", "ramp", "fade in", "fade out", "glissando",
        "envelope", "keyframes", "xline", "sweep", "crescendo",
    )  # fmt: skip

    traits = Traits.PURE | Traits.SIZED | Traits.POINTWISE
    inputs = {
        "times": const("n_points", unit=Unit.SECONDS, doc="When each point is reached, in order."),
        "values": Port((Dim.of("batch"), Dim.of("n_points")), Rate.CONST, doc="The value at each.", shares="unit"),
    }
    outputs = {"signal": Port(doc="The curve.", shares="unit")}

    interpolation: str = param(
        "linear", choices=("linear", "smooth", "step"), doc="Straight lines, lines that bend at both ends, or jumps."
    )

    def infer(self, signals: abc.Mapping[str, Signal]) -> abc.Mapping[str, Signal]:
        super().infer(signals)
        return {"signal": self.made()}

    def advise(
        self, signals: abc.Mapping[str, Signal], values: abc.Mapping[str, list[float]], sizes: abc.Mapping[str, int]
    ) -> abc.Sequence[Advice]:
        """W128 where a point is earlier than the one before it."""
        times = values.get("times", [])
        for before, after in itertools.pairwise(times):
            if after < before:
                message = f"a point at {after:g} s follows one at {before:g} s, and is taken to be there as well"
                return (Advice("W128", message, "times", "write the points in the order of their times"),)
        return ()

    def ranges(self, given: abc.Mapping[str, Range]) -> abc.Mapping[str, Range]:
        values = given["values"]
        return {"signal": Range.of(np.min(values.low), np.max(values.high))}

    def kernel(self, times: Any, values: Any, sizes: Any) -> Any:
        return self._curve(times, values, self.n_steps(sizes.frames, sizes.samples), 0, sizes.batch)

    def stream_step(self, state: abc.Mapping[str, Any], inputs: abc.Mapping[str, Any], block: Block) -> Any:
        where = (self.n_steps(block.frames, block.samples), self.first_of(block), block.batch)
        return {}, {"signal": self._curve(inputs["times"], inputs["values"], *where)}

    def _curve(self, times: Any, values: Any, n: Any, first: Any, batch: Any) -> Any:
        y = dsp.breakpoints(times, values, n, self.steps_a_second(), self.interpolation, first)
        return self.shaped(y, batch)

    def multiply_adds(self, shapes: abc.Mapping[str, tuple[int, ...]]) -> int:
        return 8 * costs.PASS * shapes["times"][1] * math.prod(shapes["-> signal"])

    def workspace(self, shapes: abc.Mapping[str, tuple[int, ...]]) -> int:
        return 4 * shapes["times"][1] * math.prod(shapes["-> signal"])


class Sequence(Timed):
    """Steps at a tempo, over and over: the value of each, and a gate that opens with it.

    A step lasts 60 / (tempo * steps_per_beat) seconds. Of a tempo that never changes its begin is read off the
    number of the frame or sample; of one that moves it is the sum of the tempo in float64.

    Source: the analogue step sequencer (Moog 960, 1968).
    """

    words = (
        "sequencer", "step sequencer", "arpeggio", "arpeggiator", "pattern", "melody", "metronome", "metro", "clock",
        "bpm", "tempo", "impulse train (its gate)", "drum machine", "rhythm", "euclidean",
    )  # fmt: skip

    traits = Traits.PURE | Traits.SIZED
    inputs = {
        "values": Port((Dim.of("batch"), Dim.of("n_steps")), Rate.CONST, doc="One for each step.", shares="unit"),
        "tempo": Port(None, None, doc="Beats a minute: a constant, or of the rate of the result."),
        "gates": const(
            "n_steps", optional=True, doc="Above 0 where a step sounds, 0 where it is a rest. Open: all sound."
        ),
        "gate_length": const(optional=True, doc="How much of its step the gate is open, 0 to 1. Open: 0.5."),
    }
    outputs = {
        "signal": Port(doc="The value of the step.", shares="unit"),
        "gate": Port(doc="What `gates` has for the step while the gate is open, else 0."),
    }

    steps_per_beat: float = param(4.0, gt=0.0, doc="4 makes sixteenth notes of a 4/4.")

    def infer(self, signals: abc.Mapping[str, Signal]) -> abc.Mapping[str, Signal]:
        self.take_constant_or_moving("tempo", signals["tempo"])
        super().infer({name: signal for name, signal in signals.items() if name != "tempo"})
        return dict.fromkeys(self.outputs, self.made())

    def ranges(self, given: abc.Mapping[str, Range]) -> abc.Mapping[str, Range]:
        values = given["values"]
        gates = given.get("gates", Range.of(1.0))
        return {
            "signal": Range.of(np.min(values.low), np.max(values.high)),
            "gate": Range.of(min(0.0, np.min(gates.low)), max(0.0, np.max(gates.high))),
        }

    def kernel(self, values: Any, tempo: Any, gates: Any = None, gate_length: Any = None, sizes: Any = None) -> Any:
        moving = self.moving(tempo)
        n = self.n_steps(sizes.frames, sizes.samples) if moving is None else dsp.size_of(moving, 1)
        turns, _ = self._turns(tempo, values.shape[1], n, 0, tf.zeros([1, 1], tf.float64))
        return self._steps(turns, values, gates, gate_length, sizes.batch)

    def stream_latency(self, signals: abc.Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: abc.Mapping[str, Signal], constants: abc.Mapping[str, Any], block: Block) -> Any:
        if not has_time(signals["tempo"]):
            return {}
        rows = items_of([signals["tempo"]], block.batch) * (signals["tempo"].voices or 1)
        return {"turns": dsp.silence([rows, 1], double=True)}

    def stream_step(self, state: abc.Mapping[str, Any], inputs: abc.Mapping[str, Any], block: Block) -> Any:
        n = self.n_steps(block.frames, block.samples)
        given = (inputs["tempo"], inputs["values"].shape[1], n, self.first_of(block), state.get("turns"))
        turns, after = self._turns(*given)
        made = self._steps(turns, inputs["values"], inputs.get("gates"), inputs.get("gate_length"), block.batch)
        return ({"turns": after} if state else {}), made

    def _turns(self, tempo: Any, n_steps: int, n: Any, first: Any, before: Any) -> tuple[Any, Any]:
        """How far the steps have been gone through, float64 cycles [batch, n], and after the last."""
        frequency = tempo * (self.steps_per_beat / 60.0 / n_steps)
        rate = self.steps_a_second()
        moving = self.moving(frequency)
        if moving is None:
            numbers = tf.cast(tf.cast(first, tf.int64) + tf.range(tf.cast(n, tf.int64)), tf.float64)
            turns = tf.cast(tf.reshape(frequency, [-1, 1]), tf.float64) * (numbers / rate)
            return turns - tf.floor(turns), before
        return dsp.turns_so_far(dsp.silent_before_start(moving, first), rate, before)

    def _steps(self, turns: Any, values: Any, gates: Any, gate_length: Any, batch: Any) -> dict[str, Any]:
        step, part = dsp.steps_of(turns, values.shape[1])
        length = tf.constant([0.5]) if gate_length is None else tf.reshape(gate_length, [-1])
        is_open = tf.cast(part < length[:, None], tf.float32)

        def read(x: Any) -> Any:
            rows = dsp.joint(dsp.size_of(x, 0), dsp.size_of(step, 0))
            table = tf.broadcast_to(x, tf.stack([rows, dsp.size_of(x, 1)]))
            return tf.gather(table, tf.broadcast_to(step, tf.stack([rows, tf.shape(step)[1]])), axis=1, batch_dims=1)

        made = {"signal": read(values), "gate": is_open * (1.0 if gates is None else read(gates))}
        return {name: self.shaped(y, batch) for name, y in made.items()}

    def multiply_adds(self, shapes: abc.Mapping[str, tuple[int, ...]]) -> int:
        return (4 * costs.GATHER + 40 * costs.PASS) * math.prod(shapes["-> signal"])

    def workspace(self, shapes: abc.Mapping[str, tuple[int, ...]]) -> int:
        return 12 * math.prod(shapes["-> signal"])
