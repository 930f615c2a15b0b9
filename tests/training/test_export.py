"""From a dataset to a SavedModel by commands: train, compile RUN."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import ddspgraph as dg
from ddspgraph import dsp
from ddspgraph.cli import main
from ddspgraph.cli.options import GraphOptions
from ddspgraph.cli.spec import compile_graph, load_graph
from ddspgraph.instrument.trained import impulse_responses, load_run
from ddspgraph.limits import Limits
from ddspgraph.training.weights import weights_of
from tests import warm_process
from tests.data.sounds import RATE, dataset

SPEC = """\
version: 2
name: whistle
clock: {sample_rate: 8 kHz, frame_rate: 100 Hz}
inputs:
  loudness_db: {rate: frame, unit: dB}
  f0_hz: {rate: frame, unit: Hz}
  audio: {rate: audio}
nodes:
  network:
    op: rnn_fc_decoder
    inputs: [loudness_db]
    params: {rnn_channels: 4, ch: 4, layers_per_stack: 1, outputs: {a: 1, d: 3}}
  tone: {op: harmonic, inputs: {amplitudes: network/a, harmonic_distribution: network/d, f0_hz: f0_hz}}
  room: {op: reverb, inputs: {audio: tone}, params: {trainable: true, reverb_length: 50 ms}}
  hall: {op: exp_decay_reverb, inputs: {audio: room}, params: {trainable: true, reverb_length: 20 ms, add_dry: false}}
outputs: {audio: hall}
losses:
  spectral: {op: spectral_loss, inputs: {target_audio: audio, audio: hall}, params: {fft_sizes: [128]}}
training: {batch_size: 2, steps: 6, steps_per_summary: 2, steps_per_save: 3}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Spec, data and a run of six steps."""
    folder = tmp_path_factory.mktemp("export")
    dataset(folder)
    (folder / "whistle.yaml").write_text(SPEC)
    train = ["train", str(folder / "whistle.yaml"), "--data", str(folder / "data"), "--run", str(folder / "run")]
    assert main([*train, "--learning-rate", "0.02"]) == 0
    return folder


def test_the_log_of_the_run(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert lines[0]["learning_rate"] == pytest.approx(0.02, rel=1e-4)
    assert lines[-1]["losses"]["total"] < lines[0]["losses"]["total"]
    statistics = json.loads((folder / "run" / "statistics.json").read_text())
    assert statistics == json.loads((folder / "data" / "manifest.json").read_text())["statistics"]


def test_it_goes_on_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    train = ["train", str(folder / "whistle.yaml"), "--data", str(folder / "data"), "--run", str(folder / "run")]
    assert main([*train, "--steps", "7", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"ok": True, "run": str(folder / "run"), "interrupted": False, "step": 7} | {
        name: json.loads(said.out)[name] for name in ("mean_loss", "skipped")
    }
    assert "going on from step 6" in said.err
    assert "step 7 of 7" in said.err
    assert main([*train, "--batch-size", "1.5"]) == 3
    assert "--batch-size:1:13: E501 'batch_size' of training must be a whole number" in capsys.readouterr().err


def compiled(model: Path) -> dg.CompiledGraph:
    """The graph of a folder as `stream` and `compile` take it."""
    options = GraphOptions({}, (), (), Limits())
    return compile_graph(str(model), load_graph(str(model), options), options)


def test_compile_of_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(folder / "run"), "-o", str(folder / "model")]) == 0
    assets = folder / "model" / "assets"
    assert {p.name for p in assets.iterdir()} == {
        "graph.yaml",
        "ddspgraph.json",
        "statistics.json",
        "room_impulse_response.wav",
        "hall_impulse_response.wav",
    }
    assert (assets / "graph.yaml").read_text() == SPEC
    model, exported = load_run(folder / "run"), dg.load_saved_model(folder / "model")
    rng = np.random.default_rng(0)
    inputs = {"loudness_db": rng.uniform(-60, 0, (1, 9, 1)), "f0_hz": rng.uniform(100, 900, (1, 9, 1))}
    inputs = {name: x.astype(np.float32) for name, x in inputs.items()}
    np.testing.assert_allclose(model(inputs)["audio"], exported(inputs)["audio"], atol=1e-6)
    untrained = dg.compile(SPEC)(inputs)["audio"].numpy()
    assert not np.allclose(untrained, model(inputs)["audio"], atol=1e-4)
    again = compiled(folder / "model")
    np.testing.assert_array_equal(again(inputs)["audio"], model(inputs)["audio"])  # what is made of it has learned too
    assert main(["compile", str(folder / "run"), "--set", "a=1", "-o", str(folder / "model")]) == 2
    assert "--set has no effect on a run" in capsys.readouterr().err


def test_compile_of_a_run_as_a_stream(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = folder / "run"
    assert main(["compile", str(run), "--streaming", "-o", str(folder / "stream")]) == 0
    assert "equal to the graph in a fresh process" in capsys.readouterr().err
    names = {p.name for p in (folder / "stream" / "assets").iterdir()}
    assert names >= {"statistics.json", "room_impulse_response.wav", "hall_impulse_response.wav"}
    learned, again = weights_of(load_run(run)), weights_of(compiled(folder / "stream"))
    for name, variable in learned.items():
        np.testing.assert_array_equal(again[name], variable, err_msg=name)
    assert main(["transfer", str(folder / "stream"), str(folder / "one.wav"), "-o", str(folder / "never.wav")]) == 4
    said = capsys.readouterr().err
    assert "E602 this is an export of a stream, not of a graph" in said
    assert "compile it without --streaming" in said


def test_a_recording_plays_a_run_as_a_stream(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fitted by the statistics of the run, whose notes are at 220 Hz: two octaves up from this one."""
    low = soundfile.read(folder / "one.wav", dtype="float32")[0][: 3 * RATE]
    soundfile.write(folder / "low.wav", np.repeat(low, 4)[: 3 * RATE], RATE, subtype="FLOAT")
    command = ["stream", str(folder / "run"), "--pitch", "swift-f0", "--input", f"audio={folder / 'low.wav'}"]
    assert main([*command, "--output", str(folder / "played.wav")]) == 0
    assert "pitch" in capsys.readouterr().err
    played, rate = soundfile.read(folder / "played.wav", dtype="float32")
    assert (len(played), rate) == (3 * RATE, RATE)
    power = np.abs(dsp.rfft(played[RATE : 3 * RATE], 2 * RATE).numpy()) ** 2
    assert power[430:450].sum() + power[870:890].sum() > 0.5 * power[20:1_000].sum()


