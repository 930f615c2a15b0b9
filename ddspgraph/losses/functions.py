"""What the losses compute: pure functions of tensors.

The differences of audio, of spectra and of synthesis parameters are here; those of waveforms in `waveforms`, of
spectrograms as auraloss has them in `resolutions`, of sets of sinusoids in `transport`, `density` and
`two_way_mismatch`. Importing this file imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ddspgraph.dsp.levels import compute_loudness
from ddspgraph.dsp.numerics import SAFE_LOG_EPS, diff, safe_divide, safe_log, safe_sqrt, tf_float32
from ddspgraph.dsp.spectra import compute_mag
from ddspgraph.dsp.units import hz_to_midi
from ddspgraph.lazy import tf
from ddspgraph.losses.density import kde_consistency as kde_consistency
from ddspgraph.losses.resolutions import Resolution as Resolution
from ddspgraph.losses.resolutions import Terms as Terms
from ddspgraph.losses.resolutions import mel_stft_loss as mel_stft_loss
from ddspgraph.losses.resolutions import sum_difference_loss as sum_difference_loss
from ddspgraph.losses.transport import wasserstein_consistency as wasserstein_consistency
from ddspgraph.losses.transport import wasserstein_distance as wasserstein_distance
from ddspgraph.losses.two_way_mismatch import twm_loss as twm_loss
from ddspgraph.losses.two_way_mismatch import twm_predict_f0 as twm_predict_f0
from ddspgraph.losses.waveforms import dc_loss as dc_loss
from ddspgraph.losses.waveforms import esr_loss as esr_loss
from ddspgraph.losses.waveforms import log_cosh_loss as log_cosh_loss
from ddspgraph.losses.waveforms import si_sdr_loss as si_sdr_loss
from ddspgraph.losses.waveforms import snr_loss as snr_loss


def mean_difference(target: Any, value: Any, loss_type: str = "L1", weights: Any = None) -> tf.Tensor:
    """Mean distance of two tensors.

    >>> float(dg.losses.mean_difference([1.0, 2.0], [1.0, 4.0]))
    1.0

    Args:
      target: Any shape.
      value: A shape that broadcasts with `target`.
      loss_type: 'L1', mean |w d|; 'L2', mean w d**2; 'COSINE', the mean over vectors along the last axis of
        w (1 - cosine similarity), which is 1 where one of two vectors is zero and 0 where both are.
      weights: w, broadcasts with `target`; for 'COSINE' with its last axis reduced to 1.

    Returns:
      Scalar; 0 if there is nothing to take the mean of.

    Raises:
      ValueError: Any other `loss_type`.
    """
    target, value = tf_float32(target), tf_float32(value)
    weights = None if weights is None else tf_float32(weights)
    kind = loss_type.upper()
    if kind == "L1":
        return _mean_absolute((target - value) * weights if weights is not None else target - value)
    weights = 1.0 if weights is None else weights
    if kind == "L2":
        return _mean((target - value) ** 2.0 * weights)
    if kind == "COSINE":
        return _mean(_cosine_distance(target, value) * weights)
    raise ValueError(f"loss_type must be 'L1', 'L2' or 'COSINE', not {loss_type!r}")


def _mean(x: tf.Tensor) -> tf.Tensor:
    """Mean, or 0 for an empty tensor, such as the differences in time of one frame."""
    return tf.reduce_sum(x) / tf.cast(tf.maximum(tf.size(x), 1), x.dtype)


def _mean_absolute(x: tf.Tensor) -> tf.Tensor:
    """`_mean` of |x|; TensorFlow's gradient would first spread the scalar cotangent over a tensor like x."""

    @tf.custom_gradient
    def mean(x: tf.Tensor) -> Any:  # value and gradient; called, the value alone
        share = 1.0 / tf.cast(tf.maximum(tf.size(x), 1), x.dtype)
        return tf.reduce_sum(tf.abs(x)) * share, lambda cotangent: tf.sign(x) * (cotangent * share)

    return mean(x)


