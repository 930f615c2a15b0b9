"""Small pure edits of located values; what is new takes the span of the old thing it stands for."""

from __future__ import annotations

from collections.abc import Iterable

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Span


def scalar(data: bool | int | float | str | None, span: Span) -> Value:
    """A scalar at the place that it comes from."""
    return Value(data, span)


def mapping(entries: Iterable[tuple[Key, Value]], span: Span) -> Value:
    """A mapping at the place that it comes from."""
    return Value(dict(entries), span)


def plain(data: object, span: Span) -> Value:
    """Nested plain data as a value, all of it at one place."""
    if isinstance(data, dict):
        return Value({Key(str(key), span): plain(item, span) for key, item in data.items()}, span)
    if isinstance(data, (list, tuple)):
        return Value(tuple(plain(item, span) for item in data), span)
    assert data is None or isinstance(data, (bool, int, float, str))
    return Value(data, span)


def key_of(value: Value, name: str) -> Key:
    """The key of an entry that the schema requires, with its place."""
    return next(key for key, _ in value.items() if key == name)


def renamed(key: Key, name: str) -> Key:
    """Another name at the same place."""
    return Key(name, key.span)


def hertz(number: float) -> str:
    """`16 kHz`, `250 Hz`: exact, and as a person writes it."""
    in_khz = f"{number / 1000:.9g}"
    if number >= 1000 and float(in_khz) * 1000 == number:
        return f"{in_khz} kHz"
    return f"{int(number) if float(number).is_integer() else number!r} Hz"
