"""Noise that needs no magnitudes: of a colour."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.op import Op, Traits, from_clock, param
from ddspgraph.ir.ports import audio
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import BATCH, SAMPLES, Dim, Rate, Signal, Unit
from ddspgraph.lazy import tf
from ddspgraph.ops.clocked import from_graph


class Noise(Op):
    """Noise of a colour: its level falls or rises by so many dB an octave above 20 Hz.

    White noise is uniform from -1 to 1: 0 dB an octave. Pink falls by 3 dB, brown by 6 dB, blue rises by 3 dB, violet
    by 6 dB; all have the power of the white one, and so peaks above 1. Pink and blue are within 0.15 dB of their line,
    brown and violet within 0.5 dB. The noise is the same for every item of a batch.

    Source: J. O. Smith and H. F. Smith, Closed form fractional integration and differentiation via real exponentially
    spaced pole-zero pairs (arXiv 1606.06154).
    """

    words = (
        "white noise (color: white)", "pink noise (color: pink)", "brown noise (color: brown)", "hiss", "rand",
        "red noise (color: brown)", "blue noise (color: blue)", "purple noise (color: violet)", "noise generator",
        "uniform", "colour", "static", "random",
    )  # fmt: skip

    traits = Traits.RANDOM | Traits.SIZED
    outputs = {"signal": audio(unit=Unit.LINEAR, doc="The noise, of a root mean square of 0.577.")}

    color: str = param(
        "white", choices=("white", "pink", "brown", "blue", "violet"), doc="How its level falls or rises."
    )
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    n_samples: int | None = param(
        None, unit=Unit.SAMPLES, ge=1, doc="Length of the result; null: as long as the graph."
    )

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        time = SAMPLES if self.n_samples is None else Dim.of(self.n_samples)
        return {"signal": Signal((BATCH, time), Rate.AUDIO, Unit.LINEAR)}

    def kernel(self, seed: Any, stream: Any, sizes: Any) -> Any:
        n = self.n_samples if self.n_samples is not None else sizes.samples
        if n is None:
            raise ValueError("Noise needs n_samples=... outside of a graph")
        return dsp.broadcast_batch(self._coloured(dsp.uniform_noise(n, seed, stream=stream), None)[0], sizes.batch)

    def _sections(self) -> tuple[dsp.Section, ...]:
        if self.color == "white":
            return ()
        return dsp.colour_sections(self.color, from_graph(self, "sample_rate"))

    def _coloured(self, white: Any, state: Any) -> tuple[Any, Any]:
        sections = self._sections()
        return dsp.block_filter(dsp.block_matrices(sections), white, state) if sections else (white, state)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        rows = 1 if isinstance(block.stream, int) else tf.size(block.stream)
        return {"last": dsp.silence([rows, dsp.n_states(self._sections())])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        white = dsp.uniform_noise(block.samples, block.seed, stream=block.stream, start=block.start)
        signal, last = self._coloured(white, state["last"])
        return {"last": last}, {"signal": dsp.broadcast_batch(signal, block.batch)}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (costs.NOISE + (0 if self.color == "white" else 100)) * math.prod(shapes["-> signal"])

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 6 * math.prod(shapes["-> signal"])
