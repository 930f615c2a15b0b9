"""TensorFlow and NumPy are imported on first use, once, whichever thread is first."""

from __future__ import annotations

import subprocess
import sys

import numpy
import pytest
import tensorflow

from ddspgraph.lazy import np, tf

THREADS = """
import sys, threading
import ddspgraph.dsp.numerics, ddspgraph.nn.layers, ddspgraph.losses.functions
from ddspgraph.lazy import np, tf
assert not {"numpy", "tensorflow"} & set(sys.modules)
barrier, found = threading.Barrier(8), []
def use(i):
    barrier.wait()
    found.append(float(tf.constant(float(i))) if i % 2 else float(np.float32(i)))
threads = [threading.Thread(target=use, args=(i,)) for i in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
assert sorted(found) == list(map(float, range(8))), found
assert "keras" not in sys.modules
"""


def test_eight_threads_that_are_first_at_once() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", THREADS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_attributes_are_those_of_the_module() -> None:
    assert tf.Tensor is tensorflow.Tensor
    assert np.ndarray is numpy.ndarray
    assert tf.__class__.__name__ == "_Lazy"
    with pytest.raises(AttributeError):
        tf.no_such_name  # noqa: B018
    with pytest.raises(AttributeError):
        tf.__path__  # noqa: B018
