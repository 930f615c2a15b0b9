"""Changing the rate of controls: frames to samples, by hold, line, cubic or overlapping windows."""

from __future__ import annotations

import math
from typing import TypeAlias

from ddspgraph.dsp.frame_grid import FrameGrid, NearestGrid, float32_positions, plain_size
from ddspgraph.dsp.numerics import TensorLike, tf_float32
from ddspgraph.dsp.sizes import Size, size_of
from ddspgraph.lazy import tf

METHODS = ("nearest", "linear", "cubic", "window")
#: Free parameter of the cubic convolution kernel (Keys, IEEE ASSP 29 (1981), 1153-1160), and the table size
#: to which TensorFlow's image kernel rounds the position between two frames.
_CUBIC_A, _CUBIC_STEPS = -0.75, 1024.0

#: How a sample mixes frames: (offset of the frame from the sample's own frame, weight [frames or 1, slots]).
Blend: TypeAlias = "list[tuple[int, tf.Tensor]]"


def grid_and_blend(n_frames: Size, n_samples: Size, method: str) -> tuple[FrameGrid, Blend]:
    """The grid of blocks of a resampling method, and the weights with which its samples mix frames.

    The frame after the last one repeats it (the `add_endpoint` of `resample`).

    Raises:
      ValueError: Unknown method; 'window' with a number of samples that is no multiple of the frames, if both
        are known while tracing. (Where they are not, the windows stretch to the fractional hop.)
    """
    check_method(method)
    n_samples = plain_size(n_samples)
    if method == "window":
        check_window_hop(n_frames, n_samples)
    grid = (NearestGrid if method == "nearest" else FrameGrid)(n_frames, n_samples)
    if method == "nearest":
        return grid, [(0, tf.ones([1, 1]))]
    if method == "cubic":
        return grid, _cubic_blend(grid)
    position = tf.cast(grid.positions(), tf.float32)
    later = position if method == "linear" else tf.sin(0.5 * math.pi * position) ** 2
    return grid, [(0, 1.0 - later), (1, later)]


def _cubic_blend(grid: FrameGrid) -> Blend:
    """Positions are rounded to 1/1024 of a frame, as magenta/ddsp's are."""
    if grid.hop is not None and _CUBIC_STEPS % grid.hop == 0:
        position = grid.positions()
    else:
        frames = tf.range(tf.cast(grid.n_frames, tf.float64))[:, tf.newaxis]
        position = float32_positions(grid.samples(), grid.n_frames, grid.n_samples) - frames
    return cubic_weights(position)


def cubic_weights(position: tf.Tensor) -> Blend:
    """Keys' four weights at float64 positions between two frames."""
    x = tf.cast(tf.round(position * _CUBIC_STEPS) / _CUBIC_STEPS, tf.float32)
    return [(-1, _outer(1.0 + x)), (0, _inner(x)), (1, _inner(1.0 - x)), (2, _outer(2.0 - x))]


def _inner(x: tf.Tensor) -> tf.Tensor:
    return ((_CUBIC_A + 2.0) * x - (_CUBIC_A + 3.0)) * x * x + 1.0


def _outer(x: tf.Tensor) -> tf.Tensor:
    return ((_CUBIC_A * x - 5.0 * _CUBIC_A) * x + 8.0 * _CUBIC_A) * x - 4.0 * _CUBIC_A


def shift_frames(x: tf.Tensor, offset: int) -> tf.Tensor:
    """x[:, i + offset] for every frame i of [batch, frames, ...], the first and last frame repeated outside."""
    if offset == 0:
        return x
    if offset < 0:
        return tf.concat([x[:, :1]] * -offset + [x], axis=1)[:, : tf.shape(x)[1]]
    return tf.concat([x] + [x[:, -1:]] * offset, axis=1)[:, offset:]


def resample(inputs: TensorLike, n_timesteps: Size, method: str = "linear", add_endpoint: bool = True) -> tf.Tensor:
    """Resamples the time axis to `n_timesteps`, without anti-aliasing.

    >>> dg.dsp.resample([0.0, 1.0], 4).numpy()
    array([0. , 0.5, 1. , 1. ], dtype=float32)
    >>> dg.dsp.resample([0.0, 1.0], 4, method="nearest").numpy()
    array([0., 0., 1., 1.], dtype=float32)

    Args:
      inputs: [frames], [batch, frames], [batch, frames, channels] or [batch, frames, bins, channels].
      n_timesteps: Length of the result, an int or a scalar tensor.
      method: 'nearest' (each frame held), 'linear', 'cubic' (Keys), or 'window' (the frames' values under
        half-overlapping Hann windows, hop n_timesteps / frames).
      add_endpoint: True holds the last frame for its whole hop; False puts the first and last frame on the
        first and last sample ('window': on the first sample and the one after the last).

    Returns:
      [n_timesteps], [batch, n_timesteps], ...: the rank of `inputs`.

    Raises:
      ValueError: Unknown method, wrong rank; 'window' when downsampling or when the hop is no integer.
    """
    check_method(method)
    x = tf_float32(inputs)
    rank = x.shape.rank
    if rank is None or not 1 <= rank <= 4:
        raise ValueError(f"resample: inputs of rank 1 to 4 are possible, not of rank {rank}")
    x = tf.expand_dims(x, 0) if rank == 1 else x
    x = tf.expand_dims(x, 2) if rank <= 2 else x
    if method == "window":
        y = upsample_with_windows(x, n_timesteps, add_endpoint)
    elif add_endpoint:
        grid, blend = grid_and_blend(size_of(x, 1), n_timesteps, method)
        y = _blended(x, grid, blend)
    else:
        y = _resample_corners(x, n_timesteps, method)
    return tf.squeeze(y, axis=[0, 2]) if rank == 1 else tf.squeeze(y, axis=2) if rank == 2 else y


