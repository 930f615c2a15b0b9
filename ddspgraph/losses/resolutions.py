"""Losses between spectrograms as auraloss has them: convergence and magnitudes, at one resolution or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ddspgraph.dsp import fft
from ddspgraph.dsp.mel import slaney_mel_matrix
from ddspgraph.dsp.numerics import safe_sqrt, tf_float32
from ddspgraph.dsp.sizes import larger, size_of
from ddspgraph.lazy import np, tf

#: The smallest magnitude: 1e-8 of power.
_LEAST = 1e-4


class Resolution(NamedTuple):
    """Samples of the FFT, from frame to frame, and of the Hann window in the middle of the FFT."""

    fft_size: int
    hop_size: int
    win_length: int


class Terms(NamedTuple):
    """Weights of the spectral convergence, of the logarithms of magnitudes, and of the magnitudes themselves."""

    convergence: float
    logmag: float
    mag: float


#: The resolutions of R. Yamamoto, E. Song and J.-M. Kim, "Parallel WaveGAN" (ICASSP 2020).
RESOLUTIONS = (Resolution(1024, 120, 600), Resolution(2048, 240, 1200), Resolution(512, 50, 240))
_BOTH = Terms(convergence=1.0, logmag=1.0, mag=0.0)


def mel_stft_loss(
    target_audio: Any,
    audio: Any,
    *,
    resolution: Resolution,
    n_mels: int,
    terms: Terms,
    sample_rate: float,
) -> tf.Tensor:
    """The distance of two mel spectrograms.

    Args:
      target_audio, audio: Shape [batch, samples].
      resolution: Of the spectrograms.
      n_mels: Bands of equal area from 0 Hz to Nyquist.
      terms: Weights.
      sample_rate: In Hz.

    Returns:
      Scalar.
    """
    matrix = tf.constant(slaney_mel_matrix(n_mels, resolution.fft_size, float(sample_rate)))
    target, found = (tf.matmul(_magnitudes(x, resolution), matrix) for x in (target_audio, audio))
    return _distance(target, found, terms)


def multi_resolution_stft_loss(
    target_audio: Any, audio: Any, *, resolutions: Sequence[Resolution] = RESOLUTIONS
) -> tf.Tensor:
    """The mean over resolutions of the convergence and the difference of logarithms; [batch, samples] -> scalar."""
    distances = [_distance(*(_magnitudes(x, size) for x in (target_audio, audio)), _BOTH) for size in resolutions]
    return tf.add_n(distances) / len(distances)


def sum_difference_loss(
    target_audio: Any,
    audio: Any,
    *,
    resolutions: Sequence[Resolution],
    sum_weight: float,
    difference_weight: float,
) -> tf.Tensor:
    """Half of the `multi_resolution_stft_loss` of left + right, and half of that of left - right.

    Args:
      target_audio, audio: Shape [batch, samples, 2].
      resolutions: Of the spectrograms.
      sum_weight: Weight of left + right.
      difference_weight: Weight of left - right.

    Returns:
      Scalar.
    """
    sides = [tf.unstack(tf_float32(x), num=2, axis=-1) for x in (target_audio, audio)]
    sums = multi_resolution_stft_loss(*(left + right for left, right in sides), resolutions=resolutions)
    differences = multi_resolution_stft_loss(*(left - right for left, right in sides), resolutions=resolutions)
    return 0.5 * (sum_weight * sums + difference_weight * differences)


def _magnitudes(audio: Any, resolution: Resolution) -> tf.Tensor:
    """[batch, frames, bins], at least 1e-4; frame i has its middle at sample i * hop, beyond the ends is a mirror."""
    fft_size, hop_size, win_length = resolution
    padded = _mirrored(tf_float32(audio), fft_size // 2)
    before = (fft_size - win_length) // 2
    window = tf.pad(fft.hann_window(win_length, periodic=True), [[before, fft_size - win_length - before]])
    frames = fft.frame(padded, fft_size, hop_size)
    return tf.maximum(fft.magnitude(fft.rfft(frames * window, fft_size)), _LEAST)


def _mirrored(x: tf.Tensor, n: int) -> tf.Tensor:
    """x [batch, samples] with n samples more on either side: x[2], x[1], x[0], x[1], ..., of any number of samples."""
    samples = size_of(x, 1)
    period = larger(2 * (samples - 1), 1)
    filled = tf.pad(x, [[0, 0], [0, 1]])  # no samples: silence

    def at(index: Any) -> tf.Tensor:
        inside = tf.math.floormod(index, period)
        return tf.gather(filled, tf.minimum(inside, period - inside), axis=1)

    return tf.concat([at(tf.range(-n, 0)), x, at(samples + tf.range(n))], axis=1)


def _distance(target: tf.Tensor, found: tf.Tensor, terms: Terms) -> tf.Tensor:
    """Of magnitudes [batch, frames, bins]. Bands that no bin lies in are equal."""
    count = tf.cast(tf.maximum(tf.size(target), 1), tf.float32)
    loss = tf.constant(0.0)
    if terms.convergence:
        error, energy = (safe_sqrt(tf.reduce_sum(tf.square(x), axis=[1, 2])) for x in (target - found, target))
        items = tf.cast(tf.maximum(tf.size(error), 1), tf.float32)
        loss += terms.convergence * tf.reduce_sum(tf.math.divide_no_nan(error, energy)) / items
    if terms.logmag:
        logs = [tf.math.log(tf.maximum(x, float(np.finfo(np.float32).tiny))) for x in (target, found)]
        loss += terms.logmag * tf.reduce_sum(tf.abs(logs[0] - logs[1])) / count
    if terms.mag:
        loss += terms.mag * tf.reduce_sum(tf.abs(target - found)) / count
    return loss
