"""The ladder filter of an analogue synthesizer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Range, Way
from ddspgraph.ir.ports import audio
from ddspgraph.ir.streaming import Block, has_time
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np, tf
from ddspgraph.ops.recursive import RecursiveFilter, cutoff_port

#: Passes over the samples of a scan of four states, and how many scans a saturating ladder takes.
_SCAN_PASSES, _SCANS = 700, 6
#: The largest drive up and down.
_MOST_DB = 60.0


class Ladder(RecursiveFilter):
    """The four-pole low-pass of the Moog synthesizers: 24 dB an octave, with a resonance that takes from the bass.

    H(s) = 1 / ((1 + s / w)^4 + 4 resonance), by the bilinear transform, the feedback without delay. With `drive` what
    enters the first stage saturates, y = tanh(d v) / d: small sounds go through as without it. The equation of every
    sample is solved, by Newton's method for all samples at once.

    Source: V. Zavalishin, The Art of VA Filter Design (2018), chapter 5; R. Moog, US patent 3475623 (1969).
    """

    words = (
        "moog", "moog ladder", "24 db per octave", "four pole", "vcf", "analog filter", "analogue filter", "tb 303",
        "squelch", "resonant lowpass", "acid",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "cutoff": cutoff_port(
            "Of each of its poles; may move at any rate. Kept between 1e-6 and 0.499 of the sample rate."
        ),
        "resonance": cutoff_port("From 0 to 1, where it would begin to oscillate. Open: 0.", Unit.ANY, optional=True),
        "drive": cutoff_port(
            "How far the sound goes into saturation, which begins at -drive dB, within 60 dB. Open: not at all.",
            Unit.DB,
            optional=True,
        ),
    }

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [1] * 4

    def is_moving(self, controls: Mapping[str, Any]) -> bool:
        return "drive" in controls or super().is_moving(controls)

    def polynomials(self, controls: Mapping[str, Any]) -> list[tuple[list[float], list[float]]]:
        g = float(np.ravel(dsp.warped(controls["cutoff"], self.rate_hz()))[0])
        k = dsp.ladder_feedback(float(np.ravel(controls.get("resonance", 0.0))[0]))
        zeros, poles = np.poly([-1.0] * 4) * (g / (1.0 + g)) ** 4, np.poly([(1.0 - g) / (1.0 + g)] * 4)
        whole = poles + k * zeros
        return [(list(zeros / whole[0]), list(whole / whole[0]))]

    def most_gain(self, given: Mapping[str, Range]) -> float:
        return math.inf if "resonance" in given else 1.0

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {} if "drive" in given else super().ways(signals, given, looped)

    def kernel(self, audio: Any, **controls: Any) -> Any:
        if self.is_moving(controls):
            return self._moving(audio, controls, None)[0]
        return dsp.block_filter(self._matrices(controls), audio)[0]

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        state = self.silent_state(signals, block)
        if "drive" in signals or any(has_time(signals[name]) for name in signals if name != "audio"):
            return state
        return state | self._matrices(constants)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        if len(state) > 1:
            return super().stream_step(state, inputs, block)
        signal, last = self._moving(inputs["audio"], inputs, state["last"])
        return {"last": last}, {"signal": signal}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        if not self._is_moving_at(shapes):
            return super().multiply_adds(shapes)
        return math.prod(shapes["audio"]) * _SCAN_PASSES * costs.PASS * (_SCANS if "drive" in shapes else 1) // 2

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (80 if self._is_moving_at(shapes) else 3) * math.prod(shapes["audio"])

    def _matrices(self, controls: Mapping[str, Any]) -> Any:
        return dsp.system_matrices(dsp.ladder_system(*self._controls(controls, tf.float64)))

    def _moving(self, x: Any, controls: Mapping[str, Any], state: Any) -> Any:
        drive = controls.get("drive")
        factor = None if drive is None else dsp.gain_of_db(dsp.clipped(drive, -_MOST_DB, _MOST_DB))
        return dsp.moving_ladder(*self._controls(controls, tf.float32), x, factor, state)

    def _controls(self, controls: Mapping[str, Any], dtype: Any) -> tuple[Any, Any]:
        """g and k."""
        resonance = controls.get("resonance", [[0.0]])
        return dsp.warped(controls["cutoff"], self.rate_hz(), dtype), dsp.ladder_feedback(resonance, dtype)
