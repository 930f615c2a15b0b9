"""Recurrent layers are single nodes in ONNX, offline and in the step of a stream, and what TensorFlow computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ddspgraph as dg
from ddspgraph.export.fixed import fixed_graph, fixed_step
from ddspgraph.export.target_folder import save_target

SPEC = """\
version: 2
name: layers
clock: {sample_rate: 8 kHz, hop: 32}
inputs:
  audio: {rate: audio}
  x: {rate: frame, unit: linear, channels: 3}
nodes:
  level: {op: rms_energy, inputs: [audio], params: {frame_size: 64, padding: same}}
  both: {op: concat, inputs: [x, level]}
  gated: {op: rnn, inputs: [both], params: {dims: 7}}
  memory: {op: rnn, inputs: [gated], params: {dims: 5, rnn_type: lstm}}
outputs: {states: memory}
"""


def operators(graph: Any) -> list[str]:
    """Of an ONNX graph and of the bodies of its loops."""
    found = []
    for node in graph.node:
        found.append(node.op_type)
        for attribute in node.attribute:
            found += operators(attribute.g)
    return found


@pytest.fixture(scope="module")
def model() -> Any:
    return dg.compile(SPEC)


def of_file(folder: Path) -> list[str]:
    import onnx

    return operators(onnx.load(folder / "model.onnx").graph)


def test_offline_each_layer_is_one_node(model: Any, tmp_path: Path) -> None:
    difference, _ = save_target(fixed_graph(model, batch=2, samples=32 * 40), "onnx", tmp_path / "x")
    found = of_file(tmp_path / "x")
    assert (found.count("GRU"), found.count("LSTM"), found.count("Loop")) == (1, 1, 0)
    assert difference < 2e-6


def test_a_stream_carries_states_and_waits_for_what_is_late(model: Any, tmp_path: Path) -> None:
    """The level of a window is late, so that the first frames do not count."""
    step = fixed_step(dg.compile_stream(model), batch=2, samples=32 * 3)
    assert step.latencies["states"] > 0
    difference, _ = save_target(step, "onnx", tmp_path / "x")
    found = of_file(tmp_path / "x")
    assert (found.count("GRU"), found.count("LSTM"), found.count("Loop")) == (1, 1, 0)
    assert difference < 2e-6


def test_both_directions(tmp_path: Path) -> None:
    spec = SPEC.replace("{dims: 7}", "{dims: 7, bidir: true}").replace("rnn_type: lstm", "rnn_type: lstm, bidir: true")
    model = dg.compile(spec)
    assert save_target(fixed_graph(model, batch=1, samples=32 * 9), "onnx", tmp_path / "x")[0] < 2e-6
    found = of_file(tmp_path / "x")
    assert (found.count("GRU"), found.count("LSTM"), found.count("Loop")) == (2, 2, 0)
