"""The run of a training as a portable model: its weights, what belongs to it, and levels that it measures itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.data.analysis import features_of
from ddspgraph.instrument.trained import load_run
from tests.data.sounds import dataset, known_pitch, notes
from tests.training.test_export import SPEC


def test_a_run_takes_its_weights_and_assets_along_and_hears_a_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import onnxruntime

    dataset(tmp_path)
    (tmp_path / "whistle.yaml").write_text(SPEC)
    run, folder = tmp_path / "run", tmp_path / "model"
    train = ["train", str(tmp_path / "whistle.yaml"), "--data", str(tmp_path / "data"), "--run", str(run)]
    assert main([*train, "--learning-rate", "0.02", "--steps", "2"]) == 0
    options = ["--target", "onnx", "--frames", "20", "--from", "audio"]
    assert main(["compile", str(run), "-o", str(folder), *options]) == 0
    assert {path.name for path in folder.iterdir()} >= {
        *("model.onnx", "statistics.json", "room_impulse_response.wav"),
        *("pitch.onnx", "pitch.json", "pitch_LICENSE.txt"),
    }
    # What a transfer gives the run: levels of the same recording, measured beforehand.
    trained = load_run(run)
    audio = notes(0.2)
    features = features_of(audio, trained.graph.clock, known_pitch)
    controls = {name: features[name][None, :, None] for name in ("loudness_db", "f0_hz")}
    wanted = trained(controls)["audio"].numpy()
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    heard = {"audio": audio[None], "f0_hz": controls["f0_hz"]}
    (found,) = session.run(["audio_out"], {**heard, "seed": np.array(0, np.int32)})
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max(), "what every export is held to"
    loaded = dg.load_target(folder)
    assert list(loaded.graph.input_by_name) == ["audio", "f0_hz"], "the spec inside"
    np.testing.assert_array_equal(loaded(heard)["audio"], found)
    # The tracker beside it is a model that runs alone, as pitch.json says.
    facts = json.loads((folder / "pitch.json").read_text())
    given = {name: np.array(said["value"], np.float32) for name, said in facts["inputs"].items() if "value" in said}
    t = np.arange(facts["sample_rate"]) / facts["sample_rate"]
    given["audio"] = np.sin(2 * np.pi * 330.0 * t).astype(np.float32)[None]
    names = list(facts["outputs"])
    pitch_hz, confidence = onnxruntime.InferenceSession(str(folder / facts["model"])).run(names, given)
    assert pitch_hz.shape == (1, facts["sample_rate"] // facts["hop_samples"])
    assert confidence[0, 10:-10].min() >= facts["outputs"]["confidence"]["voiced_from"]
    assert abs(np.median(pitch_hz) - 330.0) < 5.0, "a quarter of a semitone"
    # Its weights are where nothing but its runtime finds them: no other verb plays first values in their place.
    assert main(["compile", str(folder), "-o", str(tmp_path / "never")]) == 4
    assert "E616 the weights of this export are inside of its model" in capsys.readouterr().err
    for verb in ("stream", "explore"):
        assert main([verb, str(folder), "--input", "audio=a.wav", "--output", str(tmp_path / "never.html")]) == 2
    assert not (tmp_path / "never").exists()
