"""What a migration did to a spec, in one picture: the new graph, every part marked by what the report says of it."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ddspgraph.compiler.driver import load
from ddspgraph.compiler.frontend.document import Document, read_text
from ddspgraph.diagnostics import Span
from ddspgraph.ir.graph import Graph
from ddspgraph.limits import DEFAULT_LIMITS
from ddspgraph.migrations import MigrationResult
from ddspgraph.migrations.change import Change as Step
from ddspgraph.migrations.change import Kind as Fate
from ddspgraph.render import bytes_of, kind_of_file
from ddspgraph.render.compare import Difference, compare
from ddspgraph.render.compose import Ids
from ddspgraph.render.diff import diff_picture
from ddspgraph.render.picture import Box, Change, Kind, Picture
from ddspgraph.render.theme import LIGHT

#: The report is told in a box in lines of so many characters, and in so many lines.
_CHARACTERS, _LINES = 48, 8
_SECTIONS = {"inputs": "input", "nodes": "node", "losses": "loss", "outputs": "output"}


def migration_bytes(old: Document, result: MigrationResult, path: str | os.PathLike[str]) -> bytes:
    """The bytes of the picture that `path` is to hold; the suffix says which kind.

    `~` marks a part that was renamed or derived, `+` what the new spec says and the old one left to its defaults, `−`
    what nothing reads or calls any more.

    Args:
      old: what was migrated.
      result: what it became.
      path: as of `draw`; nothing is written.

    Raises:
      GraphError: E607 for another suffix; what `load` finds wrong in the new text, such as an op that the library does
        not have; E608 where `dot` is missing.
    """
    kind = kind_of_file(path)
    graph = load(read_text(result.text, f"{old.source.name} (migrated)", DEFAULT_LIMITS))
    return bytes_of(migration_picture(graph, result.changes), kind, LIGHT)


def migration_picture(graph: Graph, steps: Iterable[Step]) -> Picture:
    """The picture of a graph that came of these steps."""
    steps = tuple(steps)
    found = tuple(_differences(graph, steps)) if steps else ()
    shown = diff_picture(replace(compare(graph, graph), differences=found))
    ids = Ids(box.id for box in shown.boxes)
    gone = [
        Box(ids.new("gone", name), kind, name, marks=(step.note,), change=Change.REMOVED)
        for kind, name, step in _gone(steps)
    ]
    return replace(shown, boxes=(*gone, *shown.boxes))


def _differences(graph: Graph, steps: tuple[Step, ...]) -> Iterator[Difference]:
    """Of every part of the graph that was not merely moved. What no step speaks of, the old spec did not say."""
    by_part: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        section, _, rest = (step.to or "").partition(".")
        by_part.setdefault((_SECTIONS.get(section, ""), rest.partition(".")[0]), []).append(step)
    parts = [*(("input", i.name) for i in graph.inputs), *(("output", name) for name, _ in graph.outputs)]
    parts += [("loss" if node.name in graph.losses else "node", node.name) for node in graph.nodes if node.is_written]
    for kind, name in parts:
        said = by_part.get((kind, name), [])
        if not any(step.kind is not Fate.DEFAULT or (step.to or "").count(".") > 1 for step in said):
            yield Difference(kind, name, Change.ADDED)
        elif lines := [line for step in said if step.kind is not Fate.MOVED for line in _told(step)]:
            more = [f"and {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
            yield Difference(kind, name, Change.CHANGED, (*lines[:_LINES], *more))


def _told(step: Step) -> list[str]:
    """`scale_fn: renamed, '@core.exp_sigmoid'`."""
    what = (step.to or "").rpartition(".")[2]
    return textwrap.wrap(f"{what}: {step.kind}{f', {step.note}' if step.note else ''}", _CHARACTERS)


def _gone(steps: tuple[Step, ...]) -> Iterator[tuple[Kind, str, Step]]:
    """Inputs that nothing reads, and modules that nothing calls: their names are in the old file."""
    for step in steps:
        section, _, rest = step.path.partition(".")
        if step.kind is Fate.NO_EFFECT and step.to is None and "." not in rest:
            if section == "inputs":
                yield Kind.INPUT, _text_at(step.span), step
            elif section == "modules":
                yield Kind.NODE, rest, step


def _text_at(span: Span) -> str:
    return span.source.line(span.line)[span.column - 1 : span.end_column - 1]
