"""Conversions between the units of pitch, frequency and level.

MIDI note numbers count semitones with A4 = 69 = 440 Hz. Bark: H. Traunmueller, JASA 88 (1990), eq. 6.
Mel: O'Shaughnessy's formula in the HTK form, 1127 ln(1 + f/700). ERB: Glasberg and Moore (1990), eq. 3.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp.numerics import TensorLike, logb, safe_log, tf_float32
from ddspgraph.lazy import np, tf

#: Range below the reference that levels in decibels are cut to: 80 dB.
DB_RANGE = 80.0
#: The smallest power that float32 holds at full precision, about -370 dB.
_TINY_POWER = 1e-37
_A4_MIDI, _A4_HZ = 69.0, 440.0


def amplitude_to_db(amplitude: TensorLike, ref_db: float = 0.0, range_db: float = DB_RANGE, use_tf: bool = True) -> Any:
    """Amplitude in decibels, 20 log10(|amplitude|) - ref_db, at least -range_db.

    `use_tf=False` computes in NumPy and returns an array.

    >>> dg.dsp.amplitude_to_db([1.0, 0.1, 0.0]).numpy()
    array([  0., -20., -80.], dtype=float32)
    """
    amplitude = tf_float32(amplitude) if use_tf else np.asarray(amplitude)
    return power_to_db(amplitude**2.0, ref_db=ref_db, range_db=range_db, use_tf=use_tf)


def power_to_db(power: TensorLike, ref_db: float = 0.0, range_db: float = DB_RANGE, use_tf: bool = True) -> Any:
    """Power in decibels, 10 log10(power) - ref_db, at least -range_db.

    The power itself is cut at -range_db first, so that silence is finite for every reference.
    `use_tf=False` computes in NumPy and returns an array.

    >>> dg.dsp.power_to_db([1.0, 0.1, 0.0]).numpy()
    array([  0., -10., -80.], dtype=float32)
    """
    floor = 10.0 ** (-range_db / 10.0)
    if not use_tf:
        level_db = 10.0 * np.log10(np.maximum(floor, np.asarray(power))) - ref_db
        return np.maximum(level_db, -range_db)
    level_db = (10.0 / np.log(10.0)) * tf.math.log(tf.maximum(tf_float32(power), max(floor, _TINY_POWER))) - ref_db
    return tf.maximum(level_db, -range_db)


def db_to_amplitude(db: TensorLike) -> tf.Tensor:
    """10 ** (db / 20).

    >>> dg.dsp.db_to_amplitude([0.0, -20.0]).numpy()
    array([1. , 0.1], dtype=float32)
    """
    return tf.pow(10.0, tf_float32(db) / 20.0)


def db_to_power(db: TensorLike) -> tf.Tensor:
    """10 ** (db / 10).

    >>> dg.dsp.db_to_power([0.0, -20.0]).numpy()
    array([1.  , 0.01], dtype=float32)
    """
    return tf.pow(10.0, tf_float32(db) / 10.0)


def midi_to_hz(notes: TensorLike, midi_zero_silence: bool = False) -> tf.Tensor:
    """MIDI note number (fractions allowed) to Hz; `midi_zero_silence` makes note 0 0 Hz instead of 8.18 Hz.

    >>> dg.dsp.midi_to_hz([69.0, 81.0]).numpy()
    array([440., 880.], dtype=float32)
    """
    notes = tf_float32(notes)
    hz = _A4_HZ * 2.0 ** ((notes - _A4_MIDI) / 12.0)
    return tf.where(notes == 0.0, 0.0, hz) if midi_zero_silence else hz


def hz_to_midi(frequencies: TensorLike) -> tf.Tensor:
    """Hz to MIDI note number; frequencies of 0 Hz and below are note 0.

    >>> dg.dsp.hz_to_midi([440.0, 880.0, 0.0]).numpy()
    array([69., 81.,  0.], dtype=float32)
    """
    frequencies = tf_float32(frequencies)
    notes = 12.0 * (logb(frequencies) - logb(_A4_HZ)) + _A4_MIDI
    return tf.where(frequencies <= 0.0, 0.0, notes)


def unit_to_midi(
    unit: TensorLike, midi_min: TensorLike = 20.0, midi_max: TensorLike = 90.0, clip: bool = False
) -> tf.Tensor:
    """Maps [0, 1] linearly to [midi_min, midi_max]; `clip` limits the input first.

    >>> dg.dsp.unit_to_midi([0.0, 0.5, 1.0]).numpy()
    array([20., 55., 90.], dtype=float32)
    """
    unit = tf_float32(unit)
    unit = tf.clip_by_value(unit, 0.0, 1.0) if clip else unit
    return midi_min + (midi_max - midi_min) * unit


def midi_to_unit(
    midi: TensorLike, midi_min: TensorLike = 20.0, midi_max: TensorLike = 90.0, clip: bool = False
) -> tf.Tensor:
    """Maps [midi_min, midi_max] linearly to [0, 1]; `clip` limits the result.

    >>> dg.dsp.midi_to_unit([20.0, 55.0, 90.0]).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    unit = (tf_float32(midi) - midi_min) / (midi_max - midi_min)
    return tf.clip_by_value(unit, 0.0, 1.0) if clip else unit


