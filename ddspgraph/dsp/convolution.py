"""Fast convolution with impulse responses that may change from frame to frame.

A time-varying finite impulse response filter is computed frame by frame: the audio is cut into as many
frames as there are impulse responses, each frame is convolved with its own response by a product of spectra,
and the overlapping results are added (Oppenheim & Schafer, Discrete-Time Signal Processing, section 8.7.3).
"""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp import fft
from ddspgraph.dsp.numerics import safe_divide, safe_sqrt, tf_float32
from ddspgraph.dsp.sizes import Size, ceil_divide, choose, larger, size_of
from ddspgraph.lazy import tf


def fft_convolve(audio: Any, impulse_response: Any, padding: str = "same", delay_compensation: Size = -1) -> tf.Tensor:
    """Filters audio with an impulse response, or with one impulse response for each frame of the audio.

    >>> dg.dsp.fft_convolve([[1.0, 0.0, 0.0, 2.0]], [[0.5, 0.25]], delay_compensation=0).numpy()
    array([[0.5 , 0.25, 0.  , 1.  ]], dtype=float32)

    Args:
      audio: Shape [batch, samples].
      impulse_response: Shape [batch, ir_samples], or [batch, frames, ir_samples] for a time-varying filter:
        each response then filters ceil(samples / frames) samples. A batch of 1 on either side serves all.
      padding: 'same' returns as many samples as `audio` has, 'valid' all samples + ir_samples - 1.
      delay_compensation: Samples dropped from the start, to undo the filter's delay. Negative: the group delay
        of a linear-phase response as magenta/ddsp counts it, (ir_samples - 1) // 2 - 1.

    Returns:
      Shape [batch, samples] or [batch, samples + ir_samples - 1].

    Raises:
      ValueError: Wrong rank, padding, batch sizes, or more responses than frames of audio fit.
    """
    audio, impulse_response = tf_float32(audio), tf_float32(impulse_response)
    _check_shapes(audio, impulse_response)
    if impulse_response.shape.rank == 2:
        impulse_response = impulse_response[:, tf.newaxis, :]

    audio_size, n_frames, ir_size = (
        size_of(audio, 1),
        size_of(impulse_response, 1),
        size_of(impulse_response, 2),
    )
    if isinstance(n_frames, int) and n_frames == 1:
        # One response for all of the audio: its late taps, which reach only dropped samples, may go.
        start, kept = _crop_bounds(audio_size, ir_size, padding, delay_compensation)
        filtered = fft.convolve(audio, impulse_response[:, 0, : start + kept])
    else:
        hop_size = larger(ceil_divide(audio_size, larger(n_frames, 1)), 1)
        _check_frames(audio_size, hop_size, n_frames)
        padded = tf.pad(audio, [[0, 0], [0, n_frames * hop_size - audio_size]])
        frames = tf.reshape(padded, [-1, n_frames, hop_size])
        fft_size = fft.convolution_fft_size(hop_size + ir_size - 1)
        spectra = fft.rfft(frames, fft_size) * fft.rfft(impulse_response, fft_size)
        filtered = fft.overlap_and_add(fft.irfft(spectra, fft_size), hop_size)
    return crop_and_compensate_delay(filtered, audio_size, ir_size, padding, delay_compensation)


def crop_and_compensate_delay(
    audio: Any, audio_size: Size, ir_size: Size, padding: str, delay_compensation: Size
) -> tf.Tensor:
    """Cuts the result of a convolution to its final length, beginning after the filter's delay.

    >>> dg.dsp.crop_and_compensate_delay([[0.0, 0.0, 1.0, 2.0, 0.0, 0.0]], 2, 5, "same", 2).numpy()
    array([[1., 2.]], dtype=float32)

    Args:
      audio: Shape [batch, convolved_samples].
      audio_size: Samples before the convolution.
      ir_size: Samples of the impulse response.
      padding: 'same' keeps `audio_size` samples, 'valid' keeps `audio_size + ir_size - 1`.
      delay_compensation: Samples dropped from the start; negative: (ir_size - 1) // 2 - 1, at least 0.

    Returns:
      Shape [batch, kept_samples]; zeros where `audio` has no more samples.

    Raises:
      ValueError: `padding` is neither 'same' nor 'valid'.
    """
    audio = tf_float32(audio)
    start, kept = _crop_bounds(audio_size, ir_size, padding, delay_compensation)
    cropped = audio[:, start : start + kept]
    missing = kept - size_of(cropped, 1)
    if isinstance(missing, int) and missing == 0:
        return cropped
    return tf.pad(cropped, [[0, 0], [0, missing]])


def unit_energy(impulse_response: Any) -> tf.Tensor:
    """Scales a response [batch, ir_samples, ...] so that what follows its first sample, the direct sound, has energy 1.

    A response of silence stays silent.

    >>> dg.dsp.unit_energy([[1.0, 3.0, 4.0]]).numpy()
    array([[0.2, 0.6, 0.8]], dtype=float32)
    """
    response = tf_float32(impulse_response)
    energy = tf.reduce_sum(tf.square(response[:, 1:]), axis=1, keepdims=True)
    return safe_divide(response, safe_sqrt(energy))


def _crop_bounds(audio_size: Size, ir_size: Size, padding: str, delay_compensation: Size) -> tuple[Size, Size]:
    """(samples dropped at the start, samples kept after them)."""
    if padding not in ("same", "valid"):
        raise ValueError(f"padding must be 'same' or 'valid', not {padding!r}")
    kept = audio_size if padding == "same" else audio_size + ir_size - 1
    start = choose(delay_compensation < 0, larger((ir_size - 1) // 2 - 1, 0), delay_compensation)
    return start, kept


def _check_shapes(audio: tf.Tensor, impulse_response: tf.Tensor) -> None:
    if audio.shape.rank != 2:
        raise ValueError(f"audio must be [batch, samples], its shape is {audio.shape}")
    if impulse_response.shape.rank not in (2, 3):
        raise ValueError(
            "impulse_response must be [batch, ir_samples] or [batch, frames, ir_samples], "
            f"its shape is {impulse_response.shape}"
        )
    batches = (audio.shape[0], impulse_response.shape[0])
    if None not in batches and 1 not in batches and batches[0] != batches[1]:
        raise ValueError(f"batch of audio ({batches[0]}) and of impulse_response ({batches[1]}) differ")


def _check_frames(audio_size: Size, hop_size: Size, n_frames: Size) -> None:
    """Refuses more responses than there are frames: with 300 for 2000 samples, frames of 7 fill only 286."""
    n_audio_frames = ceil_divide(audio_size, hop_size)
    message = "the number of samples can't be cut into as many frames as there are impulse responses"
    if isinstance(n_audio_frames, int) and isinstance(n_frames, int):
        if n_audio_frames != n_frames and audio_size > 0:
            raise ValueError(
                f"{message}: {audio_size} samples, {n_frames} responses; frames of {hop_size} samples "
                f"make {n_audio_frames}; give a number of responses that divides the samples"
            )
    else:
        fits = tf.logical_or(tf.equal(n_audio_frames, n_frames), tf.equal(audio_size, 0))
        tf.debugging.Assert(fits, [message, audio_size, n_frames])
