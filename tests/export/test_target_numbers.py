"""Numbers in LiteRT and ONNX: division of every sign and type, and functions of small arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph.export.targets import MODEL_FILES
from tests.export.converted import both_ways

RNG = np.random.default_rng(11)
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
#: In NumPy, whose `//` and `%` round down, and whose `fmod` rounds towards 0.
DIVISIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "floordiv": (tf.math.floordiv, np.floor_divide),
    "operator_div": (lambda x, y: x // y, np.floor_divide),
    "floormod": (tf.math.floormod, np.remainder),
    "operator_mod": (lambda x, y: x % y, np.remainder),
    "truncatediv": (tf.truncatediv, lambda x, y: (x - np.fmod(x, y)) // y),
    "truncatemod": (tf.truncatemod, np.fmod),
}


def operands(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Of both signs, small and at the ends, divisible and not."""
    info = np.iinfo(dtype)
    x = RNG.integers(info.min, info.max, 400, dtype, endpoint=True)
    y = RNG.integers(info.min, info.max, 400, dtype, endpoint=True)
    y[:200] >>= RNG.integers(1, info.bits - 2, 200).astype(dtype)
    y[200:220] = x[200:220]
    small = np.arange(-7, 8) if info.min else np.arange(15)
    x, y = np.concatenate([x, np.repeat(small, 15)]), np.concatenate([y, np.tile(small, 15)])
    # No number has a quotient by 0, and the lowest none by -1.
    kept = (y != 0) & ~((x == info.min) & (y.astype(np.float64) == -1.0))
    return x[kept].astype(dtype), y[kept].astype(dtype)


@pytest.mark.parametrize("target", MODEL_FILES)
def test_whole_numbers_of_every_sign_and_type(target: str) -> None:
    given = {f"{side}_{dtype}": x for dtype in WHOLE for side, x in zip("xy", operands(dtype), strict=True)}

    def kinds(dtype: str) -> list[str]:
        """TensorFlow has the remainder towards 0 for two of the types."""
        return [name for name in DIVISIONS if name != "truncatemod" or dtype in ("int32", "int64")]

    def compute(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            f"{name}_{dtype}": DIVISIONS[name][0](given[f"x_{dtype}"], given[f"y_{dtype}"])
            for dtype in WHOLE
            for name in kinds(dtype)
        }

    wanted, found = both_ways(compute, target, given)
    for dtype in WHOLE:
        x, y = given[f"x_{dtype}"], given[f"y_{dtype}"]
        for name in kinds(dtype):
            key = f"{name}_{dtype}"
            np.testing.assert_array_equal(wanted[key], DIVISIONS[name][1](x, y), err_msg=f"TensorFlow: {key}")
            # LiteRT has no unsigned words: a signed one has their bits.
            np.testing.assert_array_equal(found[key].astype(dtype), wanted[key], err_msg=key)


@pytest.mark.parametrize("target", MODEL_FILES)
def test_fractions_of_every_sign(target: str) -> None:
    # Sixteenths, so that no quotient is rounded to a whole number that it is not.
    x = (RNG.integers(-1000, 1000, 300) / 16).astype(np.float32)
    y = (RNG.integers(1, 150, 300) * RNG.choice([-1, 1], 300) / 16).astype(np.float32)

    def compute(x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: ours(x, y) for name, (ours, _) in DIVISIONS.items()}

    wanted, found = both_ways(compute, target, {"x": x, "y": y})
    for name in DIVISIONS:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)
    np.testing.assert_array_equal(found["floormod"], np.remainder(x, y))


@pytest.mark.parametrize("target", MODEL_FILES)
def test_a_long_phase_keeps_its_remainder(target: str) -> None:
    x = RNG.uniform(-1e6, 1e6, 300).astype(np.float32)
    _, found = both_ways(lambda x: {"y": x % 0.3}, target, {"x": x})
    np.testing.assert_array_equal(found["y"], np.remainder(x, np.float32(0.3)))


@pytest.mark.parametrize("target", MODEL_FILES)
def test_a_constant_on_either_side_and_shifts(target: str) -> None:
    x = np.array([-9, -8, -1, 1, 7, 2**40 + 3, -(2**40) - 3], np.int64)

    def compute(x: tf.Tensor) -> dict[str, tf.Tensor]:
        narrow = tf.cast(tf.clip_by_value(x, -100, 100), tf.int32)
        return {
            "by": x // -7,
            "of": tf.constant(2**50 + 1, tf.int64) // x,
            "rest_of": tf.constant(-(2**50), tf.int64) % x,
            "bits": tf.bitwise.bitwise_and(x, tf.constant(255, tf.int64)),
            "halved": tf.bitwise.right_shift(x, tf.constant(1, tf.int64)),
            "narrow": narrow // 5 + narrow % -3,
        }

    wanted, found = both_ways(compute, target, {"x": x})
    for name, y in wanted.items():
        np.testing.assert_array_equal(found[name], y, err_msg=name)


#: Relative errors: of `log1p` and `expm1` and what is made of them, in units of the last place of float32 (6e-8).
TINY = np.concatenate([10.0 ** np.arange(-30.0, 1.5, 0.25), np.linspace(0.3, 0.4, 21), [5.0, 40.0, 88.0]])
FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[[np.ndarray], np.ndarray], np.ndarray]] = {
    "log1p": (tf.math.log1p, np.log1p, np.concatenate([TINY, -TINY[TINY < 0.95]])),
    "log_of_sum": (lambda x: tf.math.log(1.0 + x) + tf.math.log1p(x), lambda x: 2.0 * np.log1p(x), TINY[TINY > 0.2]),
    "expm1": (tf.math.expm1, np.expm1, np.concatenate([TINY[TINY < 20], -TINY])),
    "softplus": (tf.math.softplus, lambda x: np.logaddexp(0.0, x), np.concatenate([TINY, -TINY[TINY < 80]])),
}


@pytest.mark.parametrize("target", MODEL_FILES)
def test_functions_of_small_arguments(target: str) -> None:
    given = {name: x.astype(np.float32) for name, (_, _, x) in FUNCTIONS.items()}

    def compute(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        return {f"y_{name}": FUNCTIONS[name][0](x) for name, x in given.items()}

    _, found = both_ways(compute, target, given)
    for name, (_, exact, _) in FUNCTIONS.items():
        wanted = exact(given[name].astype(np.float64))
        np.testing.assert_allclose(found[f"y_{name}"], wanted, rtol=1e-6, atol=1e-37, err_msg=name)
