"""The oscillator against Fourier series, against waves sampled 64 times as often, and against itself as a stream."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import signal
from ddspgraph.ops.oscillator import Oscillator
from tests.ops.checks import assert_finite, traced
from tests.streaming.proof import random_blocks, run_stream

RNG = np.random.default_rng(3)
RATE = 44_100.0
#: Up to here partials are those of the wave, and nothing folds back.
CLEAN_HZ = 0.4 * RATE
SHAPES = ("sine", "triangle", "square", "saw")


def _db(x: np.ndarray) -> np.ndarray:
    return 20.0 * np.log10(np.maximum(np.abs(x), 1e-30))


def series(shape: str, f0_hz: float, t: np.ndarray, width: float = 0.5, phase: float = 0.0) -> np.ndarray:
    """The wave at times in seconds: all its partials below CLEAN_HZ, and its mean."""
    k = np.arange(1, int(CLEAN_HZ / f0_hz) + 1)[:, None]
    angle = k * (2.0 * np.pi * f0_hz * t + phase)
    if shape == "sine":
        return np.sin(angle[0])
    if shape == "triangle":
        odd = k[::2]
        return np.sum(8 / np.pi**2 * (-1.0) ** (odd // 2) / odd**2 * np.sin(angle[::2]), axis=0)
    if shape == "saw":
        return np.sum(-2 / np.pi / k * np.sin(angle), axis=0)
    return 2 * width - 1 + np.sum(2 / np.pi / k * (np.sin(angle) - np.sin(angle - 2 * np.pi * k * width)), axis=0)


def _clean(y: np.ndarray) -> np.ndarray:
    """What of a signal lies below CLEAN_HZ, without its ends, which the filter has not seen whole."""
    taps = scipy.signal.firwin(801, 0.95 * CLEAN_HZ, fs=RATE, window=("kaiser", 12.0))
    return scipy.signal.fftconvolve(y, taps, mode="same")[1_000:-1_000]


def _wave(shape: str, n: int, **inputs: float | np.ndarray) -> np.ndarray:
    given = {name: np.atleast_2d(x) for name, x in inputs.items()}
    return np.array(Oscillator(shape=shape, sample_rate=RATE, n_samples=n)(**given))[0].astype(float)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cycles", [37, 331, 1487, 3701])
def test_partials_and_what_folds_back(shape: str, cycles: int) -> None:
    """Whole cycles in 32768 samples, 50 Hz to 5 kHz: partials on bins of their own, what folds back between them."""
    n = 1 << 15
    width = {"width": 0.3} if shape == "square" else {}
    op = Oscillator(shape=shape, sample_rate=float(n), n_samples=2 * n)  # so that float32 holds cycles a sample
    y = np.array(op([[float(cycles)]], **{name: [[x]] for name, x in width.items()}))[0].astype(float)
    spectrum = np.abs(np.fft.rfft(y[n // 2 : n // 2 + n])) * 2 / n
    wanted = np.abs(np.fft.rfft(series(shape, cycles * RATE / n, np.arange(n) / RATE, **width))) * 2 / n
    bins = np.arange(len(spectrum))
    is_partial, is_clean = bins % cycles == 0, bins * RATE / n < CLEAN_HZ
    heard = is_partial & is_clean & (wanted > 1e-4)
    np.testing.assert_allclose(_db(spectrum[heard]), _db(wanted[heard]), atol=0.002)
    assert heard.sum() >= 1
    folded_db = _db(spectrum[~is_partial & is_clean]) - _db(spectrum[cycles])
    assert folded_db.max() < -100.0
    is_low = bins * RATE / n < 5_000.0
    assert (_db(spectrum[~is_partial & is_low]) - _db(spectrum[cycles])).max() < -110.0


def fine_wave(
    shape: str, f0_hz: np.ndarray, phase: np.ndarray, width: np.ndarray, sync_hz: np.ndarray | None, times: int = 64
) -> np.ndarray:
    """The wave as it stands, sampled `times` as often on straight lines of the phase, and through an ideal low-pass."""
    n = len(f0_hz)
    at = (np.arange(n * times) + 0.5) / times

    def turned(hz: np.ndarray) -> np.ndarray:
        return np.interp(at, np.arange(n + 1), np.concatenate([[0.0], np.cumsum(hz) / RATE]))

    turns = turned(f0_hz)
    if sync_hz is not None:
        master = turned(sync_hz)
        # Where each cycle of the master begins, and what the wave's own phase was there.
        begins = np.interp(np.arange(1, int(master[-1]) + 1), master, turns)
        count = np.floor(master).astype(int)
        turns = turns - np.concatenate([[0.0], begins])[count]
    place = (turns + np.interp(at, np.arange(n), phase) / (2.0 * np.pi)) % 1.0
    width = np.interp(at, np.arange(n), width)
    wave = {
        "sine": np.sin(2 * np.pi * place),
        "triangle": np.abs(np.abs(4 * place - 1) - 2) - 1,
        "square": np.where(place < width, 1.0, -1.0),
        "saw": 2 * place - 1,
    }[shape]
    taps = scipy.signal.firwin(times * 800, 0.95 * CLEAN_HZ, fs=RATE * times, window=("kaiser", 12.0))
    return scipy.signal.fftconvolve(wave, taps)[times * 400 - 1 :: times][1_000 : n - 1_000]


@pytest.mark.parametrize(
    ("shape", "how"),
    [("square", "pwm"), *((shape, how) for shape in SHAPES for how in ("fm", "pm", "sync", "sync and fm"))],
)
def test_all_that_moves(shape: str, how: str) -> None:
    """FM through 0 Hz, PM, PWM and hard sync against many times as many samples.

    There a jump lies up to half a fine sample off its place, evenly spread, which falls by 12 dB where their number is
    four times as high. What is left of FM and PM is that sines are no lines between samples.
    """
    n = 6_000
    t = np.arange(n) / RATE
    f0_hz = 700.0 + (2_500.0 * np.sin(2 * np.pi * 90.0 * t) if "fm" in how else 0.0) + 0.0 * t
    phase = 4.0 * np.sin(2 * np.pi * 130.0 * t) if how == "pm" else np.zeros(n)
    width = 0.5 + (0.4 * np.sin(2 * np.pi * 70.0 * t) if how == "pwm" else 0.0) + 0.0 * t
    sync_hz = 313.0 + 100.0 * np.sin(2 * np.pi * 20.0 * t) if "sync" in how else None
    inputs = {"f0_hz": f0_hz, "phase": phase}
    inputs |= {"width": width} if how == "pwm" else {}
    inputs |= {"sync_hz": sync_hz} if sync_hz is not None else {}
    found = _clean(_wave(shape, n, **inputs))
    errors = [_error_db(found, fine_wave(shape, f0_hz, phase, width, sync_hz, times)) for times in (64, 256)]
    assert errors[1] < -55.0, errors
    assert errors[1] < max(errors[0] - 8.0, -70.0), errors


def _error_db(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(20 * np.log10(np.std(found - wanted) / np.std(wanted)))


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_the_series(shape: str) -> None:
    """In pitch, phase and width, of a sum whose weights have nothing where the filter begins to fall."""
    n = 3_000
    at = {"f0_hz": 611.0, "phase": 0.7} | ({"width": 0.3} if shape == "square" else {})
    weights = _clean(RNG.normal(size=n + 2_000)) * np.hanning(n)
    tensors = {name: tf.constant([[x]], tf.float32) for name, x in at.items()}
    with tf.GradientTape() as tape:
        tape.watch(list(tensors.values()))
        y = Oscillator(shape=shape, sample_rate=RATE, n_samples=n)(**tensors)
        total = tf.reduce_sum(y * tf.constant(weights, tf.float32))
    found = tape.gradient(total, tensors)
    t = np.arange(n) / RATE
    for name, size in at.items():
        step = 1e-6 * size
        ends = [weights @ series(shape, t=t, **{**at, name: size + s * step}) for s in (1.0, -1.0)]
        expected = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(float(found[name][0, 0]), expected, rtol=2e-3, err_msg=name)


def test_pm_of_a_sine_is_what_it_says() -> None:
    n = 2_000
    t = np.arange(n) / RATE
    phase = 3.0 * np.sin(2 * np.pi * 220.0 * t)
    np.testing.assert_allclose(
        _wave("sine", n, f0_hz=440.0, phase=phase), np.sin(2 * np.pi * 440.0 * t + phase), atol=1e-5
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sync", [False, True])
def test_a_stream_is_the_same_wave_later(shape: str, sync: bool) -> None:
    spec = f"""
