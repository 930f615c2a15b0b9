"""Equalisers of many bands: graphic ones against the design of the paper in float64, parametric ones that move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.signal as sp
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.ops import OPS
from tests.ops.test_filters import MOST_DB, RATE, cookbook, error_db, noise
from tests.streaming.proof import run_stream

CENTRES = 31.25 * 2.0 ** np.arange(10)
SIZE = 1 << 16


def levels(gains: Any, **more: Any) -> np.ndarray:
    """In dB at each bin of an FFT of SIZE."""
    impulse = np.eye(1, SIZE, dtype=np.float32)
    y = OPS["graphic_eq"](sample_rate=RATE)(impulse, np.float32([[gains]]), **more)  # type: ignore[call-arg]
    return 20 * np.log10(np.abs(np.fft.rfft(np.asarray(y, np.float64)[0])))


def at(found: np.ndarray, hz: Any) -> np.ndarray:
    return np.interp(hz, np.arange(len(found)) * RATE / SIZE, found)


@pytest.mark.parametrize("seed", range(3))
def test_the_level_at_the_centres_is_the_gain(seed: int) -> None:
    """Within 1 dB, as the paper has it: of zigzags, the hardest, too; and halfway between, about the mean."""
    rng = np.random.default_rng(seed)
    gains = 12.0 * np.resize([1.0, -1.0], 10) if seed == 0 else rng.uniform(-12, 12, 10)
    found = levels(gains)
    assert np.abs(at(found, CENTRES) - gains).max() < 1.0
    between = np.sqrt(CENTRES[1:] * CENTRES[:-1])
    assert np.abs(at(found, between) - (gains[1:] + gains[:-1]) / 2).max() < 1.5


def test_thirds_of_octaves_with_centres_of_their_own() -> None:
    centres = 20.0 * 10 ** (0.1 * np.arange(30))
    gains = np.random.default_rng(3).uniform(-12, 12, 30)
    found = levels(gains, frequency=np.float32([centres]))
    assert np.abs(at(found, centres) - gains).max() < 1.0
    one = levels([6.0])
    assert at(one, 1000.0) == pytest.approx(6.0, abs=1e-3)


def test_it_is_the_best_that_these_peaks_can_do() -> None:
    """Against a search in float64 for the gains of RBJ's peaks as wide, which knows nothing of matrices."""
    gains = np.random.default_rng(4).uniform(-12, 12, 10)
    g = np.tan(np.pi * CENTRES / RATE)
    step = g[1:] / g[:-1] - g[:-1] / g[1:]
    width = np.minimum(np.append(step[0], step), np.append(step, step[-1]))
    points = np.concatenate([CENTRES, RATE / np.pi * np.arctan(np.sqrt(g[1:] * g[:-1]))])
    wanted = np.concatenate([gains, (gains[1:] + gains[:-1]) / 2])
    weights = np.sqrt([1.0] * 10 + [0.5] * 9)

    def level(peaks: np.ndarray) -> np.ndarray:
        total = np.zeros(19)
        for f, k, peak in zip(CENTRES, width, peaks, strict=True):
            x = peak * np.log(10) / 20
            narrow = np.sqrt(np.sinh(0.3 * x) / np.sinh(0.7 * x)) if x else np.sqrt(3 / 7)
            b, a = cookbook("peaking", f, 1 / (k * narrow), peak)
            total += 20 * np.log10(np.abs(sp.freqz(b, a, points, fs=RATE)[1]))
        return total

    best = scipy.optimize.least_squares(lambda peaks: weights * (level(peaks) - wanted), gains).x
    assert np.abs(at(levels(gains), points) - level(best)).max() < 0.25


def test_gains_that_do_not_move_and_that_do() -> None:
    x, gains = noise(5, 2, 3000), np.random.default_rng(6).uniform(-9, 9, (2, 1, 10)).astype(np.float32)
    op = OPS["graphic_eq"](sample_rate=RATE)  # type: ignore[call-arg]
    constant, moving = op(x, gains), op(x, np.repeat(gains, 3000, axis=1))
    assert error_db(moving, np.asarray(constant, np.float64)) < -80  # the peaks' decibels are solved for in float32
    np.testing.assert_allclose(op(x, 0.0 * gains), x, atol=1e-5)


@pytest.mark.parametrize("moving", [False, True])
def test_gradients_of_the_gains(moving: bool) -> None:
    """Against differences in steps that float32 resolves."""
    x, weights = noise(7, 1, 400), noise(8, 1, 400)
    gains = tf.constant([[[3.0, -6.0, 0.0, 5.0]]])
    centres = tf.constant([[200.0, 800.0, 3200.0, 9000.0]])
    op = OPS["graphic_eq"](sample_rate=RATE)  # type: ignore[call-arg]

    def total(gains: tf.Tensor) -> tf.Tensor:
        y = op(x, tf.repeat(gains, 400, axis=1) if moving else gains, centres)
        return tf.reduce_sum(tf.cast(y, tf.float64) * weights.astype(np.float64))

    with tf.GradientTape() as tape:
        tape.watch(gains)
        found = tape.gradient(total(gains), gains).numpy()[0, 0]
    for i in range(4):
        step = np.zeros([1, 1, 4], np.float32)
        step[0, 0, i] = 0.05
        slope = float(total(gains + step) - total(gains - step)) / 0.1
        assert found[i] == pytest.approx(slope, rel=5e-3, abs=2e-3)


