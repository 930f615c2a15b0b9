"""Numbers and strings as Python writes them -> their values. Nothing is evaluated."""

from __future__ import annotations

import math
import re
import unicodedata

_INTEGER = re.compile(r"0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?[0-9])*|0(?:_?0)*")
_DIGITS = r"[0-9](?:_?[0-9])*"
_FLOAT = re.compile(rf"(?:{_DIGITS}\.(?:{_DIGITS})?|\.{_DIGITS}|{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_BASES = {"0x": (16, 4.0), "0o": (8, 3.0), "0b": (2, 1.0)}
_ESCAPE = re.compile(
    r"\\(?:(?P<end>\r\n|\r|\n)|(?P<plain>[\\'\"abfnrtv])|(?P<octal>[0-7]{1,3})|x(?P<x>[0-9a-fA-F]{2})"
    r"|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|N\{(?P<name>[^{}]{1,128})\}|(?P<bad>[xuUN]))"
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_STRING = re.compile(r"(?P<prefix>\w*)(?P<quotes>'''|\"\"\"|'|\")(?P<body>.*)(?P=quotes)", re.DOTALL)


class TooLarge(ValueError):
    """An integer beyond the limit."""


class NotFinite(ValueError):
    """A float beyond the range of float64."""


def number(text: str, magnitude: int) -> int | float:
    """The value of a number without a sign.

    Raises:
      TooLarge: an integer beyond `magnitude`; its digits are never converted, which takes quadratic time.
      NotFinite: a float beyond float64.
      ValueError: with what is wrong, for a person.
    """
    if _INTEGER.fullmatch(text):
        return _integer(text.replace("_", ""), magnitude)
    if _FLOAT.fullmatch(text):
        if text.isdigit():
            raise ValueError(f"'{text[:40]}' begins with a zero: write it without, or 0o... for octal")
        value = float(text.replace("_", ""))
        if math.isinf(value):
            raise NotFinite
        return value
    if text[-1:] in "jJ" and _FLOAT.fullmatch(text[:-1]):
        raise ValueError("a complex number has no place in a graph")
    raise ValueError(f"'{text[:40]}' is not a number")


def _integer(text: str, magnitude: int) -> int:
    base, bits = _BASES.get(text[:2].lower(), (10, math.log2(10)))
    digits = (text[2:] if base != 10 else text).lstrip("0") or "0"
    if (len(digits) - 1) * bits > magnitude.bit_length() or (value := int(digits, base)) > magnitude:
        raise TooLarge
    return value


def string(text: str) -> str:
    """The value of a string with its quotes and prefix.

    Raises:
      ValueError: with what is wrong, for a person.
    """
    found = _STRING.fullmatch(text)
    if found is None:
        raise ValueError("this is not a string")
    prefix, body = found["prefix"].lower(), found["body"].replace("\r\n", "\n").replace("\r", "\n")
    if "b" in prefix:
        raise ValueError("bytes have no place in a graph")
    if "f" in prefix:
        raise ValueError("gin has no f-strings: nothing in it is evaluated")
    return body if "r" in prefix else _ESCAPE.sub(_unescaped, body)


def _unescaped(found: re.Match[str]) -> str:
    kind, text = str(found.lastgroup), found[found.lastgroup or 0]
    if kind == "end":
        return ""
    if kind == "plain":
        return _PLAIN.get(text, text)
    if kind == "name":
        try:
            return unicodedata.lookup(text)
        except KeyError:
            raise ValueError(f"there is no character named '{text[:40]}'") from None
    if kind == "bad":
        raise ValueError(f"'\\{text}' begins an escape that does not end as it should")
    code = int(text, 8 if kind == "octal" else 16)
    if code > 0x10FFFF:
        raise ValueError(f"there is no character U+{code:X}")
    return chr(code)
