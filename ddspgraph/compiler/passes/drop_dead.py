"""Drops the nodes that no output and no loss depends on.

    before:  a = gain(x); b = mfcc(x); out audio = a
    after:   a = gain(x); out audio = a

Inputs stay: they are the caller's interface.
"""

from __future__ import annotations

from ddspgraph.ir.graph import Graph


def drop_dead(graph: Graph) -> Graph:
    alive = graph.ancestors(graph.roots())
    nodes = tuple(node for node in graph.nodes if node.name in alive)
    if len(nodes) == len(graph.nodes):
        return graph
    return graph.replace(nodes=nodes, feedback=tuple(edge for edge in graph.feedback if edge.line in alive))
