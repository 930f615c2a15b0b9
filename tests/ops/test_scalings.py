"""Scalings against SciPy, closed forms and the recordings."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special

from ddspgraph import ops
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import Rate, Signal, Unit, signal
from tests.dsp.golden import Case, cases, relative_l2
from tests.ops.checks import assert_finite, results_of

X = np.linspace(-9.0, 9.0, 181, dtype=np.float32).reshape(1, 181, 1)
RAW_FRAMES = signal("batch", "frames", 24, rate=Rate.FRAME, unit=Unit.RAW)
GOLDEN = {
    "core.exp_sigmoid": ops.ExpSigmoid,
    "core.sym_exp_sigmoid": ops.SymExpSigmoid,
    "core.frequencies_softmax": ops.FrequenciesSoftmax,
    "core.frequencies_sigmoid": ops.FrequenciesSigmoid,
    "core.frequencies_critical_bands": ops.FrequenciesCriticalBands,
}


@pytest.mark.parametrize("case", [c for c in cases() if c.source in GOLDEN], ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    inputs, outputs = case.arrays()
    result = GOLDEN[case.source](**case.params)(*inputs.values())
    assert relative_l2(result, outputs["0"]) <= 1e-4


def test_exp_sigmoid_is_a_power_of_the_logistic_function() -> None:
    result = results_of(ops.ExpSigmoid(exponent=7.0, max_value=3.0, threshold=0.01), x=X)["signal"]
    np.testing.assert_allclose(result, 3.0 * scipy.special.expit(X) ** math.log(7.0) + 0.01, rtol=2e-5)


def test_sym_exp_sigmoid_is_even() -> None:
    result = results_of(ops.SymExpSigmoid(width=6.0), x=X)["signal"]
    np.testing.assert_allclose(result, result[:, ::-1], rtol=1e-5)
    assert result.argmin() == 90


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (ops.Sigmoid(), scipy.special.expit(X)),
        (ops.Tanh(), np.tanh(X)),
        (ops.Softplus(), np.logaddexp(0.0, X)),
    ],
    ids=lambda value: value.name if isinstance(value, Op) else "",
)
def test_elementary_functions(op: Op, expected: np.ndarray) -> None:
    np.testing.assert_allclose(results_of(op, x=X)["signal"], expected, rtol=2e-5, atol=1e-6)


def test_softmax_of_one_sure_bin_is_that_bin() -> None:
    """Depth 5 from 100 Hz to 1600 Hz: the bins are octaves."""
    raw = np.full((1, 1, 10), -50.0, np.float32)
    raw[..., 2] = raw[..., 5 + 4] = 50.0
    hz = results_of(ops.FrequenciesSoftmax(depth=5, hz_min=100.0, hz_max=1600.0), freqs=raw)["signal"]
    np.testing.assert_allclose(hz[0, 0], [400.0, 1600.0], rtol=1e-4)


def test_critical_bands_at_rest_are_equally_spaced_in_bark() -> None:
    """Raw zeros leave every frequency at its centre; soft_limit moves it by its distance from hz_min."""
    hz = results_of(ops.FrequenciesCriticalBands(hz_min=1.0, hz_max=7000.0), freqs=np.zeros((1, 1, 9)))["signal"]
    steps = np.diff(26.81 * hz[0, 0] / (1960.0 + hz[0, 0]))
    np.testing.assert_allclose(steps[1:-1], steps[1], rtol=1e-2)


@pytest.mark.parametrize("op", [ops.FrequenciesSoftmax, ops.FrequenciesSigmoid, ops.FrequenciesCriticalBands])
def test_a_constant_is_scaled_as_a_frame_is(op: type[Op]) -> None:
    raw = np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32)
    of_constant = results_of(op(depth=2), freqs=raw)["signal"]
    of_frames = results_of(op(depth=2), freqs=raw[:, None])["signal"]
    np.testing.assert_allclose(of_constant, of_frames[:, 0], rtol=1e-6)


@pytest.mark.parametrize("op", [ops.FrequenciesSoftmax, ops.FrequenciesSigmoid, ops.FrequenciesCriticalBands])
def test_depth_shares_the_channels(op: type[Op]) -> None:
    assert op(depth=8).infer({"freqs": RAW_FRAMES})["signal"] == Signal(
        signal("batch", "frames", 3).dims, Rate.FRAME, Unit.HZ
    )
    wild = signal("batch", "frames", "k", rate=Rate.FRAME)
    assert op(depth=8).infer({"freqs": wild})["signal"].rank == 3


@pytest.mark.parametrize(
    ("params", "given", "code", "hint"),
    [
        ({"depth": 7}, RAW_FRAMES, "E414", "the nearest is 21 channels, for 3 frequencies"),
        ({}, signal("batch", "samples", rate=Rate.AUDIO), "E413", None),
        ({}, signal("batch"), "E413", None),
        ({"hz_min": 500.0, "hz_max": 400.0}, RAW_FRAMES, "E502", None),
    ],
)
def test_channels_that_do_not_fit(params: dict[str, float], given: Signal, code: str, hint: str | None) -> None:
    with pytest.raises(Mismatch) as caught:
        ops.FrequenciesSigmoid(**params).infer({"freqs": given})  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.port) == (code, "freqs")
    assert hint in (None, caught.value.hint)


@pytest.mark.parametrize("value", [0.0, 1e6, -1e6])
@pytest.mark.parametrize(
    "op",
    [
        ops.ExpSigmoid(),
        ops.SymExpSigmoid(),
        ops.Sigmoid(),
        ops.Tanh(),
        ops.Softplus(),
        ops.FrequenciesSoftmax(depth=2),
        ops.FrequenciesSigmoid(depth=2),
        ops.FrequenciesCriticalBands(depth=2),
    ],
    ids=lambda op: op.name,
)
def test_extremes_are_finite(op: Op, value: float) -> None:
    assert_finite(op, {next(iter(op.inputs)): np.full((1, 1, 4), value, np.float32)})
