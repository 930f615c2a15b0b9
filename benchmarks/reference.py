"""The works in float64 NumPy, written straight from their formulas: what both sides' errors are measured against."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from cases import FFT_SIZES, Case


def reference(case: Case, given: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """The exact result; None for works with noise in them, which every side draws for itself."""
    x = {name: array.astype(np.float64) for name, array in given.items()}
    if case.work == "harmonic":
        return harmonic(case, x)
    if case.work == "sinusoidal":
        frequencies = upsample_linear(x["sin_frequencies"], case.hop)
        amplitudes = upsample_window(x["sin_amplitudes"], case.hop) * (frequencies < case.sample_rate / 2)
        phase = 2 * np.pi * np.cumsum(frequencies / case.sample_rate, axis=1)
        return np.sum(amplitudes * np.sin(phase), axis=-1)
    if case.work == "reverb":
        return reverb(x["audio"], x["ir"])
    if case.work == "spectral_loss":
        return np.asarray(spectral_loss(x["target"], x["audio"]))
    return None


def exp_sigmoid(x: np.ndarray) -> np.ndarray:
    return 2.0 * (1.0 / (1.0 + np.exp(-x))) ** np.log(10.0) + 1e-7


def harmonic(case: Case, x: Mapping[str, np.ndarray]) -> np.ndarray:
    """sum over k of a c_k sin(k phi), partials at or above Nyquist left out, frame by frame and sample by sample."""
    n = x["harmonic_distribution"].shape[-1]
    k = np.arange(1, n + 1)
    distribution = exp_sigmoid(x["harmonic_distribution"]) * (x["f0_hz"] * k < case.sample_rate / 2)
    distribution /= distribution.sum(axis=-1, keepdims=True)
    f0_hz = upsample_linear(x["f0_hz"], case.hop)
    phase = 2 * np.pi * np.cumsum(f0_hz / case.sample_rate, axis=1)
    audio = np.zeros(f0_hz.shape[:2])
    frame_amplitudes = exp_sigmoid(x["amplitudes"]) * distribution
    for i in range(n):
        envelope = upsample_window(frame_amplitudes[..., i : i + 1], case.hop)
        audio += np.sum(envelope * (k[i] * f0_hz < case.sample_rate / 2) * np.sin(k[i] * phase), axis=-1)
    return audio


def upsample_linear(x: np.ndarray, hop: int) -> np.ndarray:
    """[batch, frames, k] -> [batch, frames * hop, k] on straight lines, the last frame held."""
    following = np.concatenate([x[:, 1:], x[:, -1:]], axis=1)
    t = np.arange(hop)[None, None, :, None] / hop
    y = x[:, :, None] * (1 - t) + following[:, :, None] * t
    return y.reshape(x.shape[0], -1, x.shape[2])


def upsample_window(x: np.ndarray, hop: int) -> np.ndarray:
    """The same with Hann windows of two hops, overlapping by one."""
    following = np.concatenate([x[:, 1:], x[:, -1:]], axis=1)
    t = 0.5 - 0.5 * np.cos(np.pi * np.arange(hop) / hop)[None, None, :, None]
    y = x[:, :, None] * (1 - t) + following[:, :, None] * t
    return y.reshape(x.shape[0], -1, x.shape[2])


def reverb(audio: np.ndarray, ir: np.ndarray) -> np.ndarray:
    """Convolution cropped to the audio, the direct sound added and the first tap of the response left out."""
    wet_ir = ir.copy()
    wet_ir[:, 0] = 0.0
    size = 1 << int(np.ceil(np.log2(audio.shape[1] + ir.shape[1])))
    wet = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(wet_ir, size), size)[:, : audio.shape[1]]
    return audio + wet


def spectral_loss(target: np.ndarray, audio: np.ndarray) -> float:
    total = 0.0
    for size in FFT_SIZES:
        a, b = magnitude(target, size), magnitude(audio, size)
        total += np.mean(np.abs(a - b)) + np.mean(np.abs(np.log(np.maximum(a, 1e-5)) - np.log(np.maximum(b, 1e-5))))
    return total


def magnitude(audio: np.ndarray, size: int) -> np.ndarray:
    hop = size // 4
    frames = -(-audio.shape[1] // hop)
    padded = np.pad(audio, [(0, 0), (0, (frames - 1) * hop + size - audio.shape[1])])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    index = np.arange(frames)[:, None] * hop + np.arange(size)
    return np.abs(np.fft.rfft(padded[:, index] * window))
