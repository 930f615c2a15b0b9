"""Recursive filters whose coefficients do not change, as products of matrices.

All sections of a filter are one system s' = A s + B x, y = C s + D x of n states. Over blocks of L samples

    y_k = x_k H + s_k O,   s_(k+1) = s_k (A^L)' + x_k R

H holds the impulse response, O what a state gives to the samples after it, R what samples leave in the state: large
products instead of a loop over samples. The states of the blocks are the same problem with A^L, in groups of P, and
those of the groups once more; what is left is a loop over P * P blocks at a time. The matrices are made in float64,
which is cheap, and the products are in float32: in the coordinates of `sections` they are closer to the truth than a
float32 loop over samples.

Source: block state space as in C. S. Burrus, "Block realization of digital filters" (IEEE Trans. Audio and
Electroacoustics 20(4), 1972).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph.dsp.sections import MARGIN, Section
from ddspgraph.dsp.sizes import Size, ceil_divide, larger, size_of
from ddspgraph.lazy import np, tf

#: Samples of a block.
_BLOCK = 64
#: Blocks of a group, a power of two: about as many as have so many states.
_GROUP_NUMBERS, _LARGEST_GROUP = 128, 32
#: Numbers below are 0, 360 dB and more under what is heard: smaller ones become subnormal, and slow, in some runtimes.
_SILENCE = 1e-18
#: How often a matrix is squared to see whether its powers grow.
_SQUARINGS = 24
#: A loop over so many is written out where their number is known.
_FEW = 16

#: (A [batch, n, n], B [batch, n, 1], C [batch, 1, n], D [batch, 1, 1]), float64.
System = tuple[Any, Any, Any, Any]


def block_matrices(sections: Sequence[Section]) -> dict[str, tf.Tensor]:
    """What `block_filter` multiplies with, from sections whose fields are numbers or float64 [batch, 1]."""
    return system_matrices(functools.reduce(_in_series, _of_one_batch(sections)))


def system_matrices(system: System) -> dict[str, tf.Tensor]:
    """The same of a system (A [batch, n, n], B [batch, n, 1], C [batch, 1, n], D [batch, 1, 1]), float64."""
    a, b, c, d = system
    n = a.shape[-1]
    group = min(1 << max((_GROUP_NUMBERS // n).bit_length() - 1, 2), _LARGEST_GROUP)
    drive = _powers_on(a, b, _BLOCK)  # A^j B, [batch, n, L]
    read = tf.linalg.matrix_transpose(_powers_on(tf.linalg.matrix_transpose(a), tf.linalg.matrix_transpose(c), _BLOCK))
    response = tf.concat([d, tf.linalg.matrix_transpose(tf.matmul(read[:, :-1], b))], axis=-1)
    steps = _matrix_powers(a, _BLOCK)  # A^0 .. A^L
    blocks = _matrix_powers(steps[:, _BLOCK], group)
    groups = _matrix_powers(blocks[:, group], group)
    matrices = {
        "direct": tf.gather(tf.pad(response[:, 0], [[0, 0], [0, 1]]), _lags(_BLOCK), axis=1),
        "drive": tf.linalg.matrix_transpose(tf.reverse(drive, [-1])),
        "read": tf.linalg.matrix_transpose(read),
        "steps": tf.linalg.matrix_transpose(steps),
        "within_group": _within(blocks, group),
        "into_group": _into(blocks, group),
        "within_groups": _within(groups, group),
        "into_groups": _into(groups, group),
        "beyond": tf.linalg.matrix_transpose(groups[:, group]),
    }
    return {name: audible(tf.cast(m, tf.float32)) for name, m in matrices.items()}


def stable_matrix(a: tf.Tensor) -> tf.Tensor:
    """A [batch, n, n], made smaller where an eigenvalue lies on or outside of the unit circle, until all are inside."""
    power, log_radius = tf.stop_gradient(a), 0.0
    for i in range(_SQUARINGS):  # the norm of A^(2^i), and of it the 2^i-th root, go to the spectral radius
        norm = tf.sqrt(tf.reduce_sum(tf.square(power), axis=[1, 2], keepdims=True))
        log_radius += tf.math.log(tf.maximum(tf.cast(norm, tf.float32), 1e-30)) * 0.5**i
        power /= tf.maximum(norm, 1e-30)
        power = tf.matmul(power, power)
    return a * tf.cast(tf.exp(tf.minimum(0.0, math.log(1.0 - MARGIN) - log_radius)), a.dtype)


def block_filter(
    matrices: Mapping[str, Any], x: tf.Tensor, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Filters audio from a state on.

    Args:
      matrices: of `block_matrices`, float32; a batch of 1 or that of the audio.
      x: float32 [batch, samples], any number of samples.
      state: float32 [batch, n]; None for silence before the audio.

    Returns:
      [batch, samples], and the state after the last sample.
    """
    length = matrices["direct"].shape[-1]
    samples = size_of(x, 1)
    n_blocks = larger(ceil_divide(samples, length), 1)
    last = samples - (n_blocks - 1) * length  # samples of the last block
    padded = tf.pad(x, [[0, 0], [0, n_blocks * length - samples]])
    blocks = tf.reshape(padded, [size_of(x, 0), n_blocks, length])
    driven = _product(blocks, matrices["drive"])
    state = tf.zeros_like(driven[:, 0]) if state is None else state
    before = _states_before(matrices, driven, state)
    y = _product(blocks, matrices["direct"]) + _product(before, matrices["read"])
    y = tf.reshape(y, [size_of(y, 0), n_blocks * length])[:, :samples]
    aligned = tf.pad(x[:, samples - last :], [[0, 0], [length - last, 0]])[:, tf.newaxis]
    steps = tf.gather(matrices["steps"], last, axis=1)
    after = _product(before[:, -1:], steps) + _product(aligned, matrices["drive"])
    return y, audible(after[:, 0])


