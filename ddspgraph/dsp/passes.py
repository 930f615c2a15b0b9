"""Running a kernel over long controls in several passes, so that its memory does not grow with the length."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ddspgraph.dsp.sizes import Size, ceil_divide, larger, size_of
from ddspgraph.lazy import tf


def in_passes(
    kernel: Callable[..., tf.Tensor], inputs: Sequence[tf.Tensor], n_frames: Size, frames_per_pass: Size
) -> tf.Tensor:
    """kernel(*inputs), computed for some frames at a time.

    Args:
      kernel: Takes tensors [batch, frames, ...] and returns [batch, frames, slots], each frame by itself.
      inputs: Its arguments. One with a known single frame beside more frames is the same in all passes.
      n_frames: Frames of all others.
      frames_per_pass: How many frames may go in one pass; at least one does.
    """
    block = larger(frames_per_pass, 1)
    n_passes = ceil_divide(n_frames, block)
    if isinstance(n_passes, int) and n_passes <= 1:
        return kernel(*inputs)
    block = ceil_divide(n_frames, n_passes)  # passes of about the same length
    spare = n_passes * block - n_frames
    shared = [x.shape[1] == 1 and n_frames is not x.shape[1] for x in inputs]
    padded = [
        x if is_shared else tf.pad(x, [[0, 0], [0, spare]] + [[0, 0]] * (x.shape.rank - 2))
        for x, is_shared in zip(inputs, shared, strict=True)
    ]

    def one_pass(index: tf.Tensor, results: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        begin = index * block
        parts = [x if same else _frames(x, begin, block) for x, same in zip(padded, shared, strict=True)]
        return index + 1, results.write(index, kernel(*parts))

    _, results = tf.while_loop(
        lambda index, _: index < n_passes,
        one_pass,
        (tf.constant(0), tf.TensorArray(tf.float32, n_passes)),
        parallel_iterations=1,  # passes at the same time would add up their memory
        maximum_iterations=n_passes,
    )
    stacked = tf.transpose(results.stack(), [1, 0, 2, 3])
    flat = tf.reshape(stacked, [size_of(stacked, 0), n_passes * block, size_of(stacked, 3)])
    return flat[:, :n_frames]


def _frames(x: tf.Tensor, begin: tf.Tensor, count: Size) -> tf.Tensor:
    """x[:, begin : begin + count], whose length is a constant for XLA where `count` is one."""
    sizes = [size_of(x, 0), count, *(size_of(x, axis) for axis in range(2, x.shape.rank))]
    return tf.slice(x, [0, begin, *[0] * (x.shape.rank - 2)], sizes)
