"""Quantities: what authors write, what it means, and what is refused."""

from __future__ import annotations

import math
import re

import librosa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ddspgraph.diagnostics import did_you_mean
from ddspgraph.ir import quantity
from ddspgraph.ir.quantity import KNOWN_UNITS, Quantity, convert, parse_quantity
from ddspgraph.ir.types import Unit

READ = {
    "16 kHz": (16_000.0, Unit.HZ),
    "44.1kHz": (44_100.0, Unit.HZ),
    "440 Hz": (440.0, Unit.HZ),
    "440Hz": (440.0, Unit.HZ),
    "1e3 Hz": (1_000.0, Unit.HZ),
    "1e-3Hz": (0.001, Unit.HZ),
    ".5 Hz": (0.5, Unit.HZ),
    "5. Hz": (5.0, Unit.HZ),
    "69 midi": (69.0, Unit.MIDI),
    "-6 dB": (-6.0, Unit.DB),
    "+3 dB": (3.0, Unit.DB),
    "-0 dB": (0.0, Unit.DB),
    "20 ms": (20.0, Unit.MILLISECONDS),
    "3 s": (3.0, Unit.SECONDS),
    "1.5 min": (90.0, Unit.SECONDS),
    "7 us": (7e-6, Unit.SECONDS),
    "7 µs": (7e-6, Unit.SECONDS),  # micro sign
    "7 μs": (7e-6, Unit.SECONDS),  # Greek mu
    "512 samples": (512.0, Unit.SAMPLES),
    "1 sample": (1.0, Unit.SAMPLES),
    "50 %": (0.5, Unit.LINEAR),
    "7%": (0.07, Unit.LINEAR),
    "0.25 linear": (0.25, Unit.LINEAR),
    "180 deg": (math.pi, Unit.RADIANS),
    "90°": (math.pi / 2, Unit.RADIANS),
    "2 rad": (2.0, Unit.RADIANS),
    "2 radians": (2.0, Unit.RADIANS),
    "  3   s ": (3.0, Unit.SECONDS),
    "3\u00a0s": (3.0, Unit.SECONDS),  # a no-break space, as typographers write it
    "A4": (440.0, Unit.HZ),
    "A-1": (13.75, Unit.HZ),
}

WORDS = """
1 1e3 Hz kHz dB s A B H4 a4 A10 A-2 A44 A##4 Ab Cb-1 G#9 B9 harmonic noise/signal $n_harmonics decoder/amps
16_khz inf nan -inf 0x10Hz 1e+Hz --6dB +-6dB 1,5s 1_0Hz 10Hz10 10/s 10*Hz Hz10 ٣Hz
"""
NOT_QUANTITIES = [*WORDS.split(), "", " ", "16 khz", "16 KHZ", "440 hz", "6 DB", "3 S", "20 frames", "1 2 Hz"]
NOT_QUANTITIES += ["10 Hz s", "1 e3 Hz", "- 6 dB"]
NOT_FINITE = ["-inf dB", "inf s", "+inf Hz", ".inf dB", "nan Hz", "NaN dB", "1e999 Hz", "1e308 kHz"]
PAIRS = [
    (Unit.HZ, Unit.MIDI),
    (Unit.LINEAR, Unit.DB),
    (Unit.SECONDS, Unit.MILLISECONDS),
    (Unit.SECONDS, Unit.SAMPLES),
]


@pytest.mark.parametrize(("text", "expected"), READ.items())
def test_what_authors_write(text: str, expected: tuple[float, Unit]) -> None:
    assert parse_quantity(text) == Quantity(*expected)


@pytest.mark.parametrize("text", NOT_QUANTITIES)
def test_what_is_none(text: str) -> None:
    assert parse_quantity(text) is None


@pytest.mark.parametrize("text", NOT_FINITE)
def test_what_is_not_finite(text: str) -> None:
    with pytest.raises(ValueError, match="is not finite"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("khz", "kHz"), ("hz", "Hz"), ("KHZ", "kHz"), ("DB", "dB"), ("mss", "ms")],
)
def test_known_units_give_hints(text: str, unit: str) -> None:
    assert f"'{unit}'" in str(did_you_mean(text, KNOWN_UNITS))


@pytest.mark.parametrize("unit", KNOWN_UNITS)
def test_known_units_are_known(unit: str) -> None:
    assert parse_quantity(f"1 {unit}") == parse_quantity(f"1{unit}") is not None


