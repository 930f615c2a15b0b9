"""A compiled graph inside of Keras: one layer of a network, whose weights Keras trains and saves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg

# Keras converts its variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPEC = """
version: 2
name: small
clock: {sample_rate: 8 kHz, hop: 8}
inputs:
  loudness: {rate: frame, unit: linear}
nodes:
  net: {op: fc, inputs: [loudness], params: {ch: 1}}
  level: {op: exp_sigmoid, inputs: [net]}
  tone:
    op: harmonic
    inputs: {amplitudes: level, harmonic_distribution: [1.0, 0.5], f0_hz: 220 Hz}
    params: {scale_fn: null}
  room: {op: reverb, inputs: [tone], params: {trainable: true, reverb_length: 20}}
outputs: {audio: room}
"""
LOUDNESS = np.linspace(0.1, 0.9, 12, dtype=np.float32).reshape(1, 12, 1)


@pytest.fixture(name="model")
def make_model() -> Any:
    return dg.compile(SPEC)


def test_layer_and_model_share_their_variables(model: Any) -> None:
    before = model({"loudness": LOUDNESS})["audio"]
    layer = model.layer()
    np.testing.assert_array_equal(layer(LOUDNESS)["audio"], before)
    assert {w.name for w in layer.trainable_weights} >= {"room.ir", "net.kernel"}
    for weight in layer.weights:
        weight.assign(weight + 0.1)
    after = model({"loudness": LOUDNESS})["audio"]
    np.testing.assert_array_equal(layer({"loudness": LOUDNESS})["audio"], after)
    assert np.abs(before - after).max() > 0.01


def test_a_network_around_it_learns_and_is_saved(model: Any, tmp_path: Path) -> None:
    given = keras.Input((None, 1), name="loudness")
    scaled = keras.layers.Dense(1, activation="sigmoid")(given)
    whole = keras.Model(given, model.layer()({"loudness": scaled})["audio"])
    whole.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    losses = whole.fit(LOUDNESS, np.zeros([1, 96], np.float32), epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    whole.save(tmp_path / "whole.keras")
    again = keras.models.load_model(tmp_path / "whole.keras")
    np.testing.assert_allclose(again(LOUDNESS), whole(LOUDNESS), rtol=0, atol=1e-6)


def test_a_graph_called_on_a_symbolic_tensor_names_the_layer(model: Any) -> None:
    with pytest.raises(dg.GraphError, match=r"E605.*") as caught:
        model({"loudness": keras.Input((12, 1))})
    assert "model.layer()" in str(caught.value)


def test_a_checkpoint_of_tensorflow_holds_the_graph(model: Any, tmp_path: Path) -> None:
    model({"loudness": LOUDNESS})  # its trace is not in the way
    path = tf.train.Checkpoint(model=model).write(str(tmp_path / "ckpt"))
    other = dg.compile(SPEC, seed=7)
    assert np.abs(other.variables_by_node["net"]["kernel"] - model.variables_by_node["net"]["kernel"]).max() > 0.01
    tf.train.Checkpoint(model=other).read(path).assert_existing_objects_matched()
    np.testing.assert_array_equal(other({"loudness": LOUDNESS})["audio"], model({"loudness": LOUDNESS})["audio"])


def test_xla_after_a_call_is_xla_before_one(model: Any) -> None:
    called = model({"loudness": LOUDNESS})["audio"]
    compiled = tf.function(lambda x: model({"loudness": x})["audio"], jit_compile=True)
    np.testing.assert_allclose(compiled(tf.constant(LOUDNESS)), called, rtol=0, atol=2e-6)


def test_signals_are_the_authors(model: Any) -> None:
    assert not [name for name in model.signals({"loudness": LOUDNESS}) if "." in name]
    assert [name for name in model.signals({"loudness": LOUDNESS}, every=True) if "." in name]
