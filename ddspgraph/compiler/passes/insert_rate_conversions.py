"""Writes the implied conversions into the graph: legalisation.

    before:  n = gain(audio=x, gain=g)                 # g is frame rate, the port wants audio
    after:   n.gain.resample = resample(g); n = gain(audio=x, gain=n.gain.resample)

A constant is held (`hold`), a frame value resampled (`resample`), a channel axis of size 1 that the port
does not want is dropped (`squeeze`). `analysis.adapt` says when; the ops are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ddspgraph.compiler.analysis.adapt import Step, adapt, targets
from ddspgraph.ir.graph import Clock, Graph, Node, Origin, Ref
from ddspgraph.ir.mapped import Mapped
from ddspgraph.ir.op import Op

#: role of a step -> the op that does it, made for a clock
Conversions = Mapping[str, Callable[[Step, Clock], Op]]


def insert_rate_conversions(graph: Graph, conversions: Conversions) -> Graph:
    nodes: list[Node] = []
    for node in graph.nodes:
        given = {port: graph.types[ref] for port, ref in node.inputs}
        wanted = targets(node.op.input_ports(list(given)), given)
        inputs: list[tuple[str, Ref]] = []
        for port, ref in node.inputs:
            _, steps = adapt(port, given[port], wanted[port], graph.clock.hop_samples)
            for step in steps:
                op = conversions[step.role](step, graph.clock)
                first = next(iter(op.inputs))
                if given[port].voices is not None:
                    op = Mapped(inner=op, voices=given[port].voices, own=(first,))
                name, span = f"{node.name}.{port}.{step.role}", node.edge_spans.get(port)
                step_node = Node(
                    name, op, ((first, ref),), span=span, origin=Origin.CONVERSION, owner=node.owner or node.name
                )
                nodes.append(step_node)
                ref = step_node.refs[0]
            inputs.append((port, ref))
        nodes.append(node if tuple(inputs) == node.inputs else replace(node, inputs=tuple(inputs)))
    return graph if len(nodes) == len(graph.nodes) else graph.replace(nodes=tuple(nodes))
