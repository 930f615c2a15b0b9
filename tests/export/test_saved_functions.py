"""What a loaded SavedModel can do beyond rendering: gradients, one mapping of inputs, ops that hold variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg

SPEC = """
version: 2
name: tone
clock: {sample_rate: 8 kHz, hop: 16}
inputs:
  f0_hz: {rate: frame, unit: Hz}
  amplitudes: {rate: frame, unit: linear}
  target: {rate: audio}
nodes:
  tone:
    op: harmonic
    inputs: {amplitudes: amplitudes, harmonic_distribution: [1.0, 0.5, 0.3], f0_hz: f0_hz}
    params: {scale_fn: null}
  hiss: {op: filtered_noise, inputs: [[-2.0, -3.0, -4.0]]}
  both: {op: add, inputs: [tone, hiss]}
  room: {op: reverb, inputs: [both], params: {trainable: true, reverb_length: 20}}
outputs: {audio: room}
losses:
  spectral: {op: spectral_loss, inputs: [target, room], params: {fft_sizes: [64]}}
"""
FRAMES = 20
INPUTS = {
    "f0_hz": np.linspace(200.0, 2500.0, FRAMES, dtype=np.float32).reshape(1, FRAMES, 1),  # harmonics cross Nyquist
    "amplitudes": np.linspace(0.2, 0.8, FRAMES, dtype=np.float32).reshape(1, FRAMES, 1),
    "target": np.sin(np.arange(16 * FRAMES, dtype=np.float32))[None],
}


@pytest.fixture(name="saved", scope="module")
def make_saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Path]:
    model, path = dg.compile(SPEC), tmp_path_factory.mktemp("saved") / "tone"
    model.save(path)
    return model, tf.saved_model.load(str(path)), path


def gradients(function: Any, given: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.add_n([tf.reduce_sum(y**2) for y in function(given).values()])
    return tape.gradient(total, given)


@pytest.mark.parametrize("signature", ["serving_default", "losses"])
def test_gradients_flow_through_a_loaded_export(saved: tuple[Any, Any, Path], signature: str) -> None:
    model, loaded, _ = saved
    function = loaded.signatures[signature]
    given = {name: tf.constant(INPUTS[name]) for name in function.structured_input_signature[1]}
    mine = gradients(model if signature == "serving_default" else model.losses, given)
    other = gradients(lambda x: function(**x), given)
    for name, gradient in mine.items():
        peak = float(tf.reduce_max(tf.abs(gradient)))
        assert peak > 0.0
        # The same sums in another order: TensorFlow's own gradient of a sine against the one that reuses it.
        np.testing.assert_allclose(other[name], gradient, rtol=0, atol=2e-5 * peak)


def test_one_mapping_serves_keras(saved: tuple[Any, Any, Path]) -> None:
    model, loaded, path = saved
    given = {name: INPUTS[name] for name in ("f0_hz", "amplitudes")}
    expected = model(given)["audio"]
    np.testing.assert_allclose(loaded.serve(given)["audio"], expected, rtol=0, atol=1e-6)
    layer = keras.layers.TFSMLayer(str(path), call_endpoint="serve")
    np.testing.assert_allclose(layer(given)["audio"], expected, rtol=0, atol=1e-6)


_HELD: dict[str, Any] = {}


class Learner(dg.Op):
    """A gain that a Keras layer holds: nothing that `weights()` knows of."""

    inputs = {"audio": dg.audio()}
    outputs = {"signal": dg.audio()}
    traits = dg.Traits.NONE

    def kernel(self, audio: Any) -> Any:
        if "layer" not in _HELD:
            with tf.init_scope():
                _HELD["layer"] = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
                _HELD["layer"].build((None, 1))
        return _HELD["layer"](audio[:, :, None])[:, :, 0]


class Tabled(dg.Op):
    """A lookup table that nothing tracks."""

    inputs = {"audio": dg.audio()}
    outputs = {"signal": dg.audio()}
    traits = dg.Traits.NONE

    def kernel(self, audio: Any) -> Any:
        if "table" not in _HELD:
            with tf.init_scope():
                start = tf.lookup.KeyValueTensorInitializer([0], [2.0])
                _HELD["table"] = tf.lookup.StaticHashTable(start, 1.0)
        return audio * _HELD["table"].lookup(tf.constant(0))


def own(name: str) -> str:
    return f"""
version: 2
name: own
clock: {{sample_rate: 8 kHz}}
inputs: {{audio: {{rate: audio}}}}
nodes: {{n: {{op: {name}, inputs: [audio]}}}}
outputs: {{audio: n}}
"""


def test_an_op_that_holds_a_keras_layer_is_saved(tmp_path: Path) -> None:
    model = dg.compile(own("learner"), ops=[Learner])
    sound = np.ones([1, 10], np.float32)
    expected = model({"audio": sound})["audio"]
    model.save(tmp_path / "own")
    loaded = tf.saved_model.load(str(tmp_path / "own"))
    np.testing.assert_array_equal(loaded.signatures["serving_default"](audio=sound)["audio"], expected)


def test_an_op_that_holds_a_table_is_refused_with_a_repair(tmp_path: Path) -> None:
    model = dg.compile(own("tabled"), ops=[Tabled])
    with pytest.raises(dg.GraphError, match="E635") as caught:
        model.save(tmp_path / "own")
    assert "weights()" in str(caught.value)
    assert not (tmp_path / "own").exists()
