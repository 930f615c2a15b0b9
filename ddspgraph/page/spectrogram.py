"""Spectrograms for the eye: levels in dB below full scale over time and the logarithm of frequency.

NumPy, not `dsp`: a picture of arrays needs no TensorFlow, and its cost must not grow with the length of the sound.
"""

from __future__ import annotations

import numpy as np

from ddspgraph.page.axes import Axis, logarithmic
from ddspgraph.page.charts import IMAGE_COLUMNS, Image, quantised

#: One scale for all sounds, so that levels can be compared from node to node.
LOW_DB, HIGH_DB = -100.0, 0.0
_ROWS, _LOWEST_HZ = 144, 40.0
#: 46 ms: partials 40 Hz apart stay apart, onsets stay sharp enough.
_WINDOW_S = 0.0464
#: A long sound is looked at in so many places per column, not everywhere.
_WINDOWS_PER_COLUMN = 4


def spectrogram(x: np.ndarray, sample_rate: int, time: Axis, columns: int = IMAGE_COLUMNS) -> Image:
    """A sound as an image.

    L(t, f) = 20 log10(|STFT| * 2 / sum(window)): a sine of amplitude 1 is at 0 dB. Hann window.

    Args:
      x: float [samples], finite.
      sample_rate: in Hz.
      time: the axis of time that the sound fills.
      columns: at most.
    """
    size = 1 << round(np.log2(_WINDOW_S * sample_rate))
    columns = max(1, min(columns, 4 * len(x) // size + 1))
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(x, size // 2 + 1)
    levels = np.zeros((columns, size // 2 + 1))
    edges = np.linspace(0, len(x), columns + 1)
    count = int(np.clip((edges[1] - edges[0]) / (size / 4), 1, _WINDOWS_PER_COLUMN))
    for part in range(count):
        centres = edges[:-1] + (part + 0.5) / count * (edges[1] - edges[0])
        starts = np.clip(centres.astype(int), 0, len(padded) - size)
        frames = padded[starts[:, None] + np.arange(size)] * window
        levels = np.maximum(levels, np.abs(np.fft.rfft(frames)))
    rows = _rows(levels * 2 / window.sum(), sample_rate / size, sample_rate / 2)
    db = 20 * np.log10(np.maximum(rows, 1e-9))
    axis = logarithmic("Hz", _lowest(sample_rate), sample_rate / 2)
    return Image("spectrogram", time, axis, quantised(db.T, LOW_DB, HIGH_DB), LOW_DB, HIGH_DB, "dBFS")


def _lowest(sample_rate: int) -> float:
    return min(_LOWEST_HZ, sample_rate / 20)


def _rows(levels: np.ndarray, bin_hz: float, nyquist_hz: float) -> np.ndarray:
    """[columns, bins] -> [columns, rows]: the largest bin of a row, or what lies between two bins."""
    edges_hz = np.geomspace(_lowest(round(2 * nyquist_hz)), nyquist_hz, _ROWS + 1)
    centres = np.sqrt(edges_hz[:-1] * edges_hz[1:]) / bin_hz
    below = np.minimum(centres.astype(int), levels.shape[1] - 2)
    share = centres - below
    rows = levels[:, below] * (1 - share) + levels[:, below + 1] * share
    for i in range(_ROWS):
        first, last = int(np.ceil(edges_hz[i] / bin_hz)), int(edges_hz[i + 1] / bin_hz)
        if last >= first:
            rows[:, i] = np.maximum(rows[:, i], levels[:, first : last + 1].max(axis=1))
    return rows
