"""What a stream reads and writes: which input is read block by block, which is an array, what goes to stdout."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.cli.console import tell
from ddspgraph.cli.options import Arguments, UsageError, split_assignment, tail_of
from ddspgraph.cli.run_inputs import for_channels, needed_inputs, read_inputs
from ddspgraph.cli.run_outputs import Plan, plan_outputs
from ddspgraph.cli.streams.sources import ArraySource, PipeSource, RecordingSource, Source, common_length
from ddspgraph.compiler.tail import check_ends_with_inputs, natural_tail
from ddspgraph.diagnostics import did_you_mean
from ddspgraph.instrument.performance import FEATURES
from ddspgraph.io.audio import is_recording, recording_length, stream_audio
from ddspgraph.ir.graph import Input
from ddspgraph.ir.streaming import has_time
from ddspgraph.ir.types import SAMPLES, Dim, Rate, Signal, Unit
from ddspgraph.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph
    from ddspgraph.limits import Limits


#: With `--pitch`: the name of the recording.
AUDIO = "audio"


@dataclass(frozen=True)
class Files:
    """What a stream reads and writes.

    Attributes:
      arrays: inputs that were read whole, by name.
      sources: inputs that change over time, by name.
      piped_input, piped_output: the one on stdin, the one on stdout.
      plan: the files of the other outputs.
      tracked: the inputs that `--pitch` makes of the source "audio".
      most_bytes: how much of one output may be held in memory.
      tail_samples: how much longer the outputs are than the inputs.
      n_samples: how long the inputs are, where that is known; of a graph without inputs, what its clock says.
    """

    arrays: Mapping[str, np.ndarray]
    sources: Mapping[str, Source]
    piped_input: str | None
    piped_output: str | None
    plan: Plan
    n_samples: int | None
    tracked: tuple[str, ...] = ()
    most_bytes: int = DEFAULT_LIMITS.array_bytes
    tail_samples: int = 0


def plan_files(graph: Graph, arguments: Arguments, limits: Limits) -> Files:
    """Opens the inputs, and checks that all that is needed is there.

    Raises:
      UsageError: for names and pipes that cannot be.
      GraphError: E601-E606, E701 and E709, of files.
    """
    tracked, graph = _tracked(graph, arguments)
    needed = [i for i in graph.inputs if i.name in needed_inputs(graph) or (tracked and i.name == AUDIO)]
    piped_input = _piped(arguments.input, [i.name for i in needed], "input")
    piped_output = _piped(arguments.output, [name for name, _ in graph.outputs], "output")
    if piped_input and arguments.spec == "-":
        raise UsageError("the spec and an input both come from stdin: give the spec as a file")
    if piped_output and arguments.json:
        raise UsageError("--json and an output both go to stdout: give the output a file")
    if piped_input and not has_time(graph.input_by_name[piped_input].signal):
        raise UsageError(f"the input '{piped_input}' does not change over time: give it a file")
    others = copy.copy(arguments)
    others.output = [text for text in arguments.output if split_assignment(text)[1] != "-"]
    plan = plan_outputs(graph, others)
    if arguments.live or (arguments.verify and not (arguments.input or arguments.inputs)):
        return Files({}, {}, piped_input, piped_output, plan, None, tracked)
    recordings = {} if arguments.verify else _recordings(arguments.input, needed)
    others.input = [
        text
        for text in arguments.input
        if split_assignment(text)[1] != "-" and split_assignment(text)[1] not in recordings.values()
    ]
    wanted = tuple(i for i in graph.inputs if i.name != piped_input and i.name not in recordings)
    arrays = read_inputs(graph.replace(inputs=wanted), others, limits, tell)
    arrays = {name: x for name, x in arrays.items() if any(i.name == name for i in needed)}
    sources: dict[str, Source] = {name: _open_recording(graph, name, file, limits) for name, file in recordings.items()}
    if piped_input:
        sources[piped_input] = _open_pipe(graph, piped_input, arguments.pcm)
    hop = graph.clock.hop_samples or 1
    for name, x in arrays.items():
        signal = graph.input_by_name[name].signal
        if has_time(signal):
            sources[name] = ArraySource(np.moveaxis(x, signal.time_axis, 1), 1 if signal.rate is Rate.AUDIO else hop)
    n_samples = common_length(graph, {n: s.n_samples for n, s in sources.items() if s.n_samples is not None})
    if tracked and AUDIO not in sources:
        raise UsageError(f"--pitch tracks a recording: --input {AUDIO}=FILE.wav, or {AUDIO}=-")
    if not sources:
        n_samples = graph.clock.n_samples
        if n_samples is None:
            raise UsageError("no input says how long the stream is, and the clock has no `duration`")
    tail = _tail(graph, arguments, arrays, sources)
    return Files(arrays, sources, piped_input, piped_output, plan, n_samples, tracked, limits.array_bytes, tail)


def _tail(graph: Graph, arguments: Arguments, arrays: Mapping[str, np.ndarray], sources: Mapping[str, Source]) -> int:
    """`--tail` in samples. Raises UsageError, and GraphError E606."""
    if arguments.tail is None:
        return 0
    check_ends_with_inputs(graph, sources)
    samples = tail_of(arguments.tail, graph.clock.sample_rate)
    return natural_tail(graph, {name: x.shape for name, x in arrays.items()}) if samples is None else samples


def _tracked(graph: Graph, arguments: Arguments) -> tuple[tuple[str, ...], Graph]:
    """The inputs that come from a tracker of pitch, and the graph with a recording in their place."""
    if arguments.pitch is None:
        return (), graph
    needed, clock = needed_inputs(graph), graph.clock
    is_plain = AUDIO in needed and graph.input_by_name[AUDIO].signal.rank == 2
    tracked = tuple(name for name in (*FEATURES, *[AUDIO] * is_plain) if name in needed)
    if "f0_hz" not in tracked or (AUDIO in needed) > is_plain or clock.hop_samples is None or clock.sample_rate is None:
        raise UsageError(
            f"--pitch plays graphs that take {', '.join(FEATURES[::2])} over frames, or audio of one channel, "
            f"this takes {', '.join(needed) or 'nothing'}"
        )
    if arguments.verify:
        raise UsageError("--verify compares with the offline graph, which takes no recording: leave out --pitch")
    performance = Input(AUDIO, Signal((Dim.of("batch"), SAMPLES), Rate.AUDIO, Unit.ANY))
    others = tuple(i for i in graph.inputs if i.name not in (*tracked, AUDIO))
    return tracked, graph.replace(inputs=(performance, *others))


def _piped(assignments: Sequence[str], names: Sequence[str], kind: str) -> str | None:
    """The name of the input or output that is `-`. Raises UsageError."""
    found = []
    for text in assignments:
        name, file = split_assignment(text)
        if file != "-":
            continue
        if name is None and len(names) != 1:
            raise UsageError(f"--{kind} -: which one? NAME=-, NAME being one of {', '.join(names) or 'none'}")
        name = name or names[0]
        if name not in names:
            raise UsageError(f"the graph has no {kind} '{name}'; {did_you_mean(name, list(names)) or 'it has none'}")
        found.append(name)
    if len(found) > 1:
        raise UsageError(f"only one {kind} can be -, these are {', '.join(found)}")
    return found[0] if found else None


def _recordings(assignments: Sequence[str], needed: Sequence[Input]) -> dict[str, str]:
    """The inputs that are recordings, and their files: they are read block by block."""
    found: dict[str, str] = {}
    sounds = [i.name for i in needed if i.signal.rate is Rate.AUDIO and i.signal.voices is None]
    for text in assignments:
        name, file = split_assignment(text)
        if name is None and len(needed) == 1:
            name = needed[0].name
        if name in sounds and is_recording(file):
            if name in found:
                raise UsageError(f"the input '{name}' is given twice")
            found[name] = file
    return found


def _open_recording(graph: Graph, name: str, file: str, limits: Limits) -> RecordingSource:
    """A recording at the rate of the graph, of any length unless a limit was asked for. Raises as `stream_audio`."""
    rate, declared = graph.clock.sample_rate, graph.input_by_name[name]
    if limits.audio_seconds == DEFAULT_LIMITS.audio_seconds:  # it bounds what is held in memory
        limits = replace(limits, audio_seconds=sys.maxsize)
    channels = [dim.size for dim in declared.signal.dims[2:]]
    is_mono = channels in ([], [1])
    blocks = stream_audio(file, rate, downmix=is_mono, notify=tell, limits=limits)
    if not is_mono:
        blocks = (for_channels(block, channels[0]) for block in blocks)
    source = RecordingSource(blocks, [1] if channels == [1] else [])
    source.n_samples = recording_length(file, rate)
    return source


def _open_pipe(graph: Graph, name: str, kind: str) -> PipeSource:
    """Samples or frames on stdin."""
    declared = graph.input_by_name[name]
    hop = 1 if declared.signal.rate is Rate.AUDIO else graph.clock.hop_samples or 1
    voices = [declared.signal.voices] if declared.signal.voices is not None else []
    return PipeSource([*voices, *(dim.size or 1 for dim in declared.signal.dims[2:])], hop, kind)
