"""Where samples lie between frames.

n samples over F frames: sample j lies at the position j * F / n on the axis of frames, in the block of frame
i = floor(j * F / n). Kernels compute on a grid [F, slots] of blocks, where what belongs to a frame is
broadcast over its samples instead of gathered for each of them, and whose gradients are plain sums. A hop
n / F that is no integer gives blocks of floor(n / F) or ceil(n / F) samples; the slot after the shorter ones is
computed like the others and then left out.

Positions are exact for any length: they are integers up to the last division, which is in float64.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp.sizes import Size, ceil_divide, known_hop, larger, size_of
from ddspgraph.lazy import np, tf

#: From here on float32 can't tell neighbouring sample indices apart.
_FLOAT32_INTEGERS = 2**24


class FrameGrid:
    """The grid of `n_frames` blocks that `n_samples` samples fall into."""

    def __init__(self, n_frames: Size, n_samples: Size) -> None:
        n_samples = plain_size(n_samples)
        self.n_frames, self.n_samples = n_frames, n_samples
        known = isinstance(n_frames, int) and isinstance(n_samples, int)
        if known and (n_frames < 1 or n_samples < 0):
            raise ValueError(
                f"{n_frames} frames can't be resampled to {n_samples} samples: at least one frame is needed"
            )
        #: Samples of every block, where that is one integer known while tracing; else None.
        self.hop: int | None = n_samples // n_frames if known and n_samples and n_samples % n_frames == 0 else None
        if tf.is_tensor(n_frames):
            self.hop = known_hop(n_samples)
        #: The longest block.
        self.slots: Size = self.hop or self._longest_block()

    def _longest_block(self) -> Size:
        return larger(ceil_divide(self.n_samples, self.n_frames), 1)

    def frame_of(self, samples: tf.Tensor) -> tf.Tensor:
        """The frame in whose block a sample lies; int64 to int64."""
        return samples * _int64(self.n_frames) // _int64(self.n_samples)

    def start_of(self, frames: tf.Tensor) -> tf.Tensor:
        """The first sample of a frame's block; int64 to int64."""
        return ceil_divide(frames * _int64(self.n_samples), _int64(self.n_frames))

    def sizes(self) -> tf.Tensor:
        """How many samples each block has: int64 [frames], or [1] where all blocks are alike."""
        if self.hop is not None:
            return tf.constant([self.hop], tf.int64)
        starts = self.start_of(tf.range(_int64(self.n_frames) + 1))
        return starts[1:] - starts[:-1]

    def offsets(self) -> tf.Tensor:
        """Position of each block's first sample after its frame, in frames: float64 [frames, 1] or [1, 1]."""
        if self.hop is not None:
            return tf.zeros([1, 1], tf.float64)
        frames = tf.range(_int64(self.n_frames))[:, tf.newaxis]
        late = self.start_of(frames) * _int64(self.n_frames) - frames * _int64(self.n_samples)
        return tf.cast(late, tf.float64) / tf.cast(larger(self.n_samples, 1), tf.float64)

    def step(self) -> Any:
        """Distance of two samples in frames, a float64 scalar."""
        if self.hop is not None:
            return tf.constant(1.0 / self.hop, tf.float64)
        return tf.cast(self.n_frames, tf.float64) / tf.cast(larger(self.n_samples, 1), tf.float64)

    def positions(self) -> tf.Tensor:
        """Position of each slot after its frame, in frames, in [0, 1): float64 [frames, slots] or [1, slots]."""
        return self.offsets() + tf.cast(tf.range(self.slots), tf.float64) * self.step()

    def samples(self) -> tf.Tensor:
        """The sample in each slot: int64 [frames, slots]."""
        starts = self.start_of(tf.range(_int64(self.n_frames)))
        return starts[:, tf.newaxis] + tf.range(_int64(self.slots))

    def to_grid(self, x: tf.Tensor) -> tf.Tensor:
        """[batch, samples, ...] -> [batch, frames, slots, ...]; slots without a sample hold 0."""
        inner = [size_of(x, axis) for axis in range(2, x.shape.rank)]
        if self.hop is not None:
            return tf.reshape(x, [size_of(x, 0), self.n_frames, self.hop, *inner])

        def gathered() -> tf.Tensor:
            with_zero = tf.pad(x, [[0, 0], [0, 1]] + [[0, 0]] * len(inner))
            return tf.gather(with_zero, tf.minimum(self.samples(), _int64(self.n_samples)), axis=1)

        def aligned() -> tf.Tensor:
            return tf.reshape(x, [size_of(x, 0), self.n_frames, self.slots, *inner])

        return self._either(aligned, gathered)

    def to_samples(self, x: tf.Tensor) -> tf.Tensor:
        """[batch, frames, slots, ...] -> [batch, samples, ...]."""
        inner = [size_of(x, axis) for axis in range(3, x.shape.rank)]
        flat = tf.reshape(x, [size_of(x, 0), self.n_frames * self.slots, *inner])
        if self.hop is not None:
            return flat

        def gathered() -> tf.Tensor:
            samples = tf.range(_int64(self.n_samples))
            frames = self.frame_of(samples)
            return tf.gather(flat, frames * _int64(self.slots) + samples - self.start_of(frames), axis=1)

        return self._either(lambda: flat, gathered)

    def _either(self, aligned: Any, gathered: Any) -> tf.Tensor:
        """The cheap form where all blocks turn out to be full, which only a traced graph learns late."""
        full = self.n_frames * self.slots == self.n_samples
        if isinstance(full, bool):
            return aligned() if full else gathered()
        return tf.cond(full, aligned, gathered)


