"""Compact text."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from ddspgraph.ir.frozen import FrozenArray
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import BATCH, FRAMES, Rate, Unit, signal
from ddspgraph.render.labels import clock_text, doc_text, name_text, rate_text, shape_text, value_text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.ANY, "none"),
        (True, Unit.HZ, "true"),
        (440.0, Unit.HZ, "440 Hz"),
        (0.1, Unit.LINEAR, "0.1"),
        (1e-7, Unit.ANY, "1e-07"),
        (9999, Unit.SAMPLES, "9999 samples"),
        (-48000, Unit.SAMPLES, "-48 000 samples"),
        ("exp_sigmoid", Unit.HZ, "exp_sigmoid"),
        ((1.0, 0.5), Unit.DB, "[1, 0.5] dB"),
        (tuple(range(100)), Unit.ANY, "[0, 1, 2, 3, … 100 in all]"),
        (((1.0, 2.0), (3.0, 4.0)), Unit.ANY, "[[1, 2], [3, 4]]"),
        ((("amps", 1), ("noise", 65)), Unit.ANY, "amps 1, noise 65"),
        ((), Unit.ANY, "[]"),
        (FrozenArray(np.zeros((2, 3))), Unit.ANY, "2×3 numbers"),
    ],
)
def test_values(value: object, unit: Unit, text: str) -> None:
    assert value_text(value, unit) == text


def test_types() -> None:
    controls = signal(BATCH, FRAMES, 60, rate=Rate.FRAME, unit=Unit.RAW)
    assert (shape_text(controls), rate_text(controls)) == ("[b, frames, 60]", "frame · raw")
    sound = signal(BATCH, FRAMES * 64 + -320, rate=Rate.AUDIO)
    assert (shape_text(sound), rate_text(sound)) == ("[b, 64·frames − 320]", "audio")
    assert shape_text(signal(1, FRAMES + 1)) == "[1, frames + 1]"
    assert shape_text(signal()) == "scalar"


def test_clocks() -> None:
    assert clock_text(Clock(44100, Fraction(225), 196)) == "44.1 kHz, 225 frames/s, hop 196"
    assert clock_text(Clock(48000)) == "48 kHz"
    assert clock_text(Clock()) == ""


def test_long_names_lose_their_middle() -> None:
    assert name_text("f0_hz") == "f0_hz"
    assert name_text("a" * 29 + "b" * 9_960 + "c" * 11) == "a" * 29 + "…" + "c" * 11
    assert name_text("") == "?"


def test_docs_are_one_line() -> None:
    assert doc_text("one\n  two\tthree\n") == "one two three"
    assert len(doc_text("word " * 10_000)) == 300
