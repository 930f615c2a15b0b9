"""One value of a spec -> one parameter of an op: type, unit, range, choice, clock."""

from __future__ import annotations

import math
from typing import Any

from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Report, did_you_mean
from ddspgraph.ir.op import ParamSpec
from ddspgraph.ir.quantity import KNOWN_UNITS, convert, parse_quantity
from ddspgraph.ir.types import Unit

#: What `read_parameter` answers where it has reported an error.
INVALID: Any = object()

_WANTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a word",
    "ints": "a list of whole numbers",
    "floats": "a list of numbers",
    "values": "a number or a list of numbers",
    "splits": "a mapping of names to channel counts, such as {amps: 1, harmonic_distribution: 60}",
}


class ParameterReader:
    """Reads values against their declarations and reports what does not fit."""

    def __init__(self, report: Report, sample_rate: int | None) -> None:
        self.report, self.sample_rate = report, sample_rate

    def read(self, spec: ParamSpec, value: Value, op_name: str) -> Any:
        """The Python value, or `INVALID` after reporting E501, E502, E503, E504, E505 or E506."""
        name = f"'{spec.name}' of {op_name}"
        if value.data is None:
            if spec.nullable:
                return None
            return self._wrong(spec, value, name)
        if spec.kind == "bool":
            return value.data if isinstance(value.data, bool) else self._wrong(spec, value, name)
        if spec.kind == "str":
            return self._word(spec, value, name)
        if spec.kind in ("int", "float"):
            return self._number(spec, value, name)
        if spec.kind == "splits":
            return self._splits(spec, value, name)
        if spec.kind == "values":
            return self.numbers(value, spec.unit, name)
        if not value.is_list:
            return self._wrong(spec, value, name)
        items = tuple(self._number(spec, item, name) for item in value.elements())
        return INVALID if INVALID in items else items

    def number(self, value: Value, unit: Unit, name: str) -> float:
        """A bare number in `unit`, or a quantity converted to it."""
        if isinstance(value.data, str):
            return self._quantity(value, unit, name)
        if not value.is_number:
            self.report.add("E501", f"{name} must be a number, this is {value.kind}", value.span)
            return INVALID
        number = float(value.data)  # type: ignore[arg-type]
        if not math.isfinite(number):
            self.report.add("E503", f"{name} must be finite", value.span)
            return INVALID
        return value.data  # type: ignore[return-value]

    def numbers(self, value: Value, unit: Unit, name: str) -> Any:
        """A number, or nested lists of numbers of equal lengths, as nested tuples."""
        if not value.is_list:
            return self.number(value, unit, name)
        items = tuple(self.numbers(item, unit, name) for item in value.elements())
        if INVALID in items:
            return INVALID
        if not items or len({_length(item) for item in items}) > 1:
            self.report.add("E501", f"{name}: the rows of a list must have equal lengths, at least 1", value.span)
            return INVALID
        return items

    def _quantity(self, value: Value, unit: Unit, name: str) -> float:
        text = str(value.data)
        try:
            quantity = parse_quantity(text)
        except ValueError as error:
            self.report.add("E503", f"{name}: {error}", value.span)
            return INVALID
        if quantity is None:
            hint = _unit_hint(text) or f"write a number{_in_unit(unit)}"
            self.report.add("E504", f"{name}: '{text[:60]}' is not a quantity", value.span, hint=hint)
            return INVALID
        try:
            return convert(quantity, unit, sample_rate=self.sample_rate)
        except ValueError as error:
            self.report.add("E505", f"{name}: {error}", value.span, hint=f"write a number{_in_unit(unit)}")
            return INVALID

    def _number(self, spec: ParamSpec, value: Value, name: str) -> Any:
        if spec.kind in ("int", "ints") and not (value.is_number or isinstance(value.data, str)):
            return self._wrong(spec, value, name)
        number = self.number(value, spec.unit, name)
        if number is INVALID:
            return INVALID
        if spec.kind in ("int", "ints"):
            # `1.0` is not a whole number to us, but `3 s` at 16 kHz is 48000.0 samples.
            nearest = round(number)
            if isinstance(value.data, float) or abs(number - nearest) > 1e-6:
                self.report.add(
                    "E501",
                    f"{name} must be a whole number{_in_unit(spec.unit)}, this is {number:g}",
                    value.span,
                    hint=f"the nearest is {nearest}",
                )
                return INVALID
            number = nearest
        if not spec.admits(number):
            self._out_of_range(spec, value, name, number)
            return INVALID
        return float(number) if spec.kind in ("float", "floats") else number

    def _out_of_range(self, spec: ParamSpec, value: Value, name: str, number: float) -> None:
        inclusive = [b for b in (spec.ge, spec.le) if b is not None]
        nearest = min(inclusive, key=lambda bound: abs(bound - number), default=None)
        hint = f"the nearest legal value is {nearest:g}" if nearest is not None and spec.admits(nearest) else None
        self.report.add("E502", f"{name} must be {spec.range_text()}, this is {number:g}", value.span, hint=hint)

    def _word(self, spec: ParamSpec, value: Value, name: str) -> Any:
        if not isinstance(value.data, str):
            return self._wrong(spec, value, name)
        if spec.choices and value.data not in spec.choices:
            hint = did_you_mean(value.data, spec.choices)
            self.report.add("E506", f"{name} cannot be '{value.data[:60]}'", value.span, hint=hint)
            return INVALID
        return value.data

    def _splits(self, spec: ParamSpec, value: Value, name: str) -> Any:
        if not value.is_mapping:
            return self._wrong(spec, value, name)
        splits = []
        for key, count in value.items():
            if not isinstance(count.data, int) or isinstance(count.data, bool) or count.data < 1:
                self.report.add(
                    "E501",
                    f"{name}: the channels of '{key}' must be a whole number of at least 1",
                    count.span,
                )
                return INVALID
            splits.append((str(key), count.data))
        if not splits:
            self.report.add("E501", f"{name} must name at least one output", value.span)
            return INVALID
        return tuple(splits)

    def _wrong(self, spec: ParamSpec, value: Value, name: str) -> Any:
        wanted = _WANTED[spec.kind] + (" or null" if spec.nullable else "")
        hint = f"one of {', '.join(spec.choices)}" if spec.choices else None
        self.report.add("E501", f"{name} must be {wanted}, this is {value.kind}", value.span, hint=hint)
        return INVALID


def _length(item: Any) -> int:
    return len(item) if isinstance(item, tuple) else -1


def _in_unit(unit: Unit) -> str:
    return "" if unit in (Unit.ANY, Unit.RAW) else f" in {unit}"


def _unit_hint(text: str) -> str | None:
    word = text.strip().lstrip("+-.0123456789eE \t")
    return did_you_mean(word, list(KNOWN_UNITS)) if word and text.strip()[:1] in "+-.0123456789" else None
