"""Learned constants: where they begin, between what they stay, what trains, exports and shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.diagnostics import GraphError
from ddspgraph.ir.call import create_variables
from ddspgraph.ops.learned import Learned
from ddspgraph.render.compare import compare
from ddspgraph.render.dot import to_dot
from ddspgraph.training.run_folder import load_run_graph, with_learned
from tests.export.converted import both_ways
from tests.training.small import SmallSource

SPEC = """\
version: 2
name: levels
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: 24 ms}
inputs: {audio: {rate: audio}}
nodes:
  pitch: {op: learned, params: {value: [300 Hz, 1 kHz], min: 20 Hz, max: 8 kHz, scale: log}}
  wet: {op: gain, inputs: [audio, {learn: -12 dB, min: -40 dB, max: 6 dB}]}
  twice: {op: multiply, inputs: [wet, {learn: 1.5}]}
outputs: {audio: twice, pitch: pitch}
losses:
  spectral: {op: spectral_loss, inputs: {target_audio: audio, audio: twice}, params: {fft_sizes: [64]}}
training: {batch_size: 2, steps: 40, steps_per_summary: 20, steps_per_save: 20, learning_rate: 0.1, grad_clip_norm: 100}
"""

BOUNDS = [
    ({}, 3.5),
    ({"min": 2.0}, 3.5),
    ({"max": 8.0}, 3.5),
    ({"min": -2.0, "max": 8.0}, 3.5),
    ({"scale": "log"}, 3.5),
    ({"min": 2.0, "scale": "log"}, 3.5),
    ({"max": 8.0, "scale": "log"}, 3.5),
    ({"min": 20.0, "max": 8000.0, "scale": "log"}, 440.0),
]


def closed_form(w: np.ndarray, *, scale: str = "linear", **bounds: float) -> np.ndarray:
    """The map in other words than the op's: the sigmoid by tanh, the softplus by logaddexp."""
    low, high = (None if (x := bounds.get(n)) is None else np.log(x) if scale == "log" else x for n in ("min", "max"))
    if low is not None and high is not None:
        y = (low + high) / 2 + (high - low) / 2 * np.tanh(w / 2)
    elif low is not None:
        y = low + np.logaddexp(0, w)
    else:
        y = w if high is None else high - np.logaddexp(0, -w)
    return np.exp(y) if scale == "log" else y


