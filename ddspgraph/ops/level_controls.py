"""What all dynamics share: controls and their ranges, detectors, linked channels, keys and lookahead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Bounded, Range, Way
from ddspgraph.ir.op import Advice, Op, from_clock, held, param
from ddspgraph.ir.ports import Mismatch, Port, audio
from ddspgraph.ir.streaming import Block, has_time, items_of, past_shape
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.lazy import np, tf
from ddspgraph.ops.clocked import from_graph

#: A lookahead of half a second; what is longer is a mistake in the unit.
LONGEST_MS = 500.0
#: The window of an RMS detector where none is written.
_WINDOW_S = 0.01
#: The longest hold.
LONGEST_HOLD_S = 60.0
#: Between which numbers each control is kept.
_RANGES: Mapping[str, tuple[float, float]] = {
    **{"threshold": (-120.0, 60.0), "ceiling": (-120.0, 60.0), "makeup": (-60.0, 60.0), "ratio": (1.0, 1000.0)},
    **{"knee": (0.0, 60.0), "hysteresis": (0.0, 60.0), "range": (0.0, 120.0), "hold": (0.0, LONGEST_HOLD_S)},
    **dict.fromkeys(("attack", "release", "window"), (0.0, math.inf)),
}
#: Passes over the samples of `dsp.ballistics`: some ten turns of eleven, and a scan.
_BALLISTICS_PASSES = 140


def control(unit: Unit, doc: str, *, optional: bool = False) -> Port:
    """A control: a constant, or of frame or audio rate, which is followed sample by sample."""
    return audio(unit=unit, doc=doc, optional=optional, broadcast=True)


def attack_port(way: str) -> Port:
    return control(Unit.SECONDS, f"Time constant {way}: 63 % of the way. 0 is at once; may move at any rate.")


class Dynamic(Op):
    """What follows a level."""

    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def coefficient(self, time_s: Any) -> Any:
        """A time constant as the share of the way that is gone in a sample."""
        return dsp.approach(time_s, from_graph(self, "sample_rate"))

    def power(self, x: Any, controls: Mapping[str, Any], state: Any) -> tuple[Any, Any]:
        """The mean square of an RMS detector over `window`, and its state."""
        return dsp.mean_square(x, self.coefficient(controls.get("window", [[_WINDOW_S]])), state)

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W125 where a control is out of its range."""
        found = []
        for name, numbers in values.items():
            low, high = _RANGES.get(name, (-math.inf, math.inf))
            faulty = next((x for x in numbers if not low <= x <= high), None)
            if faulty is not None:
                unit = self.inputs[name].unit
                written = "" if unit is Unit.ANY else f" {unit}"
                nearest = f"{min(max(faulty, low), high):g}{written}"
                message = f"the {name} of {faulty:g}{written} is taken for {nearest}, the nearest that there is"
                found.append(Advice("W125", message, name, f"write {nearest}"))
        return found

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (_BALLISTICS_PASSES * costs.PASS + 3 * costs.FUNCTION) * math.prod(shapes["audio"])

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 12 * math.prod(shapes["audio"])


def detector_param() -> Any:
    return param(
        "peak", choices=("peak", "rms"), doc="peak: each sample's level; rms: that of a mean square over `window`."
    )


WINDOW = control(Unit.SECONDS, "Time constant of the mean square of `detector: rms`. Open: 10 ms.", optional=True)