class NearestGrid(FrameGrid):
    """The blocks of samples that nearest-neighbour resampling gives one frame's value.

    They are those of magenta/ddsp, which finds the frame by a float32 product: where 1 / hop is rounded down,
    the product can fall just short of an integer, and a block begins one sample late. (Beyond 2**24 samples,
    where float32 indices fail altogether, the blocks are exact.)
    """

    def __init__(self, n_frames: Size, n_samples: Size) -> None:
        super().__init__(n_frames, n_samples)
        if self.hop is not None and not self._is_regular(self.hop):
            self.hop = None
            self.slots = self._longest_block()

    def _longest_block(self) -> Size:
        # One more than the exact blocks have: one may begin early and the next one late.
        return super()._longest_block() + (0 if self.hop is not None else 1)

    def _is_regular(self, hop: int) -> bool:
        if hop & (hop - 1) == 0:
            return True
        if tf.is_tensor(self.n_samples):
            return False
        if self.n_samples >= _FLOAT32_INTEGERS:
            return True
        frames = np.arange(self.n_frames)
        step = np.float32(self.n_frames) / np.float32(self.n_samples)
        first = np.floor(np.float32(frames * hop) * step)
        last = np.floor(np.float32(frames * hop + hop - 1) * step)
        return bool(np.all(first == frames) and np.all(last == frames))

    def frame_of(self, samples: tf.Tensor) -> tf.Tensor:
        frames = tf.cast(tf.floor(float32_positions(samples, self.n_frames, self.n_samples)), tf.int64)
        return tf.minimum(frames, _int64(self.n_frames) - 1)

    def start_of(self, frames: tf.Tensor) -> tf.Tensor:
        exact = super().start_of(frames)
        early = self._is_before(exact - 1, frames)
        late = self._is_before(exact, frames)
        return tf.minimum(exact - 1 + early + late, _int64(self.n_samples))

    def _is_before(self, samples: tf.Tensor, frames: tf.Tensor) -> tf.Tensor:
        position = float32_positions(samples, self.n_frames, self.n_samples)
        return tf.cast(position < tf.cast(frames, tf.float64), tf.int64)


def float32_positions(samples: tf.Tensor, n_frames: Size, n_samples: Size) -> tf.Tensor:
    """Positions in frames as the image kernels of TensorFlow compute them, float32(j) * (float32(F) / float32(n)).

    Returned in float64; exact from 2**24 samples on, where that product is useless.
    """
    step = tf.cast(n_frames, tf.float32) / tf.cast(n_samples, tf.float32)
    rounded = tf.cast(tf.cast(samples, tf.float32) * step, tf.float64)
    exact = tf.cast(samples * _int64(n_frames), tf.float64) / tf.cast(n_samples, tf.float64)
    return tf.where(tf.cast(n_samples, tf.int64) < _FLOAT32_INTEGERS, rounded, exact)


def plain_size(size: Size) -> Size:
    """A length as a Python int where it is one of NumPy's integers."""
    return int(size) if isinstance(size, np.integer) else size


def _int64(x: Size) -> Any:
    return tf.cast(x, tf.int64)
