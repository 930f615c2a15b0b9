"""Small numeric helpers whose values and gradients stay finite at 0: the guards of every other file here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from ddspgraph.lazy import tf

#: What the arguments of this package may be: tensors, NumPy arrays, numbers, nested lists.
TensorLike = Any
#: What logarithms read instead of 0.
SAFE_LOG_EPS = 1e-5


def tf_float32(x: TensorLike) -> tf.Tensor:
    """Any tensor, array, number or nested list as a float32 tensor.

    >>> dg.dsp.tf_float32([1, 2]).dtype.name
    'float32'
    """
    return tf.cast(x, tf.float32) if tf.is_tensor(x) else tf.convert_to_tensor(x, tf.float32)


def tf_float(x: TensorLike) -> tf.Tensor:
    """As `tf_float32`, but float64 tensors stay."""
    return x if tf.is_tensor(x) and x.dtype == tf.float64 else tf_float32(x)


_STATIC_SHAPES: ContextVar[bool] = ContextVar("static_shapes", default=False)


@contextlib.contextmanager
def static_shapes() -> Iterator[None]:
    """What is traced within has shapes that no value decides, as runtimes other than TensorFlow need them."""
    token = _STATIC_SHAPES.set(True)
    try:
        yield
    finally:
        _STATIC_SHAPES.reset(token)


def needs_static_shapes() -> bool:
    """Whether what is traced now is for XLA or another runtime that needs shapes that no value decides."""
    from tensorflow.python.ops import control_flow_util  # the context of a jit_compile has no public name

    return _STATIC_SHAPES.get() or control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


_PLAIN_GRADIENTS: ContextVar[bool] = ContextVar("plain_gradients", default=False)


@contextlib.contextmanager
def plain_gradients() -> Iterator[None]:
    """What is traced within has no custom gradient inside of a loop: a SavedModel cannot carry one there.

    The loader binds what a custom gradient has closed over to the tensors of the loop's forward body, which the
    gradient's own loop cannot read: TypeError.
    """
    token = _PLAIN_GRADIENTS.set(True)
    try:
        yield
    finally:
        _PLAIN_GRADIENTS.reset(token)


def needs_plain_gradients() -> bool:
    """Whether a kernel that may run in a loop must leave its gradient to TensorFlow."""
    return _PLAIN_GRADIENTS.get()


def pad_axis(x: TensorLike, padding: tuple[int, int] = (0, 0), axis: int = 0) -> tf.Tensor:
    """Pads one axis with `padding` = (before, after) zeros; `axis` may count from the end.

    >>> dg.dsp.pad_axis([1.0, 2.0], (1, 2)).numpy()
    array([0., 1., 2., 0., 0.], dtype=float32)
    """
    x = tf.convert_to_tensor(x)
    rank = x.shape.rank
    if rank is None or not -rank <= axis < rank:
        raise ValueError(f"pad_axis: axis {axis} is not one of the {rank} axes of the input")
    paddings: list[list[Any]] = [[0, 0] for _ in range(rank)]
    paddings[axis] = [padding[0], padding[1]]
    return tf.pad(x, paddings)


def diff(x: TensorLike, axis: int = -1) -> tf.Tensor:
    """First differences x[i + 1] - x[i] along `axis`, one element shorter than `x` there.

    >>> dg.dsp.diff([1.0, 4.0, 9.0]).numpy()
    array([3., 5.], dtype=float32)
    """
    x = tf.convert_to_tensor(x)
    rank = x.shape.rank
    if rank is None or not -rank <= axis < rank:
        raise ValueError(f"diff: axis {axis} is not one of the {rank} axes of the input")
    every = [slice(None)] * rank
    later, earlier = list(every), list(every)
    later[axis], earlier[axis] = slice(1, None), slice(None, -1)
    return x[tuple(later)] - x[tuple(earlier)]


def nan_to_num(x: TensorLike, value: float = 0.0) -> tf.Tensor:
    """`x` with each NaN replaced by `value`; infinities stay.

    >>> dg.dsp.nan_to_num([1.0, float("nan")]).numpy()
    array([1., 0.], dtype=float32)
    """
    x = tf.convert_to_tensor(x)
    return tf.where(tf.math.is_nan(x), tf.cast(value, x.dtype), x)


def safe_divide(numerator: TensorLike, denominator: TensorLike, eps: float = 1e-7) -> tf.Tensor:
    """numerator / denominator with `eps` in place of denominators that are exactly 0.

    >>> dg.dsp.safe_divide([1.0, 0.0], [2.0, 0.0]).numpy()
    array([0.5, 0. ], dtype=float32)
    """
    numerator, denominator = tf_float32(numerator), tf_float32(denominator)
    return numerator / tf.where(denominator == 0.0, eps, denominator)


def safe_log(x: TensorLike, eps: float = SAFE_LOG_EPS) -> tf.Tensor:
    """Natural logarithm with log(eps) where x <= 0: the gradient there is 0, never NaN.

    >>> dg.dsp.safe_log([1.0, 0.0], eps=1e-5).numpy()
    array([  0.    , -11.5129], dtype=float32)
    """

    @tf.custom_gradient
    def log(x: tf.Tensor) -> Any:  # value and gradient; called, the value alone
        positive = tf.nn.relu(x)
        # The maximum is x or eps; comparing and selecting costs TensorFlow as much as the logarithm.
        y = tf.math.log(tf.maximum(positive, eps * (1.0 - tf.sign(positive))))
        return y, lambda cotangent: tf.math.divide_no_nan(cotangent, positive)

    return log(tf_float32(x))


def safe_sqrt(x: TensorLike, eps: float = 1e-20) -> tf.Tensor:
    """Square root of max(x, 0) whose gradient is 0, not infinite, where x <= eps.

    Below `eps` the value is 0; 1e-20 is a power of -200 dB, under the float32 noise of any audio.

    >>> dg.dsp.safe_sqrt([4.0, -1.0]).numpy()
    array([2., 0.], dtype=float32)
    """
    x = tf_float32(x)
    positive = x > eps
    return tf.where(positive, tf.sqrt(tf.where(positive, x, 1.0)), 0.0)


def logb(x: TensorLike, base: float = 2.0, eps: float = 1e-5) -> tf.Tensor:
    """Logarithm to any base, log(x) / log(base), with x <= 0 read as `eps`.

    >>> dg.dsp.logb([8.0, 0.5]).numpy()
    array([ 3., -1.], dtype=float32)
    """
    return safe_divide(safe_log(x, eps), safe_log(base, eps), eps)


def log10(x: TensorLike, eps: float = 1e-5) -> tf.Tensor:
    """Decimal logarithm with x <= 0 read as `eps`.

    >>> dg.dsp.log10([100.0, 0.0]).numpy()
    array([ 2., -5.], dtype=float32)
    """
    return logb(x, base=10.0, eps=eps)


def log_scale(x: TensorLike, min_x: float, max_x: float) -> tf.Tensor:
    """Maps [-1, 1] to [min_x, max_x] along a straight line in the logarithm; both limits are positive.

    >>> dg.dsp.log_scale([-1.0, 0.0, 1.0], 10.0, 1000.0).numpy()
    array([  10.    ,  100.    , 1000.0001], dtype=float32)
    """
    unit = (tf_float32(x) + 1.0) / 2.0
    return tf.exp((1.0 - unit) * tf.math.log(tf_float32(min_x)) + unit * tf.math.log(tf_float32(max_x)))


def gradient_reversal(x: TensorLike) -> tf.Tensor:
    """The identity, with the sign of the gradient flipped (Ganin et al., JMLR 17 (2016), section 3).

    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = dg.dsp.gradient_reversal(2.0 * x)
    >>> float(y), float(tape.gradient(y, x))
    (6.0, -2.0)
    """
    x = tf_float32(x)
    return tf.stop_gradient(2.0 * x) - x
