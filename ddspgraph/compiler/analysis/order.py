"""Execution order, by graphlib; networkx finds the cycles, each reported as the whole chain with its places."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.graph import Graph, Origin

#: Names of a cycle in its message, in characters; a longer one is named by its two ends.
_LONGEST_PATH = 16_384


def order(graph: Graph, report: Report) -> Graph:
    """The graph with its nodes in execution order: topological, ties in the order of the file.

    Reports E307 for every cycle (strongly connected part), whose nodes come last.
    """
    position = {node.name: i for i, node in enumerate(graph.nodes)}
    needs = {node.name: {ref.node for _, ref in node.inputs if ref.node in position} for node in graph.nodes}
    # Borders go later on: what reads one must wait for what it stands for, and not for its place.
    rank = {n.name: i - len(graph.nodes) * (n.origin is Origin.BORDER) for i, n in enumerate(graph.nodes)}
    try:
        names = sorted_names(needs, rank)
    except CycleError:
        cyclic = _report_cycles(graph, needs, position, report)
        rest = {name: before - cyclic for name, before in needs.items() if name not in cyclic}
        names = [*sorted_names(rest, rank), *sorted(cyclic)]
    return graph.replace(nodes=tuple(graph.node_by_name[name] for name in names))


def sorted_names(needs: Mapping[str, set[str]], position: Mapping[str, int]) -> list[str]:
    """Names after all that they need; of those that are ready the first of the file. Raises CycleError."""
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    names, ready = [], []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, (position[name], name))
        _, name = heappop(ready)
        sorter.done(name)
        names.append(name)
    return names


def _report_cycles(
    graph: Graph, needs: Mapping[str, set[str]], position: Mapping[str, int], report: Report
) -> set[str]:
    """Reports E307 for every cycle; returns the nodes in them."""
    import networkx as nx  # 0.2 s of processor time, which a graph without a cycle does not pay

    cyclic: set[str] = set()
    for part in cyclic_parts(graph):
        edges = nx.DiGraph()  # given edges, the constructor of networkx 3.0 looks for pandas first and warns
        edges.add_edges_from((ref.node, n) for n in part for _, ref in graph.node_by_name[n].inputs if ref.node in part)
        first = min(part, key=position.__getitem__)
        _report_cycle(graph, [a for a, _ in nx.find_cycle(edges, first)], report)
        cyclic |= part
    return cyclic


def cyclic(needs: Mapping[str, set[str]]) -> list[set[str]]:
    """Each strongly connected part of more than one name, or of one that needs itself."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        import networkx as nx

        edges = nx.DiGraph()  # given edges, the constructor of networkx 3.0 looks for pandas first and warns
        edges.add_edges_from((before, name) for name, names in needs.items() for before in names)
        parts = nx.strongly_connected_components(edges)
        return [part for part in parts if len(part) > 1 or any(edges.has_edge(name, name) for name in part)]
    return []


def cyclic_parts(graph: Graph) -> list[set[str]]:
    """The names of the nodes of each strongly connected part that holds a cycle."""
    seen = {i.name for i in graph.inputs}
    for node in graph.nodes:  # in execution order there is none
        if not all(ref.node in seen or ref.node not in graph.node_by_name for _, ref in node.inputs):
            break
        seen.add(node.name)
    else:
        return []
    return cyclic({node.name: {ref.node for _, ref in node.inputs} for node in graph.nodes})


def _report_cycle(graph: Graph, cycle: list[str], report: Report) -> None:
    path = " -> ".join([*cycle, cycle[0]])
    if len(path) > _LONGEST_PATH:
        half = _LONGEST_PATH // 2
        path = f"{path[:half].rpartition(' -> ')[0]} -> ... -> {path[-half:].partition(' -> ')[2]}"
    first, before = graph.node_by_name[cycle[0]], cycle[-1]
    notes = tuple(Note(f"'{name}' is", graph.node_by_name[name].span) for name in cycle[1:])
    edge = next((port for port, ref in first.inputs if ref.node == before), "")
    length = f"a cycle of {len(cycle)} nodes" if len(cycle) > 1 else "a node that needs its own output"
    report.add(
        "E307",
        f"{length}: {path}",
        first.edge_spans.get(edge, first.span),
        *notes,
        hint=f"close it through a delay: add `feedback: {{again: {{from: {before}, delay: 10 ms}}}}` "
        f"and read 'again' here in place of '{before}'",
    )
