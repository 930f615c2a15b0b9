"""Delays that are read between samples and may move: one, or many taps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Bounded, Linear, Range, Way
from ddspgraph.ir.op import Advice, Op, from_clock, param
from ddspgraph.ir.ports import audio, const
from ddspgraph.ir.streaming import Block, items_of
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np, tf
from ddspgraph.ops.clocked import from_graph

#: A delay line of a minute; what is longer is a mistake in the unit.
_LONGEST_MS = 60_000.0
#: What an interpolator can make of a peak, whatever the delay: the sum of the sizes of its weights.
_MOST = {"none": 1.0, "linear": 1.0, "lagrange3": 1.25}


class DelayLine(Op):
    """What reads a line of past samples."""

    longest: float = param(
        1_000.0, unit=Unit.MILLISECONDS, gt=0, le=_LONGEST_MS, doc="The line: what is longer is taken for it."
    )
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    @property
    def longest_samples(self) -> float:
        return self.longest * from_graph(self, "sample_rate") / 1000.0

    def samples_of(self, time_s: Any, shortest: float = 0.0) -> Any:
        """Seconds in samples, float64, within the line."""
        samples = tf.cast(time_s, tf.float64) * float(self.sample_rate or 0.0)
        return dsp.clipped(samples, shortest, max(self.longest_samples, shortest))

    def no_past(self, batch: Any) -> Any:
        return dsp.silence([batch, dsp.line_of_delays(self.longest_samples)])

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"line": self.no_past(items_of([signals["audio"]], block.batch))}

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return math.ceil(self.longest_samples)

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W126 where a delay is not in its line."""
        found = []
        for name, port in self.inputs.items():
            known = values.get(name, ()) if port.unit is Unit.SECONDS else ()
            faulty = next((x for x in known if not 0.0 <= x <= self.longest / 1000.0), None)
            if faulty is not None:
                message = f"{faulty:g} s is taken for the nearest delay of the line, 0 s to {self.longest / 1000.0:g} s"
                hint = f"write `longest: {math.ceil(faulty * 1000.0)} ms`" if faulty > 0.0 else "write 0 s or more"
                found.append(Advice("W126", message, name, hint))
        return found

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 12 * math.prod(shapes["-> signal"])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 4 * (costs.GATHER + 4 * costs.PASS) * math.prod(shapes["-> signal"])


def interpolation_param(choices: Sequence[str], doc: str) -> Any:
    return param("lagrange3", choices=tuple(choices), doc=doc)


_READ_DOC = "Between samples: none takes the nearest, linear dulls highs, lagrange3 (4 samples) hardly does"


