"""Filter sections in the coordinates of the trapezoidal state variable filter: what cutoffs, Q and gains make of them.

A section of two states has the recursion

    v1 = c1 s1 + c2 (x - s2)        c1 = 1 / (1 + g (g + k)), c2 = g c1, c3 = g c2
    v2 = s2 + c2 s1 + c3 (x - s2)
    s1' = 2 v1 - s1, s2' = 2 v2 - s2
    y = direct x + band v1 + low v2

with g = tan(pi f / sample_rate) and k = 1 / Q; one of a single state (k is None) is v = s + g / (1 + g) (x - s),
s' = 2 v - s, y = direct x + low v. All types are the bilinear transforms of the analogue prototypes, warped so that
they meet at f: those of R. Bristow-Johnson's Audio EQ Cookbook, in other coordinates. In these a low cutoff is a small
g, not a difference of numbers near 1: float32 holds it exactly.

Sources: V. Zavalishin, The Art of VA Filter Design (2018), chapters 3 to 5; A. Simper, "Solving the continuous SVF
equations using trapezoidal integration" (Cytomic, 2013); R. Bristow-Johnson, Audio EQ Cookbook.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

from ddspgraph.dsp.numerics import TensorLike, tf_float, tf_float32
from ddspgraph.lazy import np, tf

#: Frequencies of filters, as shares of the sample rate; below and above, the nearest is taken.
LOWEST, HIGHEST = 1e-6, 0.499
#: The range of Q.
LOWEST_Q, HIGHEST_Q = 0.01, 1000.0
#: The largest boost and cut of an equaliser's band, in dB.
MOST_DB = 120.0
#: The Q of a Butterworth filter of two states.
BUTTERWORTH_Q = math.sqrt(0.5)
#: How far from the unit circle given poles are kept, in the coefficients.
MARGIN = 1e-7
#: The smallest denominator at 0 Hz and at Nyquist: what is left of smaller ones is rounding.
_SMALLEST = 1e-12
_NEPERS_PER_DB = math.log(10.0) / 40.0


class Section(NamedTuple):
    """One section. All fields are numbers, or tensors [batch, 1] or [batch, samples]; `k` None: one state."""

    g: Any
    k: Any
    direct: Any
    band: Any
    low: Any

    @property
    def order(self) -> int:
        return 1 if self.k is None else 2


def clipped(x: TensorLike, low: float, high: float) -> tf.Tensor:
    """x within bounds; the gradient beyond them passes as if x were inside, so that training can bring it back."""
    x = tf.clip_by_value(tf_float(x), -1e30, 1e30)  # what is infinite has no gradient
    return tf.clip_by_value(tf.stop_gradient(x), low, high) + (x - tf.stop_gradient(x))


def warped(frequency_hz: TensorLike, sample_rate: float, dtype: Any = "float32") -> Any:
    """g = tan(pi f / sample_rate), f between 1e-6 and 0.499 of the rate; of numbers and arrays a float64 array."""
    if _is_plain(frequency_hz):
        return np.tan(math.pi / sample_rate * np.clip(frequency_hz, LOWEST * sample_rate, HIGHEST * sample_rate))
    f = clipped(tf_float32(frequency_hz), LOWEST * sample_rate, HIGHEST * sample_rate)
    angle = (math.pi / sample_rate) * tf.cast(f, dtype)
    return tf.sin(angle) / tf.cos(angle)  # not every runtime has a tangent


def damping(q: TensorLike, dtype: Any = "float32") -> Any:
    """k = 1 / Q, Q between 0.01 and 1000; of numbers and arrays a float64 array."""
    if _is_plain(q):
        return 1.0 / np.clip(q, LOWEST_Q, HIGHEST_Q)
    return 1.0 / tf.cast(clipped(tf_float32(q), LOWEST_Q, HIGHEST_Q), dtype)


def amplitude(gain_db: TensorLike, dtype: Any = "float32") -> Any:
    """A of the Audio EQ Cookbook: the square root of the gain, up to 120 dB; of numbers and arrays a float64 array."""
    if _is_plain(gain_db):
        return np.exp(_NEPERS_PER_DB * np.clip(gain_db, -MOST_DB, MOST_DB))
    return tf.exp(_NEPERS_PER_DB * tf.cast(clipped(tf_float32(gain_db), -MOST_DB, MOST_DB), dtype))


def _is_plain(x: TensorLike) -> bool:
    """Whether this is for who asks what a filter does before there are tensors."""
    return isinstance(x, (int, float, np.ndarray))


def polynomials(section: Section) -> tuple[list[float], list[float]]:
    """Numerator and denominator in z^-1 of a section of numbers; the first of the denominator is 1."""
    g, k, direct, band, low = (None if x is None else float(np.ravel(x)[0]) for x in section)
    assert g is not None
    assert direct is not None
    assert low is not None
    if k is None:
        a = np.array([1.0 + g, g - 1.0])
        b = direct * a + low * g * np.array([1.0, 1.0])
    else:
        a = np.array([1.0 + g * (g + k), 2.0 * (g * g - 1.0), 1.0 + g * (g - k)])
        b = direct * a + (band or 0.0) * g * np.array([1.0, 0.0, -1.0]) + low * g * g * np.array([1.0, 2.0, 1.0])
    return list(b / a[0]), list(a / a[0])


def butterworth_dampings(order: int) -> list[float]:
    """k of the sections of two states of a Butterworth filter, the flattest first."""
    return [2.0 * math.cos(math.pi * (i + 0.5 + 0.5 * (order % 2)) / order) for i in range(order // 2)]


def pass_sections(g: Any, order: int, scale: Any = None, *, high: bool = False) -> list[Section]:
    """Low- or high-pass of a Butterworth's dampings, times `scale` where that is given."""
    sections = [Section(g, None, 1.0, 0.0, -1.0) if high else Section(g, None, 0.0, 0.0, 1.0)] * (order % 2)
    for butterworth in butterworth_dampings(order):
        k = butterworth if scale is None else butterworth * scale
        sections.append(Section(g, k, 1.0, -k, -1.0) if high else Section(g, k, 0.0, 0.0, 1.0))
    return sections


