"""Distortion: curves that bend a sound, sample by sample, with less of what folds back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Range
from ddspgraph.ir.op import Op, param
from ddspgraph.ir.ports import audio
from ddspgraph.ir.streaming import Block, items_of
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np, tf


class Waveshaper(Op):
    """Bends a sound by a curve: y = f(audio * 10 ** (drive / 20) + bias).

    f is tanh; a hard clip at -1 and 1; a cubic soft clip; a wave folder, which turns back there; or the asinh of a pair
    of diodes. With `antialias: 1` y is the mean of f on the line from sample to sample, half a sample late: what folds
    back is weaker, most of all at low frequencies.

    Source: Parker, Zavalishin and Le Bivic, Reducing the aliasing of nonlinear waveshaping using continuous-time
    convolution (DAFx 2016).
    """

    words = (
        "distortion", "overdrive", "saturation", "fuzz", "hard clip (shape: clip)", "wavefolder (shape: fold)", "fold",
        "waveshaping", "shaper", "diode clipper (shape: diode)", "adaa", "antiderivative antialiasing", "crunch",
        "soft clip (shape: cubic)", "tube", "clipper",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound."),
        "drive": audio(
            unit=Unit.DB, doc="How much louder it meets the curve. Open: 0 dB.", optional=True, broadcast=True
        ),
        "bias": audio(doc="Added before the curve: even partials. Open: 0.", optional=True, broadcast=True),
    }
    outputs = {"signal": audio(unit=Unit.LINEAR, doc="The bent sound.")}

    shape: str = param("tanh", choices=("tanh", "clip", "cubic", "fold", "diode"), doc="The curve.")
    antialias: int = param(1, ge=0, le=1, doc="1 takes means between samples, 0 the curve of each sample.")

    def kernel(self, audio: Any, drive: Any = None, bias: Any = None) -> Any:
        return self._bent(audio, drive, bias, 0, None)[0]

    def _bent(self, audio: Any, drive: Any, bias: Any, start: Any, last: Any) -> tuple[Any, Any]:
        driven = audio if drive is None else audio * dsp.db_to_amplitude(drive)
        offset = tf.zeros_like(driven) if bias is None else bias + tf.zeros_like(driven)
        u = driven + offset
        if not self.antialias:
            return dsp.shaped(self.shape, u), last
        # Before the beginning there is silence.
        before = tf.concat([offset[:, :1] if last is None else last, u[:, :-1]], axis=1)
        is_first = tf.equal(tf.cast(start, tf.int64) + tf.range(tf.cast(tf.shape(u)[1], tf.int64)), 0)
        return dsp.shaped_on_lines(self.shape, u, tf.where(is_first, offset, before)), u[:, -1:]

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"last": dsp.silence([items_of(signals.values(), block.batch), 1])} if self.antialias else {}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        given = (inputs["audio"], inputs.get("drive"), inputs.get("bias"), block.start, state.get("last"))
        signal, last = self._bent(*given)
        return ({"last": last} if self.antialias else {}), {"signal": signal}

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        if self.shape != "diode":
            return {"signal": Range.of(-1.0, 1.0)}
        return {"signal": given["audio"].rising(np.arcsinh)} if len(given) == 1 else {}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        functions = (8 if self.antialias else 1) if self.shape in ("tanh", "diode") else 2
        return functions * costs.FUNCTION * math.prod(shapes["-> signal"])

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (12 if self.antialias else 3) * math.prod(shapes["-> signal"])
