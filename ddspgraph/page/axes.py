"""Axes: limits that are round numbers, and ticks that a musician reads."""

from __future__ import annotations

import math
from dataclasses import dataclass

_NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
#: Semitones between ticks: a subset of the octave, then octaves.
_NOTE_STEPS = (1, 2, 3, 4, 6, 12, 24, 36)
_MOST_NOTES, _MOST_TICKS = 7, 6
#: Below it a frequency is a rhythm: 16.35 Hz is C0.
_LOWEST_NOTE_HZ = 16.0
A4_HZ, A4_MIDI = 440.0, 69


@dataclass(frozen=True)
class Axis:
    """One axis. `low` < `high`; on a logarithmic one both are above 0."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    is_log: bool = False
    unit: str = ""  # of the readout beside the pointer

    def place(self, value: float) -> float:
        """Where a value stands: 0 at `low`, 1 at `high`."""
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def note_name(midi: int) -> str:
    """`A4` for 69."""
    return f"{_NOTES[midi % 12]}{midi // 12 - 1}"


def number_text(value: float) -> str:
    """Four digits with a true minus: `−0.0312`."""
    if value == 0 or not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "0" if value == 0 else "NaN")
    text = f"{value:.4g}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def steps(low: float, high: float, most: int = _MOST_TICKS) -> list[float]:
    """The multiples of 1, 2 or 5 times a power of ten within an interval, at most `most` of them."""
    exponent = math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20, 50, 100):
        step = factor * 10.0**exponent
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    return [i * step for i in range(first, last + 1)]


def linear(label: str, low: float, high: float, unit: str = "") -> Axis:
    """A linear axis whose ends are widened to round numbers; one of a single value is opened around it."""
    if not high - low > 1e-6 * max(abs(low), abs(high)):
        room = 0.1 * abs(low) or 1.0
        low, high = low - room, high + room
    exponent = math.floor(math.log10(high - low))
    grain = 10.0 ** (exponent - 1) * (5 if high - low > 2 * 10.0**exponent else 2)
    low, high = math.floor(low / grain + 1e-9) * grain, math.ceil(high / grain - 1e-9) * grain
    return Axis(label, low, high, tuple((v, number_text(v)) for v in steps(low, high)), unit=unit)


def exact(label: str, low: float, high: float, unit: str = "") -> Axis:
    """A linear axis of given ends: time, samples, channels."""
    high = high if high > low else low + 1.0
    return Axis(label, low, high, tuple((v, number_text(v)) for v in steps(low, high)), unit=unit)


def symmetric(label: str, peak: float) -> Axis:
    """From -a to a for a waveform, a being a round number. Full scale is marked where the peak is not far beyond it."""
    top = 1e-6
    if peak > top:
        power = 10.0 ** math.floor(math.log10(peak))
        top = next(f * power for f in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if f * power >= peak * (1 - 1e-6))
    values = [-top, -1.0, 0.0, 1.0, top] if 1.5 <= top <= 4 else [-top, 0.0, top]
    return Axis(label, -top, top, tuple((v, number_text(v)) for v in values))


def pitch(low_hz: float, high_hz: float) -> Axis:
    """A logarithmic axis in Hz; ticks are notes of equal temperament around A4 = 440 Hz."""
    low_hz, high_hz = low_hz / 2 ** (1 / 6), high_hz * 2 ** (1 / 6)
    if low_hz < _LOWEST_NOTE_HZ:
        return logarithmic("Hz", low_hz, high_hz)
    ticks = [(_hz(midi), f"{note_name(midi)} {_short(_hz(midi))} Hz") for midi in _notes(_midi(low_hz), _midi(high_hz))]
    # A limit that is a note lies, rounded there and back, beside its tick.
    low_hz, high_hz = min([low_hz, *(hz for hz, _ in ticks)]), max([high_hz, *(hz for hz, _ in ticks)])
    return Axis("Hz", low_hz, high_hz, tuple(ticks), is_log=True, unit="Hz")


def midi(low: float, high: float) -> Axis:
    """A linear axis of MIDI note numbers; ticks are notes."""
    low, high = low - 2, high + 2
    return Axis("midi", low, high, tuple((float(m), f"{note_name(m)} {m}") for m in _notes(low, high)), unit="midi")


def logarithmic(label: str, low: float, high: float, unit: str = "Hz") -> Axis:
    """A logarithmic axis; ticks are 1, 2 and 5 times powers of ten, or the powers alone."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [f * 10.0**e for e in exponents for f in factors if low <= f * 10.0**e <= high]
        if len(values) <= _MOST_NOTES + 1:
            break
    return Axis(label, low, high, tuple((v, _hz_text(v)) for v in values), is_log=True, unit=unit)


def _notes(low_midi: float, high_midi: float) -> list[int]:
    """MIDI numbers within an interval, as many as there is room for; A is always among the kinds."""
    inside = range(math.ceil(low_midi), math.floor(high_midi) + 1)
    for step in _NOTE_STEPS:
        found = [m for m in inside if (m - A4_MIDI) % step == 0]
        if len(found) <= _MOST_NOTES:
            break
    return found


def _hz(midi_number: int) -> float:
    return A4_HZ * 2.0 ** ((midi_number - A4_MIDI) / 12)


def _midi(hz: float) -> float:
    return A4_MIDI + 12 * math.log2(hz / A4_HZ)


def _short(hz: float) -> str:
    """`27.5`, `622`: the name of the note says the rest."""
    return f"{hz:.0f}" if hz >= 100 else f"{hz:.3g}"


def _hz_text(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"
