"""Filters of a stream: they carry the part of their response that reaches into later blocks."""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp import fft
from ddspgraph.dsp.delay import read_line
from ddspgraph.dsp.passes import in_passes
from ddspgraph.dsp.sizes import Size, ceil_divide, size_of
from ddspgraph.dsp.streams.frames import slide
from ddspgraph.dsp.wavetables import Neighbours
from ddspgraph.lazy import tf


def frame_filter(tail: tf.Tensor, audio: tf.Tensor, responses: tf.Tensor, hop: Size) -> tuple[tf.Tensor, tf.Tensor]:
    """Each frame of audio through its own response, as `fft_convolve`, no delay undone.

    Args:
      tail: What earlier blocks give to this one, [batch, ir_samples - 1].
      audio: [batch, samples], whole frames.
      responses: [batch, frames, ir_samples]; [batch, 1, ir_samples] is one for all frames.
      hop: Samples a frame.

    Returns:
      [batch, samples], and the next tail.
    """
    length, ir_size = size_of(audio, 1), size_of(responses, 2)
    if responses.shape[1] == 1:
        frames, hop = audio[:, tf.newaxis], length
    else:
        frames = tf.reshape(audio, [tf.shape(audio)[0], -1, hop])
    fft_size = fft.convolution_fft_size(hop + ir_size - 1)
    filtered = fft.irfft(fft.rfft(frames, fft_size) * fft.rfft(responses, fft_size), fft_size)
    summed = filtered[:, 0] if responses.shape[1] == 1 else fft.overlap_and_add(filtered, hop)
    summed = summed[:, : length + ir_size - 1]
    summed += tf.pad(tail, [[0, 0], [0, length]])
    return summed[:, :length], summed[:, length:]


def response_partitions(response: tf.Tensor, hop: int) -> tf.Tensor:
    """An impulse response [batch, ir_samples] as the spectra of its parts of `hop` samples, the last part first.

    Returns:
      Complex [batch, parts, hop + 1].
    """
    size = size_of(response, 1)
    n_parts = ceil_divide(size, hop)
    parts = tf.reshape(tf.pad(response, [[0, 0], [0, n_parts * hop - size]]), [-1, n_parts, hop])
    return fft.rfft(parts, 2 * hop)[:, ::-1]


def no_spectra(shape: list[Any]) -> tf.Tensor:
    """Zeros: the spectra before the first window."""
    return tf.zeros(tf.stack(shape), tf.complex64)


def partitioned_convolution(
    spectra: tf.Tensor, last: tf.Tensor, audio: tf.Tensor, partitions: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Convolution with a long response, part by part (Stockham 1966; Gardner, JAES 43 (1995)), without a delay.

    Args:
      spectra: Of the windows before, newest last, complex [batch, parts - 1, hop + 1].
      last: The hop before, [batch, hop].
      audio: [batch, samples], whole hops.
      partitions: Of `response_partitions`.

    Returns:
      [batch, samples], and the next spectra and hop.
    """
    hop, n_parts = size_of(last, 1), size_of(partitions, 1)
    hops = tf.reshape(audio, [tf.shape(audio)[0], -1, hop])
    before = tf.concat([last[:, tf.newaxis], hops[:, :-1]], axis=1)
    windows = fft.rfft(tf.concat([before, hops], axis=2), 2 * hop)
    joined, spectra = slide(spectra, windows)
    n_hops = tf.shape(hops)[1]

    def convolved(number: tf.Tensor) -> tf.Tensor:
        begin = tf.cast(tf.reshape(number, []), tf.int32)
        product = tf.reduce_sum(joined[:, begin : begin + n_parts] * partitions, axis=1, keepdims=True)
        return fft.irfft(product, 2 * hop)[:, :, hop:]

    numbers = tf.range(tf.cast(n_hops, tf.float32))[tf.newaxis, :, tf.newaxis]
    wet = in_passes(convolved, [numbers], n_hops, 1)  # a slice of the spectra costs less than to gather many
    return tf.reshape(wet, tf.shape(audio)), spectra, hops[:, -1]


def whole_convolution(past: tf.Tensor, audio: tf.Tensor, response: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Convolution with a response by one transform of the past and the block, for blocks of any length.

    Args:
      past: The samples before, [batch, ir_samples - 1].
      audio: [batch, samples].
      response: [batch, ir_samples].
    """
    joined, after = slide(past, audio)
    size = fft.convolution_fft_size(tf.shape(joined)[1])
    # Circular: what wraps round falls on the past alone.
    whole = fft.irfft(fft.rfft(joined, size) * fft.rfft(response, size), size)
    begin = size_of(past, 1)
    return whole[:, begin : begin + tf.shape(audio)[1]], after


def delay_line(past: tf.Tensor, cells: Neighbours, audio: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`variable_length_delay` and `fractional_delay` of a stream.

    Args:
      past: The line, [batch, longest delay]: as long as the largest of the cells.
      cells: Whole delays and their weights, each [batch, samples].
      audio: [batch, samples].
    """
    joined, after = slide(past, audio)
    return read_line(joined, cells, size_of(past, 1)), after


def analysis_window(past: tf.Tensor, audio: tf.Tensor, start: Any, size: int, hop: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The samples whose frames are complete after this block: for an analysis of whole frames without padding.

    Args:
      past: The samples before that a frame may still need, and hop - 1 more, [batch, n].
      audio: [batch, samples].
      start: Time of the first sample, int64.
    """
    joined, after = slide(past, audio)
    offset = tf.cast(tf.math.floormod(start, hop), tf.int32)
    n = size_of(audio, 1)
    # A block of whole frames completes as many wherever it begins: its length alone says how many.
    n_frames = n // hop if isinstance(n, int) and n % hop == 0 else (offset + n) // hop
    length = (n_frames - 1) * hop + size
    return tf.slice(joined, [0, hop - 1 - offset], [size_of(joined, 0), length]), after
