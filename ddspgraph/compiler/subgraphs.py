"""Sub-graphs from end to end: read, measured, each definition checked by itself, every use written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ddspgraph.compiler.analysis.advise import advise
from ddspgraph.compiler.analysis.borders import open_borders
from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.analysis.order import order
from ddspgraph.compiler.analysis.shared_weights import check_shared_weights
from ddspgraph.compiler.frontend.build import build
from ddspgraph.compiler.frontend.clock import read_clock
from ddspgraph.compiler.frontend.graphs.definitions import Definition, Definitions, uses_in
from ddspgraph.compiler.frontend.graphs.expand import WrittenOut, write_out
from ddspgraph.compiler.frontend.graphs.files import SpecFiles
from ddspgraph.compiler.frontend.graphs.sizes import measure
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.compiler.passes.insert_rate_conversions import Conversions
from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.graph import Graph, Part, Ref
from ddspgraph.ir.ports import is_wild
from ddspgraph.ir.registry import Registry
from ddspgraph.limits import Limits

#: Definitions are checked by themselves until so many graphs of the largest size have been looked at.
_MOST_CHECKED = 2
_SECTIONS = ("params", "inputs", "feedback", "nodes", "outputs")


def without_subgraphs(
    document: Document,
    ops: Registry,
    upgrade: Callable[[Document, Report], Document],
    conversions: Conversions,
    report: Report,
    limits: Limits,
) -> WrittenOut:
    """A validated document with its sub-graphs written out.

    Reports all that is wrong in definitions, once each, and in their uses; W120 for what a file loses, W121 for a
    definition that nothing uses.

    Args:
      upgrade: brings a file to the current version.
      conversions: the ops that stand between rates.
    """
    root = document.root
    if root.get("graphs") is None and not any(True for _ in uses_in(root)):
        return WrittenOut(document)
    files = SpecFiles(upgrade, report, limits)
    definitions = Definitions(ops, report, limits, files)
    known = definitions.of(root, document.source, {})
    checked = 0
    for definition in measure(definitions, root, known):
        checked += definition.nodes
        if checked <= _MOST_CHECKED * limits.nodes and definition.has_body:
            _check_alone(definition, definitions, root.get("clock"), conversions, report)
    _tell_unused(definitions, root, known, report)
    written = write_out(document, definitions, known, report)
    return replace(written, definitions=tuple(definitions.all), files=tuple(files.paths))


def with_parts(graph: Graph, written: WrittenOut) -> Graph:
    """The graph of a document that was written out, which knows its sub-graphs."""
    parts = {}
    for part in written.parts:
        outputs = {port: _ref(graph, str(value.data)) for port, value in part.outputs.items() if not value.is_faulty}
        parts[part.name] = Part(part.name, part.graph, outputs, part.doc, part.group, part.span)
    return graph.replace(parts=parts) if parts else graph


def _ref(graph: Graph, text: str) -> Ref:
    name, _, port = text.partition("/")
    node = graph.node_by_name.get(name)
    return Ref(name, port) if port or node is None else node.refs[0]


def _check_alone(
    definition: Definition, definitions: Definitions, clock: Value | None, conversions: Conversions, report: Report
) -> None:
    """A definition as if it were a spec: with its defaults, and inputs of the types that it says."""
    found = Report()
    if definition.is_file and clock is not None:
        _compare_clocks(definition, clock, found)
    root = definition.given({}, definitions.limits)
    is_whole = not any(_target(definition, graph) is None for _, graph in definition.uses())
    sections = {
        key: value for key, value in root.items() if key in ("params", "inputs", "feedback", "nodes", "outputs")
    }
    if clock is not None:
        sections[Key("clock", clock.span)] = clock
    document = Document(Value(sections, root.span), definition.source)
    written = write_out(document, definitions, definition.known, found)
    graph = order(
        build(written.document, definitions.ops, found, definitions.limits, written.borders, written.uses), found
    )
    for midi in graph.midi:
        message = f"'{midi.name}' is an input of a sub-graph: it has no midi"
        hint = f"declare what is read, `pitch: {{rate: frame, unit: midi}}`, and give it `{midi.name}/pitch`"
        found.add("E202", message, midi.span, hint=hint)
    graph = _typed(graph, conversions, found)
    if not found.has_errors and not report.has_errors and is_whole and not definition.is_file:
        advise(graph, definitions.ops["constant"], found)
    definition.is_faulty = definition.is_faulty or found.has_errors or not is_whole
    report.take(found)


def _typed(graph: Graph, conversions: Conversions, report: Report) -> Graph:
    """The definition with types, whatever number a free size (`channels: k`) stands for.

    Some ops take any number that they know, and some one channel alone: so there are errors where no number will do.
    """
    free = {dim.name for i in graph.inputs for dim in i.signal.dims if is_wild(dim)}
    trials: list[tuple[Graph, Report]] = []
    for size in (None, 2, 1)[: 3 if free else 1]:
        found = Report()
        sizes = {} if size is None else dict.fromkeys(free, size)
        typed = open_borders(infer(graph, found, sizes), conversions, found, sizes)
        check_shared_weights(typed, found)
        trials.append((typed, found))
        if not found.has_errors:
            break
    typed, found = trials[-1] if not trials[-1][1].has_errors else trials[len(trials) // 2]
    report.take(found)
    return typed


def _target(definition: Definition, graph: Value) -> Definition | None:
    """What a use within a definition names, where it is sound."""
    target = definition.known.get(str(graph.data))
    return None if target is None or target.is_faulty else target


def _compare_clocks(definition: Definition, clock: Value, report: Report) -> None:
    """Reports E403 where a file has another clock than the spec that uses it."""
    own = definition.root.get("clock")
    if own is None:
        return
    (a, a_sound), (b, b_sound) = read_clock(own, Report()), read_clock(clock, Report())
    differs = a.sample_rate != b.sample_rate or (a.hop_samples and b.hop_samples and a.hop_samples != b.hop_samples)
    if differs and a_sound and b_sound:
        rates = [f"{c.sample_rate} Hz" + (f" with a hop of {c.hop_samples}" if c.hop_samples else "") for c in (a, b)]
        places = (Note("its clock is", own.span), Note("the clock is", clock.span))
        hint = "a file without a clock takes that of the spec: delete its own, or write the same in both"
        message = f"the clock of '{definition.name}' is {rates[0]}, that of the spec {rates[1]}"
        report.add("E403", message, definition.key.span, *places, hint=hint)


def _tell_unused(definitions: Definitions, root: Value, known: Mapping[str, Definition], report: Report) -> None:
    """Reports W121. What stands in a file has uses elsewhere."""
    used = {known.get(str(graph.data)) for _, graph in uses_in(root)}
    used |= {d.known.get(str(graph.data)) for d in definitions.all for _, graph in d.uses()}
    for definition in definitions.all:
        if definition not in used and definition.key.span.source is root.span.source:
            message = f"nothing uses the sub-graph '{definition.name}'"
            report.add("W121", message, definition.key.span, hint=f"use it: `graph: {definition.name}`, or delete it")
