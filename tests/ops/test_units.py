"""Unit conversions against librosa, their inverses and the recordings."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from ddspgraph import dsp, ops
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import UNIT_CONVERSIONS, Rate, Unit, signal
from ddspgraph.ops import OPS, units
from tests.dsp.golden import Case, cases, relative_l2
from tests.ops.checks import assert_finite, results_of

HZ = np.geomspace(20.0, 20_000.0, 60, dtype=np.float32).reshape(1, 20, 3)
GOLDEN = {f"core.{name}": op for name, op in OPS.items() if op.__module__ == units.__name__}


@pytest.mark.parametrize("case", [c for c in cases() if c.source in GOLDEN], ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    inputs, outputs = case.arrays()
    result = GOLDEN[case.source](**case.params)(*inputs.values())
    assert relative_l2(result, outputs["0"]) <= 1e-4


def test_every_conversion_has_a_recording() -> None:
    assert {c.source for c in cases()} >= set(GOLDEN)


def test_midi_is_librosas() -> None:
    notes = results_of(ops.HzToMidi(), frequencies=HZ)["signal"]
    np.testing.assert_allclose(notes, librosa.hz_to_midi(HZ), atol=1e-3)
    np.testing.assert_allclose(results_of(ops.MidiToHz(), notes=notes)["signal"], HZ, rtol=1e-4)


def test_mel_is_librosas_htk_scale() -> None:
    mel = results_of(ops.HzToMel(), hz=HZ)["signal"]
    np.testing.assert_allclose(mel, librosa.hz_to_mel(HZ, htk=True), rtol=1e-4)
    np.testing.assert_allclose(results_of(ops.MelToHz(), mel=mel)["signal"], HZ, rtol=1e-4)


def test_bark_has_its_inverse_and_traunmuellers_anchor() -> None:
    bark = results_of(ops.HzToBark(), hz=HZ)["signal"]
    np.testing.assert_allclose(results_of(ops.BarkToHz(), bark=bark)["signal"], HZ, rtol=1e-3)
    assert float(ops.HzToBark()([1000.0])[0]) == pytest.approx(8.53, abs=0.01)


def test_unit_interval_is_equal_steps_of_pitch() -> None:
    unit = np.linspace(0.0, 1.0, 5, dtype=np.float32)[None]
    hz = results_of(ops.UnitToHz(hz_min=100.0, hz_max=1600.0), unit=unit)["signal"]
    np.testing.assert_allclose(hz[0], [100.0, 200.0, 400.0, 800.0, 1600.0], rtol=1e-4)
    back = results_of(ops.HzToUnit(hz_min=100.0, hz_max=1600.0), hz=hz)["signal"]
    np.testing.assert_allclose(back, unit, atol=1e-5)


def test_decibels() -> None:
    amplitude = np.array([[1.0, 0.1, 1e-3, 0.0]], np.float32)
    np.testing.assert_allclose(ops.AmplitudeToDb()(amplitude), [[0, -20, -60, -80]], atol=1e-3)
    np.testing.assert_allclose(ops.PowerToDb(range_db=50.0)(amplitude), [[0, -10, -30, -50]], atol=1e-3)
    np.testing.assert_allclose(ops.DbToAmplitude()([[-40.0]]), [[0.01]], rtol=1e-5)
    np.testing.assert_allclose(ops.DbToPower()([[-40.0]]), [[1e-4]], rtol=1e-5)


def test_the_range_is_that_of_the_functions() -> None:
    assert units.DB_RANGE == dsp.DB_RANGE


@pytest.mark.parametrize(
    ("given", "wanted"), [pair for pair, name in UNIT_CONVERSIONS.items() if f"core.{name}" in GOLDEN]
)
def test_advised_conversions_convert(given: Unit, wanted: Unit) -> None:
    """What a unit mismatch proposes does what the proposal says."""
    op = OPS[UNIT_CONVERSIONS[given, wanted]]()
    (port,) = op.inputs
    result = op.infer({port: signal("batch", "frames", 1, rate=Rate.FRAME, unit=given)})["signal"]
    assert op.inputs[port].unit is given
    assert result.unit is wanted


def test_perceptual_scales_lose_the_unit() -> None:
    hz = signal("batch", "samples", rate=Rate.AUDIO, unit=Unit.HZ)
    for op in (ops.HzToBark(), ops.HzToMel()):
        assert op.infer({"hz": hz})["signal"] == signal("batch", "samples", rate=Rate.AUDIO)


@pytest.mark.parametrize(
    "op",
    [ops.MidiToUnit(midi_min=60.0, midi_max=60.0), ops.HzToUnit(hz_min=900.0, hz_max=30.0)],
    ids=lambda op: op.name,
)
def test_an_empty_range_is_refused(op: Op) -> None:
    (port,) = op.inputs
    with pytest.raises(Mismatch) as caught:
        op.infer({port: signal("batch")})
    assert (caught.value.code, caught.value.port) == ("E502", port)


@pytest.mark.parametrize("value", [0.0, 8000.0, -10.0])
@pytest.mark.parametrize("name", [op.name for op in GOLDEN.values()])
def test_extremes_are_finite(name: str, value: float) -> None:
    op = OPS[name](**({"hz_min": 30.0, "hz_max": 8000.0} if name in ("unit_to_hz", "hz_to_unit") else {}))
    (port,) = op.inputs
    if op.inputs[port].unit is not Unit.HZ:
        value /= 400.0 if name != "unit_to_hz" else 8000.0  # 20 dB, note 20, 20 bark, or 1
    assert_finite(op, {port: np.full((1, 1, 1), value, np.float32)})
