"""The first state of a stream as bytes that any language reads: `initial_state.bin`, described in `ddspgraph.json`.

The arrays lie one after another, little-endian, rows last, each at a multiple of 16 bytes. `streaming.states` says in
the same order what the model calls them, their shapes and types, and where they begin. Free of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddspgraph.diagnostics import fail
from ddspgraph.files import open_file, place

INITIAL_STATE = "initial_state.bin"
_ALIGNMENT = 16


def described(arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Tensor, shape, type, offset and bytes of every array."""
    found, offset = [], 0
    for name, x in arrays.items():
        size = {"offset": offset, "bytes": x.nbytes}
        found.append({"tensor": name, "shape": list(x.shape), "dtype": str(x.dtype), **size})
        offset += -(-x.nbytes // _ALIGNMENT) * _ALIGNMENT
    return found


def write_state(arrays: Mapping[str, np.ndarray], folder: Path) -> None:
    parts = []
    for x in arrays.values():
        raw = np.ascontiguousarray(x).astype(x.dtype.newbyteorder("<")).tobytes()
        parts.append(raw + bytes(-len(raw) % _ALIGNMENT))
    (folder / INITIAL_STATE).write_bytes(b"".join(parts))


def read_state(folder: Path, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays by tensor; none of a graph that is no stream. Raises GraphError E601, E602."""
    states = facts.get("streaming", {}).get("states", [])
    if not states:
        return {}
    with open_file(folder / INITIAL_STATE) as file:
        raw = file.read()
    try:
        return {s["tensor"]: _array(raw[s["offset"] :][: s["bytes"]], s) for s in states}
    except (KeyError, TypeError, ValueError):
        raise fail("E602", "the first state of the export is damaged: export it again", place(folder)) from None


def _array(raw: bytes, state: Mapping[str, Any]) -> np.ndarray:
    dtype = np.dtype(state["dtype"])
    return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype).reshape(state["shape"])
