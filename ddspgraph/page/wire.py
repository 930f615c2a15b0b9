"""Views as JSON for the page's script: numbers in 16 bits, images as PNG, sound as FLAC."""

from __future__ import annotations

import base64
import hashlib
import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Rate, Signal, Unit
from ddspgraph.page.axes import Axis, number_text
from ddspgraph.page.charts import IMAGE_COLUMNS, Band, Chart, Image
from ddspgraph.page.png import data_uri, png
from ddspgraph.page.views import View, unit_of, view

#: What all sounds of a page take together, before base64 makes them a third longer. Each has an equal share, and what
#: a short one leaves goes to those after it.
SOUND_BYTES = 16_000_000
#: With more signals than this, images become narrower.
_IMAGES_IN_FULL, _FEWEST_COLUMNS = 40, 100
#: A curve's point that is not there.
_GAP = 65_535
_FLAC_CHANNELS = 2


def views_of(
    values: Mapping[str, np.ndarray], types: Mapping[str, Signal], clock: Clock
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Views as JSON, and the index of each signal's among them: signals that are equal share one."""
    kinds: dict[bytes, int] = {}
    index: dict[str, int] = {}
    views: list[View] = []
    columns = max(_FEWEST_COLUMNS, IMAGE_COLUMNS * _IMAGES_IN_FULL // max(_IMAGES_IN_FULL, len(values)))
    for name, array in values.items():
        key = _digest(array, types[name].rate, unit_of(name, types[name]))
        if key not in kinds:
            kinds[key] = len(views)
            views.append(view(name, array, types[name], clock, columns))
        index[name] = kinds[key]
    return _views_json(views, clock.sample_rate or 0), index


def _views_json(views: list[View], sample_rate: int) -> list[dict[str, Any]]:
    """In the order given; the shortest sounds are written first, so that long ones share what these leave."""
    lengths = [0 if v.sound is None else len(v.sound) for v in views]
    found: dict[int, dict[str, Any]] = {}
    left, n_left = SOUND_BYTES, sum(length > 0 for length in lengths)
    for i in sorted(range(len(views)), key=lengths.__getitem__):
        found[i] = view_json(views[i], sample_rate, left // max(1, n_left))
        if lengths[i]:
            left, n_left = left - len(found[i].get("sound", "")) * 3 // 4, n_left - 1
    return [found[i] for i in range(len(views))]


def view_json(shown: View, sample_rate: int, sound_bytes: int = SOUND_BYTES) -> dict[str, Any]:
    """One view as plain data."""
    found: dict[str, Any] = {
        "charts": [_chart(chart) for chart in shown.charts],
        "stats": [list(pair) for pair in shown.stats],
        "flags": [{"kind": flag.kind, "word": flag.word, "text": flag.text} for flag in shown.flags],
        "numbers": shown.numbers,
        "note": shown.note,
    }
    if shown.sound is not None and sample_rate:
        data, n_samples = flac(shown.sound, sample_rate, sound_bytes)
        found["sound"] = data_uri("audio/flac", data)
        if n_samples < len(shown.sound):
            held, whole = (number_text(n / sample_rate) for n in (n_samples, len(shown.sound)))
            found["cut"] = f"the player holds the first {held} s of {whole} s"
    return found


def flac(x: np.ndarray, sample_rate: int, most_bytes: int) -> tuple[bytes, int]:
    """16-bit FLAC of a sound, and how many of its samples fit into it.

    Args:
      x: float [samples, channels], finite; beyond +-1 it is clipped. The first two channels are kept.
      sample_rate: in Hz.
      most_bytes: of the file; a longer sound is cut, and faded out over its last 5 ms.
    """
    import soundfile

    sound = np.clip(x[:, :_FLAC_CHANNELS], -1.0, 1.0)
    count = min(len(sound), 4 * most_bytes)  # no sound but silence takes less than 2 bits a sample
    while True:
        part = sound[:count]
        if count < len(sound):
            fade = np.minimum(1.0, np.arange(count, 0, -1) / max(1.0, 0.005 * sample_rate))
            part = part * fade[:, None]
        buffer = io.BytesIO()
        soundfile.write(buffer, part, sample_rate, format="FLAC", subtype="PCM_16")
        data = buffer.getvalue()
        if len(data) <= most_bytes or count <= 1:
            return data, count
        count = max(1, int(0.95 * count * most_bytes / len(data)))


def _digest(array: np.ndarray, rate: Rate, unit: Unit) -> bytes:
    """Equal for signals that look the same."""
    about = f"{array.shape} {rate} {unit}".encode()
    return hashlib.blake2b(about + np.ascontiguousarray(array).tobytes(), digest_size=16).digest()


def _chart(chart: Chart) -> dict[str, Any]:
    found: dict[str, Any] = {"title": chart.title, "x": _axis(chart.x), "y": _axis(chart.y)}
    if isinstance(chart, Image):
        digits = 2 - math.floor(math.log10(chart.high - chart.low))
        ends = [number_text(round(end, digits) + 0.0) for end in (chart.low, chart.high)]
        return found | {"png": data_uri("image/png", png(chart.levels)), "range": ends, "unit": chart.unit}
    return found | {"filled": chart.is_filled, "lines": [_line(b, chart.y) for b in chart.bands]}


def _axis(axis: Axis) -> dict[str, Any]:
    ticks = [[value, label] for value, label in axis.ticks]
    return {
        "label": axis.label,
        "low": axis.low,
        "high": axis.high,
        "log": axis.is_log,
        "unit": axis.unit,
        "ticks": ticks,
    }


def _line(shown: Band, axis: Axis) -> dict[str, Any]:
    found = {"name": shown.name, "low": _packed(shown.low, axis)}
    return found if shown.low is shown.high else found | {"high": _packed(shown.high, axis)}


def _packed(x: np.ndarray, axis: Axis) -> str:
    """Places along an axis, 0 to 65534, little-endian, in base64; 65535 where there is no number."""
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = (math.log(axis.low), math.log(axis.high)) if axis.is_log else (axis.low, axis.high)
        places = ((np.log(x) if axis.is_log else x) - low) / (high - low)
    scaled = np.nan_to_num(np.clip(places, 0.0, 1.0)) * (_GAP - 1)
    packed = np.where(np.isfinite(places), scaled.round(), _GAP).astype("<u2")
    return base64.b64encode(packed.tobytes()).decode()
