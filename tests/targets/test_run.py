"""The run of a training as a portable model: its weights, and what belongs to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddspgraph.cli import main
from ddspgraph.training.trained import load_run
from tests.training.sounds import dataset
from tests.training.test_export import SPEC


def test_a_run_takes_its_weights_and_assets_along(tmp_path: Path) -> None:
    import onnxruntime

    dataset(tmp_path)
    (tmp_path / "whistle.yaml").write_text(SPEC)
    run, folder = tmp_path / "run", tmp_path / "model"
    train = ["train", str(tmp_path / "whistle.yaml"), "--data", str(tmp_path / "data"), "--run", str(run)]
    assert main([*train, "--learning-rate", "0.02", "--steps", "2"]) == 0
    assert main(["compile", str(run), "-o", str(folder), "--target", "onnx", "--frames", "20"]) == 0
    assert {path.name for path in folder.iterdir()} >= {"model.onnx", "statistics.json", "room_impulse_response.wav"}
    inputs = {"loudness_db": np.full([1, 20, 1], -20.0, np.float32), "f0_hz": np.full([1, 20, 1], 300.0, np.float32)}
    seeded = {**inputs, "seed": np.array(0, np.int32)}
    (found,) = onnxruntime.InferenceSession(str(folder / "model.onnx")).run(["audio"], seeded)
    wanted = load_run(run)(inputs)["audio"].numpy()
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()
