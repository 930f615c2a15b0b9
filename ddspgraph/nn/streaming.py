"""Networks of a stream: recurrent layers that carry their state.

Before the stream begins the state stays what it is: each step has a weight that is 0 there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddspgraph.nn.scan import scan
from ddspgraph.nn.shapes import product

State = Mapping[str, tf.Tensor]


def rnn_stream(
    state: State, x: tf.Tensor, weights: Mapping[str, Any], rnn_type: str, begun: tf.Tensor
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """A block of `rnn`.

    Args:
      state: `h`, and of an LSTM `c`: [batch, units].
      x: Shape [batch, time, n_in].
      weights: `kernel`, `recurrent_kernel`, `bias`.
      rnn_type: "gru" or "lstm".
      begun: Which times count, bool [time].

    Returns:
      The next state, and the states h of all times, [batch, time, units].
    """
    kernel, recurrent, bias = (tf.convert_to_tensor(weights[n]) for n in ("kernel", "recurrent_kernel", "bias"))
    gates = product(tf.transpose(x, [1, 0, 2]), kernel) + (bias[0] if rnn_type == "gru" else bias)
    counts = tf.cast(begun, tf.float32)
    units: Any = recurrent.shape[0]

    def gru_step(h: tf.Tensor, a: tf.Tensor, counts_t: tf.Tensor) -> tf.Tensor:
        m = h @ recurrent + bias[1]
        z, r = tf.split(tf.math.sigmoid(a[:, : 2 * units] + m[:, : 2 * units]), 2, axis=1)
        n = tf.math.tanh(a[:, 2 * units :] + r * m[:, 2 * units :])
        return tf.where(counts_t > 0.0, n + z * (h - n), h)

    def lstm_step(both: tf.Tensor, a: tf.Tensor, counts_t: tf.Tensor) -> tf.Tensor:
        h, c = tf.split(both, 2, axis=1)
        i, f, g, o = tf.split(a + h @ recurrent, 4, axis=1)
        c = tf.math.sigmoid(f) * c + tf.math.sigmoid(i) * tf.math.tanh(g)
        after = tf.concat([tf.math.sigmoid(o) * tf.math.tanh(c), c], axis=1)
        return tf.where(counts_t > 0.0, after, both)

    if rnn_type == "gru":
        states: Any = scan(gru_step, (gates, counts), state["h"])
        after = {"h": states[-1]}
    else:
        both: Any = scan(lstm_step, (gates, counts), tf.concat([state["h"], state["c"]], axis=1))
        states = both[..., :units]
        h, c = tf.split(both[-1], 2, axis=1)
        after = {"h": h, "c": c}
    states = tf.transpose(states, [1, 0, 2])
    states.set_shape([*x.shape[:2], units])
    return after, states
