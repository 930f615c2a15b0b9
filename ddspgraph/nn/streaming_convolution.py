"""Dilated convolutions of a stream: each keeps what it has seen, and lags what it must wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.convolution import spectrally_normalized
from ddspgraph.nn.norms import conditional_norm, scale_and_shift
from ddspgraph.nn.shapes import product
from ddspgraph.nn.weights import part


def dilated_conv_stream(
    state: Mapping[str, tf.Tensor],
    x: tf.Tensor,
    z: tf.Tensor | None,
    weights: Mapping[str, Any],
    first_frame: Any,
    reaches: Mapping[str, tuple[int, int, int]],
    shift_only: bool,
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """A block of `dilated_conv_stack` without norms over time and without resampling.

    Args:
      state: Of every convolution, by its name, the frames before, `x_...` for what goes round it and `z_...` for the
        conditioning that comes after it.
      x: [batch, frames, n_in].
      z: [batch, frames or 1, n_z], or None; it changes where `state` holds a past of it.
      weights: As of `dilated_conv_stack`.
      first_frame: The number of the first frame of x, int64.
      reaches: By the name of the convolution, in order: dilation, frames before and frames after its own.
      shift_only: With z: shift, no scale.

    Returns:
      The next state, and [batch, frames, ch], later by the sum of all frames after.
    """
    after: dict[str, tf.Tensor] = {}
    lag = 0

    def convolved(name: str, y: tf.Tensor) -> tf.Tensor:
        nonlocal lag
        w = part(weights, name)
        w = spectrally_normalized(w) if "u" in w else w
        frames = tf.shape(y)[1]
        begun = tf.cast(first_frame - lag + tf.range(tf.cast(frames, tf.int64)) >= 0, tf.float32)
        joined = tf.concat([state[name], y * begun[:, tf.newaxis]], axis=1)
        after[name] = joined[:, frames:]
        dilation, _, ahead = reaches[name]
        lag += ahead
        taps = w["kernel"].shape[0]
        columns = tf.concat([joined[:, i * dilation : i * dilation + frames] for i in range(taps)], axis=-1)
        columns.set_shape([None, None, taps * w["kernel"].shape[2]])
        return product(columns, tf.reshape(w["kernel"], [columns.shape[-1], -1])) + w["bias"]

    def late(name: str, y: tf.Tensor) -> tf.Tensor:
        if name not in state:
            return y
        joined = tf.concat([state[name], y], axis=1)
        frames = tf.shape(y)[1]
        after[name] = joined[:, frames:]
        return joined[:, :frames]

    y = x
    for name in reaches:
        branch = convolved(name, y if name == "conv_in" else tf.nn.relu(y))
        z = None if z is None else late(f"z_{name}", z)
        if name == "conv_in":
            y = branch
            continue
        norm = part(weights, name.replace("conv", "norm"))
        y = late(f"x_{name}", y)
        y += scale_and_shift(branch, norm, None) if z is None else conditional_norm(branch, z, norm, None, shift_only)
    return after, y
