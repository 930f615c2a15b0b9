"""The loss classes: recordings, laws, types and warnings."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from ddspgraph import losses
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import Dim, Rate, Unit, signal
from ddspgraph.losses import LOSSES
from tests.dsp.golden import Case, cases, relative_l2
from tests.ops.checks import assert_finite, results_of

RNG = np.random.default_rng(10)
TARGET, AUDIO = (RNG.normal(size=(2, 1024)).astype(np.float32) for _ in range(2))
CLASSES = {f"losses.{op.__name__}": op for op in LOSSES.values()}
SOUND = signal("batch", Dim(64, "frames"), rate=Rate.AUDIO)


def params_of(case: Case) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in case.params.items()}


@pytest.mark.parametrize("case", [c for c in cases("losses.") if c.source in CLASSES], ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    inputs, outputs = case.arrays()
    results = results_of(CLASSES[case.source](**params_of(case)), **inputs)
    for recorded, result in zip(outputs, results, strict=True):
        assert recorded in ("0", result)
        assert relative_l2(results[result], outputs[recorded]) <= 1e-4


@pytest.mark.parametrize(
    "case", [c for c in cases("losses.") if c.source.split(".")[1].islower()], ids=lambda c: c.name
)
def test_golden_functions(case: Case) -> None:
    """mean_difference, amp_loss and freq_loss are magenta/ddsp's functions, by name and argument."""
    _, outputs = case.arrays()
    function = getattr(losses, case.source.split(".")[1])
    assert relative_l2(case.call(function), outputs["0"]) <= 1e-4


def test_golden_prediction_of_f0() -> None:
    (case,) = cases("losses.TWMLoss.predict_f0")
    inputs, outputs = case.arrays()
    assert relative_l2(losses.TWMLoss(**case.params).predict_f0(**inputs), outputs["0"]) <= 1e-6


