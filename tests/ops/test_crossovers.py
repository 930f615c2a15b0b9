"""Crossovers: bands against SciPy's Butterworths in series, and their sum, which is an all-pass."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal as sp
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.diagnostics import GraphError
from ddspgraph.ir.gains import Bounded, Range
from ddspgraph.ir.types import Rate, signal
from ddspgraph.ops import OPS
from tests.ops.test_filters import MOST_DB, RATE, error_db, noise
from tests.streaming.proof import run_stream

FREQUENCIES = {2: [1000.0], 3: [200.0, 2000.0], 5: [40.0, 300.0, 2000.0, 9000.0]}


def parted(x: np.ndarray, frequencies: np.ndarray, order: int = 4) -> dict[str, tf.Tensor]:
    op = OPS["crossover"](sample_rate=RATE, bands=frequencies.shape[-1] + 1, order=order)  # type: ignore[call-arg]
    return op.signals(x, frequencies)


def turned(x: np.ndarray, frequency: float, half: int) -> np.ndarray:
    """The all-pass of a crossover in float64: poles of a Butterworth, and zeros that mirror them."""
    poles = sp.butter(half, frequency, fs=RATE, output="zpk")[1]
    a = np.real(np.poly(poles))
    return sp.lfilter(a[::-1], a, x)


@pytest.mark.parametrize("order", [2, 4, 6, 8])
@pytest.mark.parametrize("bands", list(FREQUENCIES))
@pytest.mark.parametrize("moving", [False, True])
def test_the_sum_of_all_bands_has_the_level_of_the_sound_everywhere(bands: int, order: int, moving: bool) -> None:
    impulse = np.eye(1, 1 << 14, dtype=np.float32)
    frequencies = np.float32([[FREQUENCIES[bands]]])
    if moving:
        frequencies = np.repeat(frequencies, impulse.shape[1], axis=1)
    total = sum(np.asarray(x, np.float64) for x in parted(impulse, frequencies, order).values())
    assert np.abs(np.abs(np.fft.rfft(total[0])) - 1.0).max() < 1e-6


@pytest.mark.parametrize("order", [2, 4, 6])
def test_bands_are_scipys_butterworths_twice_and_the_all_passes_of_those_above(order: int) -> None:
    x, half = noise(1, 2, 4001), order // 2
    low_hz, high_hz = FREQUENCIES[3]
    x64 = x.astype(np.float64)

    def twice(x: np.ndarray, frequency: float, kind: str) -> np.ndarray:
        sos = sp.butter(half, frequency, kind, fs=RATE, output="sos")
        sign = -1.0 if kind == "high" and half % 2 else 1.0
        return sign * sp.sosfilt(sos, sp.sosfilt(sos, x))

    above = twice(x64, low_hz, "high")
    expected = {
        "low": turned(twice(x64, low_hz, "low"), high_hz, half),
        "mid": twice(above, high_hz, "low"),
        "high": twice(above, high_hz, "high"),
    }
    for shape, most in (((1, 1, 2), MOST_DB), ((2, 4001, 2), MOST_DB + 15)):  # a scan rounds at every sample
        bands = parted(x, np.broadcast_to(np.float32([low_hz, high_hz]), shape), order)
        assert list(bands) == list(expected)
        for name, y in bands.items():
            assert error_db(y, expected[name]) < most


def test_gradients_of_the_frequencies() -> None:
    """Against differences of SciPy's in float64."""
    x, weights = noise(2, 1, 2000), noise(3, 1, 2000)
    f = tf.constant([[FREQUENCIES[3]]])
    with tf.GradientTape() as tape:
        tape.watch(f)
        total = tf.reduce_sum(parted(x, f)["mid"] * weights)
    found = tape.gradient(total, f).numpy()[0, 0]

    def mid(low_hz: float, high_hz: float) -> float:
        high, low = (sp.butter(2, hz, kind, fs=RATE, output="sos") for hz, kind in ((low_hz, "high"), (high_hz, "low")))
        return float((sp.sosfilt(np.concatenate([high, high, low, low]), x.astype(np.float64)) * weights).sum())

    for i, hz in enumerate(FREQUENCIES[3]):
        up, down = ([v * (1 + sign * 1e-5 * (j == i)) for j, v in enumerate(FREQUENCIES[3])] for sign in (1, -1))
        assert found[i] == pytest.approx((mid(*up) - mid(*down)) / (2e-5 * hz), rel=1e-3)


