"""Frames of a stream: what stood before a block, and samples that lie between frames.

An oscillator that draws lines between frames needs the next frame: it lags by a hop. A `FrameWindow` holds the
frames of the blocks that can be drawn now, and their neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ddspgraph.dsp.frame_grid import float32_positions
from ddspgraph.dsp.resampling import Blend, cubic_weights, grid_and_blend
from ddspgraph.dsp.sizes import size_of, whole_packets
from ddspgraph.lazy import tf

#: From here on float32 can't tell samples apart, and resampling is exact (`frame_grid.float32_positions`).
_FLOAT32_INTEGERS = 2**24
_CUBIC_STEPS = 1024


State: TypeAlias = "Mapping[str, tf.Tensor]"


def silence(shape: list[Any], double: bool = False) -> tf.Tensor:
    """Zeros for a first state; float64 for a phase."""
    return tf.zeros(tf.stack(shape), tf.float64 if double else tf.float32)


def slide(past: tf.Tensor, new: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The past [batch, n, ...] followed by what is new, and the last n of both: the past of the next block."""
    joined = tf.concat([past, new], axis=1)
    return joined, joined[:, size_of(joined, 1) - size_of(past, 1) :]


def delayed(past: tf.Tensor, new: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`new`, later by the length of `past`, and the past of the next block."""
    joined = tf.concat([past, new], axis=1)
    length = tf.shape(new)[1]
    return joined[:, :length], joined[:, length:]


def has_begun(first: Any, count: Any) -> tf.Tensor:
    """Whether each of `count` times from `first` on is not before 0: [count]."""
    return tf.cast(first, tf.int64) + tf.range(tf.cast(count, tf.int64)) >= 0


def silent_before_start(x: tf.Tensor, first: Any) -> tf.Tensor:
    """[batch, time, ...], 0 at the times before 0."""
    begun = tf.reshape(has_begun(first, tf.shape(x)[1]), [-1] + [1] * (len(x.shape) - 2))
    return tf.where(begun, x, tf.zeros_like(x))


def in_packets(compute: Callable[[State], State], frames: State, count: Any) -> State:
    """compute(frames), with frames [batch, count, ...] padded to whole packets, and cropped after it.

    TensorFlow computes the exponentials of a whole packet and of what is left after the last one by different code, of
    which the results differ in the last place. A short block would be left over, where offline few numbers are; and a
    phase adds up what its frequency is off by, the more the longer the stream.
    """
    spare = whole_packets(count) - count
    padded = {name: tf.pad(x, [[0, 0], [0, spare]] + [[0, 0]] * (len(x.shape) - 2)) for name, x in frames.items()}
    return {name: x[:, :count] for name, x in compute(padded).items()}


@dataclass(frozen=True)
class FrameWindow:
    """The frames of some consecutive blocks, with `behind` frames before and `ahead` after them.

    Attributes:
      frames: [batch, behind + blocks + ahead, ...].
      first: the number of the first block, an int64 scalar: below 0 where the stream has not begun.
    """

    frames: tf.Tensor
    behind: int
    ahead: int
    first: Any

    @property
    def blocks(self) -> Any:
        return tf.shape(self.frames)[1] - self.behind - self.ahead

    def at(self, offset: int) -> tf.Tensor:
        """The frame `offset` frames after each block's own: [batch, blocks, ...]."""
        begin = self.behind + offset
        return self.frames[:, begin : begin + self.blocks]

    def held(self) -> FrameWindow:
        """With the first frame in place of those before it."""
        before = self.first - self.behind
        number = tf.maximum(before + tf.range(tf.cast(tf.shape(self.frames)[1], tf.int64)), 0)
        index = tf.clip_by_value(number - before, 0, tf.cast(tf.shape(self.frames)[1], tf.int64) - 1)
        return FrameWindow(tf.gather(self.frames, index, axis=1), self.behind, self.ahead, self.first)

    def narrowed(self, behind: int, ahead: int) -> FrameWindow:
        """The same blocks with fewer neighbours."""
        left, right = self.behind - behind, self.ahead - ahead
        return FrameWindow(self.frames[:, left : size_of(self.frames, 1) - right], behind, ahead, self.first)


def frame_window(
    past: tf.Tensor, new: tf.Tensor, first_frame: Any, behind: int, ahead: int
) -> tuple[FrameWindow, tf.Tensor]:
    """The window that new frames complete, and the past of the next block: behind + ahead frames."""
    joined, past = slide(past, new)
    return FrameWindow(joined, behind, ahead, first_frame - ahead), past


def mixing(method: str, hop: int, first: Any, blocks: Any) -> Blend:
    """The weights with which the samples of some blocks mix frames, as of `resampling.grid_and_blend`."""
    if method in ("linear", "window") or (method == "nearest" and hop & (hop - 1) == 0):
        return grid_and_blend(1, hop, method)[1]
    frames = tf.cast(first, tf.int64) + tf.range(tf.cast(blocks, tf.int64))
    samples = frames[:, tf.newaxis] * hop + tf.range(hop, dtype=tf.int64)
    exact = tf.cast(samples, tf.float64) / hop
    rounded = float32_positions(samples, 1, hop)
    late = samples >= _FLOAT32_INTEGERS
    position = tf.where(late, exact, rounded) - tf.cast(frames, tf.float64)[:, tf.newaxis]
    if method == "cubic":
        return cubic_weights(exact - tf.floor(exact) if _CUBIC_STEPS % hop == 0 else position)
    nearest = tf.floor(position)
    return [(offset, tf.cast(nearest == offset, tf.float32)) for offset in (-1, 0, 1)]


def mix(window: FrameWindow, blend: Blend) -> tf.Tensor:
    """sum of weight * frame: [batch, blocks, slots, channels]."""
    parts = [window.at(offset)[:, :, tf.newaxis] * tf.expand_dims(weight, -1) for offset, weight in blend]
    return tf.add_n(parts) if len(parts) > 1 else parts[0]


def to_samples(x: tf.Tensor) -> tf.Tensor:
    """[batch, blocks, slots, ...] -> [batch, samples, ...]."""
    inner = [size_of(x, axis) for axis in range(3, len(x.shape))]
    return tf.reshape(x, [size_of(x, 0), -1, *inner])


def resample_stream(
    past: tf.Tensor, new: tf.Tensor, first_frame: Any, hop: int, method: str, reach: tuple[int, int]
) -> tuple[tf.Tensor, tf.Tensor]:
    """`resample` of a stream of frames, later by `reach[1]` hops.

    Args:
      past: The sum(reach) frames before.
      new: [batch, frames, channels].
      first_frame: The number of the first new frame, int64.
      hop: Samples a frame.
      method: As of `resample`.
      reach: How many frames before and after its own a sample mixes: 0, 1 of a line, 1, 2 of a cubic, 1, 1 of the
        nearest (0, 0 where the hop is a power of two).

    Returns:
      [batch, frames * hop, channels], and the past of the next block.
    """
    behind, ahead = reach
    if not behind + ahead:
        return tf.repeat(new, hop, axis=1), past
    window, past = frame_window(past, new, first_frame, behind, ahead)
    window = window.held() if behind else window
    samples = to_samples(mix(window, mixing(method, hop, window.first, window.blocks)))
    samples.set_shape([None, None, new.shape[-1]])
    return samples, past
