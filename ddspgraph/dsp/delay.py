"""Delay lines whose length changes from sample to sample."""

from __future__ import annotations

import tensorflow as tf

from ddspgraph.dsp.numerics import TensorLike, tf_float32
from ddspgraph.dsp.sizes import size_of
from ddspgraph.dsp.wavetables import neighbours


def variable_length_delay(phase: TensorLike, audio: TensorLike, max_length: int = 512) -> tf.Tensor:
    """Delays each sample by phase * max_length samples, with linear interpolation; silence precedes the audio.

    The line is circular, as magenta/ddsp's: between max_length - 1 and max_length samples of delay it fades back
    to the sample itself, which a phase of exactly 1 gives. Outside [0, 1] the result is 0.

    Args:
      phase: Delay as a fraction of max_length, [batch, samples, 1] or [batch, samples]; one sample serves all.
      audio: [batch, samples].
      max_length: Length of the line in samples.

    Returns:
      [batch, samples].

    Raises:
      ValueError: Wrong ranks, or phase and audio of different lengths.
    """
    phase, audio = tf_float32(phase), tf_float32(audio)
    if phase.shape.rank not in (2, 3) or audio.shape.rank != 2:
        raise ValueError(
            "variable_length_delay: phase needs rank 2 or 3 and audio rank 2, "
            f"not {phase.shape.rank} and {audio.shape.rank}"
        )
    phase = phase[..., 0] if phase.shape.rank == 3 else phase
    n_phases, n_samples = size_of(phase, 1), size_of(audio, 1)
    if isinstance(n_phases, int) and isinstance(n_samples, int) and n_phases not in (1, n_samples):
        raise ValueError(f"variable_length_delay: {n_phases} phases for {n_samples} samples of audio")

    now = tf.range(n_samples)
    shape = tf.broadcast_dynamic_shape(tf.shape(phase), tf.shape(audio))
    audio = tf.broadcast_to(audio, shape)

    def delayed(delay: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        source = tf.broadcast_to(now - delay, shape)
        value = tf.gather(audio, tf.maximum(source, 0), axis=1, batch_dims=1)
        return weight * tf.where(source >= 0, value, 0.0)

    shorter, longer = neighbours(phase, max_length)
    return delayed(*shorter) + delayed(*longer)
