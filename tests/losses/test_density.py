"""Densities of sinusoids against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from ddspgraph.losses.density import kde_consistency, mixture_log_density
from tests.dsp.gradients import assert_finite, assert_gradient

RNG = np.random.default_rng(9)
AMPS_A, AMPS_B = RNG.uniform(0.1, 1.0, (2, 1, 3, 5))
HZ_A, HZ_B = RNG.uniform(400.0, 480.0, (2, 1, 3, 5))


def surprise(points: float | np.ndarray, center: float | np.ndarray, scale: float) -> np.ndarray:
    return -stats.norm.logpdf(points, center, scale)


@pytest.mark.parametrize("weights", [None, np.array([3.0, 1.0, 0.5])])
def test_mixture_is_scipys(weights: np.ndarray | None) -> None:
    points, centers = tf.constant(np.linspace(-3.0, 3.0, 13), tf.float32), tf.constant([-1.0, 0.0, 2.0])
    shares = np.full(3, 1.0 / 3.0) if weights is None else weights / weights.sum()
    expected = np.log(stats.norm.pdf(points.numpy()[:, None], centers.numpy(), 0.4) @ shares)
    np.testing.assert_allclose(mixture_log_density(points, centers, 0.4, weights), expected, rtol=1e-4)


def test_density_integrates_to_one() -> None:
    points = np.linspace(-20.0, 20.0, 4001).astype(np.float32)
    density = np.exp(mixture_log_density(tf.constant(points), tf.constant([-3.0, 4.0]), 0.7, [0.2, 5.0]))
    assert np.trapezoid(density, points) == pytest.approx(1.0, abs=1e-4)


def test_far_points_and_no_weights() -> None:
    far = mixture_log_density(tf.constant([1000.0]), tf.constant([0.0, 1.0]), 0.1)
    assert float(far[0]) == pytest.approx(-0.5 * 9990.0**2, rel=1e-4)
    centers = tf.constant([0.0, 5.0])
    silent = mixture_log_density(tf.constant([1.0]), centers, 1.0, [0.0, 0.0])
    np.testing.assert_allclose(silent, mixture_log_density(tf.constant([1.0]), centers, 1.0), rtol=1e-5)


def test_one_sinusoid_each() -> None:
    one, low, high = np.ones((1, 1, 1)), np.full((1, 1, 1), 440.0), np.full((1, 1, 1), 440.0 * 2.0 ** (1 / 12))
    only_a = kde_consistency(one, low, one, high, weight_b=0.0, weight_mean_amp=0.0, scale_b=0.7)
    assert only_a.numpy() == pytest.approx(float(surprise(1.0, 0.0, 0.7)), rel=1e-3)
    only_b = kde_consistency(one, low, one, high, weight_a=0.0, weight_mean_amp=0.0, scale_a=0.3)
    assert only_b.numpy() == pytest.approx(float(surprise(1.0, 0.0, 0.3)), rel=1e-3)
    only_amp = kde_consistency(one, low, 3.0 * one, high, weight_a=0.0, weight_b=0.0)
    assert only_amp.numpy() == pytest.approx(2.0)


def test_both_ways_round_are_the_same() -> None:
    there = kde_consistency(AMPS_A, HZ_A, AMPS_B, HZ_B, weight_a=2.0, weight_b=0.5, scale_a=0.2, scale_b=0.4)
    back = kde_consistency(AMPS_B, HZ_B, AMPS_A, HZ_A, weight_a=0.5, weight_b=2.0, scale_a=0.4, scale_b=0.2)
    assert there.numpy() == pytest.approx(back.numpy(), rel=1e-5)


def test_gradients() -> None:
    assert_gradient(
        lambda a, b, c, d: kde_consistency(a, 440.0 * b, c, 440.0 * d, scale_a=0.8, scale_b=0.8),
        *(AMPS_A, HZ_A / 440.0, AMPS_B, HZ_B / 440.0),
        step=1e-3,
    )
    assert_finite(kde_consistency, 0.0 * AMPS_A, HZ_A, AMPS_B, 0.0 * HZ_B)
    assert_finite(kde_consistency, 0.0 * AMPS_A, 0.0 * HZ_A, 0.0 * AMPS_B, 0.0 * HZ_B)
