"""Harmonic, Sinusoidal and Wavetable against closed forms and the recorded cases."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import Rate, Unit, signal
from ddspgraph.ops.synths import Harmonic, Sinusoidal, Wavetable
from tests.dsp.golden import Case, cases, relative_l2
from tests.ops.checks import assert_finite, results_of, traced

RATE = 16_000
SYNTHS = {"Harmonic": Harmonic, "Sinusoidal": Sinusoidal, "Wavetable": Wavetable}
CLOCK = {"sample_rate": RATE, "hop_samples": 64}
PLAIN_SINUSOIDS = Sinusoidal(amp_scale_fn=None, freq_scale_fn=None, **CLOCK)


@pytest.mark.parametrize("case", cases(*(f"ddsp.synths.{name}" for name in SYNTHS)), ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    """Controls to 1e-4; audio to 1e-3, because the recordings hold the rounding of a float32 phase.

    The wavetable's was summed in float32 sample by sample: rendered with such a phase in place of the exact one
    the recording is met to 2e-6, so what is left of 1.3e-3 is all the recording's.
    """
    inputs, outputs = case.arrays()
    results = results_of(SYNTHS[case.source.rpartition(".")[2]](**case.params), **inputs)
    assert set(results) == {name.removeprefix("controls_") for name in outputs}
    for name, expected in outputs.items():
        tolerance = (2e-3 if case.name == "Wavetable" else 1e-3) if name == "signal" else 1e-4
        assert relative_l2(results[name.removeprefix("controls_")], expected) <= tolerance, name


def held(value: float | list[float], frames: int = 50) -> np.ndarray:
    """[1, frames, channels] of a constant."""
    return np.tile(np.atleast_1d(value), (1, frames, 1)).astype(np.float32)


def turns(hz: float, n_samples: int) -> np.ndarray:
    """Phase after each sample's step, in cycles."""
    return hz * np.arange(1, n_samples + 1) / RATE


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
def test_harmonic_is_its_sum(method: str) -> None:
    shares, f0_hz = np.array([3.0, 0.0, 1.0, 0.5]), 440.0
    op = Harmonic(scale_fn=None, amp_resample_method=method, **CLOCK)
    y = np.array(op(held(0.8), held(list(shares)), held(f0_hz)))[0]
    partials = [c / shares.sum() * np.sin(2.0 * np.pi * k * turns(f0_hz, y.size)) for k, c in enumerate(shares, 1)]
    np.testing.assert_allclose(y, 0.8 * np.sum(partials, axis=0), atol=2e-4)


def test_distribution_is_normalised_below_nyquist() -> None:
    inputs = {"amplitudes": held(0.5), "harmonic_distribution": held([1.0] * 10), "f0_hz": held(1000.0)}
    shares = results_of(Harmonic(scale_fn=None, **CLOCK), **inputs)["harmonic_distribution"][0, 0]
    np.testing.assert_allclose(shares, [1.0 / 7.0] * 7 + [0.0] * 3, rtol=1e-6)  # 8 * 1000 Hz is Nyquist
    shares = results_of(Harmonic(scale_fn=None, normalize_below_nyquist=False, **CLOCK), **inputs)
    np.testing.assert_allclose(shares["harmonic_distribution"], 0.1, rtol=1e-6)


def test_fade_below_nyquist() -> None:
    """A partial at 0.95 of Nyquist is whole without a fade, fainter within one, and whole again below it."""
    controls = (held(1.0), held(1.0), held(7600.0))
    whole = np.std(np.array(Harmonic(scale_fn=None, **CLOCK)(*controls)))
    faded = np.std(np.array(Harmonic(scale_fn=None, nyquist_fade=0.1, **CLOCK)(*controls)))
    below = np.std(np.array(Harmonic(scale_fn=None, nyquist_fade=0.04, **CLOCK)(*controls)))
    assert 0.05 * whole < faded < 0.95 * whole
    np.testing.assert_allclose(below, whole, rtol=1e-4)
    sinusoid = Sinusoidal(amp_scale_fn=None, freq_scale_fn=None, nyquist_fade=0.1, **CLOCK)
    np.testing.assert_allclose(np.std(np.array(sinusoid(held(1.0), held(7600.0)))), faded, rtol=1e-3)


def test_sinusoidal_is_its_sum() -> None:
    y = np.array(PLAIN_SINUSOIDS(held([0.5, 0.2]), held([300.0, 1234.0])))[0]
    expected = sum(a * np.sin(2.0 * np.pi * turns(hz, y.size)) for a, hz in ((0.5, 300.0), (0.2, 1234.0)))
    np.testing.assert_allclose(y, expected, atol=2e-4)


def test_sinusoids_above_nyquist_are_silent() -> None:
    results = results_of(PLAIN_SINUSOIDS, amplitudes=held([0.5, 0.2]), frequencies=held([8000.0, 1e5]))
    assert not results["amplitudes"].any()
    assert not results["signal"].any()


@pytest.mark.parametrize("freq_scale_fn", ["frequencies_sigmoid", "frequencies_softmax"])
@pytest.mark.parametrize("depth", [1, 4])
def test_frequencies_lie_in_their_range(freq_scale_fn: str, depth: int) -> None:
    op = Sinusoidal(freq_scale_fn=freq_scale_fn, depth=depth, hz_min=100.0, hz_max=1000.0, **CLOCK)
    raw = np.random.default_rng(1).normal(scale=3.0, size=(2, 5, 3 * depth))
    results = results_of(op, amplitudes=np.zeros((2, 5, 3)), frequencies=raw)
    assert results["frequencies"].shape == (2, 5, 3)
    # With several sigmoids a frequency, all but the last begin at 0 Hz, as magenta/ddsp's do.
    lowest_hz = 0.0 if freq_scale_fn == "frequencies_sigmoid" and depth > 1 else 99.9
    assert results["frequencies"].min() > lowest_hz
    assert results["frequencies"].max() < 1000.1


