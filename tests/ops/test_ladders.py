"""The ladder against a loop over samples in float64, which solves the equation of each by halving."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.ir.gains import Linear, Range
from ddspgraph.ops import OPS
from tests.ops.test_filters import MOST_DB, RATE, const, error_db, noise
from tests.streaming.proof import run_stream


def loop(x: np.ndarray, f: Any, resonance: Any, drive_db: Any = None) -> np.ndarray:
    """Four one-poles and a feedback without delay, sample by sample."""
    s, out = np.zeros(4), []
    f, resonance, drive_db = (np.broadcast_to(np.nan if v is None else v, x.shape) for v in (f, resonance, drive_db))
    for xn, fn, rn, dn in zip(x, f, resonance, drive_db, strict=True):
        g, k, d = np.tan(np.pi * fn / RATE), 4 * min(rn, 0.999), 10 ** (dn / 20)
        share = g / (1 + g)
        rest = xn - k * (1 - share) * (s[3] + share * s[2] + share**2 * s[1] + share**3 * s[0])
        if np.isnan(d):
            y = rest / (1 + k * share**4)
        else:  # v + k G^4 tanh(d v) / d = rest
            low, high = -abs(rest) - 4 / d, abs(rest) + 4 / d
            for _ in range(80):
                v = (low + high) / 2
                low, high = (low, v) if v + k * share**4 * np.tanh(d * v) / d > rest else (v, high)
            y = np.tanh(d * v) / d
        for i in range(4):
            step = share * (y - s[i])
            y = s[i] + step
            s[i] = y + step
        out.append(y)
    return np.array(out)


def ladder(x: np.ndarray, **controls: Any) -> Any:
    return OPS["ladder"](sample_rate=RATE)(x, **controls)  # type: ignore[call-arg]


@pytest.mark.parametrize(("f", "resonance"), [(50.0, 0.0), (100.0, 0.99), (1000.0, 0.5), (15_000.0, 0.9)])
def test_a_linear_ladder_is_the_loop(f: float, resonance: float) -> None:
    x = noise(1, 1, 2001)
    expected = loop(x[0].astype(np.float64), f, resonance)
    assert error_db(ladder(x, cutoff=const(f), resonance=const(resonance))[0], expected) < MOST_DB
    moving = ladder(x, cutoff=np.full(x.shape, f, np.float32), resonance=const(resonance))
    assert error_db(moving[0], expected) < MOST_DB + 20  # a scan rounds at every sample, and resonance rings on it


@pytest.mark.parametrize(
    ("f", "resonance", "drive_db", "level"),
    [
        *((1000.0, 0.5, 0.0, 1.0), (1000.0, 1.0, 20.0, 3.0), (100.0, 0.99, 40.0, 1.0), (15_000.0, 0.9, 60.0, 1.0)),
        *((300.0, 0.999, 0.0, 1e-3), (2000.0, 1.0, 10.0, 100.0)),
    ],
)
@pytest.mark.parametrize("moving", [False, True])
def test_a_ladder_that_saturates_is_the_loop(
    f: float, resonance: float, drive_db: float, level: float, moving: bool
) -> None:
    x = level * noise(2, 1, 1500)
    cutoff = np.full(x.shape, f)
    if moving:
        cutoff = np.clip(f * np.exp(0.8 * np.random.default_rng(3).normal(size=x.shape)), 1, 20_000)
    cutoff = cutoff.astype(np.float32)
    expected = loop(x[0].astype(np.float64), cutoff[0].astype(np.float64), resonance, drive_db)
    found = ladder(x, cutoff=cutoff, resonance=const(resonance), drive=const(drive_db))
    assert error_db(found[0], expected) < -100  # next to oscillation, roundings of 1e-7 are heard ten times over


@pytest.mark.parametrize("drive_db", [None, 12.0])
def test_gradients(drive_db: float | None) -> None:
    """Against differences of the loop along a direction in every control."""
    rng, n = np.random.default_rng(4), 400
    arrays = {
        "audio": rng.normal(size=n),
        "cutoff": np.exp(rng.normal(size=n).cumsum() / 20) * 1000,
        "resonance": rng.uniform(0.1, 0.9, n),
    }
    arrays |= {} if drive_db is None else {"drive": drive_db + rng.normal(size=n)}
    weights = rng.normal(size=n)
    tensors = {name: tf.constant(x[None], tf.float32) for name, x in arrays.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = OPS["ladder"](sample_rate=RATE)(**tensors)  # type: ignore[call-arg]
        total = tf.reduce_sum(y * weights[None].astype(np.float32))
    for name, gradient in tape.gradient(total, tensors).items():
        step = rng.normal(size=n) * np.abs(arrays[name]) * 1e-5
        up, down = (loop(*(x + sign * step * (key == name) for key, x in arrays.items())) for sign in (1, -1))
        slope = float(((up - down) * weights).sum() / 2)
        assert float((gradient[0] * step).numpy().sum()) == pytest.approx(slope, rel=2e-3, abs=1e-6), name


def test_gradients_of_constants() -> None:
    x, weights = noise(5, 1, 800), noise(6, 1, 800)
    at = {"cutoff": 700.0, "resonance": 0.6}
    controls = {name: tf.constant([[value]]) for name, value in at.items()}
    with tf.GradientTape() as tape:
        tape.watch(controls)
        found = tape.gradient(tf.reduce_sum(ladder(x, **controls) * weights), controls)
    for name, value in at.items():
        up, down = (
            loop(x[0].astype(np.float64), *(v * (1 + sign * 1e-5 * (key == name)) for key, v in at.items()))
            for sign in (1, -1)
        )
        slope = ((up - down) * weights[0]).sum() / (2e-5 * value)
        assert found[name].numpy().item() == pytest.approx(slope, rel=1e-3)


def test_no_modulation_makes_it_overflow() -> None:
    """Cutoff, resonance and drive jump anywhere in their ranges, and beyond, at every sample."""
    rng, shape = np.random.default_rng(7), (500, 64)
    controls = {
        "cutoff": RATE * 10 ** rng.uniform(-7, 0, shape),
        "resonance": rng.uniform(-0.5, 2.0, shape),
        "drive": rng.uniform(-90, 90, shape),
    }
    x = rng.normal(size=shape)
    assert np.abs(ladder(x, **controls)).max() < 1e6
    del controls["drive"]
    assert np.abs(ladder(x, **controls)).max() < 1e6


def test_edges() -> None:
    for drive in ({}, {"drive": const(6.0)}):
        for shape in ((2, 1), (2, 17), (0, 17)):
            y = ladder(np.zeros(shape, np.float32), cutoff=const(500.0), resonance=const(1.0), **drive)
            assert y.shape == shape
            assert not np.any(y)
    ones = np.ones([1, 5000], np.float32)
    steady = float(ladder(ones, cutoff=const(1000.0), resonance=const(0.5))[0, -1])
    assert steady == pytest.approx(1 / 3, abs=1e-5)  # 1 / (1 + 4 resonance)
    assert abs(ladder(np.resize(np.float32([1, -1]), [1, 5000]), cutoff=const(1000.0))[0, -1]) < 1e-6
    driven = float(ladder(1e6 * ones, cutoff=const(1000.0), drive=const(0.0))[0, -1])
    assert driven == pytest.approx(1.0, abs=1e-5)


SPEC = """\
version: 2
name: acid
clock: {sample_rate: 48 kHz, frame_rate: 1 kHz}
inputs: {audio: {rate: audio}, sweep: {rate: frame, unit: Hz}}
nodes:
  fixed: {op: ladder, inputs: {audio: audio, cutoff: 3 kHz, resonance: 0.3}}
  hot: {op: ladder, inputs: {audio: fixed, cutoff: sweep, resonance: 0.9, drive: 12 dB}}
