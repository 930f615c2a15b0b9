"""Where values that are not finite come from: the first node in order of execution that makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.diagnostics import Span

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph


def first_not_finite(
    model: CompiledGraph, inputs: Mapping[str, Any], seed: int
) -> tuple[str, np.ndarray, Span | None] | None:
    """Name, value and place of the first output of a node that is not finite; None where all are."""
    signals = model.signals(inputs, seed=seed, every=True)
    for node in model.legal.nodes:
        for ref in node.refs:
            x = signals[str(ref)].numpy() if str(ref) in signals else None
            if x is not None and not np.isfinite(x).all():
                return str(ref), x, node.span
    return None
