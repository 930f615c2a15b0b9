"""Nonlinearities that turn raw network outputs into amplitudes and frequencies.

Those that `scaling` names keep float64 tensors, which positions in a delay line are made of.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ddspgraph.dsp.numerics import TensorLike, tf_float, tf_float32
from ddspgraph.dsp.units import bark_to_hz, hz_to_bark, hz_to_erb, hz_to_mel, mel_to_hz, unit_to_hz
from ddspgraph.lazy import tf


def exp_sigmoid(x: TensorLike, exponent: float = 10.0, max_value: float = 2.0, threshold: float = 1e-7) -> tf.Tensor:
    """max_value * sigmoid(x) ** ln(exponent) + threshold: a positive amplitude (Engel et al., ICLR 2020, B.5).

    The power is taken as exp(ln(exponent) * ln(sigmoid(x))), whose gradient is finite for every x.

    >>> dg.dsp.exp_sigmoid([-2.0, 0.0, 2.0]).numpy()
    array([0.0149, 0.4054, 1.4931], dtype=float32)
    """
    log_sigmoid = tf.math.log_sigmoid(tf_float(x))
    return max_value * tf.exp(math.log(exponent) * log_sigmoid) + threshold


def sym_exp_sigmoid(x: TensorLike, width: float = 8.0) -> tf.Tensor:
    """exp_sigmoid(width * (|x| / 2 - 1)): an even function of x, nearly 0 at 0 and nearly 2 for large |x|.

    >>> dg.dsp.sym_exp_sigmoid([-4.0, 0.0, 4.0]).numpy()
    array([1.9985, 0.    , 1.9985], dtype=float32)
    """
    return exp_sigmoid(width * (tf.abs(tf_float(x)) / 2.0 - 1.0))


def sigmoid(x: TensorLike) -> tf.Tensor:
    """1 / (1 + exp(-x)).

    >>> dg.dsp.sigmoid([0.0, 2.0]).numpy()
    array([0.5   , 0.8808], dtype=float32)
    """
    return tf.math.sigmoid(tf_float(x))


def tanh(x: TensorLike) -> tf.Tensor:
    """Hyperbolic tangent.

    >>> dg.dsp.tanh([0.0, 1.0]).numpy()
    array([0.    , 0.7616], dtype=float32)
    """
    return tf.math.tanh(tf_float(x))


def softplus(x: TensorLike) -> tf.Tensor:
    """ln(1 + exp(x)).

    >>> dg.dsp.softplus([0.0, 10.0]).numpy()
    array([ 0.6931, 10.    ], dtype=float32)
    """
    return tf.math.softplus(tf_float(x))


def soft_limit(x: TensorLike, x_min: float = 0.0, x_max: float = 1.0) -> tf.Tensor:
    """Limits x to (x_min, x_max) smoothly with a softplus at each side.

    y = x_min + softplus(x) - softplus(x - (x_max - x_min)); note that x is measured from the lower limit.

    >>> dg.dsp.soft_limit([-10.0, 0.5, 20.0]).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    x = tf_float32(x)
    return x_min + tf.math.softplus(x) - tf.math.softplus(x - (x_max - x_min))


