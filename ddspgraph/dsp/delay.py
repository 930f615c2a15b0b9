"""Delay lines whose length changes from sample to sample."""

from __future__ import annotations

from ddspgraph.dsp.numerics import TensorLike, tf_float, tf_float32
from ddspgraph.dsp.scalings import scaling
from ddspgraph.dsp.sizes import Size, size_of
from ddspgraph.dsp.wavetables import Neighbours, neighbours
from ddspgraph.lazy import tf


def variable_length_delay(phase: TensorLike, audio: TensorLike, max_length: int = 512) -> tf.Tensor:
    """Delays each sample by phase * max_length samples, with linear interpolation; silence precedes the audio.

    The line is circular, as magenta/ddsp's: between max_length - 1 and max_length samples of delay it fades back
    to the sample itself, which a phase of exactly 1 gives. Outside [0, 1] the result is 0.

    >>> dg.dsp.variable_length_delay(np.full([1, 4, 1], 0.25), [[1.0, 0.0, 0.0, 0.0]], max_length=8).numpy()
    array([[0., 0., 1., 0.]], dtype=float32)

    Args:
      phase: Delay as a fraction of max_length, [batch, samples, 1] or [batch, samples]; one sample serves all.
        The delay is their product in float64: a float64 phase keeps its precision in long lines.
      audio: [batch, samples].
      max_length: Length of the line in samples.

    Returns:
      [batch, samples].

    Raises:
      ValueError: Wrong ranks, or phase and audio of different lengths.
    """
    phase, audio = tf_float(phase), tf_float32(audio)
    if phase.shape.rank not in (2, 3) or audio.shape.rank != 2:
        raise ValueError(
            "variable_length_delay: phase needs rank 2 or 3 and audio rank 2, "
            f"not {phase.shape.rank} and {audio.shape.rank}"
        )
    phase = phase[..., 0] if phase.shape.rank == 3 else phase
    n_phases, n_samples = size_of(phase, 1), size_of(audio, 1)
    if isinstance(n_phases, int) and isinstance(n_samples, int) and n_phases not in (1, n_samples):
        raise ValueError(f"variable_length_delay: {n_phases} phases for {n_samples} samples of audio")

    return read_line(audio, line_cells(phase, max_length))


def line_cells(phase: tf.Tensor, max_length: int) -> Neighbours:
    """The two delays next to phase * max_length in a circular line, and their linear weights."""
    return neighbours(tf.cast(phase, tf.float64), max_length)


def delay_phase(phase: TensorLike, scale_fn: str | None) -> tf.Tensor:
    """A phase [batch, samples, 1] through a scale function, in float64: [batch, samples].

    Float32 would round it by up to 1e-3 of a sample in a line of 300 ms, and otherwise in blocks than in a whole clip.
    """
    return scaling(scale_fn)(tf.cast(tf.squeeze(tf_float(phase), axis=2), tf.float64))


def as_phase(position: tf.Tensor) -> tf.Tensor:
    """A phase of `delay_phase` as an output: float32 [batch, samples, 1]."""
    return tf.expand_dims(tf.cast(position, tf.float32), axis=2)


def delay_cells(delay_samples: tf.Tensor, longest: float) -> Neighbours:
    """The two whole delays around each of some delays in samples, float64, and their linear weights.

    What is longer than `longest` is held there, what is below 0 at 0. NaN stays, in the weights.
    """
    delay = tf.maximum(tf.minimum(delay_samples, longest), 0.0)
    lower = tf.stop_gradient(tf.floor(delay))
    between = tf.cast(delay - lower, tf.float32)
    # NaN turns into any index: the weight shows it.
    cell = tf.clip_by_value(tf.cast(lower, tf.int32), 0, int(longest))
    return (cell, 1.0 - between), (cell + 1, between)


def read_line(audio: tf.Tensor, cells: Neighbours, past: Size = 0) -> tf.Tensor:
    """The weighted sum of audio [batch, samples] at delays; its first `past` samples precede what is delayed."""
    now = tf.range(past, size_of(audio, 1))
    shape = tf.broadcast_dynamic_shape(tf.shape(cells[0][0]), tf.shape(audio[:, past:]))
    batch = tf.concat([shape[:1], tf.shape(audio)[1:]], axis=0)
    audio = tf.broadcast_to(audio, batch)

    def delayed(delay: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        source = tf.broadcast_to(now - delay, shape)
        value = tf.gather(audio, tf.maximum(source, 0), axis=1, batch_dims=1)
        return weight * tf.where(source >= 0, value, 0.0)

    return delayed(*cells[0]) + delayed(*cells[1])
