"""SavedModels: plain TensorFlow runs them, they are the graph, and they appear whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.diagnostics import GraphError
from ddspgraph.export.saved_model import save
from ddspgraph.export.verify_export import seeded_inputs, verify
from tests import warm_process

SPEC = """\
# comments are kept
version: 2
name: tiny
clock: {sample_rate: 8 kHz, frame_rate: 250 Hz}
params: {n_harmonics: 3, level_db: -6 dB}
inputs:
  amplitudes: {rate: frame, unit: raw}
  distribution: {rate: frame, unit: raw, channels: $n_harmonics}
  f0_hz: {rate: frame, unit: Hz}
  seed: {rate: frame, unit: raw, channels: 9}
  target: {rate: audio}
nodes:
  tone: {op: harmonic, inputs: {amplitudes: amplitudes, harmonic_distribution: distribution, f0_hz: f0_hz}}
  noise: {op: filtered_noise, inputs: {magnitudes: seed}}
  both: {op: add, inputs: [tone, noise]}
  room: {op: reverb, inputs: {audio: both}, params: {trainable: true, reverb_length: 100}}
  out: {op: gain, inputs: {audio: room, gain: $level_db}}
outputs: {audio: out, pitch: f0_hz}
losses:
  spectral: {op: spectral_loss, inputs: {target_audio: target, audio: out}, params: {fft_sizes: [64]}}
"""


@pytest.fixture(scope="module")
def model() -> dg.CompiledGraph:
    return dg.compile(SPEC, params={"n_harmonics": 4}, seed=3)


@pytest.fixture(scope="module")
def exported(model: dg.CompiledGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "a model"
    model.variables_by_node["room"]["ir"].assign_add(np.full([100], 0.01, np.float32))  # as if it had been trained
    model.save(str(folder))
    return folder


def inputs(model: dg.CompiledGraph, batch: int = 2, seconds: float = 0.1) -> dict[str, np.ndarray]:
    return seeded_inputs(model.graph, batch, seconds)


def test_it_computes_what_the_graph_computes(model: dg.CompiledGraph, exported: Path) -> None:
    assert verify(model, exported) <= 1e-6
    loaded = dg.load_saved_model(exported)
    for batch, seconds in ((1, 0.05), (3, 0.11)):
        given = inputs(model, batch, seconds)
        for seed in (0, 5):
            expected, found = model(given, seed=seed), loaded(given, seed=seed)
            for name in ("audio", "pitch"):
                np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-6)
        np.testing.assert_allclose(loaded.losses(given)["total"], model.losses(given)["total"], rtol=1e-6)
    assert not np.allclose(loaded(given, seed=1)["audio"], loaded(given, seed=2)["audio"])


def test_the_spec_inside_is_the_text_as_written(exported: Path) -> None:
    assert (exported / "assets" / "graph.yaml").read_text() == SPEC
    facts = json.loads((exported / "assets" / "ddspgraph.json").read_text())
    assert facts["ddspgraph"] == dg.__version__
    assert [i["name"] for i in facts["inputs"]] == ["amplitudes", "distribution", "f0_hz", "seed", "target"]
    assert facts["clock"] == {"sample_rate": 8000, "frame_rate": 250.0, "hop_samples": 32, "n_samples": None}
    assert facts["seed_argument"] == "seed_"  # an input has the other name
    assert str(exported.parent).encode() not in (exported / "saved_model.pb").read_bytes()


def test_values_that_were_set_hold_in_the_loaded_graph(exported: Path) -> None:
    graph = dg.load_saved_model(exported).graph
    assert graph.input_by_name["distribution"].signal.dims[-1].size == 4


def test_inputs_are_checked_as_before(model: dg.CompiledGraph, exported: Path) -> None:
    loaded = dg.load_saved_model(exported)
    given = inputs(model)
    del given["target"]  # only the loss reads it
    loaded(given)
    for change, code in (
        ({"f0_hz": None}, "E603"),
        ({"f0": given["f0_hz"]}, "E604"),
        ({"f0_hz": given["f0_hz"][0]}, "E605"),
        ({"f0_hz": given["f0_hz"][:, 1:]}, "E606"),
    ):
        with pytest.raises(GraphError, match=code):
            loaded({**given, **change})


def test_plain_tensorflow_loads_it(exported: Path) -> None:
    """In a process that cannot import ddspgraph."""
    code = """
import sys
sys.modules["ddspgraph"] = None
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
shapes = {"amplitudes": 1, "distribution": 4, "f0_hz": 1, "seed": 9}
for batch, frames in ((1, 5), (2, 9)):
    out = loaded.signatures["serving_default"](**{k: tf.ones([batch, frames, n]) for k, n in shapes.items()})
    assert out["audio"].shape == [batch, frames * 32], out["audio"].shape
