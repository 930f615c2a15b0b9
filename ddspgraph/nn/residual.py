"""A residual network over a spectrogram, with norms before the convolutions (He et al. 2016, "Identity Mappings")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.convolution import conv, max_pool
from ddspgraph.nn.norms import conditional_norm, scale_and_shift
from ddspgraph.nn.weights import part


def resnet(
    x: tf.Tensor,
    z: tf.Tensor | None,
    weights: Mapping[str, Any],
    *,
    blocks: Sequence[Sequence[int]],
    norm_type: str,
    shift_only: bool = False,
) -> tf.Tensor:
    """Convolution and pooling, then stacks of bottleneck layers that halve the bands, never the frames.

    Args:
      x: Shape [batch, time, bands, channels].
      z: Conditioning of each layer's first norm, [batch, time or 1, 1, n_z], or None.
      weights: `conv_in_kernel`, `layer_1_norm_scale`, `layer_1_proj_kernel`, `layer_1_conv_1_kernel`, ...,
        `norm_out_1_scale`, ...
      blocks: Layers of every width, group by group; a group ends in norm and relu.
      norm_type: As of `normalize`.
      shift_only: With `z`: shift, no scale.

    Returns:
      [batch, time, bands / 32, channels of the widest].
    """
    y = conv(x, part(weights, "conv_in"), strides=(1, 2))
    y = max_pool(y, (1, 3), (1, 2))
    number, is_first_width = 0, True
    for group, widths in enumerate(blocks, 1):
        for layers in widths:
            for layer in range(layers):
                number += 1
                stride = 2 if layer == 0 and not is_first_width else 1
                y = _bottleneck(y, z, part(weights, f"layer_{number}"), stride, norm_type, shift_only)
            is_first_width = False
        y = tf.nn.relu(scale_and_shift(y, part(weights, f"norm_out_{group}"), norm_type))
    return y


def _bottleneck(
    x: tf.Tensor, z: tf.Tensor | None, weights: Mapping[str, Any], stride: int, norm_type: str, shift_only: bool
) -> tf.Tensor:
    """y = shortcut + conv1x1(conv3x3(conv1x1(relu(norm(x))))), with relu and norm before every convolution."""
    norm = part(weights, "norm")
    y = scale_and_shift(x, norm, norm_type) if z is None else conditional_norm(x, z, norm, norm_type, shift_only)
    y = tf.nn.relu(y)
    projection = part(weights, "proj")
    shortcut = conv(y, projection, strides=(1, stride)) if projection else x
    y = conv(y, part(weights, "conv_1"))
    for i, strides in ((2, (1, stride)), (3, (1, 1))):
        y = tf.nn.relu(scale_and_shift(y, part(weights, f"norm_{i}"), norm_type))
        y = conv(y, part(weights, f"conv_{i}"), strides=strides)
    return shortcut + y
