"""The document as data: values and keys that know their place in the text."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

from ddspgraph.diagnostics import Source, Span, quote


@final
class Key(str):
    """A mapping key that knows its place; everywhere else it is the plain string."""

    span: Span

    def __new__(cls, text: str, span: Span) -> Key:
        key = super().__new__(cls, text)
        key.span = span
        return key

    def __getnewargs__(self) -> tuple[str, Span]:  # type: ignore[override]
        return str(self), self.span


class Faulty(enum.Enum):
    """What stands where a value was refused: whoever reads it stays silent, so that one fault is one finding."""

    FAULTY = "faulty"


FAULTY = Faulty.FAULTY
Data = None | bool | int | float | str | tuple["Value", ...] | dict[Key, "Value"] | Faulty


@dataclass(frozen=True)
class Value:
    """A scalar, a list (`tuple` of values) or a mapping (`dict` of `Key` to value), and its span.

    Values are immutable and may be shared: a YAML alias is the very value that its anchor names.
    Nesting, aliases included, is never deeper than `Limits.depth`, so recursion over values is safe.
    """

    data: Data
    span: Span
    origin: Span | None = None  # where `params` or the caller says it, of what stood as `$name`

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.data, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.data, tuple)

    @property
    def is_scalar(self) -> bool:
        return not isinstance(self.data, (dict, tuple))

    @property
    def is_faulty(self) -> bool:
        """Whether this stands for what was refused and reported."""
        return self.data is FAULTY

    @property
    def is_number(self) -> bool:
        return isinstance(self.data, (int, float)) and not isinstance(self.data, bool)

    @property
    def kind(self) -> str:
        """What it is in the words of a message: `nothing`, `true or false`, `a number`, `text`, ..."""
        if self.data is None:
            return "nothing"
        for kind, types in _KINDS.items():
            if isinstance(self.data, types):
                return kind
        return type(self.data).__name__

    @property
    def said(self) -> str:
        """The value in a message: `true`, `3`, `the text 'yes'`, `a list`."""
        if isinstance(self.data, str):
            return f"the text {quote(self.data)}"
        if isinstance(self.data, bool):
            return str(self.data).lower()
        return str(self.data) if self.is_number else self.kind

    def get(self, key: str) -> Value | None:
        """The value under a key; None where there is none or where this is not a mapping."""
        return self.data.get(key) if isinstance(self.data, dict) else None  # type: ignore[call-overload]

    def items(self) -> Iterator[tuple[Key, Value]]:
        """Key and value of each entry of a mapping; nothing where this is not a mapping."""
        return iter(self.data.items() if isinstance(self.data, dict) else ())

    def elements(self) -> tuple[Value, ...]:
        """The elements of a list; nothing where this is not a list."""
        return self.data if isinstance(self.data, tuple) else ()

    def plain(self) -> Any:
        """The same as nested plain Python data: `dict`, `list`, scalars."""
        if isinstance(self.data, dict):
            return {str(key): value.plain() for key, value in self.data.items()}
        if isinstance(self.data, tuple):
            return [value.plain() for value in self.data]
        return self.data


# `bool` stands before the numbers because it is one in Python.
_KINDS: dict[str, type | tuple[type, ...]] = {
    "true or false": bool,
    "a number": (int, float),
    "text": str,
    "a list": tuple,
    "a mapping": dict,
}


@dataclass(frozen=True)
class Document:
    """A spec as it was read: the mapping at its top and the text that it came from."""

    root: Value
    source: Source


def text_of(value: Value | None) -> str:
    """What a string says; nothing where there is none, or something else stands there."""
    return value.data if value is not None and isinstance(value.data, str) else ""
