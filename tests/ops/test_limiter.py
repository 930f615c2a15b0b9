"""The limiter: its ceiling, a loop in float64, true peaks, gradients, streams, exports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal as sp
import tensorflow as tf
from scipy.ndimage import minimum_filter1d

import ddspgraph as dg
from ddspgraph import dsp, ops
from ddspgraph.dsp.numerics import static_shapes
from tests.export.converted import both_ways
from tests.ops.test_dynamics import MOST_DB, RATE, bursts, const, level, loop, share
from tests.streaming.proof import differences, random_blocks, run_stream, tolerance


def between(x: np.ndarray) -> np.ndarray:
    """Three points after each sample of [samples], by the windowed sinc that the op documents; zeros around."""
    padded = np.pad(np.asarray(x, np.float64), (5, 6))
    rows = []
    for fraction in (0.25, 0.5, 0.75):
        t = np.arange(-5, 7) - fraction
        taps = np.sinc(t) * np.i0(5.0 * np.sqrt(1.0 - (t / 6.0) ** 2))
        rows.append(np.correlate(padded, taps / taps.sum(), "valid"))
    return np.array(rows)


def expected_gain(x: np.ndarray, ceiling: Any, release: Any, ahead: int, *, true_peak: bool) -> np.ndarray:
    """Of one item, by running minima, a loop and running means in float64."""
    n, silence = len(x), np.zeros(ahead + 8)
    around = np.r_[silence, x, silence]
    peaks = np.abs(around.astype(np.float64))
    if true_peak:
        after = np.abs(between(around)).max(axis=0)
        peaks = np.maximum(peaks, np.maximum(after, np.r_[0.0, after[:-1]]))
    wanted = np.minimum(0.0, np.pad(np.broadcast_to(ceiling, n), ahead + 8) - level(peaks))
    lowest = minimum_filter1d(np.pad(wanted, (0, ahead)), ahead + 1, origin=-((ahead + 1) // 2))[: len(wanted)]
    held = loop(lowest, 1.0, np.pad(np.broadcast_to(share(1e3 * release), n), ahead + 8, constant_values=1.0))
    mean = np.convolve(held, np.ones(ahead + 1) / (ahead + 1))[: len(held)]
    return mean[ahead + 8 : ahead + 8 + n]


@pytest.mark.parametrize("true_peak", [False, True])
@pytest.mark.parametrize("lookahead", [0.0, 0.1, 1.5])
def test_it_is_its_loop_and_holds_its_ceiling(lookahead: float, true_peak: bool) -> None:
    x = bursts(20)
    ceiling = np.random.default_rng(21).uniform(-20.0, -6.0, x.shape).astype(np.float32)
    for top, release in ((const(-12.0), const(0.05)), (ceiling, 0.01 - 4e-4 * ceiling)):
        op = ops.Limiter(sample_rate=RATE, lookahead=lookahead, true_peak=true_peak)
        found = op.signals(audio=x, ceiling=top, release=release)
        for item in range(2):
            controls = (np.broadcast_to(c, x.shape)[item].astype(np.float64) for c in (top, release))
            expected = expected_gain(x[item], *controls, round(lookahead * RATE / 1e3), true_peak=true_peak)
            np.testing.assert_allclose(found["gain"][item], expected, atol=MOST_DB)
        assert np.max(found["signal"].numpy() / 10 ** (np.asarray(top) / 20)) <= 1.0 + 1e-5
    assert np.min(found["gain"]) < -6.0


@pytest.mark.parametrize("frequency", [0.05, 0.11, 0.25, 0.33, 0.41])
def test_true_peaks_are_those_of_the_wave(frequency: float) -> None:
    """Of a sine of peak 1: four times as fine a grid misses its peak by 20 log10 cos(pi f / 4) or less."""
    x = np.sin(2 * np.pi * frequency * np.arange(4000) + 0.5 * np.pi * frequency)[None].astype(np.float32)
    found = 20 * np.log10(np.max(dsp.true_peaks(tf.constant(x))))
    assert 20 * np.log10(np.cos(np.pi * frequency / 4)) - 0.1 < found < 0.1


def test_peaks_between_samples_are_limited() -> None:
    """Noise of half of the band, 16 times oversampled: with true_peak within 0.1 dB of the ceiling, else far above."""
    x = sp.lfilter(*sp.butter(6, 0.5), np.random.default_rng(22).normal(size=(1, 20_000))).astype(np.float32)
    over = {}
    for true_peak in (False, True):
        op = ops.Limiter(sample_rate=RATE, true_peak=true_peak)
        y = np.asarray(op(audio=x, ceiling=const(-6.0), release=const(0.05)))[0]
        over[true_peak] = float(level(np.abs(sp.resample_poly(y.astype(np.float64), 16, 1)).max()) + 6.0)
    assert over[True] < 0.1 < 0.3 < over[False]


@pytest.mark.parametrize("what", ["ceiling", "release"])
def test_gradients_are_those_of_float64_differences(what: str) -> None:
    x = bursts(23, 1000)[:1]
    values = {"ceiling": -12.0, "release": 0.01}

    def total(value: float) -> float:
        return float(np.sum(expected_gain(x[0], *(values | {what: value}).values(), 24, true_peak=True)))

    controls = {name: tf.constant([[v]], tf.float32) for name, v in values.items()}
    with tf.GradientTape() as tape:
        tape.watch(controls[what])
        found = ops.Limiter(sample_rate=RATE, lookahead=0.5).signals(audio=x, **controls)
        loss = tf.reduce_sum(found["gain"])
    step = 1e-5 * abs(values[what])
    expected = (total(values[what] + step) - total(values[what] - step)) / (2 * step)
    assert float(tape.gradient(loss, controls[what])[0, 0]) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(("lookahead", "true_peak"), [(2.0, True), (0.0, False), (0.0, True)])
def test_linked_channels_stream(lookahead: float, true_peak: bool) -> None:
    spec = f"""
