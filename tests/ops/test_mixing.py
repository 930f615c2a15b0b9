"""Sums, products, gains and crossfades: broadcasting, laws, recordings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ddspgraph import ops
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import Dim, Rate, Signal, Unit, signal
from ddspgraph.ir.units import solve_units, with_units
from tests.dsp.golden import cases, relative_l2
from tests.ops.checks import assert_finite, results_of, traced

RNG = np.random.default_rng(8)
AUDIO = signal("batch", Dim(64, "frames"), rate=Rate.AUDIO, unit=Unit.LINEAR)
STEREO = signal("batch", Dim(64, "frames"), 2, rate=Rate.AUDIO)
COLUMN = signal("batch", Dim(64, "frames"), 1, rate=Rate.AUDIO)
FRAMES = signal("batch", "frames", 1, rate=Rate.FRAME, unit=Unit.HZ)
SHORTER = signal("batch", Dim(64, "frames", -100), rate=Rate.AUDIO)
ONE, TWO = (RNG.normal(size=(2, 3200)).astype(np.float32) for _ in range(2))


def inferred(op: Op, *signals: Signal) -> Signal:
    given = dict(zip(op.input_names(len(signals)), signals, strict=True))
    return with_units(op, op.infer(given), solve_units(op, given)[0])["signal"]


def refused(op: Op, *signals: Signal) -> Mismatch:
    with pytest.raises(Mismatch) as caught:
        inferred(op, *signals)
    return caught.value


def test_golden_add() -> None:
    (case,) = cases("ddsp.processors.Add")
    inputs, outputs = case.arrays()
    results = results_of(ops.Add(), **inputs)
    assert relative_l2(results["signal"], outputs["signal"]) <= 1e-6
    assert relative_l2(results["signal_two"], outputs["controls_signal_two"]) == 0.0


def test_golden_mix_by_the_old_law() -> None:
    (case,) = cases("ddsp.processors.Mix")
    inputs, outputs = case.arrays()
    results = results_of(ops.Mix(law="ddsp"), **inputs)
    for name, value in results.items():
        assert relative_l2(value, outputs[name if name == "signal" else f"controls_{name}"]) <= 1e-4


def test_a_crossfade_has_constant_power() -> None:
    """magenta/ddsp's Mix promises this and does not keep it (the recording's note): here the powers sum to 1."""
    level = np.linspace(-12.0, 12.0, 50, dtype=np.float32).reshape(1, 50, 1)
    ones, zeros = np.ones((1, 3200), np.float32), np.zeros((1, 3200), np.float32)
    gain_one = results_of(ops.Mix(), signal_one=ones, signal_two=zeros, nn_out_mix_level=level)["signal"]
    gain_two = results_of(ops.Mix(), signal_one=zeros, signal_two=ones, nn_out_mix_level=level)["signal"]
    np.testing.assert_allclose(gain_one**2 + gain_two**2, 1.0, atol=1e-5)
    assert gain_one[0, 0] < 0.01 < 0.99 < gain_one[0, -1]


@pytest.mark.parametrize(("m", "expected"), [(0.0, TWO), (1.0, ONE)])
def test_ends_of_a_crossfade_are_the_signals(m: float, expected: np.ndarray) -> None:
    results = results_of(ops.Mix(scale_fn=None), signal_one=ONE, signal_two=TWO, nn_out_mix_level=[m])
    np.testing.assert_allclose(results["signal"], expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(2,), (2, 50, 1), (2, 3200), (2, 3200, 1), (1, 1, 1)])
@pytest.mark.parametrize("channels", [(), (1,), (2,)])
def test_levels_of_every_rate_mix_audio_of_every_rank(shape: tuple[int, ...], channels: tuple[int, ...]) -> None:
    signals = {"signal_one": ONE, "signal_two": TWO}
    signals = {
        n: np.broadcast_to(s.reshape(2, 3200, *([1] * len(channels))), (2, 3200, *channels)) for n, s in signals.items()
    }
    results = results_of(ops.Mix(), **signals, nn_out_mix_level=np.zeros(shape, np.float32))
    expected = np.sqrt(0.5) * (signals["signal_one"] + signals["signal_two"])
    np.testing.assert_allclose(results["signal"], expected, atol=1e-5)
    np.testing.assert_allclose(results["mix_level"], 0.5, atol=1e-6)


def test_mix_types() -> None:
    level = signal("batch", "frames", 1, rate=Rate.FRAME, unit=Unit.RAW)
    types = ops.Mix().infer({"signal_one": AUDIO, "signal_two": AUDIO, "nn_out_mix_level": level})
    assert inferred(ops.Mix(), AUDIO, AUDIO, level) == AUDIO
    assert str(types["mix_level"]) == "[batch, 64*frames, 1] audio linear"
    assert inferred(ops.Mix(), STEREO, STEREO, signal("batch")) == STEREO
    two_levels = signal("batch", "frames", 2, rate=Rate.FRAME)
    assert inferred(ops.Mix(), COLUMN, COLUMN, two_levels).dims == STEREO.dims
    assert refused(ops.Mix(), AUDIO, AUDIO, two_levels).code == "E413"
    assert refused(ops.Mix(), AUDIO, AUDIO, signal("batch", 3)).port == "nn_out_mix_level"
    assert refused(ops.Mix(), AUDIO, AUDIO, SHORTER).code == "E414"
    assert ops.Mix(scale_fn=None).input_ports()["nn_out_mix_level"].unit is Unit.LINEAR


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (AUDIO, AUDIO, AUDIO),
        (AUDIO, signal(1, 1, rate=Rate.AUDIO, unit=Unit.LINEAR), AUDIO),
        (COLUMN, STEREO, STEREO),
        (FRAMES, FRAMES, FRAMES),
        (signal(1), signal(1, 3), signal(1, 3)),
        (signal("batch", "frames", "k", rate=Rate.FRAME), signal("batch", "frames", 5, rate=Rate.FRAME), None),
    ],
)
def test_shapes_broadcast(one: Signal, two: Signal, expected: Signal | None) -> None:
    assert inferred(ops.Add(), one, two) == inferred(ops.Add(), two, one)
    assert inferred(ops.Add(), one, two) == (expected or two)


@pytest.mark.parametrize(
    ("one", "two", "code", "hint"),
    [
        (AUDIO, COLUMN, "E413", "tensor_to_audio node before 'signal_two'"),
        (STEREO, AUDIO, "E413", "concat node before 'signal_two'"),
        (STEREO, signal("batch", Dim(64, "frames"), 3, rate=Rate.AUDIO), "E414", "equal, or 1"),
        (AUDIO, SHORTER, "E414", "equal, or 1"),
    ],
)
def test_shapes_that_do_not_fit(one: Signal, two: Signal, code: str, hint: str) -> None:
    mismatch = refused(ops.Add(), one, two)
    assert (mismatch.code, mismatch.port) == (code, "signal_two")
    assert hint in (mismatch.hint or "")


def test_units_of_sums_and_products() -> None:
    db, linear, plain = (signal(1, unit=unit) for unit in (Unit.DB, Unit.LINEAR, Unit.ANY))
    assert inferred(ops.Add(), db, db).unit is Unit.DB
    assert inferred(ops.Add(), plain, db, plain).unit is Unit.DB
    assert inferred(ops.Multiply(), linear, signal(1, unit=Unit.HZ), linear).unit is Unit.HZ
    assert inferred(ops.Multiply(), linear, linear).unit is Unit.LINEAR
    assert inferred(ops.Multiply(), plain, linear).unit is Unit.ANY


def test_any_number_of_signals() -> None:
    """Of several ranks, against NumPy's own broadcasting; the outputs of two keep their names."""
    inputs = {"signal_one": ONE[..., None], "signal_two": np.float32([0.5]), "input_3": TWO[..., None]}
    inputs["input_4"] = RNG.normal(size=(1, 1, 2)).astype(np.float32)
    as_axes = [value.reshape(value.shape + (1,) * (3 - value.ndim)) for value in inputs.values()]
    for op, expected in ((ops.Add(), sum(as_axes)), (ops.Multiply(), np.prod(np.broadcast_arrays(*as_axes), axis=0))):
        results = results_of(op, **inputs)
        np.testing.assert_allclose(results["signal"], expected, rtol=1e-5, atol=1e-6)  # float32, in another order
        assert list(results) == ["signal", "signal_one", "signal_two"]
        np.testing.assert_array_equal(np.array(op(*inputs.values())), results["signal"])
    assert inferred(ops.Add(), COLUMN, signal(1), COLUMN, STEREO).dims == STEREO.dims
    assert refused(ops.Add(), AUDIO, AUDIO, SHORTER).port == "input_3"


