"""Loops in turns of one length: a `tf.while_loop` over blocks, which a gradient can pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ddspgraph.dsp.sizes import Size, size_of
from ddspgraph.lazy import tf

#: (state, a block of every input) -> (state, a block of every output).
Turn = Callable[[dict[str, Any], dict[str, Any]], tuple[Mapping[str, Any], Mapping[str, Any]]]


def in_turns(
    turn: Turn,
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
    counts: Mapping[str, Size],
    turns: Size,
    outputs: Iterable[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state after some turns, and the blocks of every output.

    Args:
      turn: computes one turn; a state keeps its shape.
      state: tensors by name, before the first turn.
      inputs: [batch, turns * count, ...] by name.
      counts: how much of each input one turn takes.
      turns: how many; at least 1.
      outputs: the names of what a turn makes.

    Returns:
      The state, and the outputs as [turns, ...].
    """
    first = {name: tf.convert_to_tensor(x) for name, x in state.items()}
    # Arrays, not slices: the gradient of a slice in a loop is as long as what it was cut from, in every turn.
    blocks = {name: _as_array(x, turns, counts[name]) for name, x in inputs.items()}
    made = {name: tf.TensorArray(tf.float32, size=turns) for name in outputs}

    def step(i: Any, state: dict[str, Any], made: dict[str, Any]) -> Any:
        after, values = turn(state, {name: array.read(i) for name, array in blocks.items()})
        moved = {name: _like(after[name], x) for name, x in first.items()}
        return i + 1, moved, {name: array.write(i, values[name]) for name, array in made.items()}

    _, last, made = tf.while_loop(
        lambda i, *_: i < turns, step, (tf.constant(0), first, made), maximum_iterations=turns, parallel_iterations=1
    )
    return last, {name: array.stack() for name, array in made.items()}


def side_by_side(blocks: tf.Tensor) -> tf.Tensor:
    """[turns, batch, count, ...] as [batch, turns * count, ...]."""
    rank = len(blocks.shape)
    blocks = tf.transpose(blocks, [1, 0, *range(2, rank)])
    shape = tf.shape(blocks)
    joined = tf.reshape(blocks, tf.concat([shape[:1], shape[1:2] * shape[2:3], shape[3:]], axis=0))
    joined.set_shape([blocks.shape[0], None, *blocks.shape[3:]])
    return joined


def filled_up(x: tf.Tensor, length: Size) -> tf.Tensor:
    """[batch, time, ...] with zeros after it, up to this length."""
    return tf.pad(x, [[0, 0], [0, length - size_of(x, 1)]] + [[0, 0]] * (len(x.shape) - 2))


def _as_array(x: tf.Tensor, turns: Size, count: Size) -> tf.TensorArray:
    """[batch, turns * count, ...] as an array of [batch, count, ...]."""
    shape = tf.shape(x)
    split = tf.reshape(x, tf.concat([shape[:1], [turns, count], shape[2:]], axis=0))
    known = count if isinstance(count, int) else None
    split.set_shape([x.shape[0], None, known, *x.shape[2:]])
    element = tf.TensorShape([x.shape[0], known, *x.shape[2:]])
    array = tf.TensorArray(tf.float32, size=turns, element_shape=element)
    return array.unstack(tf.transpose(split, [1, 0, *range(2, len(split.shape))]))


def _like(x: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """With the shape that is known of what it follows."""
    x = tf.identity(x)
    x.set_shape(before.shape)
    return x