def unit_to_hz(unit: TensorLike, hz_min: TensorLike, hz_max: TensorLike, clip: bool = False) -> tf.Tensor:
    """Maps [0, 1] to [hz_min, hz_max] in equal steps of pitch; hz_min = 0 counts as MIDI note 0, 8.18 Hz.

    >>> dg.dsp.unit_to_hz([0.0, 0.5, 1.0], 110.0, 440.0).numpy()
    array([110., 220., 440.], dtype=float32)
    """
    return midi_to_hz(unit_to_midi(unit, hz_to_midi(hz_min), hz_to_midi(hz_max), clip))


def hz_to_unit(hz: TensorLike, hz_min: TensorLike, hz_max: TensorLike, clip: bool = False) -> tf.Tensor:
    """Maps [hz_min, hz_max] to [0, 1] in equal steps of pitch.

    >>> dg.dsp.hz_to_unit([110.0, 220.0, 440.0], 110.0, 440.0).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return midi_to_unit(hz_to_midi(hz), hz_to_midi(hz_min), hz_to_midi(hz_max), clip)


def hz_to_bark(hz: TensorLike) -> tf.Tensor:
    """Critical band rate z = 26.81 f / (1960 + f) - 0.53.

    >>> dg.dsp.hz_to_bark([100.0, 1000.0]).numpy()
    array([0.7715, 8.5274], dtype=float32)
    """
    hz = tf_float32(hz)
    return 26.81 * hz / (1960.0 + hz) - 0.53


def bark_to_hz(bark: TensorLike) -> tf.Tensor:
    """The inverse, f = 1960 (z + 0.53) / (26.28 - z).

    >>> dg.dsp.bark_to_hz([1.0, 8.0]).numpy()
    array([118.6234, 914.5951], dtype=float32)
    """
    bark = tf_float32(bark)
    return 1960.0 * (bark + 0.53) / (26.28 - bark)


def hz_to_mel(hz: TensorLike) -> tf.Tensor:
    """1127 ln(1 + f / 700).

    >>> dg.dsp.hz_to_mel([0.0, 1000.0]).numpy()
    array([  0.    , 999.9907], dtype=float32)
    """
    return 1127.0 * safe_log(1.0 + tf_float32(hz) / 700.0)


def mel_to_hz(mel: TensorLike) -> tf.Tensor:
    """700 (exp(mel / 1127) - 1).

    >>> dg.dsp.mel_to_hz([0.0, 1000.0]).numpy()
    array([   0.   , 1000.014], dtype=float32)
    """
    return 700.0 * tf.math.expm1(tf_float32(mel) / 1127.0)


def hz_to_erb(hz: TensorLike) -> tf.Tensor:
    """Equivalent rectangular bandwidth in Hz of the auditory filter centred at `hz`: 0.108 f + 24.7.

    >>> dg.dsp.hz_to_erb([100.0, 1000.0]).numpy()
    array([ 35.5, 132.7], dtype=float32)
    """
    return 0.108 * tf_float32(hz) + 24.7