version: 2
name: master
clock: {{sample_rate: 16 kHz, frame_rate: 250 Hz}}
inputs: {{mix: {{rate: audio, channels: 2}}, ceiling: {{rate: frame, unit: dB}}, release: {{rate: frame, unit: s}}}}
nodes:
  top:
    op: limiter
    inputs: {{audio: mix, ceiling: ceiling, release: release}}
    params: {{lookahead: {lookahead} ms, true_peak: {str(true_peak).lower()}}}
outputs: {{top: top, gain: top/gain}}
"""
    model = dg.compile(spec)
    stream = dg.compile_stream(model)
    frames, rng = 60, np.random.default_rng(24)
    mix = bursts(25, 64 * frames)
    inputs = {
        "mix": np.stack([mix, mix[::-1]], axis=-1),
        "ceiling": rng.uniform(-20.0, -6.0, (2, frames, 1)).astype(np.float32),
        "release": rng.uniform(1e-3, 1e-2, (2, frames, 1)).astype(np.float32),
    }
    offline = {name: y.numpy() for name, y in model(inputs).items()}
    assert offline["gain"].shape == (2, 64 * frames)
    assert stream.latencies["top"] >= round(16 * lookahead) + 6 * true_peak
    streamed = run_stream(stream, inputs, random_blocks(frames, rng), batch=2)
    for name, difference in differences(stream, offline, streamed).items():
        assert difference <= tolerance(offline[name]), name


@pytest.mark.parametrize("target", ["litert", "onnx"])
def test_other_runtimes_do_the_same(target: str) -> None:
    op = ops.Limiter(sample_rate=RATE)
    how = {"ceiling": const(-12.0), "release": const(0.05)}
    with static_shapes():  # as an export is traced
        wanted, found = both_ways(lambda audio: op.signals(audio=audio, **how), target, {"audio": bursts(26, 2000)})
    assert np.min(wanted["gain"]) < -6.0
    for name, y in found.items():
        np.testing.assert_allclose(y, wanted[name], atol=1e-4)
