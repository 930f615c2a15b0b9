"""Harmonic sets and sinusoids: recordings, and the way there and back."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph import ops
from ddspgraph.ir.op import Op
from ddspgraph.ir.types import Rate, Unit, signal
from tests.dsp.golden import cases, relative_l2
from tests.ops.checks import assert_finite, results_of, traced

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("op", [ops.HarmonicToSinusoidal, ops.SinusoidalToHarmonic])
def test_golden(op: type[Op]) -> None:
    (case,) = cases(f"core.{op.name}")
    inputs, outputs = case.arrays()
    results = results_of(op(**case.params), **inputs)
    for recorded, value in zip(outputs.values(), results.values(), strict=True):
        assert relative_l2(value, recorded) <= 1e-4


def test_there_and_back() -> None:
    """Sinusoids at exact harmonics, farther apart than the width, give the set that they came from."""
    f0_hz = RNG.uniform(100.0, 300.0, (2, 7, 1))
    dist = RNG.uniform(0.1, 1.0, (2, 7, 8))
    dist /= dist.sum(-1, keepdims=True)
    amp = RNG.uniform(0.1, 1.0, (2, 7, 1))
    sinusoids = results_of(ops.HarmonicToSinusoidal(), harm_amp=amp, harm_dist=dist, f0_hz=f0_hz)
    back = results_of(ops.SinusoidalToHarmonic(n_harmonics=8), **sinusoids, f0_hz=f0_hz)
    np.testing.assert_allclose(back["harm_amp"], amp, rtol=1e-4)
    np.testing.assert_allclose(back["harm_dist"], dist, rtol=1e-4)


def test_nothing_above_nyquist_of_the_clock() -> None:
    inputs = {"harm_amp": np.ones((1, 1, 1)), "harm_dist": np.ones((1, 1, 4)), "f0_hz": np.full((1, 1, 1), 1000.0)}
    amps = results_of(ops.HarmonicToSinusoidal(sample_rate=5000), **inputs)["sin_amps"]
    np.testing.assert_allclose(amps[0, 0], [0.5, 0.5, 0.0, 0.0])


def test_types() -> None:
    one = signal("batch", "frames", 1, rate=Rate.FRAME)
    dist = signal("batch", "frames", 12, rate=Rate.FRAME)
    types = ops.HarmonicToSinusoidal().infer({"harm_amp": one, "harm_dist": dist, "f0_hz": one})
    assert {name: str(s) for name, s in types.items()} == {
        "sin_amps": "[batch, frames, 12] frame linear",
        "sin_freqs": "[batch, frames, 12] frame Hz",
    }
    types = ops.SinusoidalToHarmonic(n_harmonics=9).infer({"sin_amps": dist, "sin_freqs": dist, "f0_hz": one})
    assert types["harm_dist"] == signal("batch", "frames", 9, rate=Rate.FRAME, unit=Unit.LINEAR)


@pytest.mark.parametrize("normalize", [False, True])
def test_open_lengths_and_edges(normalize: bool) -> None:
    op = ops.SinusoidalToHarmonic(n_harmonics=4, normalize=normalize)
    inputs = {n: RNG.uniform(50.0, 900.0, (2, 3, k)) for n, k in (("sin_amps", 5), ("sin_freqs", 5), ("f0_hz", 1))}
    eager = results_of(op, **inputs)
    for name, value in traced(op, inputs).items():
        np.testing.assert_allclose(value, eager[name], rtol=1e-4)
    for hz in (0.0, 8000.0):
        single = {n: np.full((1, 1, 1), hz) for n in inputs}
        assert_finite(op, {**single, "sin_amps": np.zeros((1, 1, 1))})
        assert_finite(ops.HarmonicToSinusoidal(), dict.fromkeys(("harm_amp", "harm_dist", "f0_hz"), single["f0_hz"]))
