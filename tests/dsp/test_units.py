"""Unit conversions against their definitions in float64, their inverses, and librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp

HZ = np.array([20.0, 27.5, 100.0, 440.0, 1000.0, 7999.0])


def test_pitch() -> None:
    np.testing.assert_allclose(dsp.hz_to_midi(HZ), librosa.hz_to_midi(HZ), rtol=1e-6)
    np.testing.assert_allclose(dsp.midi_to_hz([0, 60, 69, 69.5]), librosa.midi_to_hz([0, 60, 69, 69.5]), rtol=1e-6)
    np.testing.assert_array_equal(dsp.midi_to_hz([0.0, 69.0], midi_zero_silence=True), [0.0, 440.0])
    np.testing.assert_array_equal(dsp.hz_to_midi([0.0, -10.0]), [0.0, 0.0])


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (dsp.hz_to_midi, dsp.midi_to_hz),
        (dsp.hz_to_bark, dsp.bark_to_hz),
        (dsp.hz_to_mel, dsp.mel_to_hz),
        (lambda x: dsp.hz_to_unit(x, 10.0, 9000.0), lambda x: dsp.unit_to_hz(x, 10.0, 9000.0)),
        (lambda x: dsp.midi_to_unit(x, 5.0, 99.0), lambda x: dsp.unit_to_midi(x, 5.0, 99.0)),
        (dsp.amplitude_to_db, dsp.db_to_amplitude),
        (dsp.power_to_db, dsp.db_to_power),
    ],
    ids=["midi", "bark", "mel", "hz unit", "midi unit", "amplitude", "power"],
)
def test_there_and_back(there, back) -> None:
    np.testing.assert_allclose(back(there(HZ)), HZ, rtol=5e-5)


def test_auditory_scales() -> None:
    np.testing.assert_allclose(dsp.hz_to_mel(HZ), librosa.hz_to_mel(HZ, htk=True), rtol=1e-4)
    np.testing.assert_allclose(dsp.hz_to_bark(HZ), 26.81 / (1.0 + 1960.0 / HZ) - 0.53, rtol=1e-4)
    np.testing.assert_allclose(dsp.hz_to_erb(1000.0), 132.7, rtol=1e-6)


def test_clipping() -> None:
    np.testing.assert_allclose(dsp.unit_to_midi([-1.0, 0.5, 2.0], clip=True), [20.0, 55.0, 90.0])
    np.testing.assert_allclose(dsp.midi_to_unit([0.0, 55.0, 127.0], clip=True), [0.0, 0.5, 1.0])
    np.testing.assert_allclose(dsp.unit_to_hz([-1.0, 2.0], 100.0, 200.0, clip=True), [100.0, 200.0], rtol=1e-6)


@pytest.mark.parametrize("use_tf", [True, False])
def test_levels(use_tf: bool) -> None:
    power = np.float32([0.0, 1e-12, 1e-6, 1.0, 100.0])
    level_db = dsp.power_to_db(power, ref_db=10.0, range_db=70.0, use_tf=use_tf)
    assert isinstance(level_db, tf.Tensor if use_tf else np.ndarray)
    np.testing.assert_allclose(level_db, [-70.0, -70.0, -70.0, -10.0, 10.0], atol=1e-4)
    np.testing.assert_allclose(dsp.amplitude_to_db([[-10.0, 0.0]], use_tf=use_tf), [[20.0, -80.0]], atol=1e-4)
    # Silence is as low as range_db says even where the reference lifts it, and for ranges beyond float32.
    np.testing.assert_allclose(dsp.power_to_db(0.0, ref_db=-50.0, use_tf=use_tf), -30.0, rtol=1e-5)
    assert np.isfinite(dsp.power_to_db(0.0, range_db=300.0, use_tf=use_tf))


@pytest.mark.parametrize(
    "function",
    [dsp.amplitude_to_db, dsp.power_to_db, dsp.hz_to_midi, dsp.hz_to_mel, dsp.hz_to_bark, dsp.midi_to_hz],
    ids=lambda function: function.__name__,
)
def test_gradients_at_the_edges(function) -> None:
    x = tf.constant([0.0, -1.0, 1e-20, 1.0, 8000.0, 1e6])
    x = tf.minimum(x, 1000.0) if function is dsp.midi_to_hz else x
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert np.all(np.isfinite(y))
    assert np.all(np.isfinite(tape.gradient(y, x)))


def test_silence_over_the_widest_range() -> None:
    """A floor that float32 cannot hold would be 0: silence is the smallest power that it holds, with a gradient."""
    silence = tf.zeros([3])
    with tf.GradientTape() as tape:
        tape.watch(silence)
        level_db = dsp.power_to_db(silence, range_db=500.0)
    np.testing.assert_allclose(level_db, -370.0, rtol=1e-6)
    assert np.all(np.isfinite(tape.gradient(level_db, silence)))
