"""What a graph of `graphs/` takes, measured. As a module: measures the graph named on the command line, prints JSON.

Time is that of the fastest call, of the graph and of the kernels that the machine's speed is measured on by turns:
whatever else runs meanwhile slows both. Memory (Linux) is by how much the process grows at its peak.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ddspgraph.ir.graph import Graph
from ddspgraph.ir.types import Rate, Unit

GRAPHS = Path(__file__).parents[2] / "graphs"
#: Seconds of audio that time and memory are measured on.
TIMED_S, FILLED_S = 8, 60
_ROUNDS, _ROUND_S = 6, 0.3


def measure(name: str) -> dict[str, float]:
    """Seconds and bytes that one call takes, and what they were estimated to be."""
    import ddspgraph as dg
    from ddspgraph.estimates.cost import estimate
    from ddspgraph.estimates.speed import fastest, kernels

    graph = _lasting(dg.load(GRAPHS / f"{name}.yaml"), TIMED_S)
    model = dg.compile(graph)
    given, sizes = arrays(graph, TIMED_S), sizes_of(graph, TIMED_S)
    costs = estimate(graph, sizes)
    mix = list(kernels())
    calls = [lambda: model(given), *([lambda: model.losses(given)] if graph.losses else []), *(call for _, call in mix)]
    least = [float("inf")] * len(calls)
    for _ in range(_ROUNDS):
        least = [min(before, fastest(call, _ROUND_S)) for before, call in zip(least, calls, strict=True)]
    speed = sum(work for work, _ in mix) / sum(least[-len(mix) :])
    return {
        "audio_s": TIMED_S,
        "outputs_s": least[0],
        "outputs_predicted_s": costs.output_multiply_adds / speed,
        "losses_s": least[1] if graph.losses else 0.0,
        "losses_predicted_s": _loss_work(graph, sizes) / speed,
        **_memory(name),
    }


def _loss_work(graph: Graph, sizes: dict[str, int]) -> int:
    """Multiply-adds of what the losses alone need."""
    from ddspgraph.estimates.cost import estimate

    return estimate(graph.replace(outputs=()), sizes).multiply_adds if graph.losses else 0


def _memory(name: str) -> dict[str, float]:
    import ddspgraph as dg
    from ddspgraph.estimates.cost import estimate

    graph = _lasting(dg.load(GRAPHS / f"{name}.yaml"), FILLED_S)
    if graph.inputs:
        short = model = dg.compile(graph)
    else:
        short, model = dg.compile(_lasting(graph, 1)), dg.compile(graph)
    small = arrays(graph, 1)
    for _ in range(2):
        _run(short)(small)
    before = _status("VmRSS")
    given = arrays(graph, FILLED_S)
    Path("/proc/self/clear_refs").write_text("5")
    results = _run(model)(given)
    grown = _status("VmHWM") - before
    del results
    return {"peak_bytes": grown, "peak_predicted_bytes": estimate(graph, sizes_of(graph, FILLED_S)).peak_bytes}


def _run(model: Any) -> Callable[[Any], Any]:
    return model.losses if model.graph.losses else model


def _lasting(graph: Graph, seconds: int) -> Graph:
    """The graph with that nominal length: what one without inputs makes."""
    n_samples = sizes_of(graph, seconds)["samples"]
    return graph.replace(clock=replace(graph.clock, n_samples=n_samples))


def sizes_of(graph: Graph, seconds: int) -> dict[str, int]:
    hop = graph.clock.hop_samples or 1
    frames = seconds * (graph.clock.sample_rate or 0) // hop
    return {"batch": 1, "frames": frames, "samples": frames * hop}


def arrays(graph: Graph, seconds: int) -> dict[str, Any]:
    """Plausible values of every input: what a kernel takes may hang on them."""
    import numpy as np
    import tensorflow as tf

    random, sizes, found = np.random.default_rng(0), sizes_of(graph, seconds), {}
    for given in graph.inputs:
        unit = random.uniform(0.0, 1.0, [dim.at(sizes) for dim in given.signal.dims])
        if given.signal.unit is Unit.HZ:
            unit = 110.0 * (1.0 + unit * np.arange(1, unit.shape[-1] + 1))
        elif given.signal.unit is Unit.MIDI:
            unit = 50.0 + 10.0 * unit
        elif given.signal.rate is Rate.AUDIO:
            unit = 2.0 * unit - 1.0
        found[given.name] = tf.constant(unit, tf.float32)
    return found


def _status(key: str) -> int:
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith(key))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
