"""Short-time spectra: magnitudes, mel bands, cepstral coefficients.

All analyses take audio [batch, samples] (or [samples], or [batch, samples, 1]), use a Hann window, and have
ceil(samples / hop) frames where `pad_end` is set: frame i begins at sample i * hop.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp import fft
from ddspgraph.dsp.hops import hop_of
from ddspgraph.dsp.mel import cosine_matrix, mel_matrix
from ddspgraph.dsp.numerics import safe_log, tf_float32
from ddspgraph.lazy import np, tf


def stft(audio: Any, frame_size: int = 2048, overlap: float = 0.75, pad_end: bool = True) -> tf.Tensor:
    """Short-time Fourier transform.

    >>> dg.dsp.stft(tf.zeros([1, 4096]), frame_size=512).shape
    TensorShape([1, 32, 257])

    Args:
      audio: Shape [batch, samples], [samples] or [batch, samples, 1].
      frame_size: Samples of a frame; the FFT has the next power of two.
      overlap: Part of a frame that the next one shares: the hop is frame_size * (1 - overlap) samples, rounded down.
      pad_end: Pad the end with zeros, so that every sample lies in a frame.

    Returns:
      Complex, shape [batch, frames, fft_size // 2 + 1].

    Raises:
      ValueError: The hop would be less than one sample.
    """
    audio = drop_channel_axis(tf_float32(audio))
    frames = fft.frame(audio, frame_size, _hop_size(frame_size, overlap), pad_end)
    return fft.rfft(frames * fft.hann_window(frame_size), fft.get_fft_size(frame_size, 1))


def stft_np(audio: Any, frame_size: int = 2048, overlap: float = 0.75, pad_end: bool = True) -> np.ndarray:
    """As `stft`, but gives a NumPy array, and the FFT is as long as the frame.

    >>> dg.dsp.stft_np(np.zeros([1, 4096], np.float32), frame_size=512).shape
    (1, 32, 257)
    """
    frames = fft.frame(drop_channel_axis(tf_float32(audio)), frame_size, _hop_size(frame_size, overlap), pad_end)
    return fft.rfft(frames * fft.hann_window(frame_size, periodic=True), frame_size).numpy()


def compute_mag(audio: Any, size: int = 2048, overlap: float = 0.75, pad_end: bool = True) -> tf.Tensor:
    """Magnitude spectrogram of the `stft` with frames of `size` samples: [batch, frames, fft_size // 2 + 1].

    >>> sine = np.sin(2 * np.pi * 1000 / 16000 * np.arange(4096))[None]
    >>> int(np.argmax(dg.dsp.compute_mag(sine, size=512)[0, 4]))  # of bins 31.25 Hz apart
    32
    """
    return fft.magnitude(stft(audio, size, overlap, pad_end))


def compute_logmag(audio: Any, size: int = 2048, overlap: float = 0.75, pad_end: bool = True) -> tf.Tensor:
    """Natural logarithm of `compute_mag`, with log(1e-5) for silence.

    >>> round(float(dg.dsp.compute_logmag(tf.zeros([1, 4096]))[0, 0, 0]), 3)
    -11.513
    """
    return safe_log(compute_mag(audio, size, overlap, pad_end))


def compute_mel(
    audio: Any,
    lo_hz: float = 0.0,
    hi_hz: float = 8000.0,
    bins: int = 64,
    fft_size: int = 2048,
    overlap: float = 0.75,
    pad_end: bool = True,
    sample_rate: float = 16000,
) -> tf.Tensor:
    """Magnitudes in mel bands.

    >>> dg.dsp.compute_mel(tf.zeros([1, 4096]), bins=40).shape
    TensorShape([1, 8, 40])

    Args:
      audio: Shape [batch, samples], [samples] or [batch, samples, 1].
      lo_hz: Lower edge of the lowest band, in Hz.
      hi_hz: Upper edge of the highest band, in Hz; at most sample_rate / 2.
      bins: Number of bands.
      fft_size: Samples of a frame.
      overlap: Part of a frame that the next one shares.
      pad_end: Pad the end with zeros, so that every sample lies in a frame.
      sample_rate: In Hz.

    Returns:
      Shape [batch, frames, bins].

    Raises:
      ValueError: A band outside 0 Hz ... Nyquist, or a hop below one sample.
    """
    magnitudes = compute_mag(audio, fft_size, overlap, pad_end)
    matrix = mel_matrix(bins, magnitudes.shape[-1], float(sample_rate), float(lo_hz), float(hi_hz))
    return tf.matmul(magnitudes, tf.constant(matrix))


def compute_logmel(
    audio: Any,
    lo_hz: float = 80.0,
    hi_hz: float = 7600.0,
    bins: int = 64,
    fft_size: int = 2048,
    overlap: float = 0.75,
    pad_end: bool = True,
    sample_rate: float = 16000,
) -> tf.Tensor:
    """Natural logarithm of `compute_mel`, with log(1e-5) for silence; the arguments are the same.

    >>> dg.dsp.compute_logmel(tf.zeros([1, 4096]), bins=40).shape
    TensorShape([1, 8, 40])
    """
    return safe_log(compute_mel(audio, lo_hz, hi_hz, bins, fft_size, overlap, pad_end, sample_rate))


def compute_mfcc(
    audio: Any,
    lo_hz: float = 20.0,
    hi_hz: float = 8000.0,
    fft_size: int = 1024,
    mel_bins: int = 128,
    mfcc_bins: int = 13,
    overlap: float = 0.75,
    pad_end: bool = True,
    sample_rate: float = 16000,
) -> tf.Tensor:
    """Mel-frequency cepstral coefficients: the cosine transform of the log mel spectrum over its bands.

    >>> dg.dsp.compute_mfcc(tf.zeros([1, 4096])).shape
    TensorShape([1, 16, 13])

    Args:
      audio, lo_hz, hi_hz, fft_size, overlap, pad_end, sample_rate: As in `compute_mel`.
      mel_bins: Number of mel bands.
      mfcc_bins: Number of coefficients kept, from the slowest; at most `mel_bins` are.

    Returns:
      Shape [batch, frames, mfcc_bins].
    """
    logmel = compute_logmel(audio, lo_hz, hi_hz, mel_bins, fft_size, overlap, pad_end, sample_rate)
    return tf.matmul(logmel, tf.constant(cosine_matrix(mel_bins, min(mfcc_bins, mel_bins))))


def drop_channel_axis(audio: tf.Tensor) -> tf.Tensor:
    """[batch, samples, 1] -> [batch, samples]; other ranks stay."""
    return tf.squeeze(audio, axis=-1) if audio.shape.rank == 3 else audio


def _hop_size(frame_size: int, overlap: float) -> int:
    hop_size = hop_of(frame_size, overlap)
    if hop_size < 1:
        raise ValueError(f"overlap {overlap} of frames of {frame_size} samples leaves no hop: lower the overlap")
    return hop_size