class Delay(DelayLine):
    """The sound as it was some time ago; the time may move at any rate, which bends the pitch as a tape does.

    Only the delayed sound comes out: `mix` or `add` put the dry one beside it, an entry of `feedback` repeats it. The
    gradient reaches the time by the interpolator's slope; with `none` there is none.

    Source: Laakso et al., Splitting the unit delay (IEEE Signal Processing Magazine 13(1), 1996).
    """

    words = (
        "echo", "delay line", "fractional delay", "slapback", "predelay", "later", "time shift", "doppler", "tape",
        "haas", "variable delay", "latency",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "time": audio(unit=Unit.SECONDS, broadcast=True, doc="How late, 0 to `longest`; may move at any rate."),
    }
    outputs = {"signal": audio(doc="The delayed sound alone.", shares="unit")}

    interpolation: str = interpolation_param(
        ("none", "linear", "lagrange3", "allpass"),
        f"{_READ_DOC}, allpass keeps every level, for a time that stands still or creeps, from half a sample on.",
    )

    def kernel(self, audio: Any, time: Any) -> Any:
        return self._read(self.no_past(dsp.size_of(audio, 0)), None, audio, time)[0]

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        state = super().stream_state(signals, constants, block)
        if self.interpolation != "allpass":
            return state
        return {**state, "last": dsp.silence([items_of(signals.values(), block.batch), 1])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        signal, after = self._read(state["line"], state.get("last"), inputs["audio"], inputs["time"])
        return after, {"signal": signal}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        if list(looped) != ["audio"] or self.sample_rate is None:
            return {}
        if given["time"].is_known:
            return {("audio", "signal"): self._way(float(np.ravel(given["time"].low)[0]) * self.sample_rate)}
        most = _MOST.get(self.interpolation)
        return {} if most is None else {("audio", "signal"): Bounded(peak=most)}

    def _way(self, samples: float) -> Linear:
        """That of a delay that stands still."""
        samples = min(max(samples, 0.0), self.longest_samples)
        if self.interpolation == "allpass":
            samples = max(samples, dsp.SHORTEST_ALLPASS)
            whole = math.floor(samples - dsp.SHORTEST_ALLPASS)
            rest = samples - whole
            a = (1.0 - rest) / (1.0 + rest)
            return Linear(np.r_[np.zeros(whole), a, 1.0], [1.0, a])
        taps = dsp.DELAY_TAPS[self.interpolation]
        samples = float(round(samples)) if self.interpolation == "none" else samples
        whole = max(math.floor(samples), -min(taps))
        b = np.zeros(whole + max(taps) + 1)
        b[[whole + tap for tap in taps]] = dsp.tap_weights(self.interpolation, samples - whole)
        return Linear(b)

    def _read(self, past: Any, last: Any, x: Any, time: Any) -> tuple[Any, dict[str, Any]]:
        if self.interpolation != "allpass":
            read, line = dsp.delayed_by(past, x, tf.expand_dims(self.samples_of(time), 2), self.interpolation)
            return read[:, 0], {"line": line}
        whole, coefficient = dsp.allpass_parts(self.samples_of(time, dsp.SHORTEST_ALLPASS))
        read, line = dsp.delayed_by(past, x, tf.stack([whole, whole + 1.0], axis=2), "none")
        signal, last = dsp.allpass_read(read[:, 0], read[:, 1], coefficient, last)
        return signal, {"line": line, "last": last}


class Multitap(DelayLine):
    """Many echoes of a sound from one line: y(t) = sum over i of gains_i x(t - times_i).

    The times are constants, or are learned; gradients reach times and gains.

    Source: J. A. Moorer, About this reverberation business (Computer Music Journal 3(2), 1979): early reflections.
    """

    words = (
        "multi tap delay", "early reflections", "echoes", "taps", "rhythmic delay", "sparse reverb",
        "tapped delay line", "sparse fir",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "times": const("taps", unit=Unit.SECONDS, doc="How late each echo is, 0 to `longest`."),
        "gains": const("taps", unit=Unit.LINEAR, doc="How loud each is; below 0 it is turned over."),
    }
    outputs = {"signal": audio(doc="The echoes; the sound itself is one at 0 s.", shares="unit")}

    interpolation: str = interpolation_param(("none", "linear", "lagrange3"), f"{_READ_DOC}.")

    def kernel(self, audio: Any, times: Any, gains: Any) -> Any:
        return self._read(self.no_past(dsp.size_of(audio, 0)), audio, times, gains)[0]

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        signal, line = self._read(state["line"], inputs["audio"], inputs["times"], inputs["gains"])
        return {"line": line}, {"signal": signal}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        if list(looped) != ["audio"]:
            return {}
        gains = np.maximum(np.abs(given["gains"].low), np.abs(given["gains"].high))
        taps = signals["gains"].dims[1].size
        most = float(np.sum(np.broadcast_to(gains, (taps,)))) if taps else math.inf
        return {("audio", "signal"): Bounded(peak=most * _MOST[self.interpolation])} if math.isfinite(most) else {}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return shapes["times"][1] * super().workspace(shapes)

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return shapes["times"][1] * super().multiply_adds(shapes)

    def _read(self, past: Any, x: Any, times: Any, gains: Any) -> tuple[Any, Any]:
        read, line = dsp.delayed_by(past, x, tf.expand_dims(self.samples_of(times), 1), self.interpolation)
        return tf.reduce_sum(tf.expand_dims(gains, 2) * read, axis=1), line
