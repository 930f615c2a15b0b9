"""Unit variables: what the ports and parameters of an op that share a name (`Port.shares`) have in common.

A sum has the unit of its terms, an oscillator that of its depth and offset. `ANY`, and with it a bare number,
takes the unit of the others; two units that are known and differ are a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ddspgraph.ir.types import UNIT_CONVERSIONS, Signal, Unit

if TYPE_CHECKING:
    from ddspgraph.ir.op import Op
    from ddspgraph.ir.ports import Port

#: The choices of a parameter that names a unit.
UNITS = tuple(unit.value for unit in Unit)
#: Units of one dimension: a quantity in one of them can be written in each of the others.
TIMES = frozenset({Unit.SECONDS, Unit.MILLISECONDS, Unit.SAMPLES})


@dataclass(frozen=True)
class UnitConflict:
    """Two inputs that share a unit and have two, or two factors of which neither is linear."""

    first: str
    first_unit: Unit
    second: str
    second_unit: Unit
    is_product: bool

    def conversion(self) -> tuple[str, str, str] | None:
        """`(op, input, unit)`: what to put before which input, and what comes out; None where no op does it."""
        ends = ((self.first, self.first_unit), (self.second, self.second_unit))
        if self.is_product:
            wanted = {(unit, Unit.LINEAR): port for port, unit in ends}
        else:
            wanted = {(unit, other): port for (port, unit), (_, other) in (ends, ends[::-1])}
        return next(((op, wanted[pair], pair[1]) for pair, op in UNIT_CONVERSIONS.items() if pair in wanted), None)


def solve_units(op: Op, given: Mapping[str, Signal]) -> tuple[dict[str, Unit], list[UnitConflict]]:
    """The unit of every variable of an op from the signals at its inputs, and what contradicts itself.

    A parameter with the name of the variable fixes it; `any` there takes each input as it is.
    """
    ports = op.input_ports(tuple(given))
    names = dict.fromkeys(p.shares for p in (*ports.values(), *op.output_ports().values()) if p.shares)
    solved, conflicts = {}, []
    for variable in names:
        said = getattr(op, variable) if variable in op.params() else None
        if said is not None:
            solved[variable] = Unit(said)
            continue
        inputs = [name for name, port in ports.items() if port.shares == variable and name in given]
        factors = {name for name in inputs if ports[name].scales and given[name].unit is Unit.LINEAR}
        known = [name for name in inputs if name not in factors and given[name].unit is not Unit.ANY]
        found = [
            UnitConflict(known[0], given[known[0]].unit, name, given[name].unit, ports[name].scales)
            for name in known[1:]
            if given[name].unit is not given[known[0]].unit or _is_squared(given[name].unit, ports[name].scales)
        ]
        found = found or _decibels(known, inputs, factors, given, ports)
        conflicts += found
        solved[variable] = _result(known, found, given, all_factors=bool(inputs) and len(factors) == len(inputs))
    return solved, conflicts


def with_units(op: Op, outputs: Mapping[str, Signal], units: Mapping[str, Unit]) -> dict[str, Signal]:
    """The types that an op infers, with the units of `solve_units`."""
    ports = op.output_ports()
    return {
        name: replace(signal, unit=units[ports[name].shares]) if name in ports and ports[name].shares else signal
        for name, signal in outputs.items()
    }


def _decibels(
    known: list[str], inputs: list[str], factors: set[str], given: Mapping[str, Signal], ports: Mapping[str, Port]
) -> list[UnitConflict]:
    """A level in dB times a signal of unit any: a gain is meant, and the number of decibels is none."""
    level = next((name for name in known if ports[name].scales and given[name].unit is Unit.DB), None)
    other = next((name for name in inputs if name not in known and name not in factors), None)
    if level is None or other is None:
        return []
    return [UnitConflict(other, Unit.ANY, level, Unit.DB, is_product=True)]


def _is_squared(unit: Unit, scales: bool) -> bool:
    """Whether a product of a unit with itself is of another: Hz times Hz is. A raw number counts nothing."""
    return scales and unit is not Unit.RAW


def _result(known: list[str], found: list[UnitConflict], given: Mapping[str, Signal], *, all_factors: bool) -> Unit:
    if found:
        return Unit.ANY  # so that what follows is judged for itself
    if known:
        return given[known[0]].unit
    return Unit.LINEAR if all_factors else Unit.ANY


def scaling_parameter(op: Op, port: str, unit: Unit) -> str | None:
    """The scale function, a parameter, that with null makes a port take a unit as it is, or dB as linear."""
    for spec in op.params().values():
        if spec.kind == "str" and spec.nullable and getattr(op, spec.name) is not None:
            wanted = op.with_params(**{spec.name: None}).input_ports((port,))[port].unit
            if wanted is not Unit.ANY and (wanted is unit or UNIT_CONVERSIONS.get((unit, wanted))):
                return spec.name
    return None


def common_unit(units: Iterable[Unit]) -> Unit | None:
    """The unit in which quantities of these units can all be written; None where there is none."""
    found = set(units)
    if len(found) > 1 and found <= TIMES:
        return Unit.SECONDS
    return found.pop() if len(found) == 1 else None
