"""From the words of a runtime or converter to the node that they are about."""

from __future__ import annotations

import re

from ddspgraph.ir.graph import Graph, Node


def named_node(graph: Graph, said: str) -> Node | None:
    """The node whose name scope comes first in what was said.

    TensorFlow's operations of a node are called `NODE/...`; those of its k-th trace `NODE_k/...`.
    """
    found = [(match.start(), node) for node in graph.nodes if (match := _scope(node).search(said))]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _scope(node: Node) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){re.escape(node.name)}(_\d+)?/")
