"""How a graph runs as a stream: what never changes, how late every value is, and the delays that align branches.

A value is `latency` samples late: at sample t of the stream stands what stands at t - latency offline. A node reads
its inputs at one latency, that of the latest, rounded up to whole frames where frames meet; earlier ones are delayed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.op import Traits
from ddspgraph.ir.ports import is_wild
from ddspgraph.ir.streaming import CannotStream, has_time
from ddspgraph.ir.types import Rate, Signal

_HINT = "run the graph offline, or compute this before it and give it as an input"


@dataclass(frozen=True)
class Timing:
    """When a value of the stream stands: every `hop` samples, `latency` samples late.

    `is_clean` means that it is 0 before it begins.
    """

    hop: int
    latency: int
    is_clean: bool


@dataclass(frozen=True)
class Step:
    """A node of the stream, the latency at which it reads its inputs, and the samples between its frames."""

    node: Node
    latency: int
    hop: int


@dataclass(frozen=True)
class StreamPlan:
    """A graph as a stream.

    Attributes:
      graph: legal, without losses, and without what only they read.
      hop: samples of the shortest block.
      constants: nodes that are computed once, before the first block.
      steps: the others, in order.
      timings: of every value that changes over time.
      delays: (value, samples) of the delays, once for all readers.
    """

    graph: Graph
    hop: int
    constants: tuple[Node, ...]
    steps: tuple[Step, ...]
    timings: Mapping[Ref, Timing]
    delays: tuple[tuple[Ref, int], ...]
    _causes: Mapping[Ref, tuple[str, int, Ref | None]] = field(repr=False)

    def latency(self, output: str) -> int:
        """Samples that an output is late; 0 for one that never changes."""
        timing = self.timings.get(dict(self.graph.outputs)[output])
        return timing.latency if timing else 0

    @property
    def latencies(self) -> dict[str, int]:
        """Of all outputs, in samples."""
        return {name: self.latency(name) for name, _ in self.graph.outputs}

    def is_elementwise(self, node: Node) -> bool:
        """Whether a node makes frames of the clock number by number, without a state and not by products."""
        timed = [ref for ref in (*(ref for _, ref in node.inputs), *node.refs) if ref in self.timings]
        is_frames = all(self.timings[ref].hop == self.hop and self._is_frames(ref) for ref in timed)
        return is_frames and Traits.POINTWISE in node.op.traits and Traits.TRAINABLE not in node.op.traits

    def _is_frames(self, ref: Ref) -> bool:
        return self.graph.types[ref].rate is Rate.FRAME

    def costs(self, output: str) -> list[tuple[str, int]]:
        """(node, samples) along the slowest path to an output, from its end: what makes up its latency."""
        found: list[tuple[str, int]] = []
        ref: Ref | None = dict(self.graph.outputs)[output]
        while ref is not None and ref in self._causes:
            name, samples, ref = self._causes[ref]
            if samples:
                found.append((name, samples))
        return found


def plan_stream(graph: Graph) -> StreamPlan:
    """The plan of a legal graph. Raises GraphError: E415 for every node that cannot run as a stream."""
    wanted = tuple(ref for _, ref in graph.outputs)
    alive = graph.ancestors(wanted)
    graph = graph.replace(
        losses=(),
        nodes=tuple(n for n in graph.nodes if n.name in alive),
        inputs=tuple(i for i in graph.inputs if i.name in alive),
    )
    planner = _Planner(graph)
    for item in graph.inputs:
        planner.add_input(item.ref, item.signal)
    for node in graph.nodes:
        planner.add(node)
    planner.report.raise_errors()
    delays = tuple(dict.fromkeys(planner.delays))
    return StreamPlan(
        graph, planner.hop, tuple(planner.constants), tuple(planner.steps), planner.timings, delays, planner.causes
    )


class _Planner:
    """Goes through the nodes in order."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.hop = graph.clock.hop_samples or 1  # a stream's blocks are whole frames of the clock
        self.report = Report()
        self.constants: list[Node] = []
        self.steps: list[Step] = []
        self.timings: dict[Ref, Timing] = {}
        self.delays: list[tuple[Ref, int]] = []
        self.causes: dict[Ref, tuple[str, int, Ref | None]] = {}
        self.failed: set[str] = set()
        self.finals: set[Ref] = set()

    def add_input(self, ref: Ref, signal: Signal) -> None:
        if has_time(signal):
            self.timings[ref] = Timing(self._hop(signal), 0, True)

    def add(self, node: Node) -> None:
        if any(ref.node in self.failed for _, ref in node.inputs):
            self.failed.add(node.name)  # the node before it was reported
            return
        given = {port: self.graph.types[ref] for port, ref in node.inputs}
        timed = {port: self.timings[ref] for port, ref in node.inputs if ref in self.timings}
        try:
            for _, ref in node.inputs:
                if ref in self.finals:
                    raise CannotStream(f"reads '{ref}', which is known after the last frame")
            if not timed and not any(has_time(self.graph.types[ref]) for ref in node.refs):
                self.constants.append(node)
                return
            self._add_step(node, given, timed)
        except CannotStream as error:
            self.failed.add(node.name)
            message = f"'{node.name}' cannot run as a stream: {node.op.name} {error.reason}"
            self.report.add("E415", message, node.span, hint=error.hint or _HINT)

    def _add_step(self, node: Node, given: Mapping[str, Signal], timed: Mapping[str, Timing]) -> None:
        frame_hop = next((timed[port].hop for port in timed if given[port].rate is Rate.FRAME), self.hop)
        latency = node.op.stream_latency(given, frame_hop)
        for ref in (*(ref for _, ref in node.inputs), *node.refs):
            _check_axes(self.graph.types[ref])
        made = {ref: self._hop(self.graph.types[ref]) for ref in node.refs if has_time(self.graph.types[ref])}
        slowest = max(timed, key=lambda port: timed[port].latency, default=None)
        cause = None if slowest is None else dict(node.inputs)[slowest]
        before = 0 if slowest is None else timed[slowest].latency
        whole = math.lcm(*(t.hop for t in timed.values()), *made.values())
        aligned = -(-before // whole) * whole
        for port, ref in node.inputs:
            if port in timed and timed[port].latency < aligned:
                self.delays.append((ref, aligned - timed[port].latency))
        self.steps.append(Step(node, aligned, frame_hop))
        self.finals |= set(_finals(node))
        for ref, hop in made.items():
            own = latency if isinstance(latency, int) else latency.get(ref.port, 0)
            is_clean = aligned + own == 0
            self.timings[ref] = Timing(hop, aligned + own, is_clean)
            self.causes[ref] = (node.name, aligned + own - before, cause)

    def _hop(self, signal: Signal) -> int:
        """Samples from one number of a value to the next. Only what cannot stream makes frames between samples."""
        return 1 if signal.rate is Rate.AUDIO else int(signal.hop or self.hop)


def never_changing(step: Step, timings: Mapping[Ref, Timing]) -> list[Ref]:
    """The outputs of a node of the stream that are the same in every block."""
    finals = _finals(step.node)
    return [ref for ref in step.node.refs if ref not in timings and ref not in finals]


def _finals(node: Node) -> list[Ref]:
    return [Ref(node.name, port) for port in node.op.final_outputs()]


def is_pointwise(node: Node) -> bool:
    """Whether a node keeps no state: what stands before the start of its inputs does not matter."""
    return Traits.POINTWISE in node.op.traits


def _check_axes(signal: Signal) -> None:
    """Raises `CannotStream` where a value has a length of its own, or a number of channels that is not known."""
    if not has_time(signal):
        return
    if signal.dims[1].is_static:
        raise CannotStream(f"has a fixed length of {signal.dims[1]}", "let the length follow from the inputs")
    for dim in signal.dims[2:]:
        if is_wild(dim):
            raise CannotStream("has a number of channels that is not known", "write `channels: 8` at the input")
