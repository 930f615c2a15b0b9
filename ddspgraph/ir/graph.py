"""The graph: frozen values, so that a pass is a function from graph to graph."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from ddspgraph.diagnostics import Diagnostic, Span
from ddspgraph.ir.midi import MidiInput
from ddspgraph.ir.op import Op
from ddspgraph.ir.training import Training
from ddspgraph.ir.types import Signal
from ddspgraph.ir.written import Written


@dataclass(frozen=True)
class Clock:
    """Said once for the whole graph. `hop_samples` is derived: sample_rate / frame_rate.

    Attributes:
      sample_rate: samples a second, in Hz.
      frame_rate: frames a second, in Hz.
      hop_samples: samples a frame.
      n_samples: the nominal length: what estimates and warnings assume, and what a graph without any
        time input makes.
      is_fixed: a node says `n_samples` itself: no other length will do.
    """

    sample_rate: int | None = None
    frame_rate: Fraction | None = None
    hop_samples: int | None = None
    n_samples: int | None = None
    is_fixed: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def n_frames(self) -> int | None:
        if self.n_samples is None or self.hop_samples is None:
            return None
        return self.n_samples // self.hop_samples

    def get(self, name: str) -> int | float | None:
        """`sample_rate`, `frame_rate` (as a float) or `hop_samples`, for parameters that come from the clock."""
        value = getattr(self, name)
        return float(value) if isinstance(value, Fraction) else value


class Ref(NamedTuple):
    """One value of a graph: an input (port "") or an output port of a node."""

    node: str
    port: str = ""

    def __str__(self) -> str:
        return f"{self.node}/{self.port}" if self.port else self.node


@dataclass(frozen=True)
class Input:
    """What a caller gives."""

    name: str
    signal: Signal
    doc: str = field(default="", compare=False)
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def ref(self) -> Ref:
        return Ref(self.name)


class Origin(enum.Enum):
    """Who made a node."""

    WRITTEN = "written"  # the author
    LITERAL = "literal"  # a value at a port: `gain: -6 dB`
    CONVERSION = "conversion"  # a value that meets a port of another rate
    FOLDED = "folded"  # what depends on constants alone
    LOOP = "loop"  # the nodes of a cycle, which run together
    ENDING = "ending"  # a synthesizer falls silent after the inputs
    BORDER = "border"  # an input of a sub-graph at its use, until the types are known


@dataclass(frozen=True)
class Feedback:
    """The edge that closes a cycle: what goes into the node of the line, see `ir.feedback`."""

    line: str
    source: Ref
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Node:
    """An op instance and where its inputs come from.

    Attributes:
      group: what stands together in pictures.
      written: the words of its parameters, by name.
      origin: who made it. Names do not say: those that the compiler makes have dots, and others may.
      owner: the node that one of the compiler's own belongs to; of a border the use.
      members: the nodes whose variables it computes with, where they are not its own: then each is `node/weight`,
        beside the node that they are named after.
      weights_of: the node whose weights it has, where they are not its own.
    """

    name: str
    op: Op
    inputs: tuple[tuple[str, Ref], ...] = ()
    doc: str = field(default="", compare=False)
    span: Span | None = field(default=None, compare=False, repr=False)
    edge_spans: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)
    group: str = field(default="", compare=False)
    written: Mapping[str, Written] = field(default_factory=dict, compare=False, repr=False)
    origin: Origin = field(default=Origin.WRITTEN, compare=False, repr=False)
    owner: str = field(default="", compare=False, repr=False)
    members: tuple[tuple[str, str], ...] = ()
    weights_of: str = ""

    @property
    def is_written(self) -> bool:
        """Whether it is the author's; the compiler's own are literals, conversions and folded values."""
        return self.origin is Origin.WRITTEN

    def input(self, port: str) -> Ref | None:
        return dict(self.inputs).get(port)

    @property
    def weights_name(self) -> str:
        """The node that its weights are named after."""
        return self.weights_of or self.name

    @property
    def said(self) -> str:
        """What messages call it."""
        return self.owner if self.origin is Origin.BORDER else self.name

    def rewired(self, replace: Mapping[Ref, Ref]) -> Node:
        """The node with its inputs taken from elsewhere."""
        inputs = tuple((port, replace.get(ref, ref)) for port, ref in self.inputs)
        return self if inputs == self.inputs else dataclasses.replace(self, inputs=inputs)

    @cached_property
    def refs(self) -> tuple[Ref, ...]:
        """Its outputs."""
        return tuple(Ref(self.name, port) for port in self.op.output_ports())


@dataclass(frozen=True)
class Part:
    """A use of a sub-graph, whose nodes stand in the graph as `name.node`.

    Attributes:
      graph: the name of its definition.
      outputs: what `name/port` stands for.
      doc: of the use, else of the definition.
      group: what stands together in pictures.
    """

    name: str
    graph: str
    outputs: Mapping[str, Ref]
    doc: str = ""
    group: str = ""
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def is_outermost(self) -> bool:
        """Whether it is in no other."""
        return self.span is None or self.span.use is None


@dataclass(frozen=True)
class Graph:
    """A checked graph. After `order` the nodes stand in execution order; after `infer` every value has a type."""

    name: str
    clock: Clock = Clock()
    inputs: tuple[Input, ...] = ()
    nodes: tuple[Node, ...] = ()
    outputs: tuple[tuple[str, Ref], ...] = ()
    losses: tuple[str, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    midi: tuple[MidiInput, ...] = ()  # of which some of the inputs are ports
    doc: str = field(default="", compare=False)
    training: Training = field(default=Training(), compare=False, repr=False)
    types: Mapping[Ref, Signal] = field(default_factory=dict, compare=False, repr=False)
    warnings: tuple[Diagnostic, ...] = field(default=(), compare=False, repr=False)
    spec: str | None = field(default=None, compare=False, repr=False)  # the text as it was written
    parts: Mapping[str, Part] = field(default_factory=dict, compare=False, repr=False)  # the uses of sub-graphs
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)  # values for its `params`

    @cached_property
    def node_by_name(self) -> Mapping[str, Node]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def input_by_name(self) -> Mapping[str, Input]:
        return {i.name: i for i in self.inputs}

    def midi_port(self, name: str) -> tuple[MidiInput, str] | None:
        """The MIDI input that an input is a port of, and the port; None of another one."""
        found = ((midi, port) for midi in self.midi if (port := midi.port_of(name)) is not None)
        return next(found, None)

    @cached_property
    def peaks(self) -> dict[frozenset[tuple[str, int]], tuple[int, Node | None]]:
        """The memory that it needs by the sizes of a call, as far as somebody has asked."""
        return {}

    @cached_property
    def fitting(self) -> set[tuple[frozenset[str], frozenset[tuple[str, int]]]]:
        """Inputs and sizes of calls whose types were found to fit."""
        return set()

    def is_literal(self, ref: Ref) -> bool:
        """Whether a value was written at the port that reads it, or computed of such values."""
        node = self.node_by_name.get(ref.node)
        return node is not None and not node.is_written and not node.inputs

    def replace(self, **changes: Any) -> Graph:
        return dataclasses.replace(self, **changes)

    @cached_property
    def source_of_line(self) -> Mapping[str, Ref]:
        """What goes into each line of feedback, by the name of its node."""
        return {edge.line: edge.source for edge in self.feedback}

    def reads(self, node: Node) -> tuple[tuple[str, Ref], ...]:
        """What a node reads, by port; a line of feedback also `from` where its cycle closes."""
        source = self.source_of_line.get(node.name)
        return node.inputs if source is None else (("from", source), *node.inputs)

    def rewired(self, instead: Mapping[Ref, Ref], **changes: Any) -> Graph:
        """The graph with its outputs, and what goes into its lines, taken from elsewhere, and other `changes`."""
        outputs = tuple((name, instead.get(ref, ref)) for name, ref in self.outputs)
        feedback = tuple(dataclasses.replace(e, source=instead.get(e.source, e.source)) for e in self.feedback)
        return self.replace(outputs=outputs, feedback=feedback, **changes)

    def roots(self) -> tuple[Ref, ...]:
        """What is computed for its own sake: the outputs, and every output of every loss."""
        losses = [ref for name in self.losses for ref in self.node_by_name[name].refs]
        return (*dict.fromkeys([ref for _, ref in self.outputs] + losses),)

    def users(self) -> dict[Ref, list[tuple[Node, str]]]:
        """For each value, the nodes and ports that read it."""
        users: dict[Ref, list[tuple[Node, str]]] = {}
        for node in self.nodes:
            for port, ref in node.inputs:
                users.setdefault(ref, []).append((node, port))
        return users

    def ancestors(self, roots: tuple[Ref, ...]) -> set[str]:
        """The names of all nodes and inputs that the given values depend on."""
        seen: set[str] = set()
        open_names = [ref.node for ref in roots]
        while open_names:
            name = open_names.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.node_by_name:
                open_names += [ref.node for _, ref in self.node_by_name[name].inputs]
            if name in self.source_of_line:
                open_names.append(self.source_of_line[name].node)
        return seen

    def values(self) -> Iterator[Ref]:
        """All values: inputs, then the outputs of the nodes in order."""
        yield from (i.ref for i in self.inputs)
        for node in self.nodes:
            yield from node.refs

    def _repr_html_(self) -> str:
        """The diagram, for Jupyter. Only here does `ir` reach upwards, see `ddspgraph.render.notebook`."""
        from ddspgraph.render.notebook import page

        return page(self)

    def _repr_svg_(self) -> str | None:
        from ddspgraph.render.notebook import svg

        return svg(self)
