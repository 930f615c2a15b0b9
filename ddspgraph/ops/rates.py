"""From frames to samples, and from three axes to two: what the compiler inserts where an edge implies it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Bounded, Linear, Range, Way
from ddspgraph.ir.op import Op, Traits, param
from ddspgraph.ir.ports import audio, frame, same_as
from ddspgraph.ir.streaming import Block, CannotStream, mixed_frames, past_shape
from ddspgraph.ir.types import Rate, Signal
from ddspgraph.ops.clocked import Clocked


class Resample(Clocked):
    """Brings frames to audio rate: every frame becomes `hop_samples` samples.

    Methods: nearest holds each frame; linear and cubic interpolate; window overlaps and adds Hann windows,
    which is smoother than linear.

    Source: Engel et al., DDSP (ICLR 2020), section 3.3 (window); elementary.
    """

    words = (
        "upsample", "interpolate", "smooth", "interp", "linear interpolation", "control to audio", "ramp",
        "portamento", "glide",
    )  # fmt: skip

    inputs = {"inputs": frame("channels", doc="Frames.", shares="unit")}
    outputs = {"signal": audio("channels", doc="The same at audio rate.", shares="unit")}

    method: str = param("linear", choices=("nearest", "linear", "cubic", "window"), doc="The interpolation.")
    add_endpoint: bool = param(
        True,
        doc="Hold the last frame for a hop, so that the result has frames * hop samples; "
        "without, it ends at the last frame: (frames - 1) * hop.",
    )

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        given = signals["inputs"]
        dims = super().infer(signals)["signal"].dims
        if not self.add_endpoint and self.hop_samples is not None:
            batch, frames, channels = given.dims
            dims = (batch, (frames + -1) * self.hop_samples, channels)
        return {"signal": Signal(dims, Rate.AUDIO)}

    def kernel(self, inputs: Any) -> Any:
        frames = dsp.size_of(inputs, 1)
        n_samples = self.length(frames if self.add_endpoint else frames - 1)
        return dsp.resample(inputs, n_samples, method=self.method, add_endpoint=self.add_endpoint)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        if not self.add_endpoint and self.method != "window":
            raise CannotStream("puts its frames between the ends of the clip", "write `add_endpoint: true`")
        return mixed_frames(self.method, self.hop())[1] * self.hop()

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        n = sum(mixed_frames(self.method, self.hop()))
        return {"past": dsp.silence(past_shape(signals["inputs"], n, block.batch))}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        how = (self.hop(), self.method, mixed_frames(self.method, self.hop()))
        signal, past = dsp.resample_stream(state["past"], inputs["inputs"], block.first_frame, *how)
        return {"past": past}, {"signal": signal}

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        frames = given["inputs"]
        is_between = self.method in ("nearest", "linear") or frames.is_known  # the others overshoot, or fade
        return {"signal": frames} if is_between else {}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        """The weights of the frames have a sum of 1, and none is below 0 but those of the cubic."""
        return {("inputs", "signal"): Bounded(peak=1.25 if self.method == "cubic" else 1.0)}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return math.prod(shapes["-> signal"])  # the frames before and after each sample, weighted

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        # The weights of every sample, and the two frames that each of its channels mixes.
        batch, samples, channels = shapes["-> signal"]
        mixed = 8 if self.method == "cubic" else 4
        return samples * 2 * costs.FUNCTION + batch * samples * channels * mixed * costs.PASS


class TensorToAudio(Op):
    """Takes samples as audio: drops a last axis of size 1, y[b, t] = x[b, t, 0].

    Source: elementary.
    """

    words = ("squeeze", "drop channel", "mono", "to audio", "flatten")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"samples": audio(1, doc="Samples with a channel axis.", shares="unit", mono=True)}
    outputs = {
        "signal": audio(doc="Samples without it.", shares="unit"),
        "samples": same_as("samples", doc="The input."),
    }

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 0  # the same numbers under another shape

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["samples"], "samples": given["samples"]}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("samples", name): Linear.gain(1.0) for name in self.outputs}

    def kernel(self, samples: Any) -> Mapping[str, Any]:
        return {"signal": dsp.drop_last_axis(samples), "samples": samples}
