"""A result that nothing gives a length: constants alone do not say how long to sound."""

from __future__ import annotations

from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.types import Rate


def check_lengths(graph: Graph, report: Report) -> None:
    """Reports E402 for an output that has a time axis while no input that it depends on has one."""
    if graph.clock.n_samples is not None:
        return
    for name, ref in graph.outputs:
        signal = graph.types.get(ref)
        if signal is None or signal.rate is Rate.CONST:
            continue
        inputs = [graph.input_by_name[n] for n in graph.ancestors((ref,)) if n in graph.input_by_name]
        if all(i.signal.rate is Rate.CONST for i in inputs):
            span = graph.node_by_name[ref.node].span if ref.node in graph.node_by_name else None
            report.add(
                "E402",
                f"the output '{name}' depends on constants only: nothing says how long it is",
                span,
                hint="add `duration: 4 s` to `clock`",
            )
