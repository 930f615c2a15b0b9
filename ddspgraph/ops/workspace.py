"""How much memory the shared algorithms hold at their peak: numbers of float32 values, as measured."""

from __future__ import annotations

import math


def response_samples(n_bands: int, window_size: int) -> int:
    """The length of the filter that so many magnitudes give."""
    whole = max(2 * (n_bands - 1), 1)
    return min(window_size, whole) if window_size > 0 else whole


def mel_weights(fft_size: int, n_bands: int) -> int:
    """The matrix from a spectrum to mel bands: in float64 when it is made, in float32 in the graph."""
    return 3 * (fft_size // 2 + 1) * n_bands


def convolution_workspace(batch: int, frames: int, n_samples: int, ir_samples: int) -> int:
    """Of `dsp.fft_convolve`: copies of an FFT a frame, of audio, responses, their spectra and the product."""
    fft_size = -(-n_samples // max(frames, 1)) + ir_samples - 1
    return (6 if frames == 1 else 5) * batch * frames * fft_size


def harmonic_workspace(batch: int, n_samples: int, n_harmonics: int) -> int:
    """Of `dsp.harmonic_synthesis`: phase and pitch of all samples, and the sines of one pass over some of them."""
    samples = batch * n_samples
    return 9 * samples + 8 * math.isqrt(n_harmonics) * min(samples, 2**18)


def sinusoidal_workspace(batch: int, frames: int, n_samples: int, n_sinusoids: int) -> int:
    """Of `dsp.sinusoidal_synthesis`: the lines of all frames, and the sines of one pass over some of them."""
    samples = batch * n_samples
    return 22 * batch * frames * n_sinusoids + samples + 4 * min(samples * n_sinusoids, 2**20)
