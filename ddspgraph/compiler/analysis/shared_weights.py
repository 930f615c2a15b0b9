"""Weights that several nodes have in common: what they are made for must be alike."""

from __future__ import annotations

from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.graph import Graph, Node


def check_shared_weights(graph: Graph, report: Report) -> None:
    """Reports E316 for a node of a typed graph whose weights have other shapes than those that it takes."""
    for node in graph.nodes:
        if not node.weights_of:
            continue
        owner = graph.node_by_name[node.weights_of]
        own, others = _shapes(graph, node), _shapes(graph, owner)
        if own is None or others is None or own == others:
            continue
        name = next(name for name in {**own, **others} if own.get(name) != others.get(name))
        sizes = [list(shapes[name]) if name in shapes else "none" for shapes in (own, others)]
        message = f"'{node.name}' shares the weights of '{owner.name}': its '{name}' is {sizes[0]}, there {sizes[1]}"
        place = Note(f"'{owner.name}' is declared", owner.span)
        hint = "give both inputs with as many channels, or let each have weights of its own"
        report.add("E316", message, node.edge_spans.get("weights", node.span), place, hint=hint)


def _shapes(graph: Graph, node: Node) -> dict[str, tuple[int, ...]] | None:
    """None where the inputs have no types."""
    given = {port: graph.types[ref] for port, ref in node.inputs if ref in graph.types}
    if len(given) < len(node.inputs):
        return None
    return {name: weight.shape for name, weight in node.op.weights(given).items()}
