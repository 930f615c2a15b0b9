"""From a typed graph to its picture: which boxes and arrows there are, and what stands on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from ddspgraph.compiler.analysis.adapt import adapt, targets
from ddspgraph.compiler.analysis.order import cyclic_parts
from ddspgraph.estimates.cost import estimate, weight_count
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.op import Traits
from ddspgraph.ir.stand_in import StandIn
from ddspgraph.ir.types import Rate, Signal
from ddspgraph.render.fold import closed, outermost, part_of
from ddspgraph.render.labels import clock_text, count_notes, count_text, name_text, rate_text, shape_text
from ddspgraph.render.picture import Arrow, Box, Detail, Edge, Kind, Picture, Pin, Stage
from ddspgraph.render.stages import at_stage
from ddspgraph.render.values import Said, literal_said, params_said, voices_said

#: How an implied conversion is told on its edge, by its role in `compiler.analysis.adapt`.
_STEPS = {"hold": "held", "resample": "resampled"}


def picture(graph: Graph, detail: Detail = "types", stage: Stage = "typed", *, fold: bool = False) -> Picture:
    """The picture of a typed graph in execution order, at a stage of the compiler; with `fold` each sub-graph is a box.

    Raises ValueError for a detail or a stage that does not exist.
    """
    if detail not in get_args(Detail):
        raise ValueError(f"detail is one of {', '.join(get_args(Detail))}, this is {detail!r}")
    graph = at_stage(graph, stage)
    shares = {} if detail == "names" else _shares(graph)
    if fold:
        for node in graph.nodes:
            part = outermost(graph, node)
            if part is not None and shares:
                shares[part.name] = shares.get(part.name, 0.0) + shares.get(node.name, 0.0)
        graph = closed(graph)
    ids = Ids()
    inlined = _inlined(graph)
    used = _used_ports(graph)
    at = {}
    for i in graph.inputs:
        lines = type_lines(graph.types.get(i.ref), detail)
        at[i.name] = Box(ids.new("in", i.name), Kind.INPUT, i.name, rate=i.signal.rate, doc=i.doc, type=lines)
    for node in graph.nodes:
        if node.name not in inlined:
            box = _box(graph, node, ids.new("node", node.name), used.get(node.name, ()), inlined, detail)
            at[node.name] = replace(box, node=node.name, share=shares.get(node.name), group=_group(graph, node))
    arrows = [arrow for node in graph.nodes if node.name in at for arrow in _arrows(graph, node, at, detail)]
    arrows += _back_arrows(graph, at)
    ends = []
    for name, ref in graph.outputs:
        if ref.node not in at:  # at fault, in a graph that is drawn as it is written
            continue
        source, signal = at[ref.node], graph.types.get(ref)
        ends.append(Box(ids.new("out", name), Kind.OUTPUT, name, rate=source.rate))
        port = _shown(ref.port, source.outputs)
        arrows.append(Arrow(source.id, ends[-1].id, port, "", signal, (), Edge(ref, "", name)))
    clock = "" if detail == "names" else clock_text(graph.clock)
    shown = Picture(graph.name, clock, detail, (*at.values(), *ends), tuple(arrows), stage)
    return shown if graph.types else _cycles_marked(shown, graph)


def _cycles_marked(shown: Picture, graph: Graph) -> Picture:
    part_of = {name: i for i, part in enumerate(cyclic_parts(graph)) for name in part}

    def is_cyclic(arrow: Arrow) -> bool:
        edge = arrow.edge
        return edge is not None and edge.reader in part_of and part_of.get(edge.value.node) == part_of[edge.reader]

    return replace(
        shown,
        boxes=tuple(
            replace(box, is_wrong=True, marks=(*box.marks, "E307")) if box.node in part_of else box
            for box in shown.boxes
        ),
        arrows=tuple(replace(arrow, is_wrong=is_cyclic(arrow)) for arrow in shown.arrows),
    )


def kind_of(graph: Graph, node: Node) -> Kind:
    """The author's, or one of the compiler's own: a literal, with what is computed of literals, or a conversion."""
    if node.name in graph.losses:
        return Kind.LOSS
    if not node.is_written:
        return Kind.IMPLIED if node.inputs else Kind.LITERAL
    return Kind.NODE


def _group(graph: Graph, node: Node) -> str:
    """What an author said; a literal and a conversion stand with their node, several losses together."""
    owner = graph.node_by_name.get(node.owner, node)
    part = part_of(graph, node)
    if part is not None:
        return " / ".join(filter(None, (f"{part.name}: {part.graph}", owner.group)))
    return owner.group or ("losses" if node.name in graph.losses and len(graph.losses) > 1 else "")


def _box(
    graph: Graph, node: Node, box_id: str, used: Sequence[str], inlined: Mapping[str, Said], detail: Detail
) -> Box:
    kind, op = kind_of(graph, node), node.op
    made = [ref for ref in node.refs if ref.port in used] or list(node.refs[:1])
    rates = [graph.types[ref].rate for ref in made if ref in graph.types]
    rate = max(rates) if rates else Rate.CONST if graph.types else None
    if isinstance(op, StandIn):
        pins = _output_pins(graph, node, used, "names")
        return Box(
            box_id, Kind.NODE, node.name, op.said, op.codes, outputs=pins, rate=None, doc=node.doc, is_wrong=True
        )
    if kind is Kind.LITERAL:
        return Box(box_id, kind, str(literal_said(graph, node)), rate=rate)
    if kind is Kind.IMPLIED:
        return Box(box_id, kind, op.name, rate=rate, type=_new_type(graph, node, made[0], detail))
    is_trainable, is_random = Traits.TRAINABLE in op.traits, Traits.RANDOM in op.traits
    marks = ("trainable",) * is_trainable + ("random",) * is_random + voices_said(op)
    if detail == "names":
        return Box(box_id, kind, node.name, op.name, marks, (), (), (), rate, is_trainable, is_random, node.doc)
    outputs = _output_pins(graph, node, used, detail)
    if is_trainable and (count := weight_count(graph, node)):
        marks = (f"trainable, {count_text(count)} weight{'s' * (count != 1)}", *marks[1:])
    return Box(
        id=box_id,
        kind=kind,
        name=node.name,
        op=op.name,
        marks=marks,
        lines=tuple(
            Said(f"{name} = {said.text}", said.converted)
            for name, said in params_said(node, with_defaults=detail == "all").items()
        ),
        inputs=_input_pins(node, inlined, detail),
        outputs=outputs,
        type=() if outputs or kind is Kind.LOSS else _new_type(graph, node, made[0], detail),
        rate=rate,
        is_trainable=is_trainable,
        is_random=is_random,
        doc=node.doc,
    )


def _used_ports(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Per node the outputs that something reads."""
    read = [ref for node in graph.nodes for _, ref in graph.reads(node)] + list(graph.roots())
    used: dict[str, tuple[str, ...]] = {}
    for ref in dict.fromkeys(read):
        used[ref.node] = (*used.get(ref.node, ()), ref.port)
    return used


