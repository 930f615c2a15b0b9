"""Fully connected blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph import nn
from ddspgraph.ir.op import Op, Traits, Weight, param
from ddspgraph.ir.ports import Port, anything
from ddspgraph.ir.types import Dim, Signal, Unit
from ddspgraph.ops.neural import parts

_X = "[batch, time, channels], or a constant [batch, channels]."


class Fc(Op):
    """A dense layer, layer norm and a nonlinearity: y = f(norm(x W + b)).

    Source: Engel et al., DDSP (ICLR 2020), appendix B.2; Ba et al., Layer Normalization (2016).
    """

    words = ("dense", "linear", "linear layer", "fully connected", "layer", "neuron", "perceptron")

    traits = Traits.TRAINABLE | Traits.POINTWISE
    inputs = {"x": anything(doc=_X)}
    outputs = {"signal": Port(None, doc="[..., ch]")}

    ch: int = param(128, ge=1, doc="Channels of the result.")
    nonlinearity: str = param("leaky_relu", choices=parts.NONLINEARITIES, doc="The nonlinearity, by Keras' name.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        x = signals["x"]
        parts.channels("x", x, any_rate=True)
        return {"signal": Signal((*x.dims[:-1], Dim.of(self.ch)), x.rate, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return parts.fc(parts.channels("x", signals["x"], any_rate=True), self.ch)

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [2 * self.ch])

    def kernel(self, x: Any, variables: Mapping[str, Any]) -> Any:
        return nn.fc(x, variables, self.nonlinearity)


class FcStack(Op):
    """Blocks of dense layer, layer norm and nonlinearity, one after the other.

    Source: Engel et al., DDSP (ICLR 2020), appendix B.2.
    """

    words = ("mlp", "multilayer perceptron", "dense layers", "fully connected stack")

    traits = Traits.TRAINABLE | Traits.POINTWISE
    inputs = {"x": anything(doc=_X)}
    outputs = {"signal": Port(None, doc="[..., ch]")}

    ch: int = param(256, ge=1, doc="Channels of every layer.")
    layers: int = param(2, ge=1, le=parts.MOST_LAYERS, doc="Number of layers.")
    nonlinearity: str = param("leaky_relu", choices=parts.NONLINEARITIES, doc="The nonlinearity, by Keras' name.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        x = signals["x"]
        parts.channels("x", x, any_rate=True)
        return {"signal": Signal((*x.dims[:-1], Dim.of(self.ch)), x.rate, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return parts.fc_stack(parts.channels("x", signals["x"], any_rate=True), self.ch, self.layers)

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [3 * self.ch])

    def kernel(self, x: Any, variables: Mapping[str, Any]) -> Any:
        return nn.fc_stack(x, variables, self.layers, self.nonlinearity)