@pytest.mark.parametrize("unicode", [False, True])
@pytest.mark.parametrize("key", ["C:maj", "F:maj", "F#:maj"])  # spelt with sharps, with flats, with E#
def test_notes_are_those_of_librosa(unicode: bool, key: str) -> None:
    for midi in range(128):
        name = str(librosa.midi_to_note(midi, unicode=unicode, key=key))
        found = parse_quantity(name)
        assert found is not None
        assert found.unit is Unit.HZ
        assert found.value == pytest.approx(float(librosa.midi_to_hz(midi)), rel=1e-12)
        assert convert(found, Unit.MIDI, sample_rate=None) == pytest.approx(midi, abs=1e-9)


@pytest.mark.parametrize(("text", "midi"), [("Bb3", 58), ("B#3", 60), ("Cb4", 59), ("C-1", 0), ("G9", 127)])
def test_flats_and_ends(text: str, midi: int) -> None:
    found = parse_quantity(text)
    assert found is not None
    assert convert(found, Unit.MIDI, sample_rate=None) == pytest.approx(midi, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (69, Unit.MIDI, Unit.HZ, 440.0),
        (57, Unit.MIDI, Unit.HZ, 220.0),
        (880, Unit.HZ, Unit.MIDI, 81.0),
        (-20, Unit.DB, Unit.LINEAR, 0.1),
        (6, Unit.DB, Unit.LINEAR, 1.9952623149688795),
        (0.1, Unit.LINEAR, Unit.DB, -20.0),
        (20, Unit.MILLISECONDS, Unit.SECONDS, 0.02),
        (0.02, Unit.SECONDS, Unit.MILLISECONDS, 20.0),
        (20, Unit.MILLISECONDS, Unit.SAMPLES, 320.0),
        (3, Unit.SECONDS, Unit.SAMPLES, 48_000.0),
        (320, Unit.SAMPLES, Unit.MILLISECONDS, 20.0),
        (48_000, Unit.SAMPLES, Unit.SECONDS, 3.0),
        (-6, Unit.DB, Unit.ANY, -6.0),
        (2, Unit.RADIANS, Unit.RADIANS, 2.0),
    ],
)
def test_conversions(value: float, unit: Unit, to: Unit, expected: float) -> None:
    assert convert(Quantity(value, unit), to, sample_rate=16_000) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "unit", "to", "sentence"),
    [
        (440, Unit.HZ, Unit.DB, "440 Hz cannot be said in dB"),
        (1, Unit.SECONDS, Unit.HZ, "1 s cannot be said in Hz"),
        (-6, Unit.DB, Unit.RAW, "-6 dB cannot be said in raw"),
        (0, Unit.HZ, Unit.MIDI, "0 Hz cannot be said in midi: it is not above 0"),
        (-1, Unit.LINEAR, Unit.DB, "-1 linear cannot be said in dB: it is not above 0"),
        (3, Unit.SECONDS, Unit.SAMPLES, "3 s cannot be said in samples without a sample rate"),
        (3, Unit.SAMPLES, Unit.MILLISECONDS, "3 samples cannot be said in ms without a sample rate"),
        (1e6, Unit.MIDI, Unit.HZ, "1e+06 midi is too large to be a number of Hz"),
        (1e5, Unit.DB, Unit.LINEAR, "100000 dB is too large to be a number of linear"),
        (1e308, Unit.SECONDS, Unit.MILLISECONDS, "1e+308 s is too large to be a number of ms"),
    ],
)
def test_what_cannot_be_converted(value: float, unit: Unit, to: Unit, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 the sentence is compared whole
        convert(Quantity(value, unit), to, sample_rate=None)
    assert str(caught.value) == sentence


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PAIRS), st.floats(1e-6, 1e6))
def test_conversions_invert(pair: tuple[Unit, Unit], value: float) -> None:
    there = convert(Quantity(value, pair[0]), pair[1], sample_rate=44_100)
    assert convert(Quantity(there, pair[1]), pair[0], sample_rate=44_100) == pytest.approx(value, rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=20), st.text("0123456789.eE+- kHzdBsmA#b%inf", max_size=20)))
def test_any_text_is_a_finite_quantity_or_refused(text: str) -> None:
    try:
        found = parse_quantity(text)
    except ValueError:
        return
    assert found is None or math.isfinite(found.value)


class _OnlyShort:
    """A pattern that a text of more than 64 characters may not reach."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def fullmatch(self, text: str) -> re.Match[str] | None:
        assert len(text) <= 64
        return self.pattern.fullmatch(text)


@pytest.mark.parametrize("text", ["9" * 100_000, "1" * 50_000 + "." * 50_000, " " * 100_000 + "1 s"])
def test_long_texts_are_not_looked_at(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantity, "_NUMBER_UNIT", _OnlyShort(quantity._NUMBER_UNIT))
    assert parse_quantity(text) is None
    assert parse_quantity(text[:64]) is None