def test_no_tensorflow_until_a_function_is_used() -> None:
    code = (
        "import sys, ddspgraph.losses as l\n"
        "assert 'tensorflow' not in sys.modules\n"
        "l.SpectralLoss(); dir(l)\n"
        "assert 'tensorflow' not in sys.modules\n"
        "try: l.nothing\n"
        "except AttributeError as e: print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "has no attribute 'nothing'" in done.stdout


def test_every_loss_is_pure_and_a_loss() -> None:
    for op in LOSSES.values():
        assert Traits.LOSS in op.traits
        assert Traits.PURE in op.traits
    assert list(losses.HarmonicConsistencyLoss.outputs) == ["harm_amp_loss", "harm_dist_loss", "f0_hz_loss"]


@pytest.mark.parametrize("loss_type", ["L1", "L2", "COSINE"])
def test_equal_sounds_have_no_loss(loss_type: str) -> None:
    op = losses.SpectralLoss(fft_sizes=(128, 64), logmag_weight=1.0, loudness_weight=1.0, loss_type=loss_type)
    assert float(op(TARGET, TARGET)) == pytest.approx(0.0, abs=1e-5)
    assert float(op(TARGET, AUDIO)) > 0.01


def test_terms_of_the_spectral_loss_add_up() -> None:
    names = [n for n in losses.SpectralLoss.params() if n.endswith("_weight")]
    off = dict.fromkeys(names, 0.0)
    parts = [float(losses.SpectralLoss(fft_sizes=(256,), **{**off, n: 0.5})(TARGET, AUDIO)) for n in names]
    whole = float(losses.SpectralLoss(fft_sizes=(256,), **dict.fromkeys(names, 0.5))(TARGET, AUDIO))
    assert len(parts) == 6
    assert sum(parts) == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("term", ["mag_weight", "loudness_weight"])
def test_weights_choose_examples(term: str) -> None:
    """A weight for each example: the other example's difference does not count."""
    op = losses.SpectralLoss(fft_sizes=(128,), **{"mag_weight": 0.0, term: 1.0})
    chosen = float(op(TARGET, AUDIO, weights=[0.0, 2.0]))
    assert chosen == pytest.approx(float(op(TARGET[1:], AUDIO[1:])), rel=1e-5)


def test_loudness_hears_the_sample_rate_of_the_clock() -> None:
    low, high = (
        losses.SpectralLoss(mag_weight=0.0, loudness_weight=1.0, sample_rate=rate)(TARGET, 0.1 * AUDIO)
        for rate in (8000, 48_000)
    )
    assert abs(float(low) - float(high)) > 1e-3


@pytest.mark.parametrize(
    ("sizes", "fft_sizes", "expected"),
    [
        ({"frames": 10}, (2048, 512), "write fft_sizes: [512]"),
        ({"frames": 1}, (2048,), "make the clip longer"),
        ({"frames": 32}, (2048,), None),
        ({}, (2048,), None),
    ],
)
def test_a_transform_longer_than_the_clip_is_warned_of(
    sizes: dict[str, int], fft_sizes: tuple[int, ...], expected: str | None
) -> None:
    advice = losses.SpectralLoss(fft_sizes=fft_sizes).advise({"audio": SOUND}, {}, sizes)
    assert [(a.code, a.at, a.hint) for a in advice] == ([("W106", "fft_sizes", expected)] if expected else [])


def test_pairs_must_have_one_shape() -> None:
    frames = signal("batch", "frames", 3, rate=Rate.FRAME)
    with pytest.raises(Mismatch) as caught:
        losses.ParamLoss().infer({"pred": frames, "target": signal("batch", "frames", 4, rate=Rate.FRAME)})
    assert (caught.value.code, caught.value.port) == ("E414", "target")
    weights = signal("batch", "frames", 2, rate=Rate.FRAME)
    with pytest.raises(Mismatch) as caught:
        losses.FreqLoss().infer({"f_hz": frames, "f_hz_target": frames, "weights": weights})
    assert (caught.value.code, caught.value.port) == ("E414", "weights")
    assert losses.AmpLoss().infer({"amp": frames, "amp_target": frames})["loss"].rank == 0


def test_pairs_against_closed_forms() -> None:
    amp, target = np.full((1, 2, 1), 0.1, np.float32), np.full((1, 2, 1), 1.0, np.float32)
    assert float(losses.AmpLoss(log=True)(amp, target)) == pytest.approx(1.0, rel=1e-5)
    assert float(losses.AmpLoss(loss_type="L2")(amp, target)) == pytest.approx(0.81, rel=1e-5)
    assert float(losses.FreqLoss()([[440.0]], [[880.0]])) == pytest.approx(12.0, rel=1e-4)
    assert float(losses.ParamLoss(weight=3.0)(amp, target, weights=[[[2.0], [0.0]]])) == pytest.approx(2.7, rel=1e-5)


def test_two_way_mismatch_prefers_the_fundamental() -> None:
    """Of 100, 200 and 300 Hz, 200 Hz explains partials at its multiples best."""
    harmonics = np.arange(1, 11, dtype=np.float32).reshape(1, 1, 10)
    op = losses.TWMLoss(sample_rate=16_000)
    f0_hz = op.predict_f0(np.array([[[100.0, 200.0, 300.0]]]), 200.0 * harmonics, 1.0 / harmonics)
    assert f0_hz.numpy().ravel() == pytest.approx([200.0])


def silent(op: type[Op]) -> dict[str, np.ndarray]:
    shapes = {Rate.AUDIO: (1, 1), Rate.FRAME: (1, 1, 1), None: (1, 1, 1)}
    return {
        n: np.zeros((*shapes[p.rate], *[d.size or 1 for d in (p.dims or ())[2:] if p.rate is Rate.AUDIO]), np.float32)
        for n, p in op.inputs.items()
        if not p.optional
    }


@pytest.mark.parametrize("loss_type", ["L1", "L2", "COSINE"])
@pytest.mark.parametrize("name", list(LOSSES))
@pytest.mark.parametrize("value", [0.0, 8000.0])
def test_one_frame_of_silence_is_finite(name: str, loss_type: str, value: float) -> None:
    """Silence, f0 = 0 and f0 at Nyquist, in one sample or one frame of one channel, for every difference."""
    op = LOSSES[name]
    takes_type = "loss_type" in op.params()
    if loss_type != "L1" and not takes_type:
        return
    params: dict[str, Any] = {"loss_type": loss_type} if takes_type else {}
    if name == "spectral_loss":
        params |= dict.fromkeys([n for n in op.params() if n.endswith("_weight")], 1.0)
    inputs = {n: x + (value if op.inputs[n].unit is Unit.HZ else 0.0) for n, x in silent(op).items()}
    assert_finite(op(**params), inputs)
