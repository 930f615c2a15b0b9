"""From an array and its type to what there is to see and hear of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Rate, Signal, Unit
from ddspgraph.page import axes
from ddspgraph.page.axes import Axis
from ddspgraph.page.charts import IMAGE_COLUMNS, IMAGE_ROWS, Band, Chart, Image, Lines, band, pooled, quantised
from ddspgraph.page.spectrogram import spectrogram
from ddspgraph.page.summary import Flag, flags, statistics

#: More channels than this are an image, where curves would be a tangle; of pitches, more.
_MOST_CURVES, _MOST_PITCHES = 4, 40
#: So few constants are written out.
_MOST_NUMBERS = 12
#: The range of a heat map of amplitudes.
_HEAT_DB = 80.0
#: Nothing sensible is heard at other rates, and players refuse them.
_SOUND_RATES_HZ = range(3_000, 200_000)


@dataclass(frozen=True)
class View:
    """Charts, numbers and flags of one signal; `sound` is float [samples, channels] where it can be heard."""

    charts: tuple[Chart, ...]
    stats: tuple[tuple[str, str], ...]
    flags: tuple[Flag, ...]
    numbers: str = ""  # few values, written out
    sound: np.ndarray | None = None
    note: str = ""


def view(name: str, array: np.ndarray, signal: Signal, clock: Clock, columns: int = IMAGE_COLUMNS) -> View:
    """What to show of a signal.

    Args:
      name: its name; `f0_hz` and `loudness_db` say their unit where the type does not.
      array: audio [batch, samples] or [batch, samples, channels], frame [batch, frames, channels],
        const [batch, ...] or []. The first item of the batch is shown.
      signal: its type.
      clock: of its graph.
      columns: of an image, at most.
    """
    shape = array.shape
    n_items = shape[0] if array.ndim else 1
    x = np.asarray(array[0] if array.ndim else array, np.float32)
    x = x.reshape(x.shape[0] if x.ndim else 1, math.prod(x.shape[1:]))
    unit = unit_of(name, signal)
    is_sound = _is_sound(x, signal, unit, clock)
    time = _time_axis(len(x), signal, clock)
    seconds = time.high if time.unit == "s" else None
    found = flags(x, is_sound=is_sound)
    stats = statistics(x, shape, is_sound=is_sound, seconds=seconds)
    note = f"the first of {n_items} in the batch" if n_items > 1 else ""
    if not x.size:
        return View((), stats, found, "no values", note=note)
    if x.size == 1 or (x.size <= _MOST_NUMBERS and (signal.rate is Rate.CONST or len(x) == 1)):
        unit_text = "" if unit in (Unit.ANY, Unit.RAW, Unit.LINEAR) else f" {unit}"
        return View((), stats, found, f"{', '.join(map(axes.number_text, x.flat))}{unit_text}", note=note)
    if is_sound:
        charts = _sound_charts(x, time, int(clock.sample_rate or 0), columns)
        return View(charts, stats, found, sound=np.nan_to_num(x, nan=0.0, posinf=1.0, neginf=-1.0), note=note)
    return View((_control_chart(x, time, unit, signal.rate, columns),), stats, found, note=note)


def unit_of(name: str, signal: Signal) -> Unit:
    """The unit of the type, else what the name says."""
    if signal.unit is Unit.ANY:
        for ending, unit in (("_hz", Unit.HZ), ("_db", Unit.DB), ("_midi", Unit.MIDI)):
            if name.lower().endswith(ending):
                return unit
    return signal.unit


def type_of(array: np.ndarray) -> Signal:
    """The type that an array shows by its rank."""
    from ddspgraph.ir.types import signal

    rate = {2: Rate.AUDIO, 3: Rate.FRAME}.get(array.ndim, Rate.CONST)
    dims: list[int | str] = [1, "frames" if rate is Rate.FRAME else "samples", 1][: array.ndim]
    return signal(*dims, rate=rate)


def _is_sound(x: np.ndarray, signal: Signal, unit: Unit, clock: Clock) -> bool:
    """Audio without channels is sound. With channels it may be a control, which has a unit or never changes sign."""
    if signal.rate is not Rate.AUDIO or unit not in (Unit.ANY, Unit.LINEAR):
        return False
    if clock.sample_rate is not None and clock.sample_rate not in _SOUND_RATES_HZ:
        return False
    return signal.rank == 2 or (unit is Unit.ANY and x.shape[1] <= 2 and bool(np.any(x < 0) and np.any(x > 0)))


def _time_axis(count: int, signal: Signal, clock: Clock) -> Axis:
    """Seconds where the clock says them. Frames that stand for no time (`n_frames`) are counted."""
    if signal.rate is Rate.AUDIO:
        if clock.sample_rate:
            return axes.exact("time in s", 0.0, count / clock.sample_rate, "s")
        return axes.exact("samples", 0.0, count)
    if signal.rate is Rate.FRAME:
        hop = signal.hop or (clock.hop_samples if signal.rank > 1 and signal.dims[1].name == "frames" else None)
        if hop and clock.sample_rate:
            return axes.exact("time in s", 0.0, float(count * hop / clock.sample_rate), "s")
        return axes.exact("frames", 0.0, count)
    return axes.exact("index", 0.0, count)


def _sound_charts(x: np.ndarray, time: Axis, sample_rate: int, columns: int) -> tuple[Chart, ...]:
    y = axes.symmetric("", float(np.nanmax(np.abs(np.where(np.isfinite(x), x, 0.0)))))
    names = ("",) if x.shape[1] == 1 else ("left", "right") if x.shape[1] == 2 else tuple(map(str, range(x.shape[1])))
    bands = tuple(band(x[:, i], name) for i, name in enumerate(names[:_MOST_CURVES]))
    charts: tuple[Chart, ...] = (Lines("waveform", time, y, bands, is_filled=True),)
    if sample_rate:
        mono = np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0).mean(axis=1)
        charts += (spectrogram(mono, sample_rate, time, columns),)
    return charts


def _control_chart(x: np.ndarray, time: Axis, unit: Unit, rate: Rate, columns: int) -> Chart:
    finite = np.where(np.isfinite(x), x, np.nan).astype(np.float64)
    is_pitch = unit in (Unit.HZ, Unit.MIDI)
    if is_pitch:
        finite = np.where(finite > 0, finite, np.nan)  # 0 is "no pitch": a gap
    if x.shape[1] > (_MOST_PITCHES if is_pitch else _MOST_CURVES) and rate is not Rate.CONST and len(x) > 1:
        return _heat_map(finite, time, unit, columns)
    if x.shape[1] > _MOST_CURVES and not (is_pitch and rate is not Rate.CONST):  # numbers without time, side by side
        finite = finite.reshape(-1, 1)
        time = axes.exact("index", 0.0, len(finite))
    bands = tuple(_named_band(finite, i) for i in range(finite.shape[1]))
    return Lines("", time, _value_axis(finite, unit), bands)


def _named_band(x: np.ndarray, channel: int) -> Band:
    return band(x[:, channel], f"channel {channel + 1}" if x.shape[1] > 1 else "")


def _value_axis(x: np.ndarray, unit: Unit) -> Axis:
    numbers = x[np.isfinite(x)]
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)
    if unit is Unit.HZ and numbers.size:
        return axes.pitch(low, high)
    if unit is Unit.MIDI and numbers.size:
        return axes.midi(low, high)
    label = "" if unit in (Unit.ANY, Unit.LINEAR) else str(unit)
    return axes.linear(label, low, high, "" if label in ("", "raw") else label)


def _heat_map(x: np.ndarray, time: Axis, unit: Unit, columns: int) -> Image:
    """[frames, channels]; amplitudes, which are never negative, in dB, all else as it is."""
    n_channels = x.shape[1]
    is_amplitude = unit in (Unit.LINEAR, Unit.ANY) and not np.any(x < 0)
    shown = pooled(pooled(x, columns, 0), IMAGE_ROWS, 1).T
    label = "" if unit in (Unit.ANY, Unit.LINEAR) else str(unit)
    if is_amplitude:
        shown, label = 20 * np.log10(np.maximum(shown, 1e-10)), "dB"
    numbers = shown[np.isfinite(shown)]
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)
    if is_amplitude:
        low = max(low, high - _HEAT_DB)
    if not high - low > 1e-6 * abs(high):  # one colour for one value: the middle one
        room = 0.1 * abs(high) or 1.0
        low, high = low - room, high + room
    y = axes.exact("channel", 0.0, n_channels)
    return Image(f"{n_channels} channels", time, y, quantised(shown, low, high), low, high, label)