def _inlined(graph: Graph) -> dict[str, Said]:
    """The literals that are written in the box of their reader, by name: those with one, which is drawn in full."""
    users = graph.users()
    ends = {ref for _, ref in graph.outputs}
    found = {}
    for node in graph.nodes:
        if kind_of(graph, node) is Kind.LITERAL and node.refs[0] not in ends:
            readers = users.get(node.refs[0], [])
            if len(readers) == 1 and kind_of(graph, readers[0][0]) is not Kind.IMPLIED:
                found[node.name] = literal_said(graph, node)
    return found


def _input_pins(node: Node, inlined: Mapping[str, Said], detail: Detail) -> tuple[Pin, ...]:
    """The connected ports, where they have names worth reading: `input_1` of a `concat` is not."""
    pins = [Pin(port, inlined.get(ref.node)) for port, ref in node.inputs]
    if detail == "all":
        return tuple(pins)
    is_named = len(node.op.inputs) > 1
    return tuple(pin for pin in pins if pin.value or (is_named and pin.port in node.op.inputs))


def _output_pins(graph: Graph, node: Node, used: Sequence[str], detail: Detail) -> tuple[Pin, ...]:
    """The outputs that are read, unless it is the default one alone."""
    ports = tuple(node.op.output_ports())
    shown = ports if detail == "all" else tuple(port for port in ports if port in used)
    if shown == ports[:1]:
        return ()
    refs = [Ref(node.name, port) for port in shown]
    has_news = any(_new_type(graph, node, ref, detail) for ref in refs)  # where one is, a gap beside it is a riddle
    types = [type_lines(graph.types.get(ref), detail) if has_news else () for ref in refs]
    return tuple(Pin(port, type=lines) for port, lines in zip(shown, types, strict=True))


