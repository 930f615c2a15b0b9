"""Where there are notes, from loudness and from how sure the pitch is."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.units import DB_RANGE

_SMOOTHING_S = 0.16
_CONFIDENCE_EXPONENT = 2.0
#: A frame of average loudness and this confidence is just a note.
_CONFIDENCE = 0.7


def note_mask(
    loudness_db: np.ndarray, f0_confidence: np.ndarray, frame_rate: float, threshold: float = 1.0
) -> np.ndarray:
    """Frames that belong to a note: loud enough and with a sure pitch.

    A frame is one where smooth(c ** 2) * (l + 80) >= threshold * 0.7 ** 2 * (mean of l + 80), with the confidence c
    averaged over 160 ms and the loudness l in dB.

    Args:
      loudness_db: [frames], at least -80.
      f0_confidence: [frames], 0 to 1.
      frame_rate: in Hz.
      threshold: higher for fewer notes.

    Returns:
      bool [frames].

    Source: the rule of magenta/ddsp's timbre transfer, of which this differs only within 80 ms of both ends, where
    it averages over the frames that there are.
    """
    level = level_over_floor(loudness_db)
    sureness = moving_average(np.asarray(f0_confidence, np.float64) ** _CONFIDENCE_EXPONENT, _SMOOTHING_S * frame_rate)
    least = threshold * _CONFIDENCE**_CONFIDENCE_EXPONENT * np.mean(level) if len(level) else 0.0
    return (sureness * level >= least) & (level > 0)


def level_over_floor(loudness_db: np.ndarray) -> np.ndarray:
    """How far each frame is above the floor, 80 dB below the loudest one, in dB: the same at any level of a recording.

    The source has recordings scaled to full scale before. Frames of -80 dB, less than which is not kept, count as 0.
    """
    loudness_db = np.asarray(loudness_db, np.float64)
    level = np.maximum(loudness_db - np.max(loudness_db, initial=-DB_RANGE) + DB_RANGE, 0.0)
    return np.where(loudness_db > -DB_RANGE, level, 0.0)


def moving_average(x: np.ndarray, width: float) -> np.ndarray:
    """The mean of so many frames around each; at the ends, of those that there are. float64 [frames]."""
    n = max(1, round(width))
    sums = np.concatenate([[0.0], np.cumsum(x)])
    first = np.arange(len(x)) - (n - 1) // 2
    begin, end = np.maximum(first, 0), np.minimum(first + n, len(x))
    return (sums[end] - sums[begin]) / (end - begin)


def hz_to_midi(f0_hz: np.ndarray) -> np.ndarray:
    """MIDI numbers, float64; 0 for 0 Hz."""
    f0_hz = np.asarray(f0_hz, np.float64)
    return np.where(f0_hz > 0, 69.0 + 12.0 * np.log2(np.maximum(f0_hz, 1e-6) / 440.0), 0.0)
