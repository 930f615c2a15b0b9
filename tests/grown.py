"""Graphs grown at random over all ops of the registry: a node stays where `check` accepts the graph with it.

Nothing here knows what fits: `check` is asked, and what it accepts must run. A seed gives the same graph every time.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ddspgraph as dg
from ddspgraph.ir.graph import Graph, Ref
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.ports import Port
from ddspgraph.ir.types import Rate, Signal, Unit
from ddspgraph.ops import OPS
from tests.grown_language import definition_of, learned, line, port_of
from tests.strategies import OMIT, options_of

Spec = dict[str, Any]

#: Clocks: whole and odd hops, none at all; a duration where the graph may have no inputs in time.
CLOCKS: Sequence[Spec] = (
    {"sample_rate": "16 kHz", "frame_rate": "250 Hz", "duration": "1024 samples"},
    {"sample_rate": "16 kHz", "hop": 63, "duration": "1008 samples"},
    {"sample_rate": "16 kHz", "hop": 100},
    {"sample_rate": "44.1 kHz", "hop": 128, "duration": "1280 samples"},
    {"sample_rate": "16 kHz"},
)
#: Numbers that make sense in a unit.
NUMBERS = {Unit.DB: -6.0, Unit.HZ: 440.0, Unit.MIDI: 69.0, Unit.SECONDS: 0.1, Unit.SAMPLES: 100.0, Unit.RADIANS: 1.0}
#: What is also tried for a parameter; the rest is as in `strategies`.
MORE = {
    "fft_size": [256, 500, 320],
    "overlap": [OMIT, 0.5, 0.8, 0.9],
    "padding": ["same", "center", "valid"],
    "outputs": [{"a": 1, "b": 3}, {"one": 1, "two": 2}],
    "resample_type": [OMIT, "upsample", "downsample"],
    "resample_stride": [OMIT, 2],
    "n_frames": [OMIT, 16],
    "reverb_length": [100, "20 ms"],
    "hop_sizes": [[16, 32]],
    "win_lengths": [[32, 64]],
    "win_length": [OMIT, 128],
    "values": [[0.5, 1.0, 0.25], [0.5, 1.0, 0.25, 2.0], [3.0]],
}
#: What becomes of voices.
MIXED: Sequence[Spec] = ({}, {"mix": "sum"}, {"mix": "sum", "norm": "power"}, {"mix": "stack"})
_TRIES = 12
#: In a list of ops to grow: a sub-graph.
GRAPH = "graph:"


def _traits(op: type[Op]) -> Traits:
    return op.traits if isinstance(op.traits, Traits) else Traits.NONE


_WITHOUT_LOSSES = [name for name, op in OPS.items() if Traits.LOSS not in _traits(op)]


class Grower:
    """Grows one graph."""

    def __init__(self, seed: int, *, free_sizes: bool = True) -> None:
        self.random = random.Random(seed)
        self.free_sizes = free_sizes
        self.spec: Spec = {"version": 2, "name": f"grown_{seed}", "clock": dict(self.random.choice(CLOCKS))}
        self.graph: Graph | None = None
        self.ops: list[str] = []

    def grow(self, ops: Sequence[str]) -> Graph | None:
        """A node of each op, as far as `check` accepts one; the outputs are all that no node reads, and others.

        `GRAPH` among the ops is a sub-graph of other ops.
        """
        for name in ops:
            tried = self._try_graph if name == GRAPH else partial(self._try, OPS[name])
            if any(tried() for _ in range(_TRIES)):
                self.ops.append(name)
        return self.graph

    def _try(self, op: type[Op]) -> bool:
        spec = copy.deepcopy(self.spec)
        node = f"n{len(self.ops)}"
        params = self._params(op, spec)
        entry: Spec = {"op": op.name} | ({"params": params} if params else {})
        entry["inputs"] = self._inputs(op, spec, node)
        is_loss = Traits.LOSS in _traits(op)
        if not is_loss and self.random.random() < 0.2:
            entry |= {"voices": self.random.choice([1, 3])} | self.random.choice(MIXED)
        section = "losses" if is_loss else "nodes"
        spec.setdefault(section, {})[node] = entry
        if section == "nodes":
            output = self._output(op, node, params)
            spec.setdefault("outputs", {})[f"o_{node}"] = output
            if spec.get("feedback") and self.random.random() < 0.3:  # a longer loop, or another
                self.random.choice(list(spec["feedback"].values()))["from"] = output
        return self._takes(spec)

    def _try_graph(self) -> bool:
        """A sub-graph of a few ops, and a use of it."""
        inner = Grower(self.random.getrandbits(32), free_sizes=self.free_sizes)
        inner.spec["clock"] = self.spec["clock"]
        inner.grow([self.random.choice(_WITHOUT_LOSSES) for _ in range(self.random.randint(1, 3))])
        if inner.graph is None:
            return False
        spec, node = copy.deepcopy(self.spec), f"n{len(self.ops)}"
        name = f"g{len(spec.setdefault('graphs', {}))}"
        spec["graphs"][name] = definition_of(inner.spec) | ({"share": True} if self.random.random() < 0.2 else {})
        channels: dict[str, int | str] = {}
        ports = {i.name: port_of(i.signal) for i in inner.graph.inputs}
        entry = {"graph": name, "inputs": {n: self._source(port, spec, channels, node) for n, port in ports.items()}}
        if self.random.random() < 0.3:
            entry |= {"voices": self.random.choice([1, 3])} | self.random.choice(MIXED)
        spec.setdefault("nodes", {})[node] = entry
        output = self.random.choice(list(inner.spec["outputs"]))
        spec.setdefault("outputs", {})[f"o_{node}"] = f"{node}/{output}"
        return self._takes(spec)

    def _takes(self, spec: Spec) -> bool:
        try:
            graph = dg.load(spec)
        except dg.GraphError:
            return False
        self.spec, self.graph = spec, graph
        return True

    def _output(self, op: type[Op], node: str, params: Spec) -> str:
        if isinstance(params.get("outputs"), dict):
            return f"{node}/{self.random.choice(list(params['outputs']))}"
        ports = list(op.outputs) if isinstance(op.outputs, dict) else []
        return f"{node}/{self.random.choice(ports)}" if len(ports) > 1 and self.random.random() < 0.5 else node

    def _params(self, op: type[Op], spec: Spec) -> Spec:
        found = {}
        for param in op.params().values():
            value = self.random.choice(MORE.get(param.name) or options_of(op, param))
            if value is OMIT:
                continue
            if isinstance(value, (int, float)) and self.random.random() < 0.2:
                name = f"p{len(spec.setdefault('params', {}))}"
                spec["params"][name] = value
                value = f"${name}"
            found[param.name] = value
        return found

    def _inputs(self, op: type[Op], spec: Spec, node: str) -> Spec:
        ports: dict[str, Port] = dict(op.inputs)
        if op.variadic is not None:
            least = 0 if ports else 1
            more = op.input_names(len(ports) + least + self.random.choice([0, 1, 2]))
            ports |= {name: op.variadic for name in more if name not in ports}
        channels: dict[str, int | str] = {}
        sources = {
            name: self._source(port, spec, channels, node)
            for name, port in ports.items()
            if not port.optional or self.random.random() < 0.5
        }
        return {name: {"each": x} if self.random.random() < 0.05 else x for name, x in sources.items()}

    def _source(self, port: Port, spec: Spec, channels: dict[str, int | str], node: str) -> Any:
        """A value that is there, of another node or an input, one of the node's own past, a literal, or a new input."""
        here = list(self.graph.types.items()) if self.graph is not None else []
        here = [(ref, signal) for ref, signal in here if "." not in ref.node and ref.node not in spec.get("losses", ())]
        fitting = [ref for ref, signal in here if _may_fit(port, signal)]
        choices: list[Callable[[], Any]] = [lambda: self._new_input(port, spec, channels)]
        choices += [lambda: self._literal(port, channels)]
        if port.rate is not Rate.CONST and self.random.random() < 0.15:
            past = self.random.choice([node, *(str(ref) for ref, _ in here)])
            choices = [lambda: line(self.random, spec, port, past)]
        if fitting:
            choices += [lambda: self._written(self.random.choice(fitting))] * 4
        if here and self.random.random() < 0.1:
            choices = [lambda: self._written(self.random.choice(here)[0])]
        return self.random.choice(choices)()

    def _written(self, ref: Ref) -> str:
        return str(ref)

    def _literal(self, port: Port, channels: dict[str, int | str]) -> Any:
        number: Any = NUMBERS.get(port.unit, 0.5)
        axes = 0 if port.dims is None else len(port.dims) - (1 if port.rate is Rate.CONST else 2)
        for dim in reversed((port.dims or ())[-axes:] if axes > 0 else ()):
            size = dim.size or channels.setdefault(dim.name, self._size(whole=True))
            number = [number] * size if isinstance(size, int) and (size > 1 or port.rate is Rate.CONST) else number
        if axes == 0 and port.dims is None and self.random.random() < 0.3:
            number = [number] * self._size(whole=True)
        return learned(self.random, number) if self.random.random() < 0.15 else number

    def _size(self, *, whole: bool = False) -> int | str:
        return self.random.choice([1, 3, 4, 4] if whole or not self.free_sizes else [1, 3, 4, 4, "k", "m"])

    def _new_input(self, port: Port, spec: Spec, channels: dict[str, int | str]) -> str:
        rate = port.rate if port.rate is not None else self.random.choice(list(Rate))
        if rate is not Rate.CONST and self.random.random() < 0.2:
            rate = Rate(self.random.randint(0, rate))
        entry: Spec = {"rate": str(rate)} | ({} if self.random.random() < 0.5 else {"unit": port.unit.value})
        dims = port.dims or ((None,) * self.random.choice([2, 2, 3]))
        if rate is Rate.AUDIO and len(dims) == 2 and not port.mono and self.random.random() < 0.2:
            dims = (*dims, None)  # a sound of several channels, each on its own
        sizes = [
            self._size() if dim is None or not dim.name else dim.size if dim.size else 1
            for dim in dims[(1 if rate is Rate.CONST else 2) :]
        ]
        names = [dim.name if dim is not None else "" for dim in dims[(1 if rate is Rate.CONST else 2) :]]
        sizes = [channels.setdefault(n, s) if n else s for n, s in zip(names, sizes, strict=True)]
        if rate is Rate.CONST and sizes:
            entry["shape"] = sizes
        elif rate is not Rate.CONST and sizes:
            entry["channels"] = sizes[0]
        if port.voiced:
            entry["voices"] = self.random.choice([1, 3])
        name = f"i{len(spec.setdefault('inputs', {}))}"
        spec["inputs"][name] = entry
        return name


def _may_fit(port: Port, signal: Signal) -> bool:
    rate_fits = port.rate is None or signal.rate <= port.rate
    rank_fits = port.dims is None or signal.rate is not port.rate or len(port.dims) == signal.rank
    return rate_fits and rank_fits and port.unit.accepts(signal.unit)


def grown(seed: int, most_nodes: int = 6, **how: Any) -> Grower:
    """A graph of the ops that the seed picks, one of eight a sub-graph of others."""
    grower = Grower(seed, **how)
    names = list(OPS)
    count = grower.random.randint(1, most_nodes)
    grower.grow([GRAPH if grower.random.random() < 1 / 8 else grower.random.choice(names) for _ in range(count)])
    return grower


def grown_around(op: str, seed: int) -> Grower:
    """A graph that has at least one op, and one more before and after it."""
    grower = Grower(seed)
    others = [grower.random.choice(list(OPS)) for _ in range(2)]
    grower.grow([others[0], op, others[1]])
    return grower
