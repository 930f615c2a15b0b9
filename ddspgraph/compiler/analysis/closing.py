"""Where a cycle closes: what goes into a line must be what the line was declared to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ddspgraph.compiler.analysis.unit_hints import article
from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.feedback import FeedbackLine
from ddspgraph.ir.graph import Feedback, Graph, Node, Ref
from ddspgraph.ir.ports import agree, is_wild
from ddspgraph.ir.types import UNIT_CONVERSIONS, Dim, Rate, Signal


def may_have_voices(node: Node) -> bool:
    """Whether a node is a line of a part with voices of which nobody has said yet whether it has them."""
    return isinstance(node.op, FeedbackLine) and node.op.part_voices is not None and node.op.voices is None


def with_voices_of_loops(graph: Graph, types: Mapping[Ref, Signal]) -> Graph:
    """The graph whose lines in parts with voices have them where what goes into them does; itself where all is so.

    A line with voices can give voices to what goes into another: to be asked again with the types that follow.
    """
    found = {}
    for edge in graph.feedback:
        line = graph.node_by_name[edge.line]
        ends = [types[ref] for ref in (edge.source, line.input("delay")) if ref is not None and ref in types]
        if may_have_voices(line) and any(end.voices is not None for end in ends):
            found[edge.line] = replace(line.op, voices=line.op.part_voices)  # type: ignore[attr-defined, call-arg]
    if not found:
        return graph
    return graph.replace(nodes=tuple(replace(n, op=found[n.name]) if n.name in found else n for n in graph.nodes))


def check_loops(graph: Graph, types: Mapping[Ref, Signal], report: Report) -> None:
    """Reports E411, E412, E413, E414 and E420 with both ends of every edge that closes a cycle."""
    for edge in graph.feedback:
        line, source = Ref(edge.line, "signal"), edge.source
        if line in types and source in types:
            _check(graph, edge, types[line], types[source], report)


def _check(graph: Graph, edge: Feedback, line: Signal, source: Signal, report: Report) -> None:
    declared = graph.node_by_name[edge.line].span
    note = [Note(f"'{edge.line}' is declared", declared)] if declared else []
    found = _mismatch(edge, line, source)
    if found is not None:
        code, message, hint = found
        report.add(code, f"'{edge.line}' {message}", edge.span, *note, hint=hint)


def _mismatch(edge: Feedback, line: Signal, source: Signal) -> tuple[str, str, str] | None:
    """Code, message and repair of an edge whose ends differ."""
    if line.voices != source.voices:
        has = [f"has {s.voices} voices" if s.voices else "is plain" for s in (line, source)]
        hint = f"write `voices: {source.voices}` in '{edge.line}', or `mix: sum` at '{edge.source.node}'"
        hint = hint if source.voices else f"delete `voices` of '{edge.line}'"
        code = "E421" if line.voices and source.voices else "E420"
        return code, f"{has[0]}, '{edge.source}' that closes the loop {has[1]}", hint
    ends = (
        f"is {line.shape_text} {line.rate}, '{edge.source}' that closes the loop is {source.shape_text} {source.rate}"
    )
    if line.rate is not source.rate:
        if source.rate is Rate.FRAME:
            return "E411", ends, f"write `rate: frame` in '{edge.line}'"
        return "E411", ends, "close the loop by a value of the rate of the line"
    if line.rank != source.rank:
        channels = source.dims[2] if source.rank == 3 else None
        hint = f"write `channels: {channels}` in '{edge.line}'" if channels else f"remove channels from '{edge.line}'"
        return "E413", ends, hint
    for ours, theirs in zip(line.dims[1:], source.dims[1:], strict=True):
        if agree(ours, theirs) is None or (is_wild(theirs) and ours != theirs):
            known = ours is not line.dims[1] and theirs.is_static and theirs != Dim.of(1)
            hint = (
                f"write `channels: {theirs}` in '{edge.line}'" if known else "close the loop by a value of this shape"
            )
            return "E414", ends, hint
    if not line.unit.accepts(source.unit):
        message = f"is {line.unit}, '{edge.source}' that closes the loop is {source.unit}"
        op = UNIT_CONVERSIONS.get((source.unit, line.unit))
        hint = f"write `unit: {source.unit}` in '{edge.line}'"
        return "E412", message, f"insert {article(op)} {op} node after '{edge.source}', or {hint}" if op else hint
    return None
