"""What every graph between two passes must be; a broken rule is a fault of the compiler, not of the spec."""

from __future__ import annotations

from collections.abc import Iterator

from ddspgraph.compiler.analysis.adapt import adapt, targets
from ddspgraph.ir.graph import Graph


class InvalidGraph(AssertionError):
    """A pass left a graph that breaks a rule of `verify`."""


def verify(graph: Graph) -> None:
    """Raises InvalidGraph with every broken rule."""
    broken = [*_names(graph), *_order(graph), *_ends(graph), *_types(graph)]
    if broken:
        raise InvalidGraph("; ".join(broken))


def verify_rates(graph: Graph) -> None:
    """After legalisation no edge implies a conversion. Raises InvalidGraph."""
    for node in graph.nodes:
        given = {port: graph.types[ref] for port, ref in node.inputs}
        wanted = targets(node.op.input_ports(list(given)), given)
        for name, signal in given.items():
            if adapt(name, signal, wanted[name], graph.clock.hop_samples)[1]:
                raise InvalidGraph(f"'{node.name}/{name}' still implies a rate conversion")


def _names(graph: Graph) -> Iterator[str]:
    names = [n.name for n in graph.nodes] + [i.name for i in graph.inputs]
    for name in sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else ():
        yield f"two things are called '{name}'"


def _order(graph: Graph) -> Iterator[str]:
    known = {i.ref for i in graph.inputs}
    for node in graph.nodes:
        for port, ref in node.inputs:
            if ref not in known:
                yield f"'{node.name}/{port}' reads '{ref}', which no earlier node makes"
        known.update(node.refs)


def _ends(graph: Graph) -> Iterator[str]:
    known = {i.ref for i in graph.inputs} | {ref for node in graph.nodes for ref in node.refs}
    for name, ref in graph.outputs:
        if ref not in known:
            yield f"output '{name}' reads '{ref}', which does not exist"
    for name in graph.losses:
        if name not in graph.node_by_name:
            yield f"loss '{name}' does not exist"
    for edge in graph.feedback:
        if edge.source not in known or edge.line not in graph.node_by_name:
            yield f"the feedback '{edge.line}' reads '{edge.source}': one of them does not exist"


def _types(graph: Graph) -> Iterator[str]:
    for ref in graph.values():
        if ref not in graph.types:
            yield f"'{ref}' has no type"
