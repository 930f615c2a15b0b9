"""State spaces against scipy.signal.dlsim in float64."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal as sp
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.diagnostics import GraphError
from ddspgraph.ir.gains import Linear, Range
from ddspgraph.ops import OPS
from tests.ops.test_filters import MOST_DB, error_db, noise
from tests.streaming.proof import run_stream


def drawn(n: int, seed: int, radius: float = 0.98) -> dict[str, np.ndarray]:
    """A random system whose largest eigenvalue has this size."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, n))
    a *= radius / np.abs(np.linalg.eigvals(a)).max()
    found = {"a": a[None], "b": rng.normal(size=(1, n)), "c": rng.normal(size=(1, n)), "d": rng.normal(size=1)}
    return {name: x.astype(np.float32) for name, x in found.items()}


def simulated(x: np.ndarray, system: dict[str, np.ndarray]) -> np.ndarray:
    a, b, c, d = (system[name][0].astype(np.float64) for name in "abcd")
    return sp.dlsim((a, b[:, None], c[None], [[d]], 1.0), x.astype(np.float64))[1][:, 0]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 17])
def test_it_is_dlsim(n: int) -> None:
    x, system = noise(n, 1, 3001), drawn(n, n)
    assert error_db(OPS["state_space"]()(x, **system)[0], simulated(x[0], system)) < MOST_DB + 10
    del system["d"]
    without = OPS["state_space"]()(x, **system)[0]
    assert error_db(without, simulated(x[0], system | {"d": np.zeros(1, np.float32)})) < MOST_DB + 10


def test_each_of_a_batch_has_its_own() -> None:
    x, systems = noise(20, 3, 500), [drawn(4, seed) for seed in (21, 22, 23)]
    both = {name: np.concatenate([system[name] for system in systems]) for name in "abcd"}
    for y, row, system in zip(OPS["state_space"]()(x, **both), x, systems, strict=True):
        assert error_db(y, simulated(row, system)) < MOST_DB + 10


@pytest.mark.parametrize("radius", [0.9, 0.999_99, 1.0, 1.3, 40.0])
def test_powers_that_would_grow_do_not(radius: float) -> None:
    """And those that do not are left as they are, next to the unit circle too; the gradient is finite."""
    x = noise(24, 1, 20_000)
    system = {name: tf.constant(v) for name, v in drawn(6, 25, radius).items()}
    with tf.GradientTape() as tape:
        tape.watch(system)
        y = OPS["state_space"]()(x, **system)
        gradients = tape.gradient(tf.reduce_sum(y**2), system)
    assert np.isfinite(y).all()
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())
    if radius < 1:
        assert error_db(y[0], simulated(x[0], drawn(6, 25, radius))) < -70  # 1e5 samples of memory keep what is rounded


def test_powers_that_vanish() -> None:
    system = {"a": [[[0.0, 1.0], [0.0, 0.0]]], "b": [[0.0, 1.0]], "c": [[1.0, 0.0]]}
    np.testing.assert_allclose(OPS["state_space"]()([[1.0, 2.0, 3.0, 4.0]], **system), [[0, 0, 1, 2]], atol=1e-7)
    for n in (0, 1):
        assert OPS["state_space"]()(np.zeros([2, n]), **system).shape == (2, n)


def test_gradients() -> None:
    """Along a direction in each of the matrices, against differences of dlsim."""
    x, weights, system = noise(26, 1, 300), noise(27, 300), drawn(3, 28, 0.9)
    tensors = {name: tf.constant(v) for name, v in system.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        found = tape.gradient(tf.reduce_sum(OPS["state_space"]()(x, **tensors) * weights), tensors)
    rng = np.random.default_rng(29)
    for name, gradient in found.items():
        step = rng.normal(size=system[name].shape) * 1e-5
        up, down = (
            simulated(x[0], {k: v + sign * step if k == name else v for k, v in system.items()}) for sign in (1, -1)
        )
        assert float((gradient * step).numpy().sum()) == pytest.approx(((up - down) * weights).sum() / 2, rel=1e-3)


SPEC = """\
version: 2
name: system
clock: {sample_rate: 48 kHz}
inputs: {audio: {rate: audio, channels: 2}}
nodes:
  out: {op: state_space, inputs: {audio: audio, a: [[0.9, 0.2], [-0.2, 0.9]], b: [1, 0], c: [0.5, 1], d: 0.1}}
outputs: {audio: out}
"""


def test_a_graph_its_stream_and_what_a_loop_takes_from_it() -> None:
    model, audio = dg.compile(SPEC), noise(30, 1, 700, 2)
    whole = model({"audio": audio})["audio"].numpy()
    system = {"a": [[[0.9, 0.2], [-0.2, 0.9]]], "b": [[1, 0]], "c": [[0.5, 1]], "d": [0.1]}
    arrays = {name: np.array(x, np.float32) for name, x in system.items()}
    assert error_db(whole[0, :, 1], simulated(audio[0, :, 1], arrays)) < MOST_DB + 10
    streamed = run_stream(dg.compile_stream(model), {"audio": audio}, [1, 129, 570])["audio"]
    np.testing.assert_allclose(streamed, whole, atol=1e-5)
    known = {name: Range.of(x[0]) for name, x in arrays.items()} | {"audio": Range.of(-1, 1)}
    way = OPS["state_space"]().ways({}, known, ["audio"])["audio", "signal"]
    assert isinstance(way, Linear)
    np.testing.assert_allclose(way.impulse()[0, :200], simulated(np.eye(1, 200)[0], arrays), atol=1e-6)


def test_what_is_not_stable_or_does_not_fit_is_shown() -> None:
    (warning,) = dg.load(SPEC.replace("0.9, 0.2", "1.9, 0.2")).warnings
    assert warning.code == "W119"
    for old, new in (("b: [1, 0]", "b: [1, 0, 0]"), ("[[0.9, 0.2], [-0.2, 0.9]]", "[[0.9, 0.2]]")):
        with pytest.raises(GraphError, match="E414"):
            dg.load(SPEC.replace(old, new))
