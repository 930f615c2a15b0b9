"""A spec that needs no other file: what a graph keeps, and an export carries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from ddspgraph.compiler.frontend.graphs.definitions import Definition
from ddspgraph.compiler.frontend.structure import DEFINITION
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Source, Span

#: What replaces a place of a text.
Edit = tuple[Span, str]


def stored_text(text: str, source: Source, definitions: Sequence[Definition]) -> str:
    """The text of a spec, with what stands in files in the place of their names."""
    files = [d for d in definitions if d.is_file and not d.is_faulty]
    own = [d for d in files if d.entry.span.source is source]
    if not own or text != source.text:
        return text
    inner = {id(definition.entry): definition for definition in files}
    return edited(source, [(definition.entry.span, _flow(_body(definition, inner))) for definition in own])


def edited(source: Source, edits: Iterable[Edit]) -> str:
    """The text of a source with each of these places, which do not overlap, replaced."""
    starts = [0]
    for line in source.text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    text = source.text
    for span, new in sorted(edits, key=lambda edit: (edit[0].line, edit[0].column), reverse=True):
        begin, end = starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1
        text = text[:begin] + new + text[end:]
    return text


def _body(definition: Definition, files: Mapping[int, Definition]) -> Value:
    """A definition as it is written in a spec, files within it included."""
    entries = dict(definition.root.items()) | {k: v for k, v in definition.entry.items() if k in ("doc", "share")}
    entries = {key: value for key, value in entries.items() if key in DEFINITION["properties"]}
    for key, value in entries.items():
        if key == "graphs":
            inner = {k: _body(files[id(v)], files) if id(v) in files else v for k, v in value.items()}
            entries[key] = Value(inner, value.span)
    return Value(entries, definition.root.span)


def _flow(value: Value) -> str:
    """YAML in braces, which is JSON as well."""
    return json.dumps(value.plain(), ensure_ascii=False)
