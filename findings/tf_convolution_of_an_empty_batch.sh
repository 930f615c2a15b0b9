#!/usr/bin/env bash
# TensorFlow 2.21.0: the convolution of an empty batch has the channels of its input, not of its kernel
#
# tf.nn.conv2d of [0, 16, 8, 2] with a kernel from 2 to 5 channels. Its documentation, its shape inference, and the same
# call with oneDNN switched off (TF_ENABLE_ONEDNN_OPTS=0) give [0, 16, 8, 5]. On x86-64, where oneDNN is on by default,
# the result is [0, 16, 8, 2], eagerly and in a tf.function, so that a second layer raises "input depth must be evenly
# divisible by filter depth". The transposed and the depthwise convolution and the pooling of an empty batch are right.
#
# Expected: (0, 16, 8, 5) with and without oneDNN. Seen: (0, 16, 8, 2) with it.
# Exits with 0 as long as that is seen (x86-64 only), 1 otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow==2.21.0
cat > "$folder/shape.py" <<'PY'
import tensorflow as tf

y = tf.nn.conv2d(tf.zeros([0, 16, 8, 2]), tf.zeros([3, 3, 2, 5]), strides=1, padding="SAME")
print(tuple(y.shape))
PY
export TF_CPP_MIN_LOG_LEVEL=3
with_onednn=$("$folder/venv/bin/python" "$folder/shape.py" 2> /dev/null)
without=$(TF_ENABLE_ONEDNN_OPTS=0 "$folder/venv/bin/python" "$folder/shape.py" 2> /dev/null)
echo "with oneDNN: $with_onednn"
echo "without:     $without"
[ "$with_onednn" = "(0, 16, 8, 2)" ] && [ "$without" = "(0, 16, 8, 5)" ]