def _with_depth_axis(freqs: TensorLike, depth: int) -> tf.Tensor:
    """[batch, frames, n * depth] -> [batch, frames, n, depth]; any other rank already ends in the depth axis."""
    freqs = tf_float32(freqs)
    if freqs.shape.rank != 3:
        return freqs
    channels = freqs.shape[-1]
    if channels is not None and channels % depth:
        raise ValueError(
            f"{channels} channels can't be shared by frequencies of depth {depth}: {channels} % {depth} != 0"
        )
    shape = tf.shape(freqs)
    return tf.reshape(freqs, [shape[0], shape[1], -1 if channels is None else channels // depth, depth])


def _four_axes(x: tf.Tensor) -> tf.Tensor:
    """Adds leading axes of size 1 up to rank 4."""
    return x[(tf.newaxis,) * max(0, 4 - (x.shape.rank or 4))]


def frequencies_softmax(freqs: TensorLike, depth: int = 1, hz_min: float = 20.0, hz_max: float = 8000.0) -> tf.Tensor:
    """The pitch of each frequency is the mean of `depth` pitches, equally spaced, weighted by a softmax.

    >>> dg.dsp.frequencies_softmax([[[0.0, 0.0, 0.0, 9.0]]], depth=2).numpy()
    array([[[ 400.0001, 7994.092 ]]], dtype=float32)

    Args:
      freqs: Raw values, [batch, frames, n * depth] or [batch, frames, n, depth].
      depth: Pitches that each frequency is a mean of.
      hz_min, hz_max: The lowest and the highest of them.

    Returns:
      Frequencies in Hz, [batch, frames, n].

    Raises:
      ValueError: The channels are no multiple of `depth`.
    """
    weights = tf.nn.softmax(_four_axes(_with_depth_axis(freqs, depth)), axis=-1)
    units = tf.linspace(0.0, 1.0, tf.shape(weights)[-1])
    return unit_to_hz(tf.reduce_sum(weights * units, axis=-1), hz_min, hz_max)


def frequencies_sigmoid(freqs: TensorLike, depth: int = 1, hz_min: float = 0.0, hz_max: float = 8000.0) -> tf.Tensor:
    """Each frequency is a sum of `depth` sigmoids in pitch, each over a smaller range than the one before.

    With R = hz_max - hz_min and s = R ** (1 / depth), the sigmoids but the last take the share 1 - 1 / s of
    what the ones before left of R, from 0 Hz up; the last goes from hz_min to what is left. The highest sum is R:
    as in magenta/ddsp, a positive hz_min makes the range end that much below hz_max.

    >>> dg.dsp.frequencies_sigmoid([[[-9.0, 9.0]]]).numpy()
    array([[[   8.1827, 7993.2036]]], dtype=float32)

    Args:
      freqs: Raw values, [batch, frames, n * depth] or [batch, frames, n, depth].
      depth: Sigmoids of each frequency.
      hz_min, hz_max: Range of the sum.

    Returns:
      Frequencies in Hz, [batch, frames, n].

    Raises:
      ValueError: The channels are no multiple of `depth`.
    """
    levels = tf.unstack(tf.math.sigmoid(_with_depth_axis(freqs, depth)), axis=-1)
    depth = len(levels)
    shrink = (hz_max - hz_min) ** (1.0 / depth)
    left_hz, total_hz = hz_max - hz_min, 0.0
    for level in levels[:-1]:
        share_hz = left_hz * (1.0 - 1.0 / shrink)
        total_hz += unit_to_hz(level, 0.0, share_hz)
        left_hz -= share_hz
    return total_hz + unit_to_hz(levels[-1], hz_min, left_hz)


def frequencies_critical_bands(
    freqs: TensorLike,
    depth: int = 1,
    depth_scale: float = 10.0,
    bandwidth_scale: float = 1.0,
    hz_min: float = 20.0,
    hz_max: float = 8000.0,
    scale: str = "bark",
) -> tf.Tensor:
    """Frequencies that each move around a centre, by up to a critical bandwidth.

    f = soft_limit(c + bandwidth_scale * erb(c) * sum over d of tanh(x[d]) / depth_scale ** d, hz_min, hz_max);
    the centres c are equally spaced from hz_min to hz_max on the bark or mel scale.

    >>> dg.dsp.frequencies_critical_bands([[[0.0, 0.0, 0.0]]]).shape
    TensorShape([1, 1, 3])

    Args:
      freqs: Raw values, [batch, frames, n * depth] or [batch, frames, n, depth].
      depth: Values x of each frequency, from coarse to fine.
      depth_scale: Ratio of one fineness to the next.
      bandwidth_scale: Factor of the bandwidths.
      hz_min, hz_max: Range of the centres and of the result.
      scale: 'bark'; any other name is mel.

    Returns:
      Frequencies in Hz, [batch, frames, n].

    Raises:
      ValueError: The channels are no multiple of `depth`.
    """
    offsets = tf.math.tanh(_four_axes(_with_depth_axis(freqs, depth)))
    fineness = depth_scale ** -tf.range(tf.cast(tf.shape(offsets)[-1], tf.float32))
    to_scale, from_scale = (hz_to_bark, bark_to_hz) if scale == "bark" else (hz_to_mel, mel_to_hz)
    centers_hz = from_scale(tf.linspace(to_scale(hz_min), to_scale(hz_max), tf.shape(offsets)[-2]))
    width_hz = bandwidth_scale * hz_to_erb(centers_hz)
    hz = centers_hz + width_hz * tf.reduce_sum(offsets * fineness, axis=-1)
    return soft_limit(hz, hz_min, hz_max)


def _identity(x: TensorLike) -> tf.Tensor:
    return tf_float(x)


_SCALINGS: dict[str, Callable[..., tf.Tensor]] = {
    "exp_sigmoid": exp_sigmoid,
    "sym_exp_sigmoid": sym_exp_sigmoid,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softplus": softplus,
    "relu": lambda x: tf.nn.relu(tf_float(x)),
}


def scaling(name: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """The scaling function of that name; a callable is returned as it is, None is the identity.

    >>> float(dg.dsp.scaling("sigmoid")(0.0))
    0.5

    Raises:
      ValueError: No scaling has that name; the message lists them.
    """
    if name is None:
        return _identity
    if callable(name):
        return name
    if name not in _SCALINGS:
        raise ValueError(f"scaling {name!r} is unknown; there are {', '.join(_SCALINGS)} and None")
    return _SCALINGS[name]