SPEC = """\
version: 2
name: bands
clock: {sample_rate: 48 kHz, frame_rate: 1 kHz}
inputs: {audio: {rate: audio, channels: 2}, split: {rate: frame, channels: 1, unit: Hz}}
nodes:
  parts: {op: crossover, inputs: {audio: audio, frequency: [200 Hz, 2 kHz]}}
  halves: {op: crossover, inputs: {audio: parts/mid, frequency: split}, params: {bands: 2, order: 2}}
outputs: {low: parts/low, below: halves/low, above: halves, high: parts/high}
"""


def test_a_graph_of_several_channels_and_its_stream() -> None:
    model = dg.compile(SPEC)
    audio, split = noise(4, 1, 48 * 30, 2), np.full([1, 30, 1], 700.0, np.float32)
    whole = model({"audio": audio, "split": split})
    one = parted(audio[..., 1], np.float32([[FREQUENCIES[3]]]))
    np.testing.assert_allclose(whole["high"][..., 1], one["high"], atol=1e-6)
    stream = dg.compile_stream(model)
    streamed = run_stream(stream, {"audio": audio, "split": split}, [1, 4, 25])
    for name, late in stream.latencies.items():
        found = streamed[name]
        np.testing.assert_allclose(found[:, late:], whole[name][:, : found.shape[1] - late], atol=2e-6)


def test_what_a_loop_takes_from_it() -> None:
    """Known frequencies give the filters, constants of a range that no band is louder than the sound."""
    op = OPS["crossover"](sample_rate=RATE)  # type: ignore[call-arg]
    signals = {"frequency": signal("batch", 1, 2, rate=Rate.AUDIO)}
    known = {"audio": Range.of(-1, 1), "frequency": Range.of([200.0, 2000.0])}
    ways = op.ways(signals, known, ["audio"])
    z = np.exp(1j * np.linspace(0.1, 3, 50))
    total = sum(way.at(z)[:, 0] for way in ways.values())  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.abs(total), 1.0, atol=1e-9)
    unknown = known | {"frequency": Range.of([100.0, 1000.0], [300.0, 3000.0])}
    assert op.ways(signals, unknown, ["audio"])["audio", "low"] == Bounded(energy=1.0)
    assert op.ways({"frequency": signal("batch", "samples", 2, rate=Rate.AUDIO)}, unknown, ["audio"]) == {}


def test_edges() -> None:
    f = np.float32([[FREQUENCIES[3]]])
    for n in (0, 1, 65):
        for y in parted(np.zeros([2, n], np.float32), f).values():
            assert y.shape == (2, n)
            assert not np.any(y)
    offset = parted(np.ones([1, 30_000], np.float32), f)
    assert float(offset["low"][0, -1]) == pytest.approx(1.0, abs=1e-5)
    assert abs(float(offset["mid"][0, -1])) < 1e-5
    far = parted(noise(5, 1, 500), np.float32([[[-5.0, 1e30]]]))  # kept between 0 Hz and Nyquist
    assert all(np.isfinite(y).all() for y in far.values())


def test_what_does_not_fit_is_refused() -> None:
    def refused(old: str, new: str) -> str:
        with pytest.raises(GraphError) as error:
            dg.load(SPEC.replace(old, new))
        return str(error.value)

    assert "E502 'halves': a crossover of order 3" in refused("order: 2", "order: 3")
    assert "3 bands meet at 2 frequencies" in refused("[200 Hz, 2 kHz]", "[200 Hz, 1 kHz, 2 kHz]")
    (warning,) = dg.load(SPEC.replace("[200 Hz, 2 kHz]", "[2 kHz, 200 Hz]")).warnings
    assert warning.code == "W133"
