"""Band-limited waves: what a wave with corners is, and at each corner what a filter would have made of it.

A wave is first sampled as it stands, which folds its partials above half of the sample rate back. At a jump of height
h, x samples before sample n, sample n + j then gets h (S(j + x) - (j + x >= 0)), where S is a step through an ideal
low-pass, cut to 2 M samples by a window of Kaiser: so the jump becomes that step. At a bend it gets the integral of it.
The filter falls from 0 dB at 0.41 of the sample rate to -90 dB at 0.59, so that what folds back below 0.41 is gone.

The residual of each j is a polynomial in x, fitted once. All jumps are therefore one convolution: of their heights
times powers of x, by the coefficients of the polynomials; and everything has gradients, in x and so in what the phase
was made of. A phase is a sum in float64; x is where it passed the corner, on a line between two samples.

Sources: Stilson and Smith, "Alias-free digital synthesis of classic analog waveforms" (ICMC 1996); Brandt, "Hard sync
without aliasing" (ICMC 2001); Esqueda, Valimaki and Bilbao, "Rounding corners with BLAMP" (DAFx 2016).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ddspgraph.dsp.gates import held
from ddspgraph.dsp.oscillators import sine
from ddspgraph.dsp.phase import wrapped_cumsum
from ddspgraph.dsp.sizes import size_of
from ddspgraph.dsp.streams.frames import delayed, has_begun, slide
from ddspgraph.lazy import np, tf

#: M: samples before and after a corner that it changes, and so how late a stream is.
REACH = 16
#: Of the window: 90 dB of attenuation.
_KAISER = 8.96
#: Of the polynomials: off by 1e-6 of a jump.
_DEGREE = 9
#: Points of the integrals for each sample.
_FINE = 512
_NO_STEP = 1e-12

#: shape -> places in the cycle (None: the width) with the height of the jump there, and the change of slope.
_CORNERS: Mapping[str, tuple[tuple[float | None, float, float], ...]] = {
    "sine": ((0.0, 0.0, 0.0),),
    "triangle": ((0.25, 0.0, -8.0), (0.75, 0.0, 8.0)),
    "square": ((0.0, 2.0, 0.0), (None, -2.0, 0.0)),
    "saw": ((0.0, -2.0, 0.0),),
}


class Controls(NamedTuple):
    """What drives a wave, float32 [rows or 1, samples or 1]: cycles a sample, cycles, a share, cycles a sample."""

    frequency: tf.Tensor
    phase: tf.Tensor | None = None
    width: tf.Tensor | None = None
    sync: tf.Tensor | None = None


def band_limited_wave(shape: str, controls: Controls, rows: Any, n_samples: Any) -> tf.Tensor:
    """A wave, [rows, n_samples]: as `band_limited_stream`, from the beginning on and without a delay.

    >>> saw = dg.dsp.band_limited_wave("saw", dg.dsp.Controls(tf.constant([[0.01]])), 1, 200)
    >>> saw[0, 100:103].numpy()  # the middle of a jump, and after it
    array([ 0.    , -1.1557, -0.8694], dtype=float32)
    """
    first = first_wave_state(shape, controls.sync is not None, rows)
    naive, corners, _ = _sampled(shape, controls, first, 0, rows, n_samples)
    for order, x in corners.items():
        naive += _smoothed(tf.pad(x, [[0, 0], [REACH - 1, REACH], [0, 0]]), order)
    return naive


def first_wave_state(shape: str, has_sync: bool, rows: Any) -> dict[str, tf.Tensor]:
    """What a wave keeps, before it begins."""
    zero, double = tf.zeros(tf.stack([rows, 1])), tf.zeros(tf.stack([rows, 1]), tf.float64)
    state = {"frequency": zero, "turns": double, "phase": zero, "width": zero}
    state |= {f"place_{i}": zero for i in range(len(_CORNERS[shape]))}
    return state | ({"sync": zero, "sync_turns": double, "begin": zero} if has_sync else {})


def first_stream_state(shape: str, has_sync: bool, rows: Any) -> dict[str, tf.Tensor]:
    """That of a stream, which is late."""
    lines = {f"corners_{order}": [rows, 2 * REACH - 1, _DEGREE + 1] for order in _orders(shape, has_sync)}
    lines["wave"] = [rows, wave_latency(shape, has_sync)]
    return first_wave_state(shape, has_sync, rows) | {name: tf.zeros(tf.stack(size)) for name, size in lines.items()}


def band_limited_stream(
    state: Mapping[str, tf.Tensor], shape: str, controls: Controls, start: Any, rows: Any, n_samples: Any
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """A block of a wave, `wave_latency` samples late, and the next state.

    Args:
      state: of `first_stream_state`.
      shape: 'sine', 'triangle', 'square' or 'saw', as of an `lfo`.
      controls: what drives it; the square is high for the width of its cycle, the sync begins the cycle again with
        each of its own.
      start: the number of the first sample, int64: nothing turns before 0.
      rows: of the result.
      n_samples: of the block.
    """
    naive, corners, after = _sampled(shape, controls, state, start, rows, n_samples)
    wave, after["wave"] = delayed(state["wave"], naive)
    for order, x in corners.items():
        joined, after[f"corners_{order}"] = slide(state[f"corners_{order}"], x)
        wave += _smoothed(joined, order)
    return wave, after


def wave_latency(shape: str, has_sync: bool) -> int:
    """Samples that a stream of it is late."""
    return REACH if _orders(shape, has_sync) else 0


def _orders(shape: str, has_sync: bool) -> tuple[int, ...]:
    """The kinds of corners that a wave has: 0 for jumps, 1 for bends."""
    if has_sync:
        return (0, 1) if shape in ("sine", "triangle") else (0,)
    return {"sine": (), "triangle": (1,)}.get(shape, (0,))


class _Move(NamedTuple):
    """From one place of the cycle to another within a sample, all [rows, samples].

    Attributes:
      before, after: places, 0 to 1.
      advance: cycles between them, whole ones too.
      rest: samples from its end to the sample.
    """

    before: tf.Tensor
    after: tf.Tensor
    advance: tf.Tensor
    rest: Any

    def passed(self, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """How often it passed 0, backwards below 0, and how long before the sample, where it goes `step` a sample."""
        times = tf.stop_gradient(tf.round(self.before + self.advance - self.after))
        beyond = tf.where(times < 0.0, self.after - 1.0, self.after)
        return times, tf.clip_by_value(self.rest + beyond / _nonzero(step), 0.0, 1.0)


def _sampled(
    shape: str, controls: Controls, state: Mapping[str, tf.Tensor], start: Any, rows: Any, n_samples: Any
) -> tuple[tf.Tensor, dict[int, tf.Tensor], dict[str, tf.Tensor]]:
    """The wave as it stands, the corners of each sample, and the next state without the lines of a stream."""

    def whole(x: Any) -> tf.Tensor:
        return tf.broadcast_to(tf.convert_to_tensor(x, tf.float32), tf.stack([rows, n_samples]))

    begun = tf.cast(has_begun(start, n_samples), tf.float32)
    goes_on = tf.cast(has_begun(tf.cast(start, tf.int64) - 1, n_samples), tf.float32)  # since the sample before
    phase = whole(0.0 if controls.phase is None else controls.phase)
    width = whole(0.5 if controls.width is None else controls.width)
    turns, step, after = _turned(whole(controls.frequency) * begun, "frequency", "turns", state)
    after |= {"phase": phase[:, -1:], "width": width[:, -1:]}
    step += (phase - _late(phase, state["phase"])) * goes_on
    is_begin = since = tf.zeros_like(phase)  # where the sync begins the cycle again, and how long before the sample
    if controls.sync is not None:
        sync, sync_step, more = _turned(whole(controls.sync) * begun, "sync", "sync_turns", state)
        now = _wrapped(sync)
        move = _Move(_late(now, _wrapped(state["sync_turns"])), now, sync_step, 0.0)
        times, since = move.passed(sync_step)
        is_begin = goes_on * tf.cast(times > 0.0, tf.float32)
        since *= is_begin
        begin = held(_wrapped(turns) - since * step, is_begin, state["begin"])
        turns -= tf.cast(begin, tf.float64)
        after |= more | {"begin": begin[:, -1:]}

    corners: dict[int, Any] = dict.fromkeys(_orders(shape, controls.sync is not None), 0.0)
    places, reached, begins = [], [], []
    for i, (corner, jump, bend) in enumerate(_CORNERS[shape]):
        at = width if corner is None else whole(corner)
        now = _wrapped(turns + tf.cast(phase - at, tf.float64))
        before = tf.where(goes_on > 0.0, _late(now, state[f"place_{i}"]), now)
        after[f"place_{i}"] = now[:, -1:]
        own = step - ((at - _late(at, state["width"])) * goes_on if corner is None else 0.0)
        moves = [_Move(before, now, own, 0.0)]
        if controls.sync is not None:
            first, again = (1.0 - since) * own, _wrapped(tf.cast(phase - at, tf.float64))
            reached.append(tf.where(is_begin > 0.0, _wrapped(tf.cast(before + first, tf.float64)), now))
            begins.append(tf.where(is_begin > 0.0, again, now))
            moves = [_Move(before, reached[-1], first, since), _Move(begins[-1], now, since * own, 0.0)]
        for move in moves if jump or bend else ():
            times, x = move.passed(own)
            height = jump * times if jump else bend * tf.abs(times * own)
            corners[0 if jump else 1] += _powers(height, x)
        places.append(now)
    if controls.sync is not None:
        corners[0] += _powers(is_begin * (_wave(shape, begins, width) - _wave(shape, reached, width)), since)
        if 1 in corners:
            corners[1] += _powers(is_begin * step * (_slope(shape, begins) - _slope(shape, reached)), since)
    return _wave(shape, places, width), corners, after


def _turned(
    frequency: tf.Tensor, name: str, turns_name: str, state: Mapping[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor, dict[str, tf.Tensor]]:
    """Cycles at each sample, in float64, since the sample before, and the next state."""
    step = _late(frequency, state[name])
    turns = wrapped_cumsum(tf.cast(step, tf.float64)) + state[turns_name]
    turns -= tf.stop_gradient(tf.floor(turns))
    return turns, step, {name: frequency[:, -1:], turns_name: turns[:, -1:]}


def _wave(shape: str, places: list[tf.Tensor], width: tf.Tensor) -> tf.Tensor:
    """The wave at places that count from its corners."""
    if shape == "sine":
        return sine(tf.cast(places[0], tf.float64))
    if shape == "triangle":
        return tf.abs(4.0 * places[0] - 2.0) - 1.0
    if shape == "square":  # two saws
        return 2.0 * (places[1] - places[0] + width) - 1.0
    return 2.0 * places[0] - 1.0


def _slope(shape: str, places: list[tf.Tensor]) -> tf.Tensor:
    """Of a sine or triangle, a cycle."""
    if shape == "sine":
        return 2.0 * math.pi * sine(tf.cast(places[0], tf.float64) + 0.25)
    return tf.where(places[0] < 0.5, -4.0, 4.0)


def _powers(height: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """height * u^k of all k, u from -1 to 1: [rows, samples, degree + 1]."""
    u = 2.0 * x - 1.0
    powers = [height]
    for _ in range(_DEGREE):
        powers.append(powers[-1] * u)
    return tf.stack(powers, axis=2)


def _smoothed(corners: tf.Tensor, order: int) -> tf.Tensor:
    """[rows, n + 2 REACH - 1, degree + 1] to [rows, n]: what corners before and after a sample add to it."""
    smoothed = tf.nn.conv1d(corners, tf.constant(_coefficients(order)), stride=1, padding="VALID")
    return smoothed[:, : size_of(corners, 1) - 2 * REACH + 1, 0]  # of no rows TensorFlow makes longer ones


@functools.cache
def _coefficients(order: int) -> Any:
    """Of the polynomials in u, latest corner last: float32 [2 REACH, degree + 1, 1]; order 0 for jumps, 1 for bends."""
    t = np.arange(-REACH * _FINE, REACH * _FINE + 1) / _FINE
    window = np.i0(_KAISER * np.sqrt(np.maximum(1.0 - (t / REACH) ** 2, 0.0)))
    residual = np.sinc(t) * window
    for i in range(order + 1):
        middles = 0.5 * (residual[1:] + residual[:-1])
        residual = np.concatenate([[0.0], np.cumsum(middles)])
        residual /= residual[-1] if i == 0 else _FINE
        residual -= t >= 0.0 if i == 0 else 0.0
        residual[REACH * _FINE] += 0.5 if i == 0 else 0.0  # both sides of the jump count in the next integral
    u = 2.0 * np.arange(_FINE + 1) / _FINE - 1.0
    found = []
    for j in range(REACH - 1, -REACH - 1, -1):
        part = residual[(j + REACH) * _FINE : (j + REACH + 1) * _FINE + 1].copy()
        if order == 0 and j in (0, -1):  # each side of the jump to itself
            part[0 if j == 0 else -1] += -0.5 if j == 0 else 0.5
        series = np.polynomial.Chebyshev.fit(u, part, _DEGREE)
        found.append(series.convert(kind=np.polynomial.Polynomial).coef)
    return np.asarray(found, np.float32)[:, :, None]


def _late(x: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """x a sample later."""
    return tf.concat([before, x[:, :-1]], axis=1)


def _wrapped(turns: tf.Tensor) -> tf.Tensor:
    """Float64 cycles to float32, 0 to 1."""
    return tf.cast(turns - tf.stop_gradient(tf.floor(turns)), tf.float32)


def _nonzero(x: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.abs(x) < _NO_STEP, _NO_STEP, x)
