"""Scalings: raw network outputs to amplitudes and frequencies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Range, Sector, Way
from ddspgraph.ir.op import Op, Traits, param
from ddspgraph.ir.ports import Mismatch, anything, same_as
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.lazy import np
from ddspgraph.ops.units import check_range


class ExpSigmoid(Op):
    """A sigmoid on a logarithmic scale, for amplitudes.

    y = max_value * sigmoid(x) ** ln(exponent) + threshold: positive, about 1/5 of max_value at x = 0, and close
    to exponential below, as loudness is.

    Source: Engel, Hantrakul, Gu and Roberts, "DDSP: Differentiable Digital Signal Processing", ICLR 2020,
    appendix B.5.
    """

    words = ("amplitude scaling", "scale amplitudes", "nonlinearity", "positive")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"x": anything(unit=Unit.RAW, doc="An unscaled network output.")}
    outputs = {"signal": same_as("x", unit=Unit.LINEAR, doc="threshold to max_value + threshold")}

    exponent: float = param(10.0, gt=0, doc="Steepness: the power of the sigmoid is ln(exponent).")
    max_value: float = param(2.0, unit=Unit.LINEAR, doc="What large x come to.")
    threshold: float = param(1e-7, unit=Unit.LINEAR, ge=0, doc="What small x come to: its logarithm exists.")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return math.prod(shapes["x"])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return costs.scaling(self.name, math.prod(shapes["x"]))

    def kernel(self, x: Any) -> Any:
        return dsp.exp_sigmoid(x, self.exponent, self.max_value, self.threshold)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        power = math.log(self.exponent)
        if self.exponent < 1.0 or self.max_value < 0.0:
            return {}
        scaled = given["x"].rising(lambda x: self.max_value * np.exp(-power * np.logaddexp(0.0, -x)))
        return {"signal": scaled + Range.of(self.threshold)}


class SymExpSigmoid(Op):
    """An exp_sigmoid that is even in x: nearly 0 at 0, and nearly 2 far from it.

    y = exp_sigmoid(width * (|x| / 2 - 1))

    Source: elementary (exp_sigmoid of the distance from 0).
    """

    words = ("symmetric exp_sigmoid", "amplitude scaling")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"x": anything(unit=Unit.RAW, doc="An unscaled network output.")}
    outputs = {"signal": same_as("x", unit=Unit.LINEAR, doc="0 to 2")}

    width: float = param(8.0, gt=0, doc="How sharp the valley around 0 is.")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return math.prod(shapes["x"])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return costs.scaling(self.name, math.prod(shapes["x"]))

    def kernel(self, x: Any) -> Any:
        return dsp.sym_exp_sigmoid(x, self.width)


class Sigmoid(Op):
    """The logistic function: y = 1 / (1 + exp(-x)).

    Source: elementary.
    """

    words = ("logistic", "squash", "nonlinearity", "activation")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"x": anything(doc="Any number.")}
    outputs = {"signal": same_as("x", unit=Unit.LINEAR, doc="0 to 1")}

    def kernel(self, x: Any) -> Any:
        return dsp.sigmoid(x)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["x"].rising(lambda x: 1.0 / (1.0 + np.exp(-x)))}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("x", "signal"): Sector(0.0, 0.25, is_curve=True)}  # its slope


class Tanh(Op):
    """The hyperbolic tangent, also a soft clipper of audio: y = tanh(x).

    Source: elementary.
    """

    words = (
        "distortion", "overdrive", "saturation", "saturate", "soft clip", "clipper", "clip", "drive",
        "fuzz", "waveshaper", "waveshaping", "shaper", "hyperbolic tangent", "activation",
    )  # fmt: skip

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"x": anything(doc="Any number.")}
    outputs = {"signal": same_as("x", unit=Unit.LINEAR, doc="-1 to 1")}

    def kernel(self, x: Any) -> Any:
        return dsp.tanh(x)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["x"].rising(np.tanh)}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("x", "signal"): Sector(0.0, 1.0, is_curve=True)}  # its slope


class Softplus(Op):
    """A smooth ramp: y = ln(1 + exp(x)).

    Source: elementary.
    """

    words = ("relu (smooth)", "rectifier (smooth)", "soft ramp", "positive", "activation")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"x": anything(doc="Any number.")}
    outputs = {"signal": same_as("x", unit=Unit.LINEAR, doc="0 and above")}

    def kernel(self, x: Any) -> Any:
        return dsp.softplus(x)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["x"].rising(lambda x: np.logaddexp(0.0, x))}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("x", "signal"): Sector(0.0, 1.0)}  # its slope


class _Frequencies(Op):
    """Raw channels to frequencies: each takes `depth` neighbouring channels."""

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"freqs": anything(unit=Unit.RAW, doc="[batch, time, n * depth]")}
    outputs = {"signal": same_as("freqs", unit=Unit.HZ, doc="[batch, time, n]")}

    depth: int = param(1, ge=1, doc="Channels for each frequency.")
    hz_min: float = param(20.0, unit=Unit.HZ, ge=0, doc="Lower end; 0 counts as MIDI note 0, 8.18 Hz.")
    hz_max: float = param(8000.0, unit=Unit.HZ, gt=0, doc="Upper end.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        check_range("freqs", "hz_min", self.hz_min, "hz_max", self.hz_max)
        freqs = signals["freqs"]
        if freqs.rank != (2 if freqs.rate is Rate.CONST else 3):
            raise Mismatch(
                "E413",
                "freqs",
                f"port 'freqs' wants [batch, time, channels], {{source}} is {freqs.shape_text}",
            )
        channels = freqs.dims[-1]
        n_frequencies = channels.divided(self.depth) if channels.is_static else Dim.of("n_frequencies")
        if n_frequencies is None:
            n_nearest = max(1, round(channels.offset / self.depth))
            raise Mismatch(
                "E414",
                "freqs",
                f"{{source}} has {channels} channels, no multiple of depth {self.depth}",
                f"the nearest is {n_nearest * self.depth} channels, for {n_nearest} frequencies",
            )
        return {"signal": Signal((*freqs.dims[:-1], n_frequencies), freqs.rate, Unit.HZ)}

    def kernel(self, freqs: Any) -> Any:
        # The functions share the last axis out only where there are three; a constant has two.
        return self.to_hz(freqs) if len(freqs.shape) != 2 else self.to_hz(freqs[:, None])[:, 0]

    def to_hz(self, freqs: Any) -> Any:
        """[batch, time, n * depth] -> [batch, time, n] in Hz."""
        raise TypeError(f"{type(self).__name__} declares no to_hz")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return math.prod(shapes["freqs"]) * 3 // 2

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 4 * costs.FUNCTION * math.prod(shapes["freqs"])


class FrequenciesSoftmax(_Frequencies):
    """The mean of `depth` fixed pitches, weighted by a softmax: f = sum over d of softmax(x)[d] * b[d].

    The bins b go from hz_min to hz_max in equal steps of pitch.

    Source: elementary (expectation of a categorical distribution).
    """

    words = ("frequency scaling", "pitch from logits", "softmax to Hz")

    def to_hz(self, freqs: Any) -> Any:
        return dsp.frequencies_softmax(freqs, self.depth, self.hz_min, self.hz_max)


class FrequenciesSigmoid(_Frequencies):
    """A sum of `depth` sigmoids in pitch, from coarse to fine.

    f = sum over d of unit_to_hz(sigmoid(x[d]), ...): each sigmoid but the last covers the share 1 - 1 / s,
    s = (hz_max - hz_min) ** (1 / depth), of the range that those before left; the last one starts at hz_min.

    Source: elementary (residual coding of a pitch).
    """

    words = ("frequency scaling", "pitch from logits", "sigmoid to Hz")

    hz_min: float = param(0.0, unit=Unit.HZ, ge=0, doc="Lower end; 0 counts as MIDI note 0, 8.18 Hz.")

    def to_hz(self, freqs: Any) -> Any:
        return dsp.frequencies_sigmoid(freqs, self.depth, self.hz_min, self.hz_max)


class FrequenciesCriticalBands(_Frequencies):
    """Frequencies that each move about a centre c, by up to a critical bandwidth.

    f = soft_limit(c + bandwidth_scale * erb(c) * sum over d of tanh(x[d]) / depth_scale ** d) to hz_min ...
    hz_max, with centres c equally spaced on the bark or mel scale.

    Source: Glasberg and Moore, Hearing Research 47 (1990), equation 3, for erb(c).
    """

    words = ("frequency scaling", "bark bands", "critical bandwidth", "detune")

    depth_scale: float = param(10.0, gt=0, doc="Ratio of one fineness to the next.")
    bandwidth_scale: float = param(1.0, ge=0, doc="Factor of the bandwidths.")
    scale: str = param("bark", choices=["bark", "mel"], doc="The scale that the centres divide equally.")

    def to_hz(self, freqs: Any) -> Any:
        return dsp.frequencies_critical_bands(
            freqs, self.depth, self.depth_scale, self.bandwidth_scale, self.hz_min, self.hz_max, self.scale
        )
