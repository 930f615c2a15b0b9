#!/usr/bin/env bash
# TensorFlow 2.21.0: `periodic=True` has no effect on tf.signal's Hann and Hamming windows of odd length
#
# A periodic window is one period of its cosine: with a hop of a whole fraction of its length its copies add up to a
# constant, which inverse transforms rely on. tf.signal.hann_window(5) is the symmetric window of 5 points instead, and
# kaiser_window, which tf.signal offers beside it, is symmetric at every length.
# Expected: [0, 0.3455, 0.9045, 0.9045, 0.3455], as scipy.signal.get_window("hann", 5) has it
# Seen:     [0, 0.5, 1, 0.5, 0], the symmetric window: the last sample of each frame has no weight;
#           even lengths agree with SciPy
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check tensorflow-cpu==2.21.0 scipy==1.15.3 numpy==2.2.6
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import scipy.signal
import tensorflow as tf

assert tf.__version__ == "2.21.0"
for name, window in (("hann", tf.signal.hann_window), ("hamming", tf.signal.hamming_window)):
    for length in (5, 15, 16):
        ours, exact = window(length, periodic=True).numpy(), scipy.signal.get_window(name, length)
        symmetric = scipy.signal.get_window(name, length, fftbins=False)
        difference = np.abs(ours - exact).max()
        print(f"{name} {length}: off the periodic window by {difference:.4f}")
        if length % 2:
            assert difference > 0.05 and np.allclose(ours, symmetric, atol=1e-6), "the behaviour has changed"
        else:
            assert difference < 1e-6, "the behaviour has changed"
PYTHON
