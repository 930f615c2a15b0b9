"""Lists and mappings while they are read: keys, merge keys and where each collection ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ddspgraph.compiler.frontend.number_slips import decimal_comma, is_decimal_comma
from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Report, Span

#: A name from the file is shown up to this length; it may have a megabyte.
SHOWN = 80


_JOINED = re.compile(r"(\w+)\s*([:=])\s*(\S.*)")


@dataclass(slots=True, eq=False)
class OpenCollection:
    """A list or mapping whose end is not yet read."""

    is_mapping: bool
    is_flow: bool  # in brackets or braces
    span: Span
    anchor: str | None
    values_before: int  # values of the document that stand before it
    report: Report
    within: Key | None = None  # the key that it is the value of
    height: int = 1  # nesting in it, itself included, aliases written out
    last: Span | None = None  # where the last value in it stands
    elements: list[Value] = field(default_factory=list)
    entries: dict[Key, Value] = field(default_factory=dict)
    merged: dict[Key, Value] = field(default_factory=dict)
    # All keys so far (None stands for the merge key), and the one whose value comes next.
    keys: dict[str | None, Key] = field(default_factory=dict)
    key: Key | None = None
    takes_value: bool = False

    @property
    def takes_key(self) -> bool:
        return self.is_mapping and not self.takes_value

    @property
    def bracket(self) -> Span:
        """The `[` or `{` of a flow collection; an anchor may stand before it."""
        span = self.span
        return Span(span.source, span.end_line, span.end_column - 1, span.end_line, span.end_column)

    def add_key(self, text: str, span: Span, *, is_plain: bool) -> None:
        """A scalar in the place of a key; a plain `<<` is the merge key."""
        self.takes_value, self.last = True, span
        if is_plain and not text:
            self.report.add("E108", "a key is missing before the ':'", span)
            return
        name = None if is_plain and text == "<<" else text
        first = self.keys.get(name)
        lost = self._lost_since(first) if first is not None else None
        if lost is not None:
            message = f"'{lost}' stands inside of '{self.within}', with nothing in it"
            hint = f"indent '{lost}' as '{self.within}' is, and leave what follows it as it is"
            self.report.add("E103", message, lost.span, hint=hint)
            return
        if first is not None:
            shown = text[:SHOWN]
            note = Note(f"'{shown}' stands first", first.span)
            message = f"the key '{shown}' stands twice in this mapping"
            self.report.add("E103", message, span, note, hint="remove one of them")
            return
        self.key = self.keys[name] = Key(text, span)

    def _lost_since(self, first: Key) -> Key | None:
        """The key without a value after which the keys of another node begin: it is indented too far."""
        if self.is_flow or self.within is None:
            return None
        empty = [key for key, value in self.entries.items() if value.data is None and _is_below(key, first)]
        return empty[-1] if empty else None

    def refuse_key(self, kind: str, span: Span, hint: str) -> None:
        """What stands in the place of a key cannot be one; its value will be dropped."""
        self.report.add("E108", f"{kind} cannot be a key", span, hint=hint)
        self.takes_value = True

    def add(self, value: Value, height: int, place: Span) -> None:
        """The next value; `place` is where it stands, which for an alias is not where it was written."""
        self.height, self.last = max(self.height, height + 1), place
        if not self.is_mapping:
            self.elements.append(value)
            return
        if self.takes_key:
            hint = "a value that begins with '{' or '[' is a collection: quote it to mean text"
            self.refuse_key(value.kind, value.span, hint)
            return
        if self.is_flow and self.key is not None and value.data is None:
            self._check_alone(self.key)
        if self.key is not None and self.key is self.keys.get(None):
            self._merge(value, place)
        elif self.key is not None:
            self.entries[self.key] = value
        self.key, self.takes_value = None, False

    def _check_alone(self, key: Key) -> None:
        """A key without a value in braces: half of a number, or a key and value that no space parts."""
        name, before = next(reversed(self.entries.items()), (None, None))
        half = before.span.text() if before is not None and before.is_scalar else ""
        if before is not None and touches(before.span, key.span) and is_decimal_comma(half, str(key)):
            slip, end = decimal_comma(half, str(key)), key.span
            place = Span(end.source, before.span.line, before.span.column, end.end_line, end.end_column)
            self.report.add("E504", f"'{name}' {slip.cause}", place, hint=slip.hint)
            return
        joined = _JOINED.fullmatch(key[:SHOWN])
        if joined is not None:
            said = "a space is missing after the colon" if joined[2] == ":" else "a colon and a space, not '='"
            self.report.add("E101", said, key.span, hint=f"write `{joined[1]}: {joined[3]}`")

    def _merge(self, value: Value, place: Span) -> None:
        """Merge keys (yaml.org/type/merge.html): of several mappings the first that has a key gives it."""
        for part in value.elements() if value.is_list else (value,):
            if not part.is_mapping:
                self.report.add("E203", f"'<<' merges mappings, this is {part.kind}", place)
                return
            for key, merged in part.items():
                self.merged.setdefault(key, merged)

    def close(self, end: Span) -> Value:
        """The finished collection; `end` is the span of its end event.

        The end event of a block stands where the next thing begins: its own end is that of its last value.
        """
        if not self.is_flow and self.last is not None:
            end = self.last
        span = Span(self.span.source, self.span.line, self.span.column, end.end_line, end.end_column)
        if not self.is_mapping:
            return Value(tuple(self.elements), span)
        # An explicit key wins over a merged one, whichever stands first.
        merged = {key: value for key, value in self.merged.items() if key not in self.entries}
        return Value({**merged, **self.entries}, span)


def _is_below(key: Key, other: Key) -> bool:
    return (key.span.line, key.span.column) > (other.span.line, other.span.column)


def touches(one: Span, two: Span) -> bool:
    """Whether nothing but one character, a comma, stands between two places."""
    return (one.end_line, one.end_column + 1) == (two.line, two.column)
