"""MIDI inputs of graphs: types, songs from the command line, streams, exports, text, warnings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.ir.text import parse_graph, print_graph
from ddspgraph.ir.types import Rate, Unit
from ddspgraph.ops import OPS
from tests.midi.songs import control, file, off, on, saved, track

SPEC = """\
version: 2
name: organ
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs:
  level: {rate: frame, unit: linear}
  notes: {rate: frame, midi: true, voices: 4}
  dry: {rate: audio}
nodes:
  f0: {op: midi_to_hz, voices: 4, inputs: [notes/pitch]}
  amps: {op: multiply, voices: 4, inputs: [notes/gate, notes/cc11]}
  loud: {op: multiply, voices: 4, inputs: [amps, level]}
  tone: {op: harmonic, voices: 4, mix: sum, norm: power, inputs: [loud, [1.0, 0.5], f0], params: {scale_fn: null}}
outputs: {audio: tone}
"""
SONG = file(track((0, on(60)), (240, on(64)), (0, control(11, 64)), (480, off(60)), (0, off(64))))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "organ.yaml").write_text(SPEC)
    saved(tmp_path, SONG)
    return tmp_path


def test_every_port_that_is_read_is_an_input() -> None:
    graph = dg.load(SPEC)
    assert [i.name for i in graph.inputs] == ["level", "notes/pitch", "notes/gate", "notes/cc11", "dry"]
    pitch = graph.input_by_name["notes/pitch"].signal
    assert (pitch.rate, pitch.unit, pitch.voices, str(pitch.dims[-1])) == (Rate.FRAME, Unit.MIDI, 4, "1")
    plain = dg.load(
        SPEC.replace(", voices: 4}\n  dry", "}\n  dry")
        .replace("voices: 4, mix: sum, norm: power, ", "")
        .replace("voices: 4, ", "")
    )
    assert plain.input_by_name["notes/pitch"].signal.voices is None


def test_the_ports_are_plain_arrays_to_a_caller() -> None:
    arrays = {
        "notes/pitch": np.full((1, 4, 50, 1), 69.0, np.float32),
        "notes/gate": np.ones((1, 4, 50, 1), np.float32),
        "notes/cc11": np.ones((1, 4, 50, 1), np.float32),
        "level": np.ones((1, 50, 1), np.float32),
    }
    model = dg.compile(SPEC)
    audio = model(arrays)["audio"].numpy()
    expected = 2.0 * dg.ops.Harmonic(sample_rate=16_000, n_samples=3200, scale_fn=None)(
        np.ones((1, 50, 1)), np.tile([[[1.0, 0.5]]], (1, 50, 1)), np.full((1, 50, 1), 440.0)
    )
    np.testing.assert_allclose(audio, expected, atol=1e-4)


def test_a_graph_is_its_text() -> None:
    graph = dg.load(SPEC)
    assert print_graph(parse_graph(print_graph(graph.replace(types={})), OPS)) == print_graph(graph.replace(types={}))


def test_a_song_is_run_streamed_and_exported(folder: Path) -> None:
    given = ["--input", "notes=song.mid", "--input", "level=0.5"]
    assert main(["run", "organ.yaml", *given, "--output", "audio=run.npy"]) == 0
    assert main(["stream", "organ.yaml", *given, "--output", "audio=stream.npy"]) == 0
    assert main(["compile", "organ.yaml", "-o", "model"]) == 0
    assert main(["run", "model", *given, "--output", "audio=model.npy"]) == 0
    run, stream, model = (np.load(f"{name}.npy") for name in ("run", "stream", "model"))
    np.testing.assert_allclose(stream, run, atol=1e-5)
    np.testing.assert_allclose(model, run, atol=1e-5)
    assert run.shape[1] == 64 * 189  # the last gate is open in frame 187, of 0.75 s
    assert np.abs(run).max() > 0.1
    inputs = json.loads((folder / "model" / "assets" / "ddspgraph.json").read_text())["inputs"]
    assert {i["name"]: i["argument"] for i in inputs}["notes/pitch"] == "notes_pitch"


def test_another_input_says_how_long(folder: Path) -> None:
    np.save("level.npy", np.ones((1, 30, 1), np.float32))
    assert (
        main(["run", "organ.yaml", "--input", "notes=song.mid", "--input", "level=level.npy", "--outputs", "o.npz"])
        == 0
    )
    assert np.load("o.npz")["audio"].shape == (1, 30 * 64)


def test_one_input_needs_no_name(folder: Path) -> None:
    (folder / "organ.yaml").write_text(SPEC.replace("loud, [1.0", "amps, [1.0"))
    assert main(["run", "organ.yaml", "--input", "song.mid", "--outputs", "o.npz"]) == 0


def test_ports_are_given_as_arrays_too(folder: Path) -> None:
    np.savez("in.npz", **{f"notes/{port}": np.ones((1, 4, 9, 1)) for port in ("pitch", "gate", "cc11")})
    assert main(["run", "organ.yaml", "--inputs", "in.npz", "--input", "level=1", "--outputs", "o.npz"]) == 0
    assert np.load("o.npz")["audio"].shape == (1, 9 * 64)
    assert main(["run", "organ.yaml", "--input", "notes=song.mid", "--input", "notes/cc11=1", "--input", "level=1",
                 "--outputs", "o.npz"]) == 0  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (["notes=69"], 2, "'notes' takes a song, a .mid file, or arrays by port, such as --input notes/pitch=FILE.npy"),
        (["notes=none.mid"], 4, "none.mid:1:1: E601"),
        (["notes=organ.mid"], 4, "organ.mid:1:1: E637 this is not a MIDI file"),
        (["notez=song.mid"], 4, "E604 the graph has no input 'notez'"),
        ([], 4, "E603 the input 'notes/pitch'"),
    ],
)
def test_what_is_no_song(
    given: list[str], code: int, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "organ.mid").write_text(SPEC)
    options = [part for text in [*given, "level=1"] for part in ("--input", text)]
    assert main(["run", "organ.yaml", *options, "--outputs", "o.npz"]) == code
    assert message in capsys.readouterr().err


def test_more_notes_than_voices(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = range(60, 67)
    saved(folder, file(track(*((120, on(key)) for key in keys), *((0, off(key)) for key in keys))))
    given = ["--input", "notes=song.mid", "--input", "level=1", "--outputs", "o.npz"]
    assert main(["run", "organ.yaml", *given]) == 0
    told = capsys.readouterr().err
    assert "organ.yaml:6:3: W131 'notes': 3 of 7 notes end early, the first is C4 at 0.62 s: there are 4 voices" in told
    assert "write `voices: 7` at 'notes'" in told


def test_pictures_and_pages(folder: Path) -> None:
    for name in ("organ.mmd", "organ.dot"):
        assert main(["draw", "organ.yaml", "-o", name]) == 0
        assert "notes/pitch" in Path(name).read_text()
    assert main(["explore", "organ.yaml", "--input", "notes=song.mid", "--input", "level=1", "-o", "page.html"]) == 0
    assert main(["check", "organ.yaml", "--explain"]) == 0


def test_a_subgraph_with_voices_is_played(folder: Path) -> None:
    spec = """\
