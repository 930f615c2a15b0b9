"""What an op can do to a value that comes back to it: the words in which ops answer the stability analysis.

`Op.ranges` says between which numbers outputs lie, `Op.ways` how a value goes from an input to an output. NumPy is
loaded when the first range is made, which only graphs with a loop ask for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ddspgraph.lazy import np

#: An impulse response is followed until no more than this of it is left.
_REST = 1e-12
#: A response that rings longer than this many samples is not followed.
_LONGEST = 1 << 16


@dataclass(frozen=True, eq=False)
class Range:
    """Between which numbers a value lies at all times: float64 [channels], or of any shape that broadcasts to it."""

    low: Any
    high: Any

    @staticmethod
    def of(low: Any, high: Any = None) -> Range:
        """A range; without `high` the value is known."""
        low = np.asarray(low, np.float64)
        return Range(low, low if high is None else np.asarray(high, np.float64))

    @property
    def is_known(self) -> bool:
        """Whether it is one number, or one for each channel."""
        return bool(np.all(np.isfinite(self.low)) and np.array_equal(self.low, self.high))

    @property
    def is_bounded(self) -> bool:
        return bool(np.all(np.isfinite(self.low)) and np.all(np.isfinite(self.high)))

    def member(self, channel: int) -> Range:
        """That of one channel."""
        return Range(*(np.ravel(end)[channel] if np.size(end) > 1 else end for end in (self.low, self.high)))

    def rising(self, f: Callable[[Any], Any]) -> Range:
        """Through a function that nowhere falls."""
        with np.errstate(all="ignore"):
            return Range(np.asarray(f(self.low), np.float64), np.asarray(f(self.high), np.float64))

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Range) -> Range:
        with np.errstate(invalid="ignore"):
            ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        ends = [np.where(np.isnan(end), 0.0, end) for end in ends]  # 0 times anything is 0
        return Range(np.minimum.reduce(ends), np.maximum.reduce(ends))


@dataclass(frozen=True)
class Moved:
    """What training moves: where the least and the largest of its numbers begin, and between what they stay."""

    first: tuple[float, float]
    low: float
    high: float
    is_log: bool


def anything() -> Range:
    """The range of a value of which nothing is known."""
    return Range.of(-math.inf, math.inf)


class Way:
    """How a value goes from an input of an op to an output."""


@dataclass(frozen=True, eq=False)
class Linear(Way):
    """Constant and linear, channel by channel: y(t) = sum_k b_k x(t + lead - k) - sum_k>0 a_k y(t - k).

    Attributes:
      b: [taps], or [channels, taps].
      a: the same; a_0 is 1. Its roots must lie within the unit circle.
      lead: samples that the response begins before time 0, as of a filter whose delay is undone.
      matrix: [outputs, inputs], which mixes channels after that; None: each its own.
    """

    b: Any
    a: Any = (1.0,)
    lead: int = 0
    matrix: Any = None

    @staticmethod
    def gain(factor: Any) -> Linear:
        """A factor, or one for each channel."""
        return Linear(np.atleast_1d(np.asarray(factor, np.float64))[:, None])

    @staticmethod
    def mixing(matrix: Any) -> Linear:
        return Linear([1.0], matrix=np.asarray(matrix, np.float64))

    @property
    def numerators(self) -> Any:
        return np.atleast_2d(np.asarray(self.b, np.float64))

    @property
    def denominators(self) -> Any:
        return np.atleast_2d(np.asarray(self.a, np.float64))

    def poles(self, z: Any, channels: int) -> Any:
        """The product of the denominators of so many channels at each z."""
        values = _at(self.denominators, z)
        return np.prod(values, axis=1) if values.shape[1] == channels else values[:, 0] ** channels

    @property
    def order(self) -> int:
        """States of one channel."""
        return max(self.numerators.shape[1], self.denominators.shape[1]) - 1

    def at(self, z: Any) -> Any:
        """The response of each channel at each of z [n]: complex [n, channels], before the matrix."""
        return _at(self.numerators, z) / _at(self.denominators, z) * (z**self.lead)[:, None]

    @property
    def slowest(self) -> float:
        """The largest radius of its poles."""
        return max(float(np.max(np.abs(np.roots(row)), initial=0.0)) for row in self.denominators)

    def impulse(self, radius: float = 1.0) -> Any:
        """The impulse response [channels, taps], times radius^-t; None where it is too long to be followed."""
        b, a = self.numerators, self.denominators
        if a.shape[1] == 1:
            return b / a * radius ** -np.arange(float(b.shape[1]))
        rows = max(a.shape[0], b.shape[0])
        b, a = np.broadcast_to(b, (rows, b.shape[1])), np.broadcast_to(a, (rows, a.shape[1]))
        slowest = self.slowest / radius
        if slowest >= 0.99999:
            return None
        n = b.shape[1] + int(math.log(_REST) / math.log(max(slowest, 0.1))) + 8 * a.shape[1]
        if n > _LONGEST:
            return None
        size = 1 << (2 * n).bit_length()
        z = radius * np.exp(2j * np.pi * np.arange(size) / size)
        return np.fft.ifft((_at(b, z) / _at(a, z)).T, axis=1).real[:, :n]


@dataclass(frozen=True, eq=False)
class Sector(Way):
    """Each number by itself, which may change with time: y = f(x) + a constant, f(x) / x between `low` and `high`.

    A gain that moves, or that is learned between bounds, is one; so is a soft clipper, of 0 to 1.

    Attributes:
      is_curve: whether f never changes, is odd but for the constant, and has slopes between `low` and `high`.
    """

    low: Any
    high: Any
    is_curve: bool = False


@dataclass(frozen=True)
class Bounded(Way):
    """What is no louder than so many times what came in.

    Attributes:
      energy: the most of the output's energy to the input's, as a ratio of amplitudes; infinite where none is known.
      peak: the most of the output's peak to the input's.
      mixes: whether its channels mix: then both gains hold of all of them together.
    """

    energy: float = math.inf
    peak: float = math.inf
    mixes: bool = False


class Unreached(Way):
    """An output that an input does not reach."""


def side_by_side(ways: Sequence[Way]) -> Way | None:
    """The ways of one channel each as that of all; None where they differ in kind."""
    if all(isinstance(way, Linear) and way.matrix is None and way.lead == ways[0].lead for way in ways):  # type: ignore[union-attr]
        return Linear(
            _stacked([way.numerators for way in ways]),  # type: ignore[union-attr]
            _stacked([way.denominators for way in ways]),  # type: ignore[union-attr]
            ways[0].lead,  # type: ignore[union-attr]
        )
    if all(isinstance(way, Unreached) for way in ways):
        return ways[0]
    ends = [(way.numerators[0, 0],) * 2 if _is_gain(way) else _sector(way) for way in ways]  # type: ignore[union-attr]
    if None not in ends:
        low, high = zip(*ends, strict=True)  # type: ignore[arg-type]
        return Sector(np.array(low), np.array(high))
    if all(isinstance(way, Bounded) for way in ways):
        return Bounded(max(way.energy for way in ways), max(way.peak for way in ways))  # type: ignore[union-attr]
    return None


def _is_gain(way: Way) -> bool:
    return isinstance(way, Linear) and way.order == 0 and way.matrix is None


def _sector(way: Way) -> tuple[float, float] | None:
    return (float(np.ravel(way.low)[0]), float(np.ravel(way.high)[0])) if isinstance(way, Sector) else None


def _stacked(rows: Sequence[Any]) -> Any:
    """Polynomials of one channel each, as long as the longest."""
    length = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, [(0, 0), (0, length - row.shape[1])]) for row in rows])


def selection(total: int, first: int, count: int) -> Any:
    """The matrix that takes `count` channels out of `total`."""
    return np.eye(total)[first : first + count]


def scaled(way: Range) -> Way:
    """What a factor in this range does."""
    return Linear.gain(way.low) if way.is_known else Sector(way.low, way.high)


def product(ranges: Sequence[Range]) -> Range:
    result = Range.of(1.0)
    for each in ranges:
        result = result * each
    return result


def _at(polynomials: Any, z: Any) -> Any:
    """Polynomials [channels, taps] of 1 / z at each z: [n, channels]."""
    taps = polynomials.shape[1]
    if taps == 1:
        return np.broadcast_to(polynomials[:, 0].astype(complex), (len(z), polynomials.shape[0]))
    return np.stack([np.polyval(row[::-1], 1.0 / z) for row in polynomials], axis=1)
