"""A graph as a stream: two pure functions, the first state and one block. State goes in and out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ddspgraph.compiler.execute import folded, unfolded
from ddspgraph.compiler.lower import tensor_spec
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.streaming import has_time
from ddspgraph.streaming.blocks import bind_block, bind_constants
from ddspgraph.streaming.plan import StreamPlan
from ddspgraph.streaming.tracer import FIRST_BATCH, FIRST_SEED, LENGTH, Tensors, Tracer, Variables


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
        self._tracer = Tracer(plan, variables)
        self.initial, names = _concrete(self._traced_initial, self.initial_specs())
        self.state_names = tuple(names)
        shapes = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in zip(names, self.initial.outputs, strict=True)}
        self.step, _ = _concrete(self.traced_step, {**self.block_specs(), **shapes})

    def first_step(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        return self.initial(*tensors)

    def next_step(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        return self.step(*tensors)

    def traced_step(self, tensors: Tensors) -> Tensors:
        """Block and state by name to outputs and state by name, within somebody else's `tf.function`."""
        made = self._tracer.process(self._rows(tensors))
        types = {name: self.plan.graph.types[ref] for name, ref in self.plan.graph.outputs}
        return {name: unfolded(types[name], x) if name in types else x for name, x in made.items()}

    def _traced_initial(self, tensors: Tensors) -> Tensors:
        return self._tracer.initial_state(self._rows(tensors))

    def _rows(self, tensors: Tensors) -> Tensors:
        """With voices as rows of the batch, as the graph has them."""
        declared = self.plan.graph.input_by_name
        return {name: folded(declared[name].signal, x) if name in declared else x for name, x in tensors.items()}

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