def _blended(x: tf.Tensor, grid: FrameGrid, blend: Blend) -> tf.Tensor:
    """sum over the blend of weight * frame: [batch, frames, ...] -> [batch, samples, ...]."""
    shape = tf.concat([tf.shape(x)[:2], [grid.slots], tf.shape(x)[2:]], axis=0)
    parts = [tf.expand_dims(shift_frames(x, offset), 2) * _with_channels(w, x) for offset, w in blend]
    return grid.to_samples(tf.broadcast_to(tf.add_n(parts) if len(parts) > 1 else parts[0], shape))


def _with_channels(weights: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Weights with the channel axes of x [batch, frames, ...], each of size 1."""
    return tf.reshape(weights, tf.concat([tf.shape(weights), [1] * (len(x.shape) - 2)], axis=0))


def _resample_corners(x: tf.Tensor, n_timesteps: Size, method: str) -> tf.Tensor:
    """Resampling with the first and last frame on the first and last sample, by gathering each sample's frames."""
    n_frames = size_of(x, 1)
    spans, steps = n_frames - 1, tf.maximum(n_timesteps - 1, 1)
    position = float32_positions(tf.range(tf.cast(n_timesteps, tf.int64)), spans, steps)
    if method == "nearest":
        return tf.gather(x, tf.cast(tf.floor(position + 0.5), tf.int32), axis=1)
    frame = tf.cast(tf.floor(position), tf.int32)
    between = _with_channels(tf.cast(position - tf.floor(position), tf.float32), x)
    if method == "linear":
        blend: Blend = [(0, 1.0 - between), (1, between)]
    else:
        t = tf.round(between * _CUBIC_STEPS) / _CUBIC_STEPS
        blend = [(-1, _outer(1.0 + t)), (0, _inner(t)), (1, _inner(1.0 - t)), (2, _outer(2.0 - t))]
    return tf.add_n([tf.gather(x, tf.clip_by_value(frame + k, 0, n_frames - 1), axis=1) * w for k, w in blend])


def upsample_with_windows(inputs: TensorLike, n_timesteps: Size, add_endpoint: bool = True) -> tf.Tensor:
    """Overlap-adds Hann windows of two hops, one at each frame, weighted by the frame's values.

    Two such windows sum to 1, so between the frames i and i + 1 the result is the crossfade
    cos(u)**2 * x[i] + sin(u)**2 * x[i + 1], with u running from 0 to pi / 2.

    >>> dg.dsp.upsample_with_windows([[[0.0], [1.0]]], 8)[0, :, 0].numpy()
    array([0.    , 0.1464, 0.5   , 0.8536, 1.    , 1.    , 1.    , 1.    ], dtype=float32)

    Args:
      inputs: [batch, frames, channels].
      n_timesteps: A multiple of the frames (of the frames - 1 without endpoint).
      add_endpoint: True holds the last frame for one hop; False ends where the last frame would begin.

    Returns:
      [batch, n_timesteps, channels].

    Raises:
      ValueError: Wrong rank, fewer timesteps than frames, or a hop that is no integer.
    """
    x = tf_float32(inputs)
    if x.shape.rank != 3:
        raise ValueError(f"upsample_with_windows: inputs need rank 3, [batch, frames, channels], not {x.shape.rank}")
    n_frames, n_timesteps = size_of(x, 1), plain_size(n_timesteps)
    if isinstance(n_frames, int) and isinstance(n_timesteps, int) and n_timesteps < n_frames + add_endpoint:
        raise ValueError(
            f"upsample_with_windows: {n_timesteps} timesteps are too few for {n_frames} frames; "
            "windows can't downsample"
        )
    n_hops = n_frames if add_endpoint else n_frames - 1
    grid, blend = grid_and_blend(n_hops, n_timesteps, "window")
    if add_endpoint:
        return _blended(x, grid, blend)
    (_, early), (_, late) = blend
    y = x[:, :-1, tf.newaxis] * _with_channels(early, x) + x[:, 1:, tf.newaxis] * _with_channels(late, x)
    return grid.to_samples(y)


def center_crop(audio: TensorLike, frame_size: int) -> tf.Tensor:
    """Drops frame_size // 2 samples at each end of [batch, samples, ...]: what centred framing had added.

    >>> dg.dsp.center_crop(tf.zeros([1, 1000]), 512).shape
    TensorShape([1, 488])
    """
    audio = tf_float32(audio)
    half = frame_size // 2
    return audio[:, half : tf.maximum(tf.shape(audio)[1] - half, half)]


def check_method(method: str) -> None:
    """Raises ValueError unless `method` is a resampling method."""
    if method not in METHODS:
        raise ValueError(f"resampling method {method!r} is unknown; there are {', '.join(METHODS)}")


def check_window_hop(n_hops: Size, n_timesteps: Size) -> None:
    """Raises ValueError if known lengths make the hop of 'window' resampling no integer."""
    if not (isinstance(n_hops, int) and isinstance(n_timesteps, int)):
        return
    if n_hops < 1 or n_timesteps % n_hops:
        raise ValueError(
            f"resampling by windows: {n_timesteps} timesteps are no multiple of {n_hops} hops; use 'linear' instead"
        )
