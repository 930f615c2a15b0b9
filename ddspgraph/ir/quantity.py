"""Quantities: a number with its unit (`16 kHz`, `-6 dB`, `512 samples`) or the name of a note (`A4`).

Pitches are of equal temperament with A4 = 440 Hz = midi 69 (MIDI 1.0 specification); octave numbers are
those of scientific pitch notation, so C4 is midi 60. Decibels are of amplitude: 20 log10(a).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ddspgraph.ir.types import Unit

#: How a unit is written -> its `Unit`, and what one of it is there.
_SPELLINGS: dict[str, tuple[Unit, float]] = {
    "Hz": (Unit.HZ, 1.0),
    "kHz": (Unit.HZ, 1e3),
    "midi": (Unit.MIDI, 1.0),
    "dB": (Unit.DB, 1.0),
    "linear": (Unit.LINEAR, 1.0),
    "%": (Unit.LINEAR, 1e-2),
    "s": (Unit.SECONDS, 1.0),
    "ms": (Unit.MILLISECONDS, 1.0),
    "us": (Unit.SECONDS, 1e-6),
    "min": (Unit.SECONDS, 60.0),
    "samples": (Unit.SAMPLES, 1.0),
    "rad": (Unit.RADIANS, 1.0),
    "radians": (Unit.RADIANS, 1.0),
    "deg": (Unit.RADIANS, math.pi / 180),
    # Other spellings of the same: the micro sign, the Greek mu, the singular, the degree sign.
    "\u00b5s": (Unit.SECONDS, 1e-6),
    "\u03bcs": (Unit.SECONDS, 1e-6),
    "sample": (Unit.SAMPLES, 1.0),
    "\u00b0": (Unit.RADIANS, math.pi / 180),
}

#: The units to propose to an author; `16 khz` is near `kHz`.
KNOWN_UNITS: tuple[str, ...] = tuple(name for name in _SPELLINGS if name.isascii() and name != "sample")

#: Units as people write them out, without an s at the end -> the unit to propose.
SPELLED_OUT = {
    "sec": "s",
    "second": "s",
    "msec": "ms",
    "millisecond": "ms",
    "minute": "min",
    "hertz": "Hz",
    "kilohertz": "kHz",
    "decibel": "dB",
    "percent": "%",
    "degree": "deg",
}

_LONGEST = 64  # characters; no quantity needs more, and a longer text is not looked at
_NUMBER_UNIT = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(?P<unit>[^\s0-9.+-]+)"
)
_NOT_FINITE_UNIT = re.compile(r"[+-]?\.?(?:inf|infinity|nan)\s+(?P<unit>\S+)", re.IGNORECASE)
_NOTE = re.compile(r"(?P<letter>[A-G])(?P<accidental>[#b\u266f\u266d]?)(?P<octave>-1|[0-9])")
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "\u266f": 1, "b": -1, "\u266d": -1}

# How many of a unit are one second; for sample counts that is the sample rate.
_SECONDS = {Unit.SECONDS: 1, Unit.MILLISECONDS: 1000}


@dataclass(frozen=True)
class Quantity:
    """A finite number in the scale of its unit: `16 kHz` is 16000 Hz."""

    value: float
    unit: Unit

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


def parse_quantity(text: str) -> Quantity | None:
    """The quantity that a text says; None where it is not a number with a known unit, nor a note.

    The unit is case-sensitive and may follow without a space. Notes are C-1 (midi 0) to G9 (midi 127) with
    one `#`, `b`, `♯` or `♭`.

    Raises:
      ValueError: the number is infinite or not a number, or too large for a float64.
    """
    text = text.strip() if len(text) <= _LONGEST else ""
    if found := _NUMBER_UNIT.fullmatch(text):
        if found["unit"] not in _SPELLINGS:
            return None
        unit, scale = _SPELLINGS[found["unit"]]
        # A division by the whole reciprocal rounds once: 7 % is 7 / 100, not 7 * 0.01.
        number = float(found["number"])
        value = number * scale if scale >= 1 or unit is Unit.RADIANS else number / round(1 / scale)
        if not math.isfinite(value):
            raise ValueError(f"'{text}' is not finite")
        return Quantity(value, unit)
    if (found := _NOT_FINITE_UNIT.fullmatch(text)) and found["unit"] in _SPELLINGS:
        raise ValueError(f"'{text}' is not finite")
    midi = _note_midi(text)
    return None if midi is None else Quantity(_midi_to_hz(midi), Unit.HZ)


def unit_of_text(text: str) -> Quantity | None:
    """One of the unit that a quantity is written in: 1000 Hz for `3 kHz`; None for a note, which has none."""
    found = _NUMBER_UNIT.fullmatch(text.strip())
    return parse_quantity(f"1 {found['unit']}") if found else None


def convert(quantity: Quantity, to: Unit, *, sample_rate: float | None) -> float:
    """The value of a quantity in another unit; `Unit.ANY` takes it as it is.

    Args:
      quantity: what the author wrote.
      to: the unit that is wanted.
      sample_rate: in Hz; None where it is not known, so that times and sample counts do not mix.

    Raises:
      ValueError: in one sentence, that the units measure different things, or that this value has no
        counterpart (0 Hz has no midi pitch).
    """
    if to in (Unit.ANY, quantity.unit):
        return quantity.value
    try:
        value = _converted(quantity, to, sample_rate)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"{quantity} is too large to be a number of {to}")
    return value


def _converted(quantity: Quantity, to: Unit, sample_rate: float | None) -> float:
    value, pair = quantity.value, (quantity.unit, to)
    if pair == (Unit.MIDI, Unit.HZ):
        return _midi_to_hz(value)
    if pair == (Unit.DB, Unit.LINEAR):
        return 10.0 ** (value / 20.0)
    if pair in ((Unit.HZ, Unit.MIDI), (Unit.LINEAR, Unit.DB)):
        if value <= 0:
            raise ValueError(f"{quantity} cannot be said in {to}: it is not above 0")
        return 69.0 + 12.0 * math.log2(value / 440.0) if to is Unit.MIDI else 20.0 * math.log10(value)
    if quantity.unit in _SECONDS and to in _SECONDS:
        return value * _SECONDS[to] / _SECONDS[quantity.unit]
    if {*pair} <= {*_SECONDS, Unit.SAMPLES}:
        if not sample_rate:
            raise ValueError(f"{quantity} cannot be said in {to} without a sample rate")
        if to is Unit.SAMPLES:
            return value * sample_rate / _SECONDS[quantity.unit]
        return value * _SECONDS[to] / sample_rate
    raise ValueError(f"{quantity} cannot be said in {to}")


def _midi_to_hz(midi: float) -> float:
    return 440.0 * 2.0 ** ((midi - 69.0) / 12.0)


def _note_midi(text: str) -> int | None:
    found = _NOTE.fullmatch(text)
    if found is None:
        return None
    semitone = _SEMITONES[found["letter"]] + _ACCIDENTALS[found["accidental"]]
    midi = 12 * (int(found["octave"]) + 1) + semitone
    return midi if 0 <= midi <= 127 else None
