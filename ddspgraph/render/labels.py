"""Compact text for pictures: types, values, counts. Names come from strangers: nothing here is markup yet."""

from __future__ import annotations

from fractions import Fraction

from ddspgraph.diagnostics import clean
from ddspgraph.ir.frozen import FrozenArray
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Dim, Rate, Signal, Unit

#: A name of 10,000 characters is legal; a picture shows this many of them.
NAME_CHARACTERS = 44
#: A tooltip shows this many of a doc.
DOC_CHARACTERS = 300
#: A list shows its first numbers and how many there are.
LIST_NUMBERS = 4
#: A smaller share is told in words alone.
LEAST_SHARE = 0.01
#: Units that say nothing beside a bare number.
_PLAIN_UNITS = (Unit.ANY, Unit.RAW, Unit.LINEAR)


def name_text(name: str, characters: int = NAME_CHARACTERS) -> str:
    """One printable line; the middle of a long name is left out."""
    if len(name) > characters:
        name = f"{name[: characters * 2 // 3]}…{name[-(characters // 4) :]}"
    return clean(name) or "?"


def doc_text(doc: str) -> str:
    """The beginning of a doc in one printable line."""
    words = " ".join(doc[: 2 * DOC_CHARACTERS].split())
    return clean(words if len(words) <= DOC_CHARACTERS else words[: DOC_CHARACTERS - 1] + "…")


def shape_text(signal: Signal) -> str:
    """`[b, 64·frames, 60]`, with voices `[b, 8 voices, frames, 1]`; a loss is a `scalar`."""
    if not signal.dims:
        return "scalar"
    first, *others = (_dim(d) for d in signal.dims)
    return f"[{', '.join([first, *_voices(signal), *others])}]"


def count_notes(signal: Signal | None) -> tuple[str, ...]:
    """What an edge carries side by side: `8 voices`, `2 channels` of a sound."""
    if signal is None:
        return ()
    channels = signal.dims[2].size if signal.rate is Rate.AUDIO and signal.rank == 3 else None
    return (*_voices(signal), *([f"{channels} channels"] if channels is not None and channels > 1 else []))


def _voices(signal: Signal) -> list[str]:
    return [] if signal.voices is None else [f"{signal.voices} voice{'s' * (signal.voices != 1)}"]


def rate_text(signal: Signal) -> str:
    """`frame · Hz`; a unit that nobody has stated is left out."""
    return str(signal.rate) + (f" · {signal.unit}" if signal.unit is not Unit.ANY else "")


def value_text(value: object, unit: Unit = Unit.ANY) -> str:
    """A parameter or literal as a person would write it: `12 ms`, `none`, `[1, 0.6, 0.35, 0.3, … 10 in all]`."""
    text = _value(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"{text} {unit}" if unit not in _PLAIN_UNITS and (is_number or text.startswith("[")) else text


def count_text(count: int) -> str:
    """`48 000`: groups of three read better than a row of digits."""
    return f"{count:,}".replace(",", " ")


def share_text(share: float) -> str:
    """A part of a whole: `34 %`, `< 1 %`, `0 %`."""
    if 0.0 < share < LEAST_SHARE:
        return "< 1 %"
    return f"{round(100 * share)} %"


def clock_text(clock: Clock) -> str:
    """`16 kHz, 250 frames/s, hop 64`; empty where there is no clock."""
    said = []
    if clock.sample_rate:
        said.append(f"{clock.sample_rate / 1000:g} kHz")
    if clock.frame_rate:
        said.append(f"{_number(clock.frame_rate)} frames/s")
    if clock.hop_samples:
        said.append(f"hop {clock.hop_samples}")
    return ", ".join(said)


def _dim(dim: Dim) -> str:
    if dim.is_static:
        return str(dim.offset)
    name = "b" if dim.name == "batch" else name_text(dim.name)
    head = name if dim.scale == 1 else f"{dim.scale}·{name}"
    text = head + (f" {'+' if dim.offset > 0 else '−'} {abs(dim.offset)}" if dim.offset else "")
    return text if dim.divisor == 1 else f"⌊({text}) / {dim.divisor}⌋"


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, Fraction)):
        return _number(value)
    if isinstance(value, FrozenArray):
        return f"{'×'.join(map(str, value.shape))} numbers"
    if isinstance(value, tuple):
        return _splits(value) if value and all(_is_pair(v) for v in value) else _list(value)
    return name_text(str(value))


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)


def _splits(value: tuple[object, ...]) -> str:
    pairs = [f"{name_text(str(k))} {_value(v)}" for k, v in value[:LIST_NUMBERS]]  # type: ignore[misc]
    return ", ".join([*pairs, *([f"… {len(value)} in all"] if len(value) > LIST_NUMBERS else [])])


def _list(value: tuple[object, ...]) -> str:
    shown = [_value(v) for v in value[:LIST_NUMBERS]]
    return f"[{', '.join(shown)}{f', … {len(value)} in all' if len(value) > LIST_NUMBERS else ''}]"


def _number(value: int | float | Fraction) -> str:
    if isinstance(value, int):
        return count_text(value) if abs(value) >= 10_000 else str(value)
    return f"{float(value):.6g}"