EXPORTS = """
import sys
from functools import partial
import ddspgraph as dg
from ddspgraph.export import saved_model
from ddspgraph.export import saved_stream
from ddspgraph.instrument.trained import load_run, write_assets
model = load_run(sys.argv[1])
add_assets = partial(write_assets, model, sys.argv[1])
saved_model.save(model, sys.argv[2] + "/offline", add_assets=add_assets)
saved_stream.save(dg.compile_stream(model), sys.argv[2] + "/stream", add_assets=add_assets)
"""


def test_two_exports_in_fresh_processes_are_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """T29: all files but the fingerprint, which TensorFlow makes with a random number."""
    targets = [tmp_path / "a", tmp_path / "another"]
    assert warm_process.run_code(EXPORTS, folder / "run", targets[0]).returncode == 0
    command = [sys.executable, "-c", EXPORTS, str(folder / "run"), str(targets[1])]  # hashes have another seed there
    assert subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
    first, second = (
        {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*") if p.is_file()} for target in targets
    )
    assert first.keys() == second.keys() > {"offline/saved_model.pb", "stream/assets/room_impulse_response.wav"}
    assert [name for name in first if first[name] != second[name] and not name.endswith("fingerprint.pb")] == []


def test_impulse_responses_are_what_the_rooms_answer(folder: Path) -> None:
    model = load_run(folder / "run")
    responses = impulse_responses(model)
    room, hall = (model.variables_by_node[name] for name in ("room", "hall"))
    np.testing.assert_allclose(responses["room"], [1.0, *room["ir"].numpy()[1:]], atol=1e-6)
    assert responses["room"].shape == (RATE // 20,)
    assert hall
    assert responses["hall"].shape == (RATE // 50,)
    assert abs(responses["hall"][0]) < 1e-6  # add_dry: false
    if (folder / "model").exists():
        x, rate = soundfile.read(folder / "model" / "assets" / "room_impulse_response.wav", dtype="float32")
        assert rate == RATE
        np.testing.assert_array_equal(x, responses["room"])


def test_other_commands_read_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", str(folder / "run"), "-o", str(folder / "run.dot")]) == 0
    assert "network" in (folder / "run.dot").read_text()
