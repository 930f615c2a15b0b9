"""TFRecords of magenta/ddsp's tools, read as they are.

TensorFlow's own protocol buffers write the records, with the names and lengths of `ddsp_prepare_tfrecord`,
`UrmpMidi` and NSynth in magenta/ddsp 3.7.0 (`training/data.py`, `prepare_tfrecord_lib.py`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.data.dataset import open_dataset
from ddspgraph.data.manifest import MANIFEST

RATE, SECS = 16_000, 0.4
SPEC = """\
version: 2
name: small
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs:
  f0_hz: {rate: frame, unit: Hz}
  loudness_db: {rate: frame, unit: dB}
  audio: {rate: audio}
nodes:
  network: {op: fc, inputs: [loudness_db], params: {ch: 5}}
  noise: {op: filtered_noise, inputs: {magnitudes: network}, params: {window_size: 0}}
  tone: {op: harmonic, inputs: {amplitudes: loudness_db, harmonic_distribution: [1.0], f0_hz: f0_hz}}
  sum: {op: add, inputs: [noise, tone]}
outputs: {audio: sum}
losses: {spectral: {op: spectral_loss, inputs: {target_audio: audio, audio: sum}, params: {fft_sizes: [64]}}}
training: {batch_size: 2, steps: 2}
""".replace("amplitudes: loudness_db", "amplitudes: -1.0")


def feature(value: Any) -> tf.train.Feature:
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    return tf.train.Feature(float_list=tf.train.FloatList(value=np.ravel(value)))


def write(path: Path, examples: Sequence[Mapping[str, Any]]) -> None:
    with tf.io.TFRecordWriter(os.fspath(path)) as writer:
        for example in examples:
            named = {name: feature(value) for name, value in example.items()}
            writer.write(tf.train.Example(features=tf.train.Features(feature=named)).SerializeToString())


def example(
    seed: int, *, rate: int = RATE, frame_rate: int = 250, spare: int = 0, secs: float = SECS
) -> dict[str, Any]:
    """As `ddsp_prepare_tfrecord` writes one; with `--center` there is a spare frame."""
    rng = np.random.default_rng(seed)
    n_frames = round(secs * frame_rate) + spare
    return {
        "audio": rng.normal(0, 0.1, round(secs * rate)),
        "audio_16k": rng.normal(0, 0.1, round(secs * RATE)),
        "f0_hz": rng.uniform(200, 400, n_frames),
        "f0_confidence": rng.uniform(0.8, 1.0, n_frames),
        "loudness_db": rng.uniform(-40, -20, n_frames),
    }


def test_a_prepared_folder_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, spec = tmp_path / "data", tmp_path / "small.yaml"
    data.mkdir()
    spec.write_text(SPEC)
    write(data / "violin.tfrecord-train-00000-of-00002", [example(i) for i in range(3)])
    write(data / "violin.tfrecord-train-00001-of-00002", [example(3)])
    write(data / "violin.tfrecord-eval-00000-of-00001", [example(4)])
    run = tmp_path / "run"
    assert main(["train", str(spec), "--data", str(data), "--run", str(run)]) == 0
    said = capsys.readouterr().err
    assert "TFRecord files of magenta/ddsp, 4 examples of 0.4 s at 16000 Hz, 250 frames a second" in said
    assert json.loads((data / MANIFEST).read_text())["splits"]["eval"]["examples"] == 1
    assert dg.evaluate(dg.open_instrument(run), open_dataset(data))  # by now it has a manifest
    statistics = json.loads((run / "statistics.json").read_text())
    assert 60 < statistics["pitch_midi"]["mean"] < 67  # 300 Hz and some
    assert -35 < statistics["loudness_db"]["percentiles"][50] < -25


@pytest.mark.parametrize("spare", [0, 1])
@pytest.mark.parametrize(("rate", "frame_rate"), [(16_000, 250), (16_000, 50), (48_000, 250), (24_000, 100)])
def test_rates_follow_from_lengths(tmp_path: Path, rate: int, frame_rate: int, spare: int) -> None:
    rows = [example(i, rate=rate, frame_rate=frame_rate, spare=spare) for i in range(2)]
    write(tmp_path / "train.tfrecord-00000-of-00001", rows)
    data = open_dataset(tmp_path)
    assert (data.clock.sample_rate, data.clock.frame_rate) == (rate, frame_rate)
    assert set(data.features) == {"audio", "f0_hz", "f0_confidence", "loudness_db"}
    for again in (data, open_dataset(tmp_path)):  # of the records, and of the manifest that was made
        for row, found in zip(rows, again.examples(["audio", "f0_hz"]), strict=True):
            np.testing.assert_array_equal(found["audio"], np.float32(row["audio"]))
            np.testing.assert_array_equal(
                found["f0_hz"][:, 0], row["f0_hz"][: round(SECS * frame_rate)].astype(np.float32)
            )


def test_nsynth_has_names_of_its_own(tmp_path: Path) -> None:
    """As TensorFlow Datasets writes nsynth/gansynth_subset.f0_and_loudness."""

    def note(seed: int) -> dict[str, Any]:
        row = example(seed)
        return {
            "audio": row["audio"],
            "f0/hz": row["f0_hz"],
            "f0/confidence": row["f0_confidence"],
            "f0/midi": row["f0_hz"],
            "loudness/db": row["loudness_db"],
            "id": b"guitar_acoustic_001-082-050",
            "instrument/label": 300 + seed,
            "pitch": 82,
            "velocity": 50,
        }

    for split, seeds in {"train": (0, 1), "valid": (2,), "test": (3,)}.items():
        write(tmp_path / f"nsynth-{split}.tfrecord-00000-of-00001", [note(seed) for seed in seeds])
    data = open_dataset(tmp_path)
    assert {name: data.n_examples(name) for name in data.manifest.splits} == {"train": 2, "eval": 1, "test": 1}
    rows = list(data.examples(["f0_hz", "loudness_db", "instrument", "pitch"]))
    assert [float(row["instrument"]) for row in rows] == [300.0, 301.0]
    assert rows[1]["pitch"].shape == ()
    np.testing.assert_array_equal(rows[1]["loudness_db"][:, 0], np.float32(note(1)["loudness/db"]))
    spec = (
        "version: 2\nname: a\nclock: {sample_rate: 16 kHz, frame_rate: 250 Hz}\ninputs: {instrument: {rate: const}}\n"
    )
    spec += "nodes: {z: {op: one_hot_encoder, inputs: [instrument], params: {vocab_size: 400, n_dims: 3}}}\n"
    spec += "outputs: {z: z}\nlosses: {l: {op: param_loss, inputs: [z, 0.5]}}\n"
    trained = dg.train(spec, data, tmp_path / "run", steps=1, batch_size=2)
    moved = np.flatnonzero(np.abs(dg.load_run(tmp_path / "run").variables_by_node["z"]["embeddings"].numpy()).sum(1))
    assert trained.step == 1
    assert len(moved)


def test_urmp_midi_has_notes_beside(tmp_path: Path) -> None:
    row = example(0)
    n_frames = len(row["f0_hz"])
    row |= {"power_db": row["loudness_db"] - 3, "instrument_id": b"vn", "recording_id": b"AuSep_1_vn_01_Jupiter"}
    row["note_active_velocities"] = np.zeros([n_frames, 128])
    del row["audio_16k"]
    write(tmp_path / "urmp_vn_solo_ddsp_conditioning_train_batched.tfrecord-00000-of-00001", [row])
    data = open_dataset(tmp_path)
    assert data.features["note_active_velocities"].channels == 128
    assert data.manifest.statistics["power_db"]["mean"] == pytest.approx(np.mean(row["power_db"]), abs=3)
    (found,) = data.examples(["note_active_velocities", "power_db"])
    assert found["note_active_velocities"].shape == (n_frames, 128)


def test_a_folder_that_may_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.tfrecord", [example(0)])

    def refuse(path: object, data: bytes) -> None:
        raise dg.GraphError(dg.Diagnostic("E607", "read-only"))

    monkeypatch.setattr("ddspgraph.data.foreign_records.write_atomically", refuse)
    assert open_dataset(tmp_path).n_examples("train") == 1
    assert not (tmp_path / MANIFEST).exists()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _lengths(path: Path) -> None:
    write(path, [example(0), example(1, secs=0.8)])


def _no_pitch(path: Path) -> None:
    write(path, [{"audio": np.zeros(6400), "label": 3}])


def _no_frames(path: Path) -> None:
    write(path, [{"audio": np.zeros(6401), "f0_hz": np.zeros(100)}])


def _other(path: Path) -> None:
    path.write_bytes(b"not a record at all, but long enough for a head")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (_cut, "ends within a record"),
        (_lengths, "record 1 has 12800 numbers of 'audio', others 6400"),
        (_no_pitch, "'audio', 'label': no audio with pitch or loudness"),
        (_no_frames, "6401 samples and 100 frames"),
        (_other, "ends within a record"),
    ],
)
def test_what_is_no_dataset_is_refused(tmp_path: Path, break_it: Any, words: str) -> None:
    path = tmp_path / "train.tfrecord-00000-of-00001"
    write(path, [example(0)])
    break_it(path)
    with pytest.raises(dg.GraphError) as caught:
        open_dataset(tmp_path)
    (found,) = caught.value.diagnostics
    assert found.code == "E612"
    assert words in str(found)
    assert found.hint
    assert not (tmp_path / MANIFEST).exists()


def test_a_record_that_has_changed_since_is_found(tmp_path: Path) -> None:
    path = tmp_path / "train.tfrecord"
    write(path, [example(0)])
    open_dataset(tmp_path)
    write(path, [example(1)])
    with pytest.raises(dg.GraphError, match="SHA-256"):
        open_dataset(tmp_path)
