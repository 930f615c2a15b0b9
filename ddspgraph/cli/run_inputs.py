"""Files and numbers -> the inputs of a graph: recordings at the clock's rate, arrays with the axes that they lack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.cli.input_values import held, how_to_give, n_frames_of, values_of
from ddspgraph.cli.midi_inputs import ports_of, song_arrays, songs_among
from ddspgraph.cli.options import Arguments, UsageError, split_assignment
from ddspgraph.diagnostics import Report, clean, did_you_mean, fail
from ddspgraph.files import place
from ddspgraph.io.arrays import ARRAY_SUFFIXES, read_npy, read_npz
from ddspgraph.io.audio import KNOWN_RECORDINGS, Notify, is_recording, read_audio
from ddspgraph.ir.array_checks import full_scale, swapped_axes, unknown_full_scale
from ddspgraph.ir.types import Dim, Rate

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph, Input
    from ddspgraph.limits import Limits


def read_inputs(
    graph: Graph, arguments: Arguments, limits: Limits, notify: Notify, *, required: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """float32 arrays by input name.

    Args:
      notify: told of recordings that had to be converted.
      required: inputs that must be given; those that the outputs need, unless said.

    Raises:
      UsageError: where a file cannot be told an input, an input is given twice, or a number is none that fits.
      GraphError: E601-E605, E701 and E709, for files, and for inputs that are unknown, or missing of those required.
    """
    given: dict[str, np.ndarray] = dict(read_npz(arguments.inputs, limits=limits)) if arguments.inputs else {}
    files: dict[str, str] = {}
    for assignment in arguments.input:
        name, file = split_assignment(assignment)
        name = name or _only_one(graph, file)
        if name in files:
            raise UsageError(f"the input '{name}' is given twice")
        files[name] = file
    songs = songs_among(graph, files)
    names = {*given, *files, *ports_of(graph, songs)} - set(songs)
    _check_names(graph, needed_inputs(graph) if required is None else required, names)
    arrays = {name: _fitted(x, graph.input_by_name[name], arguments.inputs) for name, x in given.items()}
    numbers: dict[str, float | list[float]] = {}
    for name, file in files.items():
        if name in songs:
            continue
        declared = graph.input_by_name[name]
        is_file = is_recording(file) or Path(file).suffix.lower() in ARRAY_SUFFIXES
        number = None if is_file else values_of(file, declared, graph.clock.sample_rate)
        if number is None:
            arrays[name] = _read(graph, declared, file, limits, notify)
        else:
            numbers[name] = number
    arrays = {**song_arrays(graph, songs, n_frames_of(graph, arrays), limits, notify), **arrays}
    for name, number in numbers.items():
        arrays[name] = held(graph.input_by_name[name], number, graph, arrays)
    return {name: np.asarray(x, np.float32) for name, x in arrays.items()}


def needed_inputs(graph: Graph) -> list[str]:
    """The inputs that the outputs depend on; those of the losses where there are no outputs."""
    roots = tuple(ref for _, ref in graph.outputs) or graph.roots()
    return [i.name for i in graph.inputs if i.name in graph.ancestors(roots)]


def _only_one(graph: Graph, file: str) -> str:
    needed = [*dict.fromkeys(found[0].name if (found := graph.midi_port(n)) else n for n in needed_inputs(graph))]
    if len(needed) == 1:
        return needed[0]
    if not needed:
        raise UsageError(f"--input {file}: the graph needs no input")
    raise UsageError(f"--input {file}: which input? NAME=FILE, NAME being one of {', '.join(needed)}")


def _check_names(graph: Graph, required: Sequence[str], given: set[str]) -> None:
    """All names that are wrong or missing at once, before a file is read."""
    report = Report()
    for name in sorted(given - set(graph.input_by_name)):
        hint = did_you_mean(name, list(graph.input_by_name)) or "the graph has no inputs"
        report.add("E604", f"the graph has no input '{name}'", None, hint=hint)
    for name in required:
        if name not in given:
            declared = graph.input_by_name[name]
            message = f"the input '{name}' {declared.signal} is needed"
            report.add("E603", message, declared.span, hint=how_to_give(declared, graph))
    report.raise_errors()


def _read(graph: Graph, declared: Input, file: str, limits: Limits, notify: Notify) -> np.ndarray:
    suffix = Path(file).suffix.lower()
    if is_recording(file):
        return _recording(graph, declared, file, limits, notify)
    if suffix == ".npy":
        return _fitted(read_npy(file, limits=limits), declared, file)
    if suffix == ".npz":
        arrays = read_npz(file, limits=limits)
        if declared.name not in arrays and len(arrays) != 1:
            known = ", ".join(map(clean, arrays)) or "nothing"
            raise fail("E602", f"there is no array '{declared.name}' in it, but {known}", place(file))
        return _fitted(arrays.get(declared.name, next(iter(arrays.values()))), declared, file)
    known = f"{', '.join(ARRAY_SUFFIXES)}, {KNOWN_RECORDINGS}"
    hint = how_to_give(declared, graph)
    raise fail("E602", f"neither a number nor a kind of file that is known: {known}", place(file), hint=hint)


def _recording(graph: Graph, declared: Input, file: str, limits: Limits, notify: Notify) -> np.ndarray:
    """[1, samples] or [1, samples, channels]: at the clock's rate, unless its samples are no stretch of time."""
    signal = declared.signal
    if signal.rate is Rate.FRAME or signal.rank < 2 or signal.voices is not None:
        message = f"the input '{declared.name}' is {signal}, a recording is audio or, as a constant, a row of samples"
        raise fail("E605", message, declared.span, hint=how_to_give(declared, graph))
    is_mono = signal.rank == 2 or signal.dims[-1] == Dim.of(1)
    rate = None if _is_one_cycle(graph, declared) else graph.clock.sample_rate
    x = read_audio(file, rate, downmix=is_mono, notify=notify, limits=limits)
    if not is_mono and signal.rate is Rate.AUDIO:
        x = for_channels(x, signal.dims[2].size)
    return x.reshape(1, *x.shape, *([1] * (signal.rank - 1 - x.ndim)))


