"""What the two functions of a stream trace: the state before the first block, and one block on its way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.compiler.execute import kernel_of, own_of, scope_of, variables_of
from ddspgraph.compiler.shared_traces import SharedTraces
from ddspgraph.dsp.sizes import size_of
from ddspgraph.ir.graph import Node, Ref
from ddspgraph.ir.mapped import streams_of
from ddspgraph.ir.op import Sizes, Traits
from ddspgraph.ir.streaming import Block, has_time, past_shape
from ddspgraph.streaming.plan import Step, StreamPlan, is_pointwise, never_changing

Tensors = dict[str, tf.Tensor]
Variables = Mapping[str, Mapping[str, Any]]
#: What every state holds: samples since the start, items, and the seed of all randomness. No input has such names.
POSITION, BATCH, SEED = "state/position", "state/batch", "state/seed"
#: What a stream begins with beside its constant inputs; how long a block is, in samples, where no input says it.
FIRST_BATCH, FIRST_SEED, LENGTH = "/batch", "/seed", "/n_samples"


class Tracer:
    """What the two functions trace."""

    def __init__(self, plan: StreamPlan, variables: Variables) -> None:
        self.plan, self.graph, self.variables = plan, plan.graph, variables
        self.inline = [n for n in plan.constants if not n.inputs and Traits.PURE in n.op.traits]
        made = {ref for node in plan.constants if node not in self.inline for ref in node.refs}
        made |= {i.ref for i in plan.graph.inputs if not has_time(i.signal)}
        made |= {ref for step in plan.steps for ref in never_changing(step, plan.timings)}
        read = {ref for step in plan.steps for _, ref in step.node.inputs} | {ref for _, ref in self.graph.outputs}
        read_by_constants = {ref for node in plan.constants for _, ref in node.inputs}
        #: The nodes that run in every block, some of whose outputs never change and are read.
        self.held = [s.node for s in plan.steps if any(r in made & (read | read_by_constants) for r in s.node.refs)]
        self.kept = [ref for ref in self.graph.values() if ref in made & read]
        self.names = StateNames()

    def initial_state(self, given: Tensors) -> Tensors:
        batch, seed = given[FIRST_BATCH], given[FIRST_SEED]
        values = {Ref(name): x for name, x in given.items() if name in self.graph.input_by_name}
        for node in self.graph.nodes:
            if node in self.plan.constants:
                values.update(self._run(node, values, batch, seed))
            elif node in self.held:
                values.update(self._constants_of(node, values, batch, seed))
        state = {POSITION: tf.constant(0, tf.int64), BATCH: tf.identity(batch), SEED: tf.identity(seed)}
        state |= {self.names("=", str(ref)): tf.identity(values[ref]) for ref in self.kept}
        for ref, samples in self.plan.delays:
            shape = past_shape(self.graph.types[ref], samples // self.plan.timings[ref].hop, batch)
            state[self.names("+", str(ref), str(samples))] = dsp.silence(shape)
        for step in self.plan.steps:
            node = step.node
            signals = {port: self.graph.types[ref] for port, ref in node.inputs}
            constants = {port: values[ref] for port, ref in node.inputs if ref in values}
            own = node.op.stream_state(signals, constants, self._block(step, batch, seed))
            state |= {self.names(node.name, part): x for part, x in own.items()}
        return state

    def process(self, given: Tensors) -> Tensors:
        run = BlockRun(self, given)
        for node in self.inline:
            run.values.update(self._run(node, run.values, given[BATCH], given[SEED]))
        for step in self.plan.steps:
            run.add(step)
        outputs = {name: run.output(ref) for name, ref in self.graph.outputs}
        return {**{name: run.after[name] for name in given if name in run.after}, **outputs}

    def _constants_of(self, node: Node, values: Mapping[Ref, tf.Tensor], batch: Any, seed: Any) -> dict[Ref, tf.Tensor]:
        """The outputs of a node that never change, such as the response of a room: from a moment of silence."""
        timings, types = self.plan.timings, self.graph.types
        timed = {ref: timings[ref] for _, ref in node.inputs if ref in timings}
        samples = math.lcm(self.plan.hop, *(timing.hop for timing in timed.values()))
        silence = {ref: dsp.silence(past_shape(types[ref], samples // t.hop, batch)) for ref, t in timed.items()}
        made = self._run(node, {**values, **silence}, batch, seed, samples)
        return {ref: x for ref, x in made.items() if ref not in timings}

    def _run(
        self, node: Node, values: Mapping[Ref, tf.Tensor], batch: Any, seed: Any, samples: int | None = None
    ) -> dict[Ref, tf.Tensor]:
        frames = None if samples is None else samples // self.plan.hop
        with tf.name_scope(scope_of(node.name)):
            compute = kernel_of(node.op, seed, Sizes(batch, frames, samples))
            inputs = {port: values[ref] for port, ref in node.inputs}
            results = compute(inputs, own_of(node, variables_of(node, self.variables)))
        return {Ref(node.name, port): x for port, x in results.items()}

    def _block(self, step: Step, batch: Any, seed: Any, **where: Any) -> Block:
        variables = variables_of(step.node, self.variables)
        return Block(batch, seed, streams_of(step.node.name, step.node.op), variables, step.hop, **where)


class BlockRun:
    """One block on its way through the graph."""

    def __init__(self, tracer: Tracer, given: Tensors) -> None:
        self.tracer, self.plan, self.names, self.given = tracer, tracer.plan, tracer.names, given
        self.timings = tracer.plan.timings
        self.values = {Ref(i.name): given[i.name] for i in tracer.graph.inputs if i.name in given}
        self.values |= {ref: given[self.names("=", str(ref))] for ref in tracer.kept}
        self.length = self._length()
        self.position = given[POSITION]
        self.after: Tensors = {name: given[name] for name in (BATCH, SEED)}
        self.after[POSITION] = self.position + tf.cast(self.length, tf.int64)
        self.after |= {name: given[name] for name in (self.names("=", str(ref)) for ref in tracer.kept)}
        self.delayed: dict[tuple[Ref, int], tf.Tensor] = {}
        #: Frames of this block, filled up to whole packets: see `dsp.whole_packets`.
        self.packets = dsp.whole_packets(self.length // self.plan.hop)
        self.padded: dict[Ref, tf.Tensor] = {}
        self.shared = SharedTraces([*tracer.inline, *(step.node for step in self.plan.steps)])

    def _length(self) -> Any:
        for ref, x in self.values.items():
            if ref in self.timings:
                return size_of(x, 1) * self.timings[ref].hop
        return self.given[LENGTH]

    def add(self, step: Step) -> None:
        """Runs a node."""
        node = step.node
        where = {"start": self.position - step.latency, "samples": self.length}
        block = self.tracer._block(step, self.given[BATCH], self.given[SEED], **where)
        names = self.names.parts(node.name)
        is_elementwise = self.plan.is_elementwise(node)
        with tf.name_scope(scope_of(node.name)):
            if is_elementwise:
                block = replace(block, samples=self.packets * self.plan.hop)
                inputs = {port: self._in_packets(ref, step) for port, ref in node.inputs}
            else:
                inputs = {port: self._arriving(ref, step) for port, ref in node.inputs}
            state = {part: self.given[name] for part, name in names.items()}
            own = own_of(node, block.variables) | {"state": state, "start": block.start}
            after, results = self.shared(node, _step_of(node, block), inputs, own, (step.hop, is_elementwise))
        self.after |= {names[part]: x for part, x in after.items()}
        for port, x in results.items():
            ref = Ref(node.name, port)
            if ref in self.values:  # it never changes, and is known from the first state
                continue
            (self.padded if is_elementwise and ref in self.timings else self.values)[ref] = x

    def value(self, ref: Ref) -> tf.Tensor:
        """A value of this block, without what its packets were filled up with."""
        if ref not in self.values:
            self.values[ref] = self.padded[ref][:, : self.length // self.plan.hop]
        return self.values[ref]

    def _in_packets(self, ref: Ref, step: Step) -> tf.Tensor:
        """Frames as they arrive at a node that computes number by number, filled up to whole packets."""
        timing = self.timings.get(ref)
        if timing is None or (timing.latency == step.latency and ref in self.padded):
            return self.values[ref] if timing is None else self.padded[ref]
        x = self._arriving(ref, step)
        spare = self.packets - tf.shape(x)[1]
        return tf.pad(x, [[0, 0], [0, spare]] + [[0, 0]] * (len(x.shape) - 2))

    def output(self, ref: Ref) -> tf.Tensor:
        """0 before it begins."""
        timing = self.timings.get(ref)
        x = self.value(ref)
        return tf.identity(x if timing is None or timing.is_clean else self._silenced(x, timing.hop, timing.latency))

    def _arriving(self, ref: Ref, step: Step) -> tf.Tensor:
        """A value as late as the node reads it; 0 before it begins where the node keeps state."""
        timing = self.timings.get(ref)
        if timing is None:
            return self.values[ref]
        x = self._late(ref, step.latency - timing.latency)
        if timing.is_clean or is_pointwise(step.node):
            return x
        return self._silenced(x, timing.hop, step.latency)

    def _late(self, ref: Ref, samples: int) -> tf.Tensor:
        if not samples:
            return self.value(ref)
        if (ref, samples) not in self.delayed:
            name = self.names("+", str(ref), str(samples))
            self.delayed[ref, samples], self.after[name] = dsp.delayed(self.given[name], self.value(ref))
        return self.delayed[ref, samples]

    def _silenced(self, x: tf.Tensor, hop: int, latency: int) -> tf.Tensor:
        return dsp.silent_before_start(x, (self.position - latency) // hop)


def _step_of(node: Node, block: Block) -> Callable[..., Any]:
    """One step of a node as a function of its inputs, and of what it has beside them."""

    def compute(inputs: Tensors, own: dict[str, Any]) -> Any:
        given = dict(own)
        state = given.pop("state")
        after, results = node.op.stream_step(state, inputs, replace(block, **given))
        return dict(after), dict(results)

    return compute


class StateNames:
    """Names of the tensors of a state: `state/node/part`, `state/=/value`, `state/+/value/samples` of a delay."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, ...], str] = {}

    def __call__(self, *parts: str) -> str:
        return self.known.setdefault(parts, "/".join(("state", *parts)))

    def learn(self, name: str) -> None:
        """Takes in the name of a part of a node's state that another trace made."""
        node, _, part = name.removeprefix("state/").partition("/")
        if part and node not in ("=", "+"):
            self.known.setdefault((node, part), name)

    def parts(self, node: str) -> dict[str, str]:
        """The parts of the state of a node."""
        return {key[1]: name for key, name in self.known.items() if key[0] == node}
