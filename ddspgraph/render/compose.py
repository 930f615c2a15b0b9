"""From a typed graph to its picture: which boxes and arrows there are, and what stands on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from ddspgraph.compiler.analysis.adapt import adapt, targets
from ddspgraph.compiler.analysis.cost import estimate, weight_count
from ddspgraph.ir.graph import Graph, Node
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.text import said_params
from ddspgraph.ir.types import Rate, Unit
from ddspgraph.render.labels import clock_text, count_text, name_text, value_text
from ddspgraph.render.picture import Arrow, Box, Detail, Edge, Kind, Picture, Pin, Stage
from ddspgraph.render.stages import at_stage

#: How an implied conversion is told on its edge, by its role in `compiler.analysis.adapt`.
_STEPS = {"hold": "held", "resample": "resampled"}


def picture(graph: Graph, detail: Detail = "types", stage: Stage = "typed") -> Picture:
    """The picture of a typed graph in execution order, at a stage of the compiler.

    Raises ValueError for a detail or a stage that does not exist.
    """
    if detail not in get_args(Detail):
        raise ValueError(f"detail is one of {', '.join(get_args(Detail))}, this is {detail!r}")
    graph = at_stage(graph, stage)
    shares = {} if detail == "names" else _shares(graph)
    ids = Ids()
    inlined = _inlined(graph)
    used = _used_ports(graph)
    at = {i.name: Box(ids.new("in", i.name), Kind.INPUT, i.name, rate=i.signal.rate, doc=i.doc) for i in graph.inputs}
    for node in graph.nodes:
        if node.name not in inlined:
            box = _box(graph, node, ids.new("node", node.name), used.get(node.name, ()), inlined, detail)
            at[node.name] = replace(box, node=node.name, share=shares.get(node.name), group=_group(graph, node))
    arrows = [arrow for node in graph.nodes if node.name in at for arrow in _arrows(graph, node, at, detail)]
    ends = []
    for name, ref in graph.outputs:
        source, signal = at[ref.node], graph.types.get(ref)
        ends.append(Box(ids.new("out", name), Kind.OUTPUT, name, rate=source.rate))
        port = _shown(ref.port, source.outputs)
        arrows.append(Arrow(source.id, ends[-1].id, port, "", signal, (), Edge(ref, "", name)))
    clock = "" if detail == "names" else clock_text(graph.clock)
    return Picture(graph.name, clock, detail, (*at.values(), *ends), tuple(arrows), stage)


def kind_of(graph: Graph, node: Node) -> Kind:
    """Names with a dot are the compiler's own: literals and implied conversions; no author can write one."""
    if node.name in graph.losses:
        return Kind.LOSS
    if "." in node.name:
        return Kind.IMPLIED if node.inputs else Kind.LITERAL
    return Kind.NODE


def _group(graph: Graph, node: Node) -> str:
    """What an author said; a literal and a conversion stand with their node, several losses together."""
    owner = graph.node_by_name.get(node.name.partition(".")[0], node)
    return owner.group or ("losses" if node.name in graph.losses and len(graph.losses) > 1 else "")


def _box(graph: Graph, node: Node, box_id: str, used: Sequence[str], inlined: Mapping[str, str], detail: Detail) -> Box:
    kind, op = kind_of(graph, node), node.op
    made = [ref for ref in node.refs if ref.port in used] or list(node.refs[:1])
    rates = [graph.types[ref].rate for ref in made if ref in graph.types]
    rate = max(rates) if rates else Rate.CONST if graph.types else None
    if kind is Kind.LITERAL:
        return Box(box_id, kind, literal_text(graph, node), rate=rate)
    if kind is Kind.IMPLIED:
        return Box(box_id, kind, op.name, rate=rate)
    is_trainable, is_random = Traits.TRAINABLE in op.traits, Traits.RANDOM in op.traits
    marks = ("trainable",) * is_trainable + ("random",) * is_random
    if detail == "names":
        return Box(box_id, kind, node.name, op.name, marks, (), (), (), rate, is_trainable, is_random, node.doc)
    if is_trainable and (count := weight_count(graph, node)):
        marks = (f"trainable, {count_text(count)} weights", *marks[1:])
    return Box(
        id=box_id,
        kind=kind,
        name=node.name,
        op=op.name,
        marks=marks,
        lines=_param_lines(op, detail),
        inputs=_input_pins(node, inlined, detail),
        outputs=_output_pins(op, used, detail),
        rate=rate,
        is_trainable=is_trainable,
        is_random=is_random,
        doc=node.doc,
    )


def _used_ports(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Per node the outputs that something reads."""
    read = [ref for node in graph.nodes for _, ref in node.inputs] + list(graph.roots())
    used: dict[str, tuple[str, ...]] = {}
    for ref in dict.fromkeys(read):
        used[ref.node] = (*used.get(ref.node, ()), ref.port)
    return used


def _param_lines(op: Op, detail: Detail) -> tuple[str, ...]:
    specs = op.params()
    shown = {name: getattr(op, name) for name in specs} if detail == "all" else said_params(op)
    return tuple(f"{name} = {value_text(value, specs[name].unit)}" for name, value in shown.items())


def _inlined(graph: Graph) -> dict[str, str]:
    """The literals that are written at the port they feed, by name: those with one reader that is drawn in full."""
    users = graph.users()
    ends = {ref for _, ref in graph.outputs}
    found = {}
    for node in graph.nodes:
        if kind_of(graph, node) is Kind.LITERAL and node.refs[0] not in ends:
            readers = users.get(node.refs[0], [])
            if len(readers) == 1 and kind_of(graph, readers[0][0]) is not Kind.IMPLIED:
                found[node.name] = literal_text(graph, node)
    return found


def _input_pins(node: Node, inlined: Mapping[str, str], detail: Detail) -> tuple[Pin, ...]:
    """The connected ports, where they have names worth reading: `input_1` of a `concat` is not."""
    pins = [Pin(port, inlined.get(ref.node, "")) for port, ref in node.inputs]
    if detail == "all":
        return tuple(pins)
    is_named = len(node.op.inputs) > 1
    return tuple(pin for pin in pins if pin.value or (is_named and pin.port in node.op.inputs))


def _output_pins(op: Op, used: Sequence[str], detail: Detail) -> tuple[Pin, ...]:
    """The outputs that are read, unless it is the default one alone."""
    ports = tuple(op.output_ports())
    shown = ports if detail == "all" else tuple(port for port in ports if port in used)
    return () if shown == ports[:1] else tuple(map(Pin, shown))


def literal_text(graph: Graph, node: Node) -> str:
    """The value of a literal as a person would write it."""
    signal = graph.types.get(node.refs[0])
    unit = signal.unit if signal else Unit(getattr(node.op, "unit", Unit.ANY))
    values = [getattr(node.op, name) for name, spec in node.op.params().items() if spec.is_required]
    return ", ".join(value_text(value, unit) for value in values)


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
            notes = () if detail == "names" or source.kind is Kind.LITERAL else _implied(graph, node, port)
            ends = (_shown(ref.port, source.outputs), _shown(port, target.inputs))
            signal = graph.types.get(ref)
            found.append(Arrow(source.id, target.id, *ends, signal, notes, Edge(ref, node.name, port)))
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
