"""Computes at compile time what depends on constants only.

    before:  c = constant{value=69}; f = midi_to_hz(c); h = harmonic(a, d, f)
    after:   f.hz = constant{value=440}; h = harmonic(a, d, f.hz)

`evaluate` runs one kernel; it is handed in, so that this file needs no TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping
from typing import Any

from ddspgraph.ir.frozen import FrozenArray
from ddspgraph.ir.graph import Graph, Node, Origin, Ref
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.registry import Registry
from ddspgraph.ir.types import Signal

#: A folded value is stored in every export: a larger one is cheaper to compute again.
MOST_NUMBERS = 1 << 18

Evaluate = Callable[[Op, Mapping[str, Any]], Mapping[str, Any]]


def fold_constants(graph: Graph, evaluate: Evaluate, ops: Registry) -> Graph:
    constant = ops["constant"]
    known: dict[Ref, Any] = {}
    instead: dict[Ref, Ref] = {}
    nodes: list[Node] = []
    for node in (n.rewired(instead) for n in graph.nodes):
        if isinstance(node.op, constant):
            known[node.refs[0]] = evaluate(node.op, {})[node.refs[0].port]
        elif may_fold(graph, node, known):
            results = evaluate(node.op, {port: known[ref] for port, ref in node.inputs})
            for ref, value in ((Ref(node.name, port), value) for port, value in results.items()):
                folded = _constant_node(constant, graph, node, ref, value)
                instead[ref] = folded.refs[0]
                known[folded.refs[0]] = value
                nodes.append(folded)
            continue
        nodes.append(node)
    if not instead:
        return graph
    return graph.rewired(instead, nodes=tuple(nodes))


def may_fold(graph: Graph, node: Node, known: Container[Ref]) -> bool:
    """Whether a node depends on the known values alone, and its outputs are small enough to be stored.

    Losses never are: a scalar has no batch axis, and only values of one item are folded.
    Nor is what has voices: a stored constant has none.
    """
    if Traits.PURE not in node.op.traits or Traits.SIZED in node.op.traits:
        return False
    return all(ref in known for _, ref in node.inputs) and all(_is_small(graph.types[ref]) for ref in node.refs)


def _is_small(signal: Signal) -> bool:
    sizes = [dim.size for dim in signal.dims]
    return (
        bool(sizes)
        and signal.voices is None
        and sizes[0] == 1
        and None not in sizes
        and math.prod(s or 1 for s in sizes) <= MOST_NUMBERS
    )


def _constant_node(constant: type[Op], graph: Graph, node: Node, ref: Ref, value: Any) -> Node:
    op = constant(value=FrozenArray(value[0]), unit=graph.types[ref].unit.value)  # type: ignore[call-arg]
    name = f"{node.name}.{ref.port}"
    if name in graph.node_by_name:  # an output that is called like an input, whose literal has this name
        name += ".folded"
    return Node(name, op, doc=node.doc, span=node.span, origin=Origin.FOLDED, owner=node.owner or node.name)
