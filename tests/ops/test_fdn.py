"""A feedback delay network against its equations in float64, its decay against T60, its matrices against algebra."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.ops.fdn import Fdn

RATE = 16_000.0
DELAYS = (37, 53, 71, 101)


def exact(x: np.ndarray, matrix: np.ndarray, into: np.ndarray, out: np.ndarray, gain: np.ndarray, pole: np.ndarray):
    """One item, sample by sample: [samples] -> [samples, channels]."""
    n = len(DELAYS)
    entering, damped, y = np.zeros((n, len(x))), np.zeros(n), np.zeros((len(x), len(out)))
    for t in range(len(x)):
        leaving = np.array([entering[i, t - m] if t >= m else 0.0 for i, m in enumerate(DELAYS)])
        damped = gain * leaving + pole * damped
        entering[:, t] = matrix @ damped + into * x[t]
        y[t] = out @ damped
    return y


def numbers() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {
        "x": draw.normal(size=(2, 700)),
        "matrix": np.linalg.qr(draw.normal(size=(4, 4)))[0],
        "into": draw.normal(size=4),
        "out": draw.normal(size=(2, 4)),
        "gain": np.full((1, 4), 0.7),
        "pole": draw.uniform(0.05, 0.3, (1, 4)),
    }


def reference(given: dict[str, np.ndarray]) -> np.ndarray:
    rest = {name: given[name] for name in ("matrix", "into", "out")}
    return np.stack([exact(x, **rest, gain=given["gain"][0], pole=given["pole"][0]) for x in given["x"]])


def made(given: dict[str, tf.Tensor]) -> tf.Tensor:
    rest = {name: x for name, x in given.items() if name != "x"}
    return dsp.fdn(given["x"], dsp.Network(DELAYS, **rest))


def test_the_network_is_its_equations() -> None:
    given = numbers()
    tensors = {name: tf.constant(x, tf.float32) for name, x in given.items()}
    np.testing.assert_allclose(made(tensors), reference(given), atol=4e-6)  # float32, a peak of 5


def test_its_own_gradients_are_those_of_the_equations() -> None:
    given = numbers()
    weight = np.cos(np.arange(2 * 700 * 2)).reshape(2, 700, 2)
    tensors = {name: tf.constant(x, tf.float32) for name, x in given.items()}
    with tf.GradientTape() as tape:
        tape.watch(list(tensors.values()))
        total = tf.reduce_sum(made(tensors) * tf.constant(weight, tf.float32))
    found = tape.gradient(total, tensors)
    step = 1e-5
    places = {"x": (1, 333), "matrix": (1, 2), "into": (2,), "out": (1, 3), "gain": (0, 1), "pole": (0, 2)}
    for name, at in places.items():
        ends = []
        for sign in (1, -1):
            moved = {**given, name: given[name].copy()}
            moved[name][at] += sign * step
            ends.append((reference(moved) * weight).sum())
        np.testing.assert_allclose(found[name].numpy()[at], (ends[0] - ends[1]) / (2 * step), rtol=2e-5)


def test_its_gradients_are_those_of_tensorflow() -> None:
    """An export has plain gradients: both ways to train give the same."""
    from ddspgraph.dsp.numerics import plain_gradients

    tensors = {name: tf.constant(x, tf.float32) for name, x in numbers().items()}

    def gradients() -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(list(tensors.values()))
            total = tf.reduce_sum(tf.square(made(tensors)))
        return tape.gradient(total, tensors)

    own = tf.function(gradients)()
    with plain_gradients():
        plain = tf.function(gradients)()
    for name in tensors:
        np.testing.assert_allclose(own[name], plain[name], rtol=1e-3, atol=1e-3 * float(tf.reduce_max(abs(own[name]))))


@pytest.mark.parametrize(("t60", "t60_high"), [(0.5, None), (0.4, 0.1)])
def test_sound_decays_as_t60_says(t60: float, t60_high: float | None) -> None:
    """By 60 dB in T60 at 0 Hz, and in T60 of Nyquist there: the slope of the energy, low and high, within 2 %."""
    op = Fdn(sample_rate=RATE, delays=(7.3, 9.1, 11.9, 13.7, 17.1, 19.3, 23.9, 29.7), add_dry=False)
    n = int(RATE * 0.6)
    impulse = np.zeros((1, n), np.float32)
    impulse[0, 0] = 1.0
    ends = {"t60_high": np.array([t60_high], np.float32)} if t60_high else {}
    y = op(impulse, np.array([t60], np.float32), **ends).numpy()[0].astype(np.float64)
    spectra = np.abs(np.fft.rfft(y[: n // 256 * 256].reshape(-1, 256) * np.hanning(256), axis=1)) ** 2
    for band, wanted in ((slice(1, 4), t60), (slice(-4, None), t60_high or t60)):
        energy = spectra[:, band].sum(axis=1)
        used = slice(4, max(8, int(wanted * RATE / 256 * 0.7)))
        seconds = np.arange(len(energy))[used] * 256 / RATE
        slope = np.polyfit(seconds, 10.0 * np.log10(energy[used]), 1)[0]
        # Few modes make a band, and beat: measured spread of the fitted slope.
        assert abs(-60.0 / slope / wanted - 1.0) < 0.15, (band, -60.0 / slope, wanted)


def test_matrices_are_orthogonal() -> None:
    drawn = tf.random.stateless_normal([7, 7], [1, 2])
    for matrix in (dsp.hadamard(16), dsp.reflection(drawn[0]), dsp.reflections(drawn)):
        product = (matrix @ tf.transpose(matrix)).numpy()
        np.testing.assert_allclose(product, np.eye(len(product)), atol=2e-6)  # float32, a few products


def test_a_lossless_network_keeps_the_energy_of_its_lines() -> None:
    """Without damping the energy that circulates stays: after 50 turns it is what it was after one."""
    given = numbers()
    given |= {"gain": np.ones((1, 4)), "pole": np.zeros((1, 4))}
    impulse = np.zeros((1, 6000))
    impulse[0, 0] = 1.0
    tensors = {name: tf.constant(x, tf.float32) for name, x in {**given, "x": impulse, "out": np.eye(4)}.items()}
    damped = made(tensors).numpy()[0].astype(np.float64)
    # What is in the lines at a time: of each the samples that will come out of it.
    held = [sum((damped[t : t + m, i] ** 2).sum() for i, m in enumerate(DELAYS)) for t in (200, 5000)]
    np.testing.assert_allclose(held[1], held[0], rtol=1e-4)


@pytest.mark.parametrize("n", [1, 36, 37, 38, 300])
def test_short_clips(n: int) -> None:
    given = numbers()
    given["x"] = given["x"][:, :n]
    tensors = {name: tf.constant(x, tf.float32) for name, x in given.items()}
    np.testing.assert_allclose(made(tensors), reference(given), atol=4e-6)


def test_blocks_of_any_length_are_the_clip() -> None:
    given = {name: tf.constant(x, tf.float32) for name, x in numbers().items()}
    network = dsp.Network(DELAYS, **{name: x for name, x in given.items() if name != "x"})
    specs = [{"lines": tf.TensorSpec([None, 4, 101]), "damped": tf.TensorSpec([None, 4])}, tf.TensorSpec([None, None])]
    step = tf.function(lambda state, x: dsp.fdn_stream(state, x, network), input_signature=specs)
    state, at, blocks = dsp.fdn_state(network, 2), 0, []
    for count in (1, 37, 38, 100, 400, 124):
        state, y = step(state, given["x"][:, at : at + count])
        blocks.append(y)
        at += count
    np.testing.assert_allclose(tf.concat(blocks, axis=1), made(given), atol=2e-6)