def _mean_log_difference(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """`_mean_absolute` of safe_log(a) - safe_log(b) for magnitudes, which are not negative, of one shape.

    As |ln(a / b)|: one logarithm instead of two.
    """

    def without_zeros(x: tf.Tensor) -> tf.Tensor:
        # A falling line, above x at 0 alone: at the smallest float, 1.2e-38, it is below 0. Comparing and selecting
        # costs TensorFlow as much as the logarithm.
        return tf.maximum(x, SAFE_LOG_EPS - 1e33 * x)

    @tf.custom_gradient
    def mean(a: tf.Tensor, b: tf.Tensor) -> Any:  # value and gradients; called, the value alone
        log_ratio = tf.math.log(without_zeros(a) / without_zeros(b))
        share = 1.0 / tf.cast(tf.maximum(tf.size(a), 1), a.dtype)

        def adjoint(cotangent: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            slope = tf.sign(log_ratio) * (cotangent * share)
            return tf.math.divide_no_nan(slope, a), tf.math.divide_no_nan(-slope, b)

        return tf.reduce_sum(tf.abs(log_ratio)) * share, adjoint

    return mean(a, b)


def _cosine_distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """1 - cos of the angle between vectors along the last axis, which stays with length 1."""

    def norm(x: tf.Tensor) -> tf.Tensor:
        return safe_sqrt(tf.reduce_sum(x**2.0, axis=-1, keepdims=True))

    norm_a, norm_b = norm(a), norm(b)
    similarity = tf.reduce_sum(safe_divide(a, norm_a) * safe_divide(b, norm_b), axis=-1, keepdims=True)
    return tf.where((norm_a == 0.0) & (norm_b == 0.0), 0.0, 1.0 - similarity)


def spectral_loss(
    target_audio: Any,
    audio: Any,
    weights: Any = None,
    *,
    fft_sizes: Sequence[int] = (2048, 1024, 512, 256, 128, 64),
    loss_type: str = "L1",
    mag_weight: float = 1.0,
    delta_time_weight: float = 0.0,
    delta_freq_weight: float = 0.0,
    cumsum_freq_weight: float = 0.0,
    logmag_weight: float = 0.0,
    loudness_weight: float = 0.0,
    sample_rate: float = 16000,
) -> tf.Tensor:
    """Multi-scale spectral loss: the difference of spectrograms at several resolutions.

    sum over sizes and terms of weight * mean_difference(term(S_target), term(S)), with S the magnitude
    spectrogram of the size. Engel et al., DDSP, ICLR 2020, section 4.2.

    Args:
      target_audio: Shape [batch, samples].
      audio: Same shape.
      weights: Broadcasts with [batch, frames, bins] of every size; weighs all terms.
      fft_sizes: Frame lengths in samples; the hop is a quarter.
      loss_type: 'L1', 'L2' or 'COSINE'; see `mean_difference`.
      mag_weight: Weight of the magnitudes themselves.
      delta_time_weight: Weight of their differences from frame to frame.
      delta_freq_weight: Weight of their differences from bin to bin.
      cumsum_freq_weight: Weight of their cumulative sum over bins.
      logmag_weight: Weight of their logarithm.
      loudness_weight: Weight of the loudness in dB, counted once, not for each size.
      sample_rate: In Hz; only the loudness asks for it.

    Returns:
      Scalar.
    """
    terms: tuple[tuple[float, Callable[[tf.Tensor], tf.Tensor]], ...] = (
        (mag_weight, tf.identity),
        (delta_time_weight, lambda mag: diff(mag, axis=1)),
        (delta_freq_weight, lambda mag: diff(mag, axis=2)),
        (cumsum_freq_weight, lambda mag: tf.cumsum(mag, axis=2)),
        (logmag_weight, safe_log),
    )
    terms = tuple(term for term in terms if term[0] > 0.0)
    loss = tf.constant(0.0)
    for size in fft_sizes if terms else ():
        # One transform a signal: joined in one batch, the target's half would be differentiated for nothing.
        target_mag, mag = compute_mag(target_audio, size), compute_mag(audio, size)
        for weight, transform in terms:
            if transform is safe_log and loss_type.upper() == "L1" and weights is None:
                loss += weight * _mean_log_difference(target_mag, mag)
            else:
                loss += weight * mean_difference(transform(target_mag), transform(mag), loss_type, weights)
    if loudness_weight > 0.0:
        loudness_db, target_loudness_db = (
            compute_loudness(x, sample_rate=sample_rate, n_fft=2048) for x in (audio, target_audio)
        )
        if weights is not None and len(tf_float32(weights).shape) == 3:
            # Loudness has no axis of bins: [batch, 1, 1] would meet [batch, frames] as [batch, batch, frames].
            weights = tf.gather(tf_float32(weights), 0, axis=-1)
        loss += loudness_weight * mean_difference(target_loudness_db, loudness_db, loss_type, weights)
    return loss


def amp_loss(
    amp: Any,
    amp_target: Any,
    loss_type: str = "L1",
    weights: Any = None,
    log: bool = False,
    amin: float = 1e-5,
) -> tf.Tensor:
    """Difference of amplitudes, or with `log` of their decimal logarithms, where less than `amin` is `amin`.

    >>> float(dg.losses.amp_loss([0.5], [1.0]))
    0.5
    """
    amp, amp_target = tf_float32(amp), tf_float32(amp_target)
    if log:
        amp, amp_target = (tf.math.log(tf.maximum(x, amin)) / tf.math.log(10.0) for x in (amp, amp_target))
    return mean_difference(amp, amp_target, loss_type, weights)


def freq_loss(f_hz: Any, f_hz_target: Any, loss_type: str = "L1", weights: Any = None) -> tf.Tensor:
    """Difference of frequencies in semitones.

    >>> float(dg.losses.freq_loss([440.0], [880.0]))  # in semitones
    12.0
    """
    return mean_difference(hz_to_midi(f_hz), hz_to_midi(f_hz_target), loss_type, weights)


class HarmonicLosses(NamedTuple):
    """The losses of `harmonic_consistency`; `_asdict()` gives them by name."""

    harm_amp_loss: tf.Tensor
    harm_dist_loss: tf.Tensor
    f0_hz_loss: tf.Tensor


def harmonic_consistency(
    harm_amp: Any,
    harm_amp_target: Any,
    harm_dist: Any,
    harm_dist_target: Any,
    f0_hz: Any,
    f0_hz_target: Any,
    *,
    amp_weight: float = 1.0,
    dist_weight: float = 1.0,
    f0_weight: float = 1.0,
    amp_threshold: float = 1e-4,
) -> HarmonicLosses:
    """Differences of the controls of a harmonic synthesizer.

    Args:
      harm_amp, harm_amp_target: Shape [batch, frames, 1], linear.
      harm_dist, harm_dist_target: Shape [batch, frames, harmonics].
      f0_hz, f0_hz_target: Shape [batch, frames, 1].
      amp_weight, dist_weight, f0_weight: Weights of the three losses.
      amp_threshold: Timbre and pitch count only in frames whose target amplitude is at least this.

    Returns:
      Three scalars, the last in semitones.
    """
    sounding = tf.cast(tf_float32(harm_amp_target) >= amp_threshold, tf.float32)
    return HarmonicLosses(
        harm_amp_loss=amp_weight * amp_loss(harm_amp, harm_amp_target),
        harm_dist_loss=dist_weight * amp_loss(harm_dist, harm_dist_target, weights=sounding),
        f0_hz_loss=f0_weight * freq_loss(f0_hz, f0_hz_target, weights=sounding),
    )
