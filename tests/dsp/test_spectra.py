"""Spectra against SciPy, librosa and what tones must look like."""

from __future__ import annotations

from fractions import Fraction

import librosa
import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from ddspgraph import dsp
from ddspgraph.dsp.hops import hop_of, overlap_hint
from tests.dsp.gradients import assert_finite, assert_gradient, assert_one_trace

RNG = np.random.default_rng(5)
AUDIO = RNG.normal(size=(2, 3001)).astype(np.float32)


def reference(audio: np.ndarray, size: int, hop: int, n_fft: int, pad_end: bool) -> np.ndarray:
    """Frame by frame in float64."""
    window = signal.get_window("hann", size, fftbins=size % 2 == 0)
    samples = audio.shape[1]
    frames = -(-samples // hop) if pad_end else max((samples - size) // hop + 1, 0)
    padded = np.pad(np.float64(audio), [(0, 0), (0, frames * hop + size)])
    cut = [np.fft.rfft(padded[:, i * hop : i * hop + size] * window, n_fft) for i in range(frames)]
    return np.stack(cut, axis=1)


@pytest.mark.parametrize("pad_end", [True, False])
@pytest.mark.parametrize(
    ("size", "overlap", "hop", "n_fft"), [(256, 0.75, 64, 256), (100, 0.5, 50, 128), (63, 0.9, 6, 64)]
)
def test_stft(size: int, overlap: float, hop: int, n_fft: int, pad_end: bool) -> None:
    expected = reference(AUDIO, size, hop, n_fft, pad_end)
    np.testing.assert_allclose(dsp.stft(AUDIO, size, overlap, pad_end), expected, atol=2e-5)
    np.testing.assert_allclose(dsp.compute_mag(AUDIO, size, overlap, pad_end), np.abs(expected), atol=2e-5)


def test_shapes_of_audio() -> None:
    mag = dsp.compute_mag(AUDIO, 64)
    np.testing.assert_array_equal(dsp.compute_mag(AUDIO[..., np.newaxis], 64), mag)
    np.testing.assert_allclose(dsp.compute_mag(AUDIO[0], 64), mag[0], atol=1e-5)
    np.testing.assert_array_equal(dsp.compute_mag(AUDIO.tolist(), 64), mag)
    assert dsp.compute_mag(AUDIO[:, :0], 64).shape == (2, 0, 33)
    assert dsp.compute_mag(AUDIO[:, :10], 63, pad_end=False).shape == (2, 0, 33)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="squeeze"):
        dsp.stft(np.ones((1, 100, 2)))


def test_stft_np_is_librosas() -> None:
    spectrum = dsp.stft_np(AUDIO, 512, 0.75, pad_end=False)
    expected = librosa.stft(AUDIO, n_fft=512, hop_length=128, center=False).swapaxes(1, 2)
    assert isinstance(spectrum, np.ndarray)
    np.testing.assert_allclose(spectrum, expected, atol=1e-4)
    assert dsp.stft_np(AUDIO, 100, 0.0).shape == (2, 31, 51)


def test_a_tone_is_in_its_bin() -> None:
    tone = np.sin(2.0 * np.pi * 1000.0 * np.arange(4096) / 16_000)[np.newaxis]
    mag = dsp.compute_mag(tone, 512).numpy()[0, 4]
    assert np.argmax(mag) == 32
    assert mag[32] == pytest.approx(512 / 4, rel=1e-3)  # half of a Hann window's sum
    mel = dsp.compute_mel(tone, bins=32).numpy()[0, 1]
    edges = librosa.mel_frequencies(34, fmin=0.0, fmax=8000.0, htk=True)
    best = np.argmax(mel)
    assert edges[best] < 1000.0 < edges[best + 2]


def test_logarithms_of_silence() -> None:
    np.testing.assert_allclose(dsp.compute_logmag(np.zeros((1, 64)), 64), np.log(1e-5), rtol=1e-6)
    np.testing.assert_allclose(dsp.compute_logmel(np.zeros((1, 64)), fft_size=64), np.log(1e-5), rtol=1e-6)


