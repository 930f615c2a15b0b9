"""Runs grown graphs: what `check` accepts compiles, runs, streams, and every output is what its type says.

`python -m tests.grown_run FIRST COUNT` does so for COUNT seeds from FIRST on, and prints what does not hold.
"""

from __future__ import annotations

import collections
import sys
import traceback
from typing import Any

import numpy as np

import ddspgraph as dg
from ddspgraph.ir.graph import Graph, Input
from ddspgraph.ir.ports import is_wild
from ddspgraph.ir.types import FRAMES, Rate, Unit
from tests.grown import Grower, grown
from tests.streaming.proof import RANGES, differences, random_blocks, run_stream, tolerance

#: Frames of a stream: enough for the latencies of what `grown` makes.
_STREAM_FRAMES = 40
#: A transform rounds this many times more than the last bit of what goes in.
_MANY = 16


def runs(grower: Grower, seed: int, *, stream: bool = True) -> str:
    """What became of the graph: "ran", "refused" (at the call, by a code), "streamed" or "E415"."""
    graph, rng = grower.graph, np.random.default_rng(seed)
    if graph is None:
        return "empty"
    model = dg.compile(graph)
    sizes = _sizes(graph, rng)
    inputs = {i.name: _array(i, sizes, graph, rng) for i in graph.inputs}
    # Audio is as long as the audio that the outputs are computed from, which may end within a frame: what the
    # compiler found them not to depend on gives them no length.
    needed = model.input_specs(model.optimised, [ref for _, ref in model.optimised.outputs])
    recordings = [i for i in graph.inputs if i.signal.rate is Rate.AUDIO and i.name in needed]
    given = next((inputs[i.name].shape[i.signal.time_axis] for i in recordings), sizes["samples"])
    batch = sizes["batch"] if any(i.name in needed for i in graph.inputs) else 1
    try:
        results = model(inputs, seed=3) if graph.outputs else {}
        losses = model.losses(inputs, seed=3) if graph.losses else {}
    except dg.GraphError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert {d.code for d in refused.diagnostics} <= {"E605", "E606"}, refused
        assert all(d.span for d in refused.diagnostics), refused
        return "refused"
    for name, ref in graph.outputs:
        signal, shape = graph.types[ref], results[name].shape.as_list()
        dims = signal.outer_dims
        assert len(shape) == len(dims), f"{name} is {signal}, and {shape}"
        for dim, size in zip(dims, shape, strict=True):
            if dim.is_static or dim.name in sizes:
                is_cropped = signal.rate is Rate.AUDIO and dim == FRAMES * (graph.clock.hop_samples or 0)
                wanted = given if is_cropped else dim.at(sizes | {"batch": batch})
                assert wanted == size, f"{name} is {signal}, and {shape} where {sizes}"
    may_grow = any(d.code == "W118" for d in graph.warnings)
    for name, value in {**results, **losses}.items():
        assert may_grow or np.isfinite(value.numpy()).all() or (sizes["batch"] == 0 and name in losses), (
            f"{name} is not finite"
        )
    again = {**(model(inputs, seed=3) if results else {}), **(model.losses(inputs, seed=3) if losses else {})}
    for name, value in {**results, **losses}.items():
        np.testing.assert_array_equal(value.numpy(), again[name].numpy(), err_msg=f"{name}, run again")
    is_open = any(is_wild(dim) for i in graph.inputs for dim in i.signal.dims)
    is_quiet = all(np.isfinite(x.numpy()).all() for x in results.values())
    return _streams(model, graph, rng) if stream and results and not is_open and is_quiet else "ran"


