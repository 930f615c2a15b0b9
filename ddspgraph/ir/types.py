"""The type of a signal: dims x rate x unit.

Dims are integers, names, or affine forms of one name over a whole number, so that `samples = 64*frames`,
`64*frames - 320` after a crop, `frames + 1` for centred analysis and `(frames + 7) // 8` for spectra at a hop of
their own are exact while the length is not yet known.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction


class Rate(enum.IntEnum):
    """How often a value changes; a slower one may stand where a faster one is wanted, never the reverse."""

    CONST = 0
    FRAME = 1
    AUDIO = 2

    def __str__(self) -> str:
        return self.name.lower()


class Unit(str, enum.Enum):
    """What a number counts. `ANY` fits everywhere: the author has not said, or the op does not mind."""

    ANY = "any"
    RAW = "raw"  # an unscaled network output
    LINEAR = "linear"
    DB = "dB"
    HZ = "Hz"
    MIDI = "midi"
    SECONDS = "s"
    MILLISECONDS = "ms"
    SAMPLES = "samples"
    RADIANS = "radians"

    def __str__(self) -> str:
        return self.value

    def accepts(self, other: Unit) -> bool:
        return self is other or Unit.ANY in (self, other)


#: (given, wanted) -> the op that stands between them.
UNIT_CONVERSIONS: Mapping[tuple[Unit, Unit], str] = {
    (Unit.MIDI, Unit.HZ): "midi_to_hz",
    (Unit.HZ, Unit.MIDI): "hz_to_midi",
    (Unit.DB, Unit.LINEAR): "db_to_amplitude",
    (Unit.LINEAR, Unit.DB): "amplitude_to_db",
    (Unit.RAW, Unit.LINEAR): "exp_sigmoid",
    (Unit.RAW, Unit.HZ): "frequencies_sigmoid",
}
#: (given, wanted) -> the op that maps 0 to 1 to a range or back, and the parameters that say the range.
RANGE_CONVERSIONS: Mapping[tuple[Unit, Unit], tuple[str, str, str]] = {
    (Unit.LINEAR, Unit.HZ): ("unit_to_hz", "hz_min", "hz_max"),
    (Unit.LINEAR, Unit.MIDI): ("unit_to_midi", "midi_min", "midi_max"),
    (Unit.HZ, Unit.LINEAR): ("hz_to_unit", "hz_min", "hz_max"),
    (Unit.MIDI, Unit.LINEAR): ("midi_to_unit", "midi_min", "midi_max"),
}


@dataclass(frozen=True)
class Dim:
    """`(scale * name + offset) // divisor`, in lowest terms; a plain integer has no name, scale 0 and divisor 1."""

    scale: int
    name: str
    offset: int = 0
    divisor: int = 1

    @staticmethod
    def of(value: int | str | Dim) -> Dim:
        if isinstance(value, Dim):
            return value
        return Dim(0, "", value) if isinstance(value, int) else Dim(1, value)

    @property
    def is_static(self) -> bool:
        return self.scale == 0

    @property
    def size(self) -> int | None:
        """The integer where it is known."""
        return self.offset if self.scale == 0 else None

    def __add__(self, other: int) -> Dim:
        return Dim(self.scale, self.name, self.offset + other * self.divisor, self.divisor)

    def __mul__(self, factor: int) -> Dim:
        if self.divisor > 1 and factor != 1:  # no multiple of a rounded quotient is such a form: it gets a name
            return Dim(1, f"{factor}*({self})")
        return Dim(self.scale * factor, self.name if factor else "", self.offset * factor, self.divisor)

    def __floordiv__(self, divisor: int) -> Dim:
        """The quotient rounded down, for every value of the name."""
        divisor *= self.divisor
        common = math.gcd(self.scale, divisor)
        return Dim(self.scale // common, self.name, self.offset // common, divisor // common)

    def divided(self, divisor: int) -> Dim | None:
        """The exact quotient, or None where it is not a whole number for every value of the name."""
        quotient = self // divisor
        return quotient if quotient * divisor == self else None

    def at(self, sizes: Mapping[str, int], default: int = 1) -> int:
        """The size where `sizes` says what the names are; 0 where a clip is too short for a single one."""
        if not self.scale:
            return self.offset
        return max((self.scale * sizes.get(self.name, default) + self.offset) // self.divisor, 0)

    def __str__(self) -> str:
        if self.scale == 0:
            return str(self.offset)
        head = self.name if self.scale == 1 else f"{self.scale}*{self.name}"
        text = head + (f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}" if self.offset else "")
        if self.divisor == 1:
            return text
        return f"({text}) // {self.divisor}" if text != self.name else f"{text} // {self.divisor}"


BATCH, FRAMES, SAMPLES = Dim(1, "batch"), Dim(1, "frames"), Dim(1, "samples")


@dataclass(frozen=True)
class Signal:
    """The type of one value of a graph.

    `hop` is what lies between two frames where they are not those of the clock, in samples; else None. `voices` is how
    many voices the value has, each with these dims; None of a plain value. Inside of a graph the voices are folded into
    the batch (row = item * voices + voice), at its inputs and outputs they are the second axis: `outer_dims`.
    """

    dims: tuple[Dim, ...]
    rate: Rate = Rate.CONST
    unit: Unit = Unit.ANY
    hop: Fraction | int | None = None
    voices: int | None = None

    @property
    def rank(self) -> int:
        return len(self.dims)

    @property
    def outer_dims(self) -> tuple[Dim, ...]:
        """The axes that a caller gives or gets: [batch, voices, ...] of a value with voices."""
        return self.dims if self.voices is None else (*self.dims[:1], Dim.of(self.voices), *self.dims[1:])

    @property
    def time_axis(self) -> int:
        """Which of `outer_dims` is time, of a value that changes."""
        return 1 if self.voices is None else 2

    def sized(self, sizes: Mapping[str, int]) -> Signal:
        """With numbers for the dims whose names have sizes."""
        if not any(dim.name in sizes for dim in self.dims):
            return self
        return replace(self, dims=tuple(Dim.of(dim.at(sizes)) if dim.name in sizes else dim for dim in self.dims))

    @property
    def shape_text(self) -> str:
        """`[batch, frames, 1]`, and of a value with voices `[batch, 8 voices, frames, 1]`."""
        voices = [f"{self.voices} voice{'s' * (self.voices != 1)}"] if self.voices is not None else []
        return "[" + ", ".join([*map(str, self.dims[:1]), *voices, *map(str, self.dims[1:])]) + "]"

    def __str__(self) -> str:
        return f"{self.shape_text} {self.rate} {self.unit}"


def signal(*dims: int | str | Dim, rate: Rate = Rate.CONST, unit: Unit = Unit.ANY) -> Signal:
    """A `Signal` from plain dims: `signal("batch", "frames", 1, rate=Rate.FRAME)`."""
    return Signal(tuple(map(Dim.of, dims)), rate, unit)
