"""Recursive filters whose coefficients may change at every sample: scans over time with a gradient of their own.

The states follow h_t = h_(t-1) - E_t h_(t-1) + b_t. E is the distance of the recursion from 1: with a low cutoff it
is small, and float32 holds it exactly, where it would round 1 - E.

A scan is done in lanes of L samples, all lanes at once: by doubling, the steps up to each sample of a lane become one;
by doubling the lanes' ends are found; and each sample follows from the end of the lane before it. The gradient is the
same scan, backwards and transposed:

    l_t = g_t + l_(t+1) - E'_(t+1) l_(t+1),   dE_t = -l_t h'_(t-1),   db_t = l_t

Source: Blelloch, "Prefix sums and their applications" (CMU-CS-90-190, 1990), section 1.4 (recurrences as scans).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

from ddspgraph.dsp.iir import audible
from ddspgraph.dsp.numerics import needs_plain_gradients, needs_static_shapes
from ddspgraph.dsp.sections import Section
from ddspgraph.dsp.sizes import ceil_divide, larger, size_of
from ddspgraph.lazy import tf

#: Samples of a lane, a power of two.
_LANE = 16
#: So many lanes of one state are joined by doubling, more in lanes of lanes.
_FEW_LANES = 64

#: n numbers, or n rows of n numbers, of one shape.
Vector = list[tf.Tensor]
Matrix = list[list[tf.Tensor]]


def moving_filter(
    sections: Sequence[Section], x: tf.Tensor, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Filters audio by sections that may change at every sample, one after the other.

    Args:
      sections: their fields are numbers, or float32 [batch or 1, samples or 1].
      x: float32 [batch, samples].
      state: float32 [batch, n], the states of all sections; None for silence before the audio.

    Returns:
      [batch, samples], and the state after the last sample.
    """
    after, first = [], 0
    for section in sections:
        own = None if state is None else state[:, first : first + section.order]
        x, last = moving_section(section, x, own)
        after.append(last)
        first += section.order
    return x, tf.concat(after, axis=1)


