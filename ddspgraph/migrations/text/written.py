"""How values stood in the old text: their quotes, the spelling of their numbers, their anchors."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.compiler.frontend.yaml.scalars import resolve
from ddspgraph.diagnostics import Span

_ANCHOR = re.compile(r"&([^\s,\[\]{}]+)\s*")
#: Line and column of an anchor -> content -> the values of that content which stand there.
_Repetitions = dict[tuple[int, int], dict[str, list[Value]]]
_NUMBER = re.compile(r"[-+.0-9][-+.0-9A-Za-z]*")


def spelling(value: Value) -> str | None:
    """The text of a quoted scalar or of a number as its author wrote it; None where it is not that value's text.

    A value that a migration made stands at the place of an old one: what is written there need not be its text.
    """
    span, data = value.span, value.data
    if span.line != span.end_line or not isinstance(data, (str, int, float)) or isinstance(data, bool):
        return None
    text = span.source.line(span.line)[span.column - 1 : span.end_column - 1]
    text = _ANCHOR.sub("", text, count=1) if text.startswith("&") else text
    if isinstance(data, str):
        return text if text in (f"'{data.replace(chr(39), chr(39) * 2)}'", _double_quoted(data)) else None
    return text if _NUMBER.fullmatch(text) and _is_number(text, data) else None


def anchors_in(value: Value) -> dict[str, Span]:
    """The anchors of a document by name, with the place of the first of each name."""
    found: dict[str, Span] = {}
    seen: set[int] = set()
    open_values = [value]
    while open_values:
        value = open_values.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        name = _anchor(value.span)
        if name is not None:
            found.setdefault(name, value.span)
        open_values += [*value.elements(), *(item for _, item in value.items())]
    return found


@dataclasses.dataclass(frozen=True)
class Marked:
    """Values of which each occurrence is an object of its own, and what stands before or in place of some of them.

    Attributes:
      entries: the values.
      anchors: id of an occurrence -> the anchor before it.
      aliases: id of an occurrence -> the anchor that it repeats.
    """

    entries: list[tuple[Key, Value]]
    anchors: Mapping[int, str]
    aliases: Mapping[int, str]


def mark(entries: Iterable[tuple[Key, Value]]) -> Marked:
    """Finds what was an alias and still may be one: equal values from the place of one anchor, in order."""
    copies = [(key, _copied(value)) for key, value in entries]
    by_place: _Repetitions = {}
    for _, value in copies:
        _collect(value, by_place)
    anchors: dict[int, str] = {}
    aliases: dict[int, str] = {}
    used: set[str] = set()
    for groups in by_place.values():
        for group in groups.values():
            name = _anchor(group[0].span)
            if name is not None and len(group) > 1 and name not in used:
                used.add(name)
                anchors[id(group[0])] = name
                aliases |= {id(value): name for value in group[1:]}
    return Marked(copies, anchors, aliases)


def _copied(value: Value) -> Value:
    data = value.data
    if isinstance(data, dict):
        return dataclasses.replace(value, data={key: _copied(item) for key, item in data.items()})
    if isinstance(data, tuple):
        return dataclasses.replace(value, data=tuple(_copied(item) for item in data))
    return dataclasses.replace(value)


def _collect(value: Value, by_place: _Repetitions) -> None:
    """Sorts the values of anchored places into groups of equal ones; the inside of a repetition does not count."""
    if _anchor(value.span) is not None:
        group = by_place.setdefault((value.span.line, value.span.column), {}).setdefault(repr(value.plain()), [])
        group.append(value)
        if len(group) > 1:
            return
    for item in _inner(value):
        _collect(item, by_place)


def _inner(value: Value) -> Iterator[Value]:
    yield from value.elements()
    for _, item in value.items():
        yield item


def _anchor(span: Span) -> str | None:
    """The anchor that begins at a place."""
    line = span.source.line(span.line)
    if not line.startswith("&", span.column - 1):
        return None
    found = _ANCHOR.match(line, span.column - 1)
    return found[1] if found else None


def _double_quoted(data: str) -> str | None:
    return f'"{data}"' if data.isprintable() and '"' not in data and "\\" not in data else None


def _is_number(text: str, data: float) -> bool:
    try:
        found = resolve(text)
    except ValueError:
        return False
    return type(found) is type(data) and found == data
