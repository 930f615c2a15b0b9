"""The losses of auraloss: its own values on a hundred pairs of sounds, closed forms, gradients, silence, any length."""

from __future__ import annotations

import math
from typing import Any

import librosa
import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph import losses
from ddspgraph.diagnostics import GraphError
from ddspgraph.dsp.mel import slaney_mel_matrix
from ddspgraph.ir.op import Op
from ddspgraph.losses import LOSSES, resolutions
from tests.dsp.gradients import assert_finite, assert_gradient, assert_one_trace
from tests.losses import auraloss_signals as recorded

OPS: dict[str, Op] = {
    "esr_loss": losses.ESRLoss(),
    "dc_loss": losses.DCLoss(),
    "snr_loss": losses.SNRLoss(),
    "si_sdr_loss": losses.SiSDRLoss(),
    "log_cosh_loss": losses.LogCoshLoss(a=recorded.A),
    "mel_stft_loss": losses.MelSTFTLoss(
        sample_rate=recorded.RATE, fft_size=1024, hop_size=200, win_length=800, n_mels=64, mag_weight=0.5
    ),
    "sum_difference_loss": losses.SumDifferenceLoss(difference_weight=0.5),
}
#: The same with small frames, for sounds of a few samples.
SMALL = OPS | {
    "mel_stft_loss": losses.MelSTFTLoss(
        sample_rate=16_000, fft_size=64, hop_size=16, win_length=50, n_mels=12, mag_weight=0.5
    ),
    "sum_difference_loss": losses.SumDifferenceLoss(fft_sizes=(64, 32), hop_sizes=(16, 5), win_lengths=(50, 32)),
}


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def pair(name: str, samples: int, batch: int = 2) -> tuple[np.ndarray, np.ndarray]:
    shape = (batch, samples, 2) if name == "sum_difference_loss" else (batch, samples)
    return noise(1, *shape), noise(2, *shape)


@pytest.fixture(scope="module")
def table() -> dict[str, np.ndarray]:
    head, *rows = recorded.FILE.read_text().split()
    return dict(zip(head.split(","), np.array([[float(x) for x in row.split(",")] for row in rows]).T, strict=True))


