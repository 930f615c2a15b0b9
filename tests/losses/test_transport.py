"""Earth mover's distance against SciPy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ddspgraph.losses.transport import wasserstein_consistency, wasserstein_distance
from tests.dsp.gradients import assert_finite, assert_gradient, assert_one_trace

RNG = np.random.default_rng(8)


def sets(*shape: int) -> tuple[np.ndarray, ...]:
    u, v = RNG.uniform(50.0, 2000.0, (2, *shape))
    u_weights, v_weights = RNG.uniform(0.1, 1.0, (2, *shape))
    return u, v, u_weights, v_weights


def test_equal_sums_are_scipys() -> None:
    u, v, u_weights, v_weights = sets(7, 6)
    u_weights /= u_weights.sum(axis=-1, keepdims=True)
    v_weights /= v_weights.sum(axis=-1, keepdims=True)
    expected = [stats.wasserstein_distance(*row) for row in zip(u, v, u_weights, v_weights, strict=True)]
    np.testing.assert_allclose(wasserstein_distance(u, v, u_weights, v_weights), expected, rtol=1e-4)


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0])
def test_unequal_sums_by_hand(p: float) -> None:
    """1 unit at 0 and 3 at 10: the staircase U - V is 1 from 0 to 10; a third point at 30 holds it at -2."""
    assert wasserstein_distance([0.0], [10.0], [1.0], [3.0], p).numpy() == pytest.approx(10.0 ** (1.0 / p), rel=1e-5)
    result = wasserstein_distance([0.0, 30.0], [10.0], [1.0, 0.0], [3.0], p).numpy()
    assert result == pytest.approx((10.0 + 2.0**p * 20.0) ** (1.0 / p), rel=1e-5)


def test_it_is_a_distance() -> None:
    u, v, u_weights, v_weights = sets(3, 6)
    one = wasserstein_distance(u, v, u_weights, v_weights)
    np.testing.assert_allclose(wasserstein_distance(v, u, v_weights, u_weights), one, rtol=1e-4)
    order = RNG.permutation(6)
    np.testing.assert_allclose(wasserstein_distance(u[:, order], v, u_weights[:, order], v_weights), one, rtol=1e-4)
    np.testing.assert_allclose(wasserstein_distance(u, u, u_weights, u_weights), 0.0, atol=1e-3)


def test_consistency_in_semitones_and_in_hertz() -> None:
    amps = np.ones((1, 3, 1))
    low, high = np.full((1, 3, 1), 440.0), np.full((1, 3, 1), 880.0)
    assert wasserstein_consistency(amps, low, amps, high).numpy() == pytest.approx(12.0)
    # magenta/ddsp answers 0.0 whatever the frequencies are.
    assert wasserstein_consistency(amps, low, amps, high, midi=False).numpy() == pytest.approx(440.0)


def test_one_trace() -> None:
    assert_one_trace(wasserstein_distance, sets(3, 6), sets(1, 1), sets(2, 9), atol=1e-2)


def test_gradients() -> None:
    places = RNG.permutation(np.linspace(0.1, 2.0, 20)).reshape(2, 2, 5)  # apart enough to keep their order
    weights = RNG.uniform(0.1, 1.0, (2, 2, 5))
    for p in (2.0, 3.0):  # |U - V| has kinks where the staircases cross
        assert_gradient(lambda *a, p=p: wasserstein_distance(*a, p=p), *places, *weights, step=2e-3)
    assert_gradient(wasserstein_distance, [[1.0, 2.0]], [[3.0, 4.0]], [[0.4, 0.8]], [[0.3, 0.2]])
    for p in (0.5, 1.0, 2.0):
        assert_finite(lambda *a, p=p: wasserstein_distance(*a, p=p), *np.zeros((4, 2, 5)))


def test_order_must_be_positive() -> None:
    with pytest.raises(ValueError, match="above 0, not 0"):
        wasserstein_distance([0.0], [1.0], [1.0], [1.0], 0.0)
