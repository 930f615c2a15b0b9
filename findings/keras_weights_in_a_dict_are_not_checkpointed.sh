#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: weights that a layer keeps in a dictionary are not in tf.train.Checkpoint
#
# A layer makes a weight with add_weight and keeps it in self.named["w"], as TensorFlow's own tf.Module and Keras 2 allow.
# Keras lists it in layer.weights and trains it; a checkpoint of TensorFlow follows attributes alone.
# Expected: the checkpoint holds the weight, or assert_consumed() complains when it is read back
# Seen:     the checkpoint holds nothing, reading it back passes assert_consumed(), and the weight keeps its random value;
#           the same weight as an attribute is saved and restored
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.2.6
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/env/bin/python" - <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

assert (tf.__version__, keras.__version__) == ("2.21.0", "3.15.1")


class Layer(keras.layers.Layer):
    def __init__(self, in_a_dict):
        super().__init__()
        self.in_a_dict, self.named = in_a_dict, {}

    def build(self, shape):
        weight = self.add_weight(shape=(3,), initializer="zeros", name="w")
        if self.in_a_dict:
            self.named["w"] = weight
        else:
            self.w = weight

    def call(self, x):
        return x + (self.named["w"] if self.in_a_dict else self.w)


for in_a_dict, restored in ((False, [1.0, 2.0, 3.0]), (True, [0.0, 0.0, 0.0])):
    first, second = Layer(in_a_dict), Layer(in_a_dict)
    for layer in (first, second):
        layer(np.zeros((1, 3), np.float32))
        assert len(layer.weights) == 1
    first.weights[0].assign([1.0, 2.0, 3.0])
    path = tf.train.Checkpoint(layer=first).write(f"weights_{in_a_dict}")
    tf.train.Checkpoint(layer=second).read(path).assert_consumed()
    value = second.weights[0].value.numpy().tolist()
    names = [name for name, _ in tf.train.list_variables(path) if "VALUE" in name]
    print(f"in a dictionary: {in_a_dict}; in the checkpoint: {names}; read back: {value}")
    assert value == restored, "the behaviour has changed"
PYTHON
