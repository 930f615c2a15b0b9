"""Loops over time whose gradient is somebody else's: nothing is kept but what is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from ddspgraph.lazy import tf

_LAYERS_AS_FUNCTIONS: ContextVar[bool] = ContextVar("layers_as_functions", default=False)


@contextlib.contextmanager
def layers_as_functions() -> Iterator[None]:
    """Recurrent layers that are traced within are functions of their own, for runtimes that have them as operations."""
    token = _LAYERS_AS_FUNCTIONS.set(True)
    try:
        yield
    finally:
        _LAYERS_AS_FUNCTIONS.reset(token)


def as_one_function(name: str, compute: Callable[..., Any], *tensors: tf.Tensor) -> Any:
    """`compute(*tensors)`; within `layers_as_functions` as a function of a name that tells what it is.

    A runtime with an operation of its own for it knows it by the name; others see what is inside.
    """
    if not _LAYERS_AS_FUNCTIONS.get():
        return compute(*tensors)
    kept = {"_noinline": True}
    return tf.function(compute, autograph=False, experimental_implements=name, experimental_attributes=kept)(*tensors)


def scan(
    step: Callable[..., Any],
    inputs: Sequence[tf.Tensor],
    first: Any,
    *,
    reverse: bool = False,
    emits: bool = False,
) -> Any:
    """Runs `step(state, *inputs[t])` for all times.

    Args:
      step: Gives the next state, or with `emits` the next state and what is kept. A state may be a tuple.
      inputs: Shapes [time, batch, ...].
      first: The state before the first step.
      reverse: Begin with the last time.
      emits: Whether a step says what is kept of it; otherwise its state is.

    Returns:
      What was kept, [time, batch, ...] in the order of the inputs; with `emits` the last state before it.
    """
    time = tf.shape(inputs[0])[0]
    static = inputs[0].shape[0]
    arrays = [tf.TensorArray(tf.float32, size=time, element_shape=x.shape[1:]).unstack(x) for x in inputs]
    kept = tf.TensorArray(tf.float32, size=time)

    def body(i: tf.Tensor, state: Any, out: tf.TensorArray) -> tuple[Any, ...]:
        at = time - 1 - i if reverse else i
        after = step(state, *(array.read(at) for array in arrays))
        state, value = after if emits else (after, after)
        return i + 1, state, out.write(at, value)

    _, last, kept = tf.while_loop(
        lambda i, *_: i < time, body, (0, first, kept), parallel_iterations=1, maximum_iterations=static
    )
    return (last, kept.stack()) if emits else kept.stack()