version: 2
name: lead
clock: {{sample_rate: 16 kHz, hop: 20}}
inputs: {{f0_hz: {{rate: frame, unit: Hz}}, by: {{rate: audio, unit: radians}}, sync: {{rate: audio, unit: Hz}}}}
nodes:
  moving:
    op: oscillator
    inputs: {{f0_hz: f0_hz, phase: by{", sync_hz: sync" if sync else ""}}}
    params: {{shape: {shape}}}
  still: {{op: oscillator, inputs: {{f0_hz: 220 Hz}}, params: {{shape: {shape}}}}}
  out: {{op: add, inputs: [moving, still]}}
outputs: {{moving: moving, out: out}}
"""
    model = dg.compile(spec)
    n = 60
    inputs = {
        "f0_hz": RNG.uniform(-900.0, 3_000.0, (1, n, 1)).astype(np.float32),
        "by": np.cumsum(RNG.normal(size=(1, 20 * n)), axis=1).astype(np.float32),
        "sync": RNG.uniform(100.0, 900.0, (1, 20 * n)).astype(np.float32),
    }
    offline, stream = model(inputs), dg.compile_stream(model)
    latency = 20 + (0 if shape == "sine" and not sync else 16)  # frames lie on lines, and the reach of a corner
    assert stream.plan.latency("out") == latency
    later = run_stream(stream, inputs, random_blocks(n, RNG))
    for name, x in offline.items():
        # 2e-5: a jump's place is rounded by the float32 of its phase.
        np.testing.assert_allclose(later[name][:, latency:], x[:, :-latency], atol=5e-5, err_msg=name)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("f0_hz", [0.0, -1.0, 22_050.0, 44_100.0, 1e6, 1e-9])
def test_edges_are_finite(shape: str, f0_hz: float) -> None:
    for n in (1, 50):
        for more in ({}, {"phase": [[1e6]]}, {"sync_hz": [[0.0]]}, {"sync_hz": [[3e4]]}):
            assert_finite(Oscillator(shape=shape, sample_rate=RATE, n_samples=n), {"f0_hz": [[f0_hz]], **more})
    for width in (-1.0, 0.0, 1.0, 2.0):
        assert_finite(
            Oscillator(shape="square", sample_rate=RATE, n_samples=9), {"f0_hz": [[f0_hz]], "width": [[width]]}
        )
    assert Oscillator(shape=shape, sample_rate=RATE)(np.zeros([0, 30])).shape == (0, 30)


def test_above_the_sample_rate_nothing_is_left() -> None:
    for shape in ("saw", "square"):
        y = _wave(shape, 4_000, f0_hz=0.62 * RATE)
        assert np.abs(y[100:-100]).max() < 1e-4


def test_traced_with_open_axes() -> None:
    inputs = {"f0_hz": RNG.uniform(50.0, 5_000.0, (2, 700)), "width": RNG.uniform(0.1, 0.9, (2, 700))}
    op = Oscillator(shape="square", sample_rate=RATE)
    np.testing.assert_allclose(traced(op, inputs)["signal"], op(**inputs), atol=1e-5)


def test_refusals() -> None:
    with pytest.raises(Mismatch, match="a saw has no width") as caught:
        Oscillator().infer({"f0_hz": signal("batch", 1), "width": signal("batch", 1)})
    assert (caught.value.code, caught.value.port) == ("E304", "width")
    with pytest.raises(ValueError, match="Oscillator needs n_samples"):
        Oscillator(sample_rate=RATE)([[440.0]])
    (advice,) = Oscillator(sample_rate=RATE).advise({}, {"f0_hz": [30_000.0]}, {})
    assert (advice.code, advice.at) == ("W117", "f0_hz")
