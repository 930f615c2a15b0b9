"""The portable form of a function: in float32 and integers, without transforms, it computes what the function does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph.dsp import random
from ddspgraph.export.portable import NotPortable, dft, doubles, portable, portable_array

RNG = np.random.default_rng(3)


def told(compute: Callable[..., Any], target: str, **given: Any) -> tuple[Any, Any, Any]:
    """A function of named arrays, and its portable form: both results, and the form."""
    specs = {name: tf.TensorSpec(np.shape(x), np.asarray(x).dtype, name) for name, x in given.items()}
    function = tf.function(lambda **x: {"y": compute(**x)}, autograph=False).get_concrete_function(**specs)
    form = portable(function, target)
    outside = {name: tf.constant(portable_array(np.asarray(x), target)) for name, x in given.items()}
    return function(**{n: tf.constant(x) for n, x in given.items()})["y"].numpy(), form(**outside)["y"].numpy(), form


def lacks(form: Any, *dtypes: tf.DType) -> bool:
    return not {t.dtype for op in form.graph.get_operations() for t in op.outputs} & set(dtypes)


@pytest.mark.parametrize("length", [1, 2, 7, 64, 97, 512, 513, 600, 1021, 1024, 2048, 6075])
def test_transforms_are_those_of_numpy(length: int) -> None:
    x = RNG.standard_normal([2, 3, length]).astype(np.float32)
    real, imaginary = dft.rfft(tf.constant(x), length)
    wanted = np.fft.rfft(x.astype(np.float64))
    peak = np.abs(wanted).max()
    np.testing.assert_allclose(real, wanted.real, atol=2e-6 * peak)
    np.testing.assert_allclose(imaginary, wanted.imag, atol=2e-6 * peak)
    np.testing.assert_allclose(dft.irfft((real, imaginary), length), x, atol=2e-5)


@pytest.mark.parametrize("n", [5, 700])
def test_a_real_transform_crops_and_pads(n: int) -> None:
    x = RNG.standard_normal([2, n]).astype(np.float32)
    real, imaginary = dft.rfft(tf.constant(x), 600)
    found = np.asarray(real) + 1j * np.asarray(imaginary)
    np.testing.assert_allclose(found, np.fft.rfft(x.astype(np.float64), 600), atol=1e-4)


def as_pair(x: np.ndarray) -> Any:
    halves = portable_array(x, "litert")
    return tf.constant(halves[..., 0]), tf.constant(halves[..., 1])


def of_pair(pair: Any) -> np.ndarray:
    return np.asarray(pair[0], np.float64) + np.asarray(pair[1], np.float64)


@pytest.mark.parametrize(
    ("ours", "numpys"),
    [
        (doubles.add, np.add),
        (doubles.subtract, np.subtract),
        (doubles.multiply, np.multiply),
        (doubles.divide, np.divide),
    ],
)
def test_two_float32_hold_48_bits(ours: Any, numpys: Any) -> None:
    a, b = RNG.uniform(1e-3, 1e5, [2, 1000])
    np.testing.assert_allclose(of_pair(ours(as_pair(a), as_pair(b))), numpys(a, b), rtol=2e-13, atol=1e-9)


def test_whole_numbers_of_doubles() -> None:
    a = np.concatenate([RNG.uniform(-1e6, 1e6, 500), np.arange(-5.0, 5.0), 2.0**30 + RNG.uniform(0, 1, 50)])
    np.testing.assert_array_equal(of_pair(doubles.floor(as_pair(a))), np.floor(of_pair(as_pair(a))))
    np.testing.assert_array_equal(
        of_pair(doubles.rounded(as_pair(a + 0.25))), np.floor(of_pair(as_pair(a + 0.25)) + 0.5)
    )


@pytest.mark.parametrize("exclusive", [False, True])
def test_a_long_sum_of_doubles(exclusive: bool) -> None:
    a = RNG.uniform(0.0, 0.06, [2, 5000, 1])
    ours = of_pair(doubles.cumsum(as_pair(a), 1, exclusive))
    wanted = np.cumsum(a, axis=1) - (a if exclusive else 0.0)
    np.testing.assert_allclose(ours, wanted, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(of_pair(doubles.total(as_pair(a), 1)), a.sum(1, keepdims=True), rtol=1e-12)


def test_spectra_without_complex_numbers() -> None:
    def filtered(x: tf.Tensor) -> tf.Tensor:
        spectrum = tf.signal.rfft(x, [96]) * tf.complex(tf.linspace(1.0, 0.0, 49), 0.5)
        return tf.signal.irfft(tf.concat([spectrum[:, :20], tf.zeros_like(spectrum[:, 20:])], axis=1), [96])

    wanted, found, form = told(filtered, "onnx", x=RNG.standard_normal([2, 90]).astype(np.float32))
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert lacks(form, tf.complex64)


def test_complex_and_float64_state_goes_in_and_out_as_two_numbers() -> None:
    spectrum = (RNG.standard_normal([2, 5]) + 1j * RNG.standard_normal([2, 5])).astype(np.complex64)
    wanted, found, _ = told(lambda s: s * s, "onnx", s=spectrum)
    np.testing.assert_allclose(found, np.stack([wanted.real, wanted.imag], -1), rtol=1e-5)
    wanted, found, _ = told(lambda p: p - tf.floor(p), "litert", p=RNG.uniform(0.0, 1e4, [7]))
    np.testing.assert_allclose(found.astype(np.float64).sum(-1), wanted, atol=1e-9)


def test_phase_without_float64() -> None:
    def phase(f0_hz: tf.Tensor) -> tf.Tensor:
        cycles = tf.cumsum(tf.cast(f0_hz, tf.float64) * (64 / 16000), axis=1)
        return tf.cast(cycles - tf.floor(cycles), tf.float32)

    wanted, found, form = told(phase, "litert", f0_hz=RNG.uniform(50, 4000, [2, 1000]).astype(np.float32))
    np.testing.assert_allclose(found, wanted, atol=1e-7)
    assert lacks(form, tf.float64)


@pytest.mark.parametrize("seed", [0, 7, -3, 2**31 - 1])
def test_the_same_noise_without_unsigned_words(seed: int) -> None:
    wanted, found, form = told(lambda seed: random.uniform_noise(999, seed), "litert", seed=np.int32(seed))
    np.testing.assert_array_equal(found, wanted)
    assert lacks(form, tf.uint32)


@pytest.mark.parametrize("seed", [5 << 40, -(2**62) + 12345])
def test_the_same_noise_of_a_seed_of_64_bits(seed: int) -> None:
    for target in ("litert", "onnx"):
        wanted, found, _ = told(lambda seed: random.uniform_noise(64, seed), target, seed=np.int64(seed))
        np.testing.assert_array_equal(found, wanted)


def test_loops_carry_pairs_and_lists() -> None:
    def resonator(x: tf.Tensor) -> tf.Tensor:
        kept = tf.TensorArray(tf.float32, size=20)

        def step(i: tf.Tensor, z: tf.Tensor, out: tf.TensorArray) -> Any:
            z = z * tf.constant(0.9 + 0.3j, tf.complex64) + tf.cast(x[:, i], tf.complex64)
            return i + 1, z, out.write(i, tf.math.real(z))

        first = (0, tf.zeros([2], tf.complex64), kept)
        return tf.while_loop(lambda i, *_: i < 20, step, first)[2].stack()

    for target in ("litert", "onnx"):
        wanted, found, form = told(resonator, target, x=RNG.standard_normal([2, 20]).astype(np.float32))
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
        assert lacks(form, tf.complex64, tf.variant)


def test_a_branch_that_a_value_decides() -> None:
    def either(x: tf.Tensor) -> tf.Tensor:
        return tf.cond(
            tf.reduce_sum(x) > 0.0, lambda: tf.cast(x, tf.float64) * 3.0, lambda: tf.cast(x, tf.float64) - 1.0
        )

    for sign in (1.0, -1.0):
        wanted, found, _ = told(either, "litert", x=np.full([4], sign, np.float32))
        np.testing.assert_allclose(found.astype(np.float64).sum(-1), wanted, rtol=1e-12)


@pytest.mark.parametrize("x", [-30.0, -1.0, 0.0, 1e-8, 1e-3, 4.0, 80.0])
def test_a_softplus_in_other_words(x: float) -> None:
    wanted, found, _ = told(lambda x: tf.nn.softplus(x), "onnx", x=np.float32(x))
    np.testing.assert_allclose(found, wanted, rtol=3e-7)


def test_what_has_no_other_words_is_named() -> None:
    with pytest.raises(NotPortable, match="Erfinv"):
        told(lambda x: tf.cast(tf.math.erfinv(tf.cast(x, tf.float64)), tf.float32), "litert", x=np.float32(0.5))