def test_mfcc_is_librosas() -> None:
    logmel = dsp.compute_logmel(AUDIO, 20.0, 8000.0, 128, 1024)
    mfcc = dsp.compute_mfcc(AUDIO, mfcc_bins=20).numpy()
    expected = librosa.feature.mfcc(S=logmel.numpy().swapaxes(1, 2), n_mfcc=20, norm="ortho").swapaxes(1, 2)
    np.testing.assert_allclose(mfcc[..., 1:], expected[..., 1:], atol=1e-4)
    assert dsp.compute_mfcc(AUDIO, mfcc_bins=500).shape[-1] == 128


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_bands_know_the_sample_rate(rate: int) -> None:
    tone = np.sin(2.0 * np.pi * 0.1 * np.arange(8192))[np.newaxis]
    mel = dsp.compute_mel(tone, hi_hz=rate / 2, sample_rate=rate).numpy()[0, 4]
    edges = librosa.mel_frequencies(66, fmin=0.0, fmax=rate / 2, htk=True)
    assert edges[np.argmax(mel)] < 0.1 * rate < edges[np.argmax(mel) + 2]


def test_refusals() -> None:
    with pytest.raises(ValueError, match="leaves no hop"):
        dsp.stft(AUDIO, 2, 0.9)
    with pytest.raises(ValueError, match="hi_hz is 9000"):
        dsp.compute_mel(AUDIO, hi_hz=9000.0)


@pytest.mark.parametrize("size", [2, 3, 7, 100, 2048, 1 << 20])
def test_the_largest_overlap_leaves_a_hop_of_one_sample(size: int) -> None:
    hint = overlap_hint(size)
    assert hop_of(size, float(hint.split("the largest is ")[1].split(",")[0])) == 1
    assert ("0.75" in hint) is (size >= 4)


def test_lengths_of_one_trace() -> None:
    calls = [(AUDIO[:, :n],) for n in (3001, 64, 1, 0)]
    assert_one_trace(lambda a: dsp.compute_mag(a, 64), *calls)
    assert_one_trace(lambda a: dsp.compute_mag(a, 63, pad_end=False), *calls)
    assert_one_trace(lambda a: dsp.compute_mfcc(a, fft_size=256, mel_bins=32), *calls[:3], atol=1e-3)


def test_gradients() -> None:
    audio = RNG.normal(size=(1, 100))
    # Squared, and without Nyquist: a real bin has a kink where its magnitude is 0.
    assert_gradient(lambda a: dsp.compute_mag(a, 32) ** 2, audio, step=1e-3)
    assert_gradient(lambda a: dsp.compute_mfcc(a, hi_hz=7000.0, fft_size=64, mel_bins=8), audio, step=1e-3)
    for samples in (1, 100):
        for function in (dsp.compute_mag, dsp.compute_logmag, dsp.compute_logmel, dsp.compute_mfcc):
            assert_finite(function, np.zeros((1, samples)))


def test_the_hop_is_the_product_that_was_written() -> None:
    """Every whole hop of usual settings; in floats 1000 * (1 - 0.9) is 99.99999999999997."""
    for size in (10, 256, 320, 400, 500, 512, 640, 800, 1000, 1024, 1200, 2000, 2048, 4096):
        for tenths in range(10):
            exact = Fraction(size) * (10 - tenths) / 10
            assert hop_of(size, tenths / 10) == int(exact), (size, tenths)
            assert hop_of(size, float(np.float32(tenths / 10))) == int(exact), "as a float32 brings it"
            assert hop_of(size, 1 - (1 - tenths / 10)) == int(exact), "as arithmetic brings it"
        for hop in range(1, size, 7):
            assert hop_of(size, 1 - hop / size) == hop


def test_frames_of_a_tenth() -> None:
    """40 hops of 100 samples in 4000; a hop of 99 makes 41."""
    audio = np.zeros([1, 4000], np.float32)
    assert dsp.stft(audio, 1000, 0.9).shape[1] == 40
    assert dsp.compute_mel(audio, fft_size=1000, overlap=0.9).shape[1] == 40