ir = loaded.variables_by_node["room"]["ir"]
assert ir.trainable and ir.shape == [100]
assert set(loaded.signatures) == {"serving_default", "seeded", "losses"}
"""
    done = subprocess.run([sys.executable, "-c", code, str(exported)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_graph_without_inputs(tmp_path: Path) -> None:
    spec = {
        "version": 2,
        "name": "bell",
        "clock": {"sample_rate": 8000, "frame_rate": 250, "duration": "0.1 s"},
        "nodes": {"c": {"op": "lfo", "inputs": {"frequency_hz": 3.0}}},
        "outputs": {"out": "c"},
    }
    model = dg.compile(spec)
    model.save(str(tmp_path / "bell"))
    np.testing.assert_array_equal(dg.load_saved_model(tmp_path / "bell")()["out"], model()["out"])


def test_names_that_tensorflow_refuses(tmp_path: Path) -> None:
    names = ["_x", "X", "x", "lambda", "self", "input_x", "seed", "seed_"]
    spec = {
        "version": 2,
        "name": "names",
        "clock": {"sample_rate": 8000},
        "inputs": {name: {"rate": "audio"} for name in names},
        "nodes": {},
        "outputs": {f"{name}_out": name for name in names} | {"_Y": "x", "y": "X", "Y": "_x"},
    }
    model = dg.compile(spec)
    save(model, tmp_path / "m")
    given = {name: np.full([1, 4], i, np.float32) for i, name in enumerate(names)}
    out = dg.load_saved_model(tmp_path / "m")(given)
    assert {name: int(x[0, 0]) for name, x in out.items()} == {
        **{f"{name}_out": i for i, name in enumerate(names)},
        **{"_Y": 2, "y": 1, "Y": 0},
    }


SMALL = "{version: 2, name: s, clock: {sample_rate: 8 kHz}, inputs: {x: {rate: audio}}, nodes: {}, outputs: {y: x}}"


def small() -> dg.CompiledGraph:
    return dg.compile(SMALL)


def test_what_three_functions_share_is_traced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace of an instrument takes seconds, and each is a part of the file."""
    model, traced = small(), []
    compute = model.traced_outputs

    def counted(inputs: Any, seed: Any) -> Any:
        traced.append(seed)
        return compute(inputs, seed)

    monkeypatch.setattr(model, "traced_outputs", counted)
    save(model, tmp_path / "m")
    assert len(traced) == 1


def test_only_exports_and_empty_folders_are_replaced(tmp_path: Path) -> None:
    model = small()
    (tmp_path / "mine").mkdir()
    model.save(str(tmp_path / "mine"))
    model.save(str(tmp_path / "mine"))
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    (tmp_path / "file").write_text("")
    for name in ("thesis", "file"):
        with pytest.raises(GraphError, match="E607"):
            model.save(str(tmp_path / name))
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "years of work"


def test_a_proof_that_fails_leaves_the_old_export(tmp_path: Path) -> None:
    model = small()
    save(model, tmp_path / "m")
    before = (tmp_path / "m" / "fingerprint.pb").read_bytes()

    def spoil(folder: Path) -> None:
        os.truncate(folder / "saved_model.pb", 10)
        verify(model, folder)

    with pytest.raises(GraphError, match="E609"):
        save(model, tmp_path / "m", verify=spoil)
    assert (tmp_path / "m" / "fingerprint.pb").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_full_disk_and_a_killed_run(tmp_path: Path) -> None:
    code = """
import os, resource, sys
import ddspgraph as dg
from ddspgraph.export.saved_model import save
model = dg.compile(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
try:
    save(model, sys.argv[1])
except dg.GraphError as error:
    print(error, error.exit_code)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
save(model, sys.argv[1], verify=lambda folder: os.kill(os.getpid(), 9))
"""
    small().save(str(tmp_path / "m"))
    before = (tmp_path / "m" / "fingerprint.pb").read_bytes()
    done = warm_process.run_code(code, tmp_path / "m", SMALL)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "E607" in done.stdout
    assert str(tmp_path / "m") in done.stdout
    assert done.stdout.rstrip().endswith("4")
    assert (tmp_path / "m" / "fingerprint.pb").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2  # what the killed run left
    small().save(str(tmp_path / "m"))
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_what_is_not_an_export(tmp_path: Path, exported: Path) -> None:
    with pytest.raises(GraphError, match="E601"):
        dg.load_saved_model(tmp_path / "nothing")
    with pytest.raises(GraphError, match="E602"):
        dg.load_saved_model(tmp_path)
    broken = tmp_path / "broken"
    (broken / "assets").mkdir(parents=True)
    for name in ("saved_model.pb", "assets/ddspgraph.json"):
        (broken / name).write_bytes((exported / name).read_bytes()[:400])
    with pytest.raises(GraphError, match="E602"):
        dg.load_saved_model(broken)
    (broken / "assets" / "ddspgraph.json").write_bytes((exported / "assets" / "ddspgraph.json").read_bytes())
    with pytest.raises(GraphError, match="E602"):
        dg.load_saved_model(broken)
