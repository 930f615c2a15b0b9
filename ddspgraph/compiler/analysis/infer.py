"""One forward sweep: shape, rate and unit of every value; a mismatch names both ends of its edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

from ddspgraph.compiler.analysis.adapt import arriving
from ddspgraph.compiler.analysis.closing import check_loops, may_have_voices, with_voices_of_loops
from ddspgraph.compiler.analysis.hops import input_hop, with_hops
from ddspgraph.compiler.analysis.unit_hints import article, unit_hint
from ddspgraph.diagnostics import Note, Report, Span
from ddspgraph.dsp.hops import hop_of
from ddspgraph.ir.graph import Graph, Node, Origin, Ref
from ddspgraph.ir.mapped import Mapped, as_met
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.ports import Mismatch, Port, agree
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ir.units import TIMES, UnitConflict, solve_units, with_units


def infer(graph: Graph, report: Report, sizes: Mapping[str, int] = MappingProxyType({})) -> Graph:
    """The graph with `types`. Nodes below a mismatch stay untyped, so that one fault is one finding.

    `sizes` are those of named dims, where a call says them. Reports E402, E411-E414, and what an op's own `infer` and
    `weights` raise.
    """
    if any(may_have_voices(node) for node in graph.nodes):
        settled = with_voices_of_loops(graph, _swept(graph, Report(), sizes))
        if settled is not graph:  # what a line turns out to hold decides the types of what reads it
            return infer(settled, report, sizes)
    types = _swept(graph, report, sizes)
    check_loops(graph, types, report)
    return graph.replace(types=types)


def _swept(graph: Graph, report: Report, sizes: Mapping[str, int]) -> dict[Ref, Signal]:
    bound: dict[tuple[str, str], tuple[Dim, Node]] = {}
    # A graph of a thousand uses has few kinds of nodes, and fewer types: each is one object, known by its identity.
    known: dict[object, Mapping[Ref, Signal]] = {}
    shared: dict[Signal, Signal] = {}
    sized = {i.ref: i.signal.sized(sizes) for i in graph.inputs}
    types: dict[Ref, Signal] = {ref: shared.setdefault(signal, signal) for ref, signal in sized.items()}
    for node in graph.nodes:
        if all(ref in types for _, ref in node.inputs):
            made = _known_types(graph, node, types, report, sizes, known, shared)
            if node.origin is Origin.BORDER and made and not _are_one_size(node, made, bound, report):
                continue
            types.update(made)
    return types


def _known_types(
    graph: Graph,
    node: Node,
    types: Mapping[Ref, Signal],
    report: Report,
    sizes: Mapping[str, int],
    known: dict[object, Mapping[Ref, Signal]],
    shared: dict[Signal, Signal],
) -> Mapping[Ref, Signal]:
    """The types that a node makes; of an op on inputs of types that were met before, those of then."""
    key = (node.op, *[item for port, ref in node.inputs for item in (port, id(types[ref]))])
    found = known.get(key)
    if found is not None:
        return {Ref(node.name, ref.port): signal for ref, signal in found.items()}
    before = len(report.diagnostics)
    made = {ref: shared.setdefault(s, s) for ref, s in _node_types(graph, node, types, report, sizes).items()}
    if made and len(report.diagnostics) == before:
        known[key] = made
    return made


def _node_types(
    graph: Graph, node: Node, types: Mapping[Ref, Signal], report: Report, sizes: Mapping[str, int]
) -> dict[Ref, Signal]:
    ports = node.op.input_ports([port for port, _ in node.inputs])
    given = {port: types[ref] for port, ref in node.inputs}
    for name, port in ports.items():
        if name in given and not port.unit.accepts(given[name].unit):
            _report_unit(graph, node, name, port, given[name], report)
            # As if it were converted: what follows is judged for itself.
            given[name] = replace(given[name], unit=port.unit)
    units, conflicts = solve_units(node.op, given)
    for conflict in conflicts:
        _report_conflict(graph, node, conflict, report)
    try:
        _check_voices(graph, node, ports, given)
        outputs = _output_types(node.op, ports, given, graph.clock.hop_samples, sizes)
    except Mismatch as mismatch:
        _report(graph, node, mismatch, types, report)
        return {}
    outputs = with_units(node.op, outputs, units)
    hop = graph.clock.hop_samples
    return {Ref(node.name, port): _in_frames(s, hop).sized(sizes) for port, s in outputs.items()}


def _are_one_size(
    node: Node, made: Mapping[Ref, Signal], bound: dict[tuple[str, str], tuple[Dim, Node]], report: Report
) -> bool:
    """Whether `channels: k` at several inputs of a sub-graph is one number in this use. Reports E414."""
    [(port, declared)], [signal] = node.op.output_ports().items(), made.values()
    pairs = list(zip(declared.dims or (), signal.dims, strict=True))
    for wanted, size in pairs[1 if signal.rate is Rate.CONST else 2 :]:
        first, other = bound.setdefault((node.owner, wanted.name), (size, node)) if wanted.name else (size, node)
        if agree(first, size) is None:
            message = f"'{port}' of '{node.owner}' has {size} channels, '{other.inputs[0][0]}' has {first}"
            notes = [note for n in (node, other) for note in _at_border(n)]
            hint = f"both are '{wanted.name}' in the sub-graph: give both {first} channels, or both {size}"
            report.add("E414", message, node.edge_spans.get(port, node.span), *notes, hint=hint)
            return False
    return True


def _output_types(
    op: Op, ports: Mapping[str, Port], given: Mapping[str, Signal], hop: int | None, sizes: Mapping[str, int]
) -> dict[str, Signal]:
    """All that an op has to say of the types of its inputs. Raises `Mismatch`."""
    arrived = {port: s.sized(sizes) for port, s in arriving(ports, given, hop).items()}
    met = {port: arrived[port] if s.rate is Rate.CONST else s for port, s in given.items()}
    op = as_met(op, arrived)
    makes_time = Traits.SIZED in op.traits or any(s.rate is Rate.AUDIO for s in arrived.values())
    frame_hop = input_hop(met, hop, meets_audio=makes_time)
    outputs = op.infer(arrived)
    if any(s.rate is Rate.AUDIO for s in outputs.values()):
        input_hop(met, hop, meets_audio=True)
    op.weights(arrived)  # for what only they ask, such as numbers of channels
    return with_hops(op, frame_hop, outputs, hop)


def _check_voices(graph: Graph, node: Node, ports: Mapping[str, Port], given: Mapping[str, Signal]) -> None:
    """Raises `Mismatch` E420 where a value with voices meets a port that takes a plain one."""
    if isinstance(node.op, Mapped) and node.op.voices is not None:
        return
    for name, signal in given.items():
        if signal.voices is not None and not ports[name].voiced:
            maker = _ref(node, name).node
            is_input = maker in graph.input_by_name
            mixing = "insert a mix_voices node before it" if is_input else f"write `mix: sum` at '{maker}'"
            message = f"port '{name}' takes a plain value, {{source}} has {signal.voices} voices"
            raise Mismatch(
                "E420", name, message, f"{mixing}, or `voices: {signal.voices}` at '{node.owner or node.name}'"
            )


def _in_frames(signal: Signal, hop: int | None) -> Signal:
    """With a frame rate, `samples` is `hop * frames` everywhere."""
    if not hop or not any(d.name == "samples" for d in signal.dims):
        return signal
    return replace(signal, dims=tuple(_frames_of_samples(d, hop) if d.name == "samples" else d for d in signal.dims))


def _frames_of_samples(dim: Dim, hop: int) -> Dim:
    return Dim(dim.scale * hop, "frames", dim.offset) // dim.divisor


def _report_unit(graph: Graph, node: Node, name: str, port: Port, given: Signal, report: Report) -> None:
    ref = _ref(node, name)
    report.add(
        "E412",
        f"port '{name}' of '{node.said}' wants {port.unit}, {_source(graph, ref)} is {given.unit}",
        node.edge_spans.get(name, node.span),
        *_declared(graph, ref),
        *_at_border(node),
        hint=unit_hint(graph, node, name, port.unit, given),
    )


def _report_conflict(graph: Graph, node: Node, conflict: UnitConflict, report: Report) -> None:
    first, second = node.input(conflict.first), node.input(conflict.second)
    assert first is not None
    assert second is not None
    ends = f"{_source(graph, first)} is {conflict.first_unit} and {_source(graph, second)} is {conflict.second_unit}"
    rule = "one factor may have a unit, the others must be linear" if conflict.is_product else "they must have one unit"
    report.add(
        "E412",
        f"'{conflict.first}' and '{conflict.second}' of '{node.said}': {ends}, {rule}",
        node.edge_spans.get(conflict.second, node.span),
        *_declared(graph, second),
        *(_declared(graph, first) if first != second else ()),
        hint=_conflict_hint(graph, node, conflict),
    )


def _conflict_hint(graph: Graph, node: Node, conflict: UnitConflict) -> str:
    repairs = []
    units = {conflict.first_unit, conflict.second_unit}
    conversion = conflict.conversion()
    literals = [port for port in (conflict.first, conflict.second) if graph.is_literal(_ref(node, port))]
    if literals and not conflict.is_product and (conversion or units <= TIMES):
        other = conflict.first_unit if literals[0] == conflict.second else conflict.second_unit
        repairs.append(f"write the literal in {other}")
    if conversion and conversion[1] not in literals:
        op, port, _ = conversion
        repairs.append(f"insert {article(op)} {op} node between '{_ref(node, port)}' and '{port}'")
    variable = node.op.input_ports((conflict.second,))[conflict.second].shares
    if variable in node.op.params():
        repairs.append(f"write `{variable}: any` in its params where the numbers only go on into a network")
    if conflict.is_product and literals:
        repairs.append(_factor_hint(graph, node, conflict, literals))
    if not repairs:
        wanted = "linear" if conflict.is_product else str(conflict.first_unit)
        repairs.append(f"give '{conflict.second}' in {wanted}")
    return ", or ".join(repairs)


def _factor_hint(graph: Graph, node: Node, conflict: UnitConflict, literals: list[str]) -> str:
    """The literal as a plain factor: the number alone, or the gain that so many decibels are."""
    port = literals[-1]
    level = getattr(graph.node_by_name[_ref(node, port).node].op, "value", None)
    unit = conflict.second_unit if port == conflict.second else conflict.first_unit
    if not isinstance(level, (int, float)):
        return "write the literal in linear"
    if unit is Unit.DB:
        return f"write {10 ** (level / 20):.6g}, which {level:g} dB is, or use the op gain, which takes dB"
    return f"write {level:g} without a unit"


def _ref(node: Node, port: str) -> Ref:
    ref = node.input(port)
    assert ref is not None
    return ref


def _report(graph: Graph, node: Node, mismatch: Mismatch, types: Mapping[Ref, Signal], report: Report) -> None:
    if mismatch.code == "E402" and any(d.code == "E402" for d in report.diagnostics):
        return  # the clock lacks one thing, however many edges need it
    ref = node.input(mismatch.port) if mismatch.parameters is None else None
    source = _source(graph, ref) if ref else "nothing"
    message = mismatch.message.replace("{source}", source)
    hint = mismatch.hint and mismatch.hint.replace("{source}", source)
    report.add(
        mismatch.code,
        f"'{node.owner or node.name}': {message}",
        node.edge_spans.get(mismatch.port, node.span) if ref else _parameter_span(node, mismatch.parameters or ()),
        *(_declared(graph, ref) if ref else ()),
        *_other_ends(graph, node, mismatch),
        *_at_border(node),
        *([Note("the clock is", graph.clock.span)] if mismatch.is_of_clock and graph.clock.span else ()),
        *([Note(f"its `{key}` is", node.edge_spans[key])] if (key := mismatch.beside) in node.edge_spans else ()),
        hint=_padding_hint(graph, node, mismatch, types) or _overlap_hint(graph, ref, mismatch, types) or hint,
    )


def _padding_hint(graph: Graph, node: Node, mismatch: Mismatch, types: Mapping[Ref, Signal]) -> str | None:
    """The repair where frames are one too many because an analysis upstream pads its audio."""
    dims = [dim for _, ref in node.inputs for dim in types[ref].dims[1:2] if dim.name and dim.divisor == 1]
    times = {(dim.name, dim.offset) for dim in dims}
    if mismatch.code != "E414" or len(times) == len({name for name, _ in times}):
        return None
    upstream = graph.ancestors(tuple(ref for _, ref in node.inputs))
    for other in graph.nodes:
        spec = other.op.params().get("padding") if other.name in upstream else None
        if spec is not None and "same" in spec.choices and getattr(other.op, "padding", "same") != "same":
            return f"add `padding: same` to the params of '{other.name}': it then gives one frame for each of the clock"
    return None


def _overlap_hint(graph: Graph, ref: Ref | None, mismatch: Mismatch, types: Mapping[Ref, Signal]) -> str | None:
    """The repair where the hop of frames follows from the overlap that an analysis upstream was given."""
    if ref is None or mismatch.hop is None or mismatch.hint is None:
        return None
    upstream = graph.ancestors((ref,))
    for other in graph.nodes:
        size, overlap = (getattr(other.op, name, None) for name in ("fft_size", "overlap"))
        if other.name not in upstream or not isinstance(size, int) or overlap is None:
            continue
        wanted = float(1 - Fraction(mismatch.hop) / size)
        is_it = types[other.refs[0]].hop == types[ref].hop
        if is_it and 0 <= wanted < 1 and hop_of(size, wanted) == mismatch.hop:
            _, *others = mismatch.hint.split(", or ")
            written = f"write `overlap: {wanted}` in the params of '{other.name}'"
            return ", or ".join([written, *others])
    return None


def _parameter_span(node: Node, parameters: Sequence[str]) -> Span | None:
    """Of the first of these that the author wrote; else of the node."""
    return next((node.edge_spans[name] for name in parameters if name in node.edge_spans), node.span)


def _other_ends(graph: Graph, node: Node, mismatch: Mismatch) -> tuple[Note, ...]:
    """Where the other inputs of the node come from that the message compares."""
    compared = [ref for port, ref in node.inputs if port in mismatch.compared]
    return tuple(note for ref in compared for note in _declared(graph, ref) if ref != node.input(mismatch.port))


def _source(graph: Graph, ref: Ref) -> str:
    """What stands at the edge: a name, or the literal that became a node of its own."""
    return "this literal" if graph.is_literal(ref) else f"'{_named(graph, ref)}'"


def _named(graph: Graph, ref: Ref) -> str:
    """What the author calls a value: an input of a sub-graph, seen from within, has its own name."""
    node = graph.node_by_name.get(ref.node)
    return ref.port if node is not None and node.origin is Origin.BORDER else str(ref)


def _at_border(node: Node) -> tuple[Note, ...]:
    """Where a sub-graph says what it takes."""
    if node.origin is not Origin.BORDER or node.span is None:
        return ()
    place = Span(node.span.source, node.span.line, node.span.column, node.span.end_line, node.span.end_column)
    return (Note(f"'{node.inputs[0][0]}' of the sub-graph is declared", place),)


def _declared(graph: Graph, ref: Ref) -> tuple[Note, ...]:
    declared = graph.node_by_name.get(ref.node) or graph.input_by_name.get(ref.node)
    span: Span | None = declared.span if declared and not graph.is_literal(ref) else None
    return (Note(f"'{_named(graph, ref)}' is declared", span),) if span else ()
