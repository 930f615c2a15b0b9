"""Effects that a slow wave moves: chorus, flanger, vibrato, tremolo, phaser."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Bounded, Range, Sector, Way
from ddspgraph.ir.op import Op, from_clock, param
from ddspgraph.ir.ports import Port, audio
from ddspgraph.ir.streaming import Block, items_of
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import tf
from ddspgraph.ops.clocked import from_graph
from ddspgraph.ops.delays import DelayLine

#: Passes over the samples of a slow wave, and of a section of one state whose cutoff moves.
_WAVE_PASSES, _SECTION_PASSES = 20, 40
_WAVES = ("sine", "triangle")


def knob(unit: Unit, doc: str) -> Port:
    """A control that may be left open, and may move at any rate."""
    return audio(unit=unit, doc=doc, optional=True, broadcast=True)


_AUDIO = audio(doc="The sound.", shares="unit")
_MIX = knob(Unit.LINEAR, "How much of it, 0 the dry sound, 1 the effect alone. Open: 0.5.")


class Swinging(Op):
    """What a slow wave moves. Its phase is a sum in float64: it neither drifts nor jumps where the rate moves."""

    #: What a knob is that is left open, and its ends.
    open_at: ClassVar[Mapping[str, float]] = {}
    ends: ClassVar[Mapping[str, tuple[float, float]]] = {}

    shape: str = param("sine", choices=_WAVES, doc="The wave.")
    phase: float = param(0.0, unit=Unit.RADIANS, doc="Where in its turn the wave is at time 0.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def knob(self, name: str, controls: Mapping[str, Any]) -> Any:
        """A control, [batch or 1, samples or 1], within its ends."""
        return dsp.clipped(controls.get(name, [[self.open_at[name]]]), *self.ends[name])

    def swing(self, controls: Mapping[str, Any], like: Any, state: Any, ahead: float = 0.0) -> tuple[Any, Any]:
        """The wave, 0 to 1, some radians ahead; and its state."""
        rate = dsp.tf_float32(controls.get("rate", [[self.open_at["rate"]]]))
        return dsp.swing(rate, like, from_graph(self, "sample_rate"), self.shape, self.phase + ahead, state)

    def changed(self, x: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The effect, and the state after it."""
        raise TypeError(f"{type(self).__name__} declares no effect")

    def first_state(self, signals: Mapping[str, Signal], batch: Any) -> dict[str, Any]:
        return {"cycles": dsp.silence([items_of(signals.values(), batch), 1], double=True)}

    def kernel(self, audio: Any, **controls: Any) -> Any:
        return self.changed(audio, controls, {})[0]

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return self.first_state(signals, block.batch)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        controls = {name: x for name, x in inputs.items() if name != "audio"}
        signal, after = self.changed(inputs["audio"], controls, state)
        return after, {"signal": signal}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 16 * math.prod(shapes["audio"])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (_WAVE_PASSES * costs.PASS + costs.FUNCTION) * math.prod(shapes["audio"])


