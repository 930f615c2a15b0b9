"""The oscillator of an analogue synthesizer, without what folds back from above half of the sample rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Range
from ddspgraph.ir.op import Advice, Traits, param
from ddspgraph.ir.ports import Mismatch, Port, audio
from ddspgraph.ir.streaming import Block, items_of
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.ops.clocked import Clocked

#: Numbers of the residual's polynomials for each sample: 32 samples around a corner, ten powers.
_PRODUCTS = 320


def _moving(doc: str, unit: Unit = Unit.ANY, *, optional: bool = True) -> Port:
    return audio(unit=unit, doc=doc, optional=optional, broadcast=True)


class Oscillator(Clocked):
    """A sine, triangle, square or saw of any pitch, band-limited: y(t) = wave(sum of f0 + phase / (2 pi)).

    Every port may move at audio rate: f0 for FM, phase for PM, width for PWM, sync_hz for hard sync. What would fold
    back below 0.41 of the sample rate is more than 100 dB below the wave; partials up to there are those of the wave
    within 0.001 dB. Phase is exact whatever the length. As of `lfo`, sine and triangle begin at 0 and rise, the square
    begins at 1, the saw rises from -1.

    Source: Brandt, Hard sync without aliasing (ICMC 2001); Esqueda, Valimaki and Bilbao, Rounding corners with BLAMP
    (DAFx 2016).
    """

    words = (
        "osc", "vco", "saw (shape: saw)", "sawtooth (shape: saw)", "square (shape: square)", "pulse (shape: square)",
        "pwm", "pulse width modulation", "triangle (shape: triangle)", "sine (shape: sine)", "blep", "polyblep", "blit",
        "band limited oscillator", "virtual analog", "fm (into f0_hz)", "frequency modulation", "pm (into phase)",
        "phase modulation", "hard sync", "synth", "cycle (shape: sine)", "phasor", "anti-aliased oscillator", "tone",
    )  # fmt: skip

    traits = Traits.PURE | Traits.SIZED
    inputs = {
        "f0_hz": _moving("Fundamental frequency; below 0 the wave runs backwards.", Unit.HZ, optional=False),
        "phase": _moving("Added to the phase. Open: 0.", Unit.RADIANS),
        "width": _moving("Share of its cycle that a square is high, 0 to 1. Open: 0.5."),
        "sync_hz": _moving("Each cycle of this frequency begins the wave again. Open: none.", Unit.HZ),
    }
    outputs = {"signal": audio(unit=Unit.LINEAR, doc="The wave, from -1 to 1 but for what its steps overshoot.")}

    shape: str = param("saw", choices=("sine", "triangle", "square", "saw"), doc="The wave.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        if "width" in signals and self.shape != "square":
            message = f"a {self.shape} has no width, {{source}} is given for it"
            raise Mismatch(
                "E304", "width", message, "leave out `width`, or write `shape: square`", parameters=("shape",)
            )
        return super().infer(signals)

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W117 where the fundamental lies above Nyquist."""
        highest_hz = max((abs(hz) for hz in values.get("f0_hz", ())), default=0.0)
        if self.sample_rate is None or highest_hz < self.sample_rate / 2.0:
            return ()
        message = f"{highest_hz:g} Hz is not below {self.sample_rate / 2.0:g} Hz: of the wave nothing is left"
        return (Advice("W117", message, "f0_hz", "lower f0_hz, or raise the sample_rate in `clock`"),)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": Range.of(-1.5, 1.5)}

    def kernel(self, sizes: Any, **inputs: Any) -> Any:
        controls, rows, n = self._controls(inputs, sizes.samples)
        if n is None:
            raise ValueError("Oscillator needs n_samples=... outside of a graph")
        return dsp.broadcast_batch(dsp.band_limited_wave(self.shape, controls, rows, n), sizes.batch)

    def _controls(self, inputs: Mapping[str, Any], samples: Any) -> tuple[dsp.Controls, Any, Any]:
        """The controls in cycles, and how many rows and samples they make; `samples` where none of them moves."""
        rate = self.rate_hz()
        scales = {"f0_hz": 1.0 / rate, "sync_hz": 1.0 / rate, "phase": 0.5 / math.pi, "width": 1.0}
        scaled = {name: x * scales[name] for name, x in inputs.items()}
        width = dsp.clipped(scaled["width"], 0.0, 1.0) if "width" in scaled else None
        rows: Any = 1
        for x in inputs.values():
            rows = dsp.joint(rows, dsp.size_of(x, 0))
            samples = samples if x.shape[1] == 1 else dsp.size_of(x, 1)
        return dsp.Controls(scaled["f0_hz"], scaled.get("phase"), width, scaled.get("sync_hz")), rows, samples

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return dsp.wave_latency(self.shape, "sync_hz" in signals)

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return dsp.first_stream_state(self.shape, "sync_hz" in signals, items_of(signals.values(), block.batch))

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        controls, rows, _ = self._controls(inputs, block.samples)
        wave, after = dsp.band_limited_stream(state, self.shape, controls, block.start, rows, block.samples)
        return after, {"signal": dsp.broadcast_batch(wave, block.batch)}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 60 * math.prod(shapes["-> signal"])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (_PRODUCTS + 80 * costs.PASS) * math.prod(shapes["-> signal"])
