"""What all losses share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ddspgraph.ir.op import Op, Traits, param
from ddspgraph.ir.ports import scalar

LOSS_TYPES = ("L1", "L2", "COSINE")
LOSS_TYPE_DOC = "Mean of |difference| (L1), of its square (L2), or the cosine distance along the last axis (COSINE)."


class Loss(Op):
    """An op that makes one number to be minimised, or several: `weight` times what `distances` computes."""

    traits = Traits.PURE | Traits.LOSS
    outputs = {"loss": scalar()}

    weight: float = param(1.0, doc="Factor of the loss.")

    def distances(self, **inputs: Any) -> Any:
        """The loss before its weight, or a mapping of all outputs, from tensors by port name."""
        raise TypeError(f"{type(self).__name__} declares no distances")

    def kernel(self, **inputs: Any) -> Any:
        found = self.distances(**inputs)
        if self.weight == 1.0:
            return found
        if isinstance(found, Mapping):
            return {name: self.weight * value for name, value in found.items()}
        return self.weight * found


def count(shapes: Mapping[str, tuple[int, ...]], *names: str) -> int:
    """How many numbers the inputs of these names have together."""
    return sum(math.prod(shapes[name]) for name in names)


def tensor_functions() -> Any:
    """`losses.functions`: only kernels ask, so that `check` does not load its files."""
    from ddspgraph.losses import functions

    return functions
