#!/usr/bin/env bash
# tf2onnx 1.17.0: floor division and remainder of negative whole numbers are converted as truncating ones
#
# tf.math.floordiv and floormod round towards minus infinity, in TensorFlow and in Python. ONNX's Div of integers
# truncates, and its Mod with fmod=0 takes the sign of the divisor.
# Expected: -7 // 2 = -4 and -7 % 2 = 1 in onnxruntime, or an error of the converter
# Seen:     -3 and -1, without a warning; positive numbers are right. tf.truncatediv of float32 7 / 3 becomes a plain
#           division, 2.333 for 2.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.2.6
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/env/bin/python" - <<'PYTHON' 2> errors.txt || { cat errors.txt; exit 1; }
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx


def converted(function, x, y):
    spec = [tf.TensorSpec([None], x.dtype, "x"), tf.TensorSpec([None], y.dtype, "y")]
    model, _ = tf2onnx.convert.from_function(tf.function(function), input_signature=spec, opset=18)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x, "y": y})[0].tolist()


x, y = np.array([-7, 7], np.int32), np.array([2, 2], np.int32)
seen = {"floordiv": converted(tf.math.floordiv, x, y), "floormod": converted(tf.math.floormod, x, y)}
truncated = converted(tf.truncatediv, np.array([7.0], np.float32), np.array([3.0], np.float32))
print(tf2onnx.__version__, onnxruntime.__version__, seen, "TensorFlow:", [-4, 3], [1, 1], "truncatediv:", truncated)
assert seen == {"floordiv": [-3, 3], "floormod": [-1, 1]}, "the behaviour has changed"
assert abs(truncated[0] - 7 / 3) < 1e-3, "the behaviour has changed"
PYTHON
