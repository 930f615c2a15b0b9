"""Exports whose length is open: a call of any length is what TensorFlow computes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.export.fixed import fixed_graph
from ddspgraph.export.target_folder import save_target
from ddspgraph.export.targets import Target

SPEC = """\
version: 2
name: open
clock: {sample_rate: 8 kHz, hop: 32}
inputs:
  audio: {rate: audio}
  x: {rate: frame, unit: linear, channels: 3}
nodes:
  hidden: {op: fc, inputs: [x], params: {ch: 5}}
  quiet: {op: gain, inputs: {audio: audio, gain: -6 dB}}
outputs: {audio: quiet, control: hidden}
"""
RECURRENT = """\
version: 2
name: recurrent
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {x: {rate: frame, unit: linear, channels: 3}}
nodes:
  gated: {op: rnn, inputs: [x], params: {dims: 4}}
outputs: {states: gated}
"""

LOOPS = """\
version: 2
name: loops
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {audio: {rate: audio}, x: {rate: frame, channels: 3}}
feedback:
  echo: {from: damp, delay: 9 ms}
  string: {from: fading, delay: age, min: 4 ms, max: 12 ms}
  slow: {from: kept, delay: 3 frames, rate: frame, channels: 3}
nodes:
  into: {op: add, inputs: [audio, echo]}
  low: {op: one_pole, inputs: {audio: into, cutoff: 3 kHz}}
  damp: {op: multiply, inputs: [low, 0.7]}
  age: {op: lfo, inputs: {frequency_hz: 3 Hz}, params: {depth: 3 ms, offset: 8 ms}}
  swinging: {op: add, inputs: [audio, string]}
  fading: {op: multiply, inputs: [swinging, 0.6]}
  sum: {op: add, inputs: [slow, x]}
  kept: {op: multiply, inputs: [sum, 0.3]}
outputs: {audio: into, string: swinging, sum: sum}
"""


@pytest.mark.parametrize(("target", "close"), [("onnx", 4e-6), ("litert", 1e-4)])
def test_loops(tmp_path: Path, target: Target, close: float) -> None:
    """A list of an open length, which the turns of the loop fill; of one turn, of several, and of a part of one.

    LiteRT has no float64, in which the phase of the moving delay is counted: pairs of float32 stand for it.
    An export may differ by 1e-4 of the peak.
    """
    model = dg.compile(LOOPS)
    difference, _ = save_target(fixed_graph(model, batch=1, samples=640, is_open=True), target, tmp_path / "x")
    assert difference < close
    loaded = dg.load_target(tmp_path / "x")
    for n_frames, n_items in ((1, 1), (7, 2), (61, 1)):
        inputs = given(n_frames, n_items)
        found = loaded(inputs)
        for name, wanted in model(inputs).items():
            np.testing.assert_allclose(found[name], wanted, atol=close, err_msg=name)


@pytest.mark.parametrize("target", ["onnx", "litert"])
def test_any_length(tmp_path: Path, capsys: pytest.CaptureFixture[str], target: Target) -> None:
    spec = tmp_path / "open.yaml"
    spec.write_text(SPEC)
    folder = tmp_path / "x"
    assert main(["compile", str(spec), "-o", str(folder), "--target", target, "--any-length", "--seed", "3"]) == 0
    assert "any" in capsys.readouterr().err
    facts = json.loads((folder / "ddspgraph.json").read_text())
    assert facts["samples"] is None
    assert {t["tensor"]: t["shape"] for t in facts["inputs"]} == {"audio": [1, None], "x": [1, None, 3]}
    model, loaded = dg.compile(SPEC, seed=3), dg.load_target(folder)
    for n_frames, n_items in ((1, 1), (7, 2), (61, 1)):
        inputs = given(n_frames, n_items)
        found = loaded(inputs)
        for name, wanted in model(inputs).items():
            np.testing.assert_allclose(found[name], wanted, atol=1e-6)


def test_a_recurrent_layer_of_onnx(tmp_path: Path) -> None:
    model = dg.compile(RECURRENT)
    difference, _ = save_target(fixed_graph(model, batch=1, samples=640, is_open=True), "onnx", tmp_path / "x")
    assert difference < 2e-6
    inputs = {"x": given(23, 1)["x"]}
    found = dg.load_target(tmp_path / "x")(inputs)["states"]
    np.testing.assert_allclose(found, model(inputs)["states"], atol=2e-6)


def test_nothing_gives_a_length() -> None:
    graph = "version: 2\nname: a\nclock: {sample_rate: 8 kHz, hop: 32, duration: 1 s}\n"
    graph += "nodes: {n: {op: lfo, inputs: {frequency_hz: 2 Hz}}}\noutputs: {n: n}\n"
    with pytest.raises(dg.GraphError, match="no input gives 'a' a length"):
        fixed_graph(dg.compile(graph), batch=1, samples=640, is_open=True)


def given(n_frames: int, n_items: int) -> dict[str, Any]:
    rng = np.random.default_rng(n_frames)
    x = rng.normal(size=[n_items, n_frames, 3]).astype(np.float32)
    return {"audio": rng.normal(size=[n_items, 32 * n_frames]).astype(np.float32), "x": x}
