"""Control curves that are made from a few numbers, so that a graph can make sound without any input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.gains import Range
from ddspgraph.ir.op import Advice, Op, Traits, from_clock, param
from ddspgraph.ir.ports import Mismatch, Port, agree, const, frame
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import BATCH, FRAMES, Dim, Rate, Signal, Unit
from ddspgraph.ir.units import UNITS

_N_FRAMES_DOC = "Length of the result; null: as long as the graph's other frames."


class Lfo(Op):
    """A low-frequency oscillator: y(t) = offset + depth * wave(f t + phase / (2 pi)), with a wave in [-1, 1].

    Sine and triangle begin at 0 and rise, square begins at 1, saw rises from -1. The turn is computed from
    the number of the frame, so that it does not drift.

    Source: elementary.
    """

    words = (
        "low frequency oscillator", "vibrato (into a pitch)", "tremolo (into a multiply)", "wobble", "modulator",
        "modulation", "control oscillator", "sine (shape: sine)", "saw (shape: saw)", "sawtooth (shape: saw)",
        "triangle (shape: triangle)", "square (shape: square)", "oscillator",
    )  # fmt: skip

    traits = Traits.PURE | Traits.SIZED | Traits.POINTWISE
    inputs = {"frequency_hz": const(unit=Unit.HZ, doc="Turns a second.")}
    outputs = {"signal": frame(1, doc="The wave, in the unit of depth and offset.", shares="unit")}

    shape: str = param("sine", choices=("sine", "triangle", "square", "saw"), doc="The wave.")
    phase: float = param(0.0, unit=Unit.RADIANS, doc="Where in its turn the wave is at time 0.")
    depth: float = param(1.0, shares="unit", doc="How far it swings to each side.")
    offset: float = param(0.0, shares="unit", doc="What it swings around.")
    unit: str = param("any", choices=UNITS, doc="The unit of depth and offset; quantities say it themselves.")
    frame_rate: float | None = from_clock("frame_rate", unit=Unit.HZ, doc="Frames a second.")
    n_frames: int | None = param(None, ge=1, doc=_N_FRAMES_DOC)

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        super().infer(signals)
        return {"signal": Signal((BATCH, _frames(self.n_frames), Dim.of(1)), Rate.FRAME)}

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W113 where frames are too slow for the wave."""
        fastest_hz = max((abs(hz) for hz in values.get("frequency_hz", ())), default=0.0)
        if self.frame_rate is None or fastest_hz < self.frame_rate / 2:
            return ()
        alias_hz = abs(fastest_hz - round(fastest_hz / self.frame_rate) * self.frame_rate)
        comes_out = f"it comes out as {alias_hz:g} Hz" if alias_hz != fastest_hz else "its frames miss the wave"
        message = f"{fastest_hz:g} Hz is not below half of the frame rate, {self.frame_rate / 2:g} Hz: {comes_out}"
        return (
            Advice("W113", message, "frequency_hz", f"a frame_rate above {2 * fastest_hz:g} Hz in `clock` holds it"),
        )

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": Range.of(self.offset - abs(self.depth), self.offset + abs(self.depth))}

    def kernel(self, frequency_hz: Any, sizes: Any) -> Any:
        return self._wave(frequency_hz, _length(self, self.n_frames, sizes), 0, sizes.batch)

    def _wave(self, frequency_hz: Any, n_frames: Any, first_frame: Any, batch: Any) -> Any:
        how = (_frame_rate(self), self.shape, self.phase, first_frame)
        wave = dsp.low_frequency_oscillator(frequency_hz, n_frames, *how)
        return dsp.broadcast_batch(self.offset + self.depth * wave, batch)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        wave = self._wave(inputs["frequency_hz"], block.frames, block.first_frame, block.batch)
        return {}, {"signal": wave}


class ExpDecay(Op):
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
    outputs = {"signal": frame("channels", unit=Unit.LINEAR, doc="The envelope.")}

    frame_rate: float | None = from_clock("frame_rate", unit=Unit.HZ, doc="Frames a second.")
    n_frames: int | None = param(None, ge=1, doc=_N_FRAMES_DOC)

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
        return {"signal": Signal((BATCH, _frames(self.n_frames), channels), Rate.FRAME, Unit.LINEAR)}

    def kernel(self, amplitude: Any, t60: Any, sizes: Any) -> Any:
        return self._curve(amplitude, t60, _length(self, self.n_frames, sizes), 0, sizes.batch)

    def _curve(self, amplitude: Any, t60: Any, n_frames: Any, first_frame: Any, batch: Any) -> Any:
        amplitude, t60 = (x if len(x.shape) == 2 else x[:, None] for x in (amplitude, t60))
        curve = dsp.exponential_decay(amplitude, t60, n_frames, _frame_rate(self), first_frame)
        return dsp.broadcast_batch(curve, batch)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        curve = self._curve(inputs["amplitude"], inputs["t60"], block.frames, block.first_frame, block.batch)
        return {}, {"signal": curve}


def _frames(n_frames: int | None) -> Dim:
    return FRAMES if n_frames is None else Dim.of(n_frames)


def _length(op: Op, n_frames: int | None, sizes: Any) -> Any:
    """Frames to make: what the parameter says, else those of this call."""
    length = n_frames if n_frames is not None else sizes.frames
    if length is None:
        raise ValueError(f"{type(op).__name__} needs n_frames=... outside of a graph")
    return length


def _frame_rate(op: Lfo | ExpDecay) -> float:
    if op.frame_rate is None:
        raise ValueError(f"{type(op).__name__} needs frame_rate=... outside of a graph")
    return op.frame_rate
