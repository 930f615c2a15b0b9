"""One op as a Keras 3 layer: Keras makes, tracks, saves and exports its weights."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddspgraph.diagnostics import GraphError
from ddspgraph.ir.call import bind_arguments, call_op, signal_of
from ddspgraph.ir.initialisers import initial_value
from ddspgraph.ir.op import Op

#: Only these packages are imported to find the class of a saved layer: a model file must not name any other.
_LIBRARY = ("ddspgraph.ops.", "ddspgraph.losses.")


@keras.saving.register_keras_serializable("ddspgraph")
class OpLayer(keras.layers.Layer):
    """An op as a layer: tensors in by position or by port name, the default output out.

    >>> layer = dg.ops.Reverb(trainable=True, reverb_length=1600).layer()
    >>> wet = layer(audio)

    `build` makes the weights from the shapes of the inputs, which need their channels known. The layer works in
    subclassed, functional and sequential models, in `tf.train.Checkpoint`, and in `model.save` and `model.export`.

    Args:
      op: the op; a class of your own must be imported before `keras.models.load_model` reads a layer of it.
      **settings: those of `keras.layers.Layer`, such as `name` and `trainable`.
    """

    def __init__(self, op: Op, **settings: Any) -> None:
        super().__init__(**settings)
        self.op = op
        self._names: tuple[str, ...] = ()

    @property
    def weights_by_name(self) -> dict[str, Any]:
        """The Keras variables by the names that the op gives its weights."""
        return {name: getattr(self, f"weight.{name}") for name in self._names}

    def __call__(self, *inputs: Any, seed: Any = 0, **named: Any) -> Any:
        # Keras knows arguments by the names in `call`; ports differ from op to op, so one mapping carries them.
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            named, inputs = {**inputs[0], **named}, ()
        # Keras's own arguments, which models pass to every layer whose call takes any.
        named = {name: x for name, x in named.items() if name not in ("training", "mask") or name in self.op.inputs}
        return super().__call__(bind_arguments(self.op, inputs, named), seed=seed)

    def build(self, input_shape: Mapping[str, tuple[int | None, ...]]) -> None:
        signals = {name: signal_of(shape) for name, shape in input_shape.items()}
        for name, weight in self.op.weights(signals).items():
            value = initial_value(weight, f"{self.op.name}/{name}", 0)
            # As attributes: `tf.train.Checkpoint` does not find weights of a Keras layer that are in a dictionary.
            made = self.add_weight(shape=weight.shape, initializer=Known(value), trainable=weight.trainable, name=name)
            setattr(self, f"weight.{name}", made)
            self._names += (name,)

    def call(self, inputs: Mapping[str, Any], seed: Any = 0) -> Any:
        weights = {name: weight.value for name, weight in self.weights_by_name.items()}
        try:
            return call_op(self.op, (), inputs, seed=seed, variables=weights)[next(iter(self.op.output_ports()))]
        except GraphError as error:
            setattr(error, "_keras_call_info_injected", True)  # noqa: B010  else Keras changes its kind
            raise

    def get_config(self) -> dict[str, Any]:
        kind = type(self.op)
        params = {field.name: getattr(self.op, field.name) for field in dataclasses.fields(self.op)}
        return {**super().get_config(), "op": {"class": f"{kind.__module__}:{kind.__qualname__}", "params": params}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> OpLayer:
        """The layer of a saved model. Raises ValueError where the op's class is your own and not imported yet."""
        return cls(_op(config["op"]), **{name: value for name, value in config.items() if name != "op"})


class Known(keras.initializers.Initializer):
    """A first value that is known, of an array or a variable, and does not come from Keras's random state."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return tf.cast(self.value, dtype or tf.float32)


def _op(config: Mapping[str, Any]) -> Op:
    module, _, name = config["class"].partition(":")
    if module.startswith(_LIBRARY):
        importlib.import_module(module)
    kind = getattr(sys.modules.get(module), name, None)
    if not (isinstance(kind, type) and issubclass(kind, Op)):
        raise ValueError(f"the layer holds the op {name} of the module {module}: import it before loading the model")
    return kind(**{key: _tuples(value) for key, value in config["params"].items()})


def _tuples(value: Any) -> Any:
    """Parameters are hashable: what JSON keeps as lists are tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value
