"""Wave shapers against their curves in float64, means by quadrature, and what folds back of a sine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph.ops.shapers import Waveshaper
from tests.ops.checks import assert_finite, traced

RNG = np.random.default_rng(2)
CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "clip": lambda u: np.clip(u, -1.0, 1.0),
    "cubic": lambda u: 1.5 * np.clip(u, -1.0, 1.0) - 0.5 * np.clip(u, -1.0, 1.0) ** 3,
    "fold": lambda u: 2.0 / np.pi * np.arcsin(np.sin(np.pi / 2.0 * u)),
    "diode": np.arcsinh,
}


def mean_on_lines(shape: str, u: np.ndarray, before: float = 0.0, n: int = 4_001) -> np.ndarray:
    """By the rule of midpoints, on lines of float64."""
    parts = (np.arange(n) + 0.5) / n
    earlier = np.concatenate([[before], u[:-1]])
    return CURVES[shape](earlier[:, None] + parts * (u - earlier)[:, None]).mean(axis=1)


def _samples() -> np.ndarray:
    """Steps of every size from equal samples to 40, small ones at the corners of the curves."""
    sizes = np.concatenate([[0.0, 0.0], 10.0 ** np.linspace(-9, 1.6, 60)])
    walks = [start + np.cumsum(RNG.choice([-1, 1], 62) * sizes) for start in (0.0, 1.0, -1.0, 3.0)]
    return np.float64(np.float32(np.concatenate([*walks, RNG.normal(0.0, 3.0, 200)])))


@pytest.mark.parametrize("shape", list(CURVES))
def test_the_curve(shape: str) -> None:
    u = _samples()
    y = np.array(Waveshaper(shape=shape, antialias=0)(u[None]))[0]
    np.testing.assert_allclose(y, CURVES[shape](u), rtol=1e-6, atol=4e-6)  # a folder's sample of 40 is 4e-6 off


@pytest.mark.parametrize("shape", list(CURVES))
def test_the_mean_between_samples(shape: str) -> None:
    u = _samples()
    y = np.array(Waveshaper(shape=shape)(u[None]))[0]
    # Of the oracle's midpoints: a corner lies up to half of 40 / 4001 off its place.
    np.testing.assert_allclose(y, mean_on_lines(shape, u), rtol=2e-6, atol=8e-6)


@pytest.mark.parametrize("shape", list(CURVES))
@pytest.mark.parametrize("antialias", [0, 1])
def test_gradients(shape: str, antialias: int) -> None:
    """In the sound, its drive and its bias; two samples are equal."""
    x, drive_db, bias, weights = RNG.uniform(-1.3, 1.3, 30), 5.0, 0.3, RNG.normal(size=30)
    x[7] = x[6]
    tensors = [tf.constant(v, tf.float32) for v in (x[None], [[drive_db]], [[bias]])]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = Waveshaper(shape=shape, antialias=antialias)(*tensors)
        total = tf.reduce_sum(y * tf.constant(weights, tf.float32))
    found = np.concatenate([np.ravel(g) for g in tape.gradient(total, tensors)])

    def value(at: np.ndarray) -> float:
        u = at[:30] * 10.0 ** (at[30] / 20.0) + at[31]
        bent = mean_on_lines(shape, u, at[31], 40_001) if antialias else CURVES[shape](u)
        return float(bent @ weights)

    at = np.concatenate([x, [drive_db, bias]])
    steps = 1e-4 * np.eye(32)
    expected = np.array([(value(at + step) - value(at - step)) / 2e-4 for step in steps])
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("shape", list(CURVES))
def test_less_of_a_sine_folds_back(shape: str) -> None:
    """Of 1245 Hz at 44.1 kHz, 20 dB into the curve: what lies between the partials below 5 kHz, against the first."""
    n, cycles = 1 << 14, 463
    sine = np.sin(2 * np.pi * cycles * np.arange(2 * n) / n)[None]
    folded = {}
    for antialias in (0, 1):
        y = np.array(Waveshaper(shape=shape, antialias=antialias)(sine, [[20.0]]))[0, n:].astype(float)
        spectrum = np.abs(np.fft.rfft(y))
        bins = np.arange(len(spectrum))
        between = (bins % cycles != 0) & (bins < n * 5_000 / 44_100)
        folded[antialias] = 20 * np.log10(spectrum[between].max() / spectrum[bins % cycles == 0][1:].max())
    assert folded[1] < folded[0] - 10.0, folded


@pytest.mark.parametrize("shape", list(CURVES))
@pytest.mark.parametrize("antialias", [0, 1])
def test_edges_are_finite(shape: str, antialias: int) -> None:
    op = Waveshaper(shape=shape, antialias=antialias)
    for x in (
        np.zeros([1, 1]),
        np.zeros([0, 7]),
        np.ones([2, 5]),
        np.array([[1e30, -1e30, 0.0, 1e-30, 1.0, -1.0, 3.0]]),
    ):
        assert_finite(op, {"audio": x})
    assert_finite(op, {"audio": np.ones([1, 4]), "drive": [[200.0]], "bias": [[-3.0]]})
    x = RNG.normal(0.0, 2.0, (2, 50))
    np.testing.assert_allclose(traced(op, {"audio": x})["signal"], op(x), atol=1e-6)
