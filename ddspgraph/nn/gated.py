r"""The gated recurrent unit (Cho et al. 2014), in the variant of cuDNN and Keras' `reset_after`.

With the input's part of the gates, a = x W + b, computed for all times in one product, a step is

    m = h R + b'            R: [units, 3 units], gates in the order z, r, n
    z = sigmoid(a_z + m_z)
    r = sigmoid(a_r + m_r)
    n = tanh(a_n + r m_n)
    h' = z h + (1 - z) n

The gradient. Let d_t be the gradient of all that follows with respect to h_t. Of a step,

    d a_z = d (h - n) z (1 - z)        d a_n = d (1 - z) (1 - n^2)
    d a_r = d a_n m_n r (1 - r)        d m_z, d m_r = d a_z, d a_r;  d m_n = d a_n r

so that d m = d * C with a C [batch, 3 units] that depends on the forward pass alone. The states that were kept give
m, hence z, r, n and C, of all times in one product. What is left is a linear recurrence in d,

    d_{t-1} = (from the output at t - 1) + z_t d_t + (C_t d_t) R^T

and after it the gradients of R, b' and a are products over all times at once. So neither loop computes anything but
the state, where an automatic gradient runs every product once a step, three of them in the backward pass.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.scan import as_one_function, scan
from ddspgraph.nn.shapes import product


def gru(
    x: tf.Tensor,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    *,
    initial_state: tf.Tensor | None = None,
    reverse: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs over time.

    >>> states, last = dg.nn.gru(tf.zeros([2, 10, 3]), tf.zeros([3, 12]), tf.zeros([4, 12]), tf.zeros([2, 12]))
    >>> states.shape, last.shape
    (TensorShape([2, 10, 4]), TensorShape([2, 4]))

    Args:
      x: Shape [batch, time, n_in].
      kernel: W, shape [n_in, 3 * units].
      recurrent_kernel: R, shape [units, 3 * units].
      bias: b and b', shape [2, 3 * units].
      initial_state: Shape [batch, units]; zeros if None.
      reverse: Run from the last frame to the first; the result is in the order of the input all the same.

    Returns:
      The states of all frames, [batch, time, units], and the last one computed, [batch, units].
    """
    kernel, recurrent_kernel, bias = map(tf.convert_to_tensor, (kernel, recurrent_kernel, bias))
    if initial_state is None:
        initial_state = tf.zeros([tf.shape(x)[0], recurrent_kernel.shape[0]])
    in_time = tf.transpose(x, [1, 0, 2])
    in_time = tf.reverse(in_time, [0]) if reverse else in_time
    states: Any = as_one_function("gru", _layer, in_time, kernel, recurrent_kernel, bias, initial_state)
    last = tf.cond(tf.shape(x)[1] > 0, lambda: states[-1], lambda: initial_state)
    states = tf.reverse(states, [0]) if reverse else states
    states = tf.transpose(states, [1, 0, 2])
    states.set_shape([*x.shape[:2], recurrent_kernel.shape[0]])
    return states, last


def _layer(x: tf.Tensor, kernel: tf.Tensor, recurrent_kernel: tf.Tensor, bias: tf.Tensor, first: tf.Tensor) -> Any:
    """[time, batch, n_in] -> the states, [time, batch, units]."""
    return tf.custom_gradient(_run)(product(x, kernel) + bias[0], recurrent_kernel, bias[1], first)


def _run(gates: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, first: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """[time, batch, 3 * units] -> the states, [time, batch, units]."""
    units: Any = kernel.shape[0]
    parts = [2 * units, units]
    a_zr, a_n = tf.split(gates, parts, axis=-1)

    def step(h: tf.Tensor, zr_t: tf.Tensor, n_t: tf.Tensor) -> tf.Tensor:
        m_zr, m_n = tf.split(h @ kernel + bias, parts, axis=1)
        z, r = tf.split(tf.math.sigmoid(zr_t + m_zr), 2, axis=1)
        n = tf.math.tanh(n_t + r * m_n)
        return n + z * (h - n)

    states = scan(step, (a_zr, a_n), first)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        before = tf.concat([first[None], states[:-1]], axis=0)
        m_zr, m_n = tf.split(product(before, kernel) + bias, parts, axis=-1)
        z, r = tf.split(tf.math.sigmoid(a_zr + m_zr), 2, axis=-1)
        n = tf.math.tanh(a_n + r * m_n)
        c_z = (before - n) * z * (1.0 - z)
        c_a = (1.0 - z) * (1.0 - n * n)
        c_m = c_a * r
        c_r = c_m * (1.0 - r) * m_n
        c = tf.stack([c_z, c_r, c_m], axis=2)
        back = tf.transpose(kernel)

        def adjoint(d_before: tf.Tensor, up: tf.Tensor, z_t: tf.Tensor, c_t: tf.Tensor) -> tuple[tf.Tensor, ...]:
            d = d_before + up
            d_m = tf.reshape(c_t * d[:, None, :], [-1, 3 * units])
            return z_t * d + d_m @ back, d

        d_first, d = scan(adjoint, (upstream, z, c), tf.zeros_like(first), reverse=True, emits=True)
        d_m = tf.reshape(c * d[:, :, None, :], tf.shape(gates))
        d_gates = tf.concat([tf.split(d_m, parts, axis=-1)[0], d * c_a], axis=-1)
        flat_before, flat_d_m = tf.reshape(before, [-1, units]), tf.reshape(d_m, [-1, 3 * units])
        d_kernel = tf.matmul(flat_before, flat_d_m, transpose_a=True)
        return d_gates, d_kernel, tf.reduce_sum(flat_d_m, axis=0), d_first

    return states, gradient
