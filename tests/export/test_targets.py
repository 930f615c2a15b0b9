"""Portable exports: what `check --target` says, the folders, the models in their own runtimes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.export import targets
from ddspgraph.export.targets import MODEL_FILES, TARGETS, Target, check_support, conversion_failed, unmeasured_ops
from ddspgraph.installation import install_command
from ddspgraph.ops import OPS

SPEC = """\
version: 2
name: small
clock: {sample_rate: 8 kHz, hop: 32}
inputs:
  audio: {rate: audio}
  Control: {rate: frame, unit: raw, channels: 2}
  unused: {rate: frame}
nodes:
  level: {op: exp_sigmoid, inputs: [Control]}
  hidden: {op: fc, inputs: [level], params: {ch: 9}}
  noise: {op: filtered_noise, inputs: {magnitudes: hidden}, params: {window_size: 0, initial_bias: 0}}
  both: {op: add, inputs: [audio, noise]}
  wet: {op: gain, inputs: {audio: both, gain: -6 dB}}
outputs: {audio: wet, control: Control}
"""
LINE = "{op: filtered_noise"


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return str(path)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table in which noise cannot stream in LiteRT, and nothing is known of `gain`."""
    known = {op: {t: {"offline": "ok", "streaming": "ok"} for t in TARGETS} for op in OPS if op != "gain"}
    known["filtered_noise"]["litert"]["streaming"] = "rolls dice"
    monkeypatch.setattr(targets, "support_table", lambda: {"ops": known})


def test_every_op_is_in_the_table() -> None:
    found = targets.support_table()["ops"]
    assert list(found) == list(OPS), "run tools/targets.py"
    assert all(said[t].keys() == {"offline", "streaming"} for said in found.values() for t in TARGETS)


