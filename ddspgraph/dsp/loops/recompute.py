"""Gradients that keep what goes into a function, and compute the rest once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ddspgraph.lazy import tf


def recomputed(run: Callable[[dict[str, Any]], dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """`run(given)`, of whose inner values none is kept for the gradient: that runs it again.

    Args:
      run: tensors by name from tensors by name; what else it reads has no gradient.
      given: all that a gradient may pass to, in any types; of what is no float there is none.
    """
    names = list(given)
    made_names: list[str] = []

    def compute(*values: Any) -> Any:
        made = run(dict(zip(names, values, strict=True)))
        made_names[:] = made

        def gradient(*cotangents: Any) -> Any:
            again = [tf.identity(value) for value in values]
            watched = [value for value in again if value.dtype.is_floating]
            with tf.GradientTape() as tape:
                tape.watch(watched)
                made = run(dict(zip(names, again, strict=True)))
            pairs = [(made[name], c) for name, c in zip(made_names, cotangents, strict=True)]
            pairs = [(y, c) for y, c in pairs if y.dtype.is_floating and c is not None]
            ends, weights = [y for y, _ in pairs], [c for _, c in pairs]
            found = iter(
                tape.gradient(
                    ends, watched, output_gradients=weights, unconnected_gradients=tf.UnconnectedGradients.ZERO
                )
            )
            return [next(found) if value.dtype.is_floating else None for value in again]

        return [made[name] for name in made_names], gradient

    results = tf.custom_gradient(compute)(*[tf.convert_to_tensor(given[name]) for name in names])
    return dict(zip(made_names, results, strict=True))
