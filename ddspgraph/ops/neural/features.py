"""Preprocessors: pitch and level of audio, and both scaled to about 0 to 1, as networks want them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ddspgraph import dsp, nn
from ddspgraph.ir.op import Op, Traits, from_clock, param
from ddspgraph.ir.ports import Mismatch, audio, frame
from ddspgraph.ir.shapes import frames_of
from ddspgraph.ir.streaming import Block, CannotStream, analysis_lag, analysis_past, past_shape
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.lazy import tf
from ddspgraph.ops.analyses import check_hop
from ddspgraph.ops.neural import parts

_F0 = frame(1, unit=Unit.HZ, doc="Fundamental frequency.")
_F0_SCALED = frame(1, doc="MIDI number / 127.")
_SCALED_DOC = "dB / 80 + 1: 0 at -80 dB, 1 at 0 dB."
_MIDI_MAX = 127.0
_STEPS_DOC = "Resample everything linearly to so many frames; null: the frames are those of f0_hz."


class _Features(Op):
    """Pitch and a level, side by side."""

    traits = Traits.PURE | Traits.POINTWISE

    time_steps: int | None = param(None, ge=1, doc=_STEPS_DOC)
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    frame_rate: float | None = from_clock("frame_rate", unit=Unit.HZ, doc="Frames a second.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        found = super().infer(signals)
        if self.time_steps is None:
            return found
        time = Dim.of(self.time_steps)
        return {name: Signal((s.dims[0], time, s.dims[2]), s.rate, s.unit) for name, s in found.items()}

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        if self.time_steps is not None:
            raise CannotStream(f"stretches the clip to time_steps = {self.time_steps} frames", "leave time_steps open")
        if "audio" in signals and self.is_computed(signals):
            hint = "compute the level by a node of its own with `padding: same`, and connect it"
            raise CannotStream("stretches one frame more than f0_hz has over the whole clip", hint)
        return 0

    def is_computed(self, signals: Mapping[str, Any]) -> bool:
        """Whether the level is computed of the audio."""
        raise TypeError(f"{type(self).__name__} declares no is_computed")

    def rates(self) -> tuple[float, float]:
        """Sample rate and frame rate in Hz."""
        return float(self.sample_rate or 16_000), float(self.frame_rate or 250)

    def frames_like(self, x: Any, f0_hz: Any) -> Any:
        """With time_steps frames, or those of f0_hz."""
        return dsp.stretch_to(x, f0_hz) if self.time_steps is None else dsp.resample(x, self.time_steps)


class F0LoudnessFeatures(_Features):
    """Pitch and loudness, and both scaled: f0_scaled = midi(f0_hz) / 127, ld_scaled = loudness_db / 80 + 1.

    Source: Engel et al., DDSP (ICLR 2020), section 4.1.
    """

    words = ("preprocessor", "f0 loudness preprocessor", "pitch", "features", "scale features")

    inputs = {
        "f0_hz": _F0,
        "loudness_db": frame(1, unit=Unit.DB, optional=True, doc="Loudness; not needed where it is computed."),
        "audio": audio(optional=True, mono=True, doc="With compute_loudness: what loudness is computed of."),
    }
    outputs = {
        "f0_hz": _F0,
        "loudness_db": frame(1, unit=Unit.DB, doc="Loudness."),
        "f0_scaled": _F0_SCALED,
        "ld_scaled": frame(1, doc=_SCALED_DOC),
    }

    compute_loudness: bool = param(True, doc="Compute loudness where audio is connected.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        _need_level(signals, "loudness_db", self.compute_loudness, "compute_loudness")
        return super().infer(signals)

    def is_computed(self, signals: Mapping[str, Any]) -> bool:
        return self.compute_loudness

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [512 * 5 // 2]) if "audio" in shapes and self.compute_loudness else 0

    def kernel(self, f0_hz: Any, loudness_db: Any = None, audio: Any = None) -> Mapping[str, Any]:
        if self.compute_loudness and audio is not None:
            loudness_db = dsp.compute_loudness(audio, *self.rates())[..., None]
        loudness_db = self.frames_like(loudness_db, f0_hz)
        f0_hz = self.frames_like(f0_hz, f0_hz)
        scaled = {"f0_scaled": scaled_f0(f0_hz), "ld_scaled": scaled_db(loudness_db)}
        return {"f0_hz": f0_hz, "loudness_db": loudness_db, **scaled}


class F0PowerFeatures(_Features):
    """Pitch and power, and both scaled: f0_scaled = midi(f0_hz) / 127, pw_scaled = power_db / 80 + 1.

    Source: Engel et al., DDSP (ICLR 2020), section 4.1, with power in place of loudness.
    """

    words = ("preprocessor", "f0 power preprocessor", "pitch", "features")

    inputs = {
        "f0_hz": _F0,
        "power_db": frame(1, unit=Unit.DB, optional=True, doc="Power; computed of the audio where it is open."),
        "audio": audio(optional=True, mono=True, doc="What power is computed of."),
    }
    outputs = {
        "f0_hz": _F0,
        "pw_db": frame(1, unit=Unit.DB, doc="Power."),
        "f0_scaled": _F0_SCALED,
        "pw_scaled": frame(1, doc=_SCALED_DOC),
    }

    frame_size: int = param(64, unit=Unit.SAMPLES, ge=1, doc="Samples that a power is the mean of.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        _need_level(signals, "power_db", True, None)
        if "power_db" not in signals:
            _check_gaps(self.rates(), self.frame_size)
        return super().infer(signals)

    def is_computed(self, signals: Mapping[str, Any]) -> bool:
        return "power_db" not in signals

    def workspace(self, shapes: parts.Shapes) -> int:
        return 0 if "power_db" in shapes else parts.numbers(shapes, [self.frame_size * 5 // 4])

    def kernel(self, f0_hz: Any, power_db: Any = None, audio: Any = None) -> Mapping[str, Any]:
        if power_db is None:
            power_db = tf.expand_dims(dsp.compute_power(audio, *self.rates(), self.frame_size), -1)
        pw_db = self.frames_like(power_db, f0_hz)
        f0_hz = self.frames_like(f0_hz, f0_hz)
        return {"f0_hz": f0_hz, "pw_db": pw_db, "f0_scaled": scaled_f0(f0_hz), "pw_scaled": scaled_db(pw_db)}


class OnlineF0PowerFeatures(Op):
    """Pitch and power as a plugin sees them, block by block, and both scaled as by `f0_power_features`.

    Power is of centred frames, so that there is one frame more than hops; the last pitch is held for it, and a `crop`
    after the synthesizers takes its samples away. Pitch is given, not found.

    Source: Engel et al., DDSP (ICLR 2020), section 4.1, with power in place of loudness.
    """

    words = ("online preprocessor", "plugin preprocessor", "vst preprocessor", "features")

    inputs = {
        "audio": audio(mono=True),
        "f0_hz": _F0,
        "f0_confidence": frame(1, optional=True, doc="How sure the pitch is, 0 to 1; 1 where it is open."),
        "pw_db": frame(1, unit=Unit.DB, optional=True, doc="Power, where compute_power is false."),
    }
    outputs = {
        "f0_hz": _F0,
        "pw_db": frame(1, unit=Unit.DB, doc="Power."),
        "f0_scaled": _F0_SCALED,
        "pw_scaled": frame(1, doc=_SCALED_DOC),
        "f0_confidence": frame(1, doc="How sure the pitch is."),
    }

    frame_size: int = param(1024, unit=Unit.SAMPLES, ge=1, doc="Samples that a power is the mean of.")
    padding: str = param("center", choices=("center", "same", "valid"), doc="As of `power`.")
    compute_power: bool = param(True, doc="Compute power of the audio; otherwise pw_db is connected.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    frame_rate: float | None = from_clock("frame_rate", unit=Unit.HZ, doc="Frames a second.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        super().infer(signals)
        if not self.compute_power:
            _need_level(signals, "pw_db", False, "compute_power")
        batch, samples = signals["audio"].dims
        time = signals["f0_hz"].dims[1]
        if self.compute_power:
            _check_gaps(self.rates(), self.frame_size)
            time = self._frames(samples)
        dims = (batch, time, Dim.of(1))
        return {name: Signal(dims, Rate.FRAME, port.unit) for name, port in self.outputs.items()}

    def rates(self) -> tuple[float, float]:
        """Sample rate and frame rate in Hz."""
        return float(self.sample_rate or 16_000), float(self.frame_rate or 250)

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [self.frame_size * 5 // 4]) if self.compute_power else 0

    def kernel(self, audio: Any, f0_hz: Any, f0_confidence: Any = None, pw_db: Any = None) -> Mapping[str, Any]:
        if self.compute_power:
            pw_db = dsp.compute_power(audio, *self.rates(), self.frame_size, padding=self.padding)
            pw_db = tf.expand_dims(pw_db, -1)
            f0_hz = nn.hold_last(f0_hz, pw_db)
        f0_confidence = None if f0_confidence is None else nn.hold_last(f0_confidence, f0_hz)
        return self._features(f0_hz, pw_db, f0_confidence)

    def _features(self, f0_hz: Any, pw_db: Any, f0_confidence: Any) -> Mapping[str, Any]:
        f0_confidence = f0_hz * 0.0 + 1.0 if f0_confidence is None else f0_confidence
        scaled = {"f0_scaled": scaled_f0(f0_hz), "pw_scaled": scaled_db(pw_db)}
        return {"f0_hz": f0_hz, "pw_db": pw_db, **scaled, "f0_confidence": f0_confidence}

    def _frame(self) -> tuple[int, int, int]:
        """Size and hop of a frame, and how many samples before its own it begins."""
        return self.frame_size, self._hop(), self.frame_size // 2 if self.padding == "center" else 0

    def _lag(self) -> int:
        """Frames that everything waits for the power."""
        return analysis_lag(*self._frame()) if self.compute_power else 0

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return self._lag() * self._hop()

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        past = {"audio": analysis_past(*self._frame())} if self.compute_power else {}
        past |= {name: self._lag() for name in ("f0_hz", "f0_confidence") if name in signals}
        return {name: dsp.silence(past_shape(signals[name], n, block.batch)) for name, n in past.items()}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        pw_db, after, late = inputs.get("pw_db"), {}, {}
        if self.compute_power:
            where = (block.start, self.frame_size, self._hop())
            window, after["audio"] = dsp.analysis_window(state["audio"], inputs["audio"], *where)
            pw_db = dsp.compute_power(window, *self.rates(), self.frame_size, padding="valid")
            pw_db = tf.expand_dims(pw_db, -1)
        for name in ("f0_hz", "f0_confidence"):
            if name in inputs:
                late[name], after[name] = dsp.delayed(state[name], inputs[name])
        return after, self._features(late["f0_hz"], pw_db, late.get("f0_confidence"))

    def output_hop(self, hop_samples: Fraction | int | None) -> Fraction | int | None:
        return self._hop() if self.compute_power else hop_samples

    def _hop(self) -> int:
        """Samples from one frame to the next."""
        sample_rate, frame_rate = self.rates()
        return int(sample_rate // frame_rate)

    def _frames(self, samples: Dim) -> Dim:
        hop = self._hop()
        if self.padding == "center":
            return frames_of(samples, hop) + 1
        if self.padding == "same":
            return frames_of(samples, hop, up=True)
        return frames_of(samples, hop, extra=hop - self.frame_size)


def scaled_f0(f0_hz: Any) -> Any:
    """Pitch over the MIDI numbers: 0 for silence."""
    return dsp.hz_to_midi(f0_hz) / _MIDI_MAX


def scaled_db(level_db: Any) -> Any:
    """0 at the lowest level, 1 at 0 dB."""
    return level_db / dsp.DB_RANGE + 1.0


def _check_gaps(rates: tuple[float, float], frame_size: int) -> None:
    hop = int(rates[0] // rates[1])
    check_hop(hop, *rates)
    if hop > frame_size:
        message = f"frames of frame_size = {frame_size} samples leave gaps: the clock has one every {hop}"
        raise Mismatch("E502", "audio", message, f"write frame_size: {2 * hop}", parameters=("frame_size",))


def _need_level(signals: Mapping[str, Signal], port: str, is_computed: bool, parameter: str | None) -> None:
    """Raises `Mismatch` E305 where the level is neither given nor computed."""
    if port in signals or (is_computed and "audio" in signals):
        return
    why = f" ({parameter} is false)" if parameter and not is_computed else ""
    hint = f"connect '{port}'" + (" or 'audio'" if is_computed else "")
    raise Mismatch("E305", port, f"the input '{port}' is not connected{why}", hint)
