"""A feedback delay network: lines that feed each other through a matrix, each with a damping of its own.

    s_i(n) = v_i(n - m_i)                      what comes out of line i
    f_i(n) = a_i s_i(n) + p_i f_i(n - 1)       damped
    v(n)   = A f(n) + b x(n)                   what goes in
    y(n)   = C f(n)

It runs in blocks as long as the shortest line. Its gradient is the same network on reversed time, with A transposed
and what goes in and out exchanged.

Sources: Jot & Chaigne, Digital delay networks for designing artificial reverberators (AES 90, 1991); Schlecht &
Habets, On lossless feedback delay networks (IEEE Transactions on Signal Processing 65, 2017).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ddspgraph.dsp.loops.turns import filled_up, in_turns, side_by_side
from ddspgraph.dsp.numerics import needs_plain_gradients
from ddspgraph.dsp.sizes import Size, ceil_divide, size_of
from ddspgraph.lazy import tf

#: Of a damping: 0 has no logarithm, and 1 never ends.
_LEAST_POLE, _MOST_POLE = 1e-7, 0.99999


@dataclass(frozen=True)
class Network:
    """The numbers of a network of n lines.

    Attributes:
      delays: of the lines, in samples.
      matrix: A, [n, n].
      into: b, [n].
      out: C, [channels, n].
      gain, pole: a and p, [batch or 1, n].
    """

    delays: tuple[int, ...]
    matrix: Any
    into: Any
    out: Any
    gain: Any
    pole: Any

    @property
    def block(self) -> int:
        """Samples of a turn."""
        return min(self.delays)

    @property
    def length(self) -> int:
        """Samples that the lines hold."""
        return max(self.delays)


def absorption(delays: Sequence[int], t60_s: Any, t60_high_s: Any, sample_rate: float) -> tuple[Any, Any]:
    """Gain and pole of each line for decays of 60 dB in given times at 0 Hz and at Nyquist.

    A line of m samples loses 60 m / (fs T60) dB in a turn; a one-pole filter has the two gains at the two ends
    (Jot & Chaigne 1991). A decay at Nyquist that is longer than that at 0 Hz counts as that.

    >>> gain, pole = dg.dsp.absorption([160, 320], tf.constant([[1.0]]), tf.constant([[0.5]]), 16000.0)
    >>> (gain / (1.0 - pole)).numpy()  # at 0 Hz: 0.6 and 1.2 dB a turn
    array([[0.9333, 0.871 ]], dtype=float32)

    Args:
      delays: In samples.
      t60_s, t60_high_s: [batch, 1].
      sample_rate: In Hz.

    Returns:
      a, p of f(n) = a s(n) + p f(n - 1), each [batch, n].
    """
    seconds = tf.constant([[m / sample_rate for m in delays]], tf.float32)
    low = tf.pow(10.0, -3.0 * seconds / tf.maximum(t60_s, 1e-3))
    high = tf.pow(10.0, -3.0 * seconds / tf.maximum(t60_high_s, 1e-3))
    pole = tf.clip_by_value((low - high) / (low + high), _LEAST_POLE, _MOST_POLE)
    return low * (1.0 - pole), pole


def hadamard(n: int) -> Any:
    """The orthogonal matrix of equal magnitudes, n a power of 2 (Sylvester's construction): [n, n].

    >>> dg.dsp.hadamard(2).numpy()
    array([[ 0.7071,  0.7071],
           [ 0.7071, -0.7071]], dtype=float32)
    """
    import numpy as np

    matrix = np.ones((1, 1))
    while len(matrix) < n:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return tf.constant(matrix / math.sqrt(n), tf.float32)


def reflection(v: tf.Tensor) -> tf.Tensor:
    """Householder's reflection I - 2 v v' / v'v: [n, n].

    >>> dg.dsp.reflection(tf.constant([1.0, 1.0])).numpy()
    array([[ 0., -1.],
           [-1.,  0.]], dtype=float32)
    """
    norm = tf.reduce_sum(v * v)
    return tf.eye(size_of(v, 0)) - (2.0 / tf.maximum(norm, 1e-12)) * v[:, None] * v[None, :]


def reflections(vectors: tf.Tensor) -> tf.Tensor:
    """The product of a reflection by each row: every orthogonal matrix of its determinant (Stewart 1980), [n, n].

    Rows drawn from a normal distribution give matrices that are evenly distributed.

    >>> matrix = dg.dsp.reflections(tf.constant([[1.0, 0.0], [1.0, 1.0]]))
    >>> (matrix @ tf.transpose(matrix)).numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    matrix = tf.eye(size_of(vectors, 1))
    for v in tf.unstack(vectors):
        norm = tf.maximum(tf.reduce_sum(v * v), 1e-12)
        matrix -= (2.0 / norm) * tf.linalg.matvec(matrix, v)[:, None] * v[None, :]
    return matrix


def fdn(audio: tf.Tensor, network: Network) -> tf.Tensor:
    """What a network makes of audio [batch, samples]: [batch, samples, channels].

    The gradient runs the network backwards once; under `plain_gradients` TensorFlow differentiates the turns.

    >>> gain, pole = dg.dsp.absorption([3, 4], tf.constant([[1.0]]), tf.constant([[1.0]]), 16000.0)
    >>> network = dg.dsp.Network((3, 4), dg.dsp.hadamard(2), tf.ones(2), tf.ones([1, 2]), gain, pole)
    >>> dg.dsp.fdn(tf.constant([[1.0] + 7 * [0.0]]), network).numpy()[0, :, 0]
    array([0.    , 0.    , 0.    , 0.9987, 0.9983, 0.    , 0.7053, 1.4099],
          dtype=float32)
    """

    def compute(x: Any, matrix: Any, into: Any, out: Any, gain: Any, pole: Any) -> Any:
        made = Network(network.delays, matrix, into, out, gain, pole)
        y, damped = _run(x, made)

        def gradient(upstream: tf.Tensor) -> tuple[Any, ...]:
            return _backwards(x, made, damped, upstream)

        return y, gradient

    given = (audio, network.matrix, network.into, network.out, network.gain, network.pole)
    if needs_plain_gradients():
        return compute(*given)[0]
    return tf.custom_gradient(compute)(*given)


def fdn_state(network: Network, batch: Size) -> dict[str, tf.Tensor]:
    """Silence: lines [batch, n, length], and the last damped values [batch, n]."""
    n = len(network.delays)
    return {
        "lines": tf.zeros(tf.stack([batch, n, network.length])),
        "damped": tf.zeros(tf.stack([batch, n])),
    }


def fdn_stream(
    state: Mapping[str, tf.Tensor], audio: tf.Tensor, network: Network
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """A block of a stream, of any length: the next state, and [batch, samples, channels]."""
    samples = size_of(audio, 1)
    turn = _turn_of(network, network.block)
    if isinstance(samples, int) and samples <= network.block:
        after, made = _turn_of(network, samples)(dict(state), {"x": audio})
        return after, tf.transpose(made["y"], [0, 2, 1])
    turns = (samples - 1) // network.block  # the last turn takes what is left, at least one sample
    whole = turns * network.block

    def some() -> Any:
        after, made = in_turns(turn, state, {"x": audio[:, :whole]}, {"x": network.block}, turns, ["y"])
        return after, side_by_side(tf.transpose(made["y"], [0, 1, 3, 2]))

    def none() -> Any:
        return dict(state), tf.zeros(tf.stack([size_of(audio, 0), 0, size_of(network.out, 0)]))

    after, before = some() if isinstance(turns, int) else tf.cond(turns > 0, some, none)
    rest = audio[:, whole:]
    after, made = _turn_of(network, size_of(rest, 1))(after, {"x": rest})
    return after, tf.concat([before, tf.transpose(made["y"], [0, 2, 1])], axis=1)


# -- offline -------------------------------------------------------------------------------------


def _run(x: tf.Tensor, network: Network) -> tuple[tf.Tensor, tf.Tensor]:
    """The output [batch, samples, channels], and the damped values of all lines, [batch, n, turns * block]."""
    samples = size_of(x, 1)
    turns = ceil_divide(samples, network.block)
    padded = filled_up(x, turns * network.block)
    state = fdn_state(network, tf.shape(x)[0])
    turn = _turn_of(network, network.block)
    _, made = in_turns(turn, state, {"x": padded}, {"x": network.block}, turns, ["y", "damped"])
    y = side_by_side(tf.transpose(made["y"], [0, 1, 3, 2]))[:, :samples]
    return y, _along(made["damped"])


def _along(blocks: tf.Tensor) -> tf.Tensor:
    """[turns, batch, n, count] as [batch, n, turns * count]."""
    blocks = tf.transpose(blocks, [1, 2, 0, 3])
    shape = tf.shape(blocks)
    joined = tf.reshape(blocks, tf.stack([shape[0], shape[1], shape[2] * shape[3]]))
    joined.set_shape([blocks.shape[0], blocks.shape[1], None])
    return joined


def _backwards(x: tf.Tensor, network: Network, damped: tf.Tensor, upstream: tf.Tensor) -> tuple[Any, ...]:
    """The gradients of x, A, b, C, a and p."""
    samples, length = size_of(x, 1), size_of(damped, 2)
    block, n = network.block, len(network.delays)
    given = filled_up(upstream, length)[:, ::-1]
    state = fdn_state(network, tf.shape(x)[0])
    turns = length // block
    _, made = in_turns(_adjoint_turn(network), state, {"y": given}, {"y": block}, turns, ["into", "damped"])
    # Everything on reversed time, as the turns made it: sums over time do not mind.
    into, to_damped = _along(made["into"]), _along(made["damped"])
    damped, sound = damped[:, :, ::-1], filled_up(x, length)[:, ::-1]
    entering = tf.matmul(network.matrix, damped) + network.into[:, None] * sound[:, None, :]
    of_gain = [
        tf.reduce_sum(to_damped[:, i, : length - m] * entering[:, i, m:], axis=1) for i, m in enumerate(network.delays)
    ]
    of_pole = tf.reduce_sum(to_damped[:, :, :-1] * damped[:, :, 1:], axis=2)
    to_x = tf.linalg.matvec(into, tf.broadcast_to(network.into, tf.stack([tf.shape(x)[0], n])), transpose_a=True)
    return (
        to_x[:, ::-1][:, :samples],
        tf.reduce_sum(tf.matmul(into, damped, transpose_b=True), axis=0),
        tf.reduce_sum(tf.linalg.matvec(into, sound), axis=0),
        tf.reduce_sum(tf.matmul(given, damped, transpose_a=True, transpose_b=True), axis=0),
        _summed_like(tf.stack(of_gain, axis=1), network.gain),
        _summed_like(of_pole, network.pole),
    )


def _summed_like(per_item: tf.Tensor, parameter: tf.Tensor) -> tf.Tensor:
    """[batch, n]; summed over the batch where one set of numbers serves all items."""
    if parameter.shape[0] == 1:
        return tf.reduce_sum(per_item, axis=0, keepdims=True)
    if parameter.shape[0] is not None:
        return per_item
    is_shared = tf.equal(tf.shape(parameter)[0], 1)
    return tf.cond(is_shared, lambda: tf.reduce_sum(per_item, axis=0, keepdims=True), lambda: per_item)


# -- one turn ------------------------------------------------------------------------------------


def _turn_of(network: Network, count: Size) -> Any:
    """One turn of `count` samples, at most as many as a block."""
    n = len(network.delays)
    damping = _Damping(network.gain, network.pole, count)
    mixing = tf.concat([network.matrix, network.out], axis=0)  # one product for what goes in and what goes out

    def turn(state: dict[str, Any], blocks: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        damped, last = damping(_read(state["lines"], network, count), state["damped"])
        mixed = tf.matmul(mixing, damped)
        entering = mixed[:, :n] + network.into[:, None] * blocks["x"][:, None, :]
        lines = tf.concat([state["lines"][:, :, count:], entering], axis=2)
        return {"lines": lines, "damped": last}, {"y": mixed[:, n:], "damped": damped}

    return turn


def _adjoint_turn(network: Network) -> Any:
    """One turn of the network on reversed time."""
    count = network.block
    damping = _Damping(tf.ones_like(network.gain), network.pole, count)
    transposed, from_out = tf.transpose(network.matrix), tf.transpose(network.out)

    def turn(state: dict[str, Any], blocks: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        into = _read(state["lines"], network, count)
        to_damped = tf.matmul(transposed, into) + tf.matmul(from_out, blocks["y"], transpose_b=True)
        damped, last = damping(to_damped, state["damped"])
        leaving = network.gain[:, :, None] * damped
        lines = tf.concat([state["lines"][:, :, count:], leaving], axis=2)
        return {"lines": lines, "damped": last}, {"into": into, "damped": damped}

    return turn


def _read(lines: tf.Tensor, network: Network, count: Size) -> tf.Tensor:
    """What comes out of every line in the next `count` samples, [batch, n, count]: slices, which cost least."""
    longest = network.length
    return tf.stack([lines[:, i, longest - m : longest - m + count] for i, m in enumerate(network.delays)], axis=1)


class _Damping:
    """y(n) = a x(n) + p y(n - 1) over blocks of `count` samples, by products of small matrices.

    A block is groups of L samples: within a group a lower triangular matrix, between groups the powers of p ** L.
    """

    def __init__(self, gain: Any, pole: Any, count: Size) -> None:
        self.count = count
        self.size = max(8, math.isqrt(count)) if isinstance(count, int) else 32
        self.groups = ceil_divide(count, self.size)
        log_pole = tf.math.log(tf.clip_by_value(pole, _LEAST_POLE, _MOST_POLE))  # the gradient is this module's
        age = tf.range(self.size, dtype=tf.float32)
        between = age[None, :] - age[:, None]  # from a sample to a later one
        self.within = gain[:, :, None, None] * _powers(log_pole, between)
        groups = tf.range(tf.cast(self.groups, tf.float32), dtype=tf.float32)
        step = float(self.size)
        self.across = _powers(log_pole, step * (groups[None, :] - groups[:, None] - 1.0))
        self.first = tf.exp(log_pole[:, :, None] * step * groups)
        self.entering = tf.exp(log_pole[:, :, None] * (age + 1.0))

    def __call__(self, x: tf.Tensor, before: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """x [batch, n, count] and the value before it, [batch, n] -> y, and its last value."""
        n, size, groups = x.shape[1], self.size, self.groups
        spare = groups * size - self.count
        if not (isinstance(spare, int) and spare == 0):
            x = tf.pad(x, [[0, 0], [0, 0], [0, spare]])
        local = tf.matmul(tf.reshape(x, tf.stack([-1, n, groups, size])), self.within)
        ends = local[:, :, :, size - 1]
        # Sums, since a product of one row costs more than that.
        states = tf.reduce_sum(ends[:, :, :, None] * self.across, axis=2) + self.first * before[:, :, None]
        y = local + states[:, :, :, None] * self.entering[:, :, None, :]
        y = tf.reshape(y, tf.stack([-1, n, groups * size]))[:, :, : self.count]
        return y, y[:, :, self.count - 1]


def _powers(log_pole: tf.Tensor, exponents: tf.Tensor) -> tf.Tensor:
    """p ** exponent where it is not negative, else 0: [batch, n, *exponents]."""
    powers = tf.exp(log_pole[:, :, None, None] * tf.maximum(exponents, 0.0))
    return tf.where(exponents >= 0.0, powers, 0.0)
