"""Lfo and ExpDecay as ops: lengths, batches, channels, types."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.ir.op import Sizes
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import Rate, signal
from ddspgraph.ops.envelopes import ExpDecay, Lfo
from tests.ops.checks import assert_finite
from tests.streaming.proof import random_blocks, run_stream


def test_vibrato_around_a_pitch() -> None:
    op = Lfo(frame_rate=250.0, length=1000, depth=3.0, offset=440.0)
    vibrato = np.array(op([5.0]))
    assert vibrato.shape == (1, 1000, 1)
    expected = 440.0 + 3.0 * np.sin(2.0 * np.pi * 5.0 * np.arange(1000) / 250.0)
    np.testing.assert_allclose(vibrato[0, :, 0], expected, atol=1e-3)


def test_a_graph_gives_length_and_batch() -> None:
    wave = Lfo(frame_rate=250.0).kernel(np.float32([2.0]), sizes=Sizes(3, 7, 7 * 64))
    assert wave.shape == (3, 7, 1)


def test_each_item_has_its_own_frequency() -> None:
    op = Lfo(frame_rate=100.0, length=50)
    both = np.array(op([1.0, 9.0]))
    np.testing.assert_array_equal(both[1:], np.array(op([9.0])))


@pytest.mark.parametrize(
    ("amplitude", "t60", "channels"),
    [([1.0], [2.0], 1), ([[1.0, 0.5]], [2.0], 2), ([1.0], [[2.0, 1.0, 0.5]], 3), ([[1.0, 0.5]], [[2.0, 1.0]], 2)],
)
def test_channels(amplitude: list, t60: list, channels: int) -> None:
    op = ExpDecay(frame_rate=10.0, length=21)
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
    with pytest.raises(ValueError, match="Lfo needs length"):
        Lfo(frame_rate=250.0)([1.0])
    with pytest.raises(ValueError, match="ExpDecay needs frame_rate"):
        ExpDecay(length=5)([1.0], [1.0])


@pytest.mark.parametrize("shape", ["sine", "triangle", "square", "saw"])
@pytest.mark.parametrize("frequency_hz", [0.0, 125.0, -3.0, 1e6])
def test_edges_are_finite(shape: str, frequency_hz: float) -> None:
    assert_finite(Lfo(frame_rate=250.0, length=20, shape=shape), {"frequency_hz": [frequency_hz]})
    assert_finite(Lfo(frame_rate=250.0, length=1, shape=shape), {"frequency_hz": [frequency_hz]})


@pytest.mark.parametrize("t60", [0.0, -1.0, 1e-8, 1e8])
def test_decay_edges_are_finite(t60: float) -> None:
    assert_finite(ExpDecay(frame_rate=250.0, length=20), {"amplitude": [[0.0, 1e6]], "t60": [[t60, t60]]})


def _turns(hz: np.ndarray, rate: float) -> np.ndarray:
    """What a frequency has turned before each step."""
    return np.concatenate([np.zeros_like(hz[:, :1]), np.cumsum(hz, axis=1)[:, :-1]], axis=1) / rate


@pytest.mark.parametrize("rate", ["frame", "audio"])
def test_a_frequency_that_moves(rate: str) -> None:
    """At either rate the turn is the sum of the frequency; a constant one gives the wave that was read off the time."""
    hz = np.random.default_rng(1).uniform(-30.0, 80.0, (2, 3_000))
    op = Lfo(rate=rate, frame_rate=1_000.0, sample_rate=1_000.0, phase=0.5, depth=2.0, offset=1.0)
    moving = np.array(op(hz[:, :, None] if rate == "frame" else hz)).reshape(2, -1)
    expected = 1.0 + 2.0 * np.sin(2.0 * np.pi * _turns(hz, 1_000.0) + 0.5)
    np.testing.assert_allclose(moving, expected, atol=1e-5)
    still = np.array(op.with_params(length=3_000)([7.0])).ravel()
    same = np.array(op(np.full([1, 3_000, 1] if rate == "frame" else [1, 3_000], 7.0))).ravel()
    np.testing.assert_allclose(same, still, atol=1e-5)


def test_the_gradient_reaches_a_frequency_that_moves() -> None:
    rng = np.random.default_rng(2)
    hz, weights = rng.uniform(1.0, 20.0, (1, 40)), rng.normal(size=40)
    tensor = tf.constant(hz, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        total = tf.reduce_sum(Lfo(rate="audio", sample_rate=250.0)(tensor) * tf.constant(weights, tf.float32))

    def value(i: int, step: float) -> float:
        moved = hz + step * (np.arange(40) == i)
        return float(np.sin(2.0 * np.pi * _turns(moved, 250.0)[0]) @ weights)

    expected = [(value(i, 1e-6) - value(i, -1e-6)) / 2e-6 for i in range(40)]
    np.testing.assert_allclose(np.array(tape.gradient(total, tensor))[0], expected, atol=1e-4)


def test_a_decay_at_audio_rate() -> None:
    y = ExpDecay(rate="audio", sample_rate=8_000.0, length=4_000)([2.0], [0.25])
    np.testing.assert_allclose(y[0], 2.0 * 10.0 ** (-3.0 * np.arange(4_000) / 2_000), atol=1e-6)
    two = ExpDecay(rate="audio", sample_rate=8_000.0, length=9)([[2.0, 1.0]], [0.25])
    assert two.shape == (1, 9, 2)


def test_a_frequency_of_another_rate() -> None:
    with pytest.raises(Mismatch, match="takes a constant or audio-rate values") as caught:
        Lfo(rate="audio").infer({"frequency_hz": signal("batch", "frames", 1, rate=Rate.FRAME)})
    assert (caught.value.code, caught.value.port) == ("E411", "frequency_hz")


def test_vibrato_whose_speed_moves_streams() -> None:
    spec = """
version: 2
name: vibrato
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {speed: {rate: frame, unit: Hz}, fast: {rate: audio, unit: Hz}}
nodes:
  slow: {op: lfo, inputs: {frequency_hz: speed}, params: {depth: 5 Hz, offset: 440 Hz}}
  quick: {op: lfo, inputs: {frequency_hz: fast}, params: {rate: audio, shape: triangle}}
  even: {op: lfo, inputs: {frequency_hz: 300 Hz}, params: {rate: audio}}
  out: {op: multiply, inputs: [quick, even]}
outputs: {slow: slow, out: out}
"""
    model, rng = dg.compile(spec), np.random.default_rng(3)
    inputs = {
        "speed": rng.uniform(1.0, 9.0, (2, 80, 1)).astype(np.float32),
        "fast": rng.uniform(-500.0, 3_000.0, (2, 80 * 64)).astype(np.float32),
    }
    offline, later = model(inputs), run_stream(dg.compile_stream(model), inputs, random_blocks(80, rng), batch=2)
    for name, x in offline.items():
        np.testing.assert_allclose(later[name], x, rtol=1e-5, atol=1e-5, err_msg=name)
