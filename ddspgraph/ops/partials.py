"""Harmonic sets and free sinusoids, and the way between them, at frame rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.op import Op, Traits, from_clock, param
from ddspgraph.ir.ports import Port, frame
from ddspgraph.ir.types import Unit

#: What magenta/ddsp assumes when nobody says otherwise; only met outside of a graph.
_DEFAULT_SAMPLE_RATE = 16_000


class HarmonicToSinusoidal(Op):
    """The sinusoids that a harmonic set consists of: f[k] = k * f0_hz, a[k] = harm_amp * d[k] / sum of d.

    The distribution d is harm_dist without the harmonics at and above half of the sample rate.

    Source: elementary (definition of a harmonic).
    """

    words = ("harmonics to partials",)

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {
        "harm_amp": frame(1, unit=Unit.LINEAR, doc="Amplitude of the whole set."),
        "harm_dist": frame("n_harmonics", unit=Unit.LINEAR, doc="Its distribution over the harmonics."),
        "f0_hz": frame(1, unit=Unit.HZ, doc="Fundamental frequency."),
    }
    outputs = {
        "sin_amps": frame("n_harmonics", unit=Unit.LINEAR, doc="Amplitude of each sinusoid."),
        "sin_freqs": frame("n_harmonics", unit=Unit.HZ, doc="Frequency of each sinusoid."),
    }

    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 2 * math.prod(shapes["harm_dist"])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 10 * costs.PASS * math.prod(shapes["harm_dist"])

    def kernel(self, harm_amp: Any, harm_dist: Any, f0_hz: Any) -> Any:
        rate_hz = self.sample_rate or _DEFAULT_SAMPLE_RATE
        sin_amps, sin_freqs = dsp.harmonic_to_sinusoidal(harm_amp, harm_dist, f0_hz, rate_hz)
        return {"sin_amps": sin_amps, "sin_freqs": sin_freqs}


class SinusoidalToHarmonic(Op):
    """The harmonic set that sinusoids come nearest to: each harmonic gathers the sinusoids near it.

    A sinusoid at f counts for harmonic k with the weight exp(-((f / f0_hz - k) / harmonic_width) ** 2);
    harmonics at and above half of the sample rate are 0, and harm_dist sums to 1.

    Source: Engel, Swavely, Hantrakul, Roberts and Hawthorne, "Self-supervised Pitch Detection by Inverse Audio
    Synthesis", ICML 2020 workshop, section 2 (sinusoids to harmonics).
    """

    words = ("partials to harmonics", "pitch of partials")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {
        "sin_amps": frame("n_sinusoids", unit=Unit.LINEAR, doc="Amplitude of each sinusoid."),
        "sin_freqs": frame("n_sinusoids", unit=Unit.HZ, doc="Frequency of each sinusoid."),
        "f0_hz": frame(1, unit=Unit.HZ, doc="Fundamental frequency of the set."),
    }
    outputs = {
        "harm_amp": frame(1, unit=Unit.LINEAR, doc="Amplitude of the whole set."),
        "harm_dist": frame("n_harmonics", unit=Unit.LINEAR, doc="Its distribution, of sum 1."),
    }

    harmonic_width: float = param(0.1, gt=0, doc="Width of the Gaussian, in units of the fundamental.")
    n_harmonics: int = param(100, ge=1, doc="Number of harmonics.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    normalize: bool = param(False, doc="Divide by the sum of a harmonic's weights where it exceeds 1.")

    def output_ports(self) -> Mapping[str, Port]:
        return {
            **self.outputs,
            "harm_dist": frame(self.n_harmonics, unit=Unit.LINEAR, doc=self.outputs["harm_dist"].doc),
        }

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, frames, sinusoids = shapes["sin_freqs"]
        return batch * frames * sinusoids * self.n_harmonics

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        # Distance, square, exponential, weight and sum of every pair of a sinusoid and a harmonic.
        pairs = math.prod(shapes["sin_freqs"]) * self.n_harmonics
        return pairs * (costs.FUNCTION + (7 if self.normalize else 5) * costs.PASS)

    def kernel(self, sin_amps: Any, sin_freqs: Any, f0_hz: Any) -> Any:
        rate_hz = self.sample_rate or _DEFAULT_SAMPLE_RATE
        harm_amp, harm_dist = dsp.sinusoidal_to_harmonic(
            sin_amps, sin_freqs, f0_hz, self.harmonic_width, self.n_harmonics, rate_hz, self.normalize
        )
        return {"harm_amp": harm_amp, "harm_dist": harm_dist}
