"""Document + op library -> Graph: every name, port and parameter resolved, every error collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from ddspgraph.compiler.frontend.clock import read_clock
from ddspgraph.compiler.frontend.drafts import read_draft
from ddspgraph.compiler.frontend.edges import Connector, is_one_more
from ddspgraph.compiler.frontend.feedback import closing_edge, read_line
from ddspgraph.compiler.frontend.parameters import whole
from ddspgraph.compiler.frontend.scope import Draft, Scope
from ddspgraph.compiler.frontend.shared_weights import with_weights
from ddspgraph.compiler.frontend.structure import NODE_KEYS, SECTIONS, STRUCTURE
from ddspgraph.compiler.frontend.training import read_training
from ddspgraph.compiler.frontend.values import Document, Key, Value, text_of
from ddspgraph.compiler.frontend.voices import voices_of
from ddspgraph.diagnostics import Note, Report, quote
from ddspgraph.ir.graph import Clock, Graph, Input
from ddspgraph.ir.midi import BEND_RANGE, STEALS, MidiInput
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import SHARED_DIMS
from ddspgraph.ir.registry import Registry
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim, Rate, Signal, Unit
from ddspgraph.limits import DEFAULT_LIMITS, Limits


def build(
    document: Document,
    ops: Registry,
    report: Report,
    limits: Limits = DEFAULT_LIMITS,
    given: Mapping[str, Op] = MappingProxyType({}),
    uses: Sequence[str] = (),
) -> Graph:
    """The graph of a document, in the order of the file.

    `given` are the ops of nodes that say none, by name; `uses` the names of sub-graphs that were written out.

    Reports E202, E206, E301-E312, E401-E403, E5xx and E707; the caller raises. Nodes that are at fault are left
    out, so that what depends on them is not blamed for them, and what `validate` refused is passed over.
    """
    root = document.root
    clock, clock_is_sound = read_clock(root.get("clock"), report)
    constants = [str(key) for key, _ in _items(root, "params")]
    scope = Scope(
        ops, report, clock, clock_is_sound, is_complete=not _lacks_a_section(root), constants=constants, uses=uses
    )
    _read_inputs(root, scope)
    lines = _claim_lines(root, scope)
    scope.clock = _read_drafts(root, scope, given)
    for key, value in lines.items():
        with report.within(key.span.use):
            scope.drafts[str(key)] = read_line(key, value, scope)
    scope.report_needs()
    _refuse_own_names(scope)
    connector = Connector(scope, limits)
    nodes = [node for draft in scope.drafts.values() if (node := connector.node(draft)) is not None]
    closing = []
    for key, value in lines.items():
        with report.within(key.span.use):
            closing.append(closing_edge(scope.drafts[str(key)], value, scope))
    open_lines = {key for key, edge in zip(lines, closing, strict=True) if edge is None}
    nodes = [node for node in nodes if node.name not in open_lines]
    nodes = with_weights(nodes, report)
    outputs = [(str(key), ref) for key, value in _items(root, "outputs") if (ref := scope.ref(value)) is not None]
    _check_purpose(root, report)
    names = {node.name for node in nodes}
    known = names | set(scope.inputs)
    feedback = tuple(edge for edge in closing if edge is not None and {edge.line, edge.source.node} <= known)
    return Graph(
        name=text_of(root.get("name")),
        clock=scope.clock,
        inputs=tuple(_in_order(root, scope)),
        nodes=(*connector.literals, *nodes),
        outputs=tuple(outputs),
        losses=tuple(str(key) for key, _ in _items(root, "losses") if key in names),
        feedback=feedback,
        midi=tuple(scope.midi.values()),
        doc=text_of(root.get("doc")),
        training=read_training({str(key): value for key, value in _items(root, "training")}, report),
    )


# -- inputs ---------------------------------------------------------------------------------------


def _read_inputs(root: Value, scope: Scope) -> None:
    for key, value in _items(root, "inputs"):
        rate_value = value.get("rate")
        if not scope.claim(key) or rate_value is None or not isinstance(rate_value.data, str):
            continue
        rate = Rate[rate_value.data.upper()]
        if not _fits_rate(key, value, rate, scope.report):
            continue
        if rate is not Rate.CONST and scope.clock.span is None:
            scope.need("", str(key), key.span)
        if _is_midi(value):
            if scope.clock.span is not None and scope.clock.hop_samples is None:
                scope.need("frame_rate", str(key), key.span)
            scope.midi[str(key)] = _midi_input(key, value)
            continue
        unit = Unit(text_of(value.get("unit")) or "any")
        signal = Signal(_input_dims(value, rate, scope.clock), rate, unit, voices=voices_of(value))
        scope.inputs[str(key)] = Input(str(key), signal, text_of(value.get("doc")), key.span)


def _is_midi(value: Value) -> bool:
    midi = value.get("midi")
    return midi is not None and midi.data is True


def _midi_input(key: Key, value: Value) -> MidiInput:
    said = {str(name): item.data for name, item in value.items()}
    return MidiInput(
        str(key),
        voices_of(value),
        str(said.get("steal", STEALS[0])),
        float(said.get("bend_range", BEND_RANGE)),  # type: ignore[arg-type]  # the schema saw to it
        whole(said["midi_channel"]) if "midi_channel" in said else None,
        said.get("mpe") is True,
        key.span,
    )


def _in_order(root: Value, scope: Scope) -> list[Input]:
    """The inputs in the order of the file; the ports of a MIDI input are where it is declared."""
    names = [str(key) for key, _ in _items(root, "inputs")]
    return sorted(scope.inputs.values(), key=lambda i: names.index(i.name.partition("/")[0]))


def _fits_midi(key: Key, value: Value, rate: Rate, report: Report) -> bool:
    """Whether an input says of MIDI what it can. Reports E202."""
    of_midi, others = ("steal", "bend_range", "midi_channel", "mpe"), ("unit", "channels", "shape")
    is_midi = _is_midi(value)
    if is_midi and rate is not Rate.FRAME:
        report.add("E202", f"'{key}' is {rate}: notes are frames", value.get("rate").span, hint="write `frame`")  # type: ignore[union-attr]
        return False
    for name, _ in value.items():
        if is_midi and str(name) in others:
            hint = f"delete it: every port has a type of its own, as `{key}/pitch` is in midi"
            report.add("E202", f"'{key}' is a MIDI input: it has no {name}", name.span, hint=hint)
            return False
        if not is_midi and str(name) in of_midi:
            report.add("E202", f"'{key}' is no MIDI input: it has no {name}", name.span, hint="write `midi: true` too")
            return False
    return True


def _fits_rate(key: Key, value: Value, rate: Rate, report: Report) -> bool:
    """Whether an input says its size as its rate wants it. Reports E202 and E206."""
    if any(item.is_faulty for _, item in value.items()) or not _fits_midi(key, value, rate, report):
        return False
    wrong, right = ("channels", "shape: [n]") if rate is Rate.CONST else ("shape", "channels: n")
    if value.get(wrong) is not None:
        span = next(k.span for k, _ in value.items() if k == wrong)
        report.add("E202", f"'{key}' is {rate}: it has no {wrong}", span, hint=f"write `{right}`")
        return False
    sizes = value.get("shape") if rate is Rate.CONST else value.get("channels")
    for size in (sizes.elements() or (sizes,)) if sizes is not None else ():
        if size.is_faulty:
            return False
        if size.data in SHARED_DIMS:
            message = f"'{size.data}' is the name of an axis of its own: a size is a number or another name"
            report.add("E206", message, size.span, hint="write a number, or a name such as `k`")
            return False
    return True


def _input_dims(value: Value, rate: Rate, clock: Clock) -> tuple[Dim, ...]:
    if rate is Rate.CONST:
        shape = value.get("shape")
        return (BATCH, *map(_dim, shape.elements() if shape is not None else ()))
    channels = value.get("channels")
    if rate is Rate.FRAME:
        return BATCH, FRAMES, _dim(channels) if channels is not None else Dim.of(1)
    samples = FRAMES * clock.hop_samples if clock.hop_samples else SAMPLES
    return (BATCH, samples, _dim(channels)) if channels is not None else (BATCH, samples)


def declared_signal(key: Key, value: Value) -> Signal | None:
    """What an input of a sub-graph says of its value, whatever the length; None where that is at fault."""
    rate = value.get("rate")
    if rate is None or not isinstance(rate.data, str) or rate.data.upper() not in Rate.__members__:
        return None
    found = Rate[rate.data.upper()]
    if not _fits_rate(key, value, found, Report()):
        return None
    return Signal(_input_dims(value, found, Clock()), found, Unit(text_of(value.get("unit")) or "any"))


def _dim(value: Value) -> Dim:
    number = whole(value.data)
    return Dim.of(value.data if number is None else number)  # type: ignore[arg-type]  # the schema saw to it


def _claim_lines(root: Value, scope: Scope) -> dict[Key, Value]:
    """The entries of `feedback`, whose names are taken before any is read: a delay may be another name."""
    return {key: value for key, value in _items(root, "feedback") if value.is_mapping and scope.claim(key)}


# -- nodes and losses -----------------------------------------------------------------------------


def _read_drafts(root: Value, scope: Scope, given: Mapping[str, Op]) -> Clock:
    """Fills `scope.drafts`; returns the clock with the length that nodes say."""
    lengths: list[tuple[int, Value]] = []
    for section in ("nodes", "losses"):
        for key, value in _items(root, section):
            if scope.claim(key) and not scope.report.is_full:
                op = given.get(str(key))
                with scope.report.within(key.span.use):
                    scope.drafts[str(key)] = (
                        read_draft(key, value, section, scope, lengths)
                        if op is None
                        else Draft(key, value, type(op), op, is_sound=True)
                    )
    return _fixed_length(scope, lengths)


def _refuse_own_names(scope: Scope) -> None:
    """Reports E306 for `warm.gain`, the literal at the port `gain` of `warm`, and for what else the compiler names."""
    for name, draft in list(scope.drafts.items()):
        owner, dot, port = name.rpartition(".")
        while dot:
            other = scope.drafts.get(owner)
            if other is not None and other.op_class is not None and _has_port(other, port.partition(".")[0]):
                message = f"{quote(name)} is a name of the compiler's: what stands at '{port}' of the node '{owner}'"
                note = Note(f"'{owner}' is declared", other.key.span)
                scope.report.add("E306", message, draft.key.span, note, hint="rename one of them")
                del scope.drafts[name]
                break
            owner, dot, more = owner.rpartition(".")
            port = f"{more}.{port}"


def _has_port(draft: Draft, port: str) -> bool:
    made = draft.op.output_ports() if draft.op is not None else ()
    return port in (*draft.op_class.inputs, *made) or is_one_more(draft.op_class, port)  # type: ignore[union-attr, arg-type]


def _fixed_length(scope: Scope, lengths: list[tuple[int, Value]]) -> Clock:
    """`n_samples` on nodes: all must agree, with each other and with the clock's duration and hop."""
    clock = scope.clock
    if not lengths or not scope.clock_is_sound:
        return clock
    n_samples, place = lengths[0][0], Note("the first is", lengths[0][1].span)
    if clock.n_samples is not None:
        n_samples, place = clock.n_samples, Note("the clock is", clock.span)
    hop = clock.hop_samples
    for i, (said, value) in enumerate(lengths):
        if said != n_samples:
            hint = f"write {n_samples}, or delete it"
            message = f"n_samples is {said} here and {n_samples} elsewhere"
            scope.report.add("E403", message, value.span, place, hint=hint)
        elif hop and said % hop and i == 0:
            hint = f"the nearest is {max(1, round(said / hop)) * hop}"
            message = f"{said} samples are not a whole number of frames of {hop} samples"
            scope.report.add("E401", message, value.span, hint=hint)
    return replace(clock, n_samples=n_samples, is_fixed=True)


