"""The tensor functions of the losses: recordings, laws, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.distance import cosine

from ddspgraph import dsp
from ddspgraph.losses import functions
from tests.dsp.golden import Case, cases, relative_l2
from tests.dsp.gradients import assert_finite, assert_gradient, assert_one_trace

RNG = np.random.default_rng(7)
NAMES = {
    "SpectralLoss": "spectral_loss",
    "HarmonicConsistencyLoss": "harmonic_consistency",
    "WassersteinConsistencyLoss": "wasserstein_consistency",
    "KDEConsistencyLoss": "kde_consistency",
    "TWMLoss": "twm_loss",
    "TWMLoss.predict_f0": "twm_predict_f0",
}


def named(case: Case) -> str:
    """The function of a recorded case; empty of one that is an op's alone."""
    source = case.source.removeprefix("losses.")
    return NAMES.get(source, source if source.islower() else "")


def noise(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("case", [c for c in cases("losses.") if named(c)], ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    result = case.call(getattr(functions, named(case)))
    _, outputs = case.arrays()
    results: Any = result if isinstance(result, tuple) else [result]
    for value, expected in zip(results, outputs.values(), strict=True):
        assert relative_l2(value, expected) <= 1e-5


def test_mean_difference_by_its_definition() -> None:
    a, b, weights = noise(2, 5, 4), noise(2, 5, 4), np.abs(noise(2, 5, 1))
    for loss_type, distance in (("L1", np.abs(a - b)), ("L2", (a - b) ** 2)):
        assert functions.mean_difference(a, b, loss_type).numpy() == pytest.approx(distance.mean())
        weighted = functions.mean_difference(a, b, loss_type.lower(), weights)
        assert weighted.numpy() == pytest.approx((distance * weights).mean())
    assert functions.mean_difference(a[:, :0], b[:, :0]).numpy() == 0.0


def test_cosine_is_scipys() -> None:
    """COSINE raises in magenta/ddsp."""
    a, b, weights = noise(3, 4), noise(3, 4), np.float32([[1.0], [2.0], [0.0]])
    distances = np.array([cosine(x, y) for x, y in zip(a, b, strict=True)])
    assert functions.mean_difference(a, b, "COSINE").numpy() == pytest.approx(distances.mean(), rel=1e-5)
    weighted = functions.mean_difference(a, b, "COSINE", weights).numpy()
    assert weighted == pytest.approx((distances * weights[:, 0]).mean(), rel=1e-5)
    assert functions.mean_difference(a, 3.0 * a, "COSINE").numpy() == pytest.approx(0.0, abs=1e-6)
    assert functions.mean_difference(a, -a, "COSINE").numpy() == pytest.approx(2.0)


def test_cosine_of_nothing() -> None:
    zero, one = np.zeros((1, 4)), np.eye(4)[:1]
    assert functions.mean_difference(zero, one, "COSINE").numpy() == 1.0
    assert functions.mean_difference(zero, zero, "COSINE").numpy() == 0.0
    assert_finite(lambda a, b: functions.mean_difference(a, b, "COSINE"), zero, one)
    assert_finite(lambda a, b: functions.mean_difference(a, b, "COSINE"), zero, zero)


def test_unknown_loss_type() -> None:
    with pytest.raises(ValueError, match="'L1', 'L2' or 'COSINE', not 'L3'"):
        functions.mean_difference([1.0], [2.0], "L3")


def test_amplitudes_and_frequencies() -> None:
    assert functions.amp_loss([1.0, 0.0], [0.1, 1e-7], log=True).numpy() == pytest.approx(0.5)
    assert functions.freq_loss([440.0, 440.0], [880.0, 220.0]).numpy() == pytest.approx(12.0)
    assert functions.freq_loss([440.0], [880.0], "L2").numpy() == pytest.approx(144.0, rel=1e-5)


def test_spectral_loss_by_its_definition() -> None:
    target, audio = noise(2, 700), noise(2, 700)
    transforms = {
        "mag_weight": lambda s: s,
        "delta_time_weight": lambda s: np.diff(s, axis=1),
        "delta_freq_weight": lambda s: np.diff(s, axis=2),
        "cumsum_freq_weight": lambda s: np.cumsum(s, axis=2),
        "logmag_weight": np.log,
    }
    mags = [[dsp.compute_mag(x, n).numpy() for x in (target, audio)] for n in (128, 63)]
    every = 0.0
    for name, transform in transforms.items():
        expected = sum(np.abs(transform(t) - transform(a)).mean() for t, a in mags)
        weights = {"mag_weight": 0.0, name: 2.0}
        result = functions.spectral_loss(target, audio, fft_sizes=(128, 63), **weights)
        assert result.numpy() == pytest.approx(2.0 * expected, rel=1e-5)
        every += expected
    loudness = np.abs(dsp.compute_loudness(target, n_fft=2048) - dsp.compute_loudness(audio, n_fft=2048)).mean()
    result = functions.spectral_loss(
        target, audio, fft_sizes=(128, 63), loudness_weight=1.0, **dict.fromkeys(transforms, 1.0)
    )
    assert result.numpy() == pytest.approx(every + loudness, rel=1e-5)


@pytest.mark.parametrize("loss_type", ["L1", "L2", "COSINE"])
def test_spectral_loss_is_zero_only_for_the_target(loss_type: str) -> None:
    target = noise(2, 700)
    same = functions.spectral_loss(target, target, loss_type=loss_type, logmag_weight=1.0)
    assert same.numpy() == pytest.approx(0.0, abs=1e-5)
    assert functions.spectral_loss(target, noise(2, 700), loss_type=loss_type, logmag_weight=1.0).numpy() > 0.1
    # Spectrograms do not hear a change of sign.
    assert functions.spectral_loss(target, -target).numpy() == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_logarithms_differ_as_written_down(jit_compile: bool) -> None:
    """One logarithm of the ratio is the difference of two, with its gradients, also where there is silence."""
    loud, quiet = np.abs(noise(2, 3, 40)).astype(np.float32), np.abs(1e-7 * noise(2, 3, 40)).astype(np.float32)
    some = loud * (loud > np.median(loud))
    some[0, 0, :3] = [1e-15, 1e-30, 1e15]

    @tf.function(jit_compile=jit_compile, autograph=False)
    def both(a: tf.Tensor, b: tf.Tensor) -> list[Any]:
        written = functions.mean_difference(dsp.safe_log(a), dsp.safe_log(b))
        fused = functions._mean_log_difference(a, b)
        return [[x, *tf.gradients(x, [a, b])] for x in (fused, written)]

    for a, b in ((loud, quiet), (some, loud), (some, quiet), (quiet, some), (some, some[::-1]), (0.0 * loud, quiet)):
        for found, expected in zip(*both(tf.constant(a), tf.constant(b)), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_spectral_loss_of_nothing() -> None:
    assert functions.spectral_loss(noise(1, 100), noise(1, 100), mag_weight=0.0).numpy() == 0.0


def everything(target: Any, audio: Any) -> tf.Tensor:
    names = ("delta_time", "delta_freq", "cumsum_freq", "logmag", "loudness")
    return functions.spectral_loss(target, audio, fft_sizes=(64, 32), **{f"{n}_weight": 1.0 for n in names})


@pytest.mark.parametrize("samples", [1, 200])
def test_spectral_loss_is_finite(samples: int) -> None:
    assert_finite(everything, noise(1, samples), np.zeros((1, samples)))
    assert_finite(everything, np.zeros((1, samples)), np.zeros((1, samples)))


def test_lengths_of_one_trace() -> None:
    assert_one_trace(everything, *((noise(b, n), noise(b, n)) for b, n in ((2, 300), (1, 64), (3, 1))), atol=1e-3)


def test_harmonic_consistency_counts_sounding_frames() -> None:
    amp = np.float32([[[1.0], [0.0]]])
    dist, other = np.float32([[[1.0, 0.0], [1.0, 0.0]]]), np.float32([[[0.5, 0.5], [0.0, 1.0]]])
    f0, octave = np.full((1, 2, 1), 440.0), np.full((1, 2, 1), 880.0)
    losses = functions.harmonic_consistency(amp, amp, dist, other, f0, octave, dist_weight=2.0)
    assert [float(x) for x in losses] == pytest.approx([0.0, 2.0 * 0.25, 6.0])
    assert list(losses._asdict()) == ["harm_amp_loss", "harm_dist_loss", "f0_hz_loss"]


def test_spectral_loss_gradients_of_the_straightforward_formulation() -> None:
    """Both terms of L1, by TensorFlow's own STFT, magnitudes and gradients."""
    a, b = (tf.constant(noise(2, 700), tf.float32) for _ in range(2))

    def straightforward(target: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
        loss = tf.constant(0.0)
        for size in (128, 64):
            s, t = (tf.abs(tf.signal.stft(x, size, size // 4, size, pad_end=True)) for x in (target, audio))
            loss += tf.reduce_mean(tf.abs(s - t)) + tf.reduce_mean(tf.abs(tf.math.log(s) - tf.math.log(t)))
        return loss

    found = []
    for function in (
        lambda x, y: functions.spectral_loss(x, y, fft_sizes=(128, 64), logmag_weight=1.0),
        straightforward,
    ):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            loss = function(a, b)
        found.append([loss, *tape.gradient(loss, [a, b])])
    for ours, expected in zip(*found, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_gradients() -> None:
    a, b = noise(2, 4), noise(2, 4)
    for loss_type in ("L2", "COSINE"):
        assert_gradient(lambda x, y, t=loss_type: functions.mean_difference(x, y, t), a, b, step=3e-3)
    # A magnitude has a kink at 0: stay clear of it.
    loud = 10.0 * noise(2, 1, 60)
    assert_gradient(lambda x, y: functions.spectral_loss(x, y, fft_sizes=(32,), loss_type="L2"), *loud, step=3e-3)
    hz = np.array([[100.0, 440.0, 3000.0]])
    assert_gradient(lambda x, y: functions.freq_loss(x, y, "L2"), hz, 1.1 * hz, step=1.0)
    assert_finite(functions.freq_loss, 0.0 * hz, hz)
    assert_finite(lambda x, y: functions.amp_loss(x, y, log=True), 0.0 * hz, hz)
