"""Curves against NumPy's interpolation and sequences against whole numbers, hours after they began too."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.ir.op import Sizes
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import Rate, signal
from ddspgraph.ops.curves import Curve, Sequence
from tests.ops.checks import assert_finite
from tests.streaming.proof import random_blocks, run_stream

RNG = np.random.default_rng(4)


def _curve(n: int, times: np.ndarray, values: np.ndarray, **how: object) -> np.ndarray:
    op = Curve(rate="audio", sample_rate=1000.0, length=n, **how)  # type: ignore[arg-type]
    return np.array(op(times[None], values[None]))[0]


@pytest.mark.parametrize("points", [1, 2, 3, 40])
def test_lines_are_those_of_numpy(points: int) -> None:
    times, values = np.sort(RNG.uniform(-0.1, 1.1, points)), RNG.normal(size=points)
    expected = np.interp(np.arange(1000) / 1000.0, times.astype(np.float32), values)
    # The roundings of the numbers add up, and times are off by 2e-7 of themselves, where lines are steep.
    np.testing.assert_allclose(_curve(1000, times, values), expected, atol=1e-5 if points == 40 else 1e-6)


def test_smooth_and_step() -> None:
    times, values = np.array([0.1, 0.3, 0.6]), np.array([1.0, -1.0, 2.0])
    u = np.clip((np.arange(1000) / 1000.0 - times[:2, None]) / np.diff(times)[:, None], 0.0, 1.0)
    smooth = 1.0 + np.diff(values) @ (3 * u**2 - 2 * u**3)
    np.testing.assert_allclose(_curve(1000, times, values, interpolation="smooth"), smooth, atol=1e-6)
    step = np.repeat([1.0, -1.0, 2.0], [300, 300, 400])
    np.testing.assert_array_equal(_curve(1000, times, values, interpolation="step"), step)


def test_two_points_at_one_time_are_a_jump() -> None:
    y = _curve(8, np.array([0.0, 0.004, 0.004, 0.008]), np.array([0.0, 4.0, -1.0, 3.0]))
    np.testing.assert_allclose(y, [0, 1, 2, 3, -1, 0, 1, 2], atol=1e-6)


def test_an_hour_later_it_is_as_exact() -> None:
    """The end of a line an hour long, and a line of 3.9 ms after it."""
    rate, hour = 48_000, 3600
    op = Curve(rate="audio", sample_rate=rate)
    block = Block(1, 0, start=tf.constant(hour * rate - 2, tf.int64), samples=202)
    given = {"times": tf.constant([[0.0, hour, hour + 1 / 256]]), "values": tf.constant([[0.0, 1.0, 2.0]])}
    y = np.array(op.stream_step({}, given, block)[1]["signal"])[0]
    expected = np.concatenate(
        [1.0 - np.arange(2, 0, -1) / (hour * rate), 1.0 + np.minimum(np.arange(200) / 187.5, 1.0)]
    )
    np.testing.assert_allclose(y, expected, atol=2e-7)


def test_gradients_are_differences() -> None:
    times, values, weights = np.array([0.0113, 0.0287, 0.0571]), np.array([1.0, -1.0, 2.0]), RNG.normal(size=70)
    tensors = [tf.constant(x[None], tf.float32) for x in (times, values)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        op = Curve(rate="audio", sample_rate=1000.0, length=70)
        total = tf.reduce_sum(op(*tensors) * tf.constant(weights, tf.float32))

    def value(which: int, i: int, step: float) -> float:
        ends = [times.copy(), values.copy()]
        ends[which][i] += step
        return float(np.interp(np.arange(70) / 1000.0, *ends) @ weights)

    for which, found in enumerate(tape.gradient(total, tensors)):
        expected = [(value(which, i, 1e-8) - value(which, i, -1e-8)) / 2e-8 for i in range(3)]
        np.testing.assert_allclose(np.array(found)[0], expected, rtol=1e-3, atol=1e-3)


def test_a_point_out_of_order() -> None:
    """It is taken at the time of the one before it, and W128 says so (tests/errors/curve_out_of_order.yaml)."""
    wrong = _curve(100, np.array([0.0, 0.05, 0.02, 0.08]), np.array([0.0, 1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(wrong, _curve(100, np.array([0.0, 0.05, 0.05, 0.08]), np.array([0.0, 1.0, 2.0, 3.0])))


@pytest.mark.parametrize("interpolation", ["linear", "smooth", "step"])
def test_edges_are_finite(interpolation: str) -> None:
    for times in ([0.0, 0.0], [1e30, -1e30], [-1e30, 1e30], [1e-30, 2e-30]):
        op = Curve(frame_rate=250.0, length=1, interpolation=interpolation)
        assert_finite(op, {"times": [times], "values": [[1.0, -3.0]]})
    assert Curve(frame_rate=250.0).kernel(*np.zeros([2, 1, 3]), sizes=Sizes(0, 5, None)).shape == (0, 5, 1)
    with pytest.raises(ValueError, match="Curve needs length"):
        Curve(frame_rate=250.0)(*np.zeros([2, 1, 3]))
    with pytest.raises(ValueError, match="Curve needs sample_rate"):
        Curve(rate="audio", length=3)(*np.zeros([2, 1, 3]))


def _steps(n: int, tempo: Fraction, rate: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The step at each time in whole numbers, and whether less than half of it is over."""
    places = [i * tempo * 4 / 60 / rate for i in range(n)]
    return np.array([int(p) % n_steps for p in places]), np.array([p % 1 < Fraction(1, 2) for p in places])