class _Modulated(Swinging):
    """A delay that swings, one voice or several."""

    outputs = {"signal": audio(doc="The sound with the effect.", shares="unit")}
    ends = {"delay": (0.0, 0.1), "depth": (0.0, 0.1), "mix": (0.0, 1.0)}

    def count(self) -> int:
        """Copies."""
        return 1

    def changed(self, x: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        n, depth, shortest = self.count(), self.knob("depth", controls), self.knob("delay", controls)
        past, times, cycles = state.get("line", self._line.no_past(dsp.size_of(x, 0))), [], None
        for i in range(n):
            wave, cycles = self.swing(controls, x, state.get("cycles"), 2.0 * math.pi * i / n)
            times.append(self._line.samples_of(tf.cast(shortest, tf.float64) + tf.cast(depth, tf.float64) * wave))
        read, past = dsp.delayed_by(past, x, tf.stack(times, axis=2), "lagrange3")
        wet = tf.reduce_mean(read, axis=1)
        return x + self.knob("mix", controls) * (wet - x), {"line": past, "cycles": cycles}

    def first_state(self, signals: Mapping[str, Signal], batch: Any) -> dict[str, Any]:
        return {**super().first_state(signals, batch), "line": self._line.no_past(items_of([signals["audio"]], batch))}

    @property
    def _line(self) -> DelayLine:
        return DelayLine(longest=1000.0 * self._longest_s, sample_rate=self.sample_rate)

    @property
    def _longest_s(self) -> float:
        return self.ends["delay"][1] + self.ends["depth"][1]

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return math.ceil(self._longest_s * (self.sample_rate or 0.0))

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("audio", "signal"): Bounded(peak=1.25)} if list(looped) == ["audio"] else {}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        each = super().multiply_adds(shapes) + 4 * (costs.GATHER + 4 * costs.PASS) * math.prod(shapes["audio"])
        return self.count() * each


class Chorus(_Modulated):
    """Makes one sound like several: copies of it, `delay` to `delay` + `depth` late, that swing apart from each other.

    Source: Dattorro, Effect design part 2: delay-line modulation and chorus (J. AES 45, 1997).
    """

    words = ("thicken", "ensemble", "doubler", "detune", "unison", "string machine", "dimension", "wide", "lush")

    inputs = {
        "audio": _AUDIO,
        "rate": knob(Unit.HZ, "Turns a second. Open: 0.8 Hz."),
        "depth": knob(Unit.SECONDS, "How far a copy swings, up to 50 ms. Open: 4 ms."),
        "delay": knob(Unit.SECONDS, "The shortest delay, up to 50 ms. Open: 12 ms."),
        "mix": _MIX,
    }
    open_at = {"rate": 0.8, "depth": 0.004, "delay": 0.012, "mix": 0.5}
    ends = {"delay": (0.0, 0.05), "depth": (0.0, 0.05), "mix": (0.0, 1.0)}

    copies: int = param(2, ge=1, le=16, doc="How many copies; their waves are evenly apart.")

    def count(self) -> int:
        return self.copies


class Flanger(_Modulated):
    """A comb that sweeps: the sound beside a copy of it that is hardly late and swings.

    With feedback it is sharper: an entry of `feedback` around the node, which a short delay closes.

    Source: Dattorro, Effect design part 2: delay-line modulation and chorus (J. AES 45, 1997).
    """

    words = ("flange", "jet", "comb sweep", "through zero", "swoosh", "sweeping comb")

    inputs = {
        "audio": _AUDIO,
        "rate": knob(Unit.HZ, "Turns a second. Open: 0.25 Hz."),
        "depth": knob(Unit.SECONDS, "How far it sweeps, up to 20 ms. Open: 3 ms."),
        "delay": knob(Unit.SECONDS, "The shortest delay, up to 20 ms. Open: 0.5 ms."),
        "mix": _MIX,
    }
    open_at = {"rate": 0.25, "depth": 0.003, "delay": 0.0005, "mix": 0.5}
    ends = {"delay": (0.0, 0.02), "depth": (0.0, 0.02), "mix": (0.0, 1.0)}


class Vibrato(_Modulated):
    """Bends the pitch up and down: a delay that swings between 0 and `depth`.

    A sine of rate r and depth d bends by up to pi r d of the frequency: 6 Hz and 1 ms are 33 cents.

    Source: Dattorro, Effect design part 2: delay-line modulation and chorus (J. AES 45, 1997).
    """

    words = ("pitch wobble", "warble", "wow", "flutter", "wow and flutter", "pitch modulation", "leslie", "wobble")

    inputs = {
        "audio": _AUDIO,
        "rate": knob(Unit.HZ, "Turns a second. Open: 5.5 Hz."),
        "depth": knob(Unit.SECONDS, "How far the delay swings, up to 10 ms. Open: 1 ms."),
    }
    open_at = {"rate": 5.5, "depth": 0.001, "delay": 0.0, "mix": 1.0}
    ends = {"delay": (0.0, 0.0), "depth": (0.0, 0.01), "mix": (0.0, 1.0)}


