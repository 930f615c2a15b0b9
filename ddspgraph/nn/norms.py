"""Normalization over time and channels: by layer, by instance, or by groups of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.layers import dense

#: Groups of channels of `group`, where there are as many channels (Wu & He 2018, section 3).
N_GROUPS = 32


def normalize(x: tf.Tensor, norm_type: str = "layer", epsilon: float = 1e-5) -> tf.Tensor:
    """Mean 0 and variance 1 of each item over time and the channels of a group.

    >>> dg.nn.normalize(tf.constant([[[1.0], [3.0]]]), "instance", epsilon=0.0)[0, :, 0].numpy()
    array([-1.,  1.], dtype=float32)

    Args:
      x: Shape [batch, time, channels] or [batch, time, bands, channels]; bands count as time does.
      norm_type: "layer", all channels are one group (Ba et al. 2016); "instance", each is one
        (Ulyanov et al. 2016); "group", 32 of them (Wu & He 2018).
      epsilon: Added to the variance.
    """
    channels = x.shape[-1]
    if channels is None:
        raise ValueError("normalize: the number of channels must be known")
    groups = {"layer": 1, "instance": channels, "group": min(N_GROUPS, channels)}[norm_type]
    if channels % groups:
        raise ValueError(f"normalize: {channels} channels are not a multiple of {groups} groups")
    grouped = tf.reshape(x, [tf.shape(x)[0], -1, groups, channels // groups])
    mean, variance = tf.nn.moments(grouped, axes=[1, 3], keepdims=True)
    y = tf.reshape((grouped - mean) * tf.math.rsqrt(variance + epsilon), tf.shape(x))
    y.set_shape(x.shape)
    return y


def scale_and_shift(x: tf.Tensor, weights: Mapping[str, Any], norm_type: str | None = "layer") -> tf.Tensor:
    """`normalize` unless norm_type is None, then times `scale` and plus `shift`, one number a channel.

    >>> weights = {"scale": [2.0], "shift": [1.0]}
    >>> dg.nn.scale_and_shift(tf.constant([[[1.0], [3.0]]]), weights, None)[0, :, 0].numpy()
    array([3., 7.], dtype=float32)
    """
    y = x if norm_type is None else normalize(x, norm_type)
    return y * weights["scale"] + weights["shift"]


def conditional_norm(
    x: tf.Tensor,
    z: tf.Tensor,
    weights: Mapping[str, Any],
    norm_type: str | None = "instance",
    shift_only: bool = False,
) -> tf.Tensor:
    """`normalize`, then scale and shift that a dense layer makes of `z` (FiLM: Perez et al. 2018).

    >>> weights = {"kernel": tf.zeros([5, 6]), "bias": tf.ones([6])}
    >>> dg.nn.conditional_norm(tf.zeros([2, 10, 3]), tf.zeros([2, 1, 5]), weights).shape
    TensorShape([2, 10, 3])

    Args:
      x: Shape [batch, time, channels] or [batch, time, bands, channels].
      z: Shape [batch, time or 1, n] or [batch, time or 1, 1, n].
      weights: `kernel` [n, 2 * channels], `bias`; [n, channels] with shift_only.
      norm_type: As of `normalize`; None: no normalization.
      shift_only: Leave the scale at 1.
    """
    if norm_type is not None:
        x = normalize(x, norm_type)
    control = dense(z, weights)
    if shift_only:
        return x + control
    scale, shift = tf.split(control, 2, axis=-1)
    return x * scale + shift
