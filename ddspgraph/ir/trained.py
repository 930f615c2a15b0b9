"""A graph as its weights have made it, for whoever looks at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ddspgraph.ir.graph import Graph, Node


def with_trained_values(graph: Graph, weights: Mapping[str, Mapping[str, Any]]) -> Graph:
    """The graph whose learned constants have the values that they were trained to: to be shown, not to be trained on.

    Args:
      weights: arrays by node and name; what belongs to no node of the graph is passed over.
    """
    nodes = tuple(_trained(node, weights.get(node.name, {})) for node in graph.nodes)
    return graph if nodes == graph.nodes else graph.replace(nodes=nodes)


def _trained(node: Node, weights: Mapping[str, Any]) -> Node:
    op = node.op.trained(weights)
    if op == node.op:
        return node
    changed = {name for name in op.params() if getattr(op, name) != getattr(node.op, name)}
    written = {name: words for name, words in node.written.items() if name not in changed}
    return dataclasses.replace(node, op=op, written=written)
