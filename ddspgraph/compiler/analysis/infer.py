"""One forward sweep: shape, rate and unit of every value; a mismatch names both ends of its edge."""

from __future__ import annotations

from dataclasses import replace

from ddspgraph.compiler.analysis.adapt import adapt, targets
from ddspgraph.diagnostics import Note, Report, Span
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.ports import Mismatch, Port
from ddspgraph.ir.types import UNIT_CONVERSIONS, Dim, Signal


def infer(graph: Graph, report: Report) -> Graph:
    """The graph with `types`. Nodes below a mismatch stay untyped, so that one fault is one finding.

    Reports E402, E411-E414, and what an op's own `infer` raises.
    """
    types: dict[Ref, Signal] = {i.ref: i.signal for i in graph.inputs}
    for node in graph.nodes:
        if all(ref in types for _, ref in node.inputs):
            types.update(_node_types(graph, node, types, report))
    return graph.replace(types=types)


def _node_types(graph: Graph, node: Node, types: dict[Ref, Signal], report: Report) -> dict[Ref, Signal]:
    ports = node.op.input_ports([port for port, _ in node.inputs])
    given = {port: types[ref] for port, ref in node.inputs}
    units_fit = [_unit_fits(graph, node, name, ports[name], given[name], report) for name in given]
    try:
        wanted = targets(ports, given)
        signals = {name: adapt(name, s, wanted[name], graph.clock.hop_samples)[0] for name, s in given.items()}
        outputs = node.op.infer(signals)
    except Mismatch as mismatch:
        _report(graph, node, mismatch, report)
        return {}
    if not all(units_fit):
        return {}
    return {Ref(node.name, port): _in_frames(s, graph.clock.hop_samples) for port, s in outputs.items()}


def _in_frames(signal: Signal, hop: int | None) -> Signal:
    """With a frame rate, `samples` is `hop * frames` everywhere."""
    if not hop or not any(d.name == "samples" for d in signal.dims):
        return signal
    dims = tuple(Dim(d.scale * hop, "frames", d.offset) if d.name == "samples" else d for d in signal.dims)
    return replace(signal, dims=dims)


def _unit_fits(graph: Graph, node: Node, name: str, port: Port, signal: Signal, report: Report) -> bool:
    if port.unit.accepts(signal.unit):
        return True
    ref = node.input(name)
    assert ref is not None
    between = UNIT_CONVERSIONS.get((signal.unit, port.unit))
    hint = f"insert a {between} node between them" if between else f"give it in {port.unit}, or declare its unit as any"
    report.add(
        "E412",
        f"port '{name}' of '{node.name}' wants {port.unit}, '{ref}' is {signal.unit}",
        node.edge_spans.get(name, node.span),
        *_declared(graph, ref),
        hint=hint,
    )
    return False


def _report(graph: Graph, node: Node, mismatch: Mismatch, report: Report) -> None:
    ref = node.input(mismatch.port)
    source = f"'{ref}'" if ref else "nothing"
    message = mismatch.message.replace("{source}", source)
    report.add(
        mismatch.code,
        f"'{node.name}': {message}",
        node.edge_spans.get(mismatch.port, node.span),
        *(_declared(graph, ref) if ref else ()),
        hint=mismatch.hint,
    )


def _declared(graph: Graph, ref: Ref) -> tuple[Note, ...]:
    span: Span | None = None
    if ref.node in graph.node_by_name:
        span = graph.node_by_name[ref.node].span
    elif ref.node in graph.input_by_name:
        span = graph.input_by_name[ref.node].span
    return (Note(f"'{ref}' is declared", span),) if span else ()
