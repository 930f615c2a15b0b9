"""Random loops, and their slowest pole by the eigenvalues of a state matrix that is made by running them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def random_loop(rng: np.random.Generator, *, soft: float = 0.5) -> dict[str, Any]:
    """A spec of up to five lines in series, in parallel and within each other, `soft` of them with a tanh."""
    feedback: dict[str, Any] = {}
    nodes: dict[str, Any] = {}
    has_tanh = rng.random() < soft

    def gain() -> float:
        return round(float(rng.choice([-1.0, 1.0]) * rng.uniform(0.05, 1.1)), 3)

    def node(op: str, *inputs: Any) -> str:
        name = f"n{len(nodes)}"
        nodes[name] = {"op": op, "inputs": list(inputs)}
        return name

    def path(source: str, depth: int) -> str:
        """Something between a value and another."""
        kind = rng.integers(4) if depth < 2 and len(feedback) < 4 else 3
        if kind == 0:  # in series
            return path(path(source, depth + 1), depth + 1)
        if kind == 1:  # in parallel
            return node("add", path(source, depth + 1), path(source, depth + 1))
        if kind == 2:  # within
            return loop(source, depth + 1)
        made = node("multiply", source, gain())
        return node("tanh", made) if has_tanh and rng.random() < 0.5 else made

    def loop(source: str, depth: int) -> str:
        line = f"line{len(feedback)}"
        feedback[line] = {"from": "", "delay": f"{int(rng.integers(1, 12))} samples"}
        into = node("add", source, line)
        feedback[line]["from"] = path(into, depth)
        return into

    made = loop("dry", 0)
    return {
        "version": 2,
        "name": "random_loop",
        "clock": {"sample_rate": "16 kHz"},
        "inputs": {"dry": {"rate": "audio"}},
        "feedback": feedback,
        "nodes": nodes,
        "outputs": {"audio": made},
    }


def worst_radius_of(spec: dict[str, Any], rng: np.random.Generator) -> float:
    """The largest radius of any slopes of the tanh, from 0, driven hard, to 1: each end, and some between."""
    soft = [name for name, node in spec["nodes"].items() if node["op"] == "tanh"]
    ends = [[float(i >> k & 1) for k in range(len(soft))] for i in range(1 << min(len(soft), 4))]
    between = [list(rng.random(len(soft))) for _ in range(16 * bool(soft))]
    return max(radius_of(spec, dict(zip(soft, each, strict=False))) for each in ends + between)


def radius_of(spec: dict[str, Any], slopes: Mapping[str, float] | None = None) -> float:
    """The radius of the slowest pole; a tanh has its slope at 0 unless `slopes` says another."""
    delays = {line: int(entry["delay"].split()[0]) for line, entry in spec["feedback"].items()}
    first, total = {}, 0
    for line, delay in delays.items():
        first[line], total = total, total + delay
    matrix = np.zeros((total, total))
    for column in range(total):
        state = np.zeros(total)
        state[column] = 1.0
        values: dict[str, Any] = {"dry": 0.0, **{line: state[first[line] + n - 1] for line, n in delays.items()}}

        def value(ref: Any, values: dict[str, Any] = values) -> float:
            if not isinstance(ref, str):
                return float(ref)
            if ref not in values:
                entry = spec["nodes"][ref]
                parts = [value(x) for x in entry["inputs"]]
                values[ref] = {"add": sum, "multiply": np.prod, "tanh": sum}[entry["op"]](parts)
                values[ref] *= (slopes or {}).get(ref, 1.0)
            return values[ref]

        for line, n in delays.items():
            start = first[line]
            matrix[start, column] = value(spec["feedback"][line]["from"])
            matrix[start + 1 : start + n, column] += state[start : start + n - 1]
    return float(np.max(np.abs(np.linalg.eigvals(matrix))))
