"""What follows a gate: the value at the last event, the time since, and envelopes.

All arrays are [rows, time]. An event is 1 where something begins and 0 elsewhere. What was at the last event is a scan
with a distance of 0 or 1 (`moving_filters.linear_scan`), which is exact: h_t = x_t at an event, else h_(t-1).

An envelope is a closed form of the time since its gate opened or closed, and of the level where that found it. The
level is what makes it a recursion: u, where the attack begins or the release falls from, changes at events alone,

    u_t = U_t(u_(t-1)) at an event,   u_t = u_(t-1) elsewhere,

which Newton's method solves for all times at once, a linear scan in each turn: exact from the start on, at least one
event further with each turn, and on real gates after a few. The gradient is that of the linear scan at the solution.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ddspgraph.dsp.moving_filters import linear_scan
from ddspgraph.dsp.numerics import plain_gradients
from ddspgraph.dsp.sections import clipped
from ddspgraph.dsp.sizes import size_of
from ddspgraph.lazy import tf

#: The bends of an exponential curve: the attack heads for 1.29, as a capacitor that is switched off at 0.78 of its
#: voltage; decay and release fall by 60 dB in their time, and then to the end.
_ATTACK_BEND, _FALL_BEND = 1.5, math.log(1000.0)
#: Times are kept between these numbers of steps.
_SHORTEST, _LONGEST = 1e-3, 2.0**24
#: Levels that change by less from one turn to the next have been found.
_FOUND = 1e-6
#: How much a level may depend on the one where the gate was found before: of a decay much shorter than its attack, cut
#: off within it, more; products of many such would leave float32.
_STEEPEST = 16.0
#: Numbers that an envelope keeps from block to block.
ADSR_STATE = 6


def held(x: tf.Tensor, event: tf.Tensor, before: Any = 0.0) -> tf.Tensor:
    """The value that x had at the last event, `before` where there was none.

    >>> x, event = tf.constant([[5.0, 6.0, 7.0, 8.0]]), tf.constant([[0.0, 1.0, 0.0, 0.0]])
    >>> dg.dsp.held(x, event).numpy()
    array([[0., 6., 6., 6.]], dtype=float32)

    Args:
      x: float32 [rows, time].
      event: 0 or 1, [rows, time].
      before: a number, or [rows, 1].
    """
    return _carried(event, event * x, before)


def rising(gate: tf.Tensor, before: Any = 0.0) -> tf.Tensor:
    """1 where a gate, open above 0, opens; else 0.

    >>> dg.dsp.rising(tf.constant([[0.0, 0.7, 1.0, 0.0, 2.0]])).numpy()
    array([[0., 1., 0., 0., 1.]], dtype=float32)

    Args:
      gate: [rows, time].
      before: the gate before the first step, a number or [rows, 1].
    """
    opened = tf.cast(gate > 0.0, tf.float32)
    return opened * (1.0 - _before(opened, tf.cast(tf.convert_to_tensor(before) > 0.0, tf.float32)))


class Times(NamedTuple):
    """Attack, decay and release in steps and the level of the sustain: float32 [rows or 1, time or 1]."""

    attack: tf.Tensor
    decay: tf.Tensor
    sustain: tf.Tensor
    release: tf.Tensor


def adsr(
    gate: tf.Tensor, times: Times, onset: Any = 0.0, *, exponential: bool = False, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The envelope of a gate, and what a stream keeps of it.

    >>> times = dg.dsp.Times(*(tf.constant([[x]]) for x in (2.0, 4.0, 0.5, 2.0)))
    >>> dg.dsp.adsr(tf.constant([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]]), times)[0].numpy()
    array([[0.   , 0.5  , 1.   , 0.875, 0.75 , 0.625, 0.5  , 0.5  , 0.25 ,
            0.   ]], dtype=float32)

    Args:
      gate: open above 0, float32 [rows, time].
      times: attack and decay are read where the gate opens, the release where it closes, the sustain always. Kept
        within 0.001 to 2**24 steps and 0 to 1, with the gradient kept.
      onset: how far after the step at which the gate opens its note begins, 0 to 1: a number or [rows, time].
      exponential: curves of a capacitor in place of straight lines.
      state: [rows, 6]; None for a gate that was never open.

    Returns:
      [rows, time], and the next state.
    """
    opened = tf.cast(gate > 0.0, tf.float32)
    state = tf.zeros_like(opened[:, :1]) + (tf.zeros([1, ADSR_STATE]) if state is None else state)
    was_open, age, start, attack, decay, release = (state[:, i : i + 1] for i in range(ADSR_STATE))
    before = _before(opened, was_open)
    on, off = opened * (1.0 - before), before * (1.0 - opened)
    event = on + off
    ages = _carried(event, 1.0 - event * (1.0 + opened * clipped(onset, 0.0, 1.0)), age)
    attacks, decays, releases = (
        held(clipped(x, _SHORTEST, _LONGEST) + tf.zeros_like(gate), when, last)
        for x, when, last in ((times.attack, on, attack), (times.decay, on, decay), (times.release, off, release))
    )
    curve = _Curve(
        before,
        _before(ages, age) + 1.0,
        *(tf.maximum(_before(x, last), _SHORTEST) for x, last in ((attacks, attack), (decays, decay))),
        tf.maximum(_before(releases, release), _SHORTEST),
        clipped(times.sustain, 0.0, 1.0),
        exponential,
    )
    found = tf.stop_gradient(_solved(curve, on, off, start))
    earlier = _before(found, start)
    y, slope = curve.level(earlier)
    value, factor = _after(y, slope, on, off, earlier, exponential)
    moved = linear_scan([[1.0 - tf.stop_gradient(factor)]], [value - tf.stop_gradient(value)])[0]  # 0, but its gradient
    y += tf.stop_gradient(slope) * tf.pad(moved[:, :-1], [[0, 0], [1, 0]])
    kept = [opened, ages, found + moved, attacks, decays, releases]
    return y, tf.concat([x[:, -1:] for x in kept], axis=1)


