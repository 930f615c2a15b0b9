"""Resample and TensorToAudio."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph.ir.types import Rate, signal
from ddspgraph.ops.rates import Resample, TensorToAudio
from tests.dsp.golden import cases
from tests.ops.checks import assert_finite, results_of, traced


def test_golden_tensor_to_audio() -> None:
    (case,) = cases("ddsp.synths.TensorToAudio")
    inputs, outputs = case.arrays()
    results = results_of(TensorToAudio(**case.params), **inputs)
    np.testing.assert_array_equal(results["signal"], outputs["signal"])
    np.testing.assert_array_equal(results["samples"], outputs["controls_samples"])


def test_linear_is_a_line_between_frames() -> None:
    op = Resample(hop_samples=8)
    frames = np.float32([[0.0, 4.0, -2.0]])[..., None]
    audio = np.array(op(frames))[0, :, 0]
    expected = np.interp(np.arange(24) / 8.0, np.arange(3), [0.0, 4.0, -2.0])
    np.testing.assert_allclose(audio, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
@pytest.mark.parametrize("add_endpoint", [True, False])
def test_type_and_length(method: str, add_endpoint: bool) -> None:
    """The compiler adds the unit: tests/compiler/test_units.py."""
    op = Resample(hop_samples=8, method=method, add_endpoint=add_endpoint)
    frames = np.random.default_rng(1).normal(size=(2, 5, 3))
    result = results_of(op, inputs=frames)["signal"]
    given = signal("batch", "frames", 3, rate=Rate.FRAME)
    inferred = op.infer({"inputs": given})["signal"]
    assert inferred.rate is Rate.AUDIO
    assert result.shape == tuple(dim.at({"batch": 2, "frames": 5}) for dim in inferred.dims)
    assert result.shape[1] == 8 * (5 if add_endpoint else 4)
    np.testing.assert_allclose(traced(op, {"inputs": frames})["signal"], result, atol=1e-5)


def test_n_samples_outside_of_a_graph() -> None:
    assert Resample(n_samples=77)(np.zeros((1, 7, 1))).shape == (1, 77, 1)


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
def test_one_frame_and_silence(method: str) -> None:
    op = Resample(hop_samples=8, method=method)
    np.testing.assert_allclose(np.array(op(np.full((1, 1, 2), 3.0))), 3.0, atol=1e-6)
    assert_finite(op, {"inputs": np.zeros((2, 4, 1))})
