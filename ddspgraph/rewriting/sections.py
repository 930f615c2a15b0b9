"""A section of a spec as lines, entry by entry, with the comments above each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ddspgraph.compiler.frontend.graphs.stored import Edit
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Span
from ddspgraph.migrations.text.emit import entry_lines

#: Two spaces more than the name of the section.
INDENT = 2


def section_key(document: Document, name: str) -> Key | None:
    return next((key for key, _ in document.root.items() if key == name), None)


def entries(document: Document, section: str) -> list[tuple[Key, Value]]:
    """The entries of a section."""
    value = document.root.get(section)
    return list(value.items()) if value is not None else []


def is_in_lines(document: Document, section: str) -> bool:
    """Whether every entry of a section begins a line of its own."""
    key = section_key(document, section)
    lines = [k.span.line for k, _ in entries(document, section)]
    ends = [max(v.span.end_line, k.span.line) for k, v in entries(document, section)]
    text = document.source.line
    begins = all(not text(k.span.line)[: k.span.column - 1].strip() for k, _ in entries(document, section))
    apart = all(end < begin for end, begin in zip(ends, lines[1:], strict=False))
    return key is not None and begins and apart and bool(lines) and lines[0] > key.span.line


def entry_text(document: Document, key: Key, value: Value) -> list[str]:
    """The lines of an entry as they are written, with the comment lines right above it."""
    first = key.span.line
    while first > 1 and document.source.line(first - 1).strip().startswith("#"):
        first -= 1
    return [document.source.line(n) for n in range(first, last_line(key, value) + 1)]


def last_line(key: Key, value: Value) -> int:
    """The last line of an entry; a block ends where its last value does."""
    return max(key.span.line, value.span.end_line)


def removal(document: Document, key: Key, value: Value, new: Iterable[str] = ()) -> Edit:
    """The edit that puts lines in the place of an entry, comments right above it included."""
    n_lines = len(entry_text(document, key, value))
    end = last_line(key, value)
    span = Span(document.source, end - n_lines + 1, 1, end + 1, 1)
    return span, "".join(f"{line}\n" for line in new)


def rewritten(document: Document, section: str, lines: Mapping[str, list[str] | None]) -> list[Edit]:
    """The edits of a section: lines in place of its entries, by name; None or no lines where one goes.

    A section in braces becomes one of lines.
    """
    key = section_key(document, section)
    if key is None:
        return []
    if is_in_lines(document, section):
        return [removal(document, k, v, lines[k] or ()) for k, v in entries(document, section) if k in lines]
    value = document.root.get(section)
    assert value is not None
    text: list[str] = []
    for name, item in entries(document, section):
        text += (lines[name] or []) if name in lines else entry_lines(str(name), item, INDENT)
    span = Span(document.source, key.span.line, key.span.column, value.span.end_line, value.span.end_column)
    return [(span, "\n".join([f"{section}:", *text]) if text else "")]


def inserted(document: Document, section: str, before: str, lines: list[str]) -> Edit:
    """The edit that adds entries to a section of lines; where there is none it is made above the section `before`."""
    key = section_key(document, section)
    if key is not None and entries(document, section):
        last = entries(document, section)[-1]
        line = last_line(*last) + 1
        return Span(document.source, line, 1, line, 1), "".join(f"{text}\n" for text in lines)
    at = section_key(document, before)
    line = at.span.line if at is not None else 1
    return Span(document.source, line, 1, line, 1), "".join(f"{text}\n" for text in [f"{section}:", *lines])


def reindented(lines: list[str], indent: int) -> list[str]:
    """Lines with their own indent moved so that the first is indented by `indent`."""
    own = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [(" " * indent + line[own:]).rstrip() for line in lines]
