"""Earth mover's distance between sets of sinusoids: how far amplitude must move along the frequency axis."""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp.numerics import diff, tf_float32
from ddspgraph.dsp.units import hz_to_midi
from ddspgraph.lazy import tf


def wasserstein_distance(u_values: Any, v_values: Any, u_weights: Any, v_weights: Any, p: float = 1.0) -> tf.Tensor:
    """Distance of two weighted sets of points on a line, (integral |U(x) - V(x)|**p dx)**(1/p).

    U and V are the cumulative weights of the points up to x. Weights are taken as they are: of equal sums 1, and
    p = 1, this is the Wasserstein-1 distance (Ramdas, Garcia & Cuturi, 2015); otherwise the difference of the
    sums counts all the way from one set's points to the last point of both.

    Args:
      u_values: Shape [..., n_u].
      v_values: Shape [..., n_v].
      u_weights: Shape [..., n_u], not negative.
      v_weights: Shape [..., n_v], not negative.
      p: Order, above 0.

    Returns:
      Shape [...].

    Raises:
      ValueError: `p` is not above 0.
    """
    if not p > 0.0:
        raise ValueError(f"the order p must be above 0, not {p}")
    values = tf.concat([tf_float32(u_values), tf_float32(v_values)], axis=-1)
    steps = tf.concat([tf_float32(u_weights), -tf_float32(v_weights)], axis=-1)
    order = tf.argsort(values, axis=-1)
    # U - V is a staircase: after the i-th point in order it keeps one height up to the next point.
    widths = diff(tf.gather(values, order, batch_dims=-1, axis=-1))
    heights = tf.abs(tf.cumsum(tf.gather(steps, order, batch_dims=-1, axis=-1), axis=-1)[..., :-1])
    if p == 1.0:
        return tf.reduce_sum(heights * widths, axis=-1)
    return _power(tf.reduce_sum(_power(heights, p) * widths, axis=-1), 1.0 / p)


def wasserstein_consistency(amps_a: Any, freqs_a: Any, amps_b: Any, freqs_b: Any, *, midi: bool = True) -> tf.Tensor:
    """The mean over frames of the distance of two sets of sinusoids.

    Args:
      amps_a, freqs_a: Shape [batch, frames, sinusoids_a]; linear, Hz.
      amps_b, freqs_b: Shape [batch, frames, sinusoids_b].
      midi: Measure distances in semitones; otherwise in Hz.

    Returns:
      Scalar.
    """
    freqs_a, freqs_b = tf_float32(freqs_a), tf_float32(freqs_b)
    if midi:
        freqs_a, freqs_b = hz_to_midi(freqs_a), hz_to_midi(freqs_b)
    return tf.reduce_mean(wasserstein_distance(freqs_a, freqs_b, amps_a, amps_b))


def _power(x: tf.Tensor, exponent: float) -> tf.Tensor:
    """x**exponent of x >= 0 whose gradient is 0 at 0, where that of exponents below 1 is infinite."""
    positive = x > 0.0
    return tf.where(positive, tf.where(positive, x, 1.0) ** exponent, 0.0)
