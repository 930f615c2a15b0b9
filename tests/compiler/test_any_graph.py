"""Graphs that are valid by construction compile, and compute what the checker said they would (T34)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

import ddspgraph as dg
from ddspgraph.ir.graph import Input
from tests.strategies import specs

FRAMES, HOP, BATCH = 16, 64, 2


def _array(item: Input, sizes: dict[str, int], rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(0.1, 0.9, [dim.at(sizes) for dim in item.signal.dims]).astype(np.float32)


def computes_what_was_inferred(spec: dict[str, Any]) -> None:
    graph = dg.load(spec)
    model = dg.compile(graph)
    rng = np.random.default_rng(0)
    sizes = {"batch": BATCH if graph.inputs else 1, "frames": FRAMES, "samples": FRAMES * HOP}
    inputs = {item.name: _array(item, sizes, rng) for item in graph.inputs}
    results = model(inputs) if graph.outputs else {}
    for name, ref in graph.outputs:
        expected = [dim.at(sizes) for dim in graph.types[ref].dims]
        found = results[name].shape.as_list()
        known = [dim.is_static or dim.name in sizes for dim in graph.types[ref].dims]
        pairs = [(e, f) for e, f, k in zip(expected, found, known, strict=True) if k]
        assert all(e == f for e, f in pairs), (name, str(graph.types[ref]), found)
        assert np.isfinite(results[name].numpy()).all(), name
    if graph.losses:
        assert np.isfinite(model.losses(inputs)["total"].numpy())
    again = model(inputs) if graph.outputs else {}
    assert all(np.array_equal(results[name], again[name]) for name in results)


_OPTIONS: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
test_ten_graphs = seed(1)(settings(max_examples=10, **_OPTIONS)(given(specs(5))(computes_what_was_inferred)))
test_many_graphs = pytest.mark.proof(
    settings(max_examples=300, **_OPTIONS)(given(specs(8))(computes_what_was_inferred))
)
