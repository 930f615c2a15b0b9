"""Axes: round limits, few ticks, notes where pitch is shown."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ddspgraph.page import axes

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda v: v == 0 or abs(v) > 1e-6)


@given(NUMBERS, NUMBERS)
def test_a_linear_axis_holds_its_values(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    axis = axes.linear("", low, high)
    room = 1e-6 * (axis.high - axis.low)
    assert axis.low - room <= low
    assert high <= axis.high + room
    assert axis.low < axis.high
    assert 2 <= len(axis.ticks) <= 7
    assert all(axis.low - room <= value <= axis.high + room for value, _ in axis.ticks)


@given(st.floats(1e-5, 1e6))
def test_a_waveform_fills_at_least_half_of_its_axis(peak: float) -> None:
    axis = axes.symmetric("", peak)
    assert axis.low == -axis.high
    assert peak * (1 - 1e-5) <= axis.high <= 2 * peak


@pytest.mark.parametrize("peak", [1.5, 3.1])
def test_full_scale_is_marked_where_a_waveform_goes_beyond(peak: float) -> None:
    assert {-1.0, 1.0} <= {value for value, _ in axes.symmetric("", peak).ticks}


@example(27.5, 1.0)
@given(st.floats(20, 10_000), st.floats(1.0, 200))
def test_pitch_has_notes_as_ticks(low_hz: float, ratio: float) -> None:
    axis = axes.pitch(low_hz, min(low_hz * ratio, 20_000))
    assert axis.is_log
    assert 1 <= len(axis.ticks) <= 7
    for hz, label in axis.ticks:
        semitones = 12 * math.log2(hz / 440)
        assert semitones == pytest.approx(round(semitones), abs=1e-6)
        assert label.endswith(" Hz")
        assert axis.low <= hz <= axis.high


def test_four_octaves_of_pitch() -> None:
    labels = [label for _, label in axes.pitch(55, 880).ticks]
    assert labels == ["A1 55 Hz", "A2 110 Hz", "A3 220 Hz", "A4 440 Hz", "A5 880 Hz"]


def test_notes() -> None:
    assert [axes.note_name(midi) for midi in (0, 60, 61, 69, 127)] == ["C-1", "C4", "C♯4", "A4", "G9"]
    assert [label for _, label in axes.midi(57, 69).ticks] == ["A3 57", "C4 60", "D♯4 63", "F♯4 66", "A4 69"]


def test_a_rhythm_in_hz_has_no_notes() -> None:
    assert [label for _, label in axes.pitch(0.5, 8.0).ticks] == ["0.5", "1", "2", "5"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.03123, "−0.03123"), (1e-7, "1e−7"), (12345678.0, "1.235e7"), (math.inf, "∞"), (math.nan, "NaN")],
)
def test_numbers(value: float, text: str) -> None:
    assert axes.number_text(value) == text
