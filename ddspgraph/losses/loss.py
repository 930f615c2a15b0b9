"""What all losses share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.ports import scalar

LOSS_TYPES = ("L1", "L2", "COSINE")
LOSS_TYPE_DOC = "Mean of |difference| (L1), of its square (L2), or the cosine distance along the last axis (COSINE)."


class Loss(Op):
    """An op that makes one number to be minimised."""

    traits = Traits.PURE | Traits.LOSS
    outputs = {"loss": scalar()}


def count(shapes: Mapping[str, tuple[int, ...]], *names: str) -> int:
    """How many numbers the inputs of these names have together."""
    return sum(math.prod(shapes[name]) for name in names)


def tensor_functions() -> Any:
    """`losses.functions`: only kernels ask, so that `check` does not load its files."""
    from ddspgraph.losses import functions

    return functions
