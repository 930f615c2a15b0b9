"""How much memory the shared algorithms hold at their peak: numbers of float32 values."""

from __future__ import annotations


def response_samples(n_bands: int, window_size: int) -> int:
    """The length of the filter that so many magnitudes give."""
    whole = max(2 * (n_bands - 1), 1)
    return min(window_size, whole) if window_size > 0 else whole


def convolution_workspace(batch: int, frames: int, n_samples: int, ir_samples: int) -> int:
    """Of `dsp.fft_convolve`: spectra of audio and responses, and their product: one FFT a frame each."""
    fft_size = -(-n_samples // max(frames, 1)) + ir_samples - 1
    return 3 * batch * frames * fft_size
