"""Where the blocks of a stream come from and go to: files, arrays, and raw samples on stdin and stdout."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.cli.console import tell
from ddspgraph.cli.options import Arguments, UsageError, split_assignment
from ddspgraph.cli.run_inputs import needed_inputs, read_inputs
from ddspgraph.cli.run_outputs import Plan, plan_outputs
from ddspgraph.diagnostics import Report, did_you_mean, fail
from ddspgraph.ir.streaming import has_time
from ddspgraph.ir.types import Rate

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph
    from ddspgraph.limits import Limits

_FULL_SCALE = 32768.0


@dataclass
class Files:
    """What a stream reads and writes.

    Attributes:
      arrays: inputs that were read, by name.
      piped_input, piped_output: the one on stdin, the one on stdout.
      plan: the files of the other outputs.
      n_samples: how long the inputs are; None where stdin says it.
    """

    arrays: dict[str, np.ndarray]
    piped_input: str | None
    piped_output: str | None
    plan: Plan
    n_samples: int | None
    kept: dict[str, list[np.ndarray]] = field(default_factory=dict)


def plan_files(graph: Graph, arguments: Arguments, limits: Limits) -> Files:
    """Reads the inputs, and checks that all that is needed is there.

    Raises:
      UsageError: for names and pipes that cannot be.
      GraphError: E601-E606, E701 and E709, of files.
    """
    needed = [graph.input_by_name[name] for name in needed_inputs(graph)]
    piped_input = _piped(arguments.input, [i.name for i in needed], "input")
    piped_output = _piped(arguments.output, [name for name, _ in graph.outputs], "output")
    if piped_input and arguments.spec == "-":
        raise UsageError("the spec and an input both come from stdin: give the spec as a file")
    if piped_output and arguments.json:
        raise UsageError("--json and an output both go to stdout: give the output a file")
    if piped_input and not has_time(graph.input_by_name[piped_input].signal):
        raise UsageError(f"the input '{piped_input}' does not change over time: give it a file")
    others = copy.copy(arguments)
    others.input = [text for text in arguments.input if split_assignment(text)[1] != "-"]
    others.output = [text for text in arguments.output if split_assignment(text)[1] != "-"]
    plan = plan_outputs(graph, others)
    wanted = tuple(i for i in graph.inputs if i.name != piped_input)
    if arguments.live or (arguments.verify and not (arguments.input or arguments.inputs)):
        return Files({}, piped_input, piped_output, plan, None)
    arrays = read_inputs(graph.replace(inputs=wanted), others, limits, tell)
    arrays = {name: x for name, x in arrays.items() if any(i.name == name for i in needed)}
    n_samples = _length(graph, arrays)
    if n_samples is None and piped_input is None:
        n_samples = graph.clock.n_samples
        if n_samples is None:
            raise UsageError("no input says how long the stream is, and the clock has no `duration`")
    return Files(arrays, piped_input, piped_output, plan, None if piped_input else n_samples)


def _piped(assignments: list[str], names: list[str], kind: str) -> str | None:
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
            raise UsageError(f"the graph has no {kind} '{name}'; {did_you_mean(name, names) or 'it has none'}")
        found.append(name)
    if len(found) > 1:
        raise UsageError(f"only one {kind} can be -, these are {', '.join(found)}")
    return found[0] if found else None


def _length(graph: Graph, arrays: Mapping[str, np.ndarray]) -> int | None:
    """Samples of the inputs in time: audio may end within its last frame. Raises GraphError E606."""
    hop, report = graph.clock.hop_samples or 1, Report()
    frames: dict[str, int] = {}
    longest: int | None = None
    for name, x in arrays.items():
        item = graph.input_by_name[name]
        if not has_time(item.signal):
            continue
        is_audio = item.signal.rate is Rate.AUDIO
        frames[name] = -(-x.shape[1] // hop) if is_audio else x.shape[1]
        first = next(iter(frames))
        if frames[name] != frames[first]:
            message = f"'{name}' has {frames[name]} frames of {hop} samples, '{first}' {frames[first]}"
            report.add("E606", message, item.span)
        if is_audio or longest is None:
            longest = x.shape[1] if is_audio else x.shape[1] * hop
    report.raise_errors()
    return longest


def read_pcm(n: int, channels: int, kind: str) -> np.ndarray:
    """Up to `n` samples of stdin, [samples, channels]; fewer at the end. Raises GraphError E602."""
    size = (4 if kind == "f32" else 2) * channels
    data = sys.stdin.buffer.read(n * size)
    if len(data) % size:
        raise fail("E602", f"stdin ends within a sample: --pcm {kind} has {size} bytes for {channels} channels")
    x = np.frombuffer(data, "<f4" if kind == "f32" else "<i2").reshape(-1, channels)
    x = x.astype(np.float32) / (1.0 if kind == "f32" else _FULL_SCALE)
    if not np.isfinite(x).all():
        raise fail("E602", "stdin holds numbers that are not finite", hint=f"is it --pcm {kind}?")
    return x


def write_pcm(x: np.ndarray, kind: str) -> None:
    """[samples, ...] to stdout, at once: who listens waits for no more."""
    if kind == "s16":
        x = np.clip(np.round(x * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1.0)
    sys.stdout.buffer.write(np.ascontiguousarray(x, "<f4" if kind == "f32" else "<i2").tobytes())
    sys.stdout.buffer.flush()