@pytest.mark.usefixtures("refused")
def test_check_names_the_node_at_its_line(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", spec, "--target", "litert", "--streaming"]) == 3
    said = capsys.readouterr().out
    line = SPEC[: SPEC.index(LINE)].count("\n") + 1
    assert f"{spec}:{line}:3: E416 'noise' cannot go to litert as a stream: filtered_noise rolls dice" in said
    assert "help:" in said
    assert main(["check", spec, "--target", "litert"]) == 0
    assert "not known of gain: compile --target litert tries" in capsys.readouterr().out
    assert main(["check", spec, "--target", "onnx", "--streaming", "--json"]) == 0
    assert main(["check", spec, "--streaming"]) == 2


@pytest.mark.usefixtures("refused")
def test_compile_checks_before_it_converts(spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", spec, "-o", str(tmp_path / "x"), "--target", "litert", "--streaming"]) == 3
    assert "rolls dice" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_check_does_not_load_tensorflow(spec: str) -> None:
    code = (
        "import sys; from ddspgraph.cli import main; code = main(sys.argv[1:]);"
        "assert not {'tensorflow', 'onnx', 'ai_edge_litert'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, "check", spec, "--target", "onnx"], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_graphs_of_losses_and_own_ops() -> None:
    text = SPEC.replace("outputs: {audio: wet, control: Control}", "losses: {l: {op: amp_loss, inputs: [audio, wet]}}")
    with pytest.raises(dg.GraphError, match="losses alone"):
        check_support(dg.load(text), "onnx")
    assert unmeasured_ops(dg.load(SPEC)) == []


def test_a_converter_s_words_are_traced_to_the_node() -> None:
    graph = dg.load(SPEC)
    error = conversion_failed(graph, "onnx", 'loc("RFFT:", "noise/rfft@__inference") after hidden_noise/x, wet/y')
    (finding,) = error.diagnostics
    assert finding.code == "E416"
    assert finding.span is not None
    assert SPEC.splitlines()[finding.span.line - 1].strip().startswith("noise:")
    (finding,) = conversion_failed(graph, "onnx", "out of words").diagnostics
    assert finding.span is None
    assert "out of words" in finding.message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--seconds", "1"], "takes any batch and length"),
        (["--target", "onnx", "--block", "32"], "go with --streaming"),
        (["--target", "onnx", "--streaming", "--block", "33"], "such as 32 or 64"),
        (["--target", "onnx", "--streaming", "--frames", "3"], "lengths offline"),
        (["--target", "onnx", "--frames", "0"], "at least one frame"),
        (["--target", "onnx", "--batch", "0"], "at least 1"),
        (["--target", "onnx", "--frames", "1", "--seconds", "1"], "not allowed with"),
    ],
)
def test_options_that_do_not_fit(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main(["compile", spec, "-o", str(tmp_path / "x"), *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("target", MODEL_FILES)
def test_a_package_that_is_missing(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, target: Target
) -> None:
    monkeypatch.setattr(targets.importlib.util, "find_spec", lambda _: None)
    assert main(["compile", spec, "-o", str(tmp_path / "x"), "--target", target]) == 4
    assert install_command(target) in capsys.readouterr().err


def test_something_else_is_not_replaced(spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "ddspgraph.json").write_text("{}")
    assert main(["compile", spec, "-o", str(tmp_path / "x"), "--target", "onnx"]) == 4
    assert "E607" in capsys.readouterr().err


def runner(folder: Path) -> Any:
    """What a plain script makes of a folder: arrays by name in, arrays by name out."""
    facts = json.loads((folder / "ddspgraph.json").read_text())
    path = str(folder / facts["model"])
    if facts["target"] == "litert":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(path)
        signature = interpreter.get_signature_runner()
        return lambda given, _keep=interpreter: signature(**given)
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return lambda given: dict(zip(names, session.run(names, given), strict=True))


def given(n_frames: int, batch: int) -> Mapping[str, np.ndarray]:
    rng = np.random.default_rng(0)
    audio = rng.normal(size=(batch, 32 * n_frames)).astype(np.float32)
    return {"audio": audio, "control": rng.normal(size=(batch, n_frames, 2)).astype(np.float32)}


@pytest.mark.parametrize("target", MODEL_FILES)
def test_offline_and_stream(spec: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], target: Target) -> None:
    model = dg.compile(spec, seed=5)
    inputs = given(20, 2)
    wanted = model({"audio": inputs["audio"], "Control": inputs["control"]}, seed=-3)["audio"].numpy()

    folder = tmp_path / "x"
    options = ["--target", target, "--batch", "2", "--seed", "5"]
    assert main(["compile", spec, "-o", str(folder), *options, "--streaming", "--block", "160"]) == 0
    capfd.readouterr()
    facts = json.loads((folder / "ddspgraph.json").read_text())["streaming"]
    raw, state = (folder / "initial_state.bin").read_bytes(), {}
    for s in facts["states"]:
        dtype = np.dtype(s["dtype"]).newbyteorder("<")
        state[s["tensor"]] = np.frombuffer(raw, dtype, int(np.prod(s["shape"])), s["offset"]).reshape(s["shape"])
        assert s["offset"] % 16 == 0
        assert state[s["tensor"]].nbytes == s["bytes"]
        assert target == "onnx" or dtype.itemsize <= 4, "callers cannot write it"
    state["seed"] = np.array(-3, np.int32)
    step, blocks = runner(folder), []
    for first in range(0, 20, 5):
        block = {"audio": inputs["audio"][:, 32 * first :][:, :160], "control": inputs["control"][:, first : first + 5]}
        results = step({**block, **state})
        state |= {s["tensor"]: results[s["next"]] for s in facts["states"]}
        blocks.append(results["audio_out"])
    streamed, late = np.concatenate(blocks, axis=1), facts["latency_samples"]["audio"]
    np.testing.assert_allclose(streamed[:, late:], wanted[:, : 640 - late], atol=1e-4)
    loaded = dg.load_target(folder)
    found = loaded({"audio": inputs["audio"], "Control": inputs["control"]}, seed=-3)
    # Offline the noise ends with the sound, in a stream it goes on: the last samples hear it through the filter.
    np.testing.assert_allclose(found["audio"][:, : 640 - late], wanted[:, : 640 - late], atol=1e-4)
    np.testing.assert_array_equal(found["control"], inputs["control"])
    ragged = loaded({"audio": inputs["audio"][:1, :630], "Control": inputs["control"][:1]}, seed=-3)
    offline = model({"audio": inputs["audio"][:1, :630], "Control": inputs["control"][:1]}, seed=-3)
    assert ragged["audio"].shape == offline["audio"].shape
    np.testing.assert_allclose(ragged["audio"][:, : 630 - late], offline["audio"][:, : 630 - late], atol=1e-4)

    assert main(["compile", spec, "-o", str(folder), *options, "--frames", "20", "--json"]) == 0
    out, err = capfd.readouterr()
    facts = json.loads(out)
    assert "mlir" not in err.lower()
    assert "tf2onnx" not in err
    assert facts["difference"] <= 1e-4
    # An earlier one is replaced.
    assert {path.name for path in folder.iterdir()} == {MODEL_FILES[target], "ddspgraph.json", "graph.yaml"}
    assert (folder / "graph.yaml").read_text() == SPEC
    assert [i["tensor"] for i in facts["inputs"]] == ["audio", "control"]
    assert [o["tensor"] for o in facts["outputs"]] == ["audio_out", "control_out"]
    found = runner(folder)({**inputs, "seed": np.array(-3, np.int32)})["audio_out"]
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert not np.allclose(runner(folder)({**inputs, "seed": np.array(4, np.int32)})["audio_out"], wanted, atol=1e-2)

    five = {name: np.concatenate([x, x, x])[:5] for name, x in inputs.items()}
    loaded = dg.load_target(folder)({"audio": five["audio"], "Control": five["control"]}, seed=3)["audio"]
    np.testing.assert_allclose(
        loaded[4], model({"audio": five["audio"], "Control": five["control"]}, seed=3)["audio"][4], atol=1e-4
    )


def test_a_model_that_differs_is_refused(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ddspgraph.export.fixed import Fixed

    call = Fixed.__call__
    monkeypatch.setattr(Fixed, "__call__", lambda self, x: {n: 1.001 * y for n, y in call(self, x).items()})
    assert main(["compile", spec, "-o", str(tmp_path / "x"), "--target", "onnx", "--frames", "2"]) == 4
    said = capsys.readouterr().err
    line = SPEC[: SPEC.index("wet: {")].count("\n") + 1
    assert f"{spec}:{line}:3: E609 the output 'audio', of node 'wet', of the exported model differs by 0.001" in said
    assert "tmp-" not in said
    assert not (tmp_path / "x").exists()