def test_extremes_are_finite() -> None:
    """Centres that are one, above Nyquist, at 0 Hz, out of order; gains beyond the range."""
    x = noise(9, 1, 300)
    op = OPS["graphic_eq"](sample_rate=RATE)  # type: ignore[call-arg]
    for centres in ([100.0, 100.0, 100.0], [30e3, 40e3, 50e3], [0.0, 0.0, 1.0], [900.0, 300.0, 600.0]):
        for gain in (0.0, 24.0, -1e9, 1e30):
            gains, f = tf.constant([[[gain, -gain, gain]]]), tf.constant([centres])
            with tf.GradientTape() as tape:
                tape.watch([gains, f])
                y = op(x, gains, f)
            assert np.isfinite(y).all()
            for gradient in tape.gradient(y, [gains, f]):
                assert np.isfinite(gradient).all()
    assert op(x[:, :0], [[[1.0, 2.0]]]).shape == (1, 0)


def parametric_loop(x: np.ndarray, f: np.ndarray, gain: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Peaks whose controls [samples, bands] move, one after the other, sample by sample in float64."""
    s, out = np.zeros([2, f.shape[1]]), []
    for n, y in enumerate(x):
        for i in range(f.shape[1]):
            a = 10 ** (gain[n, i] / 40)
            g, k = np.tan(np.pi * f[n, i] / RATE), 1 / (q[n, i] * a)
            v1 = (s[0, i] + g * (y - s[1, i])) / (1 + g * (g + k))
            v2 = s[1, i] + g * v1
            s[:, i] = 2 * v1 - s[0, i], 2 * v2 - s[1, i]
            y = y + k * (a * a - 1) * v1
        out.append(y)
    return np.array(out)


def test_bands_of_a_parametric_equaliser_move() -> None:
    """All of them, or one alone of its three controls; against the loop."""
    rng, n = np.random.default_rng(10), 600
    x = rng.normal(size=n)
    moving = {
        "frequency": np.exp(rng.normal(size=(n, 3)).cumsum(axis=0) / 20) * [200, 1000, 5000],
        "gain": rng.uniform(-12, 12, (n, 3)),
        "q": rng.uniform(0.5, 4, (n, 3)),
    }
    op = OPS["parametric_eq"](sample_rate=RATE)  # type: ignore[call-arg]
    for names in (list(moving), ["frequency"], ["gain"], ["q"]):
        now = {name: v if name in names else v[:1] for name, v in moving.items()}
        expected = parametric_loop(x, *(np.broadcast_to(v, [n, 3]) for v in now.values()))
        assert error_db(op(x[None], **{name: v[None] for name, v in now.items()})[0], expected) < MOST_DB + 10


SPEC = """\
version: 2
name: bands
clock: {sample_rate: 48 kHz, frame_rate: 1 kHz}
inputs: {audio: {rate: audio}, levels: {rate: frame, channels: 3, unit: dB}}
nodes:
  fixed: {op: parametric_eq, inputs: {audio: audio, frequency: [100 Hz, 1 kHz], gain: [3 dB, -2 dB]}}
  moved: {op: parametric_eq, inputs: {audio: fixed, frequency: [200 Hz, 1 kHz, 5 kHz], gain: levels}}
  sliders: {op: graphic_eq, inputs: {audio: moved, gain: levels, frequency: [200 Hz, 1 kHz, 5 kHz]}}
  learned: {op: graphic_eq, inputs: {audio: sliders, gain: {learn: [1 dB, 2 dB, -1 dB], min: -12 dB, max: 12 dB}}}
outputs: {audio: learned}
"""


def test_lists_of_frames_and_learned_lists_in_a_graph_and_its_stream() -> None:
    model = dg.compile(SPEC)
    audio = noise(11, 2, 48 * 25)
    moved = np.random.default_rng(12).uniform(-6, 6, (2, 25, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        whole = model({"audio": audio, "levels": moved})["audio"]
        total = tf.reduce_sum(whole**2)
    (gradient,) = tape.gradient(total, model.trainable_variables)
    assert np.abs(gradient).min() > 0
    stream = dg.compile_stream(model)
    found = run_stream(stream, {"audio": audio, "levels": moved}, [1, 5, 19], batch=2)["audio"]
    late = stream.latencies["audio"]
    np.testing.assert_allclose(found[:, late:], whole[:, : found.shape[1] - late], atol=2e-5)


def test_what_is_odd_is_warned_of() -> None:
    rising = "frequency: [200 Hz, 1 kHz, 5 kHz]}}\n  learned"
    (warning,) = dg.load(SPEC.replace(rising, rising.replace("200 Hz, 1 kHz", "1 kHz, 200 Hz"))).warnings
    assert warning.code == "W133"
    (warning,) = dg.load(SPEC.replace("48 kHz", "32 kHz")).warnings
    assert (warning.code, "up to 16000 Hz" in warning.message) == ("W116", True)
