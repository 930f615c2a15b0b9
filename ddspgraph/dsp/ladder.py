"""The ladder: four one-poles in series, and round them a feedback without delay, which may saturate.

With G = g / (1 + g) and g = tan(pi f / sample_rate), each stage is y = s + G (w - s), s' = s + 2 G (w - s) of its input
w. The first one's is u = tanh(d v) / d, v = x - k y4: an equation at every sample, since y4 holds G^4 u. Given the
slope of the saturation at a v, all of it is one linear recursion of four states, which a scan solves for all samples at
once. So Newton's method is done on whole sounds: guess v, solve the linear recursion about it, read v anew. It ends
where the loop over samples does, and doubles its digits in each turn. Its gradient is that of the last linear
recursion: one scan backwards.

Cutoffs may move in any way: all steps of the linear ladder are Cayley transforms of multiples of one matrix, which
share their eigenvectors, and eigenvalues of theirs lie inside of the unit circle while k is below 4.

Sources: V. Zavalishin, The Art of VA Filter Design (2018), chapter 5; Y. H. Lim et al., "Parallelizing non-linear
sequential models over the sequence length" (ICLR 2024), Newton's method in time.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp.iir import System, audible
from ddspgraph.dsp.moving_filters import linear_scan
from ddspgraph.dsp.sections import clipped
from ddspgraph.lazy import tf

_STAGES = range(4)
#: The feedback at which it would oscillate, and the most that there is of it.
_OSCILLATES, _MOST = 4.0, 0.999
#: A turn that moves v by less, in widths of the saturation, is the last but one.
_SETTLED = 1e-4
#: Turns after which it is taken as it is.
_MOST_TURNS = 100


def ladder_feedback(resonance: Any, dtype: Any = "float32") -> Any:
    """k of a resonance from 0 to 1, where it would begin to oscillate; of a number a number."""
    if isinstance(resonance, float):
        return _OSCILLATES * min(max(resonance, 0.0), _MOST)
    return _OSCILLATES * tf.cast(clipped(resonance, 0.0, _MOST), dtype)


def ladder_system(g: Any, k: Any) -> System:
    """The linear ladder of constants, float64 [batch, 1], for `system_matrices`."""
    g, k = g[:, 0] + 0.0 * k[:, 0], k[:, 0] + 0.0 * g[:, 0]
    distance, drive = _steps(g, k, tf.ones_like(g))
    one, zero = tf.ones_like(g), tf.zeros_like(g)
    a = tf.stack(
        [tf.stack([(one if i == j else zero) - distance[i][j] for j in _STAGES], axis=-1) for i in _STAGES], axis=-2
    )
    # What comes out of the last stage lies halfway between its state before and after.
    c = [0.5 * ((2.0 * one if j == 3 else zero) - distance[3][j]) for j in _STAGES]
    return (
        a,
        tf.stack(drive, axis=-1)[..., tf.newaxis],
        tf.stack(c, axis=-1)[:, tf.newaxis],
        0.5 * drive[3][:, None, None],
    )


def moving_ladder(
    g: tf.Tensor, k: tf.Tensor, x: tf.Tensor, drive: tf.Tensor | None, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """A ladder whose controls may move, and saturate.

    Args:
      g, k: of `warped` and `ladder_feedback`, float32 [batch or 1, samples or 1].
      x: float32 [batch, samples].
      drive: d, the same shapes; None: linear.
      state: float32 [batch, 4]; None for silence before the audio.

    Returns:
      [batch, samples], and the state after the last sample.
    """
    none = tf.zeros_like(x)
    if drive is None:
        return _linear(g, k, x, tf.ones_like(x), none, state)
    v = _settled(*(tf.stop_gradient(each + none) for each in (g, k, x, drive)), state)
    u = tf.tanh(drive * v) / drive
    slope = 1.0 - tf.square(tf.tanh(drive * v))
    return _linear(g, k, x, slope, u - slope * v, state)


def _linear(g: Any, k: Any, x: Any, slope: Any, offset: Any, state: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """The ladder whose saturation is slope v + offset."""
    distance, drive = _steps(g + 0.0 * x, k + 0.0 * x, slope)
    drive = [each * (slope * x + offset) for each in drive]
    first = [tf.zeros_like(x[:, 0]) + (0.0 if state is None else state[:, i]) for i in _STAGES]
    if state is not None:  # it enters as if the first sample drove it
        moved = [sum(distance[i][j][:, 0] * first[j] for j in _STAGES) for i in _STAGES]
        begin = [first[i] - moved[i] + drive[i][:, 0] for i in _STAGES]
        drive = [tf.concat([s[:, tf.newaxis], b[:, 1:]], axis=1) for s, b in zip(begin, drive, strict=True)]
    states = linear_scan(distance, drive)
    before = tf.concat([first[3][:, tf.newaxis], states[3][:, :-1]], axis=1)
    return 0.5 * (before + states[3]), audible(tf.stack([s[:, -1] for s in states], axis=1))


def _steps(g: Any, k: Any, slope: Any) -> tuple[list[list[Any]], list[Any]]:
    """s' = s - E s + b e of what drives it, e = slope x + offset: E and b, of the shape of the controls."""
    high = 1.0 / (1.0 + g)
    power = [1.0 + 0.0 * g]
    for _ in range(4):
        power.append(power[-1] * g * high)  # G^i
    share = 1.0 / (1.0 + slope * k * power[4])
    back = slope * k * share * high
    distance = []
    for i in _STAGES:
        row = []
        for j in _STAGES:
            direct = 2.0 * power[1] if i == j else -2.0 * power[i - j] * high if j < i else 0.0
            row.append(direct + 2.0 * power[i + 1] * back * power[3 - j])
        distance.append(row)
    return distance, [2.0 * power[i + 1] * share for i in _STAGES]


def _settled(g: Any, k: Any, x: Any, drive: Any, state: Any) -> tf.Tensor:
    """v of the ladder that saturates."""
    own = None if state is None else tf.stop_gradient(state)

    def body(turn: tf.Tensor, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        t = tf.tanh(drive * v)
        slope = 1.0 - t * t
        y, _ = _linear(g, k, x, slope, t / drive - slope * v, own)
        after = x - k * y
        moves = tf.abs(after - v) * drive > _SETTLED * (1.0 + drive * tf.abs(v))
        turn += 1
        return tf.where(tf.reduce_any(moves), turn, -turn), tf.ensure_shape(after, v.shape)

    # The number of turns becomes negative with the last one.
    _, v = tf.while_loop(lambda turn, _: (turn >= 0) & (turn < _MOST_TURNS), body, (tf.constant(0), x))
    return tf.stop_gradient(v)
