"""One value of a spec -> one parameter of an op: type, unit, range, choice."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from ddspgraph.compiler.frontend.decimal_commas import parted_numbers
from ddspgraph.compiler.frontend.number_slips import is_silence, number_slip
from ddspgraph.compiler.frontend.structure import NAME
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Note, Report, did_you_mean, quote
from ddspgraph.ir.op import ParamSpec
from ddspgraph.ir.quantity import KNOWN_UNITS, SPELLED_OUT, Quantity, convert, parse_quantity
from ddspgraph.ir.types import Unit
from ddspgraph.ir.units import TIMES

#: What `ParameterReader` answers where it has reported an error.
INVALID: Any = object()

#: Tensors are float32: beyond the largest a number is infinite, below the smallest normal one it is 0.
LARGEST, SMALLEST = 3.4028234e38, 1.1754944e-38
#: As in `Limits.integer_magnitude`: JSON readers and float64 hold whole numbers exactly up to here.
LARGEST_WHOLE = 1 << 53
#: How far from a whole number a number may be and still be it: `3 s` at 16 kHz is computed.
_WHOLE = 1e-6
#: A fraction that is no number of samples may be a time, up to here.
_LONGEST_BARE_S = 60
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
_EXAMPLES = {
    Unit.DB: "-6 dB",
    Unit.HZ: "440 Hz",
    Unit.SECONDS: "1.5 s",
    Unit.MILLISECONDS: "20 ms",
    Unit.SAMPLES: "512",
}
#: Units of which one is a multiple of the other.
_PROPORTIONAL = {Unit.SECONDS, Unit.MILLISECONDS, Unit.SAMPLES}
#: Words for no function at all, where null is none.
_NO_WORDS = ("", "off", "no", "identity", "linear", "raw")
#: What other languages write for null.
_NULLS = ("none", "nil", "nothing", "undefined", "n/a", "na")
#: What other readers of YAML take for true and false.
_TRUTH: dict[str, str] = dict.fromkeys(("true", "yes", "on", "1", "1.0"), "write true")
_TRUTH.update(dict.fromkeys(("false", "no", "off", "0", "0.0"), "write false"))
_QUALIFIED = re.compile(r"^[@%]|^(?:\w+[./])+|\(\)$")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _plain(number: float) -> str:
    """A number as its author would write it."""
    return str(number) if abs(number) < 10**16 else f"{number:.10g}"


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
        if isinstance(value.data, str) and value.data.lower() in _NULLS and value.data not in spec.choices:
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
        if spec.kind == "floats" and self._is_parted(value, name):
            return INVALID
        items = tuple(INVALID if self.report.is_full else self._number(spec, v, name) for v in value.elements())
        return INVALID if INVALID in items else items

    def refuse(self, code: str, message: str, value: Value, hint: str | None = None) -> Any:
        """Reports a value; where it stood as `$name`, with the place that says it. Returns `INVALID`."""
        notes = [Note("the value is said", value.origin)] if value.origin else []
        self.report.add(code, message, value.span, *notes, hint=hint)
        return INVALID

    def number(self, value: Value, unit: Unit, name: str, instead: str | None = None) -> float:
        """A bare number in `unit`, or a quantity converted to it; finite as a float32.

        `instead` is the repair of a quantity that has another unit.
        """
        if value.is_faulty:
            return INVALID
        if isinstance(value.data, str):
            number = self._quantity(value, unit, name, instead)
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

    def numbers(self, value: Value, unit: Unit, name: str, instead: str | None = None) -> Any:
        """A number, or nested lists of numbers of equal lengths, as nested tuples."""
        if not value.is_list:
            return self.number(value, unit, name, instead)
        if self._is_parted(value, name):
            return INVALID
        items = []
        for item in value.elements():
            items.append(self.numbers(item, unit, name, instead))
            if items[-1] is INVALID and self.report.is_full:
                return INVALID
        if INVALID in items:
            return INVALID
        if not items:
            return self.refuse("E501", f"{name} is an empty list", value, "a list has at least one number")
        return tuple(items) if self._is_even(items, value, name) else INVALID

    def _is_parted(self, value: Value, name: str) -> bool:
        """Whether decimal commas made a list longer. Reports E504 for each."""
        parted = parted_numbers(value.elements())
        for number in parted:
            cause, hint = number.slip()
            self.report.add("E504", f"{name}: {cause}", number.span, hint=hint)
        return bool(parted)

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

    def _quantity(self, value: Value, unit: Unit, name: str, instead: str | None) -> float:
        text = str(value.data)
        try:
            quantity = parse_quantity(text)
        except ValueError as error:
            return self.refuse("E503", f"{name}: {error}", value, _finite_hint(text, unit))
        if is_silence(text):
            return self.refuse("E503", f"{name}: {quote(text)} is not finite", value, _finite_hint(text, unit))
        if quantity is None:
            slip = number_slip(text)
            cause, hint = slip or ("is not a quantity", _unit_hint(text) or number_hint(unit))
            return self.refuse("E504", f"{name}: {quote(text)} {cause}", value, hint)
        if unit is Unit.ANY and quantity.unit is not Unit.LINEAR:
            message = f"{name} is a plain number, {quote(text)} has a unit"
            return self.refuse("E505", message, value, f"write {quantity.value:.10g} if that is meant")
        try:
            return convert(quantity, unit, sample_rate=self.sample_rate)
        except ValueError as error:
            return self.refuse("E505", f"{name}: {error}", value, instead or f"write a number{_in_unit(unit)}")

    def _number(self, spec: ParamSpec, value: Value, name: str) -> Any:
        if not (value.is_number or value.is_faulty or isinstance(value.data, str)):
            return self._wrong(spec, value, name, kind=spec.kind.removesuffix("s"))
        number = self.number(value, spec.unit, name)
        if number is INVALID:
            return INVALID
        if spec.kind in ("int", "ints"):
            nearest = whole(number, is_rounded=is_duration(value))
            if nearest is None:
                nearest = round(number)
                message = f"{name} must be a whole number{_in_unit(spec.unit)}, this is {_plain(number)}"
                legal = f"write {nearest}" if spec.admits(nearest) else f"it must be {_range(spec)}"
                if spec.unit is Unit.SAMPLES and value.is_number and 0 < number < _LONGEST_BARE_S:
                    legal += f", or {_plain(number)} s where seconds are meant"
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
        said = _as_written(value, spec.unit, self.sample_rate)
        if nearest is not None and spec.admits(nearest):
            hint = f"the nearest legal value is {said(nearest)}"
        else:
            hint = f"the default is {_yaml(spec.default)}" if isinstance(spec.default, (int, float)) else None
        this = "0 as a float32" if number == 0 and value.is_number and value.data else said(number)
        if is_duration(value):
            this = str(value.data).strip()  # the number is rounded to samples
        return self.refuse("E502", f"{name} must be {_range(spec, said)}, this is {this}", value, hint)

    def _word(self, spec: ParamSpec, value: Value, name: str) -> Any:
        if not isinstance(value.data, str):
            return self._wrong(spec, value, name)
        if spec.choices and value.data not in spec.choices:
            bare = _QUALIFIED.sub("", value.data)  # as gin and Python write it: `@core.exp_sigmoid`
            hint = f"write {bare}" if bare in spec.choices else did_you_mean(value.data, spec.choices)
            if spec.nullable and value.data.lower() in ("null", "~"):  # in quotes
                hint = "write null without quotes"
            elif spec.nullable and value.data.lower() in _NO_WORDS:
                hint = "write null"
            hint = hint or f"one of {', '.join(spec.choices)}"
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
            elif (channels := whole(count.data)) is None or not 1 <= channels <= LARGEST_WHOLE:
                message = f"{name}: {quote(key)} must be a whole number of channels, this is {count.said}"
                near = f"write {max(1, round(count.data))}" if count.is_number else "write 1 or more"  # type: ignore[arg-type]
                self.refuse("E501", message, count, near)
            else:
                splits.append((str(key), channels))
            if self.report.is_full:
                return INVALID
        if not len(value.data):  # type: ignore[arg-type]  # a mapping
            return self.refuse("E501", f"{name} must name at least one output", value, _WANTED["splits"])
        return tuple(splits) if len(splits) == len(value.data) else INVALID  # type: ignore[arg-type]

    def _wrong(self, spec: ParamSpec, value: Value, name: str, kind: str | None = None) -> Any:
        wanted = _WANTED[kind or spec.kind] + (" or null" if spec.nullable else "")
        truth = _TRUTH.get(str(value.data).lower()) if spec.kind == "bool" else None
        hint = f"one of {', '.join(spec.choices)}" if spec.choices else None
        if spec.nullable and (value.data is False or str(value.data).lower() in _NULLS):
            hint = "write null"
        elif value.data is True and spec.kind == "str" and isinstance(spec.default, str):
            hint = f"leave it out for the default, {spec.default}; {hint}" if hint else None
        if spec.kind in ("ints", "floats") and value.is_number:
            hint = f"write [{value.data}]"
        if hint is None and spec.default is not MISSING and spec.default is not None:
            hint = f"leave it out for the default, {_yaml(spec.default)}"
        return self.refuse("E501", f"{name} must be {wanted}, this is {value.said}", value, truth or hint)


def _finite_hint(text: str, unit: Unit) -> str:
    if is_silence(text) and unit in (Unit.DB, Unit.LINEAR, Unit.ANY):
        return "no number of dB is silence: write a low level, such as -120 dB, or multiply by 0"
    return "write a finite number"


def number_hint(unit: Unit) -> str:
    """`write a number in dB, such as -6 dB`"""
    example = _EXAMPLES.get(unit)
    return f"write a number{_in_unit(unit)}" + (f", such as {example}" if example else "")


def whole(number: Any, *, is_rounded: bool = False) -> int | None:
    """The whole number that a number is (`80`, `80.0`, `8e1`), or that it is rounded to; None where it is none."""
    if not isinstance(number, (int, float)) or isinstance(number, bool) or not math.isfinite(number):
        return None
    nearest = round(number)
    return nearest if is_rounded or abs(number - nearest) <= _WHOLE else None


def is_duration(value: Value) -> bool:
    """Whether a value is a quantity of time: of samples it is as many as are nearest, at every rate."""
    quantity = quantity_of(value)
    return quantity is not None and quantity.unit in TIMES and quantity.unit is not Unit.SAMPLES


def quantity_of(value: Value) -> Quantity | None:
    """The quantity that a text is; None where it is none, or not finite."""
    try:
        return parse_quantity(value.data) if isinstance(value.data, str) else None
    except ValueError:
        return None


def _length(item: Any) -> int:
    return len(item) if isinstance(item, tuple) else -1


def _as_written(value: Value, unit: Unit, sample_rate: int | None) -> Callable[[float], str]:
    """How to say numbers of `unit` beside a value: in the unit that its author wrote."""
    word = str(value.data).strip().lstrip("+-.0123456789eE").strip() if isinstance(value.data, str) else ""
    one = parse_quantity(f"1 {word}") if word else None

    def say(number: float) -> str:
        if one is None or not (one.unit is unit or {one.unit, unit} <= _PROPORTIONAL):
            return _plain(number)
        return f"{number / convert(one, unit, sample_rate=sample_rate):.10g} {word}"

    return say


def _range(spec: ParamSpec, said: Callable[[float], str] = _plain) -> str:
    """`above 0 and at most 1`."""
    bounds = (("at least", spec.ge), ("above", spec.gt), ("at most", spec.le), ("below", spec.lt))
    return " and ".join(f"{words} {said(bound)}" for words, bound in bounds if bound is not None)


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
    near = difflib.get_close_matches(word[:16], KNOWN_UNITS, n=1, cutoff=0.75)
    return f"write {found.group()} {near[0]}" if near else f"the units are {', '.join(KNOWN_UNITS)}"
