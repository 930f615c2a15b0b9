"""Sub-graphs closed: each use becomes one box, that shows what goes in and comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ddspgraph.ir.graph import Graph, Node, Part, Ref
from ddspgraph.ir.op import Op, ParamSpec
from ddspgraph.ir.ports import Port, anything


class ClosedPart(Op):
    """A use of a sub-graph in a picture. It never runs."""

    variadic = anything(doc="What it reads.")

    said: str  # the sub-graph
    made: tuple[str, ...]  # its outputs

    @property
    def name(self) -> str:  # type: ignore[override]
        """That of the sub-graph."""
        return self.said

    @classmethod
    def params(cls) -> Mapping[str, ParamSpec]:
        """None: its fields are no parameters of a spec."""
        return {}

    def output_ports(self) -> Mapping[str, Port]:
        return {name: anything() for name in self.made}


def part_of(graph: Graph, node: Node) -> Part | None:
    """The innermost sub-graph that a node is in, or that one of the compiler's own belongs to."""
    name, dot = node.owner or node.name, "."
    while dot:
        if name in graph.parts and (name != node.name or node.owner):
            return graph.parts[name]
        name, dot, _ = name.rpartition(".")
    return None


def outermost(graph: Graph, node: Node) -> Part | None:
    """The sub-graph of the spec itself that a node is in."""
    name = node.owner or node.name
    return next((part for key, part in graph.parts.items() if _is_in(name, key) and part.is_outermost), None)


def closed(graph: Graph) -> Graph:
    """The graph with one node for every use of a sub-graph that is in no other."""
    if not graph.parts:
        return graph
    home = {node.name: part for node in graph.nodes if (part := outermost(graph, node)) is not None}
    exits: dict[Ref, Ref] = {}
    for part in dict.fromkeys(part.name for part in home.values()):
        for port, ref in graph.parts[part].outputs.items():
            if ref.node in home and home[ref.node].name == part:
                exits.setdefault(ref, Ref(part, port))
    for node in graph.nodes:  # what is read from outside without being an output
        for _, ref in node.inputs:
            source = home.get(ref.node)
            if source is not None and home.get(node.name) is not source:
                exits.setdefault(ref, Ref(source.name, str(ref).removeprefix(f"{source.name}.")))
    for _, ref in graph.outputs:
        if ref.node in home:
            exits.setdefault(ref, Ref(home[ref.node].name, str(ref).removeprefix(f"{home[ref.node].name}.")))
    nodes: list[Node] = []
    boxes: dict[str, int] = {}
    for node in graph.nodes:
        part = home.get(node.name)
        if part is None:
            nodes.append(node.rewired(exits))
            continue
        read = [exits.get(ref, ref) for _, ref in node.inputs if home.get(ref.node) is not part]
        if part.name not in boxes:
            made = tuple(ref.port for ref in exits.values() if ref.node == part.name)
            boxes[part.name] = len(nodes)
            nodes.append(Node(part.name, ClosedPart(said=part.graph, made=made), doc=part.doc, group=part.group))
        box = nodes[boxes[part.name]]
        known = [ref for _, ref in box.inputs]
        more = [ref for ref in dict.fromkeys(read) if ref not in known]
        inputs = (*box.inputs, *((f"input_{len(known) + i + 1}", ref) for i, ref in enumerate(more)))
        nodes[boxes[part.name]] = replace(box, inputs=inputs)
    types = dict(graph.types) | {new: graph.types[old] for old, new in exits.items() if old in graph.types}
    outputs = tuple((name, exits.get(ref, ref)) for name, ref in graph.outputs)
    feedback = []
    for edge in graph.feedback:
        part = home.get(edge.line)
        if part is None or part is not home.get(edge.source.node):  # a cycle within one box is not shown
            line = edge.line if part is None else part.name
            feedback.append(replace(edge, line=line, source=exits.get(edge.source, edge.source)))
    return graph.replace(nodes=tuple(nodes), outputs=outputs, types=types, feedback=tuple(feedback), parts={})


def _is_in(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")
