"""The one unit of what is written for parameters and ports that share one: `depth: 20 ms, offset: 1 s`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ddspgraph.compiler.frontend.parameters import quantity_of
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.types import Unit
from ddspgraph.ir.units import common_unit


def written_unit(values: Mapping[str, Value], node: str, report: Report) -> Unit | None:
    """The unit in which all quantities among the values can be written: `ANY` where there is none.

    Bare numbers take the unit of the others. Reports E412, and returns None, where two units measure different things.
    """
    first: tuple[str, Unit, Value] | None = None
    unit = Unit.ANY
    for name, value in values.items():
        for leaf, written in _quantities(value):
            if first is None:
                first, unit = (name, written, leaf), written
                continue
            joined = common_unit((unit, written))
            if joined is None:
                report.add(
                    "E412",
                    f"'{first[0]}' of '{node}' is written in {first[1]} and '{name}' in {written}: "
                    "they must have one unit",
                    leaf.span,
                    Note(f"'{first[0]}' is written", first[2].span),
                    hint=f"write both in {first[1]}, or both in {written}",
                )
                return None
            unit = joined
    return unit


def has_quantity(value: Value) -> bool:
    """Whether a value, or one in its lists, is a quantity; a bare number takes the unit of what it meets."""
    return any(True for _ in _quantities(value))


def _quantities(value: Value) -> Iterator[tuple[Value, Unit]]:
    """The quantities of a value, also those in its lists, and in the entries of a mapping."""
    quantity = quantity_of(value)
    if quantity is not None:
        yield value, quantity.unit
    for item in (*value.elements(), *(entry for _, entry in value.items())):
        yield from _quantities(item)
