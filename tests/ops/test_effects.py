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
    results = results_of(EFFECTS[case.source.rpartition(".")[2]](timing="ddsp", **case.params), **inputs)
    assert set(results) == {name.removeprefix("controls_") for name in outputs}
    for name, expected in outputs.items():
        assert relative_l2(results[name.removeprefix("controls_")], expected) <= 1e-4, name


@pytest.mark.parametrize("case", cases("core.sinc_filter"), ids=lambda c: c.name)
def test_golden_sinc_filter(case: Case) -> None:
    inputs, outputs = case.arrays()
    assert relative_l2(results_of(SincFilter(timing="ddsp", **case.params), **inputs)["signal"], outputs["0"]) <= 1e-4


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


@pytest.mark.parametrize(
    ("rate", "center_ms", "depth_ms", "phase", "samples"),
    [
        (48_000, 1000.0, 0.0, 0.3, 48_000),  # a float32 position rounds past the end of the line
        (48_000, 250.0, 0.0, 1.0, 12_000),
        (48_000, 30_000.0, 0.0, 0.0, 1_440_000),
        (44_100, 15.0, 10.0, 1.0, 1102.5),  # no whole number of samples
        (48_000, 0.25, 0.2, 1.0, 21.6),
        (44_100, 0.0226, 0.0, 0.0, 0.99666),
        (44_100, 15.0, 10.0, 0.0, 661.5),
        (48_000, 15.0, 10.0, 1.5, 1200),  # beyond the ends it is held there
        (48_000, 15.0, 10.0, -2.0, 0),
    ],
)
def test_mod_delay_is_exact(rate: int, center_ms: float, depth_ms: float, phase: float, samples: float) -> None:
    op = ModDelay(
        sample_rate=rate,
        center_ms=center_ms,
        depth_ms=depth_ms,
        add_dry=False,
        gain_scale_fn=None,
        phase_scale_fn=None,
    )
    n = int(samples) + 8
    click = np.zeros((1, n))
    click[0, 3] = 1.0
    y = np.array(op(click, np.ones((1, n, 1)), np.full((1, n, 1), phase)))[0]
    whole, part = divmod(samples, 1.0)
    expected = np.zeros(n)
    expected[[3 + int(whole), 4 + int(whole)]] = [1.0 - part, part]
    np.testing.assert_allclose(y, expected, atol=1e-6)  # the rounding of a weight in float32 is 6e-8


def test_mod_delay_of_noise_is_its_formula() -> None:
    """In float64, at 44.1 kHz: white noise shows every error of the position."""
    r, n = np.random.default_rng(5), 6_000
    audio, phase = r.uniform(-0.5, 0.5, (1, n)), r.normal(size=(1, n, 1))
    audio, phase = audio.astype(np.float32), phase.astype(np.float32)
    op = ModDelay(sample_rate=44_100, gain_scale_fn=None, add_dry=False)
    delay = 44.1 * (15.0 + 10.0 / (1.0 + np.exp(-np.float64(phase[0, :, 0]))))
    lower = np.floor(delay).astype(int)
    line = np.concatenate([np.zeros(1_200), np.float64(audio[0])])
    at = np.arange(n) + 1_200 - lower
    expected = line[at] + (delay - lower) * (line[at - 1] - line[at])
    np.testing.assert_allclose(op(audio, np.ones((1, n, 1)), phase)[0], expected, atol=2e-7)


def test_mod_delay_as_ddsp_scales_to_whole_samples() -> None:
    """1102.5 samples of the longest delay count as 1102, and a phase of 1 wraps round to no delay."""
    how = {"add_dry": False, "gain_scale_fn": None, "phase_scale_fn": None, "timing": "ddsp"}
    op = ModDelay(sample_rate=44_100, **how)
    click = np.zeros((1, 2_000))
    click[0, 3] = 1.0
    for phase, samples in ((0.0, 661.2), (1.0, 0.0)):
        y = np.array(op(click, np.ones((1, 2_000, 1)), np.full((1, 2_000, 1), phase)))[0]
        assert np.arange(-3, 1_997) @ y == pytest.approx(samples, abs=1e-2)


@pytest.mark.parametrize("bands", [1, 2, 3, 5, 33, 64, 65, 257])
@pytest.mark.parametrize("window_size", [0, 1, 2, 3, 4, 63, 64, 65, 128, 257])
def test_flat_gains_leave_an_impulse_where_it_is(bands: int, window_size: int) -> None:
    click = np.zeros((1, 700))
    click[0, 350] = 1.0
    y = FIRFilter(scale_fn=None, window_size=window_size)(click, np.ones((1, 1, bands)))
    np.testing.assert_allclose(y, click, atol=1e-6)


@pytest.mark.parametrize("window_size", [1, 2, 3, 64, 65, 512])
@pytest.mark.parametrize("high_pass", [False, True])
def test_sinc_filters_are_zero_phase(window_size: int, high_pass: bool) -> None:
    """What an impulse gives is symmetric about it."""
    op = SincFilter(sample_rate=RATE, window_size=window_size, high_pass=high_pass)
    click = np.zeros((1, 1_201))
    click[0, 600] = 1.0
    y = np.array(op(click, np.full((1, 1, 1), 3000.0)))[0]
    np.testing.assert_allclose(y, y[::-1], atol=1e-6)
    assert high_pass or np.argmax(y) == 600


def test_the_timing_of_ddsp_is_late() -> None:
    """As recorded: two samples with 65 bands, one of a sinc."""
    click = np.zeros((1, 700))
    click[0, 350] = 1.0
    late = FIRFilter(scale_fn=None, timing="ddsp")(click, np.ones((1, 1, 65)))
    np.testing.assert_allclose(late, np.roll(click, 2), atol=1e-6)
    sinc = SincFilter(sample_rate=RATE, timing="ddsp")(click, np.full((1, 1, 1), 3000.0))
    assert np.argmax(sinc) == 351


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
