"""Dense layers, layer norm, and the fully connected blocks that DDSP's networks are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.shapes import product
from ddspgraph.nn.weights import part

#: What a layer may end in, by the names of Keras. Functions of our own: TensorFlow's would load it here.
NONLINEARITIES: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "leaky_relu": lambda x: tf.nn.leaky_relu(x, alpha=0.2),
    "relu": lambda x: tf.nn.relu(x),
    "elu": lambda x: tf.nn.elu(x),
    "selu": lambda x: tf.nn.selu(x),
    "gelu": lambda x: tf.nn.gelu(x),
    "swish": lambda x: tf.nn.silu(x),
    "sigmoid": lambda x: tf.math.sigmoid(x),
    "tanh": lambda x: tf.math.tanh(x),
    "softplus": lambda x: tf.math.softplus(x),
    "softmax": lambda x: tf.nn.softmax(x),
    "linear": lambda x: tf.identity(x),
}


def nonlinearity(name: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """The function of a name. Raises KeyError.

    >>> dg.nn.nonlinearity("relu")([-1.0, 2.0]).numpy()
    array([0., 2.], dtype=float32)
    """
    return NONLINEARITIES[name]


def dense(x: tf.Tensor, weights: Mapping[str, Any]) -> tf.Tensor:
    """y = x W + b along the last axis; weights `kernel` [n_in, n_out] and `bias` [n_out].

    >>> dg.nn.dense(tf.constant([[1.0, 2.0]]), {"kernel": [[1.0], [10.0]], "bias": [0.5]}).numpy()
    array([[21.5]], dtype=float32)
    """
    return product(x, tf.convert_to_tensor(weights["kernel"])) + weights["bias"]


def layer_norm(x: tf.Tensor, weights: Mapping[str, Any], epsilon: float = 1e-3) -> tf.Tensor:
    """Mean 0 and variance 1 over the last axis, times `gamma`, plus `beta` (Ba et al. 2016; Keras' epsilon).

    >>> dg.nn.layer_norm(tf.constant([[1.0, 3.0]]), {"gamma": [1.0, 1.0], "beta": [0.0, 5.0]}, epsilon=0.0).numpy()
    array([[-1.,  6.]], dtype=float32)
    """
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    scale = tf.math.rsqrt(variance + epsilon) * weights["gamma"]
    return (x - mean) * scale + weights["beta"]


def fc(x: tf.Tensor, weights: Mapping[str, Any], activation: str = "leaky_relu") -> tf.Tensor:
    """Dense layer, layer norm, nonlinearity (Engel et al., ICLR 2020, appendix B.2).

    >>> weights = {"kernel": tf.eye(2), "bias": [0.0, 0.0], "gamma": [1.0, 1.0], "beta": [0.0, 0.0]}
    >>> dg.nn.fc(tf.constant([[1.0, 3.0]]), weights, "relu").numpy()
    array([[0.    , 0.9995]], dtype=float32)
    """
    return nonlinearity(activation)(layer_norm(dense(x, weights), weights))


def fc_stack(x: tf.Tensor, weights: Mapping[str, Any], layers: int, activation: str = "leaky_relu") -> tf.Tensor:
    """`layers` blocks of `fc`, whose weights are `fc_1_kernel`, `fc_1_bias`, ..."""
    for i in range(1, layers + 1):
        x = fc(x, part(weights, f"fc_{i}"), activation)
    return x


def split_channels(x: tf.Tensor, splits: Sequence[tuple[str, int]]) -> dict[str, tf.Tensor]:
    """The channels of the last axis by name: the first n are those of the first name, and so on.

    >>> parts = dg.nn.split_channels(tf.zeros([1, 10, 5]), [("amplitudes", 1), ("noise", 4)])
    >>> {name: x.shape[-1] for name, x in parts.items()}
    {'amplitudes': 1, 'noise': 4}
    """
    parts = tf.split(x, [n for _, n in splits], axis=-1)
    return {name: value for (name, _), value in zip(splits, parts, strict=True)}
