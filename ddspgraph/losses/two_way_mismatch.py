"""Two-way mismatch: how well a fundamental frequency explains a set of sinusoids, and they its harmonics.

After R. C. Maher and J. W. Beauchamp, "Fundamental frequency estimation of musical signals using a two-way
mismatch procedure", JASA 95 (1994), with Gaussian likelihoods in place of their mismatch function.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp.numerics import safe_divide, tf_float32
from ddspgraph.dsp.units import hz_to_midi
from ddspgraph.lazy import tf
from ddspgraph.losses.density import mixture_log_density


def twm_loss(
    f0_candidates: Any,
    freqs: Any,
    amps: Any,
    *,
    sinusoids_weight: float = 1.0,
    harmonics_weight: float = 1.0,
    sinusoids_scale: float = 0.5,
    harmonics_scale: float = 0.2,
    n_harmonic_points: int = 10,
    n_harmonic_gaussians: int = 30,
    softmin_temperature: float = 1.0,
    sample_rate: float = 16000,
) -> tf.Tensor:
    """Two-way mismatch of sinusoids with candidates for their fundamental frequency, softly that of the best.

    mean over candidates of c softmax(-c / temperature), where c = w_s * mismatch of the sinusoids with the
    candidate's harmonics + w_h * mismatch of the harmonics with the sinusoids.

    Args:
      f0_candidates: In Hz, shape [batch, frames, candidates].
      freqs: Frequencies of the sinusoids in Hz, shape [batch, frames, sinusoids].
      amps: Their linear amplitudes, same shape.
      sinusoids_weight: w_s.
      harmonics_weight: w_h.
      sinusoids_scale: Standard deviation of the Gaussians around the sinusoids, in semitones.
      harmonics_scale: Standard deviation of the Gaussians around the harmonics, in multiples of the candidate.
      n_harmonic_points: Number of harmonics that should find a sinusoid.
      n_harmonic_gaussians: Number of harmonics that a sinusoid may lie on.
      softmin_temperature: Towards 0, only the best candidate counts.
      sample_rate: In Hz; harmonics above Nyquist need not find a sinusoid.

    Returns:
      Scalar.
    """
    cost = _candidate_cost(
        f0_candidates,
        freqs,
        amps,
        sinusoids_weight=sinusoids_weight,
        harmonics_weight=harmonics_weight,
        sinusoids_scale=sinusoids_scale,
        harmonics_scale=harmonics_scale,
        n_harmonic_points=n_harmonic_points,
        n_harmonic_gaussians=n_harmonic_gaussians,
        sample_rate=sample_rate,
    )
    return tf.reduce_mean(cost * tf.nn.softmax(-cost / softmin_temperature))


def twm_predict_f0(
    f0_candidates: Any, freqs: Any, amps: Any, *, softmin_temperature: float = 1.0, **params: Any
) -> tf.Tensor:
    """The candidate of least two-way mismatch in each frame.

    Args:
      f0_candidates, freqs, amps, **params: As in `twm_loss`.
      softmin_temperature: Taken so that the settings of a loss fit; the best candidate does not depend on it.

    Returns:
      In Hz, shape [batch, frames, 1].
    """
    del softmin_temperature
    cost = _candidate_cost(f0_candidates, freqs, amps, **params)
    best = tf.expand_dims(tf.argmin(cost, axis=-1), -1)
    return tf.gather(tf_float32(f0_candidates), best, batch_dims=-1, axis=-1)


def _candidate_cost(
    f0_candidates: Any,
    freqs: Any,
    amps: Any,
    *,
    sinusoids_weight: float = 1.0,
    harmonics_weight: float = 1.0,
    sinusoids_scale: float = 0.5,
    harmonics_scale: float = 0.2,
    n_harmonic_points: int = 10,
    n_harmonic_gaussians: int = 30,
    sample_rate: float = 16000,
) -> tf.Tensor:
    """Weighted sum of both mismatches, [batch, frames, candidates]."""
    f0_hz = tf.expand_dims(tf_float32(f0_candidates), -1)  # [batch, frames, candidates, 1]
    freqs = tf.expand_dims(tf_float32(freqs), -2)  # [batch, frames, 1, sinusoids]
    amps = tf.expand_dims(tf_float32(amps), -2)

    # Does each sinusoid lie on a harmonic? Measured in harmonic numbers, louder sinusoids count for more.
    harmonic_numbers = tf.range(1.0, n_harmonic_gaussians + 1.0)
    log_density = mixture_log_density(safe_divide(freqs, f0_hz), harmonic_numbers, harmonics_scale)
    shares = safe_divide(amps, tf.reduce_sum(amps, axis=-1, keepdims=True))
    sinusoids_cost = tf.reduce_sum(-shares * log_density, axis=-1)

    # Does each harmonic find a sinusoid? Measured in semitones, lower harmonics count for more.
    harmonics_hz = f0_hz * tf.range(1.0, n_harmonic_points + 1.0)
    audible = tf.cast(harmonics_hz < sample_rate / 2.0, tf.float32)
    log_density = mixture_log_density(hz_to_midi(harmonics_hz), hz_to_midi(freqs), sinusoids_scale, amps)
    importance = audible * tf.linspace(1.0, 1.0 / n_harmonic_points, n_harmonic_points)
    harmonics_cost = safe_divide(tf.reduce_sum(-importance * log_density, axis=-1), tf.reduce_sum(audible, axis=-1))
    return sinusoids_weight * sinusoids_cost + harmonics_weight * harmonics_cost
