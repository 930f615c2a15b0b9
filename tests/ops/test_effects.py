"""FIRFilter, SincFilter and ModDelay against tones, impulses and the recorded cases."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import FRAMES, Dim, Rate, Signal, Unit, signal
from ddspgraph.ops.effects import FIRFilter, ModDelay, SincFilter
from tests.dsp.golden import Case, cases, relative_l2
from tests.ops.checks import assert_finite, results_of, traced

RATE = 16_000
EFFECTS = {"FIRFilter": FIRFilter, "ModDelay": ModDelay}


@pytest.mark.parametrize("case", cases("ddsp.effects.FIRFilter", "ddsp.effects.ModDelay"), ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    inputs, outputs = case.arrays()
    results = results_of(EFFECTS[case.source.rpartition(".")[2]](**case.params), **inputs)
    assert set(results) == {name.removeprefix("controls_") for name in outputs}
    for name, expected in outputs.items():
        assert relative_l2(results[name.removeprefix("controls_")], expected) <= 1e-4, name


@pytest.mark.parametrize("case", cases("core.sinc_filter"), ids=lambda c: c.name)
def test_golden_sinc_filter(case: Case) -> None:
    inputs, outputs = case.arrays()
    assert relative_l2(results_of(SincFilter(**case.params), **inputs)["signal"], outputs["0"]) <= 1e-4


def tone(hz: float, n_samples: int = 8000) -> np.ndarray:
    return np.sin(2.0 * np.pi * hz * np.arange(n_samples) / RATE)[None].astype(np.float32)


def level(op: Op, hz: float, control: np.ndarray) -> float:
    """Gain of a tone, its ends left out."""
    audio = tone(hz)
    name = list(op.inputs)[1]
    y = results_of(op, **{"audio": audio, name: control})["signal"]
    return float(np.std(y[0, 1000:-1000]) / np.std(audio[0, 1000:-1000]))


@pytest.mark.parametrize("window_size", [0, 65, 257])
@pytest.mark.parametrize("hz", [1000.0, 3100.0, 5500.0])
def test_fir_gain_is_the_magnitude(window_size: int, hz: float) -> None:
    """A ramp of magnitudes stays a ramp under any window, so a tone's gain is read off it."""
    op = FIRFilter(scale_fn=None, window_size=window_size)
    ramp = np.linspace(0.0, 2.0, 129)[None, None]
    np.testing.assert_allclose(level(op, hz, ramp), 2.0 * hz / 8000.0, rtol=0.01)


def test_one_filter_for_all_frames_is_a_constant_one() -> None:
    r = np.random.default_rng(1)
    audio, magnitudes = r.normal(size=(2, 640)), r.uniform(size=(2, 1, 33))
    op = FIRFilter(scale_fn=None)
    held = results_of(op, audio=audio, magnitudes=np.repeat(magnitudes, 10, axis=1))["signal"]
    np.testing.assert_allclose(results_of(op, audio=audio, magnitudes=magnitudes)["signal"], held, atol=1e-5)


@pytest.mark.parametrize("high_pass", [False, True])
def test_sinc_keeps_or_kills(high_pass: bool) -> None:
    op = SincFilter(sample_rate=RATE, high_pass=high_pass)
    cutoff = np.full((1, 1, 1), 2000.0)
    below, above = level(op, 1500.0, cutoff), level(op, 2500.0, cutoff)
    kept, killed = (above, below) if high_pass else (below, above)
    assert abs(kept - 1.0) < 0.01
    assert killed < 0.005


def test_sinc_cutoff_moves_with_the_frames() -> None:
    cutoff = np.repeat([500.0, 4000.0], 10)[None, :, None]
    y = results_of(SincFilter(sample_rate=RATE), audio=tone(2000.0), cutoff_frequency=cutoff)["signal"][0]
    assert np.std(y[600:3400]) < 0.01
    np.testing.assert_allclose(np.std(y[4600:7400]), np.sqrt(0.5), rtol=0.01)


@pytest.mark.parametrize(("phase", "delay_ms"), [(0.0, 4.0), (0.5, 7.0), (1.0, 10.0)])
def test_mod_delay_is_center_plus_depth(phase: float, delay_ms: float) -> None:
    """At both ends too: in magenta/ddsp a phase of exactly 1 wraps round to no delay."""
    op = ModDelay(sample_rate=RATE, center_ms=4.0, depth_ms=6.0, gain_scale_fn=None, phase_scale_fn=None)
    click = np.zeros((1, 400))
    click[0, 50] = 1.0
    y = np.array(op(click, np.full((1, 400, 1), 0.5), np.full((1, 400, 1), phase)))[0]
    expected = click[0].copy()
    expected[50 + round(delay_ms * RATE / 1000.0)] += 0.5
    np.testing.assert_allclose(y, expected, atol=1e-4)


