"""Delays and the effects that a slow wave moves, against closed forms, float64 loops and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal as sp
import tensorflow as tf

import ddspgraph as dg
from ddspgraph import ops
from ddspgraph.dsp.numerics import static_shapes
from ddspgraph.ir.gains import Linear, Range
from ddspgraph.ir.types import Rate, signal
from tests.export.converted import both_ways

RATE = 48_000
#: Of the peak: float32 weights of float64 delays.
ROUNDED = 2e-6


def const(*x: float) -> np.ndarray:
    return np.array([x], np.float32)


def wave(frequency_hz: float, t: Any) -> np.ndarray:
    """A sine that begins with a slope of 0 at time 0, and is 0 before."""
    t = np.asarray(t, np.float64)
    return np.where(t > 0.0, np.sin(2 * np.pi * frequency_hz * t) * (1 - np.exp(-((t / 2e-3) ** 2))), 0.0)


def times(n: int) -> np.ndarray:
    return np.arange(n) / RATE


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def read(x: np.ndarray, delay: np.ndarray, kind: str) -> np.ndarray:
    """x [n] at delays [n] in samples, by the interpolators of the textbook, in float64; silence before."""
    x = np.pad(np.asarray(x, np.float64), (80_000, 0))
    result = np.empty(len(delay))
    for n, d in enumerate(delay):
        if kind == "none":
            d = np.round(d)
        whole = int(max(np.floor(d), 1.0 if kind == "lagrange3" else 0.0))
        taps = {"none": [0], "linear": [0, 1], "lagrange3": [-1, 0, 1, 2]}[kind]
        total = 0.0
        for i in taps:  # Lagrange's polynomial of tap i at the fraction
            weight = np.prod([(d - whole - j) / (i - j) for j in taps if j != i])
            total += weight * x[80_000 + n - whole - i]
        result[n] = total
    return result


@pytest.mark.parametrize("kind", ["none", "linear", "lagrange3"])
def test_a_delay_that_moves_is_its_interpolator(kind: str) -> None:
    x = noise(1, 1, 600)
    delay = np.random.default_rng(2).uniform(-5.0, 230.0, 600)
    delay[:4] = 0.0, 0.25, 0.999, 1.0
    found = ops.Delay(sample_rate=RATE, longest=4.0, interpolation=kind)(audio=x, time=(delay / RATE)[None])
    held = np.clip((delay / RATE).astype(np.float32).astype(np.float64) * RATE, 0.0, 192.0)
    np.testing.assert_allclose(found[0], read(x[0], held, kind), atol=ROUNDED * 4)


@pytest.mark.parametrize("samples", [0.5, 0.9, 1.0, 7.3, 100.49])
def test_an_allpass_delays_by_its_fraction(samples: float) -> None:
    """Equal to SciPy's filter of the same coefficients; of a low sine, the sine of that much earlier."""
    x = noise(3, 1, 500)
    op = ops.Delay(sample_rate=RATE, longest=4.0, interpolation="allpass")
    whole = int(np.floor(samples - 0.5))
    rest = np.float64(np.float32(samples / RATE)) * RATE - whole
    a = (1 - rest) / (1 + rest)
    expected = sp.lfilter(np.r_[np.zeros(whole), a, 1.0], [1.0, a], x[0].astype(np.float64))
    np.testing.assert_allclose(op(audio=x, time=const(samples / RATE))[0], expected, atol=1e-5)
    tone = op(audio=wave(500.0, times(2000))[None], time=const(samples / RATE))[0]
    np.testing.assert_allclose(tone, wave(500.0, times(2000) - samples / RATE), atol=2e-4)


@pytest.mark.parametrize(("kind", "most"), [("linear", 4e-3), ("lagrange3", 1e-4)])
def test_a_moving_delay_bends_a_sine(kind: str, most: float) -> None:
    """x(t - d(t)) in closed form: what is left is the interpolator's own error at 1 kHz."""
    t = times(9600)
    moving = 3e-3 + 2e-3 * np.sin(2 * np.pi * 3.0 * t)
    op = ops.Delay(sample_rate=RATE, longest=10.0, interpolation=kind)
    found = op(audio=wave(1000.0, t)[None], time=moving[None])
    np.testing.assert_allclose(found[0], wave(1000.0, t - moving), atol=most)