class Linked(Dynamic):
    """A gain for a sound, by its own level or that of another one, the key.

    With `link`, the loudest channel decides for all, so that the image stays where it is; without, each its own.
    """

    link: bool = param(True, doc="One gain for all channels, that of the loudest; false: each channel its own.")
    wide: tuple[str, ...] = held(())  # the sounds that have an axis of channels, once the types are known

    outputs = {
        "signal": audio(doc="The sound with the gain.", shares="unit"),
        "gain": audio(unit=Unit.DB, doc="What the level has done, 0 or less, without `makeup`."),
    }

    def settled(self, signals: Mapping[str, Signal]) -> Op:
        wide = tuple(name for name in ("audio", "key") if name in signals and signals[name].rank == 3)
        if not self.link or not wide:
            return self
        for name, signal in signals.items():
            if name not in wide and signal.rank == 3 and signal.rate is not Rate.CONST and signal.dims[2] != Dim.of(1):
                message = f"one gain for all channels has one {name}, {{source}} has {signal.dims[2]} channels"
                raise Mismatch("E425", name, message, "write `link: false`, which gives each channel its own gain")
        return replace(self, wide=wide)

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        return {name: _with_channels(port, name) if name in self.wide else port for name, port in self.inputs.items()}

    def output_ports(self) -> Mapping[str, Port]:
        signal = self.outputs["signal"]
        return {**self.outputs, "signal": _with_channels(signal, "audio") if "audio" in self.wide else signal}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        """Nothing is made louder than by the makeup, whatever the key does."""
        if "audio" not in looped or any(name not in ("audio", "key") for name in looped):
            return {}
        most = float(10.0 ** (np.max(given["makeup"].high) / 20.0)) if "makeup" in given else 1.0
        return {("audio", "signal"): Bounded(most, most)} if math.isfinite(most) else {}

    def applied(self, audio: Any, gain: Any, makeup: Any) -> Mapping[str, Any]:
        factor = dsp.gain_of_db(gain if makeup is None else gain + dsp.clipped(makeup, -dsp.LOUDEST_DB, dsp.LOUDEST_DB))
        return {"signal": audio * (tf.expand_dims(factor, 2) if len(audio.shape) == 3 else factor), "gain": gain}


class LevelControl(Linked):
    """A gain that a detector and ballistics make."""

    detector: str = detector_param()
    lookahead: float = param(
        0.0, unit=Unit.MILLISECONDS, ge=0, le=LONGEST_MS, doc="How early the gain reacts; a stream is as much later."
    )

    def wanted(self, level: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """What the gain is after, by the level in dB, and state of its own."""
        raise TypeError(f"{type(self).__name__} declares no target")

    def speeds(self, controls: Mapping[str, Any]) -> tuple[Any, Any]:
        """The coefficients on the way down and up."""
        return self.coefficient(controls["release"]), self.coefficient(controls["attack"])

    def in_db(self, g: Any, controls: Mapping[str, Any]) -> Any:
        """What was smoothed, as a gain."""
        return g

    def kernel(self, audio: Any, key: Any = None, **controls: Any) -> Mapping[str, Any]:
        _, gain = self._gain(audio if key is None else key, controls, {})
        ahead = self._ahead
        if ahead:  # after the end it stays
            gain = tf.concat([gain[:, ahead:], tf.tile(gain[:, -1:], [1, ahead])], axis=1)[:, : dsp.size_of(gain, 1)]
        return self.applied(audio, gain, controls.get("makeup"))

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return self._ahead

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        zero = dsp.silence([items_of(signals.values(), block.batch), 1])
        state = {"gain": zero} | ({"power": zero} if self.detector == "rms" else {})
        late = [name for name in ("audio", "makeup") if name in signals and has_time(signals[name])]
        return state | {name: dsp.silence(past_shape(signals[name], self._ahead, block.batch)) for name in late}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        controls = {name: x for name, x in inputs.items() if name not in ("audio", "key")}
        after, gain = self._gain(inputs.get("key", inputs["audio"]), controls, state)
        late = {}
        for name in ("audio", "makeup"):
            if name in state:
                late[name], after[name] = dsp.delayed(state[name], inputs[name])
        return after, self.applied(late["audio"], gain, late.get("makeup", inputs.get("makeup")))

    @property
    def _ahead(self) -> int:
        """The lookahead in samples."""
        return samples_of(self.lookahead, self.sample_rate)

    def _gain(self, x: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """The state after the last sample, and the gain in dB of what a sound [batch, samples, channels?] is."""
        after = {}
        is_wide = len(x.shape) == 3
        if self.detector == "rms":
            square = tf.reduce_max(x * x, axis=2) if is_wide else x * x
            power, after["power"] = self.power(square, controls, state.get("power"))
            level = dsp.power_level(power)
        else:
            level = dsp.amplitude_level(tf.reduce_max(tf.abs(x), axis=2) if is_wide else x)
        target, own = self.wanted(level, controls, state)
        down, up = self.speeds(controls)
        g, after["gain"] = dsp.ballistics(target, down, up, state.get("gain"))
        return after | own, self.in_db(g, controls)


def samples_of(lookahead_ms: float, sample_rate: float | None) -> int:
    return round(lookahead_ms * (sample_rate or 0.0) / 1000.0)


def _with_channels(port: Port, name: str) -> Port:
    return replace(port, dims=(*(port.dims or ()), Dim.of(f"{name}_channels")))
