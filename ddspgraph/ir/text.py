"""Graphs as text: the language of pass tests and of `--dump-after`.

    graph bell {sample_rate=16000, hop_samples=64, n_samples=64000}
      f0_hz = input [batch, frames, 1] frame Hz
      pitch = hz_to_midi(f0_hz)                     : [batch, frames, 1] frame midi
      tone = harmonic(amplitudes=amps, f0_hz=f0_hz) {nyquist_fade=0.1}
      chord = harmonic(amplitudes=amps, f0_hz=notes) over 4 voices, sum
      output audio = tone/signal
      loss spectral

`parse_graph` reads what `print_graph` prints; types after ` : ` are for the reader and are inferred again. The
text does not say who made a node: `wet.gain` is read as what the compiler made for `wet`, where there is a `wet`.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Container
from fractions import Fraction

from ddspgraph.ir.graph import Clock, Graph, Input, Node, Origin, Ref
from ddspgraph.ir.mapped import Mapped
from ddspgraph.ir.op import Op
from ddspgraph.ir.registry import Registry
from ddspgraph.ir.types import Dim, Rate, Signal, Unit

_CLOCK = ("sample_rate", "hop_samples", "n_samples")
_NODE = re.compile(r"^(?P<name>\S+) = (?P<op>\w+)\((?P<inputs>[^)]*)\)(?: \{(?P<params>.*)\})?(?P<voices> over .*)?$")
_VOICES = re.compile(r" over (\d+) voices?(?:, (sum|stack))?(?:, (mean|power))?")
_DIM = re.compile(r"^(?:(?P<scale>\d+)\*)?(?P<name>[A-Za-z_]\w*)?(?:\s*(?P<sign>[+-])\s*(?P<offset>\d+))?$")


def print_graph(graph: Graph) -> str:
    """One line a value, deterministic."""
    clock = ", ".join(f"{k}={v}" for k in _CLOCK if (v := getattr(graph.clock, k)) is not None)
    lines = [f"graph {graph.name or '_'} {{{clock}}}"]
    lines += [f"  {i.name} = input {i.signal}" for i in graph.inputs]
    lines += [f"  {_node(graph, node)}" for node in graph.nodes]
    lines += [f"  output {name} = {ref}" for name, ref in graph.outputs]
    lines += [f"  loss {name}" for name in graph.losses]
    return "\n".join(lines) + "\n"


def said_params(op: Op) -> dict[str, object]:
    """The parameters that differ from their defaults and do not come from the clock."""
    return {
        name: getattr(op, name)
        for name, spec in op.params().items()
        if spec.clock is None and getattr(op, name) != spec.default
    }


def _node(graph: Graph, node: Node) -> str:
    inputs = ", ".join(f"{port}={ref}" for port, ref in graph.reads(node))
    params = ", ".join(f"{k}={v!r}" for k, v in said_params(node.op).items())
    text = f"{node.name} = {node.op.name}({inputs})" + (f" {{{params}}}" if params else "") + _voices(node.op)
    types = [str(graph.types[ref]) for ref in node.refs if ref in graph.types]
    return f"{text} : {'; '.join(types)}" if types else text


def _voices(op: Op) -> str:
    if not isinstance(op, Mapped) or op.voices is None:
        return ""
    how = [word for word in (op.mixing, op.scaling) if word != "none"]
    return ", ".join([f" over {op.voices} voice{'s' * (op.voices != 1)}", *how])


def parse_graph(text: str, ops: Registry) -> Graph:
    """The graph that a text describes, without types. Raises ValueError with the line that is at fault."""
    head, *body = [line.strip() for line in text.strip().splitlines() if line.strip()]
    match = re.fullmatch(r"graph (\w+) \{(.*)\}", head)
    if match is None:
        raise ValueError(f"not the head of a graph: {head!r}")
    graph = Graph(name=match[1].strip("_"), clock=_parse_clock(match[2]))
    inputs, nodes, outputs, losses = [], [], [], []
    for line in body:
        if line.startswith("loss "):
            losses.append(line[5:])
        elif line.startswith("output "):
            name, _, ref = line[7:].partition(" = ")
            outputs.append((name, _parse_ref(ref)))
        elif " = input " in line:
            name, _, signal = line.partition(" = input ")
            inputs.append(Input(name, _parse_signal(signal)))
        else:
            nodes.append(_parse_node(line.split(" : ")[0].strip(), graph.clock, ops))
    ports = {_parse_ref(i.name): i.ref for i in inputs}  # of MIDI inputs: `notes/pitch` is a name
    nodes = [_made_for(node.rewired(ports), {n.name for n in nodes}) for node in nodes]
    outputs = [(name, ports.get(ref, ref)) for name, ref in outputs]
    return graph.replace(inputs=tuple(inputs), nodes=tuple(nodes), outputs=tuple(outputs), losses=tuple(losses))


def _made_for(node: Node, names: Container[str]) -> Node:
    owner = node.name.partition(".")[0]
    if owner == node.name or owner not in names:
        return node
    return dataclasses.replace(node, owner=owner, origin=Origin.CONVERSION if node.inputs else Origin.LITERAL)


def _parse_clock(text: str) -> Clock:
    said = {k.strip(): int(v) for k, _, v in (item.partition("=") for item in text.split(",") if item.strip())}
    rate = Fraction(said["sample_rate"], said["hop_samples"]) if {"sample_rate", "hop_samples"} <= said.keys() else None
    return Clock(said.get("sample_rate"), rate, said.get("hop_samples"), said.get("n_samples"))


def _parse_ref(text: str) -> Ref:
    name, _, port = text.strip().partition("/")
    return Ref(name, port)


def _parse_dim(text: str) -> Dim:
    if text.strip().isdigit():
        return Dim.of(int(text))
    match = _DIM.match(text.strip())
    if match is None:
        raise ValueError(f"not a dim: {text!r}")
    offset = int(match["offset"] or 0) * (-1 if match["sign"] == "-" else 1)
    return Dim(int(match["scale"] or 1), match["name"], offset)


def _parse_signal(text: str) -> Signal:
    match = re.fullmatch(r"\[(.*)\] (\w+) (\w+)", text.strip())
    if match is None:
        raise ValueError(f"not a type: {text!r}")
    axes = [axis.strip() for axis in match[1].split(",") if axis.strip()]
    voices = next((int(axis.split()[0]) for axis in axes if re.fullmatch(r"\d+ voices?", axis)), None)
    dims = tuple(_parse_dim(axis) for axis in axes if not axis.endswith((" voice", " voices")))
    return Signal(dims, Rate[match[2].upper()], Unit(match[3]), voices=voices)


def _parse_node(line: str, clock: Clock, ops: Registry) -> Node:
    match = _NODE.match(line)
    if match is None:
        raise ValueError(f"not a node: {line!r}")
    op_class = ops[match["op"]]
    call = ast.parse(f"f({match['params'] or ''})", mode="eval").body
    params = {k.arg: ast.literal_eval(k.value) for k in call.keywords}  # type: ignore[union-attr]
    for spec in op_class.params().values():
        if spec.clock and spec.clock != "n_samples":
            params.setdefault(spec.name, clock.get(spec.clock))
    pairs = [p.partition("=") for p in match["inputs"].split(",") if p.strip()]
    inputs = tuple((port.strip(), _parse_ref(ref)) for port, _, ref in pairs)
    op: Op = op_class(**params)
    if match["voices"]:
        voices = _VOICES.fullmatch(match["voices"])
        if voices is None:
            raise ValueError(f"not voices: {match['voices']!r}")
        op = Mapped(inner=op, voices=int(voices[1]), mixing=voices[2] or "none", scaling=voices[3] or "none")
    return Node(match["name"], op, inputs)
