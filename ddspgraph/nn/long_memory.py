r"""Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), as Keras' layer.

With a = x W + b computed for all times in one product, gates in the order i, f, g, o, a step is

    a' = a + h R;   i, f, o = sigmoid(a'_i, a'_f, a'_o);   g = tanh(a'_g)
    c' = f c + i g;   h' = o tanh(c')

The gradient, as in `gru`: the states that were kept give the gates of all times in one product; the loop backwards
carries d h and d c alone,

    d c += d h o (1 - tanh(c')^2)
    d a' = [d c g i (1 - i), d c c f (1 - f), d c i (1 - g^2), d h tanh(c') o (1 - o)]
    d c_before = d c f;   d h_before = d a' R^T

and the gradients of R and b are products over all times after it.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.scan import as_one_function, scan
from ddspgraph.nn.shapes import product


def lstm(
    x: tf.Tensor, kernel: Any, recurrent_kernel: Any, bias: Any, *, reverse: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs over time from a state of zeros.

    >>> states, last = dg.nn.lstm(tf.zeros([2, 10, 3]), tf.zeros([3, 16]), tf.zeros([4, 16]), tf.zeros([16]))
    >>> states.shape, last.shape
    (TensorShape([2, 10, 4]), TensorShape([2, 4]))

    Args:
      x: Shape [batch, time, n_in].
      kernel: W, shape [n_in, 4 * units].
      recurrent_kernel: R, shape [units, 4 * units].
      bias: b, shape [4 * units].
      reverse: Run from the last frame to the first; the result is in the order of the input all the same.

    Returns:
      The states h of all frames, [batch, time, units], and the last one computed, [batch, units].
    """
    kernel, recurrent_kernel, bias = map(tf.convert_to_tensor, (kernel, recurrent_kernel, bias))
    in_time = tf.transpose(x, [1, 0, 2])
    in_time = tf.reverse(in_time, [0]) if reverse else in_time
    states: Any = as_one_function("lstm", _layer, in_time, kernel, recurrent_kernel, bias)
    zeros = tf.zeros([tf.shape(x)[0], recurrent_kernel.shape[0]])
    last = tf.cond(tf.shape(x)[1] > 0, lambda: states[-1], lambda: zeros)
    states = tf.reverse(states, [0]) if reverse else states
    states = tf.transpose(states, [1, 0, 2])
    states.set_shape([*x.shape[:2], recurrent_kernel.shape[0]])
    return states, last


def _layer(x: tf.Tensor, kernel: tf.Tensor, recurrent_kernel: tf.Tensor, bias: tf.Tensor) -> Any:
    """[time, batch, n_in] -> the states h, [time, batch, units]."""
    return tf.custom_gradient(_run)(product(x, kernel) + bias, recurrent_kernel)


def _run(gates: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """[time, batch, 4 * units] -> the states h, [time, batch, units]."""
    units: Any = kernel.shape[0]
    zeros = tf.zeros([tf.shape(gates)[1], units])

    def step(state: tuple[tf.Tensor, tf.Tensor], a: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], tf.Tensor]:
        h, c = state
        i, f, g, o = _gates(a + h @ kernel)
        c = f * c + i * g
        h = o * tf.math.tanh(c)
        return (h, c), tf.concat([h, c], axis=1)

    _, both = scan(step, (gates,), (zeros, zeros), emits=True)
    states, cells = tf.split(both, 2, axis=-1)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        before = tf.concat([zeros[None], states[:-1]], axis=0)
        cells_before = tf.concat([zeros[None], cells[:-1]], axis=0)
        i, f, g, o = _gates(gates + product(before, kernel))
        tanh_c = tf.math.tanh(cells)
        of_cell = tf.stack([g * i * (1.0 - i), cells_before * f * (1.0 - f), i * (1.0 - g * g)], axis=2)
        of_output = tanh_c * o * (1.0 - o)
        through = o * (1.0 - tanh_c * tanh_c)
        back = tf.transpose(kernel)

        def adjoint(
            state: tuple[tf.Tensor, tf.Tensor],
            up: tf.Tensor,
            through_t: tf.Tensor,
            cell_t: tf.Tensor,
            output_t: tf.Tensor,
            f_t: tf.Tensor,
        ) -> tuple[tuple[tf.Tensor, tf.Tensor], tf.Tensor]:
            d_h, d_c = state
            d_h = d_h + up
            d_c = d_c + d_h * through_t
            d_cell = tf.reshape(cell_t * d_c[:, None, :], [-1, 3 * units])
            d_a = tf.concat([d_cell, d_h * output_t], axis=1)
            return (d_a @ back, d_c * f_t), d_a

        slices = (upstream, through, of_cell, of_output, f)
        _, d_gates = scan(adjoint, slices, (zeros, zeros), reverse=True, emits=True)
        flat_before, flat_d = tf.reshape(before, [-1, units]), tf.reshape(d_gates, [-1, 4 * units])
        return d_gates, tf.matmul(flat_before, flat_d, transpose_a=True)

    return states, gradient


def _gates(a: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """i, f, g, o of their arguments."""
    i, f, g, o = tf.split(a, 4, axis=-1)
    return tf.math.sigmoid(i), tf.math.sigmoid(f), tf.math.tanh(g), tf.math.sigmoid(o)
