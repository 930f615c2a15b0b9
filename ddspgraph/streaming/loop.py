"""A cycle of nodes as one node: it runs the stream of its members in blocks as short as the loop wants.

In a block of B samples every line is read B samples at a time, so that no read may want what the same block makes:
B is the shortest delay less what the members on the way are late. Offline, as a stream and in every export the
same blocks run, of at most B samples each.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ddspgraph.compiler.analysis.memory import node_shapes
from ddspgraph.ir import costs
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.op import Op, Traits, Weight, held
from ddspgraph.ir.ports import Port
from ddspgraph.ir.streaming import Block, has_time
from ddspgraph.ir.types import Rate, Signal
from ddspgraph.streaming.lines import CutLine
from ddspgraph.streaming.plan import StreamPlan, plan_stream


@dataclass(frozen=True)
class Entry:
    """A value from outside of the loop: its input port, which is also the name of the input of the body."""

    port: str
    signal: Signal


@dataclass(frozen=True)
class Exit:
    """A value of the loop that is read outside of it: the output port, and the output of the body of this name."""

    port: str
    signal: Signal


class Loop(Op):
    """The nodes of a cycle, run block by block.

    Its body is a graph whose lines, where the loop is cut, are nodes of `CutLine`; the output `into NAME` of the
    body goes into the line NAME after every block.
    """

    name = "loop"

    body: Graph = held()
    entries: tuple[Entry, ...] = held()
    exits: tuple[Exit, ...] = held()
    block: int = held()

    @cached_property
    def traits(self) -> Traits:  # type: ignore[override]
        found = Traits.SIZED | Traits.RANDOM
        return found | Traits.TRAINABLE if any(self._members_weights()) else found

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        return {e.port: Port(None, e.signal.rate, e.signal.unit) for e in self.entries}

    def output_ports(self) -> Mapping[str, Port]:
        return {e.port: Port(e.signal.dims, e.signal.rate, e.signal.unit) for e in self.exits}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        return {e.port: e.signal for e in self.exits}

    @cached_property
    def plan(self) -> StreamPlan:
        """How the body runs block by block."""
        return plan_stream(self.body)

    @property
    def lines(self) -> list[Node]:
        """Where the loop is cut."""
        return [node for node in self.body.nodes if isinstance(node.op, CutLine)]

    # -- costs -----------------------------------------------------------------------------------

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return {f"{node.name}/{name}": w for node, own in self._members_weights() for name, w in own.items()}

    def _members_weights(self) -> list[tuple[Node, Mapping[str, Weight]]]:
        types = self.body.types
        found = [(n, n.op.weights({port: types[ref] for port, ref in n.inputs})) for n in self.body.nodes]
        return [(node, own) for node, own in found if own]

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        sizes = self._sizes(shapes)
        turns = -(-sizes["samples"] // self.block)
        work = sum(node.op.multiply_adds(node_shapes(self.body, node, sizes)) for node in self.body.nodes)
        return work + turns * len(self.lines) * costs.TURN

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        sizes = self._sizes(shapes)
        lines = sum(line.op.reach[1] * (line.op.channels or 1) for line in self.lines)  # type: ignore[attr-defined]
        block = {**sizes, "samples": self.block, "frames": max(1, self.block // self.plan.hop)}
        made = sum(math.prod(shape) for n in self.body.nodes for shape in node_shapes(self.body, n, block).values())
        inputs = sum(math.prod(shapes[e.port]) for e in self.entries)
        return 2 * lines * sizes["batch"] + 2 * made + inputs

    def _sizes(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
        for e in (*self.entries, *self.exits):
            shape = shapes[e.port if e in self.entries else f"-> {e.port}"]
            if has_time(e.signal):
                samples = shape[1] * (1 if e.signal.rate is Rate.AUDIO else int(e.signal.hop or self.plan.hop))
                return {"batch": shape[0], "samples": samples, "frames": max(1, samples // self.plan.hop)}
        return {"batch": 1, "samples": 1, "frames": 1}

    # -- what runs -------------------------------------------------------------------------------

    def kernel(self, *, sizes: Any, seed: Any, stream: Any, variables: Any = None, **inputs: Any) -> Any:
        from ddspgraph.streaming.turns import Turns

        return Turns(self, variables or {}).whole(inputs, sizes, seed)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> Mapping[str, int]:
        return {e.port: self.plan.latency(e.port) for e in self.exits}

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        from ddspgraph.streaming.turns import Turns

        return Turns(self, block.variables).first_state(constants, block.batch, block.seed)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        from ddspgraph.streaming.turns import Turns

        return Turns(self, block.variables).block(state, inputs, block)


def body_ref(ref: Ref) -> Ref:
    """A value from outside, as the body of a loop calls it: by its whole name, which no argument of a kernel has."""
    return Ref(f"in {ref}")


def with_ops(graph: Graph, ops: Mapping[str, Op]) -> Graph:
    """The graph with other ops in some of its nodes."""
    return graph.replace(
        nodes=tuple(dataclasses.replace(n, op=ops[n.name]) if n.name in ops else n for n in graph.nodes)
    )
