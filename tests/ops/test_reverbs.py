"""The three reverbs against SciPy's convolution, and how their responses come about."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal as scipy_signal

from ddspgraph import dsp
from ddspgraph.ir.op import Traits
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import FRAMES, Dim, Rate, Signal, Unit, signal
from ddspgraph.ops.noise import FilteredNoise
from ddspgraph.ops.reverbs import ExpDecayReverb, FilteredNoiseReverb, Reverb
from tests.dsp.golden import Case, cases, relative_l2
from tests.ops.checks import assert_finite, results_of, traced, variables_of

AUDIO = np.random.default_rng(1).normal(size=(2, 300)).astype(np.float32)
TYPED = Signal((Dim.of("batch"), FRAMES * 64), Rate.AUDIO)


def convolved(audio: np.ndarray, ir: np.ndarray) -> np.ndarray:
    """ir * x without the response's first sample, as long as x."""
    late = np.array(ir, np.float64)
    late[:, 0] = 0.0
    return np.stack([scipy_signal.fftconvolve(x, h)[: len(x)] for x, h in zip(audio, late, strict=True)])


@pytest.mark.parametrize("case", cases("ddsp.effects.Reverb"), ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    inputs, outputs = case.arrays()
    results = results_of(Reverb(**case.params), **inputs)
    for name, expected in outputs.items():
        assert relative_l2(results[name.removeprefix("controls_")], expected) <= 1e-4, name


@pytest.mark.parametrize("ir_samples", [1, 2, 299, 301, 5000])
@pytest.mark.parametrize("add_dry", [True, False])
def test_reverb_is_a_convolution(ir_samples: int, add_dry: bool) -> None:
    ir = np.random.default_rng(2).normal(size=(2, ir_samples))
    expected = convolved(AUDIO, ir) + (AUDIO if add_dry else 0.0)
    np.testing.assert_allclose(results_of(Reverb(add_dry=add_dry), audio=AUDIO, ir=ir)["signal"], expected, atol=2e-4)


def test_one_response_serves_a_batch() -> None:
    ir = np.random.default_rng(3).normal(size=(1, 50))
    expected = AUDIO + convolved(AUDIO, np.repeat(ir, 2, axis=0))
    np.testing.assert_allclose(results_of(Reverb(), audio=AUDIO, ir=ir)["signal"], expected, atol=1e-4)


def test_a_response_that_is_learned() -> None:
    op = Reverb(trainable=True, reverb_length=40)
    assert op.traits is Traits.TRAINABLE
    assert Reverb().traits is Traits.PURE
    variables = variables_of(op)
    assert variables is not None
    assert variables["ir"].shape == (40,)
    assert 0.0 < np.std(variables["ir"]) < 2e-6
    with tf.GradientTape() as tape:
        y = op(AUDIO, variables=variables)
        total = tf.reduce_sum(y**2)
    np.testing.assert_allclose(y, AUDIO, atol=1e-4)
    gradient = tape.gradient(total, variables["ir"])
    assert gradient.shape == (40,)
    assert np.abs(gradient[1:]).min() > 0.0
    assert gradient[0] == 0.0


@pytest.mark.parametrize("add_dry", [True, False])
def test_exp_decay_is_its_formula(add_dry: bool) -> None:
    gain, decay = np.float32([[0.5], [2.0]]), np.float32([[0.0], [1.5]])
    op = ExpDecayReverb(reverb_length=200, add_dry=add_dry)
    results = results_of(op, audio=AUDIO, gain=gain, decay=decay)
    noise = dsp.uniform_noise(200, 0, stream=0).numpy()
    amplitude = 2.0 / (1.0 + np.exp(-gain)) ** np.log(10.0) + 1e-7
    envelope = np.exp(-(2.0 + np.exp(decay)) * np.linspace(0.0, 1.0, 200))
    np.testing.assert_allclose(results["ir"], amplitude * envelope * noise, rtol=1e-4, atol=1e-7)
    expected = convolved(AUDIO, results["ir"]) + (AUDIO if add_dry else 0.0)
    np.testing.assert_allclose(results["signal"], expected, atol=1e-4)
    flat = results_of(op, audio=AUDIO, gain=gain[:, 0], decay=decay[:, 0])
    np.testing.assert_array_equal(flat["ir"], results["ir"])


def test_exp_decay_is_seeded() -> None:
    op, controls = ExpDecayReverb(reverb_length=200), ([1.0], [1.0])
    one = np.array(op(AUDIO, *controls, seed=1))
    np.testing.assert_array_equal(one, np.array(op(AUDIO, *controls, seed=1)))
    assert np.abs(one - np.array(op(AUDIO, *controls, seed=2))).max() > 0.1


def test_exp_decay_learned() -> None:
    op = ExpDecayReverb(trainable=True, reverb_length=50)
    assert op.traits == Traits.RANDOM | Traits.TRAINABLE
    variables = variables_of(op)
    assert variables is not None
    assert {name: v.numpy().tolist() for name, v in variables.items()} == {"gain": [2.0], "decay": [4.0]}
    given = results_of(ExpDecayReverb(reverb_length=50), audio=AUDIO, gain=[2.0], decay=[4.0])
    np.testing.assert_array_equal(results_of(op, audio=AUDIO)["signal"], given["signal"])


@pytest.mark.parametrize(("reverb_length", "frames"), [(200, 10), (200, 7), (3, 10)])
def test_filtered_noise_reverb_is_filtered_noise(reverb_length: int, frames: int) -> None:
    magnitudes = np.random.default_rng(4).normal(size=(2, frames, 9))
    results = results_of(FilteredNoiseReverb(reverb_length=reverb_length), audio=AUDIO, magnitudes=magnitudes)
    noise = FilteredNoise(n_samples=reverb_length, initial_bias=-3.0)
    np.testing.assert_array_equal(results["ir"], np.array(noise(magnitudes)))
    np.testing.assert_allclose(results["signal"], AUDIO + convolved(AUDIO, results["ir"]), atol=1e-4)


def test_filtered_noise_reverb_learned() -> None:
    op = FilteredNoiseReverb(trainable=True, reverb_length=2000, n_frames=10)
    variables = variables_of(op)
    assert variables is not None
    assert variables["magnitudes"].shape == (10, 16)
    assert 0.005 < np.std(variables["magnitudes"]) < 0.02
    results = results_of(op, audio=AUDIO)
    assert results["ir"].shape == (1, 2000)
    # exp_sigmoid(-3) = 0.0018 is the gain of noise of variance 1/3; the window smooths nothing of a flat spectrum.
    np.testing.assert_allclose(results["ir"].std(), 0.0018 / np.sqrt(3.0), rtol=0.1)


@pytest.mark.parametrize(
    ("op", "given"),
    [
        (Reverb, {"ir": signal("batch", "n")}),
        (ExpDecayReverb, {"gain": signal("batch"), "decay": signal("batch", 1)}),
        (FilteredNoiseReverb, {"magnitudes": signal("batch", 10, 5)}),
    ],
)
def test_given_or_learned_not_both(op: type[Reverb], given: dict[str, Signal]) -> None:
    port = next(iter(given))
    assert op().infer({"audio": TYPED, **given})["signal"] == TYPED
    assert op(trainable=True).infer({"audio": TYPED})["ir"].dims == (Dim.of(1), Dim.of(48_000))
    with pytest.raises(Mismatch, match=f"'{port}' is not connected") as caught:
        op().infer({"audio": TYPED})
    assert (caught.value.code, caught.value.port) == ("E305", port)
    with pytest.raises(Mismatch, match=f"learns '{port}'") as caught:
        op(trainable=True).infer({"audio": TYPED, **given})
    assert (caught.value.code, caught.value.port) == ("E305", port)
    with pytest.raises(TypeError, match="set trainable: true"):
        op()(AUDIO)


def test_ranks() -> None:
    for ir in (signal("batch", 10), signal(1, 10), signal("batch", "n", 1)):
        assert Reverb().infer({"audio": TYPED, "ir": ir})["ir"].dims == ir.dims
    for ir in (signal("batch"), signal("batch", 10, 2)):
        with pytest.raises(Mismatch) as caught:
            Reverb().infer({"audio": TYPED, "ir": ir})
        assert (caught.value.code, caught.value.port) == ("E413", "ir")
    with pytest.raises(Mismatch) as caught:
        ExpDecayReverb().infer({"audio": TYPED, "gain": signal("batch", 3), "decay": signal("batch")})
    assert (caught.value.code, caught.value.port) == ("E413", "gain")
    one = ExpDecayReverb().infer({"audio": TYPED, "gain": signal(1), "decay": signal("batch")})["ir"]
    assert one.dims == (Dim.of("batch"), Dim.of(48_000))


def test_units_follow_the_scale_function() -> None:
    assert ExpDecayReverb().input_ports()["gain"].unit is Unit.RAW
    assert ExpDecayReverb(scale_fn=None).input_ports()["gain"].unit is Unit.LINEAR
    assert FilteredNoiseReverb(scale_fn=None).input_ports()["magnitudes"].unit is Unit.LINEAR


def test_advice_on_a_response_longer_than_the_audio() -> None:
    op, signals = Reverb(trainable=True, reverb_length=1000), {"audio": TYPED}
    (advice,) = op.advise(signals, {}, {"frames": 10})
    assert (advice.code, advice.at) == ("W105", "reverb_length")
    assert "1000 samples, the audio 640" in advice.message
    assert not op.advise(signals, {}, {"frames": 16})
    assert not op.advise(signals, {}, {})
    (advice,) = Reverb().advise({**signals, "ir": signal(1, 641)}, {}, {"frames": 10})
    assert advice.at == "ir"


@pytest.mark.parametrize("n_samples", [1, 100])
@pytest.mark.parametrize("value", [0.0, 1e6, -1e6])
def test_edges_are_finite(n_samples: int, value: float) -> None:
    audio = np.full((2, n_samples), min(value, 1.0))
    assert_finite(Reverb(), {"audio": audio, "ir": np.full((2, 30), value)})
    assert_finite(ExpDecayReverb(reverb_length=30), {"audio": audio, "gain": [value] * 2, "decay": [value] * 2})
    assert_finite(ExpDecayReverb(reverb_length=1), {"audio": audio, "gain": [value] * 2, "decay": [value] * 2})
    noise = FilteredNoiseReverb(reverb_length=30)
    assert_finite(noise, {"audio": audio, "magnitudes": np.full((2, 3, 5), value)})
    assert_finite(Reverb(trainable=True, reverb_length=30), {"audio": audio})


def test_traced_with_open_axes() -> None:
    inputs = {"audio": AUDIO, "ir": np.random.default_rng(5).normal(size=(2, 40))}
    np.testing.assert_allclose(traced(Reverb(), inputs)["signal"], results_of(Reverb(), **inputs)["signal"], atol=1e-4)
