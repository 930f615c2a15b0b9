"""How much memory a graph will take at its peak, from shapes alone, before TensorFlow is imported."""

from __future__ import annotations

import math
import os
from collections.abc import Container, Mapping
from typing import NamedTuple

from ddspgraph.diagnostics import Report, Span
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.ports import is_wild
from ddspgraph.ir.types import Rate, Signal
from ddspgraph.limits import Limits

#: What a name stands for where nobody says: one clip of 4 seconds, the unit of magenta/ddsp's training.
NOMINAL_SECONDS = 4
#: Channels of an axis with a free name.
NOMINAL_CHANNELS = 64
BYTES = 4  # float32
MOST_KEPT = 64  # calls of one graph whose sizes are remembered


def nominal_sizes(graph: Graph) -> dict[str, int]:
    """Sizes for estimates: the clock's duration, else four seconds, batch 1."""
    clock = graph.clock
    samples = clock.n_samples or (clock.sample_rate or 16_000) * NOMINAL_SECONDS
    hop = clock.hop_samples or 64
    return {"batch": 1, "samples": samples, "frames": max(1, samples // hop)}


def shape_at(signal: Signal, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape where the named dims have these sizes; a time axis of another name is as long as the clock's."""
    shape = []
    for axis, dim in enumerate(signal.dims):
        known = dim.is_static or dim.name in sizes or not (is_wild(dim) or axis == 1)
        unknown = NOMINAL_CHANNELS if axis != 1 else sizes.get("samples" if signal.rate is Rate.AUDIO else "frames", 1)
        shape.append(max(0, dim.at(sizes)) if known else unknown)
    if signal.voices is not None:  # they are rows of the batch
        shape[:1] = [shape[0] * signal.voices]
    return tuple(shape)


def node_shapes(graph: Graph, node: Node, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """What `Op.workspace` and `Op.multiply_adds` ask for: inputs, outputs as `-> signal`, variables as `= kernel`."""
    shapes = {port: shape_at(graph.types[ref], sizes) for port, ref in node.inputs}
    made = {f"-> {ref.port}": shape_at(graph.types[ref], sizes) for ref in node.refs}
    weights = node.op.weights({port: graph.types[ref] for port, ref in node.inputs})
    return {**shapes, **made, **{f"= {name}": weight.shape for name, weight in weights.items()}}


class _Need(NamedTuple):
    """Bytes of each output by port, of what the kernel holds beside them, and of the variables."""

    made: Mapping[str, int]
    held: int
    variables: int


def _need(graph: Graph, node: Node, sizes: Mapping[str, int]) -> _Need:
    shapes = node_shapes(graph, node, sizes)
    made = {ref.port: math.prod(shapes[f"-> {ref.port}"]) * BYTES for ref in node.refs}
    variables = sum(math.prod(shape) for name, shape in shapes.items() if name.startswith("= "))
    return _Need(made, node.op.workspace(shapes) * BYTES, variables * BYTES)


def node_bytes(graph: Graph, node: Node, sizes: Mapping[str, int], used: Container[Ref]) -> int:
    """Bytes of the outputs that are used (others are never made), and of what the kernel holds beside them."""
    need = _need(graph, node, sizes)
    return sum(need.made[ref.port] for ref in node.refs if ref in used) + need.held


def peak_bytes(graph: Graph, sizes: Mapping[str, int]) -> tuple[int, Node | None]:
    """The most that is alive at once when the nodes run in order, and the node where that is.

    Inputs and variables live throughout; another value from the node that makes it to the last one that reads it.
    A graph keeps what was found for the sizes of its last calls: the walk costs more than a small graph's run.
    """
    key, kept = frozenset(sizes.items()), graph.peaks
    found = kept.get(key)
    if found is None:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        found = kept[key] = _peak_bytes(graph, sizes)
    return found


def _peak_bytes(graph: Graph, sizes: Mapping[str, int]) -> tuple[int, Node | None]:
    last_reader: dict[Ref, int] = {ref: len(graph.nodes) for ref in graph.roots()}
    for i, node in enumerate(graph.nodes):
        for _, ref in node.inputs:
            last_reader[ref] = i if ref not in last_reader else max(last_reader[ref], i)
    needs = _needs(graph, sizes)
    alive = sum(math.prod(shape_at(i.signal, sizes)) for i in graph.inputs) * BYTES
    alive += sum(need.variables for need in needs if need is not None)
    size: dict[Ref, int] = {}
    peak, worst = alive, None
    for i, (node, need) in enumerate(zip(graph.nodes, needs, strict=True)):
        if need is None:
            continue
        kept = {ref: need.made[ref.port] for ref in node.refs if ref in last_reader}  # others are never made
        alive += sum(kept.values())
        if alive + need.held > peak:
            peak, worst = alive + need.held, node
        size |= kept
        alive -= sum(size.get(ref, 0) for ref in {ref for _, ref in node.inputs} if last_reader[ref] == i)
    return peak, worst


def _needs(graph: Graph, sizes: Mapping[str, int]) -> list[_Need | None]:
    """What each node needs; None of one without types. A graph of a thousand uses has few kinds of nodes."""
    found: dict[object, _Need] = {}
    needs: list[_Need | None] = []
    for node in graph.nodes:
        types = [graph.types.get(ref) for ref in (*(ref for _, ref in node.inputs), *node.refs)]
        if None in types:
            needs.append(None)
            continue
        # `infer` gives nodes alike the very same types.
        kind = (node.op, *(port for port, _ in node.inputs), *map(id, types))
        if kind not in found:
            found[kind] = _need(graph, node, sizes)
        needs.append(found[kind])
    return needs


def memory_limit(limits: Limits) -> int:
    """The limit in bytes; unless the caller sets one, the smaller of 8 GiB and half of this machine's memory."""
    if limits.memory_bytes is not None:
        return limits.memory_bytes
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 16 << 30
    return min(8 << 30, machine // 2)


def check_memory(graph: Graph, sizes: Mapping[str, int], limits: Limits, report: Report) -> None:
    """Reports E708 where the estimate is above the limit."""
    peak, worst = peak_bytes(graph, sizes)
    allowed = memory_limit(limits)
    if peak <= allowed:
        return
    where = f" at '{worst.name}'" if worst else ""
    assumed = f"batch {sizes.get('batch', 1)}" + (f", {sizes['samples']:,} samples" if "samples" in sizes else "")
    report.add(
        "E708",
        f"about {_gib(peak)} of memory would be needed{where}, the limit is {_gib(allowed)}",
        _place(graph, worst),
        hint=f"make less at once; assumed: {assumed}",
    )


def _place(graph: Graph, worst: Node | None) -> Span | None:
    """The node; of a conversion that the compiler wrote, what it converts; else the first thing of the spec."""
    made_of = [ref.node for _, ref in worst.inputs] if worst else []
    declared = [graph.node_by_name.get(name) or graph.input_by_name.get(name) for name in made_of]
    found = [worst, *declared, *graph.inputs, *graph.nodes, graph.clock]
    return next((item.span for item in found if item is not None and item.span is not None), None)


def _gib(count: int) -> str:
    if count >= 1 << 60:  # there are sizes of thousands of digits
        return "over a thousand million GiB"
    if count < 1 << 30:
        return f"{count / (1 << 20):.1f} MiB"
    return f"{count >> 30:,} GiB" if count >= 10 << 30 else f"{count / (1 << 30):.1f} GiB"
