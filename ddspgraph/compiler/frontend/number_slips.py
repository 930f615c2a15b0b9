"""Texts that were meant as a number or a note, as people and keyboards write them: what is wrong, and what to write.

A decimal comma, a minus that is no hyphen, thousands set apart, a unit in other letters, notes by their German or
solmisation names, a sum to be worked out.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from ddspgraph.ir.quantity import KNOWN_UNITS, SPELLED_OUT, parse_quantity

_LONGEST = 64
#: Hyphens, dashes and minus signs that a keyboard, a font or a word processor puts where ASCII has one.
_MINUS = dict.fromkeys(map(ord, "\u2212\u00ad\u02d7\u2010\u2011\u2012\u2013\u2014\u2015\ufe58\ufe63\uff0d\u207b"), "-")
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DECIMAL_COMMA = re.compile(r"(?P<whole>[+-]?[0-9]*),(?P<part>[0-9]+)(?P<rest>(?:[eE][+-]?[0-9]+)?\s*[^\s0-9.,]*)")
_THOUSANDS = re.compile(
    r"[+-]?[0-9]{1,3}(?:[_' ,.\u2019\u00a0\u2009\u202f][0-9]{3})+(?P<rest>(?:\.[0-9]+)?\s*[A-Za-z%]*)"
)
_UNDERSCORES = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)+(?:\.[0-9]+)?\s*[A-Za-z%]*")
_SUM = re.compile(rf"(?P<one>{_NUMBER})\s*(?P<sign>[*/])\s*(?P<two>{_NUMBER})(?P<unit>\s*[A-Za-z%]*)")
_NUMBER_WORD = re.compile(rf"(?P<number>{_NUMBER})\s*(?P<word>[A-Za-z\u00b5\u03bc/]+)")
#: What a unit is called elsewhere -> the unit, and how many of it one is.
_OTHER_UNITS = {
    **dict.fromkeys(("/s", "samples/s", "samples/sec", "frames/s", "fps", "cps"), ("Hz", 1)),
    **dict.fromkeys(("dbfs", "dbv", "dbu"), ("dB", 1)),
    **dict.fromkeys(("h", "hr", "hour", "hours"), ("min", 60)),
    **dict.fromkeys(("sek", "sekunden", "segundos"), ("s", 1)),
    "k": ("kHz", 1),
    "mhz": ("kHz", 1_000),
}
_SILENCE = re.compile(r"-\s*(?:\.?inf|infinity|\u221e)(?:\s*db)?", re.IGNORECASE)
_NOTE = re.compile(
    r"(?P<name>[A-Za-z]+?)(?P<sign>#{1,2}|b{1,2}|\u266f|\u266d|is|es|s)?(?P<octave>-?[0-9]+)?(?P<late>[#b])?"
)
#: The names of notes beside A to G: H is the German B, do re mi those of Romance languages.
_NAMES = {"h": "B", "do": "C", "re": "D", "r\u00e9": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


class Slip(NamedTuple):
    """What a text is that was meant as a number (`has a decimal comma`), and the repair."""

    cause: str
    hint: str


def number_slip(text: str) -> Slip | None:
    """What is wrong with a number; None where the text does not look like one."""
    text = text.strip()
    if not 0 < len(text) <= _LONGEST:
        return None
    return _odd_characters(text) or _separators(text) or _unit(text) or _sum(text)


def note_slip(text: str) -> str | None:
    """The note that a text means: `A4` for `a4`, `B4` for `H4`, `Eb3` for `Es3`; None where it means none."""
    found = _NOTE.fullmatch(text.strip().translate(_MINUS)) if len(text) <= 8 else None
    if found is None:
        return None
    name, sign = found["name"].lower(), found["sign"] or found["late"] or ""
    letter = _NAMES.get(name, name.upper())
    if letter not in _SEMITONES or (found["octave"] is None and (not sign or text[0].islower())):
        return None
    steps = {"#": 1, "##": 2, "is": 1, "\u266f": 1, "": 0}.get(sign, -2 if sign == "bb" else -1)
    midi = 12 * (int(found["octave"] or 4) + 1) + _SEMITONES[letter] + steps
    if not 0 <= midi <= 127:
        return None
    return f"{(_FLATS if steps < 0 else _SHARPS)[midi % 12]}{midi // 12 - 1}"


def is_silence(text: str) -> bool:
    """Whether a text is minus infinity, as levels in dB have it."""
    return len(text) <= _LONGEST and _SILENCE.fullmatch(text.strip().translate(_MINUS)) is not None


def is_decimal_comma(before: str, after: str) -> bool:
    """Whether two neighbours in braces or brackets are the halves of one number: `-6` and `5 dB`."""
    return re.fullmatch(r"[+-]?[0-9]+", before) is not None and _reads(f"{before}.{after}")


def decimal_comma(before: str, after: str) -> Slip:
    """The slip of a number that YAML took apart at its comma."""
    slip = number_slip(f"{before},{after}")
    hint = slip.hint if slip else f"write {before}.{after}"
    return Slip(f"has a decimal comma, which parts it into {before} and '{after}'", hint)


def _odd_characters(text: str) -> Slip | None:
    straight = "".join(_straight(c) for c in text.translate(_MINUS))
    if straight == text or not re.match(r"[+-]?\.?[0-9]", straight):
        return None
    odd = next(c for c in text if c not in straight)
    slip = None if _reads(straight) else number_slip(straight)
    if not slip and not _reads(straight):
        return None
    cause = f"holds U+{ord(odd):04X} ({unicodedata.name(odd, 'a character').lower()})"
    cause += ", where a number has '-'" if ord(odd) in _MINUS else ", which no number does"
    return Slip(cause, slip.hint if slip else f"write {straight}")


def _straight(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Nd":
        return str(unicodedata.decimal(character))
    return {"Zs": " ", "Cf": ""}.get(kind, character)


def _separators(text: str) -> Slip | None:
    bare = re.sub(r"(?<=[0-9])[_' ,.\u2019](?=[0-9]{3}(?![0-9]))", "", text)
    if found := _DECIMAL_COMMA.fullmatch(text):
        point = f"{found['whole'] or '0'}.{found['part']}{found['rest']}"
        if _reads(point):
            is_thousand = len(found["part"]) == 3 and found["whole"].lstrip("+-0")
            return Slip("has a decimal comma", f"write {point}" + f", or {bare} for thousands" * bool(is_thousand))
    if _UNDERSCORES.fullmatch(text):
        bare = text.replace("_", "")
    elif not _THOUSANDS.fullmatch(text):
        return None
    odd = next(c for c in text.lstrip("+-") if not c.isdigit())
    return Slip(f"has '{odd}' between its digits", f"write {bare}") if _reads(bare) else None


def _unit(text: str) -> Slip | None:
    """The unit in other letters (`16 khz`), written out (`2 seconds`), or cut short (`44.1k`)."""
    found = _NUMBER_WORD.fullmatch(text)
    if found is None or _reads(text):
        return None
    word = found["word"].lower()
    named = {unit.lower(): unit for unit in KNOWN_UNITS} | SPELLED_OUT
    unit = named.get(word) or SPELLED_OUT.get(word.removesuffix("s"))
    other, times = _OTHER_UNITS.get(word, (None, 1))
    if not (unit or other):
        return None
    number = found["number"] if times == 1 else f"{float(found['number']) * times:.10g}"
    return Slip(f"has the unknown unit '{found['word']}'", f"write {number} {unit or other}")


def _sum(text: str) -> Slip | None:
    found = _SUM.fullmatch(text)
    if found is None or (found["sign"] == "/" and float(found["two"]) == 0):
        return None
    one, two = float(found["one"]), float(found["two"])
    result = f"{one * two if found['sign'] == '*' else one / two:.10g}{found['unit']}"
    return Slip("is a formula, and a spec does no arithmetic", f"write {result}") if _reads(result) else None


def _reads(text: str) -> bool:
    """Whether a text is a number or a quantity."""
    try:
        return re.fullmatch(_NUMBER, text) is not None or parse_quantity(text) is not None
    except ValueError:
        return False
