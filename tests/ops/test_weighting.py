"""A-weighting against IEC 61672-1, pre-emphasis against its definition: values, gradients, streams, exports."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal as sp
import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.ops import OPS
from tests.dsp.gradients import assert_gradient
from tests.export.converted import both_ways

#: IEC 61672-1:2013, table 3: A-weighting in dB, to 0.1 dB, at its exact frequencies 1000 * 10 ** (n / 10).
TABLE = {
    -20: -70.4, -17: -50.5, -15: -39.4, -12: -26.2, -10: -19.1, -6: -8.6, -3: -3.2, 0: 0.0, 3: 1.2, 4: 1.3, 6: 1.0,
    8: -0.1, 10: -2.5, 12: -6.6, 13: -9.3,
}  # fmt: skip


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_a_weighting_is_the_standards(rate: int) -> None:
    """The curve by its poles, in float64, from 10 Hz to Nyquist; stable; and the rounded table of the standard."""
    given = dsp.a_weighting_polynomials(float(rate))
    sos = np.array([[*b, *a] for b, a in given])
    assert all(np.abs(np.roots(a)).max() < 1.0 for _, a in given)
    hz = np.geomspace(10.0, 0.4999 * rate, 4000)
    poles_hz = (20.598997, 20.598997, 107.65265, 737.86223, 12194.217, 12194.217)
    s = 2j * np.pi * np.append(hz, 1000.0)
    curve = np.abs(s**4 / np.prod([s + 2 * np.pi * f for f in poles_hz], axis=0))
    error_db = 20 * np.log10(np.abs(sp.sosfreqz(sos, hz, fs=rate)[1]) * curve[-1] / curve[:-1])
    assert np.abs(error_db).max() <= (0.05 if rate >= 16_000 else 0.1)
    for n, expected in TABLE.items():
        if 10.0 <= 1000.0 * 10 ** (n / 10) < 0.5 * rate:
            found_db = 20 * np.log10(np.abs(sp.sosfreqz(sos, [1000.0 * 10 ** (n / 10)], fs=rate)[1][0]))
            assert found_db == pytest.approx(expected, abs=0.06 + (0.05 if rate >= 16_000 else 0.1))


@pytest.mark.parametrize("samples", [1, 3, 1000])
def test_a_weighting_is_the_filter_in_float64(samples: int) -> None:
    x = noise(1, 2, samples)
    sos = np.array([[*b, *a] for b, a in dsp.a_weighting_polynomials(48_000.0)])
    expected = sp.sosfilt(sos, x.astype(np.float64))
    found = OPS["a_weighting"](sample_rate=48_000)(x)  # type: ignore[call-arg]
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())  # -120 dB


def test_an_offset_and_nyquist() -> None:
    """0 Hz ends in silence; Nyquist keeps what the curve has there, where a bilinear transform has none."""
    op = OPS["a_weighting"](sample_rate=48_000)  # type: ignore[call-arg]
    assert np.abs(op(np.ones((1, 48_000), np.float32))[0, -100:]).max() < 1e-4
    alternating = np.tile([1.0, -1.0], 24_000)[None].astype(np.float32)
    expected = dsp.a_weighting_gain(24_000.0) / dsp.a_weighting_gain(1000.0)
    assert np.abs(op(alternating)[0, -1]) == pytest.approx(expected, rel=0.01)


def test_pre_emphasis_is_its_definition() -> None:
    op, x = OPS["pre_emphasis"](), noise(2, 2, 50)
    moving = np.random.default_rng(3).uniform(0, 1, (2, 50)).astype(np.float32)
    before = np.pad(x, [(0, 0), (1, 0)])[:, :-1]
    np.testing.assert_allclose(op(x), x - np.float32(0.95) * before, atol=1e-6)
    np.testing.assert_allclose(op(x, np.float32([[0.3]])), x - np.float32(0.3) * before, atol=1e-6)
    np.testing.assert_allclose(op(x, moving), x - moving * before, atol=1e-6)
    np.testing.assert_array_equal(op(x[:, :1]), x[:, :1])
    assert op(x[:0]).shape == (0, 50)


def test_gradients() -> None:
    x, moving = noise(4, 2, 40), np.full((2, 40), 0.7, np.float32)
    assert_gradient(OPS["pre_emphasis"](), x, moving)
    assert_gradient(OPS["a_weighting"](sample_rate=16_000), x)  # type: ignore[call-arg]


@pytest.mark.parametrize("target", ["litert", "onnx"])
def test_exports(target: str) -> None:
    weigh, emphasise = OPS["a_weighting"](sample_rate=16_000), OPS["pre_emphasis"]()  # type: ignore[call-arg]
    wanted, found = both_ways(lambda x: {"y": emphasise(weigh(x))}, target, {"x": noise(5, 1, 1000)})
    np.testing.assert_allclose(found["y"], wanted["y"], atol=1e-5)


def test_a_loss_hears_what_is_heard() -> None:
    """20 dB more error at 20 Hz than at 1 kHz counts less behind the filter."""
    t = np.arange(16_000) / 16_000
    target = noise(6, 1, 16_000)
    low, middle = (target + amount * np.sin(2 * np.pi * f * t)[None] for amount, f in ((0.1, 20.0), (0.01, 1000.0)))
    weigh, loss = OPS["a_weighting"](sample_rate=16_000), OPS["esr_loss"]()  # type: ignore[call-arg]
    assert float(loss(target, low)) > 50.0 * float(loss(target, middle))
    heard = [float(loss(weigh(target), weigh(tf.constant(x, tf.float32)))) for x in (low, middle)]
    assert heard[0] < heard[1]
