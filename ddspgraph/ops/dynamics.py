"""Dynamics: gains that follow a level, and the envelope follower that they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.op import param
from ddspgraph.ir.ports import audio
from ddspgraph.ir.streaming import Block, has_time, items_of, past_shape
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import tf
from ddspgraph.ops.level_controls import (
    LONGEST_HOLD_S,
    LONGEST_MS,
    WINDOW,
    Dynamic,
    LevelControl,
    Linked,
    attack_port,
    control,
    detector_param,
    samples_of,
)


class EnvelopeFollower(Dynamic):
    """The level of a sound, sample by sample: it rises with `attack` and falls with `release`.

    y(t) = y(t-1) + c (|x(t)| - y(t-1)), c = 1 - exp(-1 / (tau sample_rate)), tau the attack where |x| is above y. With
    `detector: rms`, |x| is the root of the mean square.

    Source: Giannoulis, Massberg, Reiss, Digital dynamic range compressor design (J. AES 60, 2012), "branching".
    """

    words = (
        "envelope", "amplitude follower", "peak meter", "vu meter", "level detector", "auto wah", "ballistics",
        "loudness over time", "amp_follow", "attack and release",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound."),
        "attack": attack_port("on the way up"),
        "release": attack_port("on the way down"),
        "window": WINDOW,
    }
    outputs = {"signal": audio(unit=Unit.LINEAR, doc="The envelope: that of a sine of peak 1 is at most 1.")}

    detector: str = detector_param()

    def kernel(self, audio: Any, **controls: Any) -> Any:
        return self._followed(audio, controls, {})[1]

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        zero = dsp.silence([items_of(signals.values(), block.batch), 1])
        return {"envelope": zero} | ({"power": zero} if self.detector == "rms" else {})

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        controls = {name: x for name, x in inputs.items() if name != "audio"}
        after, envelope = self._followed(inputs["audio"], controls, state)
        return after, {"signal": envelope}

    def _followed(self, x: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        after = {}
        if self.detector == "rms":
            power, after["power"] = self.power(x, controls, state.get("power"))
            level = dsp.safe_sqrt(power)
        else:
            level = tf.abs(x)
        attack, release = self.coefficient(controls["attack"]), self.coefficient(controls["release"])
        envelope, after["envelope"] = dsp.ballistics(level, release, attack, state.get("envelope"))
        return after, tf.nn.relu(envelope)


_AUDIO = audio(doc="The sound.", shares="unit")
_KEY = audio(doc="The sound whose level is looked at (side-chain). Open: `audio` itself.", optional=True)
_THRESHOLD = control(Unit.DB, "Where it begins, -120 to 60 dB, 0 dB a peak of 1; may move at any rate.")
_RATIO_DOC = "1 to 1000; 1 leaves the level alone."
_KNEE = control(Unit.DB, "Width of the soft bend around the threshold, 0 to 60 dB. Open: 6 dB.", optional=True)
_MAKEUP = control(Unit.DB, "Gain after it, -60 to 60 dB. Open: 0 dB.", optional=True)
_RANGE_DOC = "The most that is taken away, 0 to 120 dB."
_KNEE_DB, _HYSTERESIS_DB, _HOLD_S = 6.0, 3.0, 0.05


class Compressor(LevelControl):
    """Makes loud passages quieter: above the threshold, `ratio` dB more come out as 1 dB more.

    Level to gain in dB (the knee is a parabola), then attack where the gain falls and release where it rises, exactly
    as a loop over samples: g(t) = g(t-1) + c (wanted(t) - g(t-1)), c = 1 - exp(-1 / (tau sample_rate)). A `key` makes
    the sound duck under another one.

    Source: Giannoulis, Massberg, Reiss, Digital dynamic range compressor design (J. AES 60, 2012).
    """

    words = (
        "volume goes down when the kick plays", "duck", "ducking", "side chain", "pumping", "glue",
        "sidechain compression", "level out", "leveler", "levelling", "dynamic range compression", "drc", "punch",
        "make it louder and more even", "compexp", "compand",
    )  # fmt: skip

    inputs = {
        "audio": _AUDIO,
        "threshold": _THRESHOLD,
        "ratio": control(Unit.ANY, _RATIO_DOC),
        "attack": attack_port("of more reduction"),
        "release": attack_port("of less reduction"),
        "key": _KEY,
        "knee": _KNEE,
        "makeup": _MAKEUP,
        "window": WINDOW,
    }

    def wanted(self, level: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        knee = controls.get("knee", _KNEE_DB)
        return dsp.compression_db(level, controls["threshold"], controls["ratio"], knee), {}

    def speeds(self, controls: Mapping[str, Any]) -> tuple[Any, Any]:
        return self.coefficient(controls["attack"]), self.coefficient(controls["release"])


class Expander(LevelControl):
    """Makes quiet passages quieter: below the threshold, 1 dB less comes out as `ratio` dB less, down to `range`.

    Attack is where the gain rises back to 0 dB, release where it falls.

    Source: Giannoulis, Massberg, Reiss, Digital dynamic range compressor design (J. AES 60, 2012).
    """

    words = (
        "downward expander", "soft gate", "reduce noise", "noise reduction", "less room", "less bleed", "more dynamic",
        "dynamics",
    )  # fmt: skip

    inputs = {
        "audio": _AUDIO,
        "threshold": _THRESHOLD,
        "ratio": control(Unit.ANY, _RATIO_DOC),
        "attack": attack_port("of less reduction"),
        "release": attack_port("of more reduction"),
        "key": _KEY,
        "knee": _KNEE,
        "range": control(Unit.DB, f"{_RANGE_DOC} Open: 40 dB.", optional=True),
        "makeup": _MAKEUP,
        "window": WINDOW,
    }

    def wanted(self, level: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        how = (controls["threshold"], controls["ratio"], controls.get("knee", _KNEE_DB), controls.get("range", 40.0))
        return dsp.expansion_db(level, *how), {}


class Gate(LevelControl):
    """Shuts out what is quiet: opens above the threshold, and shuts when the level has been below for a while.

    It shuts when the level has been under threshold - hysteresis for the time `hold`; before the first sound it is
    shut. Attack opens it, release shuts it, by `range` dB. Whether it is open is a step: range, attack and release have
    gradients, threshold, hysteresis and hold have none; an `expander` learns its threshold.

    Source: P. Dutilleux, U. Zoelzer, DAFX (2002), chapter 5.3 (noise gate: hysteresis, hold, attack, release).
    """

    words = (
        "noise gate", "silence the pauses", "mute quiet parts", "remove bleed", "gated reverb", "gate with hold",
        "trigger", "cut background noise",
    )  # fmt: skip

    inputs = {
        "audio": _AUDIO,
        "threshold": _THRESHOLD,
        "attack": attack_port("of opening"),
        "release": attack_port("of shutting"),
        "hold": control(Unit.SECONDS, "How long it stays open afterwards, up to 60 s. Open: 50 ms.", optional=True),
        "key": _KEY,
        "hysteresis": control(Unit.DB, "How far under the threshold it shuts, 0 to 60 dB. Open: 3 dB.", optional=True),
        "range": control(Unit.DB, f"{_RANGE_DOC} Open: 80 dB.", optional=True),
        "makeup": _MAKEUP,
        "window": WINDOW,
    }

    def wanted(self, level: Any, controls: Mapping[str, Any], state: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        hold = dsp.clipped(controls.get("hold", _HOLD_S), 0.0, LONGEST_HOLD_S) * (self.sample_rate or 0.0)
        hysteresis = controls.get("hysteresis", _HYSTERESIS_DB)
        before = state.get("side", dsp.tf_float32([dsp.CLOSED]))
        is_open, side = dsp.gate_side(level, controls["threshold"], hysteresis, hold, before)
        return is_open, {"side": side}

    def in_db(self, g: Any, controls: Mapping[str, Any]) -> Any:
        return (g - 1.0) * dsp.clipped(controls.get("range", 80.0), 0.0, -dsp.FLOOR_DB)

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        items = items_of(signals.values(), block.batch)
        shut = dsp.broadcast_batch(dsp.tf_float32([dsp.CLOSED]), items)
        return super().stream_state(signals, constants, block) | {"side": shut}


class Limiter(Linked):
    """Keeps every peak under a ceiling: the gain goes down in a straight line, in dB, and is there when the peak is.

    The gain that a peak needs is held over the lookahead before it (a running minimum), let go with `release`, and
    averaged over the lookahead: no sample is above the ceiling. With `true_peak` nor are the peaks between samples,
    where the gain stands still; what it does as it moves can lift them by some hundredths of a dB.

    Source: P. Haemaelaeinen, Smoothing of the control signal without clipped output in digital peak limiters (DAFx-02);
    ITU-R BS.1770-4, annex 2 (true peak).
    """

    words = (
        "maximizer", "brickwall", "loudness maximizer", "agc", "peak limiter", "true peak", "prevent clipping",
        "mastering", "ceiling", "no clipping",
    )  # fmt: skip

    inputs = {
        "audio": _AUDIO,
        "ceiling": control(Unit.DB, "No peak is above, -120 to 60 dB, 0 dB a peak of 1; may move at any rate."),
        "release": attack_port("of less reduction"),
    }

    lookahead: float = param(
        1.5, unit=Unit.MILLISECONDS, ge=0, le=LONGEST_MS, doc="How long the gain goes down; a stream is as much later."
    )
    true_peak: bool = param(True, doc="Look at peaks between samples too; a stream is 6 samples later.")

    def kernel(self, audio: Any, ceiling: Any, release: Any) -> Mapping[str, Any]:
        ahead, reach = self._ahead, self._reach
        both = ahead + reach
        wanted = self._wanted(_padded(audio, both, both), _padded(ceiling, ahead, ahead))
        return self.applied(audio, self._smoothed(wanted, _padded(release, ahead, 0), None)[0][:, ahead:], None)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return self._ahead + self._reach

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        late = self._ahead + self._reach
        past = {"audio": late + self._reach, "ceiling": late, "release": late}
        state = {
            name: dsp.silence(past_shape(signals[name], n, block.batch))
            for name, n in past.items()
            if has_time(signals[name])
        }
        return state | {"gain": dsp.silence([items_of(signals.values(), block.batch), self._ahead + 1])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        joined, after, n = dict(inputs), {}, dsp.size_of(inputs["audio"], 1)
        for name, x in inputs.items():
            if name in state:
                joined[name], after[name] = dsp.slide(state[name], x)
        ceiling = joined["ceiling"]
        wanted = self._wanted(joined["audio"], ceiling[:, : n + self._ahead] if "ceiling" in state else ceiling)
        release = joined["release"][:, :n] if "release" in state else joined["release"]
        gain, after["gain"] = self._smoothed(wanted, release, state["gain"])
        return after, self.applied(joined["audio"][:, self._reach : self._reach + n], gain, None)

    @property
    def _ahead(self) -> int:
        return samples_of(self.lookahead, self.sample_rate)

    @property
    def _reach(self) -> int:
        return dsp.PEAK_REACH if self.true_peak else 0

    def _wanted(self, x: Any, ceiling: Any) -> Any:
        """The gain that each sample needs, of samples that have `_reach` others on both sides."""
        if self.true_peak:
            peaks = dsp.true_peaks(x)
        else:
            peaks = tf.reduce_max(tf.abs(x), axis=2) if len(x.shape) == 3 else tf.abs(x)
        over = dsp.amplitude_level(peaks) - dsp.clipped(ceiling, dsp.FLOOR_DB, dsp.LOUDEST_DB)
        return -tf.nn.relu(over)

    def _smoothed(self, wanted: Any, release: Any, past: Any) -> tuple[Any, Any]:
        """The gain, later by the lookahead, of what samples need [batch, n + lookahead]; and its past."""
        width = self._ahead + 1
        lowest = dsp.window_of(wanted, width, tf.minimum)
        at_once = dsp.tf_float32([[1.0]])
        held, _ = dsp.ballistics(lowest, at_once, self.coefficient(release), None if past is None else past[:, -1:])
        none = tf.zeros([dsp.size_of(held, 0), width])
        joined, after = dsp.slide(none if past is None else past, held)
        return dsp.window_of(joined[:, 1:], width, tf.add) / float(width), after


def _padded(x: Any, before: int, after: int) -> Any:
    """With zeros, as a stream has them; what never changes stays."""
    if x.shape[1] == 1:
        return x
    return tf.pad(x, [[0, 0], [before, after]] + [[0, 0]] * (len(x.shape) - 2))
