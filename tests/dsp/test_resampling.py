"""Resampling against float64 definitions, invariants, and the arithmetic of blocks."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.dsp.frame_grid import FrameGrid, NearestGrid
from tests.dsp import reference

RATES = [(50, 3200), (50, 157), (50, 25), (1, 7), (7, 1), (13, 13), (33, 4410), (1000, 8000)]


def controls(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("n_frames", "n_samples"), RATES)
def test_linear_against_its_definition(n_frames: int, n_samples: int) -> None:
    x = controls(3, n_frames, 2)
    np.testing.assert_allclose(dsp.resample(x, n_samples), reference.resample(x, n_samples), atol=2e-6)


@pytest.mark.parametrize(("n_frames", "n_samples"), [(50, 3200), (7, 91), (1, 10), (3, 6)])
def test_window_against_its_definition(n_frames: int, n_samples: int) -> None:
    x = controls(2, n_frames, 3)
    expected = reference.resample(x, n_samples, "window")
    np.testing.assert_allclose(dsp.resample(x, n_samples, method="window"), expected, atol=2e-6)
    np.testing.assert_allclose(dsp.upsample_with_windows(x, n_samples), expected, atol=2e-6)


def test_cubic_against_its_definition() -> None:
    """At hops that divide 1024 no position is rounded; elsewhere it is off by at most 1/2048 frame."""
    x = controls(2, 20, 3)
    exact = reference.resample(x, 640, "cubic")
    np.testing.assert_allclose(dsp.resample(x, 640, method="cubic"), exact, atol=2e-6)
    exact = reference.resample(x, 500, "cubic")
    np.testing.assert_allclose(dsp.resample(x, 500, method="cubic"), exact, atol=5e-3)


def test_windows_without_endpoint_are_an_overlap_add() -> None:
    x, hop = controls(1, 6, 1), 8
    padded = np.zeros(7 * hop)
    for frame in range(6):
        window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * hop) / hop)
        padded[frame * hop : (frame + 2) * hop] += x[0, frame, 0] * window
    got = dsp.upsample_with_windows(x, 5 * hop, add_endpoint=False)
    np.testing.assert_allclose(got[0, :, 0], padded[hop : 6 * hop], atol=1e-6)


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
@pytest.mark.parametrize("add_endpoint", [True, False])
def test_constants_stay(method: str, add_endpoint: bool) -> None:
    x = np.full([2, 12, 3], -0.7, np.float32)
    y = dsp.resample(x, 132, method=method, add_endpoint=add_endpoint)
    np.testing.assert_allclose(y, np.full([2, 132, 3], -0.7), rtol=2e-6)


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic"])
def test_corners_meet_without_endpoint(method: str) -> None:
    x = controls(2, 12, 3)
    y = dsp.resample(x, 101, method=method, add_endpoint=False)
    np.testing.assert_allclose(y[:, 0], x[:, 0], rtol=1e-6)
    np.testing.assert_allclose(y[:, -1], x[:, -1], rtol=1e-5)


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
def test_ranks_lists_and_float64(method: str) -> None:
    x = controls(10).astype(np.float64)
    expected = dsp.resample(x[None, :, None], 40, method=method).numpy()[0, :, 0]
    np.testing.assert_array_equal(dsp.resample(list(x), 40, method=method), expected)
    np.testing.assert_array_equal(dsp.resample(x[None], 40, method=method)[0], expected)
    if method != "window":
        deep = dsp.resample(np.tile(x[None, :, None, None], [1, 1, 2, 3]), 40, method=method)
        np.testing.assert_array_equal(deep[0, :, 1, 2], expected)


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
def test_lengths_may_be_numpy_integers_or_tensors(method: str) -> None:
    x = controls(1, 5, 1)
    expected = dsp.resample(x, 45, method=method)
    for n in (np.int64(45), np.int32(45), tf.constant(45)):
        np.testing.assert_allclose(dsp.resample(x, n, method=method), expected, atol=1e-6)


def test_errors_name_both_numbers() -> None:
    x = controls(1, 50, 1)
    with pytest.raises(ValueError, match=r"3201 timesteps are no multiple of 50"):
        dsp.resample(x, np.int64(3201), method="window")
    with pytest.raises(ValueError, match=r"3201 timesteps are no multiple of 50"):
        dsp.resample(x, 3201, method="window")
    with pytest.raises(ValueError, match=r"25 timesteps are too few for 50 frames"):
        dsp.upsample_with_windows(x, 25)
    with pytest.raises(ValueError, match=r"'sinc' is unknown; there are nearest, linear"):
        dsp.resample(x, 100, method="sinc")
    with pytest.raises(ValueError, match=r"rank 5"):
        dsp.resample(np.ones([1] * 5), 3)
    with pytest.raises(ValueError, match=r"rank 3.*not 1"):
        dsp.upsample_with_windows(x[0, :, 0], 100)
    with pytest.raises(ValueError, match=r"0 frames can't be resampled to 8 samples"):
        dsp.resample(x[:, :0], 8)


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
def test_one_trace_serves_every_size(method: str) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None, 2]), tf.TensorSpec([], tf.int32)])
    def dynamic(x: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
        return dsp.resample(x, n, method=method)

    sizes = [(1, 10, 640), (3, 7, 42), (2, 1, 5), (1, 300, 300 * 49)]
    sizes += [] if method == "window" else [(2, 10, 63), (1, 20, 7)]
    for batch, frames, n in sizes:
        x = controls(batch, frames, 2)
        np.testing.assert_allclose(dynamic(x, n), dsp.resample(x, n, method=method), atol=2e-6)
    assert dynamic.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
@pytest.mark.parametrize("n_samples", [60, 77])
def test_gradient_is_the_transpose(method: str, n_samples: int) -> None:
    """Resampling is linear: <g, resample(x)> = <gradient, x>, exactly."""
    if method == "window" and n_samples % 10:
        n_samples += 3
    x, g = tf.constant(controls(2, 10, 3)), controls(2, n_samples, 3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = dsp.resample(x, n_samples, method=method)
    gradient = tape.gradient(y, x, g)
    np.testing.assert_allclose(np.sum(gradient * x), np.sum(g * y), rtol=1e-4)


@pytest.mark.parametrize(("n_frames", "n_samples"), [*RATES, (900, 40 * 900), (49, 49 * 41), (3, 2)])
@pytest.mark.parametrize("kind", [FrameGrid, NearestGrid])
def test_blocks_partition_the_samples(kind: type[FrameGrid], n_frames: int, n_samples: int) -> None:
    """Each sample has one slot, slots fit, and what goes to the grid comes back."""
    grid = kind(n_frames, n_samples)
    x = tf.range(n_samples)[tf.newaxis]
    on_grid = grid.to_grid(x)
    assert on_grid.shape == (1, n_frames, grid.slots)
    np.testing.assert_array_equal(grid.to_samples(on_grid), x)
    assert np.sum(np.broadcast_to(grid.sizes(), [n_frames])) == n_samples
    if kind is FrameGrid:
        position = tf.broadcast_to(grid.positions(), [n_frames, grid.slots])[tf.newaxis]
        _, expected = reference.frames_of_samples(n_frames, n_samples)
        np.testing.assert_allclose(grid.to_samples(position)[0], expected, atol=1e-12)


def test_an_hour_of_positions_is_exact() -> None:
    """3600 s at 48 kHz: products of samples and frames need 47 bits."""
    grid = FrameGrid(900_000, 3600 * 48_000 + 1)
    last = tf.constant([899_999], tf.int64)
    assert grid.start_of(last).numpy().item() == -(-899_999 * (3600 * 48_000 + 1) // 900_000)
    assert grid.frame_of(grid.start_of(last)).numpy().item() == 899_999
    assert grid.frame_of(grid.start_of(last) - 1).numpy().item() == 899_998


def test_center_crop() -> None:
    x = np.arange(22.0).reshape(1, 11, 2)
    np.testing.assert_array_equal(dsp.center_crop(x, 5), x[:, 2:9])
    assert dsp.center_crop(x, 40).shape[1] == 0