def _streams(model: Any, graph: Graph, rng: np.random.Generator) -> str:
    try:
        streamed: Any = dg.compile_stream(model)
    except dg.GraphError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert {d.code for d in refused.diagnostics} == {"E415"}, refused
        return "E415"
    if not graph.clock.hop_samples:
        return "ran"
    frames = _STREAM_FRAMES if streamed.block_inputs else graph.clock.n_frames or _STREAM_FRAMES
    batch = 2 if streamed.plan.graph.inputs else 1
    sizes = {"batch": batch, "frames": frames, "samples": frames * graph.clock.hop_samples}
    inputs = {i.name: _values(i, [dim.at(sizes) for dim in i.signal.outer_dims], rng) for i in graph.inputs}
    wanted = {name: x.numpy() for name, x in model(inputs, seed=3).items()}
    found = run_stream(streamed, inputs, random_blocks(frames, rng), batch=batch, seed=3)
    off = {name: x for name, x in differences(streamed, wanted, found).items() if x > tolerance(wanted[name])}
    off = {name: x for name, x in off.items() if not _are_equal_as_amplitudes(streamed, name, wanted, found)}
    rounding = _rounding(model, inputs, wanted, rng) if off else {}
    for name, difference in off.items():
        assert difference <= _MANY * rounding[name], f"{name} streams {difference} off, rounding is {rounding[name]}"
    return "streamed"


def _are_equal_as_amplitudes(streamed: Any, name: str, wanted: dict[str, np.ndarray], found: dict[str, Any]) -> bool:
    """Whether decibels differ in what is too quiet to hear alone: near 0 they are all rounding."""
    ref = dict(streamed.plan.graph.outputs)[name]
    if streamed.plan.graph.types[ref].unit is not Unit.DB:
        return False
    a, b = ({name: 10.0 ** (np.clip(x[name], -400.0, 400.0) / 20.0) - 1.0} for x in (wanted, found))
    return differences(streamed, a, {**found, **b})[name] <= tolerance(a[name])


def _rounding(
    model: Any, inputs: dict[str, np.ndarray], wanted: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, float]:
    """What the last bits of the inputs do to each output: the decibels of samples near 0 are all rounding."""
    bit = np.finfo(np.float32).eps
    moved = {
        name: (x + rng.uniform(-bit, bit, x.shape) * np.max(np.abs(x), initial=0.0)).astype(np.float32)
        for name, x in inputs.items()
    }
    return {name: float(np.max(np.abs(x.numpy() - wanted[name]))) for name, x in model(moved, seed=3).items()}


def _sizes(graph: Graph, rng: np.random.Generator) -> dict[str, int]:
    """Odd lengths, no items, one, several, and any number for a free name."""
    hop = graph.clock.hop_samples
    frames = int(rng.integers(8, 20)) if hop is None or graph.clock.n_frames is None else graph.clock.n_frames
    names = {dim.name for i in graph.inputs for dim in i.signal.dims if is_wild(dim)}
    free = {name: int(rng.integers(1, 5)) for name in sorted(names)}
    samples = frames * hop if hop else int(rng.integers(700, 1100))
    return {"batch": int(rng.choice([0, 1, 3])) if graph.inputs else 1, "frames": frames, "samples": samples, **free}


def _array(item: Input, sizes: dict[str, int], graph: Graph, rng: np.random.Generator) -> np.ndarray:
    shape = [dim.at(sizes) for dim in item.signal.outer_dims]
    if (
        item.signal.rate is Rate.AUDIO
        and graph.clock.hop_samples
        and all(i.signal.rate is not Rate.AUDIO or i is item for i in graph.inputs)
    ):
        shape[item.signal.time_axis] -= int(
            rng.integers(0, graph.clock.hop_samples)
        )  # as a recording ends: within a frame
    return _values(item, shape, rng)


def _values(item: Input, shape: list[int], rng: np.random.Generator) -> np.ndarray:
    low, high = RANGES.get(str(item.signal.unit), (0.1, 0.9))
    return rng.uniform(low, high, shape).astype(np.float32)


def main(first: int, count: int) -> int:
    found: collections.Counter[str] = collections.Counter()
    for seed in range(first, first + count):
        grower = grown(seed)
        try:
            found[runs(grower, seed, stream=seed % 2 == 0)] += 1
        except Exception as error:
            found["failed"] += 1
            print(f"-- seed {seed}: {type(error).__name__}: {str(error)[:600]}\n{grower.spec}", flush=True)
            print("".join(traceback.format_tb(error.__traceback__)[-2:]), flush=True)
    print(dict(found))
    return found["failed"]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])) > 0)
