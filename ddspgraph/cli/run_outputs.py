"""Results -> files, and a line on each for the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.cli.console import put, table, tell
from ddspgraph.cli.options import Arguments, UsageError, split_assignment
from ddspgraph.diagnostics import did_you_mean, fail
from ddspgraph.files import place
from ddspgraph.io.arrays import ARRAY_SUFFIXES, write_npy, write_npz
from ddspgraph.io.audio import khz, write_audio
from ddspgraph.io.audio_writer import AUDIO_SUFFIXES
from ddspgraph.ir.types import Rate

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph, Ref
    from ddspgraph.ir.types import Signal

#: file -> the outputs that go into it
Plan = dict[str, list[str]]


def with_parts(graph: Graph, assignments: Sequence[str], *, is_export: bool = False) -> Graph:
    """The graph with the nodes and ports that `--output NODE/PORT=FILE` names as outputs of their own.

    Raises:
      UsageError: for a name that is neither an output nor a node, and for nodes of an export, which keeps none.
    """
    outputs = dict(graph.outputs)
    for assignment in assignments:
        name, _ = split_assignment(assignment)
        ref = None if name is None or name in outputs else _part(graph, name)
        if ref is None:
            continue
        if is_export:
            key = str(name).replace("/", "_")
            raise UsageError(
                f"an export gives its outputs alone ({', '.join(outputs)}): for '{name}' write "
                f"`outputs: {{{key}: {name}}}` in the spec and compile it again, or run the spec"
            )
        outputs[str(name)] = ref
    return graph.replace(outputs=tuple(outputs.items()))


def _part(graph: Graph, name: str) -> Ref | None:
    node, _, port = name.partition("/")
    part = graph.parts.get(node)
    if part is not None:
        return part.outputs.get(port) if port else next(iter(part.outputs.values()), None)
    found = graph.node_by_name.get(node)
    refs = found.refs if found is not None and found.is_written else ()
    return next((ref for ref in refs if not port or ref.port == port), None)


def plan_outputs(graph: Graph, arguments: Arguments) -> Plan:
    """Which file takes which outputs, checked before anything is computed.

    Raises:
      UsageError: for an output that does not exist, or a file that is named twice.
      GraphError: E602 for a kind of file that the output cannot go into.
    """
    names = [name for name, _ in graph.outputs]
    plan: Plan = {}
    for assignment in arguments.output:
        name, file = split_assignment(assignment)
        if name is None:
            if len(names) != 1:
                raise UsageError(f"--output {file}: which output? NAME=FILE, NAME being one of {', '.join(names)}")
            name = names[0]
        if name not in names:
            raise UsageError(f"the graph has no output '{name}'; {_output_hint(graph, name, names)}")
        _check_kind(graph, name, file)
        _add(plan, file, [name])
    if arguments.outputs:
        if Path(arguments.outputs).suffix.lower() != ".npz":
            raise UsageError(f"--outputs wants a .npz file, this is {arguments.outputs}")
        _add(plan, arguments.outputs, names)
    return plan


def _output_hint(graph: Graph, name: str, names: list[str]) -> str:
    node, _, port = name.partition("/")
    if node in graph.parts:
        ports = [f"{node}/{port}" for port in graph.parts[node].outputs]
        return did_you_mean(name, ports) or f"'{node}' has {', '.join(ports)}"
    if node in graph.node_by_name:
        ports = [str(ref) for ref in graph.node_by_name[node].refs]
        if _part(graph, name) is None:
            return did_you_mean(name, ports) or f"'{node}' has {', '.join(ports)}"
        return f"add it to the spec: `outputs: {{{name.replace('/', '_')}: {name}}}`"
    known = names + [n.name for n in graph.nodes if n.is_written] + [*graph.parts]
    return did_you_mean(name if not port else node, known) or "`ddspgraph check --explain` lists its nodes"


def _add(plan: Plan, file: str, names: list[str]) -> None:
    if file in plan:
        raise UsageError(f"{file} is named twice: one result would replace the other")
    plan[file] = names


def _check_kind(graph: Graph, name: str, file: str) -> None:
    suffix, signal = Path(file).suffix.lower(), dict_of_signals(graph)[name]
    if suffix in ARRAY_SUFFIXES:
        return
    if suffix not in AUDIO_SUFFIXES:
        known = ", ".join(AUDIO_SUFFIXES + ARRAY_SUFFIXES)
        raise fail("E602", f"not a kind of file that is known: {known}", place(file))
    if signal.rate is not Rate.AUDIO:
        hint = f"--output {name}={Path(file).with_suffix('.npy')}"
        raise fail("E602", f"the output '{name}' is {signal}, not audio", place(file), hint=hint)
    if signal.voices is not None:
        hint = (
            f"make one sound of them with a mix_voices node, or write --output {name}={Path(file).with_suffix('.npy')}"
        )
        raise fail(
            "E602", f"the output '{name}' has {signal.voices} voices, a recording is one", place(file), hint=hint
        )
    if graph.clock.sample_rate is None:
        raise fail("E602", "the clock of the graph has no sample rate to write it with", place(file))


def dict_of_signals(graph: Graph) -> dict[str, Signal]:
    """The types of the outputs by name."""
    return {name: graph.types[ref] for name, ref in graph.outputs}


def write_outputs(graph: Graph, plan: Plan, results: Mapping[str, np.ndarray], arguments: Arguments) -> None:
    """Every file whole or not at all. Raises GraphError E602 or E607."""
    for file, names in plan.items():
        suffix = Path(file).suffix.lower()
        if suffix == ".npz":
            write_npz(file, {name: results[name] for name in names})
        elif suffix == ".npy":
            write_npy(file, results[names[0]])
        else:
            x = results[names[0]]
            if len(x) != 1:
                hint = f"--output {names[0]}={Path(file).with_suffix('.npy')}; channels of one sound are no batch"
                raise fail("E602", f"'{names[0]}' holds {len(x)} sounds, a recording is one", place(file), hint=hint)
            rate = graph.clock.sample_rate
            assert rate is not None
            write_audio(file, x[0], rate, sample_format=arguments.format, notify=tell)


def report(graph: Graph, plan: Plan, results: Mapping[str, np.ndarray], *, quiet: bool) -> list[dict[str, object]]:
    """Tells what became of every result; where nothing was written, the table is the result."""
    signals = dict_of_signals(graph)
    facts = [
        _facts(name, x, signals.get(name), graph.clock.sample_rate, [f for f, names in plan.items() if name in names])
        for name, x in results.items()
    ]
    if quiet:
        return facts
    rows = [["", "shape", "length", "peak", "rms"]]
    rows += [[str(f["name"]), str(f["shape"]), _length(f), _level(f, "peak"), _level(f, "rms")] for f in facts]
    if plan:
        for file, names in plan.items():
            tell(f"wrote {file}: {', '.join(names)}")
        tell(table(rows))
    else:
        put(table(rows))
        if graph.outputs:
            tell(f"nothing was written: --output {next(iter(signals))}=FILE saves a result")
    return facts


def _facts(name: str, x: np.ndarray, signal: Signal | None, rate: int | None, files: list[str]) -> dict[str, object]:
    is_audio = signal is not None and signal.rate is Rate.AUDIO
    time_axis = signal.time_axis if signal is not None else 1
    peak = float(np.max(np.abs(x), initial=0.0))
    rms = float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) if x.size else 0.0
    return {
        "name": name,
        "shape": list(x.shape),
        "is_audio": is_audio,
        "sample_rate": rate if is_audio else None,
        "seconds": x.shape[time_axis] / rate if is_audio and rate else None,
        "peak": peak,
        "rms": rms,
        "files": files,
    }


def _length(facts: dict[str, object]) -> str:
    if facts["seconds"] is None:
        return ""
    return f"{facts['seconds']:.2f} s at {khz(float(str(facts['sample_rate'])))}"


def _level(facts: dict[str, object], key: str) -> str:
    value = float(str(facts[key]))
    if not facts["is_audio"]:
        return f"{value:.4g}"
    return f"{20 * np.log10(value):+.1f} dBFS" if value > 0 else "silent"
