"""What a run keeps of the command that began it: options, params, the dataset, ops of one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.cli.options import UsageError
from ddspgraph.cli.spec import read_spec
from ddspgraph.cli.verbs.train import datasets_of
from ddspgraph.data.foreign import foreign_kind
from ddspgraph.data.manifest import read_manifest
from ddspgraph.data.recordings import find_recordings
from ddspgraph.data.source import Arrays, Source
from ddspgraph.data.sources import Mixed, places_of
from ddspgraph.data.synthetic import notes_for
from ddspgraph.diagnostics import GraphError, fail
from ddspgraph.instrument.instrument import check_instrument
from ddspgraph.ir.training import Training
from ddspgraph.limits import Limits
from ddspgraph.training.run_folder import read_run, write_run
from tests.data.sounds import dataset
from tests.training.small import SPEC, SmallSource
from tests.training.test_checkpoints import Listener

OPS = '''
import ddspgraph as dg
from ddspgraph.ir.ports import audio, same_as


class Louder(dg.Op):
    """Twice the sound."""

    inputs = {"audio": audio()}
    outputs = {"signal": same_as("audio")}

    def kernel(self, audio):
        return 2.0 * audio
'''
OWN = """\
version: 2
name: own
clock: {sample_rate: 8 kHz, frame_rate: 100 Hz, duration: 500 ms}
params: {n_bands: 5}
inputs:
  loudness_db: {rate: frame, unit: dB}
  audio: {rate: audio}
nodes:
  network: {op: fc, inputs: [loudness_db], params: {ch: $n_bands}}
  noise: {op: filtered_noise, inputs: {magnitudes: network}, params: {window_size: 0}}
  twice: {op: louder, inputs: [noise]}
outputs: {audio: twice}
losses:
  spectral: {op: spectral_loss, inputs: {target_audio: audio, audio: twice}, params: {fft_sizes: [64]}}
training: {batch_size: 2, steps: 1}
"""


def test_options_that_are_not_given_again_stay(tmp_path: Path) -> None:
    run, told = tmp_path / "run", Listener()
    dg.train(SPEC, SmallSource(), run, steps=1, batch_size=3, learning_rate=0.5)
    dg.train(SPEC, SmallSource(), run, steps=2, observer=told)
    kept = read_run(run)["training"]
    assert (kept["batch_size"], kept["learning_rate"], kept["steps"]) == (3, 0.5, 2)
    assert not any("changed" in notice for notice in told.notices)
    assert "with learning_rate = 0.5, batch_size = 3, steps = 2, as given to this run" in told.notices
    dg.train(SPEC, SmallSource(), run, steps=3, batch_size=2, observer=told)
    assert any("batch_size (3 before, 2 now)" in notice for notice in told.notices)
    assert read_run(run)["training"]["learning_rate"] == 0.5


def test_an_option_that_the_spec_changes_is_the_specs(tmp_path: Path) -> None:
    run = tmp_path / "run"
    dg.train(SPEC, SmallSource(), run, steps=1, batch_size=3, learning_rate=0.5)
    dg.train(SPEC.replace("learning_rate: 0.01", "learning_rate: 0.02"), SmallSource(), run, steps=2)
    kept = read_run(run)["training"]
    assert (kept["batch_size"], kept["learning_rate"]) == (3, 0.02)


def test_a_run_knows_all_its_data(tmp_path: Path) -> None:
    """Datasets, random notes, and both in turns; of what was made in Python `--data` has no word."""
    dataset(tmp_path)
    graph = dg.load(OWN.replace("  twice: {op: louder, inputs: [noise]}\n", "").replace("twice", "noise"))
    data, notes = dg.open_dataset(tmp_path / "data"), notes_for(graph)
    place = str(tmp_path / "data")
    known: list[tuple[Source, list[str]]] = [(data, [place]), (notes, ["synthetic"])]
    for source, places in [*known, (Mixed([notes, data]), ["synthetic", place])]:
        write_run(tmp_path, graph, Training(), places_of(source, graph))
        assert datasets_of(str(tmp_path)) == places
    for source in (SmallSource(), replace(notes, silent_share=0.5), Mixed([notes, data], (2, 1))):
        assert places_of(source, graph) == []
    write_run(tmp_path, graph, Training(), [])
    with pytest.raises(UsageError, match="the run does not know"):
        datasets_of(str(tmp_path))


@pytest.fixture
def own_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run of a graph with an op of its own, trained by the command."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    dataset(tmp_path)
    Path("louder_ops.py").write_text(OPS)
    Path("own.yaml").write_text(OWN)
    command = ["train", "own.yaml", "--data", "data", "--run", "run", "--batch-size", "3", "--set", "n_bands=7"]
    assert main([*command, "--ops", "louder_ops.py"]) == 0
    return tmp_path / "run"


def test_a_run_of_own_ops(own_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes on, plays and is exported without --ops; its export plays without the Python file."""
    assert main(["train", "own.yaml", "--run", "run", "--steps", "2"]) == 0
    err = capsys.readouterr().err
    assert "with the ops of" in err
    assert "louder_ops.py, as the run was trained" in err
    facts = read_run("run")
    assert facts["settings"] == {"n_bands": 7}
    assert (facts["training"]["batch_size"], facts["training"]["steps"]) == (3, 2)
    np.save("level.npy", np.full([20, 1], -20.0, np.float32))
    play = ["--input", "loudness_db=level.npy", "--output"]
    assert main(["run", "run", *play, "a.npy"]) == 0
    assert main(["compile", "run", "-o", "export"]) == 0
    Path("louder_ops.py").unlink()
    capsys.readouterr()
    assert main(["run", "export", *play, "b.npy"]) == 0
    np.testing.assert_allclose(np.load("b.npy"), np.load("a.npy"), atol=1e-6)
    exported = dg.load_saved_model("export")
    assert str(exported.graph.types[exported.graph.outputs[0][1]]) == "[batch, 80*frames] audio any"
    assert set(exported.graph.ancestors(exported.graph.roots())) >= {"loudness_db"}
    with pytest.raises(GraphError, match="E605"):
        exported({"loudness_db": np.zeros([1, 20, 2])})
    assert main(["run", "export", "--output", "c.npy"]) == 4
    assert "E603 the input 'loudness_db'" in capsys.readouterr().err
    assert main(["run", "run", *play, "d.npy"]) == 4
    err = capsys.readouterr().err
    assert "E623" in err
    assert "--ops FILE" in err


