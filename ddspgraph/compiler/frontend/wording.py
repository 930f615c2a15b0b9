"""What an author wrote in words that the number behind them does not say: quantities and notes."""

from __future__ import annotations

from collections.abc import Iterator

from ddspgraph.compiler.frontend.parameters import quantity_of
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.ir.quantity import convert, unit_of_text
from ddspgraph.ir.types import Unit
from ddspgraph.ir.written import Written


def written(value: Value, unit: Unit, sample_rate: int | None) -> Written | None:
    """The words of a value that becomes a number of `unit`; None where it holds no quantity.

    Args:
      value: a number, a quantity, or nested lists of both.
      unit: of the parameter or port.
      sample_rate: in Hz; None where the clock does not say it.
    """
    texts = [str(v.data) for v in _scalars(value) if quantity_of(v) is not None]
    if not texts:
        return None
    return Written(_words(value), any(_is_converted(text, unit, sample_rate) for text in texts))


def _is_converted(text: str, unit: Unit, sample_rate: int | None) -> bool:
    """Whether one of the unit that is written is not one of the unit that is wanted."""
    one = unit_of_text(text)
    if one is None:  # the name of a note
        return True
    try:
        return convert(one, unit, sample_rate=sample_rate) != 1.0
    except ValueError:
        return True


def _scalars(value: Value) -> Iterator[Value]:
    if not value.is_list:
        yield value
    for item in value.elements():
        yield from _scalars(item)


def _words(value: Value) -> str | tuple[object, ...]:
    return tuple(map(_words, value.elements())) if value.is_list else " ".join(str(value.data).split())
