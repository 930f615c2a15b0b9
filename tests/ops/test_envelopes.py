"""Lfo and ExpDecay as ops: lengths, batches, channels, types."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph.ir.op import Sizes
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import signal
from ddspgraph.ops.envelopes import ExpDecay, Lfo
from tests.ops.checks import assert_finite


def test_vibrato_around_a_pitch() -> None:
    op = Lfo(frame_rate=250.0, n_frames=1000, depth=3.0, offset=440.0)
    vibrato = np.array(op([5.0]))
    assert vibrato.shape == (1, 1000, 1)
    expected = 440.0 + 3.0 * np.sin(2.0 * np.pi * 5.0 * np.arange(1000) / 250.0)
    np.testing.assert_allclose(vibrato[0, :, 0], expected, atol=1e-3)


def test_a_graph_gives_length_and_batch() -> None:
    wave = Lfo(frame_rate=250.0).kernel(np.float32([2.0]), sizes=Sizes(3, 7, 7 * 64))
    assert wave.shape == (3, 7, 1)


def test_each_item_has_its_own_frequency() -> None:
    op = Lfo(frame_rate=100.0, n_frames=50)
    both = np.array(op([1.0, 9.0]))
    np.testing.assert_array_equal(both[1:], np.array(op([9.0])))


@pytest.mark.parametrize(
    ("amplitude", "t60", "channels"),
    [([1.0], [2.0], 1), ([[1.0, 0.5]], [2.0], 2), ([1.0], [[2.0, 1.0, 0.5]], 3), ([[1.0, 0.5]], [[2.0, 1.0]], 2)],
)
def test_channels(amplitude: list, t60: list, channels: int) -> None:
    op = ExpDecay(frame_rate=10.0, n_frames=21)
    curve = np.array(op(amplitude, t60))
    assert curve.shape == (1, 21, channels)
    ports = {"amplitude": signal(*np.shape(amplitude)), "t60": signal(*np.shape(t60))}
    assert op.infer(ports)["signal"].dims[2].size == channels
    first = np.broadcast_to(np.atleast_2d(np.transpose(amplitude)).reshape(-1), channels)
    np.testing.assert_allclose(curve[0, 0], first, rtol=1e-6)


def test_channels_that_differ() -> None:
    with pytest.raises(Mismatch, match="'amplitude' has 2 channels, 't60' 3") as caught:
        ExpDecay(frame_rate=10.0).infer({"amplitude": signal("batch", 2), "t60": signal("batch", 3)})
    assert (caught.value.code, caught.value.port) == ("E414", "t60")
    with pytest.raises(Mismatch) as caught:
        ExpDecay(frame_rate=10.0).infer({"amplitude": signal("batch", 2, 2), "t60": signal("batch")})
    assert (caught.value.code, caught.value.port) == ("E413", "amplitude")


def test_outside_of_a_graph_the_length_must_be_said() -> None:
    with pytest.raises(ValueError, match="Lfo needs n_frames"):
        Lfo(frame_rate=250.0)([1.0])
    with pytest.raises(ValueError, match="ExpDecay needs frame_rate"):
        ExpDecay(n_frames=5)([1.0], [1.0])


@pytest.mark.parametrize("shape", ["sine", "triangle", "square", "saw"])
@pytest.mark.parametrize("frequency_hz", [0.0, 125.0, -3.0, 1e6])
def test_edges_are_finite(shape: str, frequency_hz: float) -> None:
    assert_finite(Lfo(frame_rate=250.0, n_frames=20, shape=shape), {"frequency_hz": [frequency_hz]})
    assert_finite(Lfo(frame_rate=250.0, n_frames=1, shape=shape), {"frequency_hz": [frequency_hz]})


@pytest.mark.parametrize("t60", [0.0, -1.0, 1e-8, 1e8])
def test_decay_edges_are_finite(t60: float) -> None:
    assert_finite(ExpDecay(frame_rate=250.0, n_frames=20), {"amplitude": [[0.0, 1e6]], "t60": [[t60, t60]]})
