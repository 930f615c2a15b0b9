"""A compiled graph as a Keras 3 layer: one more layer of a network, trained, saved and exported with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddspgraph.compiler.driver import compile, load
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.ir.keras_layer import Known


@keras.saving.register_keras_serializable("ddspgraph")
class GraphLayer(keras.layers.Layer):
    """A graph as a layer: a mapping of inputs in, a mapping of outputs out.

    >>> synth = dg.compile("graphs/solo_controls.yaml").layer()
    >>> audio = synth({"f0_hz": f0_hz, "amplitudes": amplitudes, ...})["audio"]

    The layer and the model share their variables: what Keras trains, `model.save` exports. A graph of one input takes
    that input without a mapping, too.

    Args:
      model: the compiled graph.
      **settings: those of `keras.layers.Layer`, such as `name` and `trainable`.
    """

    def __init__(self, model: CompiledGraph, **settings: Any) -> None:
        super().__init__(**settings)
        shared: dict[str, dict[str, tf.Variable]] = {}
        for node, named in model.variables_by_node.items():
            for name, variable in named.items():
                weight = self.add_weight(
                    shape=variable.shape,
                    initializer=Known(variable),
                    trainable=variable.trainable,
                    name=f"{node}.{name}",
                )
                # As an attribute: `tf.train.Checkpoint` does not find weights that are in a dictionary.
                setattr(self, f"{node}.{name}", weight)
                shared.setdefault(node, {})[name] = weight.value
        model.use_variables(shared)
        self._model = (model,)  # in a tuple: Keras would track the module and save its variables a second time
        self.built = True

    @property
    def model(self) -> CompiledGraph:
        """The compiled graph whose variables these are."""
        return self._model[0]

    def call(self, inputs: Any, seed: Any = 0) -> dict[str, tf.Tensor]:
        if not isinstance(inputs, Mapping):
            inputs = {next(iter(self.model.graph.input_by_name)): inputs}
        return self.model(inputs, seed=seed)

    def get_config(self) -> dict[str, Any]:
        graph = self.model.graph
        if graph.spec is None:
            raise ValueError("the graph was built in Python: a layer of it has no spec to save")
        return {**super().get_config(), "spec": graph.spec, "settings": dict(graph.settings)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GraphLayer:
        """The layer of a saved model, compiled again. Raises GraphError E302 where the graph needs your own ops."""
        own = ("spec", "settings")
        model = compile(load(config["spec"], params=config["settings"]))
        return cls(model, **{name: value for name, value in config.items() if name not in own})
