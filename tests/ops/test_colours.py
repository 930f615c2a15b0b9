"""Coloured noise: its slope measured, its filter in closed form, its streams."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.dsp.colours import SLOPES_DB, colour_sections
from ddspgraph.dsp.sections import polynomials
from ddspgraph.ops.colours import Noise
from tests.streaming.proof import random_blocks, run_stream

RATE = 44_100.0


@pytest.mark.parametrize("color", ["pink", "brown", "blue", "violet"])
@pytest.mark.parametrize("rate", [8_000.0, 44_100.0, 192_000.0])
def test_the_filter_is_a_line_over_the_octaves(color: str, rate: float) -> None:
    """By SciPy in float64, from 1.5 times the lowest frequency to 0.45 of the sample rate."""
    f = np.geomspace(30.0, 0.45 * rate, 500)
    fine = np.geomspace(0.01, 0.4999 * rate, 100_000)
    response, power = np.ones(len(f), complex), np.ones(len(fine))
    for section in colour_sections(color, rate):
        b, a = polynomials(section)
        response *= scipy.signal.freqz(b, a, f, fs=rate)[1]
        power *= np.abs(scipy.signal.freqz(b, a, fine, fs=rate)[1]) ** 2
    off = 20 * np.log10(np.abs(response)) - SLOPES_DB[color] * np.log2(f)
    assert np.abs(off - off.mean()).max() < (0.15 if color in ("pink", "blue") else 0.5)
    np.testing.assert_allclose(np.trapezoid(power, fine) / (rate / 2), 1.0, rtol=5e-3)  # of what the trapezoids miss


@pytest.mark.parametrize("color", list(SLOPES_DB))
def test_the_slope_that_is_heard(color: str) -> None:
    """Of a million samples, a line fitted to the octaves from 100 Hz to 12.8 kHz."""
    y = np.array(Noise(color=color, sample_rate=RATE, n_samples=1 << 20)(seed=3))[0].astype(float)
    f, power = scipy.signal.welch(y[1 << 14 :], RATE, nperseg=1 << 13)
    octaves = [100.0 * 2**i for i in range(8)]
    levels = [10 * np.log10(power[(f >= low) & (f < 2 * low)].mean()) for low in octaves[:-1]]
    assert abs(np.polyfit(range(7), levels, 1)[0] - SLOPES_DB[color]) < 0.15
    assert abs(np.std(y) / 3**-0.5 - 1.0) < (0.1 if color == "brown" else 0.02)  # of lows there are few in 24 s
    assert np.isfinite(y).all()


def test_white_noise_is_the_noise_of_the_library() -> None:
    y = Noise(n_samples=1_000)(seed=5)
    np.testing.assert_array_equal(y, dg.dsp.uniform_noise(1_000, 5))
    assert tf.reduce_max(tf.abs(y)) <= 1.0


def test_refusals() -> None:
    with pytest.raises(ValueError, match="Noise needs n_samples"):
        Noise()()
    with pytest.raises(ValueError, match="Noise needs sample_rate"):
        Noise(color="pink", n_samples=4)()


def test_colours_stream_and_voices_differ() -> None:
    spec = """
version: 2
name: rain
clock: {sample_rate: 16 kHz, hop: 20, duration: 75 ms}
inputs: {level: {rate: frame, unit: dB}}
nodes:
  drops: {op: noise, voices: 3, params: {color: blue}}
  three: {op: mix_voices, inputs: [drops], params: {mix: stack}}
  wind: {op: noise, params: {color: brown}}
  out: {op: gain, inputs: {audio: wind, gain: level}}
outputs: {three: three, out: out}
"""
    model, rng = dg.compile(spec), np.random.default_rng(1)
    inputs = {"level": rng.uniform(-20.0, 0.0, (2, 60, 1)).astype(np.float32)}
    offline = model(inputs, seed=9)
    later = run_stream(dg.compile_stream(model), inputs, random_blocks(60, rng), batch=2, seed=9)
    # A fader of frames lies on lines, one hop late.
    np.testing.assert_allclose(later["out"][:, 20:], offline["out"][:, :-20], atol=2e-5)
    three = np.array(offline["three"])[0]
    assert np.abs(np.corrcoef(three.T) - np.eye(3)).max() < 0.15