class Tremolo(Swinging):
    """Swings the level: y(t) = x(t) (1 - depth wave(t)), with a wave between 0 and 1 that begins at 0.

    Source: elementary amplitude modulation.
    """

    words = ("amplitude modulation", "am", "level wobble", "chopper (shape: square)", "pulsing", "trem", "autopan")

    inputs = {
        "audio": _AUDIO,
        "rate": knob(Unit.HZ, "Turns a second. Open: 5 Hz."),
        "depth": knob(Unit.LINEAR, "How far the level goes down, 0 to 1. Open: 0.5."),
    }
    outputs = {"signal": audio(doc="The sound, louder and softer.", shares="unit")}
    open_at = {"rate": 5.0, "depth": 0.5}
    ends = {"depth": (0.0, 1.0)}

    shape: str = param("sine", choices=(*_WAVES, "square"), doc="The wave.")

    def changed(self, x: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        wave, cycles = self.swing(controls, x, state.get("cycles"))
        return x * (1.0 - self.knob("depth", controls) * tf.cast(wave, tf.float32)), {"cycles": cycles}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("audio", "signal"): Sector(0.0, 1.0)} if list(looped) == ["audio"] else {}


class Phaser(Swinging):
    """Notches that sweep: the sound beside itself through a chain of all-passes whose corner swings.

    Half as many notches as stages move between `low` and `high`, in octaves. With feedback they are sharper: an entry
    of `feedback` around the node. `graphs/phaser.yaml` is one written out in nodes.

    Source: W. M. Hartmann, Flanging and phasers (J. AES 26(6), 1978); Zavalishin, The Art of VA Filter Design (2018),
    chapter 10.
    """

    words = ("phase shifter", "phasing", "sweeping notches", "phase 90", "univibe", "swirl", "small stone")

    inputs = {
        "audio": _AUDIO,
        "rate": knob(Unit.HZ, "Turns a second. Open: 0.4 Hz."),
        "low": knob(Unit.HZ, "The lowest corner. Open: 300 Hz."),
        "high": knob(Unit.HZ, "The highest corner. Open: 3 kHz."),
        "mix": _MIX,
    }
    outputs = {"signal": audio(doc="The sound with the effect.", shares="unit")}
    open_at = {"rate": 0.4, "low": 300.0, "high": 3000.0, "mix": 0.5}
    ends = {"mix": (0.0, 1.0)}

    stages: int = param(4, ge=2, le=24, doc="All-passes in the chain; two make a notch.")

    def changed(self, x: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        wave, cycles = self.swing(controls, x, state.get("cycles"))
        fs = from_graph(self, "sample_rate")
        low, high = (
            tf.math.log(dsp.clipped(controls.get(name, [[self.open_at[name]]]), dsp.LOWEST * fs, dsp.HIGHEST * fs))
            for name in ("low", "high")
        )
        g = dsp.warped(tf.exp(low + (high - low) * tf.cast(wave, tf.float32)), fs)
        wet, last = dsp.moving_filter([dsp.Section(g, None, -1.0, 0.0, 2.0)] * self.stages, x, state.get("last"))
        return x + self.knob("mix", controls) * (wet - x), {"cycles": cycles, "last": last}

    def first_state(self, signals: Mapping[str, Signal], batch: Any) -> dict[str, Any]:
        last = dsp.silence([items_of(signals.values(), batch), self.stages])
        return {**super().first_state(signals, batch), "last": last}

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return round(0.2 * (self.sample_rate or 0.0))

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return super().multiply_adds(shapes) + self.stages * _SECTION_PASSES * costs.PASS * math.prod(shapes["audio"])
