"""Execution order, by networkx; a cycle is reported as the whole chain with its places."""

from __future__ import annotations

from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.graph import Graph

#: Names of a cycle in its message, in characters; a longer one is named by its two ends.
_LONGEST_PATH = 16_384


def order(graph: Graph, report: Report) -> Graph:
    """The graph with its nodes in execution order: topological, ties in the order of the file.

    Reports E307 for every cycle (strongly connected part), whose nodes come last.
    """
    # Imported here: 0.1 s that `--help` and `migrate` need not spend.
    import networkx as nx

    position = {node.name: i for i, node in enumerate(graph.nodes)}
    edges = nx.DiGraph()
    edges.add_nodes_from(position)
    for node in graph.nodes:
        edges.add_edges_from((ref.node, node.name) for _, ref in node.inputs if ref.node in position)
    cyclic: set[str] = set()
    for part in nx.strongly_connected_components(edges):
        if len(part) > 1 or any(edges.has_edge(n, n) for n in part):
            first = min(part, key=position.__getitem__)
            cycle = [a for a, _ in nx.find_cycle(edges.subgraph(part), first)]
            _report_cycle(graph, cycle, report)
            cyclic |= part
    edges.remove_nodes_from(cyclic)
    names = [*nx.lexicographical_topological_sort(edges, key=position.__getitem__), *sorted(cyclic)]
    return graph.replace(nodes=tuple(graph.node_by_name[name] for name in names))


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
        hint="cut one of these edges; closing a cycle through a stated delay comes with a later version",
    )
