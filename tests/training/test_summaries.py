"""What TensorBoard is given, read back as TensorFlow reads it; what is said where it is not installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.installation import install_command
from ddspgraph.training import summaries
from ddspgraph.training.summaries import pitch_image, spectrogram_image
from tests.data.sounds import RATE, dataset, notes
from tests.training.test_checkpoints import Listener
from tests.training.test_export import SPEC


def events(run: Path) -> list:
    """Every event of a run, file by file."""
    files = sorted((run / "tensorboard").iterdir())
    return [
        tf.compat.v1.Event.FromString(record.numpy()) for file in files for record in tf.data.TFRecordDataset(str(file))
    ]


def test_scalars_sounds_spectrograms_and_pitch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "has_tensorboard", lambda: True)
    dataset(tmp_path)
    dg.train(SPEC, tmp_path / "data", tmp_path / "run", steps=4)
    found = events(tmp_path / "run")
    assert found[0].file_version == "brain.Event:2"
    assert found[1].session_log.status == tf.compat.v1.SessionLog.START
    assert [event.step for event in found[2:]] == [2, 4]
    values = {value.tag: value for value in found[-1].summary.value}
    assert set(values) == {
        *("losses/spectral", "losses/total", "gradient_norm", "learning_rate", "skipped"),
        *("input/audio", "input/audio/spectrogram", "input/f0_hz", "output/audio", "output/audio/spectrogram"),
    }
    assert values["losses/total"].simple_value > 0
    sound, rate = tf.audio.decode_wav(values["output/audio"].audio.encoded_audio_string)
    assert (sound.shape, int(rate)) == ((RATE // 2, 1), RATE)
    image = tf.io.decode_png(values["input/audio/spectrogram"].image.encoded_image_string)
    assert image.shape == (513, 4000 // 256 + 1, 1)


def test_one_notice_where_it_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "has_tensorboard", lambda: False)
    dataset(tmp_path)
    told = Listener()
    dg.train(SPEC, tmp_path / "data", tmp_path / "run", steps=2, observer=told)
    assert [n for n in told.notices if "TensorBoard" in n] == [
        f"no event files without TensorBoard: {install_command('tensorboard')}"
    ]
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_a_spectrogram_shows_where_the_tone_is() -> None:
    image = spectrogram_image(tf.constant(notes(1.0, f0_hz=1000.0)[None]))
    assert image.shape[0] == 513
    assert image[512 - round(1000 / RATE * 1024)].mean() > 200
    assert image[512 - round(1500 / RATE * 1024)].mean() < 150


def test_a_curve_rises_by_octaves() -> None:
    image = pitch_image(np.array([0.0, 110.0, 220.0, 440.0]), 16_000)
    rows = [np.flatnonzero(column) for column in image.T]
    assert len(rows[0]) == 0  # no pitch, no point
    steps = np.diff([int(r[0]) for r in rows[1:]])
    assert steps[0] < 0
    assert abs(steps[0] - steps[1]) <= 1


def test_what_is_no_number_is_black() -> None:
    """A step whose sound is NaN is the one that somebody looks at: it is drawn, without a warning."""
    sound = notes(1.0, f0_hz=1000.0)
    whole = spectrogram_image(tf.constant(sound[None]))
    sound[: len(sound) // 4] = np.nan
    image = spectrogram_image(tf.constant(sound[None]))
    assert not image[:, : image.shape[1] // 5].any()
    # The loudest magnitude may lie in the part that is gone: another by less than one of 256 greys.
    difference = image[:, image.shape[1] // 2 :].astype(int) - whole[:, image.shape[1] // 2 :]
    assert np.abs(difference).max() <= 1
    assert not spectrogram_image(tf.fill([1, 4000], np.float32("inf"))).any()
    assert not spectrogram_image(tf.zeros([1, 4000])).any()
    assert not pitch_image(np.array([np.nan, np.inf]), 16_000).any()