@pytest.mark.parametrize("kind", ["linear", "lagrange3", "allpass"])
def test_gradients_reach_the_time(kind: str) -> None:
    x, weights = wave(700.0, times(800))[None], noise(4, 1, 800)
    op, at = ops.Delay(sample_rate=RATE, longest=4.0, interpolation=kind), 1.2345e-3
    time = tf.constant([[at]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(time)
        loss = tf.reduce_sum(weights * op(audio=x, time=time))

    def total(seconds: float) -> float:
        samples = seconds * RATE
        if kind != "allpass":
            return float(np.sum(weights[0] * read(x[0], np.full(800, samples), kind)))
        whole = int(np.floor(samples - 0.5))
        a = (1 - (samples - whole)) / (1 + (samples - whole))
        return float(np.sum(weights[0] * sp.lfilter(np.r_[np.zeros(whole), a, 1.0], [1.0, a], x[0])))

    expected = (total(at + 1e-9) - total(at - 1e-9)) / 2e-9
    assert float(tape.gradient(loss, time)[0, 0]) == pytest.approx(expected, rel=2e-3)


def test_taps_are_delays_and_their_gradients() -> None:
    x = noise(5, 2, 700)
    at, gains = [0.0, 1.03e-3, 6.2e-3, 1.0], [1.0, -0.5, 0.25, 0.7]
    op = ops.Multitap(sample_rate=RATE, longest=10.0)
    levels = tf.constant([gains], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(levels)
        found = op(audio=x, times=const(*at), gains=levels)
        loss = tf.reduce_sum(found * found)
    one = ops.Delay(sample_rate=RATE, longest=10.0)
    parts = np.array([one(audio=x, time=const(min(t, 0.01))) for t in at], np.float64)  # 1 s is beyond the line
    expected = np.einsum("k,kbn->bn", gains, parts)
    np.testing.assert_allclose(found, expected, atol=5e-5)  # 10 ms in float32 are not quite the end of the line
    slopes = 2.0 * np.einsum("bn,kbn->k", expected, parts)
    np.testing.assert_allclose(tape.gradient(loss, levels)[0], slopes, rtol=1e-3)


# -- what a slow wave moves ---------------------------------------------------------------------------------


def sine_wave(t: np.ndarray, rate: float, turn: float = 0.0) -> np.ndarray:
    """0 to 1, beginning at 0."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * (rate * t + turn))


def test_vibrato_is_a_delay_that_swings() -> None:
    t = times(9600)
    found = ops.Vibrato(sample_rate=RATE)(audio=wave(1000.0, t)[None], rate=const(6.0), depth=const(2e-3))
    np.testing.assert_allclose(found[0], wave(1000.0, t - 2e-3 * sine_wave(t, 6.0)), atol=1e-4)


def test_a_flanger_is_a_comb() -> None:
    """At the bottom of a swing that has no depth, the copy cancels the frequencies that it is half a turn late at."""
    t = times(4800)
    open_knobs = {"depth": const(0.0), "delay": const(1e-3), "mix": const(0.5)}
    found = np.asarray(ops.Flanger(sample_rate=RATE)(audio=wave(500.0, t)[None], **open_knobs))
    assert np.abs(found[0, 2400:]).max() < 1e-3
    found = np.asarray(ops.Flanger(sample_rate=RATE)(audio=wave(1000.0, t)[None], **open_knobs))
    np.testing.assert_allclose(np.abs(found[0, 2400:]).max(), 1.0, atol=1e-2)


def test_copies_of_a_chorus_swing_apart() -> None:
    t = times(9600)
    how = {"rate": const(1.5), "depth": const(3e-3), "delay": const(7e-3), "mix": const(0.6)}
    found = ops.Chorus(sample_rate=RATE, copies=3)(audio=wave(400.0, t)[None], **how)
    copies = [wave(400.0, t - 7e-3 - 3e-3 * sine_wave(t, 1.5, i / 3)) for i in range(3)]
    np.testing.assert_allclose(found[0], 0.4 * wave(400.0, t) + 0.6 * np.mean(copies, axis=0), atol=1e-4)


@pytest.mark.parametrize("shape", ["sine", "triangle", "square"])
def test_tremolo_swings_the_level(shape: str) -> None:
    n = np.arange(9600)
    turn = (5.0 * n / RATE) % 1.0
    swing = {"sine": sine_wave(n / RATE, 5.0), "triangle": 1 - np.abs(1 - 2 * turn), "square": turn >= 0.5}[shape]
    found = ops.Tremolo(sample_rate=RATE, shape=shape)(audio=np.ones([1, 9600]), rate=const(5.0), depth=const(0.8))
    np.testing.assert_allclose(found[0], 1.0 - 0.8 * swing, atol=1e-5)


def test_a_wave_whose_rate_moves_does_not_drift() -> None:
    """Ten minutes at 100 Hz, in one sample a turn less: the sum of the steps is exact in float64."""
    rate = np.full([1, 600 * 100], 7.0)
    found = ops.Tremolo(sample_rate=100.0)(audio=np.ones_like(rate), rate=rate, depth=const(1.0))
    np.testing.assert_allclose(found[0, -100:], 1.0 - sine_wave(np.arange(59_900, 60_000) / 100.0, 7.0), atol=1e-5)


@pytest.mark.parametrize("stages", [2, 4])
def test_a_phaser_is_a_chain_of_allpasses(stages: int) -> None:
    """One that stands still is SciPy's; half of its sum with the sound is silent at its notches."""
    x = noise(6, 1, 3000)
    knobs = {"low": const(1000.0), "high": const(1000.0)}
    found = ops.Phaser(sample_rate=RATE, stages=stages)(audio=x, **knobs, mix=const(1.0))
    c = (np.tan(np.pi * 1000.0 / RATE) - 1) / (np.tan(np.pi * 1000.0 / RATE) + 1)
    expected = x[0].astype(np.float64)
    for _ in range(stages):
        expected = sp.lfilter([-c, -1.0], [1.0, c], expected)
    np.testing.assert_allclose(found[0], expected, atol=2e-5)
    notch = RATE / np.pi * np.arctan(np.tan(np.pi * 1000.0 / RATE) * np.tan(np.pi / (2 * stages)))
    tone = np.asarray(ops.Phaser(sample_rate=RATE, stages=stages)(audio=wave(notch, times(9600))[None], **knobs))
    assert np.abs(tone[0, 4800:]).max() < 1e-3


@pytest.mark.parametrize("op", [ops.Chorus, ops.Flanger, ops.Vibrato, ops.Tremolo, ops.Phaser, ops.Delay])
@pytest.mark.parametrize("beyond", [-1e9, 1e9])
def test_knobs_beyond_their_ends_make_numbers(op: Any, beyond: float) -> None:
    x = tf.constant(noise(7, 1, 300))
    knobs = {name: tf.constant([[beyond]], tf.float32) for name in op.inputs if name != "audio"}
    with tf.GradientTape() as tape:
        tape.watch([x, *knobs.values()])
        y = op(sample_rate=RATE)(audio=x, **knobs)
        loss = tf.reduce_sum(y)
    for value in (y, *tape.gradient(loss, [x, *knobs.values()])):
        assert np.isfinite(value.numpy()).all()


# -- loops, exports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["none", "linear", "lagrange3", "allpass"])
def test_what_a_loop_is_told_is_the_delay(kind: str) -> None:
    op = ops.Delay(sample_rate=RATE, longest=10.0, interpolation=kind)
    types = {"audio": signal("batch", "samples", rate=Rate.AUDIO), "time": signal(1, 1, rate=Rate.CONST)}
    for samples in (0.0, 0.7, 1.0, 41.3):
        way = op.ways(types, {"time": Range.of(samples / RATE)}, ["audio"])["audio", "signal"]
        assert isinstance(way, Linear)
        x = np.zeros([1, 64], np.float32)
        x[0, 0] = 1.0
        found = op(audio=x, time=const(samples / RATE))
        np.testing.assert_allclose(found[0], sp.lfilter(np.ravel(way.b), np.ravel(way.a), x[0]), atol=2e-5)


def test_an_echo_around_a_delay_is_a_geometric_series() -> None:
    spec = """
version: 2
name: echoes
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {dry: {rate: audio}}
feedback:
  back: {from: softer, delay: 64 samples}
nodes:
  into: {op: add, inputs: [dry, back]}
  later: {op: delay, inputs: {audio: into, time: 6 ms}, params: {longest: 20 ms}}
  softer: {op: gain, inputs: {audio: later, gain: -6 dB}}
outputs: {wet: later}
"""
    x = np.zeros([1, 1600], np.float32)
    x[0, 0] = 1.0
    found = dg.compile(spec)({"dry": x})["wet"].numpy()[0]
    expected = np.zeros(1600)
    for turn in range(10):
        expected[96 + 160 * turn] = 10 ** (-0.3 * turn)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("target", ["litert", "onnx"])
@pytest.mark.parametrize("op", [ops.Delay, ops.Chorus])
def test_other_runtimes_do_the_same(op: Any, target: str) -> None:
    given = {"audio": noise(8, 1, 480)}
    if op is ops.Delay:
        given["time"] = np.linspace(1e-3, 4e-3, 480, dtype=np.float32)[None]
    with static_shapes():  # as an export is traced
        wanted, found = both_ways(lambda **x: op(sample_rate=RATE).signals(**x), target, given)
    np.testing.assert_allclose(found["signal"], wanted["signal"], atol=1e-4)
