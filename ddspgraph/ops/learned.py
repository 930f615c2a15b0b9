"""Constants that training moves."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.frozen import numbers_of, shape_of
from ddspgraph.ir.gains import Moved, Range
from ddspgraph.ir.op import Op, Traits, Weight, param
from ddspgraph.ir.ports import Mismatch, Port
from ddspgraph.ir.types import Rate, Signal, Unit, signal
from ddspgraph.ir.units import UNITS
from ddspgraph.lazy import np

#: More are no knobs: networks have ops of their own.
_MOST_NUMBERS = 1 << 20


class Learned(Op):
    """A constant that `train` and `fit` move: it begins at `value` and stays between its bounds.

    y = min + (max - min) sigmoid(w), on a log scale the same of ln y; with one bound a softplus in place of the
    sigmoid, and without bounds y = w (log: exp(w)). The weight w is trained; at first it makes y the value exactly.
    `{learn: 2 kHz, min: 200 Hz, max: 8 kHz}` at a port is short for a node of this op.

    Source: elementary (logistic function).
    """

    words = ("trainable", "variable", "learnable parameter", "trained constant", "weight", "learn")

    traits = Traits.TRAINABLE | Traits.POINTWISE
    outputs = {"signal": Port(None, Rate.CONST, doc="[1, *shape]", shares="unit")}

    value: object = param(shares="unit", doc="Where it begins: a number, a quantity, or a list of them.")
    min: float | None = param(None, shares="unit", doc="It stays above; null: no bound.")
    max: float | None = param(None, shares="unit", doc="It stays below; null: no bound.")
    scale: str = param("linear", choices=("linear", "log"), doc="log: steps are ratios, as frequencies are heard.")
    shape: tuple[int, ...] | None = param(None, ge=1, doc="So many numbers, all from `value`; null: as `value` has.")
    unit: str = param("any", choices=UNITS, doc="What the number counts; a quantity says it itself.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        self._check()
        return {"signal": signal(1, *self._dims())}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return {"raw": Weight(self._dims(), ("values", *self._starts()))}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 0

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        """Every value that training can reach."""
        low = (0.0 if self.scale == "log" else -math.inf) if self.min is None else self.min
        return {"signal": Range.of(low, math.inf if self.max is None else self.max)}

    def moved(self) -> Moved:
        numbers = numbers_of(self.value)
        ends = self.ranges({})["signal"]
        return Moved((min(numbers), max(numbers)), float(ends.low), float(ends.high), self.scale == "log")

    def kept_between(self, low: float | None, high: float | None) -> Op:
        return dataclasses.replace(self, min=self.min if low is None else low, max=self.max if high is None else high)

    def kernel(self, variables: Mapping[str, Any]) -> Any:
        starts = np.reshape(np.array(self._starts()), self._dims())
        missing = starts - starts.astype(np.float32)  # a weight is float32: alone it hits the value only nearly
        return dsp.tf_float32(dsp.bounded(variables["raw"], *self._bounds, offset=missing))[None]

    def trained(self, weights: Mapping[str, Any]) -> Op:
        if "raw" not in weights or tuple(np.shape(weights["raw"])) != self._dims():
            return self  # those of another graph
        missing = (x - float(np.float32(x)) for x in self._starts())
        raw = np.asarray(weights["raw"], np.float64)
        found = [dsp.bounded_number(w + m, *self._bounds) for w, m in zip(raw.ravel(), missing, strict=True)]
        return dataclasses.replace(self, value=_nested(np.reshape(found, raw.shape).tolist()))

    @property
    def _bounds(self) -> tuple[float | None, float | None, bool]:
        return self.min, self.max, self.scale == "log"

    def _dims(self) -> tuple[int, ...]:
        return shape_of(self.value) if self.shape is None else self.shape

    def _starts(self) -> list[float]:
        """The first weights, row by row, before they are rounded to float32."""
        numbers = numbers_of(self.value)
        numbers = numbers if len(numbers) > 1 else numbers * math.prod(self._dims())
        return [dsp.unbounded(x, *self._bounds) for x in numbers]

    def _check(self) -> None:
        """Raises `Mismatch` E501, E502, E507 or E508 where value, bounds and shape contradict each other."""
        low, high, is_log = self._bounds
        numbers = numbers_of(self.value)
        for name, bound in (("min", low), ("max", high)):
            if is_log and bound is not None and bound <= 0.0:
                message = f"on a log scale '{name}' must be above 0, this is {self._said(bound)}"
                raise _fault("E508", message, "write a bound above 0, or `scale: linear`", name)
        if low is not None and high is not None and low >= high:
            message = f"'min' must be below 'max': {self._said(low)} is not below {self._said(high)}"
            raise _fault("E508", message, "exchange the two, or leave one of them out", "min", "max")
        floor = 0.0 if is_log and low is None else low
        for x in numbers:
            if (floor is not None and x <= floor) or (high is not None and x >= high):
                above = "" if floor is None else f"above {self._said(floor)}"
                below = "" if high is None else f"below {self._said(high)}"
                message = f"it must begin {' and '.join(filter(None, [above, below]))}, this is {self._said(x)}"
                hint = "at a bound nothing could move it: begin between them, or move the bound"
                raise _fault("E507", message, hint, "value")
        if math.prod(self.shape or ()) > _MOST_NUMBERS:
            message = f"'shape' says {math.prod(self.shape or ()):,} numbers"
            raise _fault("E502", message, f"learn at most {_MOST_NUMBERS:,} in one node", "shape")
        own = shape_of(self.value)
        if self.shape is not None and own not in ((), self.shape):
            message = f"'shape' says {list(self.shape)}, 'value' has {list(own)}"
            raise _fault("E501", message, "leave out `shape`, or write one number as the value", "shape")

    def _said(self, x: float) -> str:
        return f"{x:g}" if self.unit in (Unit.ANY.value, Unit.RAW.value) else f"{x:g} {self.unit}"


def _fault(code: str, message: str, hint: str, *parameters: str) -> Mismatch:
    return Mismatch(code, "signal", message, hint, parameters=parameters)


def _nested(value: Any) -> Any:
    return tuple(map(_nested, value)) if isinstance(value, list) else value
