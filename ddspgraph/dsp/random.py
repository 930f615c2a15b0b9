"""Random numbers as a pure function of (seed, stream, position): the only home of randomness.

A counter-based generator (Salmon et al., SC 2011): the position is scrambled by two rounds of a 32-bit integer
hash, with one key xored in before each round. The keys are hashed from the seed and the stream. Every number
stands for itself: any part of a signal can be computed alone, in any order, on any target that has 32-bit
integers, and gives the same values. The hash is "lowbias32" (C. Wellons, 2018: three xorshifts, two odd factors).
Sequences repeat after 2**32 positions, a day of audio at 48 kHz.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ddspgraph.dsp.sizes import Size
from ddspgraph.lazy import tf

_WORD = 0xFFFFFFFF
#: First words of the fractional parts of sqrt(2) and sqrt(3): they start the two keys.
_KEY_STARTS = (0x6A09E667, 0xBB67AE85)


def uniform_noise(
    n_samples: Size,
    seed: Any,
    *,
    stream: Any = 0,
    start: Any = 0,
    minval: float = -1.0,
    maxval: float = 1.0,
) -> tf.Tensor:
    """White noise, uniform in (minval, maxval), the same for every batch item, or one for each of several streams.

    >>> noise = dg.dsp.uniform_noise(8, seed=1)
    >>> later = dg.dsp.uniform_noise(3, seed=1, start=5)  # the end of the same noise
    >>> bool(tf.reduce_all(noise[:, 5:] == later))
    True

    Args:
      n_samples: Length, an int or a scalar tensor.
      seed: An int, or a scalar int32 or int64 tensor.
      stream: Tells apart the noises of one seed, such as a hash of a node's name; an integer as `seed` is, or an
        int64 tensor [rows]: a noise for each row.
      start: Position of the first sample; a later part of the same noise starts later.
      minval, maxval: The open interval.

    Returns:
      float32 [1, n_samples], or [rows, n_samples].
    """
    positions = tf.cast(start, tf.int64) + tf.range(tf.cast(n_samples, tf.int64))
    unit = _unit_uniform(positions[tf.newaxis], seed, stream)
    return minval + (maxval - minval) * unit


def normal(shape: Sequence[int], seed: Any, stream: Any = 0, *, stddev: float = 1.0) -> tf.Tensor:
    """Normally distributed numbers of mean 0, for initial weights (Box and Muller, 1958).

    >>> dg.dsp.normal([2, 3], seed=1).shape
    TensorShape([2, 3])

    Args:
      shape: Known shape of the result.
      seed: An int, or a scalar int32 or int64 tensor.
      stream: Tells apart the numbers of one seed.
      stddev: Standard deviation.
    """
    size = math.prod(shape)
    n_pairs = (size + 1) // 2
    pairs = tf.reshape(_unit_uniform(tf.range(2 * n_pairs, dtype=tf.int64), seed, stream), [n_pairs, 2])
    radius = stddev * tf.sqrt(-2.0 * tf.math.log(pairs[:, 0]))
    angle = 2.0 * math.pi * pairs[:, 1]
    numbers = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=0)
    return tf.reshape(numbers[:size], list(shape))


def _unit_uniform(positions: tf.Tensor, seed: Any, stream: Any) -> tf.Tensor:
    """Numbers in (0, 1) for int64 positions: the midpoints of 2**23 equal intervals, exact in float32.

    Of streams [rows] and positions [1, n] it makes [rows, n].
    """
    before, between = (key[:, tf.newaxis] if len(key.shape) else key for key in _keys(seed, stream))
    bits = _hash(tf.bitwise.bitwise_xor(_low_word(positions), before))
    bits = _hash(tf.bitwise.bitwise_xor(bits, between))
    return (tf.cast(_shift_right(bits, 9), tf.float32) + 0.5) * 2.0**-23


def _keys(seed: Any, stream: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Two 32-bit keys, each hashed from all bits of seed and stream; of several streams two for each."""
    words = [*_words(seed), *_words(stream)]
    keys = []
    for start in _KEY_STARTS:
        key = tf.constant(start, tf.uint32)
        for word in words:
            # The added constant keeps a key of 0 from staying 0.
            key = _hash(tf.bitwise.bitwise_xor(key, word)) + tf.constant(start, tf.uint32)
        keys.append(key)
    return keys[0], keys[1]


def _words(key: Any) -> list[tf.Tensor]:
    """The low and the high word of an integer, which may be a tensor."""
    if isinstance(key, int):
        return [tf.constant(key & _WORD, tf.uint32), tf.constant(key >> 32 & _WORD, tf.uint32)]
    key = tf.cast(key, tf.int64)
    return [_low_word(key), _low_word(tf.bitwise.right_shift(key, tf.constant(32, tf.int64)))]


def _hash(x: tf.Tensor) -> tf.Tensor:
    """A permutation of the 32-bit words in which every input bit flips every output bit half the time."""
    x = tf.bitwise.bitwise_xor(x, _shift_right(x, 16)) * tf.constant(0x7FEB352D, tf.uint32)
    x = tf.bitwise.bitwise_xor(x, _shift_right(x, 15)) * tf.constant(0x846CA68B, tf.uint32)
    return tf.bitwise.bitwise_xor(x, _shift_right(x, 16))


def _shift_right(x: tf.Tensor, bits: int) -> tf.Tensor:
    return tf.bitwise.right_shift(x, tf.constant(bits, tf.uint32))


def _low_word(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.bitwise.bitwise_and(x, tf.constant(_WORD, tf.int64)), tf.uint32)
