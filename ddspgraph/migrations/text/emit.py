"""A document of the current version as YAML text in one style: short things on a line, long ones in blocks."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence

from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.migrations.text.comments import Comment
from ddspgraph.migrations.text.scalars import LONGEST_LINE, block_text, scalar_text, text_text
from ddspgraph.migrations.text.written import Marked, mark, spelling

#: The order of the keys at the top; others follow as they stood.
_ORDER = (
    "version",
    "name",
    "doc",
    "clock",
    "params",
    "graphs",
    "inputs",
    "feedback",
    "nodes",
    "outputs",
    "losses",
    "training",
)
#: These have one entry a line.
_SECTIONS = ("params", "graphs", "inputs", "feedback", "nodes", "outputs", "losses", "training")
_LONGEST_KEY = 1_000  # a YAML reader looks no further for the ':' of a key

#: A key at the top, or an entry of a section.
_Entry = tuple[str, str | None]


def emit(document: Document, comments: Sequence[Comment] = (), *, is_yaml: bool = False) -> str:
    """The text; reading it gives the values of the document.

    A comment is put at the entry that came from the line it spoke of. Where the old text was YAML, scalars that did
    not change keep their quotes and their spelling, and values that still repeat one another keep their anchor.
    """
    entries = sorted(document.root.items(), key=lambda entry: _rank(entry[0]))
    marked = mark(entries) if is_yaml else Marked(entries, {}, {})
    root, writer = marked.entries, _Writer(marked, is_yaml)
    placed = _Placed(root, comments)
    lines: list[str] = []
    for key, value in root:
        if key == "clock" or key in _SECTIONS or (lines and _rank(key) == len(_ORDER)):
            lines.append("")
        if key in _SECTIONS and value.is_mapping and value.data and id(value) not in marked.aliases:
            anchor = marked.anchors.get(id(value))
            lines += placed.around([f"{key}:" + (f" &{anchor}" if anchor else "")], "", (key, None))
            for name, item in value.items():
                lines += placed.around(list(writer.entry(name, item, 2)), "  ", (key, name))
        else:
            lines += placed.around(list(writer.entry(key, value, 0)), "", (key, None))
    if placed.tail:
        lines += ["", *placed.tail]
    return "\n".join(lines) + "\n"


def entry_lines(name: str, value: Value, indent: int) -> list[str]:
    """The lines of one entry of a mapping, its scalars spelt as where they come from."""
    return list(_Writer(Marked([], {}, {}), True).entry(Key(name, value.span), value, indent))


def _rank(key: Key) -> int:
    return _ORDER.index(str(key)) if key in _ORDER else len(_ORDER)


# -- values ------------------------------------------------------------------------------------


class _Writer:
    """Values as text, with the anchors and aliases that they still have."""

    def __init__(self, marked: Marked, is_yaml: bool) -> None:
        self.marked, self.is_yaml = marked, is_yaml

    def entry(self, key: Key, value: Value, indent: int) -> Iterator[str]:
        """The lines of `key: value`."""
        name = _key(key, False)
        if len(name) > _LONGEST_KEY:
            yield f"{' ' * indent}? {name}"
            name = ""
        yield from self._after(f"{' ' * indent}{name}:", value, indent + 2)

    def _after(self, lead: str, value: Value, indent: int) -> Iterator[str]:
        """The lines of a value that follows `lead`; its own lines are indented by `indent`."""
        alias, anchor = self.marked.aliases.get(id(value)), self.marked.anchors.get(id(value))
        if alias is not None:
            yield f"{lead} *{alias}"
            return
        if anchor is not None:
            lead = f"{lead} &{anchor}"
        room = LONGEST_LINE - len(lead) - 1
        if isinstance(value.data, str) and (block := block_text(value.data, indent, room)) is not None:
            yield f"{lead} {block[0]}"
            yield from block[1:]
            return
        flow = self._flow(value, room)
        if flow is not None:
            yield f"{lead} {flow}"
        elif value.is_mapping:
            yield lead
            for key, item in value.items():
                yield from self.entry(key, item, indent)
        elif all(item.is_scalar for item in value.elements()):
            yield from self._wrapped(lead, value.elements(), indent)
        else:
            yield lead
            for item in value.elements():
                yield from self._after(f"{' ' * indent}-", item, indent + 2)

    def _flow(self, value: Value, room: int) -> str | None:
        """The value on one line, without its anchor; None where that is longer than `room` and need not be."""
        if value.is_scalar:
            return self._scalar(value, False)
        if not value.data:
            return "{}" if value.is_mapping else "[]"
        text = "".join(self._collection(value, room))
        return text if len(text) <= room else None

    def _scalar(self, value: Value, in_flow: bool) -> str:
        return (spelling(value) if self.is_yaml else None) or scalar_text(value, in_flow)

    def _pieces(self, value: Value, room: int) -> Iterator[str]:
        """The pieces of the value inside of a line, cut off some time after `room`."""
        alias, anchor = self.marked.aliases.get(id(value)), self.marked.anchors.get(id(value))
        if alias is not None:
            yield f"*{alias}"
            return
        if anchor is not None:
            yield f"&{anchor} "
        if value.is_scalar:
            yield self._scalar(value, True)
        else:
            yield from self._collection(value, room)

    def _collection(self, value: Value, room: int) -> Iterator[str]:
        opening, closing = "{}" if value.is_mapping else "[]"
        yield opening
        used, first = 0, True
        entries: Iterable[tuple[Key | None, Value]] = (
            value.items() if value.is_mapping else ((None, item) for item in value.elements())
        )
        for key, item in entries:
            lead = ("" if first else ", ") + ("" if key is None else f"{_key(key, True)}: ")
            first = False
            yield lead
            used += len(lead)
            for piece in self._pieces(item, room - used):
                yield piece
                used += len(piece)
            if used > room:
                return
        yield closing

    def _wrapped(self, lead: str, items: Sequence[Value], indent: int) -> Iterator[str]:
        """A long list of scalars over several lines."""
        pieces = ["".join(self._pieces(item, LONGEST_LINE)) for item in items]
        line = f"{lead} [{pieces[0]}"
        for piece in pieces[1:]:
            if len(line) + len(", ") + len(piece) + len(",") <= LONGEST_LINE:
                line += f", {piece}"
            else:
                yield line + ","
                line = " " * indent + piece
        yield line + "]"


def _key(key: Key, in_flow: bool) -> str:
    return text_text(str(key), in_flow)


# -- comments ----------------------------------------------------------------------------------


class _Placed:
    """Which comments belong to which entry: a section, an entry of a section, or another key at the top."""

    def __init__(self, root: Sequence[tuple[Key, Value]], comments: Sequence[Comment]) -> None:
        self.of: dict[_Entry, list[Comment]] = {}
        self.tail = [comment.text for comment in comments if comment.subject is None]
        owners = _owners(root)
        lines = sorted(owners)
        for comment in comments:
            if comment.subject is None:
                continue
            at = bisect.bisect_left(lines, comment.subject)
            if at == len(lines):
                self.tail.append(comment.text)
            else:
                self.of.setdefault(owners[lines[at]], []).append(comment)

    def around(self, lines: list[str], pad: str, owner: _Entry) -> list[str]:
        """The lines of an entry with its comments: one may stand behind, the others stand above."""
        comments = self.of.get(owner, [])
        if len(comments) == 1 and comments[0].is_behind and len(lines) == 1:
            line = f"{lines[0]}  {comments[0].text}"
            if len(line) <= LONGEST_LINE:
                return [line]
        return [*(pad + comment.text for comment in comments), *lines]


def _owners(root: Sequence[tuple[Key, Value]]) -> dict[int, _Entry]:
    """Line of the old text -> the entry that came from it; of several, the outermost."""
    owners: dict[int, _Entry] = {}
    for key, _ in root:
        owners.setdefault(key.span.line, (key, None))
    for key, value in root:
        if key in _SECTIONS:
            for name, item in value.items():
                for line in (name.span.line, *_lines(item)):
                    owners.setdefault(line, (key, name))
            owners.setdefault(value.span.line, (key, None))
        else:
            for line in _lines(value):
                owners.setdefault(line, (key, None))
    return owners


def _lines(value: Value) -> Iterator[int]:
    """The lines that a value came from."""
    if value.is_scalar:
        yield from range(value.span.line, value.span.end_line + 1)
    for key, item in value.items():
        yield key.span.line
        yield from _lines(item)
    for item in value.elements():
        yield from _lines(item)