# -- the whole ------------------------------------------------------------------------------------


def _lacks_a_section(root: Value) -> bool:
    """Whether names may have been declared in a part of the spec that was refused."""
    known = STRUCTURE["properties"]
    sections = ("inputs", "feedback", "nodes", "losses")
    is_refused = any(value.is_faulty and (key in sections or key not in known) for key, value in root.items())
    return is_refused or any(_holds_a_section(value) for _, value in root.items())


def _holds_a_section(value: Value) -> bool:
    """Whether a section stands inside of another, or of an entry of another, and was refused there."""
    deeper = [pair for _, entry in value.items() for pair in entry.items() if pair[0] not in NODE_KEYS]
    return any(item.is_faulty and key in SECTIONS for key, item in (*value.items(), *deeper))


def _check_purpose(root: Value, report: Report) -> None:
    """Reports E312."""
    refused = any(value.is_faulty for value in (root.get("outputs"), root.get("losses")) if value is not None)
    if not _items(root, "outputs") and not _items(root, "losses") and not refused and not _lacks_a_section(root):
        last = list(dict(root.items()))[-1]
        hint = "add `outputs: {audio: <node>}`"
        report.add("E312", "the graph has neither outputs nor losses: it computes nothing", last.span, hint=hint)


def _items(root: Value, section: str) -> list[tuple[Key, Value]]:
    value = root.get(section)
    return list(value.items()) if value is not None else []
