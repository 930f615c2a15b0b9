"""Ops as Keras 3 layers: weights that Keras tracks, saves and exports, in every kind of model."""

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

RNG = np.random.default_rng(5)


def sound(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def room() -> Any:
    return dg.ops.Reverb(trainable=True, reverb_length=40).layer()


def test_a_checkpoint_holds_the_weights(tmp_path: Path) -> None:
    audio, layer = sound(2, 100), room()
    layer(audio)
    learned = sound(40)
    layer.weights[0].assign(learned.reshape(layer.weights[0].shape))
    written = tf.train.Checkpoint(layer=layer).write(str(tmp_path / "weights"))
    other = room()
    other(audio)
    tf.train.Checkpoint(layer=other).read(written).assert_consumed()
    np.testing.assert_array_equal(other(audio), layer(audio))
    np.testing.assert_array_equal(np.ravel(other.weights[0]), learned)


def test_the_weights_come_from_build() -> None:
    """Keras's own protocol: shapes in, weights made, the same ones that a first call makes."""
    built, called = room(), room()
    built.build({"audio": (None, 100)})
    called(sound(1, 100))
    np.testing.assert_array_equal(built.weights[0], called.weights[0])


def functional() -> keras.Model:
    audio = keras.Input((100,), name="audio")
    return keras.Model(audio, room()(audio))


def sequential() -> keras.Model:
    return keras.Sequential([keras.Input((7, 3)), dg.ops.Fc(ch=4).layer(), dg.ops.Fc(ch=2).layer()])


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.room = room()

    def call(self, audio: Any) -> Any:
        return 0.5 * self.room(audio)


@pytest.mark.parametrize(("model", "given"), [(functional, (2, 100)), (sequential, (2, 7, 3)), (Subclassed, (2, 100))])
def test_every_kind_of_model_learns(model: Any, given: tuple[int, ...]) -> None:
    whole, x = model(), sound(*given)
    whole(x)
    assert whole.trainable_variables
    whole.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    target = np.zeros_like(np.asarray(whole(x)))
    history = whole.fit(x, target, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


@pytest.mark.parametrize(("model", "given"), [(functional, (2, 100)), (sequential, (2, 7, 3))])
def test_a_saved_model_is_read_back(model: Any, given: tuple[int, ...], tmp_path: Path) -> None:
    whole, x = model(), sound(*given)
    for weight in whole.weights:
        weight.assign(sound(*weight.shape))
    expected = np.asarray(whole(x))
    whole.save(tmp_path / "model.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "model.keras")(x), expected, rtol=0, atol=1e-6)
    whole.export(tmp_path / "export", verbose=False)
    exported = tf.saved_model.load(str(tmp_path / "export"))
    np.testing.assert_allclose(exported.serve(x), expected, rtol=0, atol=1e-6)


class Doubled(dg.Op):
    """Twice the sound."""

    inputs = {"audio": dg.audio()}
    outputs = {"signal": dg.audio()}
    times: float = dg.param(2.0, doc="Factor.")

    def kernel(self, audio: Any) -> Any:
        return self.times * audio


def test_an_op_of_your_own_is_found_once_its_module_is_imported() -> None:
    config = Doubled(times=3.0).layer().get_config()
    layer = type(Doubled().layer()).from_config(config)
    np.testing.assert_allclose(layer(np.ones([1, 4])), 3.0)
    unknown = {**config, "op": {**config["op"], "class": "nowhere.ops:Doubled"}}
    with pytest.raises(ValueError, match="import it before loading"):
        type(layer).from_config(unknown)


def test_sizes_that_disagree_are_named_as_without_keras() -> None:
    harmonic = dg.ops.Harmonic(sample_rate=8000, n_samples=80)
    controls = np.zeros([1, 10, 1]), np.zeros([1, 9, 4]), np.full([1, 10, 1], 440.0)
    for call in (harmonic, harmonic.layer()):
        with pytest.raises(dg.GraphError, match="E414"):
            call(*controls)


@pytest.mark.parametrize("op", [dg.ops.Gain(), dg.ops.Reverb(trainable=True, reverb_length=40)])
def test_an_op_that_is_called_as_if_it_were_a_layer_names_the_layer(op: Any) -> None:
    given = {"gain": -6.0} if op.name == "gain" else {}
    with pytest.raises(dg.GraphError, match=rf"{op.name}, 'audio': a symbolic tensor") as caught:
        op(keras.Input((100,)), **given)
    assert caught.value.diagnostics[0].code == "E605"
    assert f"{type(op).__name__}(...).layer()" in str(caught.value.diagnostics[0].hint)
