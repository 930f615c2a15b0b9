"""Envelopes and held values: against loops over time in float64, their gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import signal
from ddspgraph.ops.gates import Adsr, SampleHold
from tests.ops.checks import assert_finite, traced

RNG = np.random.default_rng(5)
#: The times of a test, in seconds, at 1000 steps a second.
RATE = 1000.0


def _stages(exponential: bool) -> tuple[Callable, Callable, Callable]:
    """How an attack rises over its time, where it is at a level, how the others fall."""
    if not exponential:
        return lambda p: p, lambda q: q, lambda p: 1.0 - np.clip(p, 0.0, 1.0)
    full, end = 1.0 - np.exp(-1.5), 1e-3
    return (
        lambda p: (1.0 - np.exp(-1.5 * p)) / full,
        lambda q: -np.log(1.0 - q * full) / 1.5,
        lambda p: (1000.0 ** -np.clip(p, 0.0, 1.0) - end) / (1.0 - end),
    )


def loop(gate: np.ndarray, times: np.ndarray, exponential: bool, onset: np.ndarray | None = None) -> np.ndarray:
    """An envelope, step by step: times has rows of attack, decay, release in steps, and the sustain."""
    rise, place, fall = _stages(exponential)
    attack, decay, release, sustain = times
    y, is_open, begin, start = np.zeros(len(gate)), False, 0.0, 0.0
    a = d = r = 1.0
    for n, g in enumerate(gate):
        age = max(n - begin, 0.0)
        part = start + age / a
        if is_open:
            y[n] = rise(part) if part < 1.0 else sustain[n] + (1 - sustain[n]) * fall((age - a * (1 - start)) / d)
        else:
            y[n] = start * fall(age / r)
        if is_open != (g > 0.0):
            is_open, begin = g > 0.0, n + (onset[n] if g > 0.0 and onset is not None else 0.0)
            start = place(y[n]) if is_open else y[n]
            a, d, r = (attack[n], decay[n], r) if is_open else (a, d, release[n])
    return y


def _controls(n: int, shortest: float = 5.0, longest: float = 300.0) -> np.ndarray:
    return np.stack([*RNG.uniform(shortest, longest, (3, n)), RNG.uniform(0.0, 1.0, n)])


def _gate(n: int, changes: float) -> np.ndarray:
    return np.cumsum(RNG.random(n) < changes) % 2 * RNG.uniform(0.1, 1.0, n)


def _op(curve: str = "linear") -> Adsr:
    return Adsr(frame_rate=RATE, sample_rate=RATE, curve=curve)


def _call(op: Adsr, gate: np.ndarray, times: np.ndarray, **more: np.ndarray) -> np.ndarray:
    attack, decay, release = times[:3] / RATE
    return np.array(op(gate[None], attack[None], decay[None], times[3][None], release[None], **more))[0]


@pytest.mark.parametrize("curve", ["linear", "exponential"])
@pytest.mark.parametrize("changes", [0.004, 0.05, 0.5])
@pytest.mark.parametrize("n", [1, 7, 4_001])
def test_adsr_is_the_loop(curve: str, changes: float, n: int) -> None:
    """Notes that are held, cut off in every stage, and a gate that is noise; all controls move at every step."""
    gate, times, onset = _gate(n, changes), _controls(n), RNG.uniform(0.0, 1.0, n)
    expected = loop(gate, times, curve == "exponential", onset)
    # 2e-5: the level is solved for to 1e-6 in float32, through stages that enlarge it up to 16 times.
    np.testing.assert_allclose(_call(_op(curve), gate, times, onset=onset[None]), expected, atol=2e-5)


def test_a_note_in_closed_form() -> None:
    """10 ms up, 20 ms down to -6 dB, and away in 50 ms: a straight line at each stage, each as long as it is told."""
    n = np.arange(200)
    gate = ((n >= 10) & (n < 100)).astype(float)
    expected = np.interp(n, [10, 20, 40, 100, 150], [0.0, 1.0, 0.5, 0.5, 0.0])
    y = _op()(gate[None], [0.01], [0.02], [0.5], [0.05]).numpy()[0]
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_an_exponential_release_falls_by_60_db_in_its_time() -> None:
    gate = np.repeat([1.0, 0.0], [500, 500])
    y = _op("exponential")(gate[None], [0.01], [0.02], [1.0], [0.4]).numpy()[0]
    np.testing.assert_allclose(y[500 : 900 - 40], (10.0 ** (-3 * np.arange(360) / 400) - 1e-3) / 0.999, atol=1e-6)
    assert (y[900:] == 0.0).all()
    assert y[499] == 1.0


@pytest.mark.parametrize("curve", ["linear", "exponential"])
def test_gradients_are_those_of_the_loop(curve: str) -> None:
    """In all four controls at every step, through notes that begin before the last one has died away."""
    n = 60
    gate = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0], [4, 5, 14, 4, 3, 6, 24])
    times, weights = _controls(n, 6.0, 12.0), RNG.normal(size=n)
    times[3] = np.clip(times[3], 0.2, 0.8)
    tensor = tf.Variable(times / [[RATE], [RATE], [RATE], [1.0]], dtype=tf.float32)
    with tf.GradientTape() as tape:
        attack, decay, release, sustain = (tensor[i : i + 1] for i in range(4))
        y = _op(curve)(tf.constant(gate[None], tf.float32), attack, decay, sustain, release)
        total = tf.reduce_sum(y * tf.constant(weights, tf.float32))
    found = np.array(tape.gradient(total, tensor)) / [[RATE], [RATE], [RATE], [1.0]]
    expected = np.zeros_like(times)
    for i, j in np.ndindex(*times.shape):
        step = np.zeros_like(times)
        step[i, j] = 1e-6
        ends = [loop(gate, times + s * step, curve == "exponential") @ weights for s in (1.0, -1.0)]
        expected[i, j] = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())
    assert np.count_nonzero(np.abs(expected[:3]) > 1e-6) >= 9  # each attack, each decay that began, each release


def test_a_learned_attack_is_found() -> None:
    """By Newton's method on the logarithm of the time, from a quarter of it."""
    gate = np.repeat([1.0, 0.0], [60, 40])[None].astype(np.float32)
    op, log_s = _op("exponential"), tf.Variable([np.log(0.0075)], dtype=tf.float32)
    wanted = op(gate, [0.03])
    for _ in range(12):
        with tf.GradientTape() as tape:
            y = op(gate, tf.exp(log_s))
        slope = np.array(tape.jacobian(y, log_s)).ravel()
        log_s.assign_add([slope @ (np.array(wanted - y).ravel()) / (slope @ slope)])
    np.testing.assert_allclose(np.exp(log_s.numpy()), [0.03], rtol=1e-4)


