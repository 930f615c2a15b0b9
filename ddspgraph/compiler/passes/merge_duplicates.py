"""Computes the same thing once: common subexpression elimination over pure nodes.

    before:  a = midi_to_hz(p); b = midi_to_hz(p); s = add(a, b)
    after:   a = midi_to_hz(p); s = add(a, a)

Random and trainable nodes are never merged: two noise nodes are two noises.
"""

from __future__ import annotations

from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.op import Traits


def merge_duplicates(graph: Graph) -> Graph:
    first: dict[object, Node] = {}
    instead: dict[Ref, Ref] = {}
    nodes: list[Node] = []
    for node in (n.rewired(instead) for n in graph.nodes):
        twin = first.setdefault((node.op, node.inputs), node) if _may_merge(graph, node) else node
        if twin is node:
            nodes.append(node)
        else:
            instead.update(zip(node.refs, twin.refs, strict=True))
    if not instead:
        return graph
    return graph.rewired(instead, nodes=tuple(nodes))


def _may_merge(graph: Graph, node: Node) -> bool:
    return Traits.PURE in node.op.traits and node.name not in graph.losses
