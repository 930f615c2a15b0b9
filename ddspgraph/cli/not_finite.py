"""Where a result that is not finite comes from: the first node in order of execution that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.diagnostics import GraphError, Note, fail

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.export.exported import ExportedGraph
    from ddspgraph.export.exported_target import TargetModel


def not_finite(
    model: CompiledGraph | ExportedGraph | TargetModel,
    results: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
    seed: int,
) -> GraphError | None:
    """E801 where a result holds NaN or infinity, at the node that made the first one; None where all are finite."""
    broken = [name for name, x in results.items() if not np.isfinite(x).all()]
    if not broken:
        return None
    names = " and ".join(f"'{name}'" for name in broken)
    notes = [Note(f"the input '{name}' is not finite itself") for name, x in inputs.items() if not np.isfinite(x).all()]
    # An export keeps no inner values.
    origin = None
    if hasattr(model, "legal"):
        from ddspgraph.compiler.not_finite import first_not_finite

        origin = first_not_finite(model, inputs, seed)  # type: ignore[arg-type]
    if origin is None:
        return fail("E801", f"{_count(results[broken[0]])} of {names} are not finite", None, *notes, hint=_HINT)
    value, x, span = origin
    return fail("E801", f"{_count(x)} of '{value}' are not finite, and with them {names}", span, *notes, hint=_HINT)


_HINT = "look at what the node is given: a division by 0, a logarithm of 0, a gain that grows without bound"


def _count(x: np.ndarray) -> str:
    bad = np.flatnonzero(~np.isfinite(x))
    return f"{len(bad):,} of {x.size:,} values (the first at {list(map(int, np.unravel_index(bad[0], x.shape)))})"
