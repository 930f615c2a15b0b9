"""`recompute: true`: gradients of loops that keep one state in a while and compute what is between again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg

#: float32 sums in another order: the gradient of a gain adds up thousands of numbers.
CLOSE = 1e-6
HEADER = """
version: 2
name: loop
clock: {sample_rate: 16 kHz, hop: 20}
inputs:
  dry: {rate: audio}
  age: {rate: const, shape: [1], unit: samples}
  level: {rate: frame}
"""
#: One of each kind of state: a filter's, noise by position, a moving delay, a value that never changes, two lines.
NODES = """
nodes:
  hiss: {op: filtered_noise, inputs: [[-4, -5, -6]]}
  noisy: {op: add, inputs: [dry, hiss]}
  into: {op: add, inputs: [noisy, echo, other]}
  low: {op: one_pole, inputs: {audio: into, cutoff: {learn: 3 kHz}}}
  damp: {op: multiply, inputs: [low, {learn: 0.6}]}
  moved: {op: multiply, inputs: [damp, level]}
  quiet: {op: multiply, inputs: [into, 0.2]}
outputs: {audio: into, damp: damp}
"""
FEEDBACK = """
feedback:
  echo: {from: moved, delay: age, min: 50 samples, max: 150 samples, interpolation: linear%s}
  other: {from: quiet, delay: 83 samples}
"""


def gradients(text: str, inputs: dict[str, np.ndarray], *, is_traced: bool = True) -> tuple[Any, list[np.ndarray]]:
    """The outputs, and the slopes of their energy by inputs and weights."""
    model = dg.compile(text)
    given = {name: tf.constant(x) for name, x in inputs.items()}

    def step() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(given)
            made = model(given)
            energy = tf.add_n([tf.reduce_sum(tf.square(y)) for y in made.values()])
        return made, tape.gradient(energy, [*given.values(), *model.trainable_variables])

    made, found = (tf.function(step) if is_traced else step)()
    return made, [g.numpy() for g in found]


def sounds(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {
        "dry": rng.normal(size=(2, n)).astype(np.float32),
        "age": np.array([[90.3], [120.7]], np.float32),
        "level": rng.uniform(0.3, 0.9, (2, n // 20, 1)).astype(np.float32),
    }


@pytest.mark.parametrize(
    ("n", "more", "is_traced"),
    [(20, "", True), (100, "", False), (3_000, ", truncate: 900 samples", True), (5_020, "", True)],
)
def test_the_gradients_are_those_of_the_loop_that_keeps_all(n: int, more: str, is_traced: bool) -> None:
    inputs = sounds(n)
    plain, wanted = gradients(HEADER + FEEDBACK % more + NODES, inputs)
    made, found = gradients(HEADER + FEEDBACK % f"{more}, recompute: true" + NODES, inputs, is_traced=is_traced)
    for name, y in plain.items():
        np.testing.assert_array_equal(made[name], y)
    assert len(found) == len(wanted) == 5
    for mine, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, other, atol=CLOSE * max(np.abs(other).max(), 1e-6))


def test_a_length_that_only_the_call_knows() -> None:
    model = dg.compile(HEADER + FEEDBACK % ", recompute: true" + NODES)
    text = HEADER + FEEDBACK % "" + NODES

    @tf.function(reduce_retracing=True)
    def slope(dry: Any, level: Any, age: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(dry)
            energy = tf.reduce_sum(tf.square(model({"dry": dry, "level": level, "age": age})["audio"]))
        return tape.gradient(energy, dry)

    shapes = [tf.TensorSpec([None, None]), tf.TensorSpec([None, None, 1]), tf.TensorSpec([None, 1])]
    traced = slope.get_concrete_function(*shapes)
    for n in (60, 2_000):
        inputs = sounds(n)
        other = dg.compile(text)
        dry = tf.constant(inputs["dry"])
        with tf.GradientTape() as tape:
            tape.watch(dry)
            energy = tf.reduce_sum(tf.square(other({**inputs, "dry": dry})["audio"]))
        wanted = tape.gradient(energy, dry).numpy()
        found = traced(dry, tf.constant(inputs["level"]), tf.constant(inputs["age"]))
        np.testing.assert_allclose(found, wanted, atol=CLOSE * np.abs(wanted).max())


def test_voices(tmp_path: Path) -> None:
    text = """
version: 2
name: combs
clock: {sample_rate: 16 kHz}
inputs: {dry: {rate: audio}}
feedback: {echo: {from: damp, delay: 100 samples, voices: 2%s}}
nodes:
  into: {op: add, voices: 2, inputs: [dry, echo]}
  damp: {op: multiply, voices: 2, inputs: [into, {each: {learn: [0.7, 0.3]}}]}
outputs: {audio: into}
"""
    inputs = {"dry": sounds(2_000)["dry"]}
    _, wanted = gradients(text % "", inputs)
    _, found = gradients(text % ", recompute: true", inputs)
    for mine, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, other, atol=CLOSE * np.abs(other).max())


def test_a_saved_model_trains_on(tmp_path: Path) -> None:
    """An export has plain gradients: a SavedModel cannot carry others within a loop."""
    text = HEADER + FEEDBACK % ", recompute: true" + NODES
    model = dg.compile(text)
    model.save(tmp_path / "saved")
    loaded: Any = tf.saved_model.load(str(tmp_path / "saved"))
    inputs = sounds(1_000)
    made = loaded.signatures["serving_default"](**{name: tf.constant(x) for name, x in inputs.items()})
    np.testing.assert_allclose(made["audio"], model(inputs)["audio"], atol=1e-6)


@pytest.mark.proof
def test_the_memory_of_a_minute() -> None:
    """12,000 turns: what the gradient keeps falls to a fraction. The estimate: 2 sqrt(12000) of 12,000 states."""
    grown = {
        text: int(
            subprocess.run([sys.executable, "-c", _MINUTE, json.dumps(text)], capture_output=True, check=True).stdout
        )
        for text in ("", ", recompute: true")
    }
    assert grown[", recompute: true"] < 0.4 * grown[""]


_MINUTE = """
import json, re, sys
import numpy as np, tensorflow as tf, ddspgraph as dg
more = json.loads(sys.argv[1])
text = '''
version: 2
name: e
clock: {sample_rate: 16 kHz}
inputs: {dry: {rate: audio}}
feedback: {echo: {from: damp, delay: 5 ms%s}}
nodes:
  into: {op: add, inputs: [dry, echo]}
  low: {op: one_pole, inputs: {audio: into, cutoff: {learn: 3 kHz}}}
  damp: {op: multiply, inputs: [low, {learn: 0.9}]}
outputs: {audio: into}
''' % more
model = dg.compile(text)
x = tf.constant(np.random.default_rng(0).normal(size=(1, 960_000)).astype(np.float32))
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model({'dry': x})['audio']))
    return tape.gradient(loss, model.trainable_variables)
def peak():  # of a new process; `getrusage` would begin with that of the one before
    return int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])
step(x[:, :1000])
before = peak()
step(x)
print(peak() - before)
"""
