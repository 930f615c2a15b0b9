"""Execution order, by networkx; a cycle is reported as the whole chain with its places."""

from __future__ import annotations

from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.graph import Graph

#: A cycle of a thousand nodes is named by this many of them.
_MOST_NAMED = 12


def order(graph: Graph, report: Report) -> Graph:
    """The graph with its nodes in execution order: topological, ties in the order of the file.

    Reports E307 for every cycle (strongly connected part) and leaves the order as it is.
    """
    # Imported here: 0.1 s that `--help` and `migrate` need not spend.
    import networkx as nx

    position = {node.name: i for i, node in enumerate(graph.nodes)}
    edges = nx.DiGraph()
    edges.add_nodes_from(position)
    for node in graph.nodes:
        edges.add_edges_from((ref.node, node.name) for _, ref in node.inputs if ref.node in position)
    try:
        names = list(nx.lexicographical_topological_sort(edges, key=position.__getitem__))
    except nx.NetworkXUnfeasible:
        for part in nx.strongly_connected_components(edges):
            if len(part) > 1 or any(edges.has_edge(n, n) for n in part):
                first = min(part, key=position.__getitem__)
                cycle = [a for a, _ in nx.find_cycle(edges.subgraph(part), first)]
                _report_cycle(graph, cycle, report)
        return graph
    return graph.replace(nodes=tuple(graph.node_by_name[name] for name in names))


def _report_cycle(graph: Graph, cycle: list[str], report: Report) -> None:
    shown = (
        cycle
        if len(cycle) <= _MOST_NAMED
        else [*cycle[: _MOST_NAMED - 1], f"... {len(cycle) - _MOST_NAMED} more ...", cycle[-1]]
    )
    first = graph.node_by_name[cycle[0]]
    notes = tuple(Note(f"'{name}' is", graph.node_by_name[name].span) for name in cycle[1:_MOST_NAMED])
    report.add(
        "E307",
        "a cycle: " + " -> ".join([*shown, cycle[0]]),
        first.span,
        *notes,
        hint="cut one of these edges; closing a cycle through a stated delay comes with a later version",
    )
