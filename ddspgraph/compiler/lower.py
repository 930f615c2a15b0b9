"""Graph -> CompiledGraph: one `tf.function` over dynamic batch and length, variables named node/weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from ddspgraph.compiler.bind import bind_inputs
from ddspgraph.compiler.execute import execute
from ddspgraph.dsp.numerics import needs_static_shapes
from ddspgraph.ir.call import create_variables
from ddspgraph.ir.graph import Graph, Ref
from ddspgraph.ir.op import Traits
from ddspgraph.ir.trained import with_trained_values
from ddspgraph.ir.types import Signal
from ddspgraph.limits import DEFAULT_LIMITS, Limits


class CompiledGraph(tf.Module):
    """A graph that runs.

    Attributes:
      graph: the checked graph as it was loaded.
      legal: the same with its rate conversions written out, and its cycles.
      optimised: what `__call__` and `losses` compute.
      inspected: what `signals` computes: `legal`, with every cycle as one node.
      moved: where the values of cycles are in `inspected`.
      variables_by_node: node name -> weight name -> `tf.Variable`; nodes that share weights have one entry.
    """

    def __init__(
        self,
        graph: Graph,
        legal: Graph,
        optimised: Graph,
        inspected: tuple[Graph, Mapping[Ref, Ref]] | None = None,
        *,
        seed: int = 0,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        super().__init__(name=graph.name or None)
        self.graph, self.legal, self.optimised, self.limits = graph, legal, optimised, limits
        self.inspected, moved = inspected or (legal, {})
        # Words, not refs: TensorFlow's checkpoints walk through the attributes of a module, and want words.
        self._moved = {str(old): str(new) for old, new in moved.items()}
        self._old = {new: old for old, new in self._moved.items()}
        self.variables_by_node: dict[str, dict[str, tf.Variable]] = {}
        for node in legal.nodes:
            if Traits.TRAINABLE in node.op.traits:
                signals = {port: legal.types[ref] for port, ref in node.inputs}
                name = node.weights_name
                if name not in self.variables_by_node:
                    self.variables_by_node[name] = create_variables(node.op, signals, name, seed)
        self._traced: dict[str, Any] = {}
        self._needed: dict[str, set[str]] = {}

    def __call__(self, inputs: Mapping[str, Any] | None = None, *, seed: Any = 0) -> dict[str, tf.Tensor]:
        """The outputs by name. Only the inputs that they depend on need be given.

        Args:
          inputs: arrays or tensors by name: audio [batch, samples], frame [batch, frames, channels],
            const [batch, *shape]. Audio that is not a whole number of frames is zero-padded, and what comes
            out is cropped to it.
          seed: of all randomness; the same seed gives the same audio.

        Raises:
          GraphError: E603-E606 for inputs that are missing, unknown, misshapen or of unequal length; E708
            where the estimated memory exceeds the limit.
        """
        roots = [ref for _, ref in self.optimised.outputs]
        return self.render(self._bind(self.optimised, inputs, roots), tf.cast(seed, tf.int64))

    @property
    def render(self) -> Any:
        """The one `tf.function` of the outputs: tensors by input name and an int64 seed in, tensors by name out."""
        return self._function(self.optimised, [ref for _, ref in self.optimised.outputs], self._outputs)

    def losses(self, inputs: Mapping[str, Any], *, seed: Any = 0) -> dict[str, tf.Tensor]:
        """Every loss by name, and their sum as `total`. Raises GraphError as a call does."""
        roots = self._loss_roots
        function = self._function(self.optimised, roots, self._losses)
        return function(self._bind(self.optimised, inputs, roots), tf.cast(seed, tf.int64))

    def traced_outputs(self, inputs: Mapping[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """The outputs of tensors within somebody else's `tf.function`, whose shapes it takes; nothing is checked."""
        roots = [ref for _, ref in self.optimised.outputs]
        return self._outputs(execute(self.optimised, inputs, seed, self.variables_by_node, roots))

    def traced_losses(self, inputs: Mapping[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """`losses` of tensors within somebody else's `tf.function`, whose shapes it takes; nothing is checked."""
        return self._losses(execute(self.optimised, inputs, seed, self.variables_by_node, self._loss_roots))

    def signals(
        self, inputs: Mapping[str, Any] | None = None, *, seed: Any = 0, every: bool = False
    ) -> dict[str, tf.Tensor]:
        """The values of all nodes that the given inputs allow, as `{"harmonic/signal": ...}`.

        Args:
          inputs, seed: as in a call.
          every: adds the nodes that the compiler made: literals (`wet.gain`) and conversions of rates.

        Raises:
          GraphError: as a call does.
        """
        graph = self.legal
        given = set(inputs or {})
        nodes = [n for n in graph.nodes if every or n.is_written]
        known = [n for n in nodes if self._needs(graph, n.refs) <= given]
        roots = [ref for node in known for ref in node.refs]
        return self._inspect(roots, inputs, seed)

    def values(
        self, wanted: Mapping[str, Ref], inputs: Mapping[str, Any] | None = None, *, seed: Any = 0
    ) -> dict[str, tf.Tensor]:
        """Values of the graph under names of the caller's: outputs, or the port of any node. Raises as a call does."""
        found = self._inspect(list(dict.fromkeys(wanted.values())), inputs, seed)
        return {name: found[str(ref)] for name, ref in wanted.items()}

    def save(self, path: str) -> None:
        """Writes a SavedModel: it appears whole or not at all. Raises GraphError E607."""
        from ddspgraph.export.saved_model import save

        save(self, path)

    def layer(self, **settings: Any) -> Any:
        """This graph as a Keras 3 layer that shares its variables; settings such as `name` are those of a layer."""
        from ddspgraph.export.keras_graph import GraphLayer

        return GraphLayer(self, **settings)

    def save_weights(self, path: str) -> None:
        """Writes all weights as one .npz of arrays `node/weight`, whole or not at all. Raises GraphError E607."""
        from ddspgraph.training.weights import write_weights

        write_weights(self, path)

    def load_weights(self, path: str) -> None:
        """Takes the weights of `save_weights`, of a checkpoint, a run or an export: all of them or none.

        Raises:
          GraphError: E601, E602 where there are none; E616 where one is missing or has another shape.
        """
        from ddspgraph.training.weights import load_weights

        load_weights(self, path)

    @property
    def as_trained(self) -> Graph:
        """`graph` with the learned values as they are now, for pictures."""
        arrays = {node: {n: v.numpy() for n, v in named.items()} for node, named in self.variables_by_node.items()}
        return with_trained_values(self.graph, arrays)

    def use_variables(self, variables: Mapping[str, Mapping[str, tf.Variable]]) -> None:
        """Computes with other variables, node -> weight -> variable, in place of its own from now on."""
        self.variables_by_node = {node: dict(named) for node, named in variables.items()}
        self._traced = {}

    def _repr_html_(self) -> str:
        """The diagram, for Jupyter."""
        from ddspgraph.render.notebook import page

        return page(self.as_trained, sum(int(tf.size(v)) for v in self.variables))

    def _repr_svg_(self) -> str | None:
        from ddspgraph.render.notebook import svg

        return svg(self.as_trained)

    def input_specs(self, graph: Graph, roots: Iterable[Ref]) -> dict[str, tf.TensorSpec]:
        """What a function of these values takes: open batch, time and named axes."""
        needed = self._needs(graph, roots)
        return {i.name: tensor_spec(i.signal, i.name) for i in graph.inputs if i.name in needed}

    # -- how ------------------------------------------------------------------------------------

    @property
    def _loss_roots(self) -> list[Ref]:
        return [ref for name in self.optimised.losses for ref in self.optimised.node_by_name[name].refs]

    def _inspect(self, roots: list[Ref], inputs: Mapping[str, Any] | None, seed: Any) -> dict[str, tf.Tensor]:
        """Values of any nodes, by the names that they have in `legal`."""
        graph, here = self.inspected, {str(ref): ref for ref in self.inspected.values()}
        moved = [here[self._moved.get(str(ref), str(ref))] for ref in roots]
        function = self._function(graph, moved, self._named)
        return function(self._bind(graph, inputs, moved), tf.cast(seed, tf.int64))

    def _needs(self, graph: Graph, roots: Iterable[Ref]) -> set[str]:
        """The inputs that values of `legal`, `inspected` or `optimised` depend on."""
        roots = tuple(roots)
        # A word, not a tuple: TensorFlow's checkpoints walk through the attributes of a module, and want words.
        kind = next(kind for kind in ("optimised", "legal", "inspected") if graph is getattr(self, kind))
        key = " ".join((kind, *map(str, roots)))
        if key not in self._needed:
            self._needed[key] = graph.ancestors(roots) & set(graph.input_by_name)
        return self._needed[key]

    def _bind(self, graph: Graph, inputs: Mapping[str, Any] | None, roots: Iterable[Ref]) -> dict[str, Any]:
        return bind_inputs(self.graph, graph, inputs or {}, self._needs(graph, roots), self.limits)

    def _function(self, graph: Graph, roots: list[Ref], name_results: Any) -> Any:
        """One trace for any batch and length; made once for each set of roots, and once more inside of XLA.

        A trace for open shapes holds forms that XLA refuses, so a caller's `jit_compile` gets one of its own.
        """
        key = " ".join((name_results.__name__, *map(str, roots), *(["xla"] if needs_static_shapes() else [])))
        if key not in self._traced:
            specs = self.input_specs(graph, roots)

            def compute(inputs: dict[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
                return name_results(execute(graph, inputs, seed, self.variables_by_node, roots))

            signature = [specs, tf.TensorSpec([], tf.int64, "seed")]
            # Kernels hold no Python control flow over tensors: autograph would only slow tracing and blur errors.
            self._traced[key] = tf.function(compute, input_signature=signature, autograph=False)
        return self._traced[key]

    def _outputs(self, values: Mapping[Ref, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {name: values[ref] for name, ref in self.optimised.outputs}

    def _named(self, values: Mapping[Ref, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {self._old.get(str(ref), str(ref)): value for ref, value in values.items()}

    def _losses(self, values: Mapping[Ref, tf.Tensor]) -> dict[str, tf.Tensor]:
        graph = self.optimised
        named = {}
        for name in graph.losses:
            refs = graph.node_by_name[name].refs
            named |= {name if len(refs) == 1 else str(ref): values[ref] for ref in refs}
        return {**named, "total": tf.add_n(list(named.values()))}


def tensor_spec(signal: Signal, name: str | None) -> tf.TensorSpec:
    """Of what a caller gives: open where a dim is a name."""
    return tf.TensorSpec([dim.size for dim in signal.outer_dims], tf.float32, name)