def test_mod_delay_without_dry_or_delay() -> None:
    audio = tone(300.0, 320)
    op = ModDelay(sample_rate=RATE, center_ms=0.0, depth_ms=0.0, gain_scale_fn=None, add_dry=False)
    wet = np.array(op(audio, np.full((1, 320, 1), 0.25), np.zeros((1, 320, 1))))
    np.testing.assert_allclose(wet, 0.25 * audio, atol=1e-5)


def test_units_follow_the_scale_functions() -> None:
    assert FIRFilter().input_ports()["magnitudes"].unit is Unit.RAW
    assert FIRFilter(scale_fn=None).input_ports()["magnitudes"].unit is Unit.LINEAR
    ports = ModDelay(gain_scale_fn=None).input_ports()
    assert (ports["gain"].unit, ports["phase"].unit) == (Unit.LINEAR, Unit.RAW)


@pytest.mark.parametrize(("op", "channels"), [(FIRFilter(), 9), (SincFilter(sample_rate=RATE), 1)])
def test_frames_must_be_parts_of_the_audio(op: Op, channels: int) -> None:
    port = list(op.inputs)[1]
    control = signal("batch", "frames", channels, rate=Rate.FRAME)
    whole = Signal((Dim.of("batch"), FRAMES * 64), Rate.AUDIO)
    assert op.infer({"audio": whole, port: control})["signal"] == whole
    cropped = Signal((Dim.of("batch"), FRAMES * 64 + -320), Rate.AUDIO)
    with pytest.raises(Mismatch, match=r"whole parts of the audio's 64\*frames - 320 samples") as caught:
        op.infer({"audio": cropped, port: control})
    assert (caught.value.code, caught.value.port) == ("E414", port)
    constant = signal("batch", 1, channels, rate=Rate.FRAME)
    assert op.infer({"audio": cropped, port: constant})["signal"] == cropped


def test_outside_of_a_graph_the_rate_must_be_said() -> None:
    with pytest.raises(ValueError, match="SincFilter needs sample_rate"):
        SincFilter()(np.zeros((1, 64)), np.ones((1, 1, 1)))
    with pytest.raises(ValueError, match="ModDelay needs sample_rate"):
        ModDelay()(np.zeros((1, 64)), np.zeros((1, 64, 1)), np.zeros((1, 64, 1)))


def _inputs(op: Op, n_samples: int, value: float) -> dict[str, np.ndarray]:
    audio = np.full((2, n_samples), value)
    if isinstance(op, ModDelay):
        return {"audio": audio, "gain": np.full((2, n_samples, 1), value), "phase": np.full((2, n_samples, 1), value)}
    return {"audio": audio, list(op.inputs)[1]: np.full((2, 1, 9 if isinstance(op, FIRFilter) else 1), value)}


@pytest.mark.parametrize(
    "op", [FIRFilter(), SincFilter(sample_rate=RATE), ModDelay(sample_rate=RATE)], ids=lambda o: o.name
)
@pytest.mark.parametrize("n_samples", [1, 64])
@pytest.mark.parametrize("value", [0.0, 1.0, -8000.0, 8000.0])
def test_edges_are_finite(op: Op, n_samples: int, value: float) -> None:
    assert_finite(op, _inputs(op, n_samples, value))


@pytest.mark.parametrize(
    "op", [FIRFilter(), SincFilter(sample_rate=RATE), ModDelay(sample_rate=RATE)], ids=lambda o: o.name
)
def test_traced_with_open_axes(op: Op) -> None:
    r = np.random.default_rng(2)
    inputs = {name: r.uniform(size=array.shape) for name, array in _inputs(op, 640, 0.0).items()}
    if not isinstance(op, ModDelay):
        control = list(op.inputs)[1]
        inputs[control] = (
            1000.0 * np.repeat(inputs[control], 10, axis=1)
            if isinstance(op, SincFilter)
            else np.repeat(inputs[control], 10, axis=1)
        )
    np.testing.assert_allclose(traced(op, inputs)["signal"], results_of(op, **inputs)["signal"], atol=1e-4)
