"""Writes the ops that inference mapped over channels into the graph: legalisation.

    before:  wet = reverb(audio=x, ir=r)               # x has 2 channels, the port takes a sound
    after:   wet = reverb(audio=x, ir=r) over channels of audio

A node with voices learns which of its inputs have a value for each. `ir.mapped` says when.
"""

from __future__ import annotations

from dataclasses import replace

from ddspgraph.ir.graph import Graph
from ddspgraph.ir.mapped import as_met


def map_over_channels(graph: Graph) -> Graph:
    nodes = []
    for node in graph.nodes:
        op = as_met(node.op, {port: graph.types[ref] for port, ref in node.inputs})
        nodes.append(node if op == node.op else replace(node, op=op))
    return graph if all(a is b for a, b in zip(nodes, graph.nodes, strict=True)) else graph.replace(nodes=tuple(nodes))