def test_own_ops_that_changed_are_asked_for(own_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("level.npy", np.full([20, 1], -20.0, np.float32))
    play = ["run", "run", "--input", "loudness_db=level.npy", "--output", "a.npy"]
    Path("louder_ops.py").write_text(OPS.replace("2.0", "raise_()"))
    assert main(play) == 4
    err = capsys.readouterr().err
    assert "louder_ops.py, which has changed since" in err
    Path("louder_ops.py").write_text(OPS.replace("2.0", "3.0"))
    assert main([*play, "--ops", "louder_ops.py"]) == 0
    assert main(play) == 4  # the run is as it was; it is trained on with the new ones:
    assert main(["train", "own.yaml", "--run", "run", "--steps", "2", "--ops", "louder_ops.py"]) == 0
    assert main(play) == 0


def test_own_ops_of_somebody_elses_run_are_never_loaded(
    own_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run may name any file with its right SHA-256: it is not loaded before this account has given it once."""
    monkeypatch.setenv("XDG_STATE_HOME", str(own_run / "another account"))
    np.save("level.npy", np.full([20, 1], -20.0, np.float32))
    play = ["run", "run", "--input", "loudness_db=level.npy", "--output", "a.npy"]
    assert main(play) == 4
    assert "E623" in capsys.readouterr().err
    assert main([*play, "--ops", "louder_ops.py"]) == 0
    assert main(play) == 0
    facts = json.loads((own_run / "run.json").read_text())
    facts["ops"] = [{"file": 3}]
    (own_run / "run.json").write_text(json.dumps(facts))
    assert main(play) == 4
    assert "E602" in capsys.readouterr().err


class Fails(SmallSource):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def at(self, names: object, positions: np.ndarray, *, split: str, seed: int) -> Arrays:
        if positions[0] >= 4:
            raise self.error
        return super().at(names, positions, split=split, seed=seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [fail("E612", "example 4 is not what the manifest says"), OSError(5, "Input/output error", "train.tfrecord")],
)
def test_what_goes_wrong_while_a_batch_is_read_keeps_its_name(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(GraphError) as caught:
        dg.train(SPEC, Fails(error), tmp_path / "run")
    assert caught.value.diagnostics[0].code == "E612"
    assert caught.value.exit_code == 4


def as_spec(path: Path) -> object:
    return read_spec(str(path), Limits())


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (["train.tfrecord-00000-of-00010"], "TFRecord"),
        (["a.tfrecord"], "TFRecord"),
        (["ckpt-300.index", "ckpt-300.data-00000-of-00001", "operative_config-0.gin"], "checkpoints of TensorFlow"),
        (["checkpoint"], "checkpoints of TensorFlow"),
    ],
)
def test_folders_of_magenta_are_named(tmp_path: Path, names: list[str], word: str) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"")
    for path in (tmp_path, tmp_path / names[0], f"{tmp_path}/{names[0][:5]}*"):
        assert word in (foreign_kind(path) or ""), path
    for call in (read_manifest, check_instrument, lambda path: find_recordings([path]), as_spec):
        with pytest.raises(GraphError, match=word):
            call(tmp_path)
    assert foreign_kind(tmp_path / "nothing") is None
