"""Mixing: sums, products, gains and crossfades."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Linear, Range, Unreached, Way, product, scaled
from ddspgraph.ir.op import Op, Traits, param
from ddspgraph.ir.ports import Mismatch, Port, anything, same_as
from ddspgraph.ir.shapes import as_channels, broadcast
from ddspgraph.ir.streaming import Block, has_time, past_shape
from ddspgraph.ir.types import Rate, Signal, Unit
from ddspgraph.lazy import np


class _Elementwise(Op):
    """Signals of one shape, sample by sample. Shorter axes of size 1 are repeated."""

    traits = Traits.PURE | Traits.POINTWISE

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        (first, result), *others = signals.items()
        for name, signal in others:
            result = Signal(broadcast(first, result, name, signal), max(result.rate, signal.rate))
        return {"signal": result, **{name: signals[name] for name in self.inputs}}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        n_inputs = sum(not name.startswith("->") for name in shapes)
        return (n_inputs - 1) * super().multiply_adds(shapes)

    def kernel(self, *signals: Any) -> Any:
        result = functools.reduce(self._combined, signals)
        return {"signal": result, **dict(zip(self.inputs, signals, strict=False))}

    def _combined(self, one: Any, two: Any) -> Any:
        if len(one.shape) < len(two.shape):
            return self.combine(dsp.match_rank(one, two), two)
        return self.combine(one, dsp.match_rank(two, one))

    def combine(self, one: Any, two: Any) -> Any:
        """Two tensors of equal rank to one."""
        raise TypeError(f"{type(self).__name__} declares no combine")

    def _passed(self, port: str) -> dict[tuple[str, str], Way]:
        """How an input reaches the outputs that are inputs."""
        return {(port, name): Linear.gain(1.0) if name == port else Unreached() for name in self.inputs}


def _inputs(**how: Any) -> dict[str, Port]:
    return {
        "signal_one": anything(doc="Any shape and rate; slower signals are brought to the rate of the fastest.", **how),
        "signal_two": anything(doc="The shape of signal_one, or 1 along some axes.", **how),
    }


_OUTPUTS = {
    "signal": same_as("signal_one", doc="The largest of the shapes.", shares="unit"),
    "signal_one": same_as("signal_one", doc="The input, at the rate of the result.", shares="unit"),
    "signal_two": same_as("signal_two", doc="The input, at the rate of the result.", shares="unit"),
}


class Add(_Elementwise):
    """The sum of two or more signals of one unit: y = signal_one + signal_two + input_3 + ...

    Source: elementary.
    """

    words = ("sum", "plus", "mixer", "offset", "bias", "+")

    inputs = _inputs(shares="unit")
    variadic = anything(doc="The same.", shares="unit")
    outputs = _OUTPUTS

    def combine(self, one: Any, two: Any) -> Any:
        return one + two

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {**given, "signal": sum(given.values(), Range.of(0.0))}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        found: dict[tuple[str, str], Way] = {}
        for port in looped:
            found |= {(port, "signal"): Linear.gain(1.0), **self._passed(port)}
        return found


class Multiply(_Elementwise):
    """The product of signals, as in ring modulation and tremolo: y = signal_one * signal_two * input_3 * ...

    One of them may have a unit, which the result keeps; the others are linear factors.

    Source: elementary.
    """

    words = (
        "mul", "times", "product", "ring modulation", "ring modulator", "ringmod", "tremolo", "vca", "am",
        "amplitude modulation", "modulate", "envelope (applied to a sound)", "*",
    )  # fmt: skip

    inputs = _inputs(shares="unit", scales=True)
    variadic = anything(doc="The same.", shares="unit", scales=True)
    outputs = {"signal": _OUTPUTS["signal"], **{name: same_as(name, doc=_OUTPUTS[name].doc) for name in inputs}}

    def combine(self, one: Any, two: Any) -> Any:
        return one * two

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {**given, "signal": product([*given.values()])}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        """One factor carries the loop, and the others are gains between bounds, wherever they come from."""
        found: dict[tuple[str, str], Way] = {}
        factors = {port: product([r for name, r in given.items() if name != port]) for port in looped}
        carrier = next((port for port, factor in factors.items() if factor.is_bounded), None)
        for port in looped:
            found |= self._passed(port)
            if carrier is not None:
                found[port, "signal"] = scaled(factors[port]) if port == carrier else Unreached()
        return found


class Gain(Op):
    """Makes a signal louder or softer by decibels: y = audio * 10 ** (gain / 20).

    Source: elementary (definition of the decibel).
    """

    words = ("volume", "level", "amp", "amplify", "attenuate", "trim", "vca", "fader", "db")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {
        "audio": anything(doc="Audio with or without channels; any other signal too."),
        "gain": anything(unit=Unit.DB, doc="One for all channels, or one for each, at any rate."),
    }
    outputs = {"signal": same_as("audio")}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        audio, gain = signals["audio"], signals["gain"]
        dims = broadcast("audio", audio, "gain", as_channels(gain, audio))
        return {"signal": Signal(dims, max(audio.rate, gain.rate), audio.unit)}

    def kernel(self, audio: Any, gain: Any) -> Any:
        factor = dsp.db_to_amplitude(gain)
        if _has_last_axis(gain, audio):
            audio = dsp.match_rank(audio, factor)
        return audio * dsp.match_rank(factor, audio)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["audio"] * _factor(given["gain"])}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("audio", "signal"): scaled(_factor(given["gain"]))} if list(looped) == ["audio"] else {}


def _factor(gain: Range) -> Range:
    return gain.rising(lambda db: 10.0 ** (db / 20.0))


def _has_last_axis(gain: Any, audio: Any) -> bool:
    """Whether a gain has channels that the audio has not: then it gets them."""
    return len(gain.shape) > len(audio.shape) and (gain.shape[-1] or 1) > 1


class Mix(Op):
    """A crossfade of two signals of constant power: y = sqrt(m) * signal_one + sqrt(1 - m) * signal_two.

    The level is m = sigmoid(nn_out_mix_level), computed at the level's own rate. The law `ddsp` is the curve
    of magenta/ddsp 3.7.0, sqrt(m) and 1 - sqrt(1 - m): silence at m = 0, the plain sum at m = 1.

    Source: elementary (the two powers m and 1 - m sum to 1).
    """

    words = ("crossfade", "xfade", "blend", "fade", "wet dry", "dry wet", "pan", "lerp", "mixer")

    inputs = {
        "signal_one": Port(None, Rate.AUDIO, doc="Heard alone at m = 1.", shares="unit"),
        "signal_two": Port(None, Rate.AUDIO, doc="Heard alone at m = 0.", shares="unit"),
        "nn_out_mix_level": anything(unit=Unit.RAW, doc="[batch], [batch, frames, 1] or [batch, samples]"),
    }
    outputs = {
        "signal": same_as("signal_one", shares="unit"),
        "signal_one": same_as("signal_one", shares="unit"),
        "signal_two": same_as("signal_two", shares="unit"),
        "mix_level": Port(None, doc="m; at audio rate, unless it is a constant."),
    }

    law: str = param("constant_power", choices=["constant_power", "ddsp"], doc="The two gains as functions of m.")
    scale_fn: str | None = param("sigmoid", choices=["sigmoid"], doc="Scaling of the level; null: it is m itself.")

    def input_ports(self, given: Any = ()) -> Mapping[str, Port]:
        if self.scale_fn is not None:
            return self.inputs
        return {**self.inputs, "nn_out_mix_level": anything(unit=Unit.LINEAR, doc="m, 0 to 1")}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        one, two, level = (signals[name] for name in self.inputs)
        dims = broadcast("signal_one", one, "signal_two", two)
        if level.rate is Rate.CONST:
            if level.rank != 1:
                raise Mismatch(
                    "E413",
                    "nn_out_mix_level",
                    f"the level is one number for all channels, {{source}} is {level.shape_text}",
                )
            mix_level = Signal(level.dims, Rate.CONST, Unit.LINEAR)
        else:
            # Frames become samples in the kernel, after the scaling, as in magenta/ddsp.
            samples = dims[1] if level.rate is Rate.FRAME else level.dims[1]
            mix_level = Signal((level.dims[0], samples, *level.dims[2:]), Rate.AUDIO, Unit.LINEAR)
            both = Signal(dims, Rate.AUDIO)
            dims = broadcast("signal", both, "nn_out_mix_level", as_channels(mix_level, both))
        return {"signal": Signal(dims, Rate.AUDIO), "signal_one": one, "signal_two": two, "mix_level": mix_level}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        level = given["nn_out_mix_level"]
        if "nn_out_mix_level" in looped:
            return {}
        m = level.rising(lambda x: 1.0 / (1.0 + np.exp(-x))) if self.scale_fn else level
        one = m.rising(lambda m: np.sqrt(np.maximum(m, 0.0)))
        rest = Range(1.0 - m.high, 1.0 - m.low).rising(lambda m: np.sqrt(np.maximum(m, 0.0)))
        two = Range(1.0 - rest.high, 1.0 - rest.low) if self.law == "ddsp" else rest
        found: dict[tuple[str, str], Way] = {}
        for port, factor in (("signal_one", one), ("signal_two", two)):
            if port in looped:
                found[port, "signal"] = scaled(factor)
                for name in ("signal_one", "signal_two", "mix_level"):
                    found[port, name] = Linear.gain(1.0) if name == port else Unreached()
        return found

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["-> signal"][:2]
        return batch * samples  # the gains, of a level that moves

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        passes = 12 if len(shapes["-> mix_level"]) > 1 else 4  # a level that moves has a gain for every sample
        return passes * costs.PASS * math.prod(shapes["-> signal"])

    def kernel(self, signal_one: Any, signal_two: Any, nn_out_mix_level: Any) -> Any:
        level = dsp.scaling(self.scale_fn)(nn_out_mix_level)
        mix_level = level if len(level.shape) < 2 else dsp.stretch_to(level, signal_one)
        return self._mixed(signal_one, signal_two, mix_level)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return hop_samples if _is_frames(signals) else 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        if not _is_frames(signals):
            return {}
        lengths = {"signal_one": block.hop_samples, "signal_two": block.hop_samples, "nn_out_mix_level": 1}
        return {name: dsp.silence(past_shape(signals[name], n, block.batch)) for name, n in lengths.items()}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        level = dsp.scaling(self.scale_fn)(inputs["nn_out_mix_level"])
        if "nn_out_mix_level" not in state:
            return {}, self._mixed(inputs["signal_one"], inputs["signal_two"], level)
        # The line to the next frame: the level and both signals lag a hop.
        how = (block.first_frame, block.hop_samples, "linear", (0, 1))
        after, late = {}, {}
        mix_level, after["nn_out_mix_level"] = dsp.resample_stream(state["nn_out_mix_level"], level, *how)
        for name in ("signal_one", "signal_two"):
            late[name], after[name] = dsp.delayed(state[name], inputs[name])
        return after, self._mixed(late["signal_one"], late["signal_two"], mix_level)

    def _mixed(self, signal_one: Any, signal_two: Any, mix_level: Any) -> Mapping[str, Any]:
        m = dsp.match_rank(mix_level, signal_one)
        gain_one, gain_two = dsp.safe_sqrt(m), dsp.safe_sqrt(1.0 - m)
        if self.law == "ddsp":
            gain_two = 1.0 - gain_two
        mixed = gain_one * signal_one + gain_two * signal_two
        return {"signal": mixed, "signal_one": signal_one, "signal_two": signal_two, "mix_level": mix_level}


def _is_frames(signals: Mapping[str, Signal]) -> bool:
    """Whether the level is of frames, which become samples in the kernel."""
    return signals["nn_out_mix_level"].rate is Rate.FRAME and has_time(signals["nn_out_mix_level"])