def test_each_channel_has_its_own_gate() -> None:
    gate = np.stack([_gate(50, 0.2) for _ in range(6)], axis=1).reshape(1, 50, 6)
    both = np.array(_op()(gate, np.full([1, 1, 1], 0.01)))
    for c in range(6):
        np.testing.assert_array_equal(both[:, :, c : c + 1], np.array(_op()(gate[:, :, c : c + 1], [[[0.01]]])))


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-9, 1e9])
@pytest.mark.parametrize("curve", ["linear", "exponential"])
def test_edges_are_finite(value: float, curve: str) -> None:
    for gate in (np.zeros([1, 9]), np.ones([1, 9]), _gate(9, 0.5)[None], np.zeros([0, 9])):
        controls = dict.fromkeys(("attack", "decay", "sustain", "release"), np.full([1, 1], value))
        assert_finite(_op(curve), {"gate": gate, **controls})


def test_no_time_at_all_is_a_switch() -> None:
    gate = np.repeat([0.0, 1.0, 0.0], [3, 4, 3])
    y = _op()(gate[None], [0.0], [0.0], [0.25], [0.0]).numpy()[0]
    np.testing.assert_allclose(y, [0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0], atol=1e-6)


def test_a_gate_that_never_changes_is_refused() -> None:
    with pytest.raises(Mismatch) as caught:
        _op().infer({"gate": signal("batch")})
    assert (caught.value.code, caught.value.port) == ("E413", "gate")
    with pytest.raises(ValueError, match="Adsr needs frame_rate"):
        Adsr()(np.zeros([1, 4, 1]))


def test_a_graph_knows_frames_from_samples() -> None:
    """A stereo gate at audio rate has as many axes as frames have, and an attack of as many seconds."""
    spec = """
version: 2
name: gates
clock: {sample_rate: 16 kHz, hop: 32}
inputs: {frames: {rate: frame, channels: 2}, samples: {rate: audio, channels: 2}}
nodes:
  slow: {op: adsr, inputs: {gate: frames, attack: 8 ms, decay: 4 ms, sustain: 50 %}, params: {curve: linear}}
  fast: {op: adsr, inputs: {gate: samples, attack: 8 ms, decay: 4 ms, sustain: 50 %}, params: {curve: linear}}
outputs: {slow: slow, fast: fast}
"""
    frames = np.ones([1, 20, 2], np.float32)
    out = dg.compile(spec)({"frames": frames, "samples": np.repeat(frames, 32, axis=1)})
    np.testing.assert_allclose(out["fast"][:, ::32], out["slow"], atol=2e-6)
    np.testing.assert_allclose(out["slow"][0, :, 1], np.interp(np.arange(20), [0, 4, 6], [0.0, 1.0, 0.5]), atol=2e-6)


@pytest.mark.parametrize("n", [1, 50, 3_001])
def test_sample_hold_is_the_loop(n: int) -> None:
    x, trigger = RNG.normal(size=n), _gate(n, 0.3) - RNG.uniform(0.0, 0.2, n)
    expected, last = np.zeros(n), 0.0
    for i in range(n):
        last = x[i] if trigger[i] > 0.0 and (i == 0 or trigger[i - 1] <= 0.0) else last
        expected[i] = last
    np.testing.assert_array_equal(SampleHold()(x[None], trigger[None]).numpy()[0], expected.astype(np.float32))


def test_sample_hold_passes_the_gradient_to_what_it_took() -> None:
    x = tf.Variable([[1.0, 2.0, 3.0, 4.0, 5.0]])
    with tf.GradientTape() as tape:
        y = SampleHold()(x, tf.constant([[0.0, 1.0, 1.0, 0.0, 2.0]]))
    np.testing.assert_array_equal(y.numpy(), [[0.0, 2.0, 2.0, 2.0, 5.0]])
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [[0.0, 3.0, 0.0, 0.0, 1.0]])


def test_traced_with_open_axes() -> None:
    gate, x = _gate(700, 0.1)[None], RNG.normal(size=(1, 700))
    inputs = {"gate": gate, "attack": np.full([1, 1], 0.02)}
    np.testing.assert_allclose(traced(_op(), inputs)["signal"], _op()(**inputs), atol=1e-6)
    held = {"x": x, "trigger": gate}
    np.testing.assert_array_equal(traced(SampleHold(), held)["signal"], SampleHold()(**held))
