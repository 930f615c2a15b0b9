"""What a model has heard: how loud and how high the notes of its training split are. Timbre transfer needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    return _statistics(columns, n_frames)


def statistics_of_examples(examples: Iterable[Mapping[str, np.ndarray]], frame_rate: float) -> dict[str, Any]:
    """The same of examples that may overlap: name -> float32 [frames], of f0_hz, f0_confidence and levels in dB.

    Without pitch, confidence or loudness nothing is known of notes.
    """
    columns: dict[str, list[np.ndarray]] = {"pitch_midi": []}
    n_frames = 0
    for frames in examples:
        n_frames += len(next(iter(frames.values()), ()))
        if not {"f0_hz", "f0_confidence", "loudness_db"} <= frames.keys():
            continue
        is_note = note_mask(frames["loudness_db"], frames["f0_confidence"], frame_rate)
        columns["pitch_midi"].append(hz_to_midi(frames["f0_hz"][is_note]))
        for name in ("loudness_db", "power_db"):
            if name in frames:
                columns.setdefault(name, []).append(frames[name][is_note])
    return _statistics(columns, n_frames)


def _statistics(columns: Mapping[str, Sequence[np.ndarray]], n_frames: int) -> dict[str, Any]:
    values = {name: np.concatenate([np.zeros(0), *arrays]) for name, arrays in columns.items()}
    found: dict[str, Any] = {"frames": n_frames, "note_frames": len(values["pitch_midi"])}
    if found["note_frames"]:
        found |= {name: _summary(array) for name, array in values.items()}
    return found


def _summary(x: np.ndarray) -> dict[str, Any]:
    percentiles = np.percentile(x.astype(np.float64), _PERCENTILES)
    return {"mean": round(float(np.mean(x, dtype=np.float64)), 4), "percentiles": np.round(percentiles, 4).tolist()}
