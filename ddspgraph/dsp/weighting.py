"""Filters that weigh frequencies as listeners do, for losses and meters: A-weighting, pre-emphasis."""

from __future__ import annotations

import functools
from typing import Any

from ddspgraph.dsp.sections import Section, pass_sections, polynomials, warped
from ddspgraph.lazy import np, tf

#: The poles of A-weighting in Hz: IEC 61672-1, annex E. The first and the last are double.
A_POLES_HZ = (20.598997, 107.65265, 737.86223, 12194.217)
#: Poles of the highest band, where a filter of a sample rate must bend to end at Nyquist as the analogue curve goes on.
_EXTRA_POLES = (-0.6, -0.93)
#: Frequencies at which the highest band is fitted.
_N_FREQUENCIES = 400


def a_weighting_gain(hz: Any) -> Any:
    """12194**2 f**4 / ((f**2 + 20.6**2) sqrt((f**2 + 107.7**2) (f**2 + 737.9**2)) (f**2 + 12194**2)), float64.

    At 1 kHz it is -2.00 dB.

    >>> float(np.round(20 * np.log10(dg.dsp.a_weighting_gain(1000.0)), 2))
    -2.0

    Source: IEC 61672-1, annex E.
    """
    square = np.asarray(hz, np.float64) ** 2
    f1, f2, f3, f4 = (f**2 for f in A_POLES_HZ)
    return f4 * square**2 / ((square + f1) * np.sqrt((square + f2) * (square + f3)) * (square + f4))


@functools.lru_cache(maxsize=8)
def a_weighting_polynomials(sample_rate: float) -> tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]:
    """Numerators and denominators in z^-1 of a filter that is A-weighting, 0 dB at 1 kHz.

    The three low poles are high-passes by the bilinear transform. That would pull the curve above 12 kHz to zero at
    Nyquist; in its place |H|**2 of the highest band, a ratio of polynomials in u = sin(w / 2)**2, has the poles of the
    curve, two more near Nyquist, and a numerator by least squares of the relative error, whose roots u are the zeros
    z + 1 / z = 2 - 4 u inside of the unit circle. From 10 Hz to Nyquist the error is at most 0.05 dB at 16 kHz and
    above, 0.1 dB at 8 kHz.

    >>> len(dg.dsp.a_weighting_polynomials(48000.0))  # sections of second order
    4
    """
    low_hz, *middle_hz, high_hz = A_POLES_HZ
    double = Section(warped(low_hz, sample_rate), 2.0, 1.0, -2.0, -1.0)
    middle = [polynomials(pass_sections(warped(f, sample_rate), 1, high=True)[0]) for f in middle_hz]
    found = [polynomials(double), tuple(np.convolve(*ends) for ends in zip(*middle, strict=True))]

    angle = np.pi * 0.5 * (1.0 - np.cos(np.pi * np.arange(1, _N_FREQUENCIES) / _N_FREQUENCIES))
    z = np.exp(-1j * angle)
    wanted = a_weighting_gain(angle * sample_rate / (2.0 * np.pi)) / a_weighting_gain(1000.0)
    for b, a in found:
        wanted = wanted / np.abs(np.polyval(b[::-1], z) / np.polyval(a[::-1], z))
    p = np.exp(-2.0 * np.pi * high_hz / sample_rate)
    poles = np.array([p, _EXTRA_POLES[0], p, _EXTRA_POLES[1]])
    u = np.sin(0.5 * angle) ** 2
    target = wanted**2 * np.abs(np.polyval(np.poly(poles), np.conj(z))) ** 2
    powers = u[:, None] ** np.arange(len(poles) + 1)
    numerator = np.linalg.lstsq(powers / target[:, None], np.ones_like(u), rcond=None)[0]
    zeros = [_inside(root) for root in np.roots(numerator[::-1])]
    zeros.sort(key=lambda zero: (abs(zero.imag) < 1e-12, zero.real, zero.imag))  # conjugates side by side
    scale = np.sqrt(numerator[0]) / abs(np.prod(1.0 - np.array(zeros)))
    for i in (0, 2):
        b = np.real(np.poly(zeros[i : i + 2])) * (scale if i == 0 else 1.0)
        found.append((list(b), list(np.poly(poles[i : i + 2]))))
    return tuple((tuple(map(float, b)), tuple(map(float, a))) for b, a in found)


def _inside(u: complex) -> complex:
    """The z inside of the unit circle of z + 1 / z = 2 - 4 u."""
    both = np.roots([1.0, 4.0 * u - 2.0, 1.0])
    return complex(both[np.argmin(np.abs(both))])


def pre_emphasis(x: tf.Tensor, coefficient: Any, before: tf.Tensor) -> tf.Tensor:
    """y[n] = x[n] - c x[n-1].

    >>> dg.dsp.pre_emphasis(tf.constant([[1.0, 1.0, 2.0]]), 0.5, tf.constant([[0.0]])).numpy()
    array([[1. , 0.5, 1.5]], dtype=float32)

    Args:
      x: Shape [batch, samples].
      coefficient: c; a number, [batch, 1] or [batch, samples].
      before: The sample before the first, [batch, 1].
    """
    return x - coefficient * tf.concat([before, x], axis=1)[:, :-1]
