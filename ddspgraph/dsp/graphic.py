"""A graphic equaliser: what each of its peaks must be so that all of them together go through the gains asked for.

Peaks leak into their neighbours. A peak is as wide as leaves a share of its decibels at the next centre; what the
peaks then make of one another is a matrix, of which one system of equations, of as many rows as bands, takes the gains
back, by least squares at the centres and halfway between them. Peaks of other gains leak a little otherwise: what is
still missing is taken back twice more by the same matrix.

Source: V. Valimaki, J. Liski, "Accurate cascade graphic equalizer" (IEEE Signal Processing Letters 24(2), 2017).
"""

from __future__ import annotations

import math
from typing import Any

from ddspgraph.dsp.numerics import TensorLike
from ddspgraph.dsp.sections import Section, amplitude, clipped, peaking_section
from ddspgraph.lazy import np, tf

#: The share of its decibels that a peak has at the next centre.
_LEAK = 0.3
#: The peaks that the matrix is made with, and how much what lies between the centres counts: both of the source.
_PROTOTYPE_DB, _BETWEEN = 17.0, 0.5
#: The largest gain that is asked for, and that of a peak, in dB.
_MOST_DB, _MOST_PEAK_DB = 24.0, 60.0
#: How often what is missing is taken back.
_TURNS = 2
#: Centres that are nearer count as so far apart, as g / g' - g' / g.
_NEAREST = 0.02
#: What keeps the matrix regular where two centres are one, as above Nyquist.
_RIDGE = 1e-4
#: Decibels of a neper.
_DB = 20.0 / math.log(10.0)
#: A band alone is an octave wide on either side.
_ALONE = 1.5


def graphic_sections(g: Any, gain_db: TensorLike, dtype: Any = "float32") -> list[Section]:
    """The peaks of a graphic equaliser.

    Args:
      g: of `warped`, the centres, float64 [batch or 1, 1, bands].
      gain_db: [batch or 1, samples or 1, bands], kept within 24 dB.
      dtype: float32 or float64.

    Returns:
      A section for each band, its fields [batch, samples or 1].
    """
    wanted = tf.cast(clipped(gain_db, -_MOST_DB, _MOST_DB), dtype)
    widths, distances = _widths(g), _distances(g)
    bands = g.shape[-1]
    prototype = tf.fill([1, 1, bands], tf.constant(_PROTOTYPE_DB, tf.float64))
    back, on_points = _taken_back(_levels(prototype, widths, distances) / _PROTOTYPE_DB, bands)
    g, widths, back = (tf.cast(x, dtype) for x in (g, widths, back))
    distances = [tf.cast(x, dtype) for x in distances]
    aims = tf.matmul(wanted, tf.constant(on_points.T, dtype))  # [.., points]
    gains = tf.matmul(aims, back)
    for _ in range(_TURNS):
        gains = clipped(gains, -_MOST_PEAK_DB, _MOST_PEAK_DB)
        reached = sum(_level(gains, widths, distances, band) for band in range(bands))
        gains += tf.matmul(aims - reached, back)
    gains = clipped(gains, -_MOST_PEAK_DB, _MOST_PEAK_DB)
    roots, k = amplitude(gains, dtype), widths * _narrowing(gains)
    return [peaking_section(g[..., i], k[..., i], roots[..., i]) for i in range(bands)]


def _widths(g: Any) -> Any:
    """How far the nearest centre is from each, as the peak's g / g' - g' / g there."""
    if g.shape[-1] == 1:
        return _ALONE + 0.0 * g
    ratio = g[..., 1:] / g[..., :-1]
    steps = tf.maximum(tf.abs(ratio - 1.0 / ratio), _NEAREST)
    return tf.minimum(tf.concat([steps[..., :1], steps], axis=-1), tf.concat([steps, steps[..., -1:]], axis=-1))


def _distances(g: Any) -> list[Any]:
    """For each band the squared distances of all points, the centres and then those between: [batch, 1, points]."""
    points = tf.concat([g, tf.sqrt(g[..., 1:] * g[..., :-1])], axis=-1)
    ratios = [points / g[..., i : i + 1] for i in range(g.shape[-1])]
    return [tf.square(ratio - 1.0 / ratio) for ratio in ratios]


def _narrowing(gain_db: Any) -> Any:
    """sqrt(sinh(c x) / sinh((1 - c) x)) of x nepers: leaves the share c of the decibels at a distance of `_widths`."""
    x = tf.abs(gain_db) / _DB
    some = tf.maximum(x, 0.01)
    small, large = (1.0 - tf.exp(-2.0 * share * some) for share in (_LEAK, 1.0 - _LEAK))
    exact = tf.exp((2.0 * _LEAK - 1.0) * some) * small / large
    near_0 = _LEAK / (1.0 - _LEAK) * (1.0 - (1.0 - 2.0 * _LEAK) * tf.square(gain_db / _DB) / 6.0)
    return tf.sqrt(tf.where(x < 0.01, near_0, exact))


def _level(gain_db: Any, widths: Any, distances: list[Any], band: int) -> Any:
    """What the peak of one band makes of all points, in dB: [batch, time, points]."""
    gain = gain_db[..., band : band + 1]
    squared = tf.square(widths[..., band : band + 1] * _narrowing(gain))
    change = tf.exp(gain / _DB)
    ratio = (distances[band] + squared * change) / (distances[band] + squared / change)
    # A logarithm in float64 is none of LiteRT's; what follows of its rounding is far below what the design leaves.
    return 0.5 * _DB * tf.cast(tf.math.log(tf.cast(ratio, tf.float32)), ratio.dtype)


def _levels(gain_db: Any, widths: Any, distances: list[Any]) -> Any:
    """[batch, bands, points]"""
    return tf.concat([_level(gain_db, widths, distances, band) for band in range(len(distances))], axis=1)


def _taken_back(made: Any, bands: int) -> tuple[Any, Any]:
    """The weighted pseudoinverse [batch, points, bands] of what peaks make [batch, bands, points]; and [points, bands],
    which makes aims of gains: those between are the means of their neighbours."""
    between = 0.5 * (np.eye(bands - 1, bands) + np.eye(bands - 1, bands, 1))
    weights = tf.constant([[1.0] * bands + [_BETWEEN] * (bands - 1)], made.dtype)
    weighted = made * weights[:, tf.newaxis]
    normal = tf.matmul(weighted, made, transpose_b=True) + tf.eye(bands, dtype=made.dtype) * _RIDGE
    rows = tf.concat([normal, weighted], axis=2)
    for i in range(bands):  # Gauss and Jordan; the matrix is positive definite, and not every runtime solves equations
        one = tf.constant(np.eye(bands)[i][None, :, None], made.dtype)
        row = rows[:, i : i + 1] / rows[:, i : i + 1, i : i + 1]
        rows -= (rows[:, :, i : i + 1] - one) * row
    return tf.linalg.matrix_transpose(rows[:, :, bands:]), np.concatenate([np.eye(bands), between])
