"""Constant matrices of spectral analysis: mel filter bank, cosine transform, A-weighting.

Each is computed in float64 NumPy once for each set of parameters, and becomes a constant of the graph.
"""

from __future__ import annotations

import functools
from typing import Any

from ddspgraph.dsp.weighting import a_weighting_gain
from ddspgraph.lazy import np


@functools.lru_cache(maxsize=32)
def mel_matrix(bins: int, n_frequencies: int, sample_rate: float, lo_hz: float, hi_hz: float) -> np.ndarray:
    """Triangular filters, equally spaced and equally wide in mel, each with a peak of 1.

    The mel scale is that of the HTK Book, section 5.4: mel = 1127 ln(1 + f / 700).

    Returns:
      Float32 array [n_frequencies, bins] that maps magnitudes at 0 Hz ... Nyquist to mel bands. The filters
      see nothing at 0 Hz.

    Raises:
      ValueError: No bins, or not 0 <= lo_hz < hi_hz <= sample_rate / 2.
    """
    nyquist_hz = sample_rate / 2.0
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    if not 0.0 <= lo_hz < hi_hz <= nyquist_hz:
        raise ValueError(
            f"the mel band must keep 0 <= lo_hz < hi_hz <= sample_rate / 2 = {nyquist_hz:g} Hz; "
            f"lo_hz is {lo_hz:g}, hi_hz is {hi_hz:g}"
        )
    edges = np.linspace(_hz_to_mel(lo_hz), _hz_to_mel(hi_hz), bins + 2, dtype=np.float32)
    lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
    mel = _hz_to_mel(np.linspace(0.0, nyquist_hz, n_frequencies))[:, np.newaxis]
    rising, falling = (mel - lower) / (center - lower), (upper - mel) / (upper - center)
    return np.maximum(np.float32(0.0), np.minimum(rising, falling))


def _hz_to_mel(hz: Any) -> Any:
    """In float32, each step rounded, as TensorFlow's: networks were trained on bands that this moves by up to 2e-5."""
    ratio = np.float32(1.0) + np.asarray(hz, np.float32) / np.float32(700.0)
    return np.float32(1127.0) * np.log(ratio, dtype=np.float64).astype(np.float32)


@functools.lru_cache(maxsize=32)
def slaney_mel_matrix(bins: int, fft_size: int, sample_rate: float) -> np.ndarray:
    """Triangular filters from 0 Hz to Nyquist, equally wide in Slaney's mel, each of area 1 over frequency in Hz.

    His mel is linear up to 1 kHz, 3 mel for 200 Hz, and logarithmic above, 27 mel for a factor of 6.4: M. Slaney,
    Auditory Toolbox (1998), as librosa has it. Where bands are narrower than the bins of the FFT, some hold none.

    Returns:
      Float32 array [fft_size // 2 + 1, bins].
    """
    hz = np.arange(fft_size // 2 + 1) * (sample_rate / fft_size)
    most = sample_rate / 2.0
    highest = 15.0 + 27.0 * np.log(most / 1000.0) / np.log(6.4) if most > 1000.0 else 3.0 * most / 200.0
    mel = np.linspace(0.0, highest, bins + 2)
    edges = np.where(mel < 15.0, mel * (200.0 / 3.0), 1000.0 * 6.4 ** ((mel - 15.0) / 27.0))
    lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hz[:, None] - lower) / (center - lower), (upper - hz[:, None]) / (upper - center)
    return (np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (upper - lower))).astype(np.float32)


@functools.lru_cache(maxsize=32)
def cosine_matrix(n_inputs: int, n_outputs: int) -> np.ndarray:
    """Discrete cosine transform II, scaled so that all but the first row are orthonormal.

    y[k] = sqrt(2 / N) sum_n x[n] cos(pi k (n + 1/2) / N), the convention of HTK's cepstral coefficients.

    Returns:
      Float32 array [n_inputs, n_outputs].
    """
    angle = np.pi / n_inputs * np.outer(np.arange(n_inputs) + 0.5, np.arange(n_outputs))
    return (np.sqrt(2.0 / n_inputs) * np.cos(angle)).astype(np.float32)


@functools.lru_cache(maxsize=32)
def a_weighting_power(n_fft: int, sample_rate: float) -> np.ndarray:
    """A-weighting of power at the frequencies of an FFT: how a listener weighs them at moderate level.

    `dsp.a_weighting_gain`, normalised to 0 dB near 1 kHz by +2.00 dB.

    Returns:
      Float32 array [n_fft // 2 + 1] of power gains, at least -80 dB.
    """
    gain = a_weighting_gain(np.arange(n_fft // 2 + 1) * (sample_rate / n_fft))
    return np.maximum(10.0**0.2 * gain**2, 1e-8).astype(np.float32)
