"""Closes loops: every cycle of a legal graph becomes one node of the op `Loop`, and the graph is acyclic.

before:  echo = feedback(380 ms) <- damp; into = add(dry, echo); damp = gain(into, -3 dB); out audio = into
after:   echo.loop = loop(dry); out audio = echo.loop/into
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.analysis.order import cyclic, sorted_names
from ddspgraph.diagnostics import Diagnostic, GraphError, Note, Report
from ddspgraph.ir.feedback import FeedbackLine
from ddspgraph.ir.graph import Clock, Graph, Input, Node, Origin, Ref
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.streaming import has_time
from ddspgraph.ir.types import FRAMES, SAMPLES, Dim, Rate, Signal
from ddspgraph.streaming.lines import CutLine, ForwardLine
from ddspgraph.streaming.loop import Entry, Exit, Loop, body_ref, with_ops
from ddspgraph.streaming.plan import StreamPlan, plan_stream


class Closed(NamedTuple):
    """A graph without cycles, and where the values of their nodes went."""

    graph: Graph
    moved: Mapping[Ref, Ref]


def close_loops(graph: Graph, *, keep: bool = False) -> Closed:
    """The graph with every cycle as one node, in execution order.

    Args:
      graph: legal; of the typed graph of a spec `run(LEGALISE, graph)`.
      keep: whether every value of a cycle can be read from outside, and not only those that something there reads.

    Raises:
      GraphError: E415 for a member of a cycle that has no streaming form, E417 for a cycle whose delay is too short.
    """
    if not graph.feedback:
        return Closed(graph, {})
    report = Report()
    parts = _parts(graph)
    nodes: dict[str, Node] = {node.name: node for node in graph.nodes}
    types, moved = dict(graph.types), {}
    for part in parts:
        loop = _Cycle(graph, part, report).closed(keep)
        if loop is None:
            continue
        node, refs = loop
        moved |= refs
        types |= {new: graph.types[old] for old, new in refs.items()}
        for name in part:
            del nodes[name]
        nodes[node.name] = node
    report.raise_errors()
    loops = {name for part in parts for name in part}
    for edge in graph.feedback:  # a line in no cycle is a plain delay
        if edge.line not in loops:
            nodes[edge.line] = _forward(graph, nodes[edge.line], edge.source)
    rewired = {name: node.rewired(moved) for name, node in nodes.items()}
    needs = {name: {ref.node for _, ref in node.inputs if ref.node in rewired} for name, node in rewired.items()}
    position = {name: i for i, name in enumerate(_in_place(graph, parts, nodes))}
    ordered = tuple(rewired[name] for name in sorted_names(needs, position))
    closed = graph.rewired(moved, nodes=ordered, types=types)
    return Closed(closed.replace(feedback=()), moved)


def _parts(graph: Graph) -> list[set[str]]:
    """The names of the nodes of each cycle, in the order of the graph."""
    position = {node.name: i for i, node in enumerate(graph.nodes)}
    needs = {n.name: {ref.node for _, ref in n.inputs if ref.node in position} for n in graph.nodes}
    for edge in graph.feedback:
        needs[edge.line] = needs[edge.line] | {edge.source.node}
    return sorted(cyclic(needs), key=lambda part: min(position[name] for name in part))


def _in_place(graph: Graph, parts: list[set[str]], nodes: Mapping[str, Node]) -> Iterable[str]:
    """The names of the new nodes, a loop where the first of its members was."""
    home = {name: part for part in parts for name in part}
    seen: set[str] = set()
    for node in graph.nodes:
        name = node.name if node.name not in home else _loop_name(graph, home[node.name])
        if name in nodes and name not in seen:
            seen.add(name)
            yield name


def _loop_name(graph: Graph, part: set[str]) -> str:
    return next(edge.line for edge in graph.feedback if edge.line in part) + ".loop"


def _forward(graph: Graph, node: Node, source: Ref) -> Node:
    op = _as(ForwardLine, graph, node)
    return dataclasses.replace(node, op=op, inputs=(("source", source), *node.inputs))


def _as(kind: type[Any], graph: Graph, node: Node, **more: Any) -> Any:
    """A line as it runs, from the line as it was declared."""
    params = {spec: getattr(node.op, spec) for spec in FeedbackLine.params()}
    delay = node.input("delay")
    unit = {} if delay is None else {"delay_unit": str(graph.types[delay].unit)}
    hop = 1 if params["rate"] == "audio" else graph.clock.hop_samples or 1
    return kind(**params, **unit, hop_samples=hop, **more)


class _Cycle:
    """One cycle on its way to one node."""

    def __init__(self, graph: Graph, part: set[str], report: Report) -> None:
        self.graph, self.part, self.report = graph, part, report
        self.nodes = [node for node in graph.nodes if node.name in part]
        self.source = {e.line: e.source for e in graph.feedback if e.line in part and e.source.node in part}
        self.cut = self._cut()

    def closed(self, keep: bool) -> tuple[Node, dict[Ref, Ref]] | None:
        """The node, and where the values of its members went; None after reporting E415 or E417."""
        outside = self._outside()
        exits = [r for n in self.nodes for r in n.refs if r in outside or (keep and r in self.graph.types)]
        try:
            body = self._body(exits)
            plan = plan_stream(body)
            body, block = self._in_blocks(body, plan)
        except GraphError as error:
            self._blame(error.diagnostics)
            return None
        if block is None:
            return None
        name = _loop_name(self.graph, self.part)
        op = Loop(
            body=body,
            entries=tuple(Entry(i.name, i.signal) for i in body.inputs),
            exits=tuple(Exit(str(ref), self.graph.types[ref]) for ref in exits),
            block=block,
        )
        inputs = tuple((body_ref(ref).node, ref) for ref in self._entries())
        trained = tuple((n.name, n.weights_name) for n in self.nodes if Traits.TRAINABLE in n.op.traits)
        line = next(node for node in self.nodes if node.name in self.source)
        node = Node(name, op, inputs, span=line.span, group=line.group, members=trained, origin=Origin.LOOP)
        return node, {ref: Ref(name, str(ref)) for ref in exits}

    # -- the body --------------------------------------------------------------------------------

    def _cut(self) -> set[str]:
        """The lines at which the loop is cut: the longest, so that those that stay are the shortest that can.

        A line that is not cut is read after what goes into it is known, and its delay bounds no block.
        """
        needs = {n.name: {ref.node for _, ref in n.inputs if ref.node in self.part} for n in self.nodes}
        cut: set[str] = set()
        ops = {n.name: n.op for n in self.nodes}
        for line in sorted(self.source, key=lambda name: _least(ops[name])):
            tried = {**needs, line: needs[line] | {self.source[line].node}}
            if cyclic(tried):
                cut.add(line)
            else:
                needs = tried
        return cut

    def _entries(self) -> list[Ref]:
        """The values from outside that members read."""
        refs = [ref for node in self.nodes for _, ref in node.inputs if ref.node not in self.part]
        refs += [e.source for e in self.graph.feedback if e.line in self.part and e.source.node not in self.part]
        return list(dict.fromkeys(refs))

    def _outside(self) -> set[Ref]:
        """The values of members that something outside of the cycle reads."""
        read = {ref for node in self.graph.nodes if node.name not in self.part for _, ref in node.inputs}
        read |= {e.source for e in self.graph.feedback if e.line not in self.part} | set(self.graph.roots())
        return {ref for ref in read if ref.node in self.part}

    def _body(self, exits: list[Ref]) -> Graph:
        """The members as a graph of its own. Raises GraphError where the types of the lines do not fit."""
        entries = self._entries()
        inside = {ref: body_ref(ref) for ref in entries}
        clock = self._clock(entries)
        nodes = {}
        for node in self.nodes:
            if node.name in self.cut:
                node = dataclasses.replace(node, op=_as(CutLine, self.graph, node))
            elif isinstance(node.op, FeedbackLine):
                node = _forward(self.graph, node, self.source[node.name])
            nodes[node.name] = node.rewired(inside)
        needs = {name: {ref.node for _, ref in node.inputs if ref.node in nodes} for name, node in nodes.items()}
        names = sorted_names(needs, {name: i for i, name in enumerate(nodes)})
        time = self._time(entries)
        outputs = [(str(ref), ref) for ref in exits] + [(f"into {line}", self.source[line]) for line in self.cut]
        body = Graph(
            name=_loop_name(self.graph, self.part),
            clock=clock,
            inputs=tuple(Input(body_ref(ref).node, _in_body(self.graph.types[ref], clock, time)) for ref in entries),
            nodes=tuple(nodes[name] for name in names),
            outputs=tuple(outputs),
        )
        report = Report()
        body = infer(body, report)
        report.raise_errors()
        return body

    def _clock(self, entries: list[Ref]) -> Clock:
        """Without frames where none are in the loop: then its blocks may have any number of samples."""
        values = [*entries, *(ref for node in self.nodes for ref in node.refs)]
        has_frames = any(self.graph.types[r].rate is Rate.FRAME and has_time(self.graph.types[r]) for r in values)
        clock = self.graph.clock
        return clock if has_frames else Clock(clock.sample_rate, span=clock.span)

    def _time(self, entries: list[Ref]) -> Dim | None:
        """The time axis of the audio in the loop."""
        values = [*entries, *(ref for node in self.nodes for ref in node.refs)]
        audio = [s for ref in values if (s := self.graph.types[ref]).rate is Rate.AUDIO and has_time(s)]
        return audio[0].dims[1] if audio else None

    # -- its blocks ------------------------------------------------------------------------------

    def _in_blocks(self, body: Graph, plan: StreamPlan) -> tuple[Graph, int | None]:
        """The body with the leads of its lines, and how many samples its blocks may have. Reports E417."""
        ops: dict[str, Op] = {}
        blocks = []
        read_at = {step.node.name: step.latency for step in plan.steps}
        for name in self.cut:
            line = body.node_by_name[name].op
            assert isinstance(line, CutLine)
            lead = (plan.latency(f"into {name}") - read_at[name]) // line.hop_samples
            block = (line.reach[0] - lead) * line.hop_samples // plan.hop * plan.hop
            if block < plan.hop:
                self._report_short(name, line, plan, lead)
                return body, None
            ops[name] = dataclasses.replace(line, lead=lead)
            blocks.append(block)
        # Types do not depend on the lead.
        return with_ops(body, ops).replace(types=body.types), min(blocks)

    def _report_short(self, name: str, line: CutLine, plan: StreamPlan, lead: int) -> None:
        edge = next(e for e in self.graph.feedback if e.line == name)
        rate = self.graph.clock.sample_rate or 1
        spare = line.reach[0] - _whole(line)
        wanted = lead * line.hop_samples + plan.hop - spare * line.hop_samples
        has = _whole(line) * line.hop_samples
        late = [(node, samples) for node, samples in plan.costs(f"into {name}") if node in self.graph.node_by_name]
        notes = [
            Note(f"'{node}' is {samples} samples late", self.graph.node_by_name[node].span)
            for node, samples in late[:3]
        ]
        why = f"its members are {lead * line.hop_samples} samples late" if lead else "it is read in whole frames"
        way = " -> ".join([name, *_path(self.graph, self.part, name, edge.source.node)])
        hint = f"write a delay of {wanted} samples ({1000 * wanted / rate:.4g} ms) or more"
        if late:
            hint += f", or take a node in place of '{late[0][0]}' that is not late"
        elif plan.hop > 1:
            hint += ", or keep what has frames out of the loop"
        message = f"the loop {way} comes back after {has} samples, and {why}"
        self.report.add(
            "E417", message, self.graph.node_by_name[name].edge_spans.get("delay", edge.span), *notes, hint=hint
        )

    def _blame(self, diagnostics: Iterable[Diagnostic]) -> None:
        """What the stream of the body lacks, as a fault of the loop."""
        line = next(iter(self.cut))
        for found in diagnostics:
            note = Note(f"the loop '{line}' is", self.graph.node_by_name[line].span)
            hint = "take it out of the loop, or another op in its place" if found.code == "E415" else found.hint
            message = found.message.replace("cannot run as a stream", "cannot run in a loop")
            self.report.add(found.code, message, found.span, note, hint=hint)


def _least(op: Op) -> float:
    assert isinstance(op, FeedbackLine)
    return min(op.delays) if op.delays else op.shortest


def _whole(line: CutLine) -> int:
    return math.floor(_least(line))


def _in_body(signal: Signal, clock: Clock, time: Dim | None) -> Signal:
    """The type of a value from outside, with the time axis of the body."""
    if not has_time(signal) or signal.rate is not Rate.AUDIO or signal.dims[1] != time:
        return signal
    own = FRAMES * clock.hop_samples if clock.hop_samples else SAMPLES
    return dataclasses.replace(signal, dims=(signal.dims[0], own, *signal.dims[2:]))


def _path(graph: Graph, part: set[str], start: str, end: str) -> list[str]:
    """The nodes from after `start` to `end`, the shortest way."""
    readers: dict[str, list[str]] = {}
    for node in graph.nodes:
        if node.name in part:
            for _, ref in node.inputs:
                readers.setdefault(ref.node, []).append(node.name)
    ways = [[start]]
    seen = {start}
    for way in ways:
        if way[-1] == end and len(way) > 1:
            return [*way[1:], start]
        for reader in readers.get(way[-1], []):
            if reader not in seen or reader == end:
                seen.add(reader)
                ways.append([*way, reader])
    return [start]