def turning_sections(g: Any, order: int) -> list[Section]:
    """The all-pass that low- and high-pass of a crossover make together, of a Butterworth's dampings."""
    first = [Section(g, None, -1.0, 0.0, 2.0)] * (order % 2)
    return [*first, *(Section(g, k, 1.0, -2.0 * k, 0.0) for k in butterworth_dampings(order))]


def peaking_section(g: Any, k: Any, a: Any) -> Section:
    """Boost or cut around a frequency by a * a."""
    return Section(g, k / a, 1.0, (k / a) * (a * a - 1.0), 0.0)


def shelf_section(g: Any, k: Any, a: Any, root_a: Any, *, high: bool = False) -> Section:
    """Boost or cut below a frequency, or above it, by a * a; `root_a` is the square root of a."""
    if high:
        return Section(g * root_a, k, a * a, k * (1.0 - a) * a, 1.0 - a * a)
    return Section(g / root_a, k, 1.0, k * (a - 1.0), a * a - 1.0)


def polynomial_section(b: Any, a: Any) -> Section:
    """(b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2), the poles kept inside the unit circle.

    Args:
      b, a: float64 [batch, 1, 3] and [batch, 1, 2].
    """
    a2 = clipped(a[..., 1], MARGIN - 1.0, 1.0 - MARGIN)
    most = (1.0 - MARGIN) * (1.0 + a2)
    a1 = a[..., 0] + tf.stop_gradient(tf.clip_by_value(a[..., 0], -most, most) - a[..., 0])
    b0, b1, b2 = b[..., 0], b[..., 1], b[..., 2]
    at_dc, at_nyquist = tf.maximum(1.0 + a1 + a2, _SMALLEST), tf.maximum(1.0 - a1 + a2, _SMALLEST)
    den = 4.0 / at_nyquist
    g = tf.sqrt(at_dc / at_nyquist)
    k = (1.0 - a2) * den / (2.0 * g)
    high = den * (b0 - b1 + b2) / 4.0
    low = den * (b0 + b1 + b2) / (4.0 * g * g)
    return Section(g, k, high, den * (b0 - b2) / (2.0 * g) - k * high, low - high)


def spread_gains(sections: Any) -> tf.Tensor:
    """Second-order sections [batch, sections, 6] with their gain spread evenly, as float32 needs it; a0 becomes 1.

    SciPy puts all of a filter's gain, 1e-12 or less, into the first section. An a0 of 0 is none, and counts as 1.
    """
    a0 = sections[..., 3:4]
    a0 = tf.where(a0 == 0.0, tf.ones_like(a0), a0)
    numerators, denominators = sections[..., :3] / a0, sections[..., 4:] / a0
    largest = tf.reduce_max(tf.abs(tf.cast(numerators, tf.float32)), axis=-1, keepdims=True)
    size = tf.stop_gradient(tf.where(largest > 0.0, largest, tf.ones_like(largest)))
    even = tf.exp(tf.reduce_mean(tf.math.log(size), axis=1, keepdims=True))
    first, *others = tf.split(tf.cast(even / size, sections.dtype), sections.shape[1], axis=1)
    change = tf.concat([1.0 / functools.reduce(tf.multiply, others, tf.ones_like(first)), *others], axis=1)
    return tf.concat([numerators * change, tf.ones_like(change), denominators], axis=-1)