outputs: {audio: hot}
"""


def test_a_stream_is_the_graph() -> None:
    model = dg.compile(SPEC)
    rng = np.random.default_rng(8)
    audio, sweep = noise(9, 2, 48 * 30), rng.uniform(100, 8000, (2, 30, 1)).astype(np.float32)
    whole = model({"audio": audio, "sweep": sweep})["audio"]
    stream = dg.compile_stream(model)
    found = run_stream(stream, {"audio": audio, "sweep": sweep}, [1, 3, 26], batch=2)["audio"]
    late = stream.latencies["audio"]
    np.testing.assert_allclose(found[:, late:], whole[:, : found.shape[1] - late], atol=2e-5)


def test_what_a_loop_takes_from_it() -> None:
    """The polynomials give the impulse response of the loop; one that saturates is not linear."""
    op = OPS["ladder"](sample_rate=RATE)  # type: ignore[call-arg]
    known = {"audio": Range.of(-1, 1), "cutoff": Range.of(900.0), "resonance": Range.of(0.4)}
    way = op.ways({}, known, ["audio"])["audio", "signal"]
    assert isinstance(way, Linear)
    impulse = np.eye(1, 300)[0]
    np.testing.assert_allclose(way.impulse()[0, :300], loop(impulse, 900.0, 0.4), atol=1e-12)
    assert op.ways({}, known | {"drive": Range.of(0.0)}, ["audio"]) == {}
