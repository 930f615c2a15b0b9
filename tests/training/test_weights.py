"""Weights in and out of a graph: files, checkpoints, runs, exports; all of them or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.training.weights import read_weights, weights_of

SPEC = """
version: 2
name: small
clock: {sample_rate: 8 kHz, hop: 8}
inputs:
  audio: {rate: audio}
  target: {rate: audio}
nodes:
  room: {op: reverb, inputs: [audio], params: {trainable: true, reverb_length: 20}}
outputs: {audio: room}
losses:
  spectral: {op: spectral_loss, inputs: [target, room], params: {fft_sizes: [16]}}
"""


def values(model: Any) -> dict[str, np.ndarray]:
    return {name: variable.numpy() for name, variable in weights_of(model).items()}


def test_a_file_and_an_export_give_the_same_weights(tmp_path: Path) -> None:
    model = dg.compile(SPEC, seed=3)
    model.save_weights(tmp_path / "weights.npz")
    model.save(tmp_path / "export")
    for path in (tmp_path / "weights.npz", tmp_path / "export"):
        other = dg.compile(SPEC, seed=4)
        other.load_weights(path)
        for name, value in values(model).items():
            np.testing.assert_array_equal(values(other)[name], value)


def test_weights_of_another_graph_change_nothing(tmp_path: Path) -> None:
    model = dg.compile(SPEC.replace("reverb_length: 20", "reverb_length: 30"))
    model.save_weights(tmp_path / "weights.npz")
    other = dg.compile(SPEC)
    before = values(other)
    with pytest.raises(dg.GraphError, match="E616"):
        other.load_weights(tmp_path / "weights.npz")
    for name, value in before.items():
        np.testing.assert_array_equal(values(other)[name], value)


@pytest.mark.parametrize(("data", "code"), [(None, "E601"), (b"", "E602"), (b"not an archive", "E602")])
def test_what_holds_no_weights_says_so(data: bytes | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(dg.GraphError, match=code):
        read_weights(path)
    with pytest.raises(dg.GraphError, match="E602"):
        read_weights(tmp_path)