@pytest.mark.parametrize(("bounds", "start"), BOUNDS)
def test_it_is_the_closed_form_with_its_derivative(bounds: dict[str, Any], start: float) -> None:
    op = Learned(value=start, shape=(5,), **bounds)
    w = np.array([-30.0, -2.0, 0.1, 1.7, 30.0] if len(bounds) > 2 else [-4.0, -2.0, 0.1, 1.7, 4.0])
    raw = tf.constant(w, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(raw)
        y = op(variables={"raw": raw})
    expected, slope = (closed_form(w, **bounds), (closed_form(w + 1e-5, **bounds) - closed_form(w - 1e-5, **bounds)))
    np.testing.assert_allclose(y[0], expected, rtol=1e-6)  # float32 holds seven digits, and so does the weight
    np.testing.assert_allclose(
        np.array(tape.gradient(y, raw)), slope / 2e-5, rtol=1e-4, atol=1e-8 * np.abs(expected).max()
    )


@pytest.mark.parametrize(("bounds", "start"), BOUNDS)
def test_it_begins_exactly_at_its_value(bounds: dict[str, Any], start: float) -> None:
    low, high = bounds.get("min", 1e-3), bounds.get("max", 1e4)
    share = np.random.default_rng(5).uniform(0.001, 0.999, 200)
    values = low * (high / low) ** share if low > 0 else low + (high - low) * share
    op = Learned(value=tuple(values.tolist()), **bounds)
    found = op(variables=create_variables(op, {}, "n"))
    np.testing.assert_array_equal(found[0], values.astype(np.float32))


def test_far_away_it_stays_between_its_bounds_and_its_gradient_finite() -> None:
    for bounds, start in BOUNDS:
        raw = tf.constant([-1e4, 1e4])
        with tf.GradientTape() as tape:
            tape.watch(raw)
            y = Learned(value=start, shape=(2,), **bounds)(variables={"raw": raw})
        low, high = bounds.get("min", -np.inf), bounds.get("max", np.inf)
        np.testing.assert_array_equal(np.clip(y, np.float32(low), np.float32(high)), y)
        if len(bounds) > 2 or "scale" not in bounds:  # exp(1e4) is infinite
            assert np.isfinite(np.array(tape.gradient(y, raw))).all()


@pytest.fixture(scope="module")
def graph() -> dg.Graph:
    return dg.load(SPEC)


@pytest.fixture(scope="module")
def run(graph: dg.Graph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learned") / "run"
    dg.train(graph, SmallSource(), folder)
    return folder


def test_the_form_at_a_port_is_a_node(graph: dg.Graph) -> None:
    op = graph.node_by_name["wet.gain"].op
    assert op == Learned(value=-12, min=-40.0, max=6.0, unit="dB")
    assert str(graph.types[graph.node_by_name["pitch"].refs[0]]) == "[1, 2] const Hz"
    model = dg.compile(graph)
    assert {f"{node}/{name}" for node, named in model.variables_by_node.items() for name in named} == {
        "pitch/raw",
        "wet.gain/raw",
        "twice.signal_two/raw",
    }


def test_training_moves_it_and_an_interrupted_run_gives_the_same(run: Path, graph: dg.Graph, tmp_path: Path) -> None:
    """The loss is least where both gains together are 1."""
    half = tmp_path / "half"
    dg.train(graph, SmallSource(), half, steps=20)
    dg.train(graph, SmallSource(), half, steps=40)
    model, again = dg.load_run(run), dg.load_run(half)
    gain_db, factor = (float(model.as_trained.node_by_name[n].op.value) for n in ("wet.gain", "twice.signal_two"))  # type: ignore[attr-defined]
    assert 10 ** (gain_db / 20) * factor == pytest.approx(1.0, abs=0.25)  # from 0.38
    for name, variable in model.variables_by_node["wet.gain"].items():
        np.testing.assert_array_equal(variable, again.variables_by_node["wet.gain"][name])


def test_pictures_show_what_was_learned(run: Path, graph: dg.Graph) -> None:
    trained = with_learned(load_run_graph(run), run)
    gain_db = trained.node_by_name["wet.gain"].op.value  # type: ignore[attr-defined]
    assert gain_db == pytest.approx(float(dg.load_run(run).signals({}, every=True)["wet.gain/signal"][0]), rel=1e-6)
    assert "gain = -12 dB, learned" in to_dot(graph)
    assert f"gain = {gain_db:.6g} dB, learned" in to_dot(trained)
    assert "300 Hz" in to_dot(graph)
    said = compare(graph, dg.load(SPEC.replace("max: 6 dB", "max: 3 dB"))).text()
    assert "-12 dB, learned, min = -40 dB, max = 6 dB -> -12 dB, learned, min = -40 dB, max = 3 dB" in said


def test_a_saved_model_stays_trainable_and_streams_begin_with_it(run: Path, tmp_path: Path) -> None:
    model = dg.load_run(run)
    audio = np.random.default_rng(1).normal(size=(2, 192)).astype(np.float32)
    model.save(str(tmp_path / "saved"))
    saved = tf.saved_model.load(str(tmp_path / "saved"))
    assert all(saved.variables_by_node[node]["raw"].trainable for node in ("pitch", "wet.gain", "twice.signal_two"))
    stream = dg.compile_stream(model)
    _, out = stream.process(stream.initial_state(2), {"audio": audio})
    np.testing.assert_allclose(out["audio"], model({"audio": audio})["audio"], atol=1e-6)


@pytest.mark.parametrize("target", ["litert", "onnx"])
def test_exports_hold_it_as_a_constant(target: str) -> None:
    op = Learned(value=(440.0, 1000.0), min=20.0, max=8000.0, scale="log")
    variables = create_variables(op, {}, "n")
    wanted, found = both_ways(
        lambda x: {"y": x * op(variables=variables)}, target, {"x": np.array([[1.0, 2.0]], np.float32)}
    )
    np.testing.assert_allclose(found["y"], wanted["y"], rtol=1e-6)


def test_an_op_alone_says_what_it_lacks() -> None:
    with pytest.raises(GraphError, match="E508"):
        dg.load(SPEC.replace("max: 6 dB", "max: -50 dB"))
    assert Learned(value=1.0).trained({"raw": np.zeros(3)}) == Learned(value=1.0)  # the weights of another graph
