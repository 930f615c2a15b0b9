"""The inputs of sub-graphs, once types are known: a border holds a value to what its definition says, then goes.

    before:  vox.level = border(fader); vox.out = gain(vox.cut, vox.level)
    after:   vox.out = gain(vox.cut, fader)

A value that is slower than its definition says is converted at the border, so that the inside has the rate that it was
written for. A constant is not: whatever reads it may hold it, later and for less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.passes.insert_rate_conversions import Conversions, insert_rate_conversions
from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Graph, Node, Origin, Ref
from ddspgraph.ir.types import Rate


def open_borders(
    graph: Graph, conversions: Conversions, report: Report, sizes: Mapping[str, int] = MappingProxyType({})
) -> Graph:
    """A typed graph without borders, typed anew where that changes types."""
    borders = {node.name: node for node in graph.nodes if node.origin is Origin.BORDER}
    if not borders:
        return graph
    slow = {name: node for name, node in borders.items() if _is_slow(graph, node)}
    nodes: list[Node] = []
    instead: dict[Ref, Ref] = {}
    for node in (n.rewired(instead) for n in graph.nodes):
        if node.origin is not Origin.BORDER:
            nodes.append(node)
            continue
        source = node.inputs[0][1]
        if node.name in slow:
            *steps, node = insert_rate_conversions(graph.replace(nodes=(node,)), conversions).nodes
            nodes += [replace(step, owner="") for step in steps]
            source = node.inputs[0][1]
        instead[node.refs[0]] = source
    opened = without(graph, nodes, instead)
    is_held = any(graph.types.get(node.inputs[0][1]) != graph.types.get(node.refs[0]) for node in borders.values())
    return infer(opened.replace(types={}), report, sizes) if is_held and not report.has_errors else opened


def drop_borders(graph: Graph) -> Graph:
    """A graph without borders, nothing converted: for pictures of a spec as it is written."""
    instead: dict[Ref, Ref] = {}
    nodes = []
    for node in (n.rewired(instead) for n in graph.nodes):
        if node.origin is Origin.BORDER and node.inputs:
            instead[node.refs[0]] = node.inputs[0][1]
        else:
            nodes.append(node)
    return without(graph, nodes, instead)


def without(graph: Graph, nodes: list[Node], instead: Mapping[Ref, Ref]) -> Graph:
    """The graph of these nodes, values replaced wherever they are read."""
    nodes = [node.rewired(instead) for node in nodes]  # in a cycle a border may come after its reader
    outputs = tuple((name, instead.get(ref, ref)) for name, ref in graph.outputs)
    parts = {
        name: replace(part, outputs={port: instead.get(ref, ref) for port, ref in part.outputs.items()})
        for name, part in graph.parts.items()
    }
    feedback = tuple(replace(edge, source=instead.get(edge.source, edge.source)) for edge in graph.feedback)
    types = {ref: signal for ref, signal in graph.types.items() if ref not in instead}
    return graph.replace(nodes=tuple(nodes), outputs=outputs, feedback=feedback, parts=parts, types=types)


def _is_slow(graph: Graph, node: Node) -> bool:
    given, made = (graph.types.get(ref) for ref in (node.inputs[0][1], node.refs[0]))
    return given is not None and made is not None and Rate.CONST is not given.rate < made.rate