@pytest.mark.parametrize(
    ("gain", "shape"),
    [(-20.0, ()), (-20.0, (2,)), (-20.0, (2, 1)), (-20.0, (2, 3200)), (-20.0, (1, 1, 1)), (-20.0, (2, 3200, 1))],
)
@pytest.mark.parametrize("channels", [(), (2,)])
def test_gain_is_in_decibels(gain: float, shape: tuple[int, ...], channels: tuple[int, ...]) -> None:
    audio = RNG.normal(size=(2, 3200, *channels)).astype(np.float32)
    result = results_of(ops.Gain(), audio=audio, gain=np.full(shape, gain, np.float32))["signal"]
    np.testing.assert_allclose(result, audio / 10.0, rtol=1e-5)


def test_gain_types() -> None:
    level = signal("batch", Dim(64, "frames"), 1, rate=Rate.AUDIO, unit=Unit.DB)
    assert inferred(ops.Gain(), AUDIO, level) == AUDIO
    assert inferred(ops.Gain(), STEREO, AUDIO) == STEREO
    assert inferred(ops.Gain(), COLUMN, STEREO).dims == STEREO.dims
    assert refused(ops.Gain(), AUDIO, STEREO).code == "E413"


@pytest.mark.parametrize(
    ("op", "second"),
    [(ops.Add(), {"signal_two": 80}), (ops.Multiply(), {"signal_two": 1}), (ops.Mix(), {"nn_out_mix_level": 5})],
    ids=lambda value: value.name if isinstance(value, Op) else "",
)
def test_lengths_are_open(op: Op, second: dict[str, int]) -> None:
    inputs: dict[str, Any] = {n: RNG.normal(size=(2, 80, 1)) for n in ("signal_one", "signal_two")}
    inputs |= {name: RNG.normal(size=(2, n, 1)) for name, n in second.items()}
    eager = results_of(op, **inputs)
    for name, value in traced(op, inputs).items():
        np.testing.assert_allclose(value, eager[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("level", [-1e6, -200.0, 0.0, 200.0, 1e6])
@pytest.mark.parametrize("law", ["constant_power", "ddsp"])
def test_saturated_levels_are_finite(law: str, level: float) -> None:
    silence = np.zeros((1, 4), np.float32)
    inputs = {"signal_one": silence + 1.0, "signal_two": silence, "nn_out_mix_level": np.full((1, 1, 1), level)}
    assert_finite(ops.Mix(law=law), inputs)
