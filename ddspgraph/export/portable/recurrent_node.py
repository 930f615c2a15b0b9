"""Recurrent layers as single ONNX nodes, GRU and LSTM, where TensorFlow has a loop over time.

A layer is traced as one function (`nn.scan.as_one_function`). For ONNX the portable form puts a stand-in in its place,
an operation of TensorFlow's that nothing else here uses and that no processor has to run: `stand_in`; `write_node`
turns it into the node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.dsp.sizes import size_of

#: What stands in; its attributes and inputs mean nothing but what `write_node` reads from them.
STAND_IN = "CudnnRNN"
#: The gates of a kernel in the order of ONNX: ours are z, r, n and i, f, g, o, those of ONNX z, r, h and i, o, f, c.
_GATES = {"gru": (0, 1, 2), "lstm": (0, 3, 1, 2)}
#: A gate with this much more is open, or closed with as much less: the sigmoid is 1 or 0 in float32.
_SHUT = 100.0


def stand_in(kind: str, inputs: Sequence[Any]) -> list[tf.Tensor] | None:
    """The states of all times, the last one, and of an LSTM its last cell; None where weights are not constant.

    Args:
      kind: "gru" or "lstm".
      inputs: x [time, batch, n_in], kernel, recurrent kernel, bias, then of neither, or of all: the first state, of an
        LSTM its cell; and last, where it is given, which times count [time]: before, the state stays zero.
    """
    x, kernel, recurrent, bias, *rest = inputs
    if not all(isinstance(w, np.ndarray) for w in (kernel, recurrent, bias)):
        return None
    x = tf.convert_to_tensor(x)
    n_times, n_items = size_of(x, 0), size_of(x, 1)
    units, n_states = recurrent.shape[0], 1 if kind == "gru" else 2
    states = [tf.convert_to_tensor(s) for s in rest[:n_states]]
    states += [tf.zeros([n_items, units])] * (n_states - len(states))
    if len(rest) > n_states:
        # Before the stream begins an added input holds the gates: z open, or i closed, so that zeros stay zeros.
        waits = 1.0 - tf.reshape(tf.convert_to_tensor(rest[-1]), [-1, 1, 1])
        x = tf.concat([x, tf.broadcast_to(waits, [n_times, n_items, 1])], axis=-1)
        row = np.zeros([1, kernel.shape[1]], np.float32)
        row[:, :units] = _SHUT if kind == "gru" else -_SHUT
        kernel = np.concatenate([kernel, row])
    order = _GATES[kind]
    both = bias if kind == "gru" else np.stack([bias, np.zeros_like(bias)])
    weights = [_in_order(kernel.T, order), _in_order(recurrent.T, order), *(_in_order(b, order) for b in both)]
    flat = np.concatenate([w.ravel() for w in weights]).astype(np.float32)
    cell = states[1] if kind == "lstm" else tf.zeros_like(states[0])
    made = tf.raw_ops.CudnnRNN(
        input=x, input_h=states[0][None], input_c=cell[None], params=tf.constant(flat), rnn_mode=kind, is_training=False
    )
    last = [tf.ensure_shape(y[0], [x.shape[1], units]) for y in (made.output_h, made.output_c)[:n_states]]
    return [tf.ensure_shape(made.output, [*x.shape[:2], units]), *last]


def _in_order(x: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Gates along the first axis in another order."""
    parts = np.split(x, len(order))
    return np.concatenate([parts[i] for i in order])


def write_node(ctx: Any, node: Any, __: str, ___: Any) -> None:
    """tf2onnx's handler of the stand-in."""
    from tf2onnx.utils import make_name

    kind = node.get_attr_value("rnn_mode").decode()
    x, first, cell, _ = node.input
    n_in, units = ctx.get_shape(x)[2], ctx.get_shape(first)[2]
    width = len(_GATES[kind]) * units
    flat = node.inputs[3].get_tensor_value(as_list=False)
    parts = np.split(flat, np.cumsum([width * n_in, width * units]))
    shapes = ([1, width, n_in], [1, width, units], [1, 2 * width])
    weights = [
        ctx.make_const(make_name(f"{node.name}_weights"), part.reshape(shape)).output[0]
        for part, shape in zip(parts, shapes, strict=True)
    ]
    outputs, dtypes, shapes = node.output, node.output_dtypes, node.output_shapes
    ctx.remove_node(node.name)
    states = [first] if kind == "gru" else [first, cell]
    attributes: dict[str, Any] = {"hidden_size": units}
    if kind == "gru":
        attributes["linear_before_reset"] = 1  # the reset gate on what the recurrent kernel made, as Keras and cuDNN
    every = make_name(f"{node.name}_states")
    ctx.make_node(
        kind.upper(),
        [x, *weights, "", *states],
        attr=attributes,
        outputs=[every, *outputs[1 : 1 + len(states)]],
        name=node.name,
        dtypes=[dtypes[0]] * (1 + len(states)),
        shapes=[[*shapes[0][:1], 1, *shapes[0][1:]], *shapes[1 : 1 + len(states)]],
    )
    axis = ctx.make_const(make_name(f"{node.name}_axis"), np.array([1], np.int64)).output[0]
    ctx.make_node("Squeeze", [every, axis], outputs=[outputs[0]], dtypes=[dtypes[0]], shapes=[shapes[0]])
