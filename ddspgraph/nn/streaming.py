"""Networks of a stream: recurrent layers that carry their state.

Before the stream begins the state stays what it is: each step has a weight that is 0 there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from ddspgraph.lazy import tf
from ddspgraph.nn.scan import as_one_function, scan
from ddspgraph.nn.shapes import product

State: TypeAlias = "Mapping[str, tf.Tensor]"


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
    w = [tf.convert_to_tensor(weights[name]) for name in ("kernel", "recurrent_kernel", "bias")]
    units: Any = w[1].shape[0]
    names = ("h",) if rnn_type == "gru" else ("h", "c")
    given = [tf.transpose(x, [1, 0, 2]), *w, *(state[name] for name in names), tf.cast(begun, tf.float32)]
    states, *last = as_one_function(rnn_type, _gru if rnn_type == "gru" else _lstm, *given)
    states = tf.transpose(states, [1, 0, 2])
    states.set_shape([*x.shape[:2], units])
    return dict(zip(names, last, strict=True)), states


def _gru(x: Any, kernel: Any, recurrent: Any, bias: Any, h: Any, counts: Any) -> list[Any]:
    """[time, batch, n_in] -> the states [time, batch, units], and the last one."""
    units: Any = recurrent.shape[0]

    def step(h: tf.Tensor, a: tf.Tensor, counts_t: tf.Tensor) -> tf.Tensor:
        m = h @ recurrent + bias[1]
        z, r = tf.split(tf.math.sigmoid(a[:, : 2 * units] + m[:, : 2 * units]), 2, axis=1)
        n = tf.math.tanh(a[:, 2 * units :] + r * m[:, 2 * units :])
        return tf.where(counts_t > 0.0, n + z * (h - n), h)

    states: Any = scan(step, (product(x, kernel) + bias[0], counts), h)
    return [states, states[-1]]


def _lstm(x: Any, kernel: Any, recurrent: Any, bias: Any, h: Any, c: Any, counts: Any) -> list[Any]:
    """[time, batch, n_in] -> the states h [time, batch, units], the last h, and the last c."""
    units: Any = recurrent.shape[0]

    def step(both: tf.Tensor, a: tf.Tensor, counts_t: tf.Tensor) -> tf.Tensor:
        h, c = tf.split(both, 2, axis=1)
        i, f, g, o = tf.split(a + h @ recurrent, 4, axis=1)
        c = tf.math.sigmoid(f) * c + tf.math.sigmoid(i) * tf.math.tanh(g)
        after = tf.concat([tf.math.sigmoid(o) * tf.math.tanh(c), c], axis=1)
        return tf.where(counts_t > 0.0, after, both)

    both: Any = scan(step, (product(x, kernel) + bias, counts), tf.concat([h, c], axis=1))
    return [both[..., :units], *tf.split(both[-1], 2, axis=1)]