def n_states(sections: Sequence[Section]) -> int:
    """Numbers that a filter keeps from one sample to the next."""
    return sum(section.order for section in sections)


def audible(x: tf.Tensor) -> tf.Tensor:
    """x with 0 in place of what is too small to be heard, whatever follows."""
    return tf.where(tf.abs(x) < _SILENCE, tf.zeros_like(x), x)


# -- the system ---------------------------------------------------------------------------------------


def _of_one_batch(sections: Sequence[Section]) -> list[System]:
    wide = [Section(*(tf.cast(x, tf.float64)[:, 0] if tf.is_tensor(x) else x for x in section)) for section in sections]
    zeros = [tf.zeros_like(x) for section in wide for x in section if tf.is_tensor(x)]
    zero = functools.reduce(tf.add, zeros, tf.zeros([1], tf.float64))
    return [_system(*(None if x is None else x + zero for x in section)) for section in wide]


def _system(g: Any, k: Any, direct: Any, band: Any, low: Any) -> System:
    if k is None:
        v = g / (1.0 + g)
        return (
            _matrix([[1.0 - 2.0 * v]]),
            _matrix([[2.0 * v]]),
            _matrix([[low * (1.0 - v)]]),
            _matrix([[direct + low * v]]),
        )
    c1 = 1.0 / (1.0 + g * (g + k))
    c2 = g * c1
    c3 = g * c2
    a = [[1.0 - 2.0 * (g + k) * c2, -2.0 * c2], [2.0 * c2, 1.0 - 2.0 * c3]]
    c = [[band * c1 + low * c2, low * (1.0 - c3) - band * c2]]
    return _matrix(a), _matrix([[2.0 * c2], [2.0 * c3]]), _matrix(c), _matrix([[direct + band * c2 + low * c3]])


def _matrix(rows: list[list[tf.Tensor]]) -> tf.Tensor:
    """[batch, rows, columns] of numbers [batch]."""
    return tf.stack([tf.stack(row, axis=-1) for row in rows], axis=-2)


def _in_series(first: System, second: System) -> System:
    """Both as one system."""
    (a1, b1, c1, d1), (a2, b2, c2, d2) = first, second
    right = tf.zeros_like(tf.matmul(b1, c2))
    a = tf.concat([tf.concat([a1, right], axis=2), tf.concat([tf.matmul(b2, c1), a2], axis=2)], axis=1)
    return a, tf.concat([b1, b2 * d1], axis=1), tf.concat([d2 * c1, c2], axis=2), d2 * d1


