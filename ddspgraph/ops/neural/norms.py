"""Normalization as nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph import nn
from ddspgraph.ir.op import Op, Traits, Weight, param
from ddspgraph.ir.ports import Mismatch, Port, frame, same_as
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.ops.neural import parts

_NORM_DOC = "layer: all channels together; instance: each by itself; group: 32 groups of channels."


class Normalize(Op):
    """Mean 0 and variance 1 over time and channels, then a learned scale and shift of each channel.

    Source: Ba et al., Layer Normalization (2016); Ulyanov et al. (2016); Wu and He, Group Normalization (2018).
    """

    words = ("layer norm", "instance norm", "group norm", "batch norm", "norm", "standardize")

    traits = Traits.TRAINABLE
    whole_clip = "normalizes over the whole clip"
    inputs = {"x": frame("channels")}
    outputs = {"signal": Port(None, None, Unit.RAW, doc="As x.", like="x")}

    norm_type: str = param("layer", choices=parts.NORM_TYPES, doc=_NORM_DOC)

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        check_groups("x", signals["x"], self.norm_type)
        return super().infer(signals)

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return parts.norm(parts.channels("x", signals["x"]))

    def workspace(self, shapes: parts.Shapes) -> int:
        return 2 * parts.numbers(shapes, shapes["x"][-1:])

    def kernel(self, x: Any, variables: Mapping[str, Any]) -> Any:
        return nn.scale_and_shift(x, variables, self.norm_type)


class ConditionalNorm(Op):
    """Mean 0 and variance 1, then a scale and shift of each channel that a dense layer makes of a signal z.

    y = norm(x) * a + b, [a, b] = z W + c.

    Source: Perez et al., FiLM: Visual Reasoning with a General Conditioning Layer (2018).
    """

    words = ("film", "adain", "conditional layer norm", "style")

    traits = Traits.TRAINABLE
    whole_clip = "normalizes over the whole clip"
    inputs = {"x": frame("channels"), "z": frame("n_z", broadcast=True, doc="Conditioning.")}
    outputs = {"signal": same_as("x", unit=Unit.RAW, doc="As x.")}

    norm_type: str = param("instance", choices=parts.NORM_TYPES, doc=_NORM_DOC)
    shift_only: bool = param(False, doc="No scale.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        check_groups("x", signals["x"], self.norm_type)
        return super().infer(signals)

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        ch = parts.channels("x", signals["x"])
        return parts.norm_given(parts.channels("z", signals["z"]), ch, self.shift_only)

    def workspace(self, shapes: parts.Shapes) -> int:
        return 4 * parts.numbers(shapes, shapes["x"][-1:])

    def kernel(self, x: Any, z: Any, variables: Mapping[str, Any]) -> Any:
        return nn.conditional_norm(x, z, variables, self.norm_type, self.shift_only)


def check_groups(port: str, signal: Signal, norm_type: str) -> None:
    """Raises `Mismatch` E414 where the channels are not a multiple of the groups."""
    channels = parts.channels(port, signal)
    if norm_type == "group" and channels > 32 and channels % 32:
        message = f"norm_type group makes 32 groups of channels, {{source}} has {channels}"
        raise Mismatch("E414", port, message, f"{channels // 32 * 32} channels, or norm_type: layer")
