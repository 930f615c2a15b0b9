"""Scalars by the YAML 1.2 core schema (yaml.org/spec/1.2.2, section 10.3.2).

PyYAML resolves by YAML 1.1, where `yes` is true, `1e-3` a string, `010` eight and `12:30:45` a number in
base 60. Editors and every other reader of a spec use 1.2, and so do we.
"""

from __future__ import annotations

import math
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Each repetition is over characters that cannot start what follows it: matching is linear (test T13).
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_STARTS_NUMBER = frozenset("0123456789+-.")


class NotFinite(ValueError):
    """The scalar is an infinity or not a number."""


class IntegerTooLarge(ValueError):
    """The scalar is an integer beyond the limit."""


def resolve(text: str, integer_magnitude: int = 1 << 53) -> bool | int | float | str | None:
    """The value of a plain (unquoted) scalar.

    Raises:
      NotFinite: `.inf`, `.nan`, or a float beyond the range of float64.
      IntegerTooLarge: an integer beyond `integer_magnitude`; its digits are then never converted, since
        that takes time quadratic in their number.
    """
    if text[:1] in _STARTS_NUMBER and text:
        return _number(text, integer_magnitude)
    if text in _NULLS:
        return None
    return _BOOLS.get(text, text)


def _number(text: str, integer_magnitude: int) -> int | float | str:
    if _INTEGER.fullmatch(text):
        return _integer(text, integer_magnitude)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise NotFinite
        return value
    if _NOT_FINITE.fullmatch(text):
        raise NotFinite
    return text


def _integer(text: str, magnitude: int) -> int:
    base, bits = {"0x": (16, 4.0), "0o": (8, 3.0)}.get(text[:2], (10, math.log2(10)))
    digits = text.lstrip("+-")[2 if base != 10 else 0 :].lstrip("0") or "0"
    if (len(digits) - 1) * bits > magnitude.bit_length() or (value := int(digits, base)) > magnitude:
        raise IntegerTooLarge
    return -value if text[0] == "-" else value
