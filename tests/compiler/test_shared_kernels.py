"""Nodes of equal op and parameters share the trace of their kernel; what they compute is what each would alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.compiler.analysis import memory

N = 5
SPEC = f"""
version: 2
name: filters
clock: {{sample_rate: 16 kHz, hop: 64}}
inputs: {{audio: {{rate: audio}}, m: {{rate: frame, unit: raw, channels: 9}}}}
nodes:
{"".join(f"  n{i}: {{op: fir_filter, inputs: [{f'n{i - 1}' if i else 'audio'}, m]}}{chr(10)}" for i in range(N))}
outputs: {{audio: n{N - 1}}}
"""


@pytest.fixture(scope="module")
def inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    found = {"audio": rng.normal(size=(2, 333)), "m": rng.normal(size=(2, 6, 9))}
    return {name: x.astype(np.float32) for name, x in found.items()}


def test_one_trace_serves_all(inputs: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = dg.compile(SPEC)
    (op,) = {node.op for node in model.optimised.nodes if node.op.name == "fir_filter"}
    kernel, traces = type(op).kernel, []

    def counted(self: Any, *given: Any, **named: Any) -> Any:
        traces.append(self)
        return kernel(self, *given, **named)

    monkeypatch.setattr(type(op), "kernel", counted)
    audio, m = (tf.constant(inputs[name]) for name in ("audio", "m"))
    with tf.GradientTape() as tape:
        tape.watch([audio, m])
        found = model({"audio": audio, "m": m})["audio"]
    assert len(traces) < N, "the first node alone has other types"
    gradients = tape.gradient(found, [audio, m])
    with tf.GradientTape() as tape:
        tape.watch([audio, m])
        wanted = tf.pad(audio, [[0, 0], [0, 51]])
        for _ in range(N):
            wanted = op(wanted, m)
        wanted = wanted[:, :333]
    peak = float(tf.reduce_max(tf.abs(wanted)))
    np.testing.assert_allclose(found, wanted, atol=1e-6 * peak)  # the order of float32 sums may differ
    for one, other in zip(gradients, tape.gradient(wanted, [audio, m]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5 * float(tf.reduce_max(tf.abs(other))))
    model.save(str(tmp_path / "model"))
    again = dg.load_saved_model(tmp_path / "model")(inputs)["audio"]
    np.testing.assert_allclose(again, found, atol=1e-6 * peak)


def test_memory_is_estimated_once_for_sizes(inputs: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    graph = dg.load(SPEC)
    walks = []
    walk = memory._peak_bytes
    monkeypatch.setattr(memory, "_peak_bytes", lambda *given: walks.append(given) or walk(*given))
    sizes = {"batch": 2, "frames": 6, "samples": 384}
    found = memory.peak_bytes(graph, sizes)
    assert found == memory.peak_bytes(graph, dict(reversed(sizes.items()))) == walk(graph, sizes)
    assert len(walks) == 1
    assert memory.peak_bytes(graph, {**sizes, "batch": 4})[0] > found[0]
    assert len(walks) == 2
