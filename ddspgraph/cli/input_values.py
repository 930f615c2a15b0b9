"""Numbers and quantities in place of files: `--input notes=69`, `--input f0_hz='440 Hz'`, `--input mix=0.3`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.cli.options import UsageError
from ddspgraph.compiler.frontend.number_slips import note_slip, number_slip
from ddspgraph.ir.quantity import convert, parse_quantity
from ddspgraph.ir.types import Rate, Unit

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph, Input

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: What to show for an input of a unit.
_EXAMPLES = {
    Unit.HZ: "'440 Hz'", Unit.MIDI: "69", Unit.DB: "'-20 dB'", Unit.LINEAR: "0.5", Unit.SECONDS: "'1.5 s'",
    Unit.MILLISECONDS: "'20 ms'", Unit.SAMPLES: "512", Unit.RADIANS: "'90 deg'",
}  # fmt: skip


def values_of(text: str, declared: Input, sample_rate: int | None) -> float | list[float] | None:
    """The number that a text says, or the numbers of a list in brackets, one for each voice or channel.

    Returns None where the text is neither. Raises as `value_of`.
    """
    inner = text.strip()
    if not (inner.startswith("[") and inner.endswith("]")):
        return value_of(text, declared, sample_rate)
    found = []
    for item in inner[1:-1].split(","):
        number = value_of(item.strip(), declared, sample_rate)
        if number is None:
            option = f"--input {declared.name}={text}"
            raise UsageError(f"{option}: '{item.strip()}' is no number; one of them is {example_of(declared)}")
        found.append(number)
    return found


def value_of(text: str, declared: Input, sample_rate: int | None) -> float | None:
    """The number that a text says, in the unit of the input; None where the text is no number.

    Raises:
      UsageError: a number that is misspelt, not finite, or of another unit.
    """
    option = f"--input {declared.name}={text}"
    try:
        quantity = parse_quantity(text)
        if quantity is not None:
            return convert(quantity, declared.signal.unit, sample_rate=sample_rate)
    except ValueError as error:
        raise UsageError(f"{option}: {error}; write a number, such as {example_of(declared)}") from None
    if _NUMBER.fullmatch(text):
        if abs(float(text)) > np.finfo(np.float32).max:
            raise UsageError(f"{option}: {text} is not finite; write a number, such as {example_of(declared)}")
        return float(text)
    slip = number_slip(text)
    if slip is not None:
        raise UsageError(f"{option}: '{text}' {slip.cause}; {slip.hint}")
    note = note_slip(text)
    if note is not None and declared.signal.unit in (Unit.HZ, Unit.MIDI):
        raise UsageError(f"{option}: the note is written {note}")
    return None


def held(declared: Input, value: float | list[float], graph: Graph, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """A number in every place of an input, as long as the other inputs are, or as the clock's duration.

    A list has one for each voice, or for each place of the last axis.

    Raises:
      UsageError: where nothing says how long, the input has an axis of any size, or a list does not fit.
    """
    said = f"--input {declared.name}={value}" if isinstance(value, list) else f"--input {declared.name}={value:g}"
    n_frames = n_frames_of(graph, arrays)
    if n_frames is None and graph.clock.n_samples:
        n_frames = -(-graph.clock.n_samples // (graph.clock.hop_samples or 1))
    hop = graph.clock.hop_samples or 1
    shape = [1]
    for dim in declared.signal.outer_dims[1:]:
        if dim.name in ("frames", "samples") and n_frames is None:
            raise UsageError(
                f"{said}: nothing says for how long: give another input as a file, "
                "or write `duration: 4 s` in the clock"
            )
        sizes = {"frames": n_frames or 0, "samples": (n_frames or 0) * hop}
        shape.append(dim.at(sizes) if dim.is_static or dim.name in sizes else 1)
    if not isinstance(value, list):
        return np.full(shape, value, np.float32)
    # Voices are the first axis after the batch, channels the last.
    axes = {1: declared.signal.voices, len(shape) - 1: shape[-1] if declared.signal.rank > 1 else None}
    axis = next((axis for axis, size in axes.items() if size == len(value)), None)
    if axis is None or (declared.signal.rate is not Rate.CONST and axis == declared.signal.time_axis):
        raise UsageError(f"{said}: it has {len(value)} numbers, the input is {declared.signal.shape_text}")
    numbers = np.reshape(np.array(value, np.float32), [-1 if i == axis else 1 for i in range(len(shape))])
    return np.ascontiguousarray(np.broadcast_to(numbers, shape))


def n_frames_of(graph: Graph, arrays: Mapping[str, np.ndarray]) -> int | None:
    """Frames of the clock (samples where it has none) that the arrays last; None where none of them changes."""
    hop = graph.clock.hop_samples or 1
    for name, x in arrays.items():
        signal = graph.input_by_name[name].signal
        if signal.rate is not Rate.CONST and x.ndim > signal.time_axis:
            n = x.shape[signal.time_axis]
            return -(-n // hop) if signal.rate is Rate.AUDIO else n
    return None


def example_of(declared: Input) -> str:
    """A number as `--input` takes it."""
    return _EXAMPLES.get(declared.signal.unit, "0.5")


def how_to_give(declared: Input, graph: Graph) -> str:
    """`--input notes=FILE.npy ([frames, 1], 250 a second, in midi), or a number: --input notes=69`"""
    signal, clock = declared.signal, graph.clock
    if signal.rank == 2 and signal.rate is Rate.AUDIO and signal.voices is None:
        return f"--input {declared.name}=FILE.wav (or .flac, or .npy of [samples] at {clock.sample_rate} a second)"
    facts = [f"[{', '.join(map(str, signal.outer_dims[1:]))}]".replace(f"{clock.hop_samples}*frames", "samples")]
    if signal.rate is Rate.FRAME and clock.frame_rate:
        facts.append(f"{float(clock.frame_rate):g} a second")
    if signal.rate is Rate.AUDIO:
        facts.append(f"{clock.sample_rate} a second")
    if signal.unit is not Unit.ANY:
        facts.append(f"in {signal.unit}")
    number = f"--input {declared.name}={example_of(declared)}"
    if signal.voices is not None:
        example = example_of(declared).strip("'")
        number += f", or one for each voice: --input {declared.name}='[{example}, ...]'"
    return f"--input {declared.name}=FILE.npy ({', '.join(facts)}), or a number: {number}"
