"""One value of a spec -> one parameter of an op: type, unit, range, choice."""

from __future__ import annotations

import re
from dataclasses import MISSING
from typing import Any

from ddspgraph.compiler.frontend.structure import NAME
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Note, Report, did_you_mean, quote
from ddspgraph.ir.op import ParamSpec
from ddspgraph.ir.quantity import KNOWN_UNITS, SPELLED_OUT, convert, parse_quantity
from ddspgraph.ir.types import Unit

#: What `ParameterReader` answers where it has reported an error.
INVALID: Any = object()

#: Tensors are float32: beyond the largest a number is infinite, below the smallest normal one it is 0.
LARGEST, SMALLEST = 3.4028234e38, 1.1754944e-38
#: As in `Limits.integer_magnitude`: JSON readers and float64 hold whole numbers exactly up to here.
LARGEST_WHOLE = 1 << 53
#: Outputs that a parameter may name.
_MOST_OUTPUTS = 1_024

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
#: What other readers of YAML take for true and false.
_TRUTH: dict[str, str] = dict.fromkeys(("true", "yes", "on", "1", "1.0"), "write true")
_TRUTH.update(dict.fromkeys(("false", "no", "off", "0", "0.0"), "write false"))
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class ParameterReader:
    """Reads values against their declarations and reports what does not fit."""

    def __init__(self, report: Report, sample_rate: int | None) -> None:
        self.report, self.sample_rate = report, sample_rate

    def read(self, spec: ParamSpec, value: Value, op_name: str) -> Any:
        """The Python value, or `INVALID` after reporting E206, E501, E502, E503, E504, E505 or E506."""
        name = f"'{spec.name}' of {op_name}"
        if value.is_faulty:
            return INVALID
        if value.data is None and spec.nullable:
            return None
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
        items = tuple(INVALID if self.report.is_full else self._number(spec, v, name) for v in value.elements())
        return INVALID if INVALID in items else items

    def refuse(self, code: str, message: str, value: Value, hint: str | None = None) -> Any:
        """Reports a value; where it stood as `$name`, with the place that says it. Returns `INVALID`."""
        notes = [Note("the value is said", value.origin)] if value.origin else []
        self.report.add(code, message, value.span, *notes, hint=hint)
        return INVALID

    def number(self, value: Value, unit: Unit, name: str) -> float:
        """A bare number in `unit`, or a quantity converted to it; finite as a float32."""
        if value.is_faulty:
            return INVALID
        if isinstance(value.data, str):
            number = self._quantity(value, unit, name)
        elif isinstance(value.data, (int, float)) and not isinstance(value.data, bool):
            number = value.data
        else:
            return self.refuse("E501", f"{name} must be a number, this is {value.said}", value)
        if number is INVALID:
            return INVALID
        if not abs(number) <= LARGEST:  # also where it is not a number
            hint = f"the largest finite float32 is {LARGEST:g}"
            return self.refuse("E503", f"{name} must be finite, this is {_plain(number)}", value, hint)
        return number if isinstance(number, int) or abs(number) >= SMALLEST else 0.0

    def numbers(self, value: Value, unit: Unit, name: str) -> Any:
        """A number, or nested lists of numbers of equal lengths, as nested tuples."""
        if not value.is_list:
            return self.number(value, unit, name)
        items = []
        for item in value.elements():
            items.append(self.numbers(item, unit, name))
            if items[-1] is INVALID and self.report.is_full:
                return INVALID
        if INVALID in items:
            return INVALID
        if not items:
            return self.refuse("E501", f"{name} is an empty list", value, "a list has at least one number")
        return tuple(items) if self._is_even(items, value, name) else INVALID

    def _is_even(self, items: list[Any], value: Value, name: str) -> bool:
        lengths = [_length(item) for item in items]
        odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
        if odd is None:
            return True
        said = " and ".join("a number" if n < 0 else f"a row of {n}" for n in (lengths[0], lengths[odd]))
        message = f"{name} mixes {said}: the rows of a list must have equal lengths"
        count = max(lengths[0], 1)
        hint = f"make every row {count} numbers long" if lengths[0] > 0 else "write numbers only, or lists only"
        self.refuse("E501", message, value.elements()[odd], hint)
        return False

    def _quantity(self, value: Value, unit: Unit, name: str) -> float:
        text = str(value.data)
        try:
            quantity = parse_quantity(text)
        except ValueError as error:
            return self.refuse("E503", f"{name}: {error}", value, "write a finite number")
        if quantity is None:
            hint = _unit_hint(text) or f"write a number{_in_unit(unit)}"
            return self.refuse("E504", f"{name}: {quote(text)} is not a quantity", value, hint)
        try:
            return convert(quantity, unit, sample_rate=self.sample_rate)
        except ValueError as error:
            return self.refuse("E505", f"{name}: {error}", value, f"write a number{_in_unit(unit)}")

    def _number(self, spec: ParamSpec, value: Value, name: str) -> Any:
        if not (value.is_number or value.is_faulty or isinstance(value.data, str)):
            return self._wrong(spec, value, name, kind=spec.kind.removesuffix("s"))
        number = self.number(value, spec.unit, name)
        if number is INVALID:
            return INVALID
        if spec.kind in ("int", "ints"):
            # `1.0` is not a whole number to us, but `3 s` at 16 kHz is 48000.0 samples.
            nearest = round(number)
            if isinstance(value.data, float) or abs(number - nearest) > 1e-6:
                message = f"{name} must be a whole number{_in_unit(spec.unit)}, this is {_plain(number)}"
                legal = f"write {nearest}" if spec.admits(nearest) else f"it must be {_range(spec)}"
                return self.refuse("E501", message, value, legal)
            if abs(nearest) > LARGEST_WHOLE:
                message = f"{name} must be at most {LARGEST_WHOLE:,}, this is {_plain(number)}"
                return self.refuse("E502", message, value, f"the nearest legal value is {LARGEST_WHOLE}")
            number = nearest
        if not spec.admits(number):
            return self._out_of_range(spec, value, name, number)
        return float(number) if spec.kind in ("float", "floats") else number

    def _out_of_range(self, spec: ParamSpec, value: Value, name: str, number: float) -> Any:
        bounds = [b for b in (spec.ge, spec.le) if b is not None]
        if spec.kind in ("int", "ints"):  # next to an open bound lies a whole number
            bounds += [b + step for b, step in ((spec.gt, 1), (spec.lt, -1)) if b is not None]
        nearest = min(bounds, key=lambda bound: abs(bound - number), default=None)
        if nearest is not None and spec.admits(nearest):
            hint = f"the nearest legal value is {_plain(nearest)}"
        else:
            hint = f"the default is {_yaml(spec.default)}" if isinstance(spec.default, (int, float)) else None
        said = "0 as a float32" if number == 0 and value.data else _plain(number)
        return self.refuse("E502", f"{name} must be {_range(spec)}, this is {said}", value, hint)

    def _word(self, spec: ParamSpec, value: Value, name: str) -> Any:
        if not isinstance(value.data, str):
            return self._wrong(spec, value, name)
        if spec.choices and value.data not in spec.choices:
            hint = did_you_mean(value.data, spec.choices) or f"one of {', '.join(spec.choices)}"
            return self.refuse("E506", f"{name} cannot be {quote(value.data)}", value, hint)
        return value.data

    def _splits(self, spec: ParamSpec, value: Value, name: str) -> Any:
        if not value.is_mapping:
            return self._wrong(spec, value, name)
        if len(value.data) > _MOST_OUTPUTS:  # type: ignore[arg-type]  # a mapping
            return self.refuse("E502", f"{name} must name at most {_MOST_OUTPUTS:,} outputs", value)
        splits = []
        for key, count in value.items():
            if not re.fullmatch(NAME, key):
                hint = "a name is a letter or _, then letters, digits and _"
                self.report.add("E206", f"{name}: {quote(key)} is not a name", key.span, hint=hint)
            elif not isinstance(count.data, int) or isinstance(count.data, bool) or count.data < 1:
                message = f"{name}: {quote(key)} must be a whole number of channels, this is {count.said}"
                self.refuse("E501", message, count, "write 1 or more")
            else:
                splits.append((str(key), count.data))
            if self.report.is_full:
                return INVALID
        if not len(value.data):  # type: ignore[arg-type]  # a mapping
            return self.refuse("E501", f"{name} must name at least one output", value, _WANTED["splits"])
        return tuple(splits) if len(splits) == len(value.data) else INVALID  # type: ignore[arg-type]

    def _wrong(self, spec: ParamSpec, value: Value, name: str, kind: str | None = None) -> Any:
        wanted = _WANTED[kind or spec.kind] + (" or null" if spec.nullable else "")
        truth = _TRUTH.get(str(value.data).lower()) if spec.kind == "bool" else None
        hint = f"one of {', '.join(spec.choices)}" if spec.choices else None
        if spec.kind in ("ints", "floats") and value.is_number:
            hint = f"write [{value.data}]"
        if hint is None and spec.default is not MISSING and spec.default is not None:
            hint = f"leave it out for the default, {_yaml(spec.default)}"
        return self.refuse("E501", f"{name} must be {wanted}, this is {value.said}", value, truth or hint)


