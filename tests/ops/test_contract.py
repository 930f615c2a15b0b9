"""What holds for every op of the library, asked of the registry: no op is forgotten."""

from __future__ import annotations

import functools
import importlib
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.diagnostics import GraphError, Report
from ddspgraph.ir.call import signal_of
from ddspgraph.ir.graph import Clock, Graph, Input, Node, Ref
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.ports import Mismatch, is_wild
from ddspgraph.ir.types import BATCH, FRAMES, Dim, Rate, Signal
from ddspgraph.ops import OPS

pytestmark = pytest.mark.usefixtures("functions_as_written")

Case = tuple[Op, Mapping[str, np.ndarray]]
HOP = 32
RATE = 16_000


def _cases() -> dict[str, Callable[[], Case]]:
    found: dict[str, Callable[[], Case]] = {}
    for file in sorted(Path(__file__).parent.glob("cases_*.py")) + sorted(
        Path(__file__).parent.parent.glob("losses/cases_*.py")
    ):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found |= module.CASES
    return found


CASES = _cases()
NAMES = list(OPS)


def test_every_op_has_a_case() -> None:
    assert set(CASES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_declaration(name: str) -> None:
    op = OPS[name]
    assert op.summary().endswith("."), "the docstring begins with a sentence"
    assert "Source:" in (op.__doc__ or ""), "the docstring names its source"
    assert all(spec.doc for spec in op.params().values())
    case, inputs = CASES[name]()
    assert set(inputs) <= set(case.input_ports(tuple(inputs)))


def graph_of(op: Op, inputs: Mapping[str, np.ndarray]) -> Graph:
    """A graph of one node, typed from the declared ports and the arrays' last axes."""
    ports = op.input_ports(tuple(inputs))
    hop = getattr(op, "hop_samples", None) or HOP
    given = []
    for name, array in inputs.items():
        port = ports[name]
        voices = array.shape[1] if port.voiced else None
        array = array[:, 0] if port.voiced else array
        rate = port.rate
        if rate is None:
            rate = {3: Rate.FRAME, 2: Rate.AUDIO}.get(array.ndim, Rate.CONST)
        time = {Rate.FRAME: FRAMES, Rate.AUDIO: FRAMES * hop}.get(rate)
        tail = [Dim.of(int(n)) for n in array.shape[(1 if time is None else 2) :]]
        given.append(Input(name, Signal((BATCH, *((time,) if time else ()), *tail), rate, port.unit, voices=voices)))
    node = Node("n", op, tuple((name, Ref(name)) for name in inputs))
    clock = Clock(RATE, None, hop, n_samples=hop * 8)
    is_loss = Traits.LOSS in op.traits
    outputs = () if is_loss else tuple((ref.port, ref) for ref in node.refs)
    graph = Graph("case", clock, tuple(given), (node,), outputs, ("n",) if is_loss else ())
    report = Report()
    graph = infer(graph, report)
    report.raise_errors()
    return graph


@functools.cache
def compiled(name: str) -> tuple[CompiledGraph, Mapping[str, np.ndarray]]:
    """The case of an op, traced once for all tests that a process runs of it."""
    op, inputs = CASES[name]()
    graph = graph_of(op, inputs)
    legal = run(LEGALISE, graph)
    return CompiledGraph(graph, legal, legal), inputs


@pytest.mark.parametrize("name", NAMES)
def test_types_values_and_gradients(name: str) -> None:
    """The inferred type is the real tensor's; eager equals traced; seeded runs are equal; gradients are finite."""
    model, inputs = compiled(name)
    graph = model.legal
    results = model.signals(inputs, seed=7, every=True)
    again = model.signals(inputs, seed=7, every=True)
    variables = {n: dict(v) for n, v in model.variables_by_node.items()}
    sizes = _sizes(graph, inputs)
    from ddspgraph.compiler.execute import execute

    refs = [ref for node in graph.nodes for ref in node.refs]
    tensors = {k: tf.constant(v, tf.float32) for k, v in inputs.items()}
    with tf.GradientTape() as tape:
        tape.watch(list(tensors.values()))
        eager = execute(graph, tensors, tf.constant(7, tf.int64), variables, refs)
        total = tf.add_n([tf.reduce_sum(v * _weights(v)) for v in eager.values()])
    for ref in refs:
        value = results[str(ref)].numpy()
        expected = [
            dim.at(sizes) if not is_wild(dim) else n
            for dim, n in zip(graph.types[ref].outer_dims, value.shape, strict=True)
        ]
        assert list(value.shape) == expected, f"{ref}: {graph.types[ref]} is {value.shape}"
        assert np.isfinite(value).all()
        np.testing.assert_array_equal(value, again[str(ref)].numpy())
        np.testing.assert_allclose(value, eager[ref].numpy(), rtol=1e-4, atol=1e-5)
    watched = {**tensors, **{f"{n}/{k}": v for n, ws in variables.items() for k, v in ws.items()}}
    for key, gradient in tape.gradient(total, watched).items():
        assert gradient is None or np.isfinite(tf.convert_to_tensor(gradient).numpy()).all(), key


@pytest.mark.parametrize("name", NAMES)
def test_a_call_refuses_what_the_types_refuse(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes that disagree never reach a kernel, where TensorFlow repeats an axis of size 1 without a word."""
    op, inputs = CASES[name]()
    monkeypatch.setattr(type(op), "kernel", lambda *_, **__: pytest.fail("the kernel ran"))
    ports = op.input_ports(tuple(inputs))
    for port, array in inputs.items():
        for axis in range(array.ndim if ports[port].dims is not None else 0):
            for size in (1, array.shape[axis] + 1):
                index = np.arange(size) % array.shape[axis]
                changed = {**inputs, port: np.take(array, index, axis=axis)}
                try:
                    op.infer({n: signal_of(x.shape, ports[n].rate) for n, x in changed.items()})
                except Mismatch as mismatch:
                    if mismatch.code not in ("E413", "E414"):
                        continue  # of parameters
                    with pytest.raises(GraphError, match=f"{mismatch.code} {op.name}, '{mismatch.port}'"):
                        op.signals(**changed, variables={})


@pytest.mark.parametrize("name", NAMES)
def test_batch_of_one_equals_batch_of_many(name: str) -> None:
    """An item rendered alone equals the item rendered in a batch, noise included (T27)."""
    model, inputs = compiled(name)
    if Traits.LOSS in model.graph.nodes[0].op.traits or not inputs:
        return
    whole = model.signals(inputs, seed=3, every=True)
    first = model.signals({k: v[:1] for k, v in inputs.items()}, seed=3, every=True)
    for key, value in whole.items():
        np.testing.assert_allclose(value.numpy()[:1], first[key].numpy()[:1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_none_gives_none(name: str) -> None:
    """Of no items every output has the shape that its type says, and no items."""
    model, inputs = compiled(name)
    if Traits.LOSS in model.graph.nodes[0].op.traits or not inputs:
        return
    for ref, value in model.signals({k: v[:0] for k, v in inputs.items()}, seed=7, every=True).items():
        some = model.signals(inputs, seed=7, every=True)[ref]
        assert value.shape[1:] == some.shape[1:], ref
        assert value.shape[0] in (0, 1) if some.shape[0] == 1 else value.shape[0] == 0, ref


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_finite(name: str) -> None:
    """T23: all zeros in, finite values and gradients out."""
    model, inputs = compiled(name)
    from ddspgraph.compiler.execute import execute

    tensors = {k: tf.zeros(v.shape, tf.float32) for k, v in inputs.items()}
    refs = [ref for node in model.legal.nodes for ref in node.refs]
    with tf.GradientTape() as tape:
        tape.watch(list(tensors.values()))
        values = execute(model.legal, tensors, tf.constant(0, tf.int64), model.variables_by_node, refs)
        total = tf.add_n([tf.reduce_sum(v) for v in values.values()])
    for ref, value in values.items():
        assert np.isfinite(value.numpy()).all(), str(ref)
    for key, gradient in tape.gradient(total, tensors).items():
        assert gradient is None or np.isfinite(tf.convert_to_tensor(gradient).numpy()).all(), key


def _sizes(graph: Graph, inputs: Mapping[str, np.ndarray]) -> dict[str, int]:
    sizes = {"batch": 1, "frames": graph.clock.n_frames or 1}
    for item in graph.inputs:
        for dim, size in zip(item.signal.outer_dims, inputs[item.name].shape, strict=True):
            if not dim.is_static and dim.scale:
                sizes[dim.name] = (size - dim.offset) // dim.scale
    sizes["samples"] = sizes["frames"] * (graph.clock.hop_samples or 1)
    return sizes


def _weights(value: Any) -> Any:
    """Weights that make every element count differently, the same on every run."""
    generator = np.random.default_rng(zlib.crc32(str(value.shape).encode()))
    return tf.constant(generator.uniform(0.5, 1.5, value.shape), tf.float32)
