"""The type of a signal: dims x rate x unit.

Dims are integers, names, or affine forms of one name, so that `samples = 64*frames`, `64*frames - 320`
after a crop and `frames + 1` for centred analysis are exact while the length is not yet known.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


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


@dataclass(frozen=True)
class Dim:
    """`scale * name + offset`; a plain integer has no name and scale 0."""

    scale: int
    name: str
    offset: int = 0

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
        return Dim(self.scale, self.name, self.offset + other)

    def __mul__(self, factor: int) -> Dim:
        return Dim(self.scale * factor, self.name if factor else "", self.offset * factor)

    def divided(self, divisor: int) -> Dim | None:
        """The exact quotient, or None where it is not a whole number for every value of the name."""
        if self.scale % divisor or self.offset % divisor:
            return None
        return Dim(self.scale // divisor, self.name, self.offset // divisor)

    def at(self, sizes: Mapping[str, int], default: int = 1) -> int:
        """The size where `sizes` says what the names are."""
        return self.scale * sizes.get(self.name, default) + self.offset if self.scale else self.offset

    def __str__(self) -> str:
        if self.scale == 0:
            return str(self.offset)
        head = self.name if self.scale == 1 else f"{self.scale}*{self.name}"
        return head + (f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}" if self.offset else "")


BATCH, FRAMES, SAMPLES = Dim(1, "batch"), Dim(1, "frames"), Dim(1, "samples")


@dataclass(frozen=True)
class Signal:
    """The type of one value of a graph."""

    dims: tuple[Dim, ...]
    rate: Rate = Rate.CONST
    unit: Unit = Unit.ANY

    @property
    def rank(self) -> int:
        return len(self.dims)

    @property
    def shape_text(self) -> str:
        return "[" + ", ".join(map(str, self.dims)) + "]"

    def __str__(self) -> str:
        return f"{self.shape_text} {self.rate} {self.unit}"


def signal(*dims: int | str | Dim, rate: Rate = Rate.CONST, unit: Unit = Unit.ANY) -> Signal:
    """A `Signal` from plain dims: `signal("batch", "frames", 1, rate=Rate.FRAME)`."""
    return Signal(tuple(map(Dim.of, dims)), rate, unit)