def _new_type(graph: Graph, node: Node, ref: Ref, detail: Detail) -> tuple[str, ...]:
    """The type of what a node makes, where it is not that of something it reads: a chain tells it once."""
    signal = graph.types.get(ref)
    read = [graph.types.get(source) for _, source in node.inputs]
    return () if detail == "types" and signal in read else type_lines(signal, detail)


def type_lines(signal: Signal | None, detail: Detail) -> tuple[str, ...]:
    """Shape above rate and unit."""
    return () if signal is None or detail == "names" else (shape_text(signal), rate_text(signal))


def _shares(graph: Graph) -> dict[str, float]:
    """Each node's part of the estimated work."""
    if not graph.types:
        return {}
    costs = estimate(graph)
    return {node.name: costs.share(node.name) for node in graph.nodes if kind_of(graph, node) is not Kind.LITERAL}


def _arrows(graph: Graph, node: Node, at: dict[str, Box], detail: Detail) -> list[Arrow]:
    target = at[node.name]
    found = []
    for port, ref in node.inputs:
        if ref.node in at:
            source = at[ref.node]
            signal = graph.types.get(ref)
            notes = () if detail == "names" or source.kind is Kind.LITERAL else _implied(graph, node, port)
            notes += () if detail == "names" else count_notes(signal)
            ends = (_shown(ref.port, source.outputs), _shown(port, target.inputs))
            found.append(Arrow(source.id, target.id, *ends, signal, notes, Edge(ref, node.name, port)))
    return found


def _back_arrows(graph: Graph, at: Mapping[str, Box]) -> list[Arrow]:
    """What goes into the lines of feedback: it comes back later."""
    found = []
    for ref, line in ((edge.source, edge.line) for edge in graph.feedback):
        if ref.node in at and line in at:
            port = _shown(ref.port, at[ref.node].outputs)
            signal, edge = graph.types.get(ref), Edge(ref, line, "from")
            found.append(Arrow(at[ref.node].id, at[line].id, port, "", signal, (), edge, is_back=True))
    return found


def _implied(graph: Graph, node: Node, port: str) -> tuple[str, ...]:
    """The conversions that will stand on this edge."""
    given = {p: graph.types[ref] for p, ref in node.inputs if ref in graph.types}
    if len(given) < len(node.inputs):
        return ()
    target = targets(node.op.input_ports(list(given)), given)[port]
    steps = adapt(port, given[port], target, graph.clock.hop_samples)[1]
    return tuple(_STEPS[step.role] for step in steps if step.role in _STEPS)


def _shown(port: str, pins: Sequence[Pin]) -> str:
    return port if any(pin.port == port for pin in pins) else ""


class Ids:
    """Identifiers that DOT, Mermaid and SVG take unquoted, whatever the names are."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def new(self, prefix: str, name: str) -> str:
        stem = f"{prefix}_{re.sub(r'[^A-Za-z0-9_]', '_', name_text(name))}"
        found, count = stem, 1
        while found in self._taken:
            count += 1
            found = f"{stem}__{count}"
        self._taken.add(found)
        return found
