"""Warnings: it works, but is it meant?"""

from __future__ import annotations

from ddspgraph.compiler.analysis.adapt import arriving
from ddspgraph.compiler.analysis.memory import nominal_sizes
from ddspgraph.diagnostics import Note, Report, Span
from ddspgraph.ir.frozen import numbers_of
from ddspgraph.ir.graph import Graph, Node
from ddspgraph.ir.mapped import as_met
from ddspgraph.ir.op import Op, Traits


def advise(graph: Graph, constant: type[Op], report: Report) -> None:
    """Reports W101 unused nodes, W102 unused inputs, W103 duplicates, and what the ops themselves advise."""
    _unused(graph, report)
    _duplicates(graph, report)
    values = {n.refs[0]: numbers_of(n.op.value) for n in graph.nodes if isinstance(n.op, constant)}  # type: ignore[attr-defined]
    sizes = nominal_sizes(graph) if graph.clock.n_samples else {}
    for node in graph.nodes:
        if any(ref not in graph.types for _, ref in node.inputs):
            continue
        given = {port: graph.types[ref] for port, ref in node.inputs}
        signals = arriving(node.op.input_ports(tuple(given)), given, graph.clock.hop_samples)
        known = {port: values[ref] for port, ref in node.inputs if ref in values}
        for advice in as_met(node.op, signals).advise(signals, known, sizes):
            span = node.edge_spans.get(advice.at, node.span)
            report.add(advice.code, f"'{node.name}': {advice.message}", span, hint=advice.hint)


def _unused(graph: Graph, report: Report) -> None:
    used = graph.ancestors(graph.roots())
    read = set(graph.users()) | set(graph.roots())
    for node in graph.nodes:
        if node.name not in used and node.is_written and not _is_inside(node):
            unread = not any(ref in read for ref in node.refs)
            why = "nothing uses" if unread else "no output and no loss depends on"
            report.add("W101", f"{why} the node '{node.name}'", node.span, hint="delete it, or make it an output")
    for midi in graph.midi:
        if not any(midi.port_of(i.name) for i in graph.inputs):
            message, hint = f"nothing reads the MIDI input '{midi.name}'", f"delete it, or read `{midi.name}/pitch`"
            report.add("W102", message, midi.span, hint=hint)
    for item in graph.inputs:
        if item.name not in used:
            message = f"no output and no loss depends on the input '{item.name}'"
            report.add("W102", message, item.span, hint="delete it, or let a node read it")


def _is_inside(node: Node) -> bool:
    """Whether it is a node of a sub-graph: that was looked at by itself, and a use need not use all of it."""
    return node.span is not None and node.span.use is not None


def _duplicates(graph: Graph, report: Report) -> None:
    constants = {n.refs[0]: n.op for n in graph.nodes if not n.inputs}
    first: dict[object, Node] = {}
    for node in graph.nodes:
        if not node.is_written or _is_inside(node) or Traits.PURE not in node.op.traits or node.name in graph.losses:
            continue
        # Two literals of one value are one value.
        inputs = tuple((port, constants.get(ref, ref)) for port, ref in node.inputs)
        twin = first.setdefault((node.op, inputs), node)
        if twin is not node:
            where: Span | None = twin.span
            report.add(
                "W103",
                f"'{node.name}' computes what '{twin.name}' computes",
                node.span,
                Note(f"'{twin.name}' is", where),
                hint="one of them is enough: the compiler keeps one",
            )
