"""Folders that magenta/ddsp's trainer wrote, as runs: they compute what it computed, and train on as it did.

tests/golden/checkpoints is recorded by tools/record_checkpoints.py.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph import dsp
from ddspgraph.cli import main
from ddspgraph.training.checkpoints import newest_checkpoint
from ddspgraph.training.loop import Loop
from ddspgraph.training.observer import Observer
from ddspgraph.training.weights import weights_of

GOLDEN = Path(__file__).parent.parent.parent / "golden" / "checkpoints"
NAMES = sorted(path.name for path in GOLDEN.iterdir())
#: Keys of magenta/ddsp's outputs -> nodes; it sums its MFCCs of float32 bands, and narrow norms amplify that.
PORTS = {"z": "encoder/z", "amps": "decoder/amps", "noise_magnitudes": "decoder/noise_magnitudes"}
PORTS |= {"harmonic_distribution": "decoder/harmonic_distribution"}
TOLERANCE = {"gru": 1e-5, "lstm": 1e-5, "convolutions": 1e-4}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dg.MigratedRun]]:
    folder = tmp_path_factory.mktemp("runs")
    return {name: (folder / name, dg.migrate_run(GOLDEN / name, folder / name)) for name in NAMES}


def recorded(name: str) -> dict[str, np.ndarray]:
    with np.load(GOLDEN / name / "io.npz") as file:
        return dict(file)


def inputs_of(model: Any, golden: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    found = {name: golden[f"in_{name}"] for name in model.graph.input_by_name}
    return {name: tf.constant(x if name == "audio" else x[..., None]) for name, x in found.items()}


@pytest.fixture
def same_noise(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The noise that magenta/ddsp heard in place of ours."""

    def patch(golden: Mapping[str, np.ndarray]) -> None:
        noise = tf.constant(golden["noise"])[None]
        monkeypatch.setattr(dsp, "uniform_noise", lambda n, *args, **named: noise[:, :n])

    return patch


@pytest.mark.parametrize("name", NAMES)
def test_it_computes_what_magenta_computed(name: str, runs: Any, same_noise: Any) -> None:
    golden = recorded(name)
    same_noise(golden)
    model = dg.load_run(runs[name][0])
    inputs = inputs_of(model, golden)
    signals = model.signals(inputs)
    for key, port in PORTS.items():
        if f"out_{key}" in golden:
            expected = golden[f"out_{key}"]
            found = np.broadcast_to(np.reshape(signals[port], (2, -1, expected.shape[-1])), expected.shape)
            np.testing.assert_allclose(found, expected, atol=TOLERANCE[name] * np.abs(expected).max(), err_msg=key)
    if "out_signal" in golden:  # its phase is wrapped in float32: 2e-4 of the peak after 0.2 s
        peak = np.abs(golden["out_signal"]).max()
        np.testing.assert_allclose(model(inputs)["audio"], golden["out_signal"], atol=5e-4 * peak)


@pytest.mark.parametrize("name", NAMES)
def test_the_next_step_is_the_one_magenta_would_take(name: str, runs: Any, same_noise: Any) -> None:
    """Without Adam's slots and count the step would be another by its own size, 1e-3; gradients differ as phases do."""
    golden = recorded(name)
    same_noise(golden)
    run, done = runs[name]
    model = dg.load_run(run)
    inputs = inputs_of(model, golden)
    specs = {key: tf.TensorSpec(x.shape) for key, x in inputs.items()}
    loop = Loop(model, run, model.graph.training, specs, Observer())
    loop.restore(newest_checkpoint(run / "checkpoints", lambda warning: None))
    assert loop.progress.step == done.step == 3
    result = loop.step(inputs, 0)
    assert result.losses["total"] == pytest.approx(float(golden["losses"][0]), rel=1e-5)
    for weight, variable in weights_of(model).items():
        expected = golden[f"next_{done.weights[weight]}"].reshape(variable.shape.as_list())
        np.testing.assert_allclose(variable, expected, atol=5e-6, err_msg=weight)


def test_every_weight_is_accounted_for(runs: Any) -> None:
    for name, (run, done) in runs.items():
        model = dg.load_run(run)
        assert set(done.weights) == set(weights_of(model))
        assert len(set(done.weights.values())) == len(done.weights)
        assert {f"next_{path}" for path in done.weights.values()} == {k for k in recorded(name) if k[:5] == "next_"}
        assert not [w for w in done.warnings if w.code in ("W138", "W139")]


def test_the_command_writes_a_run_that_plays_and_trains_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, run = tmp_path / "violin", tmp_path / "run"
    shutil.copytree(GOLDEN / "gru", folder)
    assert main(["migrate", str(folder), "-o", str(run), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["step"] == 3
    assert said["weights"]["reverb/ir"] == "model/processor_group/reverb/ir"
    assert dg.load(run / "graph.yaml").name == "violin"
    recording = Path("graphs/audio/guit_e_slide.flac")
    assert main(["transfer", str(run), str(recording), "-o", str(tmp_path / "played.wav")]) == 0
    assert (tmp_path / "played.wav").stat().st_size > 10_000
    data = tmp_path / "data"
    features = ["features", str(recording), "-o", str(data), "--example-secs", "0.2"]
    assert main(features) == 0
    trained = dg.train(run / "graph.yaml", data, run, steps=5, batch_size=2)
    assert trained.step == 5
    assert trained.skipped == 0


def test_a_checkpoint_is_chosen_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "several"
    shutil.copytree(GOLDEN / "gru", folder)
    for old in folder.glob("ckpt-3.*"):
        shutil.copy(old, folder / old.name.replace("-3.", "-12."))
    newest = dg.migrate_run(folder, tmp_path / "newest")  # the file `checkpoint` names ckpt-3
    assert newest.checkpoint.name == "ckpt-3.index"
    (folder / "checkpoint").unlink()
    assert dg.migrate_run(folder, tmp_path / "highest").checkpoint.name == "ckpt-12.index"
    for i, path in enumerate((folder / "ckpt-3", folder / "ckpt-3.index")):
        assert dg.migrate_run(path, tmp_path / f"chosen{i}").checkpoint.name == "ckpt-3.index"
