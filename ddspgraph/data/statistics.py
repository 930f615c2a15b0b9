"""What a model has heard: how loud and how high the notes of its training split are. Timbre transfer needs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddspgraph.data.analysis import Part
from ddspgraph.data.notes import hz_to_midi, note_mask
from ddspgraph.data.settings import Settings
from ddspgraph.data.windows import Places

#: Percentiles 0 to 100.
_PERCENTILES = np.arange(101)


def statistics_of(parts: Mapping[str, Part], places: Places, folder: Path, settings: Settings) -> dict[str, Any]:
    """Of all frames that are in some example of a split, each counted once.

    Returns:
      {"frames": how many, "note_frames": how many of them are notes, and of these
       "pitch_midi", "loudness_db", "power_db": {"mean": x, "percentiles": 101 numbers}}, the last three only where
      there are notes.
    """
    columns: dict[str, list[np.ndarray]] = {"pitch_midi": [], "loudness_db": [], "power_db": []}
    n_frames = 0
    for key in dict.fromkeys(key for key, _ in places):
        frames = parts[key].frames(folder)
        used = np.zeros(len(frames["f0_hz"]), bool)
        for start in (start for other, start in places if other == key):
            used[start : start + settings.example_frames] = True
        chosen = {name: values[used] for name, values in frames.items()}
        is_note = note_mask(chosen["loudness_db"], chosen["f0_confidence"], settings.frame_rate)
        n_frames += len(is_note)
        columns["pitch_midi"].append(hz_to_midi(chosen["f0_hz"][is_note]))
        columns["loudness_db"].append(chosen["loudness_db"][is_note])
        columns["power_db"].append(chosen["power_db"][is_note])
    values = {name: np.concatenate(arrays) for name, arrays in columns.items()}
    found: dict[str, Any] = {"frames": n_frames, "note_frames": len(values["pitch_midi"])}
    if found["note_frames"]:
        found |= {name: _summary(array) for name, array in values.items()}
    return found


def _summary(x: np.ndarray) -> dict[str, Any]:
    percentiles = np.percentile(x.astype(np.float64), _PERCENTILES)
    return {"mean": round(float(np.mean(x, dtype=np.float64)), 4), "percentiles": np.round(percentiles, 4).tolist()}
