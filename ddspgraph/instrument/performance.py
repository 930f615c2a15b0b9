"""A performance in the range of an instrument: pitch and loudness as the model knows them from its training.

All functions take and give arrays over frames. `statistics` are those of `statistics.statistics_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ddspgraph.data.notes import hz_to_midi, note_mask
from ddspgraph.ops.units import DB_RANGE

Frames = dict[str, np.ndarray]
#: What a recording has, by the names of inputs.
FEATURES = ("f0_hz", "f0_confidence", "loudness_db", "power_db")


@dataclass(frozen=True)
class Fit:
    """How a performance is fitted.

    Attributes:
      octave_shift: octaves up (down where negative); None: as many as bring the mean pitch nearest to the training's.
      loudness_shift_db: added to loudness and power after they were fitted.
      threshold: of what is a note; higher for fewer notes.
      auto_tune: 0 leaves the pitch of notes alone, 1 puts it on the nearest semitone (A4 = 440 Hz).
      quiet_db: how much softer it is where there is no note.
    """

    octave_shift: float | None = None
    loudness_shift_db: float = 0.0
    threshold: float = 1.0
    auto_tune: float = 0.0
    quiet_db: float = 20.0


@dataclass(frozen=True)
class Fitted:
    """The features to render, and what was done: the mask of notes, octaves, mean change of loudness in dB."""

    features: Frames
    is_note: np.ndarray
    octave_shift: float
    gain_db: float


def fit_performance(features: Frames, statistics: Mapping[str, Any], frame_rate: float, fit: Fit) -> Fitted:
    """Fits pitch and levels of a performance to what a model was trained with.

    Where the performance, or the training data, has no notes there is nothing to fit to: only what was asked for is
    done (octaves, decibels).

    Args:
      features: f0_hz, f0_confidence, loudness_db, power_db, each [frames].
      statistics: of the training data; may be empty.
      frame_rate: in Hz.
      fit: how.
    """
    is_note = note_mask(features["loudness_db"], features["f0_confidence"], frame_rate, fit.threshold)
    knows = bool(is_note.any()) and "pitch_midi" in statistics
    midi = hz_to_midi(features["f0_hz"])
    octaves = fit.octave_shift
    if octaves is None:
        octaves = round((statistics["pitch_midi"]["mean"] - midi[is_note].mean()) / 12) if knows else 0
    midi = np.where(features["f0_hz"] > 0, tuned(midi, is_note, fit.auto_tune) + 12 * octaves, 0.0)
    fitted = {**features, "f0_hz": np.where(midi > 0, 440.0 * 2.0 ** ((midi - 69.0) / 12.0), 0.0).astype(np.float32)}
    for name in ("loudness_db", "power_db"):
        level = features[name].astype(np.float64)
        if knows and name in statistics:
            level = as_quantiles(level, is_note, np.array(statistics[name]["percentiles"]))
            level = np.where(is_note, level, level - fit.quiet_db)
        fitted[name] = np.maximum(level + fit.loudness_shift_db, -DB_RANGE).astype(np.float32)
    change = (fitted["loudness_db"] - features["loudness_db"])[is_note]
    return Fitted(fitted, is_note, float(octaves), float(change.mean()) if len(change) else fit.loudness_shift_db)


def as_quantiles(level_db: np.ndarray, is_note: np.ndarray, percentiles: np.ndarray) -> np.ndarray:
    """Levels whose notes are distributed as those of the training data.

    A level that p % of the frames of notes stay below becomes the level that p % stay below in the training data;
    levels below the softest note are moved with it, those above the loudest with that.

    Args:
      level_db: [frames].
      is_note: bool [frames], at least one of them true.
      percentiles: 0 to 100, of the training data, [101].
    """
    own = np.percentile(level_db[is_note], np.linspace(0, 100, len(percentiles)))
    inside = np.interp(level_db, *_increasing(own, percentiles))
    below, above = np.minimum(level_db - own[0], 0.0), np.maximum(level_db - own[-1], 0.0)
    return inside + below + above


def _increasing(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equal x, which a flat performance has, become one, with the mean of their y."""
    kept, group = np.unique(x, return_inverse=True)
    return kept, np.bincount(group, y) / np.bincount(group)


def tuned(midi: np.ndarray, is_note: np.ndarray, amount: float) -> np.ndarray:
    """Notes drawn to semitones, of which those of the performance may lie apart by a constant.

    Args:
      midi: [frames].
      is_note: bool [frames]; the other frames stay as they are.
      amount: 0 to 1; at 1 notes are on semitones of A4 = 440 Hz.
    """
    if not amount or not is_note.any():
        return midi
    nearest = np.round(midi - tuning_offset(midi[is_note]))
    return np.where(is_note, midi + amount * (nearest - midi), midi)


def tuning_offset(midi: np.ndarray) -> float:
    """How far a performance is out of tune, in semitones from -0.5 to 0.5: the circular mean of what lies off."""
    return float(np.angle(np.mean(np.exp(2j * np.pi * midi))) / (2 * np.pi))
