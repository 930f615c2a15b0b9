"""Filters in front of a loss or a meter: what a listener hears more of, counts more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Linear, Range, Way
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import audio
from ddspgraph.ir.streaming import Block, items_of
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np, tf
from ddspgraph.ops.recursive import RecursiveFilter, cutoff_port

#: The coefficient of speech coders, where none is given.
_COEFFICIENT = 0.95


class AWeighting(RecursiveFilter):
    """Weighs frequencies as a listener does at moderate level: 0 dB at 1 kHz, -39.5 dB at 31.5 Hz, -4.3 dB at 12.5 kHz.

    A recursive filter of eight states, within 0.05 dB of the curve from 10 Hz to Nyquist at sample rates from 16 kHz
    on, within 0.1 dB at 8 kHz. Before a loss, on both of its sounds, it makes the loss count what is heard.

    Source: IEC 61672-1:2013, annex E.
    """

    words = ("dba", "perceptual weighting", "loudness weighting", "ear", "hearing", "equal loudness")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        given = [(tf.constant([[b]], dtype), tf.constant([[a[1:]]], dtype)) for b, a in self.polynomials(controls)]
        return [dsp.polynomial_section(b, a) for b, a in given]

    def polynomials(self, controls: Mapping[str, Any]) -> list[tuple[list[float], list[float]]]:
        return [(list(b), list(a)) for b, a in dsp.a_weighting_polynomials(self.rate_hz())]

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [2] * 4


class PreEmphasis(Op):
    """Takes a part of each sample from the next, so that high frequencies count more: y[n] = x[n] - c x[n-1].

    With c = 0.95 it rises by 6 dB an octave up to 32 dB over 0 Hz at Nyquist. Before a loss, on both of its sounds, it
    makes quiet high frequencies count beside loud low ones.

    Source: L. R. Rabiner and R. W. Schafer, Digital Processing of Speech Signals (1978), section 4.3.
    """

    words = ("emphasis", "high boost", "differentiator", "spectral tilt", "brighter", "first difference")

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "coefficient": cutoff_port(
            f"c, usually 0 to 1; may move at any rate. Open: {_COEFFICIENT}.", Unit.ANY, optional=True
        ),
    }
    outputs = {"signal": audio(doc="As long as the sound.", shares="unit")}

    def kernel(self, audio: Any, coefficient: Any = _COEFFICIENT) -> Any:
        return dsp.pre_emphasis(audio, coefficient, tf.zeros_like(audio[:, :1]))

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"last": dsp.silence([items_of(signals.values(), block.batch), 1])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        signal = dsp.pre_emphasis(inputs["audio"], inputs.get("coefficient", _COEFFICIENT), state["last"])
        return {"last": inputs["audio"][:, -1:]}, {"signal": signal}

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return 1

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["audio"]
        return 3 * costs.PASS * batch * samples

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        coefficient = given.get("coefficient", Range.of(_COEFFICIENT))
        if list(looped) != ["audio"] or not coefficient.is_known:
            return {}
        return {("audio", "signal"): Linear([1.0, -float(np.ravel(coefficient.low)[0])], [1.0])}
