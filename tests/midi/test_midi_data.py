"""Songs beside recordings: columns of a dataset, on which a graph with a MIDI input trains."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.data.dataset import open_dataset
from ddspgraph.data.features import prepare
from ddspgraph.data.midi_frames import frames_of_song
from ddspgraph.data.settings import played_inputs, settings_for
from ddspgraph.diagnostics import GraphError
from ddspgraph.io.midi_file import read_midi
from ddspgraph.training.train import train
from tests.data.sounds import known_pitch, notes, write
from tests.midi.songs import file, off, on, saved, track

SPEC = """\
version: 2
name: keys
clock: {sample_rate: 8 kHz, frame_rate: 100 Hz, duration: 0.5 s}
inputs:
  notes: {rate: frame, midi: true, voices: 2}
  audio: {rate: audio}
nodes:
  f0: {op: midi_to_hz, voices: 2, inputs: [notes/pitch]}
  amps: {op: multiply, voices: 2, inputs: [notes/gate, {learn: 0.1, min: 0, max: 1}]}
  tone: {op: harmonic, voices: 2, mix: sum, inputs: [amps, [1.0, 0.5], f0], params: {scale_fn: null}}
outputs: {out: tone}
losses: {spectral: {op: spectral_loss, inputs: [audio, tone], params: {fft_sizes: [256]}}}
"""
SONG = file(track((0, on(57)), (480, on(60)), (960, off(57)), (480, off(60)), (0, on(64)), (960, off(64))))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("songs")
    write(root / "in" / "take.wav", notes(3.0))
    saved(root / "in", SONG, "take.mid")
    return root


def made(folder: Path, spec: str = SPEC, notices: list[str] | None = None) -> dg.Graph:
    graph = dg.load(spec)
    settings = replace(settings_for(graph.clock, hop_secs=0.25), midi=played_inputs(graph))
    notify = (notices if notices is not None else []).append
    prepare([folder / "in"], folder / "data", settings, tracker=known_pitch, notify=notify)
    return graph


def test_examples_hold_the_frames_of_the_song(folder: Path) -> None:
    notices: list[str] = []
    graph = made(folder, notices=notices)
    assert not [notice for notice in notices if ".mid" in notice]
    data = open_dataset(folder / "data")
    assert data.shapes()["notes/pitch"] == (2, 50, 1)
    assert data.features["notes/gate"].voices == 2
    (midi,) = graph.midi
    expected, _ = frames_of_song(read_midi(folder / "in" / "take.mid"), midi, graph.clock, ["pitch", "gate"], 300)
    first = next(data.examples(["notes/pitch", "notes/gate", "audio"], "train"))
    np.testing.assert_array_equal(first["notes/pitch"], expected["pitch"][0, :, :50])
    np.testing.assert_array_equal(first["notes/gate"], expected["gate"][0, :, :50])
    data.check_graph(graph)


def test_a_graph_trains_on_them(folder: Path) -> None:
    made(folder)
    train(SPEC, folder / "data", folder / "run", steps=3, batch_size=2)
    assert (folder / "run" / "run.json").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("voices: 2", "voices: 3"), "'notes/pitch' has 2 voices in the data, 3 voices in the graph"),
        (("notes/gate", "notes/velocity"), "the data has no 'notes/velocity', which the graph needs"),
    ],
)
def test_data_of_another_input_is_refused(change: tuple[str, str], message: str, folder: Path) -> None:
    made(folder)
    with pytest.raises(GraphError, match=message):
        open_dataset(folder / "data").check_graph(dg.load(SPEC.replace(*change)))


def test_a_recording_without_a_song(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "in", tmp_path / "in")
    (tmp_path / "in" / "take.mid").unlink()
    with pytest.raises(GraphError, match="E601 there is no song beside this recording") as caught:
        made(tmp_path)
    assert "put take.mid beside it" in str(caught.value)


def test_notes_without_a_voice_are_told(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "in", tmp_path / "in")
    notices: list[str] = []
    made(tmp_path, SPEC.replace("voices: 2", "voices: 1"), notices)
    assert any("1 of 3 notes end early" in notice for notice in notices)
