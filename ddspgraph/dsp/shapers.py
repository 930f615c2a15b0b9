"""Wave shapers, plain and antialiased: f(u), or the mean of f on the line from one sample to the next.

The mean is what a filter of one sample, half a sample late, makes of the shaped line: partials above half of the
sample rate are weaker by what it takes, before they fold back. As (F(u_n) - F(u_(n-1))) / (u_n - u_(n-1)), F' = f, it
cancels where samples are near each other. So smooth curves are integrated by Gauss and Legendre's five points where
they are at most 1 apart, and of curves of polynomials the difference of F is written as a product with that of u.

Source: Parker, Zavalishin and Le Bivic, "Reducing the aliasing of nonlinear waveshaping using continuous-time
convolution" (DAFx 2016).
"""

from __future__ import annotations

from ddspgraph.lazy import np, tf

#: Samples that are as near to each other are one.
_ONE = 1e-6
#: What is driven harder is as loud.
_LARGEST = 1e6


def shaped(shape: str, u: tf.Tensor) -> tf.Tensor:
    """f(u).

    >>> dg.dsp.shaped("clip", tf.constant([-2.0, 0.5])).numpy()
    array([-1. ,  0.5], dtype=float32)

    Args:
      shape: 'tanh'; 'clip', straight from -1 to 1; 'cubic', 1.5 u - u^3 / 2 between the same; 'fold', which turns back
        at -1 and 1; 'diode', asinh(u), two diodes against each other.
      u: float32, any shape.
    """
    u = tf.clip_by_value(u, -_LARGEST, _LARGEST)
    if shape == "tanh":
        return tf.tanh(u)
    if shape == "diode":
        return _asinh(u)
    if shape == "fold":
        return _folded(u)[0]
    c = tf.clip_by_value(u, -1.0, 1.0)
    return c if shape == "clip" else 1.5 * c - 0.5 * c * c * c


def shaped_on_lines(shape: str, u: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """The mean of f between each sample and the one before it.

    >>> dg.dsp.shaped_on_lines("clip", tf.constant([3.0]), tf.constant([0.0])).numpy()
    array([0.8333], dtype=float32)
    """
    u, before = (tf.clip_by_value(x, -_LARGEST, _LARGEST) for x in (u, before))
    apart = u - before
    if shape in ("tanh", "diode"):
        places, weights = np.polynomial.legendre.leggauss(5)
        near = tf.clip_by_value(apart, -1.0, 1.0)
        middle = 0.5 * (u + before)
        points = [w / 2 * shaped(shape, middle + p / 2 * near) for p, w in zip(places, weights, strict=True)]
        is_near = tf.abs(apart) <= 1.0
        far = tf.where(is_near, tf.ones_like(apart), apart)
        return tf.where(is_near, tf.add_n(points), (_integral(shape, u) - _integral(shape, before)) / far)
    if shape == "fold":
        return _folded_on_lines(u, before, apart)
    is_one = tf.abs(apart) < _ONE
    apart = tf.where(is_one, tf.ones_like(apart), apart)
    return tf.where(is_one, shaped(shape, 0.5 * (u + before)), _difference(shape, u, before) / apart)


def _integral(shape: str, u: tf.Tensor) -> tf.Tensor:
    """F of the smooth curves."""
    size = tf.abs(u)
    if shape == "tanh":
        return size + tf.math.softplus(-2.0 * size)
    return u * _asinh(u) - tf.sqrt(1.0 + u * u)


def _difference(shape: str, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """F(a) - F(b) of the curves of polynomials."""
    ca, cb = tf.clip_by_value(a, -1.0, 1.0), tf.clip_by_value(b, -1.0, 1.0)
    within = 0.5 * (ca - cb) * (ca + cb)
    if shape == "cubic":
        within *= 1.5 - 0.25 * (ca * ca + cb * cb)
    return within + (tf.abs(a - ca) - tf.abs(b - cb))


def _folded_on_lines(a: tf.Tensor, b: tf.Tensor, apart: tf.Tensor) -> tf.Tensor:
    """The mean of the folder; of samples at most 1 apart that of one line, or of two that meet at a corner."""
    (va, down_a), (vb, down_b) = _folded(a), _folded(b)
    is_one_line = tf.equal(down_a, down_b)
    sign = tf.where(va + vb > 0.0, 1.0, -1.0)
    pa, pb = 1.0 - sign * va, 1.0 - sign * vb  # from the corner
    way = tf.maximum(pa + pb, 1e-30)
    corner = sign * (1.0 - 0.5 * (pa * (pa / way) + pb * (pb / way)))
    near = tf.where(is_one_line, 0.5 * (va + vb), corner)
    same = 0.5 * (va - vb) * (va + vb)
    turned = 1.0 - 0.5 * (va * va + vb * vb)
    falls = down_a > 0.0
    difference = tf.where(is_one_line, tf.where(falls, -same, same), tf.where(falls, turned, -turned))
    is_near = tf.abs(apart) <= 1.0
    return tf.where(is_near, near, difference / tf.where(is_near, tf.ones_like(apart), apart))


def _folded(u: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A wave of straight lines between -1 and 1, and 1 where it falls."""
    turn = u + 1.0 - 4.0 * tf.stop_gradient(tf.floor(0.25 * (u + 1.0)))  # 0 to 4, up to 2
    is_down = turn > 2.0
    return tf.where(is_down, 3.0 - turn, turn - 1.0), tf.cast(is_down, tf.float32)


def _asinh(u: tf.Tensor) -> tf.Tensor:
    """Odd, and exact near 0, which log(u + sqrt(1 + u^2)) is not."""
    size = tf.abs(u)
    return tf.sign(u) * tf.math.log1p(size + size * size / (1.0 + tf.sqrt(1.0 + size * size)))
