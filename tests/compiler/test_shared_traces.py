"""Nodes alike share one trace: what they compute is what each would alone, and more of them make no more functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.compiler import shared_traces
from ddspgraph.compiler.driver import compile_stream

N = 4
#: Of each kind node number i: from inputs alone, with literals of its own, with noise of its own, with weights too.
KINDS = {
    "filter": "{op: fir_filter, inputs: [audio, m]}",
    "tone": "{op: harmonic, inputs: {amplitudes: level, harmonic_distribution: [1.0, 0.5], f0_hz: HZ Hz},"
    " params: {scale_fn: null}}",
    "shelf": "{op: fir_filter, inputs: {audio: audio, magnitudes: [1.0, 0.5, 0.HZ]}}",
    "wind": "{op: filtered_noise, inputs: [m]}",
    "room": "{op: filtered_noise_reverb, inputs: [audio], params: {trainable: true, reverb_length: 640, n_frames: 5}}",
}


def spec(n: int, kinds: tuple[str, ...] = tuple(KINDS)) -> str:
    """`n` nodes of each kind; every node is an output."""
    nodes = {f"{kind}{i}": KINDS[kind].replace("HZ", str(220 + i)) for kind in kinds for i in range(n)}
    lines = "".join(f"  {name}: {node}\n" for name, node in nodes.items())
    level = "level: {rate: frame, unit: linear}, " if "tone" in kinds else ""
    return (
        "version: 2\nname: alike\nclock: {sample_rate: 16 kHz, hop: 64}\n"
        f"inputs: {{audio: {{rate: audio}}, {level}m: {{rate: frame, unit: raw, channels: 9}}}}\n"
        f"nodes:\n{lines}outputs: {{{', '.join(f'{name}: {name}' for name in nodes)}}}\n"
    )


@pytest.fixture(scope="module")
def inputs() -> dict[str, tf.Tensor]:
    rng = np.random.default_rng(0)
    found = {"audio": rng.normal(size=(2, 384)), "level": rng.uniform(size=(2, 6, 1)), "m": rng.normal(size=(2, 6, 9))}
    return {name: tf.constant(x, tf.float32) for name, x in found.items()}


def results_of(model: Any, inputs: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    """All outputs, the gradients of a sum over them, and the outputs of two blocks of a stream."""
    inputs = {i.name: inputs[i.name] for i in model.graph.inputs}
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = model(inputs, seed=3)
        total = tf.add_n([tf.reduce_sum(y * tf.cos(tf.range(384.0))) for y in outputs.values()])
    weights = {v.name: v for v in model.variables}
    gradients = tape.gradient(total, {**inputs, **weights})
    stream = compile_stream(model)
    state, blocks = stream.initial_state(2, seed=3), []
    for frames in (slice(0, 2), slice(2, 6)):
        block = {name: x[:, frames] for name, x in inputs.items() if name != "audio"}
        samples = slice(64 * frames.start, 64 * frames.stop)
        state, block_outputs = stream.process(state, {**block, "audio": inputs["audio"][:, samples]})
        blocks.append(block_outputs)
    streamed = {f"stream {name}": np.concatenate([block[name] for block in blocks], axis=1) for name in blocks[0]}
    found = {**outputs, **{f"gradient of {name}": x for name, x in gradients.items()}}
    return {name: x.numpy() for name, x in found.items()} | streamed


#: Without the harmonics, whose gradients cost more than all of the others and go no other way.
AS_ALONE = ("filter", "shelf", "wind", "room")


def test_shared_is_as_alone(inputs: dict[str, tf.Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_traces, "_LEAST_NODES", 2)
    shared = results_of(dg.compile(spec(2, AS_ALONE)), inputs)
    monkeypatch.setattr(shared_traces, "_LEAST_NODES", 3)
    alone = results_of(dg.compile(spec(2, AS_ALONE)), inputs)
    assert shared.keys() == alone.keys()
    for name, wanted in alone.items():
        assert np.abs(wanted).max() > 0.0, name
        # The same operations on the same numbers; TensorFlow may merge what it sees at once, in another order of sums.
        np.testing.assert_allclose(shared[name], wanted, rtol=0.0, atol=1e-6 * np.abs(wanted).max(), err_msg=name)
    assert np.abs(shared["wind0"] - shared["wind1"]).max() > 0.0, "each node has noise of its own"


def functions_in(concrete: Any) -> dict[str, Any]:
    return {function.signature.name: function for function in concrete.graph.as_graph_def().library.function}


@pytest.mark.parametrize("is_stream", [False, True], ids=["graph", "stream"])
def test_functions_do_not_grow_with_nodes(is_stream: bool) -> None:
    found = []
    for n in (N, 2 * N):
        model = dg.compile(spec(n))
        found.append(compile_stream(model).step if is_stream else model.render.get_concrete_function())
    few, many = found
    # The names of functions within say nothing: a kernel's loops and branches are functions too.
    assert len(functions_in(few)) == len(functions_in(many)) > 0
    n_operations = [len(concrete.graph.get_operations()) for concrete in found]
    assert n_operations[1] - n_operations[0] < N * len(KINDS) * 40, "a node costs its call, its literals and its state"


def test_functions_stay_whole() -> None:
    """What keeps TensorFlow from copying a function for each call: see `shared_traces`."""
    concrete = dg.compile(spec(N, ("tone", "wind"))).render.get_concrete_function()
    graph, functions = concrete.graph, functions_in(concrete)
    calls = [op for op in graph.get_operations() if op.type.endswith("PartitionedCall")]
    assert len(calls) == 2 * N
    for call in calls:
        function = functions[call.get_attr("f").name]
        assert function.attr["_noinline"].b
        held = [node.op for node in function.node_def if node.op not in ("Identity", "NoOp")]
        assert len(held) == 1
        assert held[0].endswith("PartitionedCall")
    tone = next(call for call in calls if call.name.startswith("tone"))
    assert sorted(x.op.type for x in tone.inputs).count("PlaceholderWithDefault") == 2, "both literals"


def test_small_kernels_are_traced_where_they_stand() -> None:
    lines = "".join(f"  n{i}: {{op: multiply, inputs: [{f'n{i - 1}' if i else 'x'}, 0.5]}}\n" for i in range(N + 1))
    head = "version: 2\nname: a\nclock: {sample_rate: 16 kHz}\ninputs: {x: {rate: audio}}\n"
    model = dg.compile(f"{head}nodes:\n{lines}outputs: {{y: n{N}}}\n")
    assert not functions_in(model.render.get_concrete_function())
