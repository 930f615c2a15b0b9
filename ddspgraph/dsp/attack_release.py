"""Ballistics: what follows a target fast in one direction and slowly in the other.

    g_t = g_(t-1) + c_t (target_t - g_(t-1)),   c_t = falling_t where target_t < g_(t-1), else rising_t

Which of the two coefficients a sample takes depends on the one before it. So the recursion is solved by policy
iteration: sides are guessed for all samples, the recursion that they make is linear and is solved at once, in lanes,
and each sample reads its side anew, until none changes. The result is then that of the loop over samples. Each turn
makes at least one more sample final, since no side depends on a later sample: so there is always an end, and on music
it comes after 4 to 12 turns.

The gradient is that of the linear recursion at the end: a scan backwards (`linear_scan`), exact for the targets and
for both coefficients wherever no sample stands exactly between the two sides.

Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design" (JAES 60(6), 2012), the
branching peak detector; R. A. Howard, Dynamic Programming and Markov Processes (1960), policy iteration.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp.moving_filters import linear_scan
from ddspgraph.dsp.numerics import TensorLike, tf_float32
from ddspgraph.dsp.sections import clipped
from ddspgraph.dsp.sizes import ceil_divide, larger, size_of
from ddspgraph.lazy import tf

#: Samples of a lane.
_LANE = 16
#: Differences that are rounding, relative to the target.
_ROUNDING = 1e-6
#: The shortest time constant, in samples: at once, up to exp(-50). The longest is beyond any use.
_SHORTEST, _LONGEST = 0.02, 1e8


def approach(time_s: TensorLike, sample_rate: float) -> tf.Tensor:
    """The share of the way to its target that a one-pole goes in a sample: 1 - exp(-1 / (time_s sample_rate)).

    After `time_s`, the time constant tau, 1 - 1/e of the way is done, 63 %; from 10 to 90 % it takes 2.2 times as long.
    A time of 0 or less is at once; the gradient stays.

    >>> dg.dsp.approach([0.0, 0.001], sample_rate=1000.0).numpy()
    array([1.    , 0.6321], dtype=float32)

    Args:
      time_s: In seconds, any shape.
      sample_rate: Samples a second.
    """
    half = 0.5 / clipped(tf_float32(time_s) * sample_rate, _SHORTEST, _LONGEST)
    tangent = tf.tanh(half)  # of slow ones 1 - exp would lose digits
    return 2.0 * tangent / (1.0 + tangent)


def smoothed(x: tf.Tensor, coefficient: tf.Tensor, state: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    """A one-pole: y_t = y_(t-1) + c_t (x_t - y_(t-1)).

    >>> dg.dsp.smoothed(tf.constant([[1.0, 1.0, 1.0]]), tf.constant([[0.5]]))[0].numpy()
    array([[0.5  , 0.75 , 0.875]], dtype=float32)

    Args:
      x: float32 [batch, samples].
      coefficient: float32 [batch or 1, samples or 1], 0 to 1.
      state: [batch or 1, 1], y before the first sample; None: 0.

    Returns:
      [batch, samples], and the state after the last sample.
    """
    drive = coefficient * x
    if state is not None:  # it enters as if the first sample drove it
        drive += tf.zeros_like(state)
        drive = tf.concat([drive[:, :1] + (1.0 - coefficient[:, :1]) * state, drive[:, 1:]], axis=1)
    (y,) = linear_scan([[coefficient + tf.zeros_like(drive)]], [drive])
    return y, y[:, -1:]


def ballistics(
    target: tf.Tensor, falling: tf.Tensor, rising: tf.Tensor, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """A one-pole towards a target, of one speed on the way down and of another on the way up.

    >>> target = tf.constant([[-8.0, -8.0, 0.0, 0.0]])
    >>> dg.dsp.ballistics(target, tf.constant([[1.0]]), tf.constant([[0.5]]))[0].numpy()
    array([[-8., -8., -4., -2.]], dtype=float32)

    Args:
      target: float32 [batch, samples].
      falling, rising: float32 [batch or 1, samples or 1], 0 to 1: as of `approach`.
      state: [batch or 1, 1], the value before the first sample; None: 0.

    Returns:
      [batch, samples], and the state after the last sample.
    """
    none = tf.zeros_like(falling[:, :1]) + tf.zeros_like(rising[:, :1])
    target += none if state is None else none + tf.zeros_like(state)  # of as many items as all have
    before = None if state is None else tf.stop_gradient(state)
    falls, _ = falling_side(*map(tf.stop_gradient, (target, falling, rising)), before)
    return smoothed(target, tf.where(falls, falling, rising), state)


def falling_side(
    target: tf.Tensor, falling: tf.Tensor, rising: tf.Tensor, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Where `ballistics` is on the way down, bool [batch, samples]; and how many turns it took to find out.

    >>> target = tf.constant([[-8.0, -8.0, 0.0, -1.0]])
    >>> dg.dsp.falling_side(target, tf.constant([[0.5]]), tf.constant([[0.1]]))[0].numpy()
    array([[ True,  True, False, False]])
    """
    batch, samples = size_of(target, 0), size_of(target, 1)
    n_lanes = larger(ceil_divide(samples, _LANE), 1)
    first = tf.zeros(tf.stack([batch, 1])) + (0.0 if state is None else state)

    def rows(x: tf.Tensor) -> list[tf.Tensor]:
        """Sample i of all lanes, for each i; of a constant one row that serves all."""
        if x.shape[1] == 1:
            return [tf.reshape(tf.broadcast_to(x, tf.stack([batch, n_lanes])), [-1])] * _LANE
        x = tf.broadcast_to(x, tf.stack([batch, samples]))
        padded = tf.pad(x, [[0, 0], [0, n_lanes * _LANE - samples]])
        # No transposition: LiteRT's converter does not take one beside a loop in which there are others.
        return tf.unstack(tf.reshape(padded, [batch * n_lanes, _LANE]), axis=1)

    targets, down, up = rows(target), rows(falling), rows(rising)

    aims = tf.stack(targets)
    noise = _ROUNDING * tf.abs(aims)
    slower = [tf.less(*each) for each in zip(down, up, strict=True)]  # what lags is not taken for what has arrived

    def body(turn: tf.Tensor, falls: tf.Tensor) -> Any:
        c = [tf.where(*each) for each in zip(tf.unstack(falls), down, up, strict=True)]
        distance, drive = c[0], c[0] * targets[0]
        for coefficient, aim in zip(c[1:], targets[1:], strict=True):
            distance += coefficient - coefficient * distance
            drive += coefficient * (aim - drive)
        shape = tf.stack([batch, n_lanes])
        g = _lane_starts(tf.reshape(distance, shape), tf.reshape(drive, shape), first)
        sides = []
        # What rounding alone decides stays as it is.
        limits = tf.unstack(tf.where(falls, noise, -noise))
        for aim, limit, on_way_down, on_way_up in zip(targets, limits, down, up, strict=True):
            way = aim - g
            sides.append(way < limit)
            g += tf.where(sides[-1], on_way_down, on_way_up) * way
        after = tf.stack(sides)
        after.set_shape(falls.shape)
        turn += 1
        return tf.where(tf.reduce_any(tf.not_equal(after, falls)), turn, -turn), after

    # The number of turns becomes negative with the last one.
    turn, falls = tf.while_loop(
        lambda turn, _: (turn >= 0) & (turn <= samples), body, (tf.constant(0), tf.stack(slower))
    )
    falls = tf.reshape(tf.stack(tf.unstack(falls), axis=1), tf.stack([batch, n_lanes * _LANE]))
    return falls[:, :samples], tf.abs(turn)


def _lane_starts(distance: tf.Tensor, drive: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """The value before each lane, of steps g - distance g + drive [batch, lanes] from `first` on: [batch * lanes]."""
    entered = tf.concat([drive[:, :1] + first - distance[:, :1] * first, drive[:, 1:]], axis=1)
    (ends,) = linear_scan([[distance]], [entered])
    return tf.reshape(tf.concat([first, ends[:, :-1]], axis=1), [-1])
