"""Control curves that are made from a few numbers, so that a graph can make sound without any input."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Range
from ddspgraph.ir.op import Advice, Traits, param
from ddspgraph.ir.ports import Mismatch, Port, agree
from ddspgraph.ir.streaming import Block, has_time, items_of
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ir.units import UNITS
from ddspgraph.lazy import tf
from ddspgraph.ops.timed import Timed


class Lfo(Timed):
    """A low-frequency oscillator: y(t) = offset + depth * wave(f t + phase / (2 pi)), with a wave in [-1, 1].

    Sine and triangle begin at 0 and rise, square begins at 1, saw rises from -1. Of a frequency that never changes the
    turn is computed from the number of the frame or sample, so that it does not drift; of one that moves it is the sum
    of the frequency in float64.

    Source: elementary.
    """

    words = (
        "low frequency oscillator", "vibrato (into a pitch)", "tremolo (into a multiply)", "wobble", "modulator",
        "modulation", "control oscillator", "sine (shape: sine)", "saw (shape: saw)", "sawtooth (shape: saw)",
        "triangle (shape: triangle)", "square (shape: square)", "oscillator",
    )  # fmt: skip

    traits = Traits.PURE | Traits.SIZED
    inputs = {
        "frequency_hz": Port(None, None, Unit.HZ, "Turns a second: a constant, or of the rate of the result."),
    }
    outputs = {"signal": Port(doc="The wave, in the unit of depth and offset.", shares="unit")}

    shape: str = param("sine", choices=("sine", "triangle", "square", "saw"), doc="The wave.")
    phase: float = param(0.0, unit=Unit.RADIANS, doc="Where in its turn the wave is at time 0.")
    depth: float = param(1.0, shares="unit", doc="How far it swings to each side.")
    offset: float = param(0.0, shares="unit", doc="What it swings around.")
    unit: str = param("any", choices=UNITS, doc="The unit of depth and offset; quantities say it themselves.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        self.take_constant_or_moving("frequency_hz", signals["frequency_hz"])
        return {"signal": self.made()}

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W113 where frames are too slow for the wave."""
        fastest_hz = max((abs(hz) for hz in values.get("frequency_hz", ())), default=0.0)
        if self.rate == "audio" or self.frame_rate is None or fastest_hz < self.frame_rate / 2:
            return ()
        alias_hz = abs(fastest_hz - round(fastest_hz / self.frame_rate) * self.frame_rate)
        comes_out = f"it comes out as {alias_hz:g} Hz" if alias_hz != fastest_hz else "its frames miss the wave"
        message = f"{fastest_hz:g} Hz is not below half of the frame rate, {self.frame_rate / 2:g} Hz: {comes_out}"
        hint = f"`rate: audio` holds it, or a frame_rate above {2 * fastest_hz:g} Hz in `clock`"
        return (Advice("W113", message, "frequency_hz", hint),)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": Range.of(self.offset - abs(self.depth), self.offset + abs(self.depth))}

    def kernel(self, frequency_hz: Any, sizes: Any) -> Any:
        if self.moving(frequency_hz) is None:
            return self._still(frequency_hz, self.n_steps(sizes.frames, sizes.samples), 0, sizes.batch)
        return self._swinging(frequency_hz, tf.zeros([1, 1], tf.float64), 0, sizes.batch)[0]

    def _still(self, frequency_hz: Any, n: Any, first: Any, batch: Any) -> Any:
        how = (self.steps_a_second(), self.shape, self.phase, first)
        wave = dsp.low_frequency_oscillator(tf.reshape(frequency_hz, [-1]), n, *how)
        return self.shaped(self.offset + self.depth * wave[:, :, 0], batch)

    def _swinging(self, frequency_hz: Any, before: Any, first: Any, batch: Any) -> tuple[Any, Any]:
        moving = dsp.silent_before_start(self.moving(frequency_hz), first)
        turns, after = dsp.turns_so_far(moving, self.steps_a_second(), before)
        wave = dsp.low_frequency_wave(self.shape, turns + self.phase / (2.0 * math.pi))
        return self.shaped(self.offset + self.depth * wave, batch), after

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        if not has_time(signals["frequency_hz"]):
            return {}
        return {"turns": dsp.silence([items_of(signals.values(), block.batch), 1], double=True)}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        frequency_hz, first = inputs["frequency_hz"], self.first_of(block)
        if state:
            wave, after = self._swinging(frequency_hz, state["turns"], first, block.batch)
            return {"turns": after}, {"signal": wave}
        return {}, {"signal": self._still(frequency_hz, self.n_steps(block.frames, block.samples), first, block.batch)}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (costs.FUNCTION + 10 * costs.PASS) * math.prod(shapes["-> signal"])

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 6 * math.prod(shapes["-> signal"])


class ExpDecay(Timed):
    """An exponential decay, as of a struck bell: y(t) = amplitude * 10 ** (-3 t / t60).

    With several channels each has its own amplitude and decay.

    Source: the definition of the reverberation time T60 in ISO 3382-1.
    """

    words = (
        "envelope", "decay", "percussion", "pluck", "struck", "bell", "line", "fade out", "exponential",
        "ad envelope", "t60",
    )  # fmt: skip

    traits = Traits.PURE | Traits.SIZED | Traits.POINTWISE
    inputs = {
        "amplitude": Port(None, Rate.CONST, Unit.LINEAR, doc="At time 0, [batch] or [batch, channels]."),
        "t60": Port(None, Rate.CONST, Unit.SECONDS, doc="Time to fall by 60 dB, [batch] or [batch, channels]."),
    }
    outputs = {"signal": Port(unit=Unit.LINEAR, doc="The envelope, a channel for each amplitude or decay.")}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        channels = Dim.of(1)
        for name, given in signals.items():
            if given.rank > 2:
                raise Mismatch(
                    "E413",
                    name,
                    f"port '{name}' wants [batch] or [batch, channels], {{source}} is {given.shape_text}",
                )
            own = given.dims[1] if given.rank == 2 else Dim.of(1)
            fits = own if channels == Dim.of(1) else channels if own == Dim.of(1) else agree(channels, own)
            if fits is None:
                raise Mismatch(
                    "E414",
                    name,
                    f"'amplitude' has {channels} channels, 't60' {own}: {{source}} is {given.shape_text}",
                    compared=("amplitude",),
                )
            channels = fits
        return {"signal": self.made(channels, Unit.LINEAR)}

    def kernel(self, amplitude: Any, t60: Any, sizes: Any) -> Any:
        return self._curve(amplitude, t60, self.n_steps(sizes.frames, sizes.samples), 0, sizes.batch)

    def _curve(self, amplitude: Any, t60: Any, n: Any, first: Any, batch: Any) -> Any:
        amplitude, t60 = (x if len(x.shape) == 2 else x[:, None] for x in (amplitude, t60))
        curve = dsp.exponential_decay(amplitude, t60, n, self.steps_a_second(), first)
        is_sound = self.rate == "audio" and curve.shape[2] == 1
        return dsp.broadcast_batch(curve[:, :, 0] if is_sound else curve, batch)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        where = (self.n_steps(block.frames, block.samples), self.first_of(block), block.batch)
        return {}, {"signal": self._curve(inputs["amplitude"], inputs["t60"], *where)}
