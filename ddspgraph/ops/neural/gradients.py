"""Nodes that are about gradients: what they let through, and steps that have none of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp, nn
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Linear, Range, Way
from ddspgraph.ir.op import Op, Traits, Weight, param
from ddspgraph.ir.ports import Mismatch, Port, anything, frame, same_as
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ir.units import UNITS
from ddspgraph.ops.neural import parts


class StopGradient(Op):
    """The signal as it is; what stands before it learns nothing from what stands after it: y = x, dy/dx = 0.

    Source: elementary.
    """

    words = ("detach", "no grad", "freeze", "block gradient")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"x": anything()}
    outputs = {"signal": same_as("x", doc="The input.")}

    def multiply_adds(self, shapes: parts.Shapes) -> int:
        return 0

    def kernel(self, x: Any) -> Any:
        return nn.stop_gradient(x)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["x"]}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("x", "signal"): Linear.gain(1.0)}


class GradientReversal(Op):
    """The signal as it is; what stands before it learns the opposite: y = x, dy/dx = -1.

    Source: Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17 (2016), section 3.
    """

    words = ("adversarial", "domain adaptation", "grl")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"x": anything()}
    outputs = {"signal": same_as("x", doc="The input.")}

    def multiply_adds(self, shapes: parts.Shapes) -> int:
        return costs.PASS * math.prod(shapes["-> signal"])

    def kernel(self, x: Any) -> Any:
        return dsp.gradient_reversal(x)

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        return {"signal": given["x"]}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("x", "signal"): Linear.gain(1.0)}


class StraightThroughSoftmax(Op):
    """Draws one class a frame from a softmax, with the gradient of the probabilities: y = one-hot, dy/dx = dp/dx.

    Source: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013).
    """

    words = ("gumbel softmax", "sample class", "softmax", "categorical")

    traits = Traits.RANDOM
    inputs = {"logits": frame("n_classes", unit=Unit.RAW)}
    outputs = {
        "signal": frame("n_classes", unit=Unit.LINEAR, doc="1 for the class that was drawn, else 0."),
        "probs": frame("n_classes", unit=Unit.LINEAR, doc="The probabilities."),
    }

    def kernel(self, logits: Any, *, seed: Any, stream: int) -> Mapping[str, Any]:
        return draw(logits, seed, stream)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        return {}, draw(inputs["logits"], block.seed, block.stream, block.first_frame)


class StraightThroughChoice(Op):
    """Draws one of some values a frame from a softmax, with the gradient of their mean.

    Source: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013).
    """

    words = ("sample value", "choose", "select", "categorical")

    traits = Traits.RANDOM
    inputs = {"logits": frame("n_classes", unit=Unit.RAW)}
    outputs = {"signal": frame(1, doc="The value that was drawn.", shares="unit")}

    values: tuple[float, ...] = param(shares="unit", doc="The value of each class.")
    unit: str = param("any", choices=UNITS, doc="The unit of the values; quantities say it themselves.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        n = parts.channels("logits", signals["logits"])
        if n != len(self.values):
            message = f"{len(self.values)} values for {{source}}, which has {n} channels"
            raise Mismatch("E414", "logits", message, "one value for each channel")
        return super().infer(signals)

    def kernel(self, logits: Any, *, seed: Any, stream: int) -> Any:
        return nn.straight_through_choice(draw(logits, seed, stream)["signal"], self.values)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        drawn = draw(inputs["logits"], block.seed, block.stream, block.first_frame)["signal"]
        return {}, {"signal": nn.straight_through_choice(drawn, self.values)}


class StraightThroughIntQuantization(Op):
    """The nearest integer, with the gradient of the number itself: y = round(x), dy/dx = 1; ties go to even.

    Source: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013).
    """

    words = ("round", "quantize", "int", "integer", "bitcrush", "bitcrusher")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"x": anything()}
    outputs = {"signal": same_as("x", doc="Integers.")}

    def kernel(self, x: Any) -> Any:
        return nn.straight_through_int_quantization(x)


class VectorQuantization(Op):
    """The nearest of k learned vectors, with the gradient of the input itself.

    The vectors are sums / counts. The loss terms of the paper act in the gradient: the codebook moves to the inputs
    that chose it, inputs are drawn to their vector by commitment_loss_weight, both as from mean squared distances.

    Source: van den Oord et al., Neural Discrete Representation Learning (2017), equation 3.
    """

    words = ("vq", "vq vae", "codebook", "quantize", "discrete latent")

    traits = Traits.TRAINABLE | Traits.POINTWISE
    inputs = {"x": frame("channels")}
    outputs = {
        "signal": same_as("x", unit=Unit.RAW, doc="The nearest vectors."),
        "ids": Port(None, Rate.FRAME, doc="[batch, frames, num_heads]: which they are, from 0."),
    }

    k: int = param(ge=1, doc="Number of vectors.")
    num_heads: int = param(1, ge=1, doc="The channels are so many vectors side by side.")
    commitment_loss_weight: float = param(0.2, ge=0, doc="How strongly inputs are drawn to their vectors.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        x = signals["x"]
        if parts.channels("x", x) % self.num_heads:
            message = f"{{source}} has {x.dims[2]} channels, not a multiple of num_heads = {self.num_heads}"
            raise Mismatch("E414", "x", message)
        ids = Signal((*x.dims[:2], Dim.of(self.num_heads)), Rate.FRAME)
        return {"signal": Signal(x.dims, Rate.FRAME, Unit.RAW), "ids": ids}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        width = parts.channels("x", signals["x"]) // self.num_heads
        return {
            "counts": Weight((self.k,), "ones", trainable=False),
            "sums": Weight((self.k, width), ("normal", 0.0, 1.0)),
        }

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [3 * self.k * self.num_heads])

    def kernel(self, x: Any, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        codes = nn.codebook(variables["counts"], variables["sums"])
        signal, ids = nn.vector_quantization(x, codes, self.num_heads, self.commitment_loss_weight)
        return {"signal": signal, "ids": ids}


def draw(logits: Any, seed: Any, stream: int, first_frame: Any = 0) -> Mapping[str, Any]:
    """A class for each frame, the same draw for every item of a batch; it depends on the number of the frame."""
    frames, n = dsp.size_of(logits, 1), dsp.size_of(logits, 2)
    noise = dsp.uniform_noise(frames * n, seed, stream=stream, start=first_frame * n)
    signal, probs = nn.straight_through_softmax(logits, nn.as_frames(noise, n))
    return {"signal": signal, "probs": probs}