def _powers_on(a: Any, b: Any, count: int) -> Any:
    """b, A b, A^2 b, ... side by side, [batch, n, count], by doubling."""
    found: Any = b
    power = a
    while found.shape[-1] < count:
        found = tf.concat([found, tf.matmul(power, found)], axis=-1)
        power = tf.matmul(power, power)
    return found


def _matrix_powers(a: Any, count: int) -> Any:
    """A^0 .. A^count, [batch, count + 1, n, n], by doubling."""
    n = a.shape[-1]
    powers = _powers_on(a, tf.eye(n, dtype=a.dtype) + tf.zeros_like(a), n * count)
    powers = tf.transpose(tf.reshape(powers, [-1, n, count, n]), [0, 2, 1, 3])
    return tf.concat([powers, tf.matmul(a, powers[:, -1])[:, tf.newaxis]], axis=1)


def _lags(count: int) -> Any:
    """[from, to]: how many steps later, and `count`, which holds a 0, where it is earlier."""
    lag = np.arange(count)[None, :] - np.arange(count)[:, None]
    return np.where(lag >= 0, lag, count).astype(np.int32)


def _within(powers: Any, group: int) -> tf.Tensor:
    """What each of a group leaves at itself and the later ones: rows [from, n], columns [to, n]."""
    n = powers.shape[-1]
    padded = tf.pad(powers[:, :group], [[0, 0], [0, 1], [0, 0], [0, 0]])
    by_pair = tf.gather(padded, _lags(group), axis=1)  # [batch, from, to, out, in]
    return tf.reshape(tf.transpose(by_pair, [0, 1, 4, 2, 3]), [-1, group * n, group * n])


def _into(powers: Any, group: int) -> tf.Tensor:
    """What the state before a group leaves after each of it: rows [n], columns [to, n]."""
    n = powers.shape[-1]
    return tf.reshape(tf.transpose(powers[:, 1:], [0, 3, 1, 2]), [-1, n, group * n])


# -- the filter ---------------------------------------------------------------------------------------


def _states_before(matrices: Mapping[str, Any], driven: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
    """The states before all blocks, [batch, blocks, n], from what each block adds."""
    between = functools.partial(_one_by_one, matrices["beyond"])
    between = functools.partial(_grouped, matrices["within_groups"], matrices["into_groups"], between)
    return audible(_grouped(matrices["within_group"], matrices["into_group"], between, driven, state))


def _grouped(within: Any, into: Any, between: Any, driven: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
    """The states before each, in groups; `between` gives those before each group."""
    count, n = size_of(driven, 1), into.shape[-2]
    width = into.shape[-1]
    n_groups = ceil_divide(count, width // n)
    padded = tf.pad(driven, [[0, 0], [0, n_groups * (width // n) - count], [0, 0]])
    local = _product(tf.reshape(padded, [size_of(driven, 0), n_groups, width]), within)
    before_groups = audible(between(local[:, :, width - n :], state))
    after = tf.reshape(local + _product(before_groups, into), [size_of(local, 0), n_groups * (width // n), n])
    return tf.concat([state[:, tf.newaxis], after[:, : count - 1]], axis=1)


def _one_by_one(jump: Any, driven: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
    """The states before each, one after the other."""

    def step(before: tf.Tensor, added: tf.Tensor) -> tf.Tensor:
        return _product(before[:, tf.newaxis], jump)[:, 0] + added

    count = driven.shape[1]
    if count is not None and count <= _FEW:
        states = [state]
        for i in range(count - 1):
            states.append(step(states[-1], driven[:, i]))
        return tf.stack(states, axis=1)
    after = tf.scan(step, tf.transpose(driven, [1, 0, 2]), state)
    return tf.concat([state[:, tf.newaxis], tf.transpose(after, [1, 0, 2])[:, :-1]], axis=1)


def _product(x: tf.Tensor, matrix: Any) -> tf.Tensor:
    """x [batch, rows, m] times [batch or 1, m, p]."""
    if matrix.shape[0] != 1:
        return tf.matmul(x, matrix)
    rows: list[Size] = [size_of(x, 0), size_of(x, 1)]
    flat = tf.matmul(tf.reshape(x, [-1, matrix.shape[1]]), matrix[0])
    return tf.reshape(flat, [*rows, matrix.shape[2]])
