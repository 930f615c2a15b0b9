"""Oscillators of a stream: they carry their phase, in wrapped float64 cycles, and the last frames.

Partials are summed as they stand: a block is short, and what `harmonic_sum` saves would be lost to more operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ddspgraph.dsp.oscillators import sine
from ddspgraph.dsp.partials import get_harmonic_frequencies, nyquist_gain
from ddspgraph.dsp.phase import wrap
from ddspgraph.dsp.resampling import Blend
from ddspgraph.dsp.sizes import size_of
from ddspgraph.dsp.streams.frames import FrameWindow, frame_window, has_begun, mix, mixing, to_samples
from ddspgraph.dsp.wavetables import neighbours
from ddspgraph.lazy import tf

State: TypeAlias = "Mapping[str, tf.Tensor]"


def harmonic_stream(
    state: State,
    f0_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    first_frame: Any,
    hop: int,
    sample_rate: float,
    method: str,
    nyquist_fade: float,
    reach: tuple[int, int],
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """`harmonic_synthesis` of a stream, reach[1] hops later.

    Args:
      state: `phase` [batch, 1, 1] in float64 cycles; `f0_hz` and `amplitudes`, the frames before.
      f0_hz: [batch, frames, 1].
      amplitudes: [batch, frames, harmonics].
      first_frame: The number of the first new frame, int64.
      hop: Samples a frame.
      reach: How many frames before and after a block its sound depends on: with a line 0 and 1, a cubic 1 and 2. With
        a fade b and b + 1 for their sum b, as each frame's gain depends on all blocks that it takes part in.

    Returns:
      [batch, frames * hop], and the next state.
    """
    pitch, f0_past = frame_window(state["f0_hz"], f0_hz, first_frame, *reach)
    bank, bank_past = frame_window(state["amplitudes"], amplitudes, first_frame, *reach)
    n_harmonics: Any = amplitudes.shape[-1]
    blend = mixing(method, hop, bank.first, bank.blocks)
    if nyquist_fade > 0.0:
        highest_hz = get_harmonic_frequencies(_highest_hz(pitch.held(), blend, 1.0 - 1.0 / hop), n_harmonics)
        bank = replace(bank, frames=bank.frames * nyquist_gain(highest_hz, sample_rate, nyquist_fade))
    bank = bank.held() if blend[0][0] < 0 else bank
    envelope = mix(bank, blend)
    cycles, phase = _cycles(state["phase"], pitch, hop, sample_rate)
    ratios = tf.range(1.0, n_harmonics + 1.0, dtype=tf.float64)
    if nyquist_fade == 0.0:
        hz = _line(pitch, hop) * tf.cast(ratios, tf.float32)
        envelope = tf.where(hz >= sample_rate / 2.0, 0.0, envelope)
    audio = to_samples(tf.reduce_sum(envelope * sine(cycles * ratios), axis=-1))
    return audio, {"phase": phase, "f0_hz": f0_past, "amplitudes": bank_past}


def sinusoidal_stream(
    state: State,
    frequencies: tf.Tensor,
    amplitudes: tf.Tensor,
    first_frame: Any,
    hop: int,
    sample_rate: float,
    method: str,
    nyquist_fade: float,
    reach: tuple[int, int],
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """`sinusoidal_synthesis` of a stream, reach[1] hops later: as `harmonic_stream`.

    `state` holds `phase` [batch, 1, sinusoids], `frequencies` and `amplitudes`.
    """
    pitch, hz_past = frame_window(state["frequencies"], frequencies, first_frame, *reach)
    bank, bank_past = frame_window(state["amplitudes"], amplitudes, first_frame, *reach)
    blend = mixing(method, hop, bank.first, bank.blocks)
    if nyquist_fade > 0.0:
        highest_hz = _highest_hz(pitch.held(), blend, 1.0)
        bank = replace(bank, frames=bank.frames * nyquist_gain(highest_hz, sample_rate, nyquist_fade))
    bank = bank.held() if blend[0][0] < 0 else bank
    envelope = mix(bank, blend)
    cycles, phase = _cycles(state["phase"], pitch, hop, sample_rate)
    if nyquist_fade == 0.0:
        envelope = tf.where(_line(pitch, hop) >= sample_rate / 2.0, 0.0, envelope)
    audio = to_samples(tf.reduce_sum(envelope * sine(cycles), axis=-1))
    return audio, {"phase": phase, "frequencies": hz_past, "amplitudes": bank_past}


def wavetable_stream(
    state: State,
    f0_hz: tf.Tensor,
    amplitudes: tf.Tensor,
    wavetables: tf.Tensor,
    first_frame: Any,
    hop: int,
    sample_rate: float,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """`wavetable_synthesis` of a stream, one hop later.

    Args:
      state: `phase` [batch, 1, 1], and the frames before of `f0_hz`, `amplitudes` and, unless there is one table for
        all of the audio, `wavetables`.
      f0_hz, amplitudes: [batch, frames, 1].
      wavetables: [batch, frames or 1, entries].
    """
    pitch, f0_past = frame_window(state["f0_hz"], f0_hz, first_frame, 0, 1)
    bank, bank_past = frame_window(state["amplitudes"], amplitudes, first_frame, 0, 1)
    cycles, phase = _cycles(state["phase"], pitch, hop, sample_rate)
    steps = FrameWindow(pitch.frames / sample_rate, 0, 1, pitch.first)
    cycles = tf.squeeze(wrap(cycles - tf.cast(_line(steps, hop), tf.float64)), axis=3)
    near = neighbours(cycles, size_of(wavetables, 2))
    after = {"phase": phase, "f0_hz": f0_past, "amplitudes": bank_past}
    if "wavetables" in state:
        tables, after["wavetables"] = frame_window(state["wavetables"], wavetables, first_frame, 0, 1)
        blend = mixing("linear", hop, tables.first, tables.blocks)
        wave = tf.add_n([weight * _read(tables.at(offset), near) for offset, weight in blend])
    else:
        shape = tf.concat([tf.shape(cycles)[:2], tf.shape(wavetables)[2:]], axis=0)
        wave = _read(tf.broadcast_to(wavetables, shape), near)
    level = tf.squeeze(mix(bank, mixing("window", hop, bank.first, bank.blocks)), axis=3)
    return to_samples(level * wave), after


def _read(tables: tf.Tensor, near: Any) -> tf.Tensor:
    """Weighted entries of tables [batch, blocks, entries]: indices [batch, blocks, slots]."""
    return tf.add_n([weight * tf.gather(tables, index, axis=2, batch_dims=2) for index, weight in near])


def _cycles(phase: tf.Tensor, pitch: FrameWindow, hop: int, sample_rate: float) -> tuple[tf.Tensor, tf.Tensor]:
    """The phase at each sample, float64 [batch, blocks, slots, channels], and at the end of the last block.

    The formula is that of `phase.frame_cycles`; blocks before the start add nothing.
    """
    first = tf.cast(pitch.at(0), tf.float64) / sample_rate
    slope = (tf.cast(pitch.at(1), tf.float64) / sample_rate - first) * (1.0 / hop)
    total = wrap(hop * (first + 0.5 * (hop - 1.0) * slope))
    begun = has_begun(pitch.first, pitch.blocks)
    ends = phase + tf.cumsum(tf.where(begun[:, tf.newaxis], total, tf.zeros_like(total)), axis=1)
    starts = tf.concat([phase, ends[:, :-1]], axis=1)
    r = tf.range(float(hop), dtype=tf.float64)[:, tf.newaxis]
    cycles = starts[:, :, tf.newaxis] + (r + 1.0) * (first[:, :, tf.newaxis] + 0.5 * r * slope[:, :, tf.newaxis])
    return wrap(cycles), wrap(ends[:, -1:])


def _line(frames: FrameWindow, hop: int) -> tf.Tensor:
    """Frames on straight lines: [batch, blocks, slots, channels]."""
    return mix(frames.narrowed(0, 1), mixing("linear", hop, frames.first, frames.blocks))


def _highest_hz(pitch: FrameWindow, blend: Blend, end: float) -> tf.Tensor:
    """For every frame of a window the highest frequency of the blocks that it takes part in.

    As `oscillators.highest_in_support`; a block goes to `end`, a part of the way to the next frame. Of frames at the
    ends of the window, which no block mixes, it is anything.
    """
    now, later = pitch.frames, tf.roll(pitch.frames, -1, axis=1)
    highest = tf.maximum(tf.abs(now), tf.abs((1.0 - end) * now + end * later))
    # Frame n takes part in block n - offset.
    return tf.reduce_max(tf.stack([tf.roll(highest, offset, axis=1) for offset, _ in blend]), axis=0)