@pytest.mark.parametrize(("tempo", "rate"), [(120, 250), (100, 250), (77, 375), (133, 1000)])
def test_steps_begin_on_time(tempo: int, rate: int) -> None:
    values = np.array([60.0, 63.0, 67.0, 70.0, 58.0])
    op = Sequence(frame_rate=rate, length=5_000)
    found = op.signals(values[None], [float(tempo)])
    step, is_open = _steps(5_000, Fraction(tempo), rate, 5)
    np.testing.assert_array_equal(found["signal"][0, :, 0], values[step])
    np.testing.assert_array_equal(found["gate"][0, :, 0], is_open)


def test_a_tempo_that_does_not_move_is_the_constant() -> None:
    values, gates = RNG.normal(size=(2, 3)), np.array([[1.0, 0.0, 0.5]])
    moving = Sequence(rate="audio", sample_rate=1000.0)
    tempo = np.array([[133.0], [90.0]])
    fixed = Sequence(rate="audio", sample_rate=1000.0, length=3_000).signals(values, tempo[:, 0], gates, [0.25])
    found = moving.signals(values, np.repeat(tempo, 3_000, axis=1), gates, [0.25])
    for name, x in fixed.items():
        assert (
            np.mean(np.array(found[name]) != x) < 2e-3
        )  # where a step begins at a sample, the sum may be a rounding off
    assert set(np.unique(found["gate"])) == {0.0, np.float32(0.5), 1.0}


def test_a_tempo_that_rises() -> None:
    tempo = np.linspace(60.0, 240.0, 2_000)
    places = np.concatenate([[0.0], np.cumsum(tempo)[:-1]]) * 4 / 60 / 1000.0
    op = Sequence(rate="audio", sample_rate=1000.0)
    y = np.array(op(np.arange(8.0)[None], tempo[None]))[0]
    np.testing.assert_array_equal(y, np.floor(places + 1e-7) % 8)


def test_gradients_reach_the_values() -> None:
    values = tf.Variable([[1.0, 2.0, 3.0]])
    with tf.GradientTape() as tape:
        y = Sequence(frame_rate=10.0, length=6, steps_per_beat=1)(values, [300.0])
    np.testing.assert_array_equal(y[0, :, 0], [1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(tape.gradient(y, values).numpy(), [[2.0, 2.0, 2.0]])


def test_what_the_tempo_may_be() -> None:
    values = signal("batch", 4)
    with pytest.raises(Mismatch, match="takes a constant or frame-rate values") as caught:
        Sequence().infer({"values": values, "tempo": signal("batch", "samples", rate=Rate.AUDIO)})
    assert caught.value.code == "E411"
    with pytest.raises(Mismatch, match="one number at a time") as caught:
        Sequence().infer({"values": values, "tempo": signal("batch", 2)})
    assert caught.value.code == "E414"


def test_an_arpeggio_streams() -> None:
    spec = """
version: 2
name: arpeggio
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: 400 ms}
inputs: {tempo: {rate: frame}}
nodes:
  notes: {op: sequence, inputs: {values: [57, 60, 64, 69], tempo: 120, gates: [1, 1, 0, 1]}}
  faster: {op: sequence, inputs: {values: [57, 60, 64], tempo: tempo}}
  slide: {op: curve, inputs: {times: [0 s, 0.3 s], values: [440 Hz, 220 Hz]}, params: {rate: audio}}
outputs: {notes: notes, gate: notes/gate, faster: faster, slide: slide}
"""
    model = dg.compile(spec)
    inputs = {"tempo": RNG.uniform(80.0, 900.0, (1, 100, 1)).astype(np.float32)}
    offline, stream = model(inputs), run_stream(dg.compile_stream(model), inputs, random_blocks(100, RNG))
    for name, x in offline.items():
        np.testing.assert_allclose(stream[name], x, atol=1e-4 if name == "slide" else 0.0, err_msg=name)