def test_sinusoids_and_their_raw_values_must_match() -> None:
    op = Sinusoidal(depth=4, **CLOCK)
    frames = {n: signal("batch", "frames", n, rate=Rate.FRAME) for n in (3, 11, 12)}
    outputs = op.infer({"amplitudes": frames[3], "frequencies": frames[12]})
    assert outputs["frequencies"].dims == frames[3].dims
    with pytest.raises(Mismatch, match="3 amplitudes need 12 values") as caught:
        op.infer({"amplitudes": frames[3], "frequencies": frames[11]})
    assert (caught.value.code, caught.value.port) == ("E414", "frequencies")
    with pytest.raises(Mismatch, match="3 amplitudes need 3 values"):
        PLAIN_SINUSOIDS.infer({"amplitudes": frames[3], "frequencies": frames[12]})


@pytest.mark.parametrize("held_table", [True, False])
def test_wavetable_of_a_sine_is_a_sine(held_table: bool) -> None:
    table = np.sin(2.0 * np.pi * np.arange(1024) / 1024.0)
    op = Wavetable(scale_fn=None, **CLOCK)
    y = np.array(op(held(0.7), held(list(table), 1 if held_table else 50), held(220.0)))[0]
    started_at_zero = turns(220.0, y.size) - 220.0 / RATE
    np.testing.assert_allclose(y, 0.7 * np.sin(2.0 * np.pi * started_at_zero), atol=1e-4)


def test_units_follow_the_scale_functions() -> None:
    for synth, raw in ((Harmonic, "harmonic_distribution"), (Wavetable, "wavetables")):
        assert [synth().input_ports()[p].unit for p in ("amplitudes", raw)] == [Unit.RAW] * 2
        assert [synth(scale_fn=None).input_ports()[p].unit for p in ("amplitudes", raw)] == [Unit.LINEAR] * 2
    assert Sinusoidal().input_ports()["frequencies"].unit is Unit.RAW
    assert PLAIN_SINUSOIDS.input_ports()["frequencies"].unit is Unit.HZ


def test_lengths_outside_of_a_graph() -> None:
    controls = (held(0.5, 10), held([1.0, 1.0], 10), held(200.0, 10))
    assert Harmonic(sample_rate=RATE)(*controls).shape == (1, 64_000)
    assert Harmonic(sample_rate=RATE, n_samples=320)(*controls).shape == (1, 320)
    with pytest.raises(ValueError, match="Harmonic needs sample_rate"):
        Harmonic()(*controls)


def test_advice_on_harmonics_that_never_sound() -> None:
    def advice(n_harmonics: int, f0_hz: list[float] | None = None):
        signals = {"harmonic_distribution": signal("batch", "frames", n_harmonics, rate=Rate.FRAME)}
        return Harmonic(**CLOCK).advise(signals, {} if f0_hz is None else {"f0_hz": f0_hz}, {})

    assert not advice(399)
    (found,) = advice(400)  # 400 * 20 Hz is Nyquist
    assert (found.code, found.at) == ("W104", "harmonic_distribution")
    assert "at most 399 lie below 8000 Hz" in found.message
    assert not advice(18, [440.0])
    (found,) = advice(19, [440.0])
    assert "19 harmonics, of which at most 18" in found.message
    assert not advice(500, [0.0])
    (found,) = advice(3, [9000.0])
    assert "at most 0" in found.message


EDGES_HZ = [0.0, -100.0, 8000.0, 16_000.0, 1e6]


def _edges(op: Op, frames: int, hz: float, value: float) -> dict[str, np.ndarray]:
    frame = np.ones((2, frames, 1))
    if isinstance(op, Sinusoidal):
        return {"amplitudes": value * np.ones((2, frames, 3)), "frequencies": hz * np.ones((2, frames, 3))}
    channels = "harmonic_distribution" if isinstance(op, Harmonic) else "wavetables"
    return {"amplitudes": value * frame, channels: value * np.ones((2, frames, 4)), "f0_hz": hz * frame}


ALL = [
    Harmonic(scale_fn=None, sample_rate=RATE, hop_samples=16),
    Harmonic(nyquist_fade=0.2, sample_rate=RATE, hop_samples=16),
    Sinusoidal(amp_scale_fn=None, freq_scale_fn=None, sample_rate=RATE, hop_samples=16),
    Sinusoidal(nyquist_fade=0.2, sample_rate=RATE, hop_samples=16),
    Sinusoidal(freq_scale_fn="frequencies_softmax", sample_rate=RATE, hop_samples=16),
    Wavetable(sample_rate=RATE, hop_samples=16),
]
IDS = ["harmonic", "harmonic-fade", "sinusoidal", "sinusoidal-fade", "sinusoidal-softmax", "wavetable"]


@pytest.mark.parametrize("op", ALL, ids=IDS)
@pytest.mark.parametrize("hz", EDGES_HZ)
def test_edges_are_finite(op: Op, hz: float) -> None:
    for frames, value in ((1, 0.0), (5, 0.0), (5, 1.0)):
        assert_finite(op, _edges(op, frames, hz, value))


@pytest.mark.parametrize("op", ALL, ids=IDS)
def test_traced_with_open_axes(op: Op) -> None:
    inputs = _edges(op, 7, 300.0, 0.5)
    np.testing.assert_allclose(traced(op, inputs)["signal"], results_of(op, **inputs)["signal"], atol=1e-5)
