"""A graph as a stream: two pure functions, the first state and one block. State goes in and out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.compiler.execute import kernel_of, own_of, scope_of
from ddspgraph.compiler.lower import tensor_spec
from ddspgraph.compiler.shared_traces import SharedTraces
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.initialisers import stream_of
from ddspgraph.ir.op import Sizes, Traits
from ddspgraph.ir.streaming import Block, has_time, past_shape
from ddspgraph.streaming.blocks import bind_block, bind_constants
from ddspgraph.streaming.plan import Step, StreamPlan, is_pointwise, never_changing

Tensors = dict[str, tf.Tensor]
Variables = Mapping[str, Mapping[str, Any]]
#: What every state holds: samples since the start, items, and the seed of all randomness. No input has such names.
POSITION, BATCH, SEED = "state/position", "state/batch", "state/seed"
#: What a stream begins with beside its constant inputs; how long a block is, in samples, where no input says it.
FIRST_BATCH, FIRST_SEED, LENGTH = "/batch", "/seed", "/n_samples"


class StreamModel(tf.Module):
    """Two pure functions of flat tensors, and what they are of.

    Attributes:
      plan: latencies and delays.
      graph: the graph as it was loaded.
      block_inputs: the inputs that every block takes; `constant_inputs`: those that a stream begins with.
    """

    def __init__(self, graph: Graph, plan: StreamPlan) -> None:
        super().__init__(name=graph.name or None)
        self.graph, self.plan = graph, plan
        self.block_inputs = tuple(i for i in plan.graph.inputs if has_time(i.signal))
        self.constant_inputs = tuple(i for i in plan.graph.inputs if not has_time(i.signal))
        self._constant_names = tuple(i.name for i in self.constant_inputs)
        self._block_names = tuple(i.name for i in self.block_inputs) or (LENGTH,)
        self.output_names = tuple(name for name, _ in plan.graph.outputs)
        self.state_names: tuple[str, ...] = ()

    def first_step(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        """(items, seed, constant inputs) -> the state."""
        raise NotImplementedError

    def next_step(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        """(block, state) -> (state, outputs)."""
        raise NotImplementedError

    @property
    def latencies(self) -> dict[str, int]:
        """How late every output is, in samples."""
        return self.plan.latencies

    def initial_state(
        self, batch: int = 1, *, seed: int = 0, constants: Mapping[str, Any] | None = None
    ) -> dict[str, tf.Tensor]:
        """The state before the first block.

        Args:
          batch: items that run side by side.
          seed: of all randomness; the same seed gives the same noise as offline.
          constants: the inputs of rate const, by name: a stream begins with them.

        Raises:
          GraphError: E603-E605 for inputs that are missing, unknown or misshapen.
        """
        given = bind_constants(self.constant_inputs, constants or {})
        scalars = [tf.constant(batch, tf.int32), tf.constant(seed, tf.int64)]
        state = self.first_step([*scalars, *(given[name] for name in self._constant_names)])
        return dict(zip(self.state_names, state, strict=True))

    def process(
        self, state: Mapping[str, tf.Tensor], block: Mapping[str, Any] | int
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """One block of whole frames: the next state, and the outputs by name.

        Args:
          state: of `initial_state` or of the block before; it is not changed.
          block: arrays or tensors by input name, or where no input changes, a number of samples.

        Raises:
          GraphError: E603-E606 for inputs that are missing, unknown, misshapen or not whole frames.
        """
        given = bind_block(self.plan, self.block_inputs, block, LENGTH)
        tensors = [given[name] for name in self._block_names]
        results = self.next_step(tensors + [state[name] for name in self.state_names])
        n = len(self.state_names)
        return dict(zip(self.state_names, results, strict=False)), dict(
            zip(self.output_names, results[n:], strict=True)
        )


class CompiledStream(StreamModel):
    """A graph that runs block by block.

    Attributes:
      variables_by_node: node name -> weight name -> `tf.Variable`: those of the compiled graph that it is made of.
      initial, step: the concrete functions of `first_step` and `next_step`.
    """

    def __init__(self, graph: Graph, plan: StreamPlan, variables: Variables) -> None:
        super().__init__(graph, plan)
        self.variables_by_node = variables
        self._tracer = tracer = _Tracer(plan, variables)
        self.initial, names = _concrete(tracer.initial_state, self.initial_specs())
        self.state_names = tuple(names)
        shapes = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in zip(names, self.initial.outputs, strict=True)}
        self.step, _ = _concrete(tracer.process, {**self.block_specs(), **shapes})

    def first_step(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        return self.initial(*tensors)

    def next_step(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        return self.step(*tensors)

    def traced_step(self, tensors: Tensors) -> Tensors:
        """Block and state by name to outputs and state by name, within somebody else's `tf.function`."""
        return self._tracer.process(tensors)

    def initial_specs(self) -> dict[str, tf.TensorSpec]:
        """What the first state is made of: items, seed, and the constant inputs."""
        scalars = {FIRST_BATCH: tf.TensorSpec([], tf.int32), FIRST_SEED: tf.TensorSpec([], tf.int64)}
        return scalars | {i.name: tensor_spec(i.signal, None) for i in self.constant_inputs}

    def block_specs(self) -> dict[str, tf.TensorSpec]:
        """What a block is made of: the inputs that change, or its length where there are none."""
        if not self.block_inputs:
            return {LENGTH: tf.TensorSpec([], tf.int32)}
        return {i.name: tensor_spec(i.signal, None) for i in self.block_inputs}

    def save(self, path: str) -> None:
        """Writes a SavedModel of both functions: it appears whole or not at all. Raises GraphError E607, E609."""
        from ddspgraph.export.saved_stream import save

        save(self, path)


def _concrete(function: Callable[..., Any], specs: Mapping[str, tf.TensorSpec]) -> tuple[Any, list[str]]:
    """A function of flat tensors (a call by name costs more than many an op), and the names of its results."""
    names: list[str] = []

    def call(*tensors: tf.Tensor) -> list[tf.Tensor]:
        results = function(dict(zip(specs, tensors, strict=True)))
        names[:] = results
        return list(results.values())

    return tf.function(call, autograph=False).get_concrete_function(*specs.values()), names


class _Tracer:
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
        self.names = _Names()

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
        run = _Block(self, given)
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
            results = compute(inputs, own_of(node, self.variables.get(node.name, {})))
        return {Ref(node.name, port): x for port, x in results.items()}

    def _block(self, step: Step, batch: Any, seed: Any, **where: Any) -> Block:
        variables = self.variables.get(step.node.name, {})
        return Block(batch, seed, stream_of(step.node.name), variables, step.hop, **where)


class _Block:
    """One block on its way through the graph."""

    def __init__(self, tracer: _Tracer, given: Tensors) -> None:
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

    def _length(self) -> tf.Tensor:
        for ref, x in self.values.items():
            if ref in self.timings:
                return tf.shape(x)[1] * self.timings[ref].hop
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


class _Names:
    """Names of the tensors of a state: `state/node/part`, `state/=/value`, `state/+/value/samples` of a delay."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, ...], str] = {}

    def __call__(self, *parts: str) -> str:
        return self.known.setdefault(parts, "/".join(("state", *parts)))

    def parts(self, node: str) -> dict[str, str]:
        """The parts of the state of a node."""
        return {key[1]: name for key, name in self.known.items() if key[0] == node}
