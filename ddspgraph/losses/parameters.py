"""Losses between two controls of one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.ir import costs
from ddspgraph.ir.op import param
from ddspgraph.ir.ports import anything
from ddspgraph.ir.shapes import broadcast
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.losses.loss import LOSS_TYPE_DOC, LOSS_TYPES, Loss, count, tensor_functions

_WEIGHTS = anything(optional=True, doc="Factors of the differences, of their shape or 1 along some axes.")


class _Pair(Loss):
    """Two signals that must have one shape, and optional weights."""

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        first, second = list(self.inputs)[:2]
        dims = broadcast(first, signals[first], second, signals[second])
        if "weights" in signals:
            broadcast(first, Signal(dims), "weights", signals["weights"])
        return super().infer(signals)

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return count(shapes, next(iter(self.inputs)))

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return count(shapes, *list(self.inputs)[:2]) * (costs.FUNCTION + 2 * costs.PASS)


class ParamLoss(_Pair):
    """The mean difference of a prediction and its target: l = mean(weights * |pred - target| ** p).

    Source: elementary.
    """

    words = ("l1", "l2", "mse", "mae", "mean squared error", "mean absolute error", "regression")

    inputs = {
        "pred": anything(doc="Any shape.", shares="unit"),
        "target": anything(doc="The same shape and unit.", shares="unit"),
        "weights": _WEIGHTS,
    }

    loss_type: str = param("L1", choices=LOSS_TYPES, doc=LOSS_TYPE_DOC)

    def distances(self, pred: Any, target: Any, weights: Any = None) -> Any:
        return tensor_functions().mean_difference(pred, target, self.loss_type, weights)


class AmpLoss(_Pair):
    """The mean difference of amplitudes or of their logarithms: l = mean(weights * |amp - amp_target| ** p).

    Source: elementary.
    """

    words = ("amplitude loss", "loudness loss", "log amplitude")

    inputs = {
        "amp": anything(unit=Unit.LINEAR, doc="Amplitudes."),
        "amp_target": anything(unit=Unit.LINEAR, doc="The same shape."),
        "weights": _WEIGHTS,
    }

    loss_type: str = param("L1", choices=LOSS_TYPES, doc=LOSS_TYPE_DOC)
    log: bool = param(False, doc="Compare the decimal logarithms of the amplitudes.")
    amin: float = param(1e-5, unit=Unit.LINEAR, gt=0, doc="Smallest amplitude of which the logarithm is taken.")

    def distances(self, amp: Any, amp_target: Any, weights: Any = None) -> Any:
        return tensor_functions().amp_loss(amp, amp_target, self.loss_type, weights, self.log, self.amin)


class FreqLoss(_Pair):
    """The mean difference of frequencies in semitones: l = mean(weights * |midi - midi_target| ** p).

    Source: elementary.
    """

    words = ("pitch loss", "frequency loss", "f0 loss")

    inputs = {
        "f_hz": anything(unit=Unit.HZ, doc="Frequencies."),
        "f_hz_target": anything(unit=Unit.HZ, doc="The same shape."),
        "weights": _WEIGHTS,
    }

    loss_type: str = param("L1", choices=LOSS_TYPES, doc=LOSS_TYPE_DOC)

    def distances(self, f_hz: Any, f_hz_target: Any, weights: Any = None) -> Any:
        return tensor_functions().freq_loss(f_hz, f_hz_target, self.loss_type, weights)