def moving_section(section: Section, x: tf.Tensor, state: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    """One section: as `moving_filter`."""
    values, after = moving_values(section.g, section.k, x, state)
    y = section.low * values[-1]
    if section.order == 2:
        y += section.band * values[0]
    return y + section.direct * x, after


def moving_values(g: tf.Tensor, k: Any, x: tf.Tensor, state: tf.Tensor | None = None) -> tuple[Vector, tf.Tensor]:
    """Band and low of the state variable filter (of one state: low alone), and the state after the last sample."""
    if k is None:
        c = 1.0 / (1.0 + g)
        distance, drive = [[2.0 * g * c]], [2.0 * g * c * x]
    else:
        c2 = g / (1.0 + g * (g + k))
        distance = [[2.0 * (g + k) * c2, 2.0 * c2], [-2.0 * c2, 2.0 * g * c2]]
        drive = [2.0 * c2 * x, 2.0 * g * c2 * x]
    distance = [[e + tf.zeros_like(drive[0]) for e in row] for row in distance]
    first = [tf.zeros_like(b[:, 0]) + (0.0 if state is None else state[:, i]) for i, b in enumerate(drive)]
    if state is not None:  # it enters as if the first sample drove it
        begin = _stepped(([[e[:, 0] for e in row] for row in distance], [b[:, 0] for b in drive]), first)
        drive = [tf.concat([x[:, tf.newaxis], b[:, 1:]], axis=1) for x, b in zip(begin, drive, strict=True)]
    states = linear_scan(distance, drive)
    # The trapezoidal rule: the mean of the state before and after.
    values = [0.5 * (tf.concat([f[:, tf.newaxis], h[:, :-1]], axis=1) + h) for f, h in zip(first, states, strict=True)]
    return values, audible(tf.stack([h[:, -1] for h in states], axis=1))


def linear_scan(distance: Matrix, drive: Vector) -> Vector:
    """h_t = h_(t-1) - E_t h_(t-1) + b_t from h = 0 on: n arrays [batch, samples].

    Args:
      distance: E, n rows of n arrays [batch, samples], float32.
      drive: b, n arrays [batch, samples].
    """
    n = len(drive)

    def run(*arrays: tf.Tensor) -> Any:
        e, b = _parted(arrays, n)
        states = _scan(e, b)

        def gradient(*upstream: tf.Tensor) -> list[tf.Tensor]:
            later = [[_reversed(tf.pad(e[j][i][:, 1:], [[0, 0], [0, 1]])) for j in range(n)] for i in range(n)]
            adjoint = [_reversed(x) for x in _scan(later, [_reversed(x) for x in upstream])]
            before = [tf.pad(h[:, :-1], [[0, 0], [1, 0]]) for h in states]
            return [-adjoint[i] * before[j] for i in range(n) for j in range(n)] + adjoint

        return tuple(states), gradient

    arrays = _flat((distance, drive))
    if needs_plain_gradients():
        return list(run(*arrays)[0])
    return list(tf.custom_gradient(run)(*arrays))


def _reversed(x: tf.Tensor) -> tf.Tensor:
    return tf.reverse(x, [1])


def _scan(e: Matrix, b: Vector) -> Vector:
    """The scan, traced once for all filters where the shapes may be open: its steps are many small operations."""
    if needs_static_shapes():
        return _lanes(e, b)
    return list(_traced_scan(len(b))(*_flat((e, b))))


@functools.cache
def _traced_scan(n: int) -> Any:
    """`_lanes` of n states as one function, which TensorFlow keeps whole."""

    def run(*arrays: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(_lanes(*_parted(arrays, n)))

    signature = [tf.TensorSpec([None, None])] * (n * n + n)
    how = {"autograph": False, "experimental_attributes": {"_noinline": True}}
    return tf.function(run, input_signature=signature, **how)


def _lanes(e: Matrix, b: Vector) -> Vector:
    """Lanes of `_LANE` samples, which stand in rows: [samples of a lane, lanes]."""
    if len(b) == 1:
        return [_lanes_of_one(e[0][0], b[0])]
    batch, samples = size_of(b[0], 0), size_of(b[0], 1)
    n_lanes = larger(ceil_divide(samples, _LANE), 1)

    def rows(x: tf.Tensor) -> tf.Tensor:
        padded = tf.pad(x, [[0, 0], [0, n_lanes * _LANE - samples]])
        # No transposition: LiteRT's converter refuses one beside a loop in which there are others.
        return tf.stack(tf.unstack(tf.reshape(padded, [batch * n_lanes, _LANE]), axis=1))

    def samples_of(x: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.stack(tf.unstack(x), axis=1), [batch, n_lanes * _LANE])[:, :samples]

    n = len(b)
    arrays = [rows(x) for x in _flat((e, b))]
    shift = 1
    while shift < _LANE:  # then every row is all steps of its lane up to it
        late, early = [x[shift:] for x in arrays], [x[:-shift] for x in arrays]
        both = _flat(_composed(_parted(late, n), _parted(early, n)))
        arrays = [tf.concat([x[:shift], y], axis=0) for x, y in zip(arrays, both, strict=True)]
        shift *= 2
    ends = _doubled(*_parted([tf.reshape(x[-1], [batch, n_lanes]) for x in arrays], n))
    starts = [tf.reshape(tf.pad(audible(x)[:, :-1], [[0, 0], [1, 0]]), [batch * n_lanes]) for x in ends]
    return [samples_of(x) for x in _stepped(_parted(arrays, n), starts)]


def _lanes_of_one(e: tf.Tensor, b: tf.Tensor, *, within: bool = False) -> tf.Tensor:
    """The same of one state, a sample of all lanes after the other: fewer numbers than by doubling, in small steps."""
    batch, samples = size_of(b, 0), size_of(b, 1)
    n_lanes = larger(ceil_divide(samples, _LANE), 1)

    def rows(x: tf.Tensor) -> list[tf.Tensor]:
        padded = tf.pad(x, [[0, 0], [0, n_lanes * _LANE - samples]])
        return tf.unstack(tf.reshape(padded, [batch * n_lanes, _LANE]), axis=1)

    steps = list(zip(rows(e), rows(b), strict=True))
    distance, drive = steps[0]
    for x, y in steps[1:]:
        distance += x - x * distance
        drive = (drive - x * drive) + y  # this order is exact where x is 1: y
    distance, drive = (tf.reshape(x, [batch, n_lanes]) for x in (distance, drive))
    is_long = not within and not (isinstance(n_lanes, int) and n_lanes <= _FEW_LANES)
    ends = _lanes_of_one(distance, drive, within=True) if is_long else _doubled([[distance]], [drive])[0]
    h, states = tf.reshape(tf.pad(audible(ends)[:, :-1], [[0, 0], [1, 0]]), [batch * n_lanes]), []
    for x, y in steps:
        h = (h - x * h) + y
        states.append(h)
    return tf.reshape(tf.stack(states, axis=1), [batch, n_lanes * _LANE])[:, :samples]


def _stepped(step: tuple[Matrix, Vector], state: Vector) -> Vector:
    """h - E h + b"""
    e, b = step
    moved = [_total(x * h for x, h in zip(row, state, strict=True)) for row in e]
    return [(h - m) + x for h, m, x in zip(state, moved, b, strict=True)]


def _composed(late: tuple[Matrix, Vector], early: tuple[Matrix, Vector]) -> tuple[Matrix, Vector]:
    """Two steps as one: (1 - E2)(1 - E1) = 1 - (E1 + E2 - E2 E1)."""
    (e2, _), (e1, b1) = late, early
    n = range(len(b1))
    product = [[_total(e2[i][m] * e1[m][j] for m in n) for j in n] for i in n]
    return [[(e1[i][j] + e2[i][j]) - product[i][j] for j in n] for i in n], _stepped(late, b1)


def _doubled(e: Matrix, b: Vector) -> Vector:
    """All states of a scan by doubling: after i rounds every step is that of the 2^i before it."""
    count = b[0].shape[1]
    if count is not None:
        shift = 1
        while shift < count:
            early = [[tf.pad(x[:, :-shift], [[0, 0], [shift, 0]]) for x in row] for row in e]
            e, b = _composed((e, b), (early, [tf.pad(x[:, :-shift], [[0, 0], [shift, 0]]) for x in b]))
            shift *= 2
        return b
    n = len(b)
    count = tf.shape(b[0])[1]

    def body(shift: tf.Tensor, arrays: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # A gather, since an XLA program wants shapes that no value decides.
        place = tf.range(count) - shift
        early = tf.where(place >= 0, tf.gather(arrays, tf.maximum(place, 0), axis=-1), tf.zeros_like(arrays))
        steps = [_parted(tf.unstack(x, num=n * n + n), n) for x in (arrays, early)]
        return 2 * shift, tf.stack(_flat(_composed(*steps)))

    arrays = tf.stack(_flat((e, b)))
    _, arrays = tf.while_loop(lambda shift, _: shift < count, body, (tf.constant(1), arrays))
    return tf.unstack(arrays, num=n * n + n)[n * n :]


def _flat(step: tuple[Matrix, Vector]) -> list[tf.Tensor]:
    return [*(x for row in step[0] for x in row), *step[1]]


def _parted(arrays: Sequence[tf.Tensor], n: int) -> tuple[Matrix, Vector]:
    """What `_flat` was made of."""
    return [list(arrays[n * i : n * i + n]) for i in range(n)], list(arrays[n * n :])


def _total(terms: Iterable[tf.Tensor]) -> tf.Tensor:
    return functools.reduce(tf.add, terms)
