"""Recursive filters by name: low, high and band passes, all-passes, the state variable filter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.gains import Range
from ddspgraph.ir.op import param
from ddspgraph.ir.ports import Mismatch, audio
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np
from ddspgraph.ops.recursive import RecursiveFilter, cutoff_port

_AUDIO = audio(doc="The sound.", shares="unit")
_CUTOFF = cutoff_port("Where it is 3 dB down; may move at any rate. Kept between 1e-6 and 0.499 of the sample rate.")
_CENTRE = cutoff_port("The middle; may move at any rate. Kept between 1e-6 and 0.499 of the sample rate.")
_Q_DOC = "Resonance, 0.01 to 1000: the higher, the narrower, and the longer it rings."
_Q = cutoff_port(f"{_Q_DOC} Open: 0.7071.", Unit.ANY, optional=True)
#: The cutoff of a DC blocker that says none.
_DC_HZ = 10.0


class OnePole(RecursiveFilter):
    """The simplest low- or high-pass, of one pole: 6 dB an octave beyond the cutoff.

    H(s) = 1 / (1 + s / w), or s / (s + w) with high_pass, by the bilinear transform.

    Source: Zavalishin, The Art of VA Filter Design (2018), chapter 3.
    """

    words = ("rc filter", "smoother", "lag", "slew", "leaky integrator", "6 dB per octave")

    inputs = {"audio": _AUDIO, "cutoff": _CUTOFF}

    high_pass: bool = param(False, doc="Keep what lies above the cutoff instead.")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        return dsp.pass_sections(dsp.warped(controls["cutoff"], self.rate_hz(), dtype), 1, high=self.high_pass)

    def most_gain(self, given: Mapping[str, Range]) -> float:
        return 1.0

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [1]


class DcBlocker(RecursiveFilter):
    """Takes away what does not change, an offset of 0 Hz: a high-pass of one pole.

    Source: Zavalishin, The Art of VA Filter Design (2018), chapter 3.
    """

    words = ("dc block", "dc removal", "remove dc", "leakdc", "offset")

    inputs = {
        "audio": _AUDIO,
        "cutoff": cutoff_port("Where it is 3 dB down. Open: 10 Hz.", optional=True),
    }

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        cutoff = controls.get("cutoff", _DC_HZ)
        return dsp.pass_sections(dsp.warped(cutoff, self.rate_hz(), dtype), 1, high=True)

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [1]


class _Pass(RecursiveFilter):
    """Low- and high-pass of any order."""

    inputs = {"audio": _AUDIO, "cutoff": _CUTOFF, "q": _Q}

    order: int = param(2, ge=1, le=24, doc="6 dB an octave each.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        if self.order == 1 and "q" in signals:
            message = "a filter of order 1 has no resonance, {source} is given for it"
            raise Mismatch("E304", "q", message, "leave out `q`, or write `order: 2`")
        return super().infer(signals)

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [1] * (self.order % 2) + [2] * (self.order // 2)

    def most_gain(self, given: Mapping[str, Range]) -> float:
        q = float(np.max(given["q"].high)) if "q" in given else dsp.BUTTERWORTH_Q
        if q <= dsp.BUTTERWORTH_Q:
            return 1.0
        return q / math.sqrt(1.0 - 0.25 / (q * q)) if self.order == 2 else math.inf

    def _sections(self, controls: Mapping[str, Any], dtype: Any, *, high: bool) -> list[dsp.Section]:
        g = dsp.warped(controls["cutoff"], self.rate_hz(), dtype)
        scale = dsp.damping(controls["q"], dtype) * dsp.BUTTERWORTH_Q if "q" in controls else None
        return dsp.pass_sections(g, self.order, scale, high=high)


class Lowpass(_Pass):
    """Keeps what lies below the cutoff: order * 6 dB an octave, without `q` a Butterworth, flat as far as can be.

    `q` is the resonance of order 2; of a higher order all sections are as much sharper as 0.7071 would become q.

    Source: R. Bristow-Johnson, Audio EQ Cookbook; Zavalishin, The Art of VA Filter Design (2018), chapters 4 and 8.
    """

    words = ("lpf", "high cut", "hicut", "lopass", "butterworth", "lores", "vcf", "darker", "resonant filter")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        return self._sections(controls, dtype, high=False)


class Highpass(_Pass):
    """Keeps what lies above the cutoff: order * 6 dB an octave, without `q` a Butterworth, flat as far as can be.

    `q` is the resonance of order 2; of a higher order all sections are as much sharper as 0.7071 would become q.

    Source: R. Bristow-Johnson, Audio EQ Cookbook; Zavalishin, The Art of VA Filter Design (2018), chapters 4 and 8.
    """

    words = ("hpf", "low cut", "locut", "hipass", "butterworth", "rumble filter", "thinner")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        return self._sections(controls, dtype, high=True)


class _Second(RecursiveFilter):
    """One section of two states with a frequency and a Q."""

    inputs = {"audio": _AUDIO, "cutoff": _CENTRE, "q": _Q}

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [2]

    def most_gain(self, given: Mapping[str, Range]) -> float:
        return 1.0

    def _controls(self, controls: Mapping[str, Any], dtype: Any) -> tuple[Any, Any]:
        """g and k."""
        q = controls.get("q", dsp.BUTTERWORTH_Q)
        return dsp.warped(controls["cutoff"], self.rate_hz(), dtype), dsp.damping(q, dtype)


class Bandpass(_Second):
    """Keeps what lies around a frequency, where it leaves the level as it is; cutoff / q is 3 dB wide.

    Source: R. Bristow-Johnson, Audio EQ Cookbook (BPF with constant 0 dB peak gain).
    """

    words = ("bpf", "resonator", "reson", "wah", "telephone")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        g, k = self._controls(controls, dtype)
        return [dsp.Section(g, k, 0.0, k, 0.0)]


class Notch(_Second):
    """Takes away what lies around a frequency; cutoff / q is 3 dB wide.

    Source: R. Bristow-Johnson, Audio EQ Cookbook.
    """

    words = ("band stop", "band reject", "hum filter", "bsf", "remove hum")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        g, k = self._controls(controls, dtype)
        return [dsp.Section(g, k, 1.0, -k, 0.0)]


class Allpass(_Second):
    """Turns the phase and leaves every level as it is: by 180 degrees at the frequency, of order 1 by 90.

    Source: R. Bristow-Johnson, Audio EQ Cookbook; Zavalishin, The Art of VA Filter Design (2018), chapter 10.
    """

    words = ("phase shift", "phase shifter", "dispersion", "apf")

    order: int = param(2, ge=1, le=2, doc="2 goes through 360 degrees, 1 through 180.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        if self.order == 1 and "q" in signals:
            message = "an all-pass of order 1 has no Q, {source} is given for it"
            raise Mismatch("E304", "q", message, "leave out `q`, or write `order: 2`")
        return super().infer(signals)

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        g, k = self._controls(controls, dtype)
        return [dsp.Section(g, None, -1.0, 0.0, 2.0)] if self.order == 1 else [dsp.Section(g, k, 1.0, -2.0 * k, 0.0)]

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [self.order]


class Svf(_Second):
    """A state variable filter: low, band and high at once, from one pair of states, which may be swept at audio rate.

    low + band / resonance + high is the input. The band peaks at `resonance` times the input.

    Source: A. Simper, "Solving the continuous SVF equations using trapezoidal integration" (Cytomic, 2013).
    """

    words = ("state variable filter", "chamberlin", "multimode filter", "filter sweep", "acid", "auto wah")

    inputs = {
        "audio": _AUDIO,
        "cutoff": _CENTRE,
        "resonance": cutoff_port(f"{_Q_DOC} Open: 0.7071.", Unit.ANY, optional=True),
    }
    outputs = {
        "low": audio(doc="Below the cutoff.", shares="unit"),
        "band": audio(doc="Around it.", shares="unit"),
        "high": audio(doc="Above it.", shares="unit"),
    }

    def kernel(self, audio: Any, **controls: Any) -> Any:
        return self._values(controls, audio, None)[0]

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return self.silent_state(signals, block)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        controls = {name: x for name, x in inputs.items() if name != "audio"}
        values, last = self._values(controls, inputs["audio"], state["last"])
        return {"last": last}, values

    def _values(self, controls: Mapping[str, Any], x: Any, state: Any) -> tuple[dict[str, Any], Any]:
        g = dsp.warped(controls["cutoff"], self.rate_hz())
        k = dsp.damping(controls.get("resonance", dsp.BUTTERWORTH_Q))
        (band, low), last = dsp.moving_values(g, k, x, state)
        return {"low": low, "band": band, "high": x - k * band - low}, last
