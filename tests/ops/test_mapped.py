"""Every op over channels and over voices is the op on each of them: types, values, gradients and streams."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.execute import execute
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Graph, Input, Node, Ref
from ddspgraph.ir.mapped import Mapped, is_sound
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.types import Dim, Rate
from ddspgraph.ops import OPS
from tests.ops.test_contract import CASES, graph_of
from tests.streaming.proof import differences, offline, random_blocks, run_stream, tolerance
from tests.streaming.test_ops import FRAMES, WHOLE_CLIP, longer

pytestmark = pytest.mark.usefixtures("functions_as_written")

CHANNELS = VOICES = 3
#: The kernels of one row and of several take other products of matrices, which round otherwise.
ROUNDED: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}


def _takes_sound(name: str) -> bool:
    op, inputs = CASES[name]()
    ports = op.input_ports(tuple(inputs))
    return any(is_sound(ports[port]) for port in inputs)


SOUNDS = [name for name in OPS if _takes_sound(name)]
#: What mixes voices, or makes them, has none of its own; a loss is of plain values.
VOICED = [
    name for name in OPS if name not in ("mix_voices", "split_voices") and Traits.LOSS not in CASES[name]()[0].traits
]


def _typed(graph: Graph, node: Node, inputs: tuple[Input, ...]) -> CompiledGraph:
    report = Report()
    outputs = () if graph.losses else tuple((ref.port, ref) for ref in node.refs)
    graph = infer(graph.replace(inputs=inputs, nodes=(node,), outputs=outputs, types={}), report)
    report.raise_errors()
    legal = run(LEGALISE, graph)
    return CompiledGraph(graph, legal, legal)


def _values(x: np.ndarray, member: int) -> np.ndarray:
    """As the case has them, in another order for each member, so that positive numbers stay positive."""
    rng = np.random.default_rng(member)
    return x if member == 0 or not x.size else rng.permuted(x, axis=x.ndim - 1 if x.ndim > 1 else 0)


def over_channels(name: str, hop: int = 0) -> tuple[CompiledGraph, dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """A graph of one op with channels at every sound, its inputs, and those of each channel."""
    op, inputs = CASES[name]()
    graph = graph_of(op, inputs)
    ports = op.input_ports(tuple(inputs))
    given, whole = [], dict(inputs)
    for item in graph.inputs:
        if is_sound(ports[item.name]):
            signal = replace(item.signal, dims=(*item.signal.dims, Dim.of(CHANNELS)))
            item = replace(item, signal=signal)
            whole[item.name] = np.stack([_values(inputs[item.name], c) for c in range(CHANNELS)], axis=-1)
        given.append(item)
    each = [{n: x[..., c] if is_sound(ports[n]) else x for n, x in whole.items()} for c in range(CHANNELS)]
    return _typed(graph, graph.nodes[0], tuple(given)), whole, each


def mono(name: str) -> CompiledGraph:
    op, inputs = CASES[name]()
    graph = graph_of(op, inputs)
    legal = run(LEGALISE, graph)
    return CompiledGraph(graph, legal, legal)


@pytest.mark.parametrize("name", SOUNDS)
def test_an_op_on_channels_is_the_op_on_each(name: str) -> None:
    model, whole, each = over_channels(name)
    alone = mono(name)
    alone.use_variables(model.variables_by_node)
    if model.graph.losses:
        losses = [float(alone.losses(inputs)["total"]) for inputs in each]
        np.testing.assert_allclose(float(model.losses(whole)["total"]), np.mean(losses), rtol=1e-5)
        return
    results = model(whole, seed=5)
    for channel, inputs in enumerate(each):
        for output, expected in offline(alone, inputs, seed=5).items():
            signal, found = model.graph.types[Ref("n", output)], results[output].numpy()
            if signal.rate is Rate.AUDIO and found.ndim == 3 and expected.ndim == 2:
                found = found[..., channel]
            elif found.shape != expected.shape:
                width = expected.shape[-1]
                found = found[..., channel * width : (channel + 1) * width]
            np.testing.assert_allclose(found, expected, **ROUNDED, err_msg=output)
            assert all(d.size in (None, n) for d, n in zip(signal.dims, results[output].shape, strict=True))


@pytest.mark.parametrize("name", [n for n in SOUNDS if n not in WHOLE_CLIP and n != "spectral_loss"])
def test_an_op_on_channels_streams(name: str) -> None:
    model, whole, _ = over_channels(name)
    op, inputs = CASES[name]()
    hop = model.graph.clock.hop_samples or 1
    long = longer(op, inputs, hop)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    grown: dict[str, np.ndarray] = {}
    for port, x in long.items():
        has_axis = whole[port].ndim > inputs[port].ndim
        grown[port] = rng.permuted(np.repeat(x[..., None], CHANNELS, -1), axis=1) if has_axis else x
    _stream(model, grown, name)


def _stream(model: CompiledGraph, inputs: Mapping[str, np.ndarray], name: str) -> None:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    stream = dg.compile_stream(model)
    batch = max(x.shape[0] for x in inputs.values())
    clip = offline(model, inputs, seed=9)
    streamed = run_stream(stream, inputs, random_blocks(FRAMES, rng), batch=batch, seed=9)
    for output, difference in differences(stream, clip, streamed).items():
        assert difference <= tolerance(clip[output]), output


# -- voices ---------------------------------------------------------------------------------------------


def mapped(name: str) -> tuple[CompiledGraph, dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """A graph of one op with voices, of which the first input has values for each and the others are held."""
    op, inputs = CASES[name]()
    graph = graph_of(op, inputs)
    first = next(iter(inputs), "")
    given = tuple(replace(i, signal=replace(i.signal, voices=VOICES)) if i.name == first else i for i in graph.inputs)
    whole = {
        n: np.stack([_values(x, v) for v in range(VOICES)], axis=1) if n == first else x for n, x in inputs.items()
    }
    each = [{n: x[:, v] if n == first else x for n, x in whole.items()} for v in range(VOICES)]
    node = replace(graph.nodes[0], op=Mapped(inner=op, voices=VOICES, mixing="none"))
    return _typed(graph, node, given), whole, each


def _alone(op: Op, model: CompiledGraph, inputs: Mapping[str, np.ndarray], voice: int) -> dict[str, Any]:
    """The op by itself, with the noise of a voice."""
    graph = graph_of(op, inputs)
    name = f"n.voice_{voice}" if voice else "n"
    graph = graph.replace(nodes=(replace(graph.nodes[0], name=name),))
    report = Report()
    outputs = tuple((port, Ref(name, port)) for port in op.output_ports())
    legal = run(LEGALISE, infer(graph.replace(outputs=outputs, types={}), report))
    report.raise_errors()
    variables = {name: model.variables_by_node.get("n", {})}
    tensors = {key: tf.constant(x, tf.float32) for key, x in inputs.items()}
    refs = [Ref(name, port) for port in op.output_ports()]
    found = execute(legal, tensors, tf.constant(5, tf.int64), variables, refs)
    return {ref.port: x for ref, x in found.items()}


@pytest.mark.parametrize("name", [n for n in VOICED if CASES[n]()[1]])
def test_an_op_with_voices_is_the_op_for_each(name: str) -> None:
    model, whole, each = mapped(name)
    results = model(whole, seed=5)
    op, _ = CASES[name]()
    for voice, inputs in enumerate(each):
        for output, expected in _alone(op, model, inputs, voice).items():
            assert model.graph.types[Ref("n", output)].voices == VOICES
            found = results[output].numpy()[:, voice]
            wanted = np.broadcast_to(expected.numpy(), found.shape)
            np.testing.assert_allclose(found, wanted, **ROUNDED, err_msg=output)


@pytest.mark.parametrize("name", [n for n in VOICED if n not in WHOLE_CLIP and CASES[n]()[1]])
def test_an_op_with_voices_streams(name: str) -> None:
    model = mapped(name)[0]
    op, inputs = CASES[name]()
    if any(x.ndim == 3 and x.shape[1] == 1 for x in inputs.values()):
        return  # a frame that is held for all of the time: `tests/streaming/test_ops.py` has it
    long = longer(op, inputs, model.graph.clock.hop_samples or 1)
    first = next(iter(inputs))
    long[first] = np.stack([_values(long[first], v) for v in range(VOICES)], axis=1)
    _stream(model, long, name)


def test_noise_depends_on_the_voice() -> None:
    """The first hears what the node without voices hears, the others a noise each, every item of a batch the same."""
    model, _, _ = mapped("filtered_noise")
    _, inputs = CASES["filtered_noise"]()
    same = {"magnitudes": np.repeat(inputs["magnitudes"][:1, None], VOICES, axis=1).repeat(2, axis=0)}
    sound = model(same, seed=5)["signal"].numpy()
    alone = mono("filtered_noise")({"magnitudes": inputs["magnitudes"][:1]}, seed=5)["signal"].numpy()
    np.testing.assert_allclose(sound[0, 0], alone[0], **ROUNDED)
    np.testing.assert_allclose(sound[0], sound[1], **ROUNDED)
    unlike = np.corrcoef(sound[0]) - np.eye(VOICES)
    # Of so few samples through a filter: three standard deviations of the correlation of unlike noises.
    assert np.max(np.abs(unlike)) < 3.0 / np.sqrt(sound.shape[-1] / 4)


def test_a_batch_may_have_no_items() -> None:
    """Over voices and over channels, beside constants, which are one item for all."""
    spec = {
        "version": 2,
        "name": "none",
        "clock": {"sample_rate": "16 kHz", "hop": 64},
        "inputs": {"mono": {"rate": "audio"}, "stereo": {"rate": "audio", "channels": 2}},
        "nodes": {
            "plain": {"op": "hz_to_mel", "inputs": ["mono"], "voices": 3, "mix": "sum"},
            "noise": {"op": "filtered_noise", "inputs": [[0.5, 0.25]], "voices": 3, "mix": "sum"},
            "both": {"op": "add", "inputs": ["plain", "noise"]},
            "wide": {"op": "mod_delay", "inputs": {"audio": "stereo", "gain": 0.5, "phase": 0.5}},
        },
        "outputs": {"both": "both", "wide": "wide"},
    }
    model = dg.compile(spec)
    for batch in (0, 2):
        found = model({"mono": np.zeros([batch, 640]), "stereo": np.zeros([batch, 640, 2])})
        assert (found["both"].shape, found["wide"].shape) == ([batch, 640], [batch, 640, 2])


def _free(nodes: dict[str, object], **inputs: object) -> CompiledGraph:
    spec = {"version": 2, "name": "free", "clock": {"sample_rate": "16 kHz", "hop": 64}, "inputs": inputs}
    return dg.compile(spec | {"nodes": nodes, "outputs": {name: name for name in nodes}})


def test_one_channel_that_the_call_alone_knows_of_is_held_for_all() -> None:
    """Beside three, in items that differ: whichever port has them, and as the type says."""
    nodes: dict[str, object] = {
        "low": {"op": "one_pole", "inputs": {"audio": "b", "cutoff": "a"}},
        "high": {"op": "one_pole", "inputs": {"audio": "a", "cutoff": "b"}, "params": {"high_pass": True}},
    }
    model = _free(nodes, a={"rate": "audio", "channels": "k"}, b={"rate": "audio", "channels": 3})
    rng = np.random.default_rng(0)
    a, b = rng.uniform(100, 5000, [3, 128, 1]), rng.uniform(100, 5000, [3, 128, 3])
    for name, found in model({"a": a, "b": b}).items():
        wanted = model({"a": np.repeat(a, 3, axis=2), "b": b})[name].numpy()
        np.testing.assert_array_equal(found.numpy(), wanted, err_msg=name)
        assert str(model.graph.types[dict(model.graph.outputs)[name]]).startswith("[batch, 64*frames, 3]")


def test_voices_over_channels_that_the_call_alone_knows() -> None:
    filtered = {"op": "fir_filter", "inputs": {"audio": "a", "magnitudes": "m"}, "voices": 2, "mix": "stack"}
    model = _free({"y": filtered}, a={"rate": "audio", "channels": "k"}, m={"rate": "frame", "channels": 4})
    rng = np.random.default_rng(0)
    a, m = rng.uniform(-1, 1, [3, 128, 2]), rng.uniform(0, 1, [3, 2, 4])
    found = model({"a": a, "m": m})["y"].numpy()
    alone = _free({"y": filtered | {"voices": 1}}, a={"rate": "audio"}, m={"rate": "frame", "channels": 4})
    for channel in range(2):
        wanted = alone({"a": a[..., channel], "m": m})["y"].numpy()[..., 0]
        for voice in range(2):
            np.testing.assert_allclose(found[..., 2 * voice + channel], wanted, **ROUNDED)
