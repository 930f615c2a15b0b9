"""`weights: encoder` in a node: it has the weights of another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ddspgraph.diagnostics import Note, Report, did_you_mean, quote
from ddspgraph.ir.graph import Node
from ddspgraph.ir.op import Traits


def with_weights(nodes: Sequence[Node], report: Report) -> list[Node]:
    """The nodes, each with the node in `weights_of` that the weights are named after.

    Reports E316 for a node without weights, of another op or other parameters, or that takes its own.
    """
    if not any(node.weights_of for node in nodes):
        return list(nodes)
    by_name = {node.name: node for node in nodes}
    found = []
    for node in nodes:
        owner = by_name.get(node.weights_of)
        seen = {node.name}
        while owner is not None and owner.weights_of and owner.name not in seen:
            seen.add(owner.name)
            owner = by_name.get(owner.weights_of)
        if node.weights_of and "weights" in node.edge_spans:
            _check(node, owner, seen, by_name, report)
        has = owner is not None and owner.name != node.name and Traits.TRAINABLE in node.op.traits
        found.append(replace(node, weights_of=owner.name if has else "") if node.weights_of else node)  # type: ignore[union-attr]
    return found


def _check(node: Node, owner: Node | None, seen: set[str], known: dict[str, Node], report: Report) -> None:
    span = node.edge_spans["weights"]
    if owner is None:
        trainable = [name for name, other in known.items() if Traits.TRAINABLE in other.op.traits and other is not node]
        hint = did_you_mean(node.weights_of, trainable) or "write the name of a node with weights"
        report.add(
            "E316", f"'{node.name}': there is no node {quote(node.weights_of)} to take weights of", span, hint=hint
        )
    elif owner.name in seen:
        report.add("E316", f"'{node.name}' takes its own weights", span, hint="remove the key in one of the nodes")
    elif Traits.TRAINABLE not in node.op.traits:
        message = f"'{node.name}': {node.op.name} has no weights"
        report.add("E316", message, span, hint="remove the key")
    elif node.op != owner.op:
        place = Note(f"'{owner.name}' is declared", owner.span)
        message = f"'{node.name}' is not the op that '{owner.name}' is, with the same parameters"
        report.add("E316", message, span, place, hint="weights are shared by nodes that differ in their inputs alone")
