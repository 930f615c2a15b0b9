"""Stacks of dilated convolutions over time with residual connections (after van den Oord et al. 2016, WaveNet)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.convolution import conv, conv_transpose, spectrally_normalized
from ddspgraph.nn.norms import conditional_norm, scale_and_shift
from ddspgraph.nn.weights import part


def dilated_conv_stack(
    x: tf.Tensor,
    z: tf.Tensor | None,
    weights: Mapping[str, Any],
    *,
    layers_per_stack: int,
    stacks: int,
    dilation: int,
    norm_type: str | None,
    resample_type: str | None = None,
    resample_stride: int = 1,
    stacks_per_resample: int = 1,
    resample_after_convolve: bool = True,
    shift_only: bool = False,
) -> tf.Tensor:
    """x <- conv(x), then for every layer x <- x + norm(conv_d(relu(x))), d = dilation ** (layer in its stack).

    Args:
      x: Shape [batch, time, n_in].
      z: Conditioning of the norms, [batch, time or 1, n_z], or None.
      weights: `conv_in_kernel`, `conv_1_kernel`, ..., `norm_1_scale`, ..., `resample_1_kernel`, ...; a kernel that
        has a vector `u` beside it is divided by its largest singular value.
      layers_per_stack: Layers whose dilations grow.
      stacks: How often they begin anew.
      dilation: Base of the dilations.
      norm_type: As of `normalize`; with `z` None means no normalization before scale and shift.
      resample_type: "upsample", "downsample" or None.
      resample_stride: Factor of every resampling.
      stacks_per_resample: Stacks from one resampling to the next.
      resample_after_convolve: Resample after those stacks, not before them.
      shift_only: With `z`: shift, no scale.

    Returns:
      [batch, time', ch].
    """
    y = _conv(x[:, :, None, :], part(weights, "conv_in"))
    control = None if z is None else z[:, :, None, :]
    for stack in range(stacks):
        resamples = resample_type is not None and stack % stacks_per_resample == 0
        resampler = part(weights, f"resample_{stack // stacks_per_resample + 1}")
        if resamples and not resample_after_convolve:
            y = _resample(y, resampler, str(resample_type), resample_stride)
        for layer in range(layers_per_stack):
            number = stack * layers_per_stack + layer + 1
            branch = _conv(tf.nn.relu(y), part(weights, f"conv_{number}"), dilation**layer if dilation > 0 else 1)
            norm = part(weights, f"norm_{number}")
            if control is None:
                y = y + scale_and_shift(branch, norm, norm_type)
            else:
                y = y + conditional_norm(branch, control, norm, norm_type, shift_only)
        if resample_type is not None and resample_after_convolve and (stack + 1) % stacks_per_resample == 0:
            y = _resample(y, resampler, resample_type, resample_stride)
    return y[:, :, 0, :]


def _conv(x: tf.Tensor, weights: Mapping[str, Any], dilation: int = 1) -> tf.Tensor:
    return conv(x, spectrally_normalized(weights) if "u" in weights else weights, dilation=dilation)


def _resample(x: tf.Tensor, weights: Mapping[str, Any], kind: str, stride: int) -> tf.Tensor:
    if kind == "upsample":
        return conv_transpose(x, weights, stride)
    return conv(x, weights, strides=(stride, 1))
