"""FilteredNoise: its level and spectrum, and where its randomness comes from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal as scipy_signal

from ddspgraph.ir.types import Unit
from ddspgraph.ops.noise import FilteredNoise
from tests.ops.checks import assert_finite, results_of, traced

PLAIN = {"scale_fn": None, "hop_samples": 64}


def test_flat_magnitudes_give_uniform_white_noise() -> None:
    """Uniform in [-1, 1], so of variance 1/3; its spectrum is flat to within what chance allows."""
    noise = np.array(FilteredNoise(**PLAIN)(np.ones((1, 2000, 65))))[0]
    assert noise.shape == (128_000,)
    assert abs(noise.mean()) < 0.01
    np.testing.assert_allclose(noise.std(), np.sqrt(1.0 / 3.0), rtol=0.01)
    assert np.abs(noise).max() <= 1.0 + 1e-4
    _, power = scipy_signal.welch(noise, nperseg=256)
    np.testing.assert_allclose(power[2:-2] / power[2:-2].mean(), 1.0, atol=0.25)


@pytest.mark.parametrize("window_size", [0, 65, 257])
def test_spectrum_follows_the_magnitudes(window_size: int) -> None:
    """Bands that are 40 dB apart are heard 40 dB apart, and a change is heard when it comes."""
    bright, dark = np.full(65, 0.01), np.full(65, 0.01)
    bright[40:], dark[:24] = 1.0, 1.0
    magnitudes = np.concatenate([np.tile(dark, (500, 1)), np.tile(bright, (500, 1))])[None]
    noise = np.array(FilteredNoise(window_size=window_size, **PLAIN)(magnitudes))[0]
    for half, loud, quiet in (
        (noise[:31_000], slice(4, 40), slice(100, 124)),
        (noise[33_000:], slice(100, 124), slice(4, 40)),
    ):
        _, power = scipy_signal.welch(half, nperseg=256)
        np.testing.assert_allclose(10.0 * np.log10(power[loud].mean() / power[quiet].mean()), 40.0, atol=1.5)


def test_bias_and_scale() -> None:
    results = results_of(FilteredNoise(hop_samples=16), magnitudes=np.zeros((1, 4, 9)))
    expected = 2.0 / (1.0 + np.exp(5.0)) ** np.log(10.0) + 1e-7  # exp_sigmoid(-5)
    np.testing.assert_allclose(results["magnitudes"], expected, rtol=1e-4)
    plain = results_of(FilteredNoise(**PLAIN), magnitudes=np.full((1, 4, 9), 0.5))
    np.testing.assert_array_equal(plain["magnitudes"], np.float32(0.5))
    assert FilteredNoise(**PLAIN).input_ports()["magnitudes"].unit is Unit.LINEAR
    assert FilteredNoise().input_ports()["magnitudes"].unit is Unit.RAW


def test_randomness_is_the_seed_and_the_node() -> None:
    op = FilteredNoise(**PLAIN)
    magnitudes = np.ones((1, 50, 9), np.float32)
    one = np.array(op(magnitudes, seed=1))
    np.testing.assert_array_equal(one, np.array(op(magnitudes, seed=1)))
    assert abs(np.corrcoef(one[0], np.array(op(magnitudes, seed=2))[0])[0, 1]) < 0.06
    other_node = np.array(op.kernel(magnitudes, seed=1, stream=5)["signal"])
    assert abs(np.corrcoef(one[0], other_node[0])[0, 1]) < 0.06


def test_an_item_does_not_depend_on_its_batch() -> None:
    op = FilteredNoise(**PLAIN)
    magnitudes = np.random.default_rng(1).uniform(size=(3, 20, 9))
    whole = np.array(op(magnitudes, seed=4))
    for item in range(3):
        np.testing.assert_allclose(np.array(op(magnitudes[item : item + 1], seed=4))[0], whole[item], atol=1e-6)


def test_lengths_outside_of_a_graph() -> None:
    assert FilteredNoise()(np.zeros((1, 1000, 9))).shape == (1, 64_000)
    assert FilteredNoise(n_samples=1001)(np.zeros((2, 10, 9))).shape == (2, 1001)


def test_traced_with_open_axes() -> None:
    op, magnitudes = FilteredNoise(hop_samples=16), np.random.default_rng(1).normal(size=(2, 10, 17))
    np.testing.assert_allclose(traced(op, {"magnitudes": magnitudes})["signal"], np.array(op(magnitudes)), atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1e6, -1e6])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 2), (2, 3, 9)])
def test_edges_are_finite(value: float, shape: tuple[int, ...]) -> None:
    assert_finite(FilteredNoise(hop_samples=16), {"magnitudes": np.full(shape, value)})
    assert_finite(FilteredNoise(hop_samples=1), {"magnitudes": np.full(shape, value)})