def for_channels(x: np.ndarray, channels: int | None) -> np.ndarray:
    """A sound [samples, n] for an input of so many channels: one channel is held for all of them."""
    return np.repeat(x, channels, axis=1) if channels is not None and x.shape[1] == 1 else x


def _is_one_cycle(graph: Graph, declared: Input) -> bool:
    """Whether a constant is read as controls: the samples of a wavetable are its points, whatever the clock says.

    An impulse response, which is read as a constant, lasts as long at every rate.
    """
    ports = [node.op.input_ports((port,))[port] for node, port in graph.users().get(declared.ref, ())]
    return declared.signal.rate is Rate.CONST and any(port.rate is Rate.FRAME for port in ports)


def _fitted(x: np.ndarray, declared: Input, file: str) -> np.ndarray:
    """An array as a recording would be: whole numbers at full scale, with the axes that it lacks. Raises E605."""
    problem = swapped_axes(x.shape, declared) or unknown_full_scale(x.dtype, declared)
    if problem is not None:
        raise fail("E605", problem.message, place(file), hint=problem.hint)
    return _with_batch(full_scale(x) if declared.signal.rate is Rate.AUDIO else x, declared)


def _with_batch(x: np.ndarray, declared: Input) -> np.ndarray:
    """The array with its batch axis, and with its channel axis where that has size 1, if it lacks them."""
    rank, one_channel = len(declared.signal.outer_dims), declared.signal.dims[-1] == Dim.of(1)
    if x.ndim == rank - 1 and one_channel and rank > 2 and x.shape[-1] != 1:
        return x[..., None]
    if x.ndim == rank - 2 and one_channel and rank > 2:
        return x[None, ..., None]
    return x[None] if x.ndim == rank - 1 else x