def _length(item: Any) -> int:
    return len(item) if isinstance(item, tuple) else -1


def _range(spec: ParamSpec) -> str:
    """`above 0 and at most 1`."""
    bounds = (("at least", spec.ge), ("above", spec.gt), ("at most", spec.le), ("below", spec.lt))
    return " and ".join(f"{words} {_plain(bound)}" for words, bound in bounds if bound is not None)


def _plain(number: float) -> str:
    """A number as its author would write it."""
    return str(number) if abs(number) < 10**16 else f"{number:.10g}"


def _yaml(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"[{', '.join(map(_yaml, default))}]" if isinstance(default, tuple) else str(default)


def _in_unit(unit: Unit) -> str:
    return "" if unit in (Unit.ANY, Unit.RAW) else f" in {unit}"


def _unit_hint(text: str) -> str | None:
    """The repair of a text that begins with a number: no quotes, or a unit that exists."""
    found = _NUMBER.match(text.strip()[:100])
    if found is None:
        return None
    word = text.strip()[found.end() :].strip()
    if not word:
        return f"write {found.group()} without quotes"
    unit = SPELLED_OUT.get(word.lower()) or SPELLED_OUT.get(word.lower().removesuffix("s"))
    if unit:
        return f"write {found.group()} {unit}"
    return did_you_mean(word, list(KNOWN_UNITS)) or f"the units are {', '.join(KNOWN_UNITS)}"
