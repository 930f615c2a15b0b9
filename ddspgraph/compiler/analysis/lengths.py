"""A result that nothing gives a length: constants alone do not say how long to sound."""

from __future__ import annotations

from collections.abc import Iterator

from ddspgraph.compiler.analysis.adapt import arriving
from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Graph, Node
from ddspgraph.ir.op import Traits
from ddspgraph.ir.streaming import has_time
from ddspgraph.ir.types import Rate, Signal


def check_lengths(graph: Graph, report: Report) -> None:
    """Reports E402 for what makes time out of nothing where no input, and no clock, says how much of it."""
    outputs = [(f"the output '{name}'", ref) for name, ref in graph.outputs]
    losses = [(f"the loss '{name}'", graph.node_by_name[name].refs[0]) for name in graph.losses]
    for what, root in outputs + losses:
        names = graph.ancestors((root,))
        known = {graph.input_by_name[name].signal.rate for name in names if name in graph.input_by_name} - {Rate.CONST}
        if graph.clock.n_samples is not None:
            known |= {Rate.AUDIO}
        if graph.clock.hop_samples and known:
            known |= {Rate.FRAME, Rate.AUDIO}
        makers = [node for node in graph.nodes if node.name in names and not _rates_made(graph, node) <= known]
        if makers and not known:
            span = graph.node_by_name[root.node].span
            message = f"{what} depends on constants only: nothing says how long it is"
            report.add("E402", message, span, hint="add `duration: 4 s` to `clock`")
        elif makers:
            rate = "frame" if Rate.FRAME not in known else "sample"
            message = f"'{makers[0].name}' holds a constant for every {rate}, and nothing says how many there are"
            hint = "add `frame_rate: 250 Hz` to `clock`"
            report.add("E402", message, makers[0].span, hint=hint)


def _rates_made(graph: Graph, node: Node) -> set[Rate]:
    """The rates at which a node makes a length that does not follow from its inputs."""
    return {s.rate for s in _made(graph, node) if has_time(s) and not s.dims[1].is_static}


def _made(graph: Graph, node: Node) -> Iterator[Signal]:
    given = {port: graph.types[ref] for port, ref in node.inputs if ref in graph.types}
    if len(given) < len(node.inputs) or any(ref not in graph.types for ref in node.refs):
        return  # it was reported
    held = arriving(node.op.input_ports(list(given)), given, graph.clock.hop_samples)
    yield from (signal for port, signal in held.items() if given[port].rate is Rate.CONST)
    if Traits.SIZED in node.op.traits:
        yield from (graph.types[ref] for ref in node.refs)
