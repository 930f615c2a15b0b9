"""A graph as a stream: two pure functions, the first state and one block. State goes in and out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.compiler.lower import tensor_spec
from ddspgraph.compiler.stream_blocks import bind_block, bind_constants
from ddspgraph.compiler.stream_plan import Step, StreamPlan, is_pointwise
from ddspgraph.ir.call import run_kernel
from ddspgraph.ir.graph import Node, Ref
from ddspgraph.ir.initialisers import stream_of
from ddspgraph.ir.op import Sizes, Traits
from ddspgraph.ir.streaming import Block, has_time, past_shape

Tensors = dict[str, tf.Tensor]
Variables = Mapping[str, Mapping[str, Any]]
#: What every state holds: samples since the start, items, and the seed of all randomness.
POSITION, BATCH, SEED = "position", "batch", "seed"
#: How long a block is, in samples, where no input says it.
LENGTH = "n_samples"


class CompiledStream(tf.Module):
    """A graph that runs block by block.

    Attributes:
      plan: latencies and delays.
      graph: the graph as it was loaded.
      variables_by_node: node name -> weight name -> `tf.Variable`; those of the offline model where one was given.
      block_inputs: the inputs that every block takes; `constant_inputs`: those that a stream begins with.
    """

    def __init__(self, graph: Any, plan: StreamPlan, variables: Variables) -> None:
        super().__init__(name=graph.name or None)
        self.graph, self.plan, self.variables_by_node = graph, plan, variables
        self.block_inputs = tuple(i for i in plan.graph.inputs if has_time(i.signal))
        self.constant_inputs = tuple(i for i in plan.graph.inputs if not has_time(i.signal))
        tracer = _Tracer(plan, variables)
        self.initial = _concrete(tracer.initial_state, self.initial_specs())
        state = self.initial.structured_outputs
        self.state_names = tuple(sorted(state))
        self.step = _concrete(tracer.process, {**self.block_specs(), **_open_batch(state)})

    def initial_specs(self) -> dict[str, tf.TensorSpec]:
        """What the first state is made of: `batch`, `seed`, and the constant inputs."""
        scalars = {BATCH: tf.TensorSpec([], tf.int32, BATCH), SEED: tf.TensorSpec([], tf.int64, SEED)}
        return scalars | {i.name: tensor_spec(i.signal, i.name) for i in self.constant_inputs}

    def block_specs(self) -> dict[str, tf.TensorSpec]:
        """What a block is made of: the inputs that change, or its length where there are none."""
        if not self.block_inputs:
            return {LENGTH: tf.TensorSpec([], tf.int32, LENGTH)}
        return {i.name: tensor_spec(i.signal, i.name) for i in self.block_inputs}

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
        given = bind_constants(self.plan.graph, self.constant_inputs, constants or {})
        return self.initial(**{BATCH: tf.constant(batch, tf.int32), SEED: tf.constant(seed, tf.int64)}, **given)

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
        results = self.step(**given, **state)
        after = {name: results[name] for name in self.state_names}
        return after, {name: results[f"{_OUTPUT}{name}"] for name, _ in self.plan.graph.outputs}


#: Before the names of outputs, so that none is taken for a part of the state.
_OUTPUT = "-> "


def _concrete(function: Callable[..., Any], specs: Mapping[str, tf.TensorSpec]) -> Any:
    def call(**given: tf.Tensor) -> Any:
        return function(given)

    return tf.function(call, autograph=False).get_concrete_function(**specs)


def _open_batch(state: Mapping[str, Any]) -> dict[str, tf.TensorSpec]:
    return {name: tf.TensorSpec(x.shape, x.dtype, name) for name, x in state.items()}


class _Tracer:
    """What the two functions trace."""

    def __init__(self, plan: StreamPlan, variables: Variables) -> None:
        self.plan, self.graph, self.variables = plan, plan.graph, variables
        self.inline = [n for n in plan.constants if not n.inputs and Traits.PURE in n.op.traits]
        made = {ref for node in plan.constants if node not in self.inline for ref in node.refs}
        made |= {i.ref for i in plan.graph.inputs if not has_time(i.signal)}
        read = {ref for step in plan.steps for _, ref in step.node.inputs} | {ref for _, ref in self.graph.outputs}
        self.kept = [ref for ref in self.graph.values() if ref in made & read]
        self.names = _Names()

    def initial_state(self, given: Tensors) -> Tensors:
        batch, seed = given[BATCH], given[SEED]
        values = {Ref(name): x for name, x in given.items() if name in self.graph.input_by_name}
        for node in self.plan.constants:
            values.update(self._run(node, values, batch, seed))
        state = {POSITION: tf.constant(0, tf.int64), BATCH: tf.identity(batch), SEED: tf.identity(seed)}
        state |= {self.names("constant", str(ref)): tf.identity(values[ref]) for ref in self.kept}
        for ref, samples in self.plan.delays:
            shape = past_shape(self.graph.types[ref], samples // self.plan.timings[ref].hop, batch)
            state[self.names("delay", str(ref), str(samples))] = dsp.silence(shape)
        for step in self.plan.steps:
            node = step.node
            signals = {port: self.graph.types[ref] for port, ref in node.inputs}
            constants = {port: values[ref] for port, ref in node.inputs if ref in values}
            own = node.op.stream_state(signals, constants, self._block(node, batch, seed))
            state |= {self.names(node.name, part): x for part, x in own.items()}
        return state

    def process(self, given: Tensors) -> Tensors:
        run = _Block(self, given)
        for node in self.inline:
            run.values.update(self._run(node, run.values, given[BATCH], given[SEED]))
        for step in self.plan.steps:
            run.add(step)
        outputs = {f"{_OUTPUT}{name}": run.output(ref) for name, ref in self.graph.outputs}
        return {**run.after, **outputs}

    def _run(self, node: Node, values: Mapping[Ref, tf.Tensor], batch: Any, seed: Any) -> dict[Ref, tf.Tensor]:
        with tf.name_scope(scope_of(node)):
            results = run_kernel(
                node.op,
                {port: values[ref] for port, ref in node.inputs},
                seed=seed,
                stream=stream_of(node.name),
                sizes=Sizes(batch, None, None),
                variables=self.variables.get(node.name, {}),
            )
        return {Ref(node.name, port): x for port, x in results.items()}

    def _block(self, node: Node, batch: Any, seed: Any, **where: Any) -> Block:
        variables = self.variables.get(node.name, {})
        return Block(batch, seed, stream_of(node.name), variables, self.plan.hop, **where)


class _Block:
    """One block on its way through the graph."""

    def __init__(self, tracer: _Tracer, given: Tensors) -> None:
        self.tracer, self.plan, self.names, self.given = tracer, tracer.plan, tracer.names, given
        self.timings = tracer.plan.timings
        self.values = {Ref(i.name): given[i.name] for i in tracer.graph.inputs if i.name in given}
        self.values |= {ref: given[self.names("constant", str(ref))] for ref in tracer.kept}
        self.length = self._length()
        self.position = given[POSITION]
        self.after: Tensors = {name: given[name] for name in (BATCH, SEED)}
        self.after[POSITION] = self.position + tf.cast(self.length, tf.int64)
        self.after |= {name: given[name] for name in (self.names("constant", str(ref)) for ref in tracer.kept)}
        self.delayed: dict[tuple[Ref, int], tf.Tensor] = {}

    def _length(self) -> tf.Tensor:
        for ref, x in self.values.items():
            if ref in self.timings:
                return tf.shape(x)[1] * self.timings[ref].hop
        return self.given[LENGTH]

    def add(self, step: Step) -> None:
        """Runs a node."""
        node = step.node
        inputs = {port: self._arriving(ref, step) for port, ref in node.inputs}
        where = {"start": self.position - step.latency, "samples": self.length}
        block = self.tracer._block(node, self.given[BATCH], self.given[SEED], **where)
        names = self.names.parts(node.name)
        with tf.name_scope(scope_of(node)):
            after, results = node.op.stream_step({p: self.given[n] for p, n in names.items()}, inputs, block)
        self.after |= {names[part]: x for part, x in after.items()}
        self.values.update({Ref(node.name, port): x for port, x in results.items()})

    def output(self, ref: Ref) -> tf.Tensor:
        """0 before it begins."""
        timing = self.timings.get(ref)
        x = self.values[ref]
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
            return self.values[ref]
        if (ref, samples) not in self.delayed:
            name = self.names("delay", str(ref), str(samples))
            self.delayed[ref, samples], self.after[name] = dsp.delayed(self.given[name], self.values[ref])
        return self.delayed[ref, samples]

    def _silenced(self, x: tf.Tensor, hop: int, latency: int) -> tf.Tensor:
        return dsp.silent_before_start(x, (self.position - latency) // hop)


class _Names:
    """Names of the tensors of a state: such as TensorFlow takes for arguments, each given once."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, ...], str] = {}

    def __call__(self, *parts: str) -> str:
        if parts not in self.known:
            name = re.sub(r"\W+", "_", "_".join(("state", *parts))).lower()
            while name in self.known.values():
                name += "_"
            self.known[parts] = name
        return self.known[parts]

    def parts(self, node: str) -> dict[str, str]:
        """The parts of the state of a node."""
        return {key[1]: name for key, name in self.known.items() if key[0] == node and len(key) == 2}


def scope_of(node: Node) -> str:
    """TensorFlow scopes begin with a letter, digit or dot."""
    return "." + node.name if node.name.startswith("_") else node.name