class _Curve(NamedTuple):
    """What the level at each time follows from, beside where it began; all float32 [rows, time]."""

    is_open: tf.Tensor
    age: tf.Tensor
    attack: tf.Tensor
    decay: tf.Tensor
    release: tf.Tensor
    sustain: tf.Tensor
    exponential: bool

    def level(self, start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The level, and its slope in `start`: how far the attack was when it began, or what the release falls from."""
        age = tf.maximum(self.age, 0.0)
        part = start + age / self.attack
        rise, rise_slope = _bent(tf.clip_by_value(part, 0.0, 1.0), -_ATTACK_BEND if self.exponential else 0.0)
        waited = (age - self.attack * (1.0 - start)) / self.decay
        fall, fall_slope = self._fall(waited)
        held_slope = (1.0 - self.sustain) * fall_slope * self.attack / self.decay
        in_attack = part < 1.0
        level = tf.where(in_attack, rise, self.sustain + (1.0 - self.sustain) * fall)
        slope = tf.where(in_attack, rise_slope, held_slope)
        rest, _ = self._fall(age / self.release)
        is_open = self.is_open > 0.0
        return tf.where(is_open, level, start * rest), tf.where(is_open, slope, rest)

    def _fall(self, part: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """From 1 at 0 to 0 at 1 and after."""
        within = tf.clip_by_value(part, 0.0, 1.0)
        value, slope = _bent(within, -_FALL_BEND if self.exponential else 0.0)
        return 1.0 - value, tf.where(tf.logical_and(part > 0.0, part < 1.0), -slope, 0.0)


def _bent(x: tf.Tensor, bend: float) -> tuple[tf.Tensor, tf.Tensor]:
    """(exp(bend x) - 1) / (exp(bend) - 1), which goes from 0 to 1 with x, and its slope; a line where `bend` is 0."""
    if bend == 0.0:
        return x, tf.ones_like(x)
    scale = 1.0 / (math.exp(bend) - 1.0)
    grown = tf.exp(bend * x)
    return scale * (grown - 1.0), scale * bend * grown


def _after(
    level: tf.Tensor, slope: tf.Tensor, on: tf.Tensor, off: tf.Tensor, start: tf.Tensor, exponential: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """U_t(u_(t-1)) and its slope."""
    begun, begun_slope = level, tf.ones_like(level)
    if exponential:  # where the attack is at this level
        scale = 1.0 - math.exp(-_ATTACK_BEND)
        rest = 1.0 - scale * tf.clip_by_value(level, 0.0, 1.0)
        begun, begun_slope = -tf.math.log(rest) / _ATTACK_BEND, scale / (_ATTACK_BEND * rest)
    is_on, is_off = on > 0.0, off > 0.0
    value = tf.where(is_on, begun, tf.where(is_off, level, start))
    factor = tf.where(is_on, begun_slope * slope, tf.where(is_off, slope, 1.0))
    return value, tf.clip_by_value(factor, -_STEEPEST, _STEEPEST)


def _solved(curve: _Curve, on: tf.Tensor, off: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
    """u at all times, by Newton's method."""

    def turn(found: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        earlier = _before(found, start)
        value, factor = _after(*curve.level(earlier), on, off, earlier, curve.exponential)
        with plain_gradients():
            change = linear_scan([[1.0 - tf.clip_by_value(factor, -1.0, 1.0)]], [value - found])[0]
        largest = tf.reduce_max(tf.concat([[0.0], tf.reshape(tf.abs(change), [-1])], axis=0))
        return tf.clip_by_value(found + change, 0.0, 1.0), largest

    first = start + tf.zeros_like(on)
    most = size_of(on, 1) + 1
    return tf.while_loop(lambda _, x: x > _FOUND, turn, (first, tf.constant(1.0)), maximum_iterations=most)[0]


def _carried(event: tf.Tensor, drive: tf.Tensor, before: Any) -> tf.Tensor:
    """h_t = (1 - event_t) h_(t-1) + drive_t, from `before` on."""
    first = drive[:, :1] + (1.0 - event[:, :1]) * before
    return linear_scan([[event]], [tf.concat([first, drive[:, 1:]], axis=1)])[0]


def _before(x: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """x one step later, [rows, time]."""
    return tf.concat([first + tf.zeros_like(x[:, :1]), x[:, :-1]], axis=1)