version: 2
name: choir
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
graphs:
  singer:
    inputs: {pitch: {rate: frame, unit: midi}, gate: {rate: frame, unit: linear}}
    nodes:
      f0: {op: midi_to_hz, inputs: [pitch]}
      tone: {op: harmonic, inputs: [gate, [1.0, 0.5], f0], params: {scale_fn: null}}
    outputs: {audio: tone}
inputs: {notes: {rate: frame, midi: true, voices: 4}}
nodes:
  sung: {graph: singer, voices: 4, mix: sum, inputs: {pitch: notes/pitch, gate: notes/gate}}
outputs: {audio: sung}
"""
    (folder / "choir.yaml").write_text(spec)
    assert main(["run", "choir.yaml", "--input", "song.mid", "--outputs", "o.npz"]) == 0


MONO = """\
version: 2
name: mono
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {notes: {rate: frame, midi: true}}
nodes:
  f0: {op: midi_to_hz, inputs: [notes/pitch]}
  tone: {op: harmonic, inputs: [notes/gate, [1.0, 0.5], f0], params: {scale_fn: null}}
outputs: {audio: tone}
"""


def test_parts_of_a_graph_become_a_subgraph_and_back(folder: Path) -> None:
    """`extract` and `inline`: a port is a value like any other."""
    Path("mono.yaml").write_text(MONO)
    assert main(["extract", "mono.yaml", "f0", "tone", "-o", "cut.yaml"]) == 0
    assert main(["inline", "cut.yaml", "-o", "flat.yaml"]) == 0
    for name in ("mono", "cut", "flat"):
        assert main(["run", f"{name}.yaml", "--input", "song.mid", "--outputs", f"{name}.npz"]) == 0
    arrays = [np.load(f"{name}.npz")["audio"] for name in ("mono", "cut", "flat")]
    assert arrays[0].any()
    np.testing.assert_array_equal(arrays[1], arrays[0])
    np.testing.assert_array_equal(arrays[2], arrays[0])