@pytest.mark.parametrize("name", OPS)
def test_a_hundred_sounds_are_rated_as_by_auraloss(name: str, table: dict[str, np.ndarray]) -> None:
    """In float64, one sound at a time. It adds 1e-8 to the cosh: 5e-9 of log_cosh_loss."""
    is_stereo = name == "sum_difference_loss"
    found = []
    for i in range(recorded.COUNT):
        sounds = recorded.sounds(i)
        found.append(OPS[name](*(x.swapaxes(1, 2) if is_stereo else x.reshape(-1, x.shape[2]) for x in sounds)))
    np.testing.assert_allclose(found, table[name], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", [name for name in OPS if name not in ("mel_stft_loss", "sum_difference_loss")])
def test_gradients(name: str) -> None:
    target, sound = pair(name, 90)
    assert_gradient(SMALL[name], target, sound, step=3e-3, rtol=3e-3)


def distance(target: np.ndarray, sound: np.ndarray, sizes: tuple[int, int, int], bands: Any, mag: float) -> float:
    """Of two spectrograms, in float64 NumPy."""
    size, hop, win = sizes
    window = np.pad(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win) / win), ((size - win) // 2, -(-(size - win) // 2)))
    mags = []
    for x in (target, sound):
        padded = np.pad(x, [(0, 0), (size // 2, size // 2)], "reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::hop]
        mags.append(np.maximum(np.abs(np.fft.rfft(frames * window)), 1e-4) @ bands)
    t, s = mags
    norms = [np.linalg.norm(x.reshape(len(x), -1), axis=1) for x in (t - s, t)]
    return float(np.mean(norms[0] / norms[1]) + np.abs(np.log(t) - np.log(s)).mean() + mag * np.abs(t - s).mean())


@pytest.mark.parametrize("name", ["mel_stft_loss", "sum_difference_loss"])
def test_gradients_of_spectrograms(name: str) -> None:
    """Against differences in float64: the logarithms of small bins bend within the smallest steps of float32."""
    arrays = pair(name, 90)

    def value(a: np.ndarray, b: np.ndarray) -> float:
        if name == "mel_stft_loss":
            return distance(a, b, (64, 16, 50), slaney_mel_matrix(12, 64, 16_000.0).astype(np.float64), 0.5)
        sides = [(x[..., 0] + x[..., 1], x[..., 0] - x[..., 1]) for x in (a, b)]
        sizes = [(64, 16, 50), (32, 5, 32)]
        return (
            sum(distance(x, y, s, np.eye(s[0] // 2 + 1), 0.0) for x, y in zip(*sides, strict=True) for s in sizes) / 4
        )

    tensors = [tf.constant(x) for x in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        loss = SMALL[name](*tensors)
    a, b = (x.astype(np.float64) for x in arrays)
    assert float(loss) == pytest.approx(value(a, b), rel=1e-5)
    for i, gradient in enumerate(tape.gradient(loss, tensors)):
        for seed in range(5):
            step = 1e-6 * np.random.default_rng(seed).normal(size=a.shape)
            ends = [value(a + sign * step, b) if i == 0 else value(a, b + sign * step) for sign in (1.0, -1.0)]
            found = float(np.sum(gradient.numpy().astype(np.float64) * step))
            assert found == pytest.approx((ends[0] - ends[1]) / 2.0, rel=2e-3, abs=1e-9)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("samples", [1, 2, 3, 33, 200])
def test_any_two_sounds_are_finite(name: str, samples: int) -> None:
    """T23: silence, equal sounds, sounds far above full scale, of one sample and more."""
    target, sound = pair(name, samples)
    assert_finite(SMALL[name], target, sound)
    assert_finite(SMALL[name], 0.0 * target, 0.0 * target)
    assert_finite(SMALL[name], target, 0.0 * target)
    assert_finite(SMALL[name], 0.0 * target, sound)
    assert_finite(SMALL[name], target, target)
    assert_finite(SMALL[name], 1e4 * target, 1e4 * sound)
    assert_finite(SMALL[name], 1.0 + 0.0 * target, 1.0 + 0.0 * target)


@pytest.mark.parametrize("name", SMALL)
def test_one_trace_for_every_length(name: str) -> None:
    calls = [pair(name, samples, batch) for samples, batch in ((90, 2), (7, 1), (1, 1), (400, 3), (90, 0), (0, 1))]
    assert_one_trace(lambda a, b: SMALL[name].signals(a, b)["loss"], *calls, atol=1e-4)


def test_closed_forms() -> None:
    one = np.full((1, 50), 1.0, np.float32)
    sine = np.sin(2 * np.pi * 5 * np.arange(100) / 100)[None].astype(np.float32)
    cosine = np.cos(2 * np.pi * 5 * np.arange(100) / 100)[None].astype(np.float32)
    assert float(losses.ESRLoss()(sine, 0.9 * sine)) == pytest.approx(0.01, rel=1e-5)
    assert float(losses.DCLoss()(one, 0.5 * one)) == pytest.approx(0.25, rel=1e-5)
    assert float(losses.SNRLoss()(sine, sine + 0.1 * cosine)) == pytest.approx(-20.0, rel=1e-5)
    assert float(losses.SNRLoss()(sine, sine + 0.1 * cosine + 3.0)) == pytest.approx(-20.0, rel=1e-4)
    assert float(losses.SNRLoss(zero_mean=False)(sine, sine + 1.0)) == pytest.approx(10 * math.log10(2.0), rel=1e-5)
    assert float(losses.SiSDRLoss()(sine, 7.0 * (sine + 0.1 * cosine))) == pytest.approx(-20.0, rel=1e-5)
    assert float(losses.SiSDRLoss(zero_mean=False)(one, 2.0 * one)) < -80.0
    assert float(losses.ESRLoss(weight=3.0)(sine, 0.9 * sine)) == pytest.approx(0.03, rel=1e-5)


@pytest.mark.parametrize("a", [0.1, 1.0, 30.0])
def test_log_cosh_is_exact_from_small_to_large(a: float) -> None:
    """Where auraloss' own float32 has steps of 1e-7 below, and infinity above a d = 89."""
    d = np.concatenate([np.geomspace(1e-5, 1e3, 200), [0.5 / a, 0.49999 / a]]).astype(np.float32)
    for x in d:
        expected = (np.logaddexp(a * np.float64(x), -a * np.float64(x)) - np.log(2.0)) / a
        expected = a * np.float64(x) ** 2 / 2 if a * x < 1e-4 else expected
        found = float(losses.LogCoshLoss(a=a)(np.zeros((1, 1)), np.array([[x]])))
        assert found == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize(
    ("bins", "size", "rate"), [(128, 1024, 44_100), (64, 512, 16_000), (7, 64, 1500), (200, 256, 8e3)]
)
def test_slaneys_bands_are_librosas(bins: int, size: int, rate: float) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of bands that hold no bin
        expected = librosa.filters.mel(sr=rate, n_fft=size, n_mels=bins).T
    np.testing.assert_allclose(slaney_mel_matrix(bins, size, float(rate)), expected, rtol=1e-5, atol=1e-9)


def test_bands_without_a_bin_count_as_equal() -> None:
    op = losses.MelSTFTLoss(sample_rate=8000, fft_size=256, hop_size=64, win_length=256, n_mels=200)
    target, sound = noise(1, 1, 900), noise(2, 1, 900)
    assert (slaney_mel_matrix(200, 256, 8000.0).sum(axis=0) == 0.0).any()
    assert 0.0 < float(op(target, sound)) < 10.0
    assert_finite(op, target, sound)


def test_frames_have_a_mirror_at_both_ends() -> None:
    """Longer than the sound, too: NumPy's reflection."""
    for n in (1, 2, 3, 10, 40):
        x = noise(n, 2, n)
        found = resolutions._mirrored(tf.constant(x), 32)
        np.testing.assert_array_equal(found, np.pad(x, [(0, 0), (32, 32)], "reflect") if n > 1 else np.tile(x, 65))


def test_sum_and_difference_do_not_mind_sides() -> None:
    target, sound = pair("sum_difference_loss", 900)
    op = SMALL["sum_difference_loss"]
    assert float(op(target, sound)) == pytest.approx(float(op(target[..., ::-1], sound)), rel=1e-5)
    wide = target * [[[1.0, -1.0]]]
    only = losses.SumDifferenceLoss(sum_weight=0.0, fft_sizes=(64,), hop_sizes=(16,), win_lengths=(64,))
    assert float(only(target, wide)) > 0.1


def test_channels_count_as_items_of_the_batch() -> None:
    """docs/types.md: the mean over all channels."""
    spec = """
    version: 2
    name: stereo
    clock: {sample_rate: 16 kHz}
    inputs: {target: {rate: audio, channels: 2}, audio: {rate: audio, channels: 2}}
    losses:
      esr: {op: esr_loss, inputs: {target_audio: target, audio: audio}, params: {weight: 2}}
      sdr: {op: si_sdr_loss, inputs: {target_audio: target, audio: audio}, params: {weight: 0.1}}
    """
    target, sound = noise(1, 2, 300, 2), noise(2, 2, 300, 2)
    found = dg.compile(dg.load(spec)).losses({"target": target, "audio": sound})
    rows = [np.moveaxis(x, 2, 1).reshape(4, 300) for x in (target, sound)]
    assert float(found["esr"]) == pytest.approx(2.0 * float(losses.ESRLoss()(*rows)), rel=1e-5)
    assert float(found["sdr"]) == pytest.approx(0.1 * float(losses.SiSDRLoss()(*rows)), rel=1e-4)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ("fft_sizes: [64, 32]", "each resolution has an FFT, a hop and a window: there are 2 fft_sizes, 3 hop_sizes"),
        ("fft_sizes: [64], hop_sizes: [16], win_lengths: [65]", "a window of 65 samples is longer than its FFT of 64"),
        ("fft_sizes: [], hop_sizes: [], win_lengths: []", "there are 0 fft_sizes"),
    ],
)
def test_resolutions_that_are_none(params: str, expected: str) -> None:
    spec = f"""
    version: 2
    name: stereo
    clock: {{sample_rate: 16 kHz}}
    inputs: {{target: {{rate: audio, channels: 2}}, audio: {{rate: audio, channels: 2}}}}
    losses:
      sides: {{op: sum_difference_loss, inputs: {{target_audio: target, audio: audio}}, params: {{{params}}}}}
    """
    with pytest.raises(GraphError, match=expected) as caught:
        dg.load(spec)
    (found,) = caught.value.diagnostics
    assert found.code == "E414"
    assert found.span is not None
    assert found.span.line == 7


def test_every_loss_has_a_weight() -> None:
    """All of its outputs, times it."""
    from tests.losses.cases_losses import CASES

    for name in LOSSES:
        op, inputs = CASES[name]()
        assert op.params()["weight"].default == 1.0
        plain: Any = op.signals(**inputs)
        for output, value in op.with_params(weight=-2.5).signals(**inputs).items():
            assert float(value) == pytest.approx(-2.5 * float(plain[output]), rel=1e-5)
