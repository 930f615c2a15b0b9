"""Loops in every export: the same turns, offline and in the step of a stream whose blocks are longer than a turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter

import ddspgraph as dg
from ddspgraph.export.fixed import fixed_graph, fixed_step
from ddspgraph.export.target_folder import save_target
from ddspgraph.export.targets import Target

#: Of the peak: runtimes round tanh and sums in their own ways, and a loop hands on what it rounded.
CLOSE = 2e-5
#: A damped comb, its delay between two samples, and an echo that moves: slices, an interpolator and gathers.
SPEC = """\
version: 2
name: loops
clock: {sample_rate: 8 kHz}
inputs:
  audio: {rate: audio}
  age: {rate: const, shape: [1], unit: ms}
feedback:
  string: {from: softer, delay: 90.4 samples}
  echo: {from: later, delay: age, min: 20 ms, max: 60 ms}
nodes:
  into: {op: add, inputs: [audio, string]}
  softer: {op: multiply, inputs: [into, 0.9]}
  both: {op: add, inputs: [into, echo]}
  later: {op: tanh, inputs: [both]}
outputs: {audio: both}
"""


@pytest.fixture(scope="module")
def model() -> Any:
    return dg.compile(SPEC)


@pytest.mark.parametrize("target", ["litert", "onnx"])
def test_offline(model: Any, tmp_path: Path, target: Target) -> None:
    difference, _ = save_target(fixed_graph(model, batch=2, samples=1000), target, tmp_path / "x")
    assert difference < CLOSE


@pytest.mark.parametrize(("target", "samples"), [("litert", 256), ("onnx", 64)])
def test_the_step_of_a_stream(model: Any, tmp_path: Path, target: Target, samples: int) -> None:
    step = fixed_step(
        dg.compile_stream(model), batch=1, samples=samples, constants={"age": np.array([[31.3]], np.float32)}
    )
    difference, _ = save_target(step, target, tmp_path / "x")
    assert difference < CLOSE


def test_a_saved_model_loads_and_trains(tmp_path: Path) -> None:
    """A loaded model gives the sound and TensorFlow's own gradient of it."""
    import tensorflow as tf

    text = """
version: 2
name: comb
clock: {sample_rate: 8 kHz}
inputs: {audio: {rate: audio}}
feedback: {again: {from: softer, delay: 50 samples}}
nodes:
  into: {op: add, inputs: [audio, again]}
  softer: {op: multiply, inputs: [into, {learn: 0.6, min: 0, max: 0.95}]}
outputs: {audio: into}
"""
    model = dg.compile(text)
    model.save(str(tmp_path / "comb"))
    loaded = dg.load_saved_model(str(tmp_path / "comb"))
    x = np.random.default_rng(1).normal(size=(1, 700)).astype(np.float32)
    a = np.zeros(51)
    a[0], a[50] = 1.0, -0.6
    wanted = lfilter([1.0], a, x.astype(np.float64))
    np.testing.assert_allclose(loaded({"audio": x})["audio"], wanted, atol=4e-6)
    slopes = []
    variables = (model.trainable_variables, list(loaded.module.variables_by_node["softer.signal_two"].values()))
    for each, (weight,) in zip((model, loaded), variables, strict=True):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tf.square(each({"audio": x})["audio"]))
        slopes.append(float(tape.gradient(total, weight)))
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-4)
