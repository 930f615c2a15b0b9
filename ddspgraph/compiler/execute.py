"""Runs a graph on tensors, in order: what a `tf.function` traces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from ddspgraph.compiler.shared_traces import SharedTraces
from ddspgraph.ir.call import run_kernel
from ddspgraph.ir.folding import fold, unfold
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.mapped import streams_of
from ddspgraph.ir.op import Op, Sizes, Traits
from ddspgraph.ir.types import FRAMES, Rate, Signal


def evaluate(op: Op, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
    """One kernel on arrays, as NumPy: what `fold_constants` calls. CPU, eagerly."""
    with tf.device("CPU"), tf.init_scope():
        inputs = {name: tf.constant(value) for name, value in tensors.items()}
        results = run_kernel(op, inputs, seed=0, stream=0, sizes=None, variables={})
        return {name: value.numpy() for name, value in results.items()}


def whole_frames(graph: Graph, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Audio zero-padded at its end to a whole number of frames, where the graph has frames."""
    hop = graph.clock.hop_samples
    padded = dict(inputs)
    for name, x in inputs.items():
        if hop and graph.input_by_name[name].signal.rate is Rate.AUDIO:
            missing = tf.math.floormod(-tf.shape(x)[1], hop)
            padded[name] = tf.pad(x, [[0, 0], [0, missing]] + [[0, 0]] * (len(x.shape) - 2))
    return padded


def sizes_of(graph: Graph, inputs: Mapping[str, tf.Tensor]) -> Sizes:
    """Batch, frames and samples of a call: from the inputs, else from the clock's nominal duration."""
    hop = graph.clock.hop_samples
    batch: Any = tf.constant(1)
    for name, x in list(inputs.items())[:1]:
        batch = tf.shape(x)[0] // (graph.input_by_name[name].signal.voices or 1)
    frames: Any = graph.clock.n_frames
    samples: Any = graph.clock.n_samples
    for name, x in inputs.items():
        rate = graph.input_by_name[name].signal.rate
        if rate is Rate.FRAME:
            frames = tf.shape(x)[1]
            samples = frames * hop if hop else samples
        elif rate is Rate.AUDIO:
            samples = tf.shape(x)[1]
            frames = samples // hop if hop else frames
    return Sizes(batch, frames, samples)


@tf.autograph.experimental.do_not_convert  # a caller's tf.function would rewrite every kernel, for seconds
def execute(
    graph: Graph,
    inputs: Mapping[str, tf.Tensor],
    seed: Any,
    variables: Mapping[str, Mapping[str, Any]],
    wanted: Iterable[Ref],
) -> dict[Ref, tf.Tensor]:
    """The wanted values of a legal graph. `inputs` need only hold what they depend on."""
    wanted = tuple(wanted)
    needed = graph.ancestors(wanted)
    rows = {name: folded(graph.input_by_name[name].signal, x) for name, x in inputs.items()}
    given = whole_frames(graph, {k: v for k, v in rows.items() if k in needed})
    sizes = sizes_of(graph, given)
    values: dict[Ref, tf.Tensor] = {Ref(name): x for name, x in given.items()}
    nodes = [node for node in graph.nodes if node.name in needed]
    shared = SharedTraces(nodes)
    for node in nodes:
        inputs_of_node = {port: values[ref] for port, ref in node.inputs}
        own = own_of(node, variables_of(node, variables))
        with tf.name_scope(scope_of(node.name)):
            results = shared(node, kernel_of(node.op, seed, sizes), inputs_of_node, own)
        values.update({Ref(node.name, port): value for port, value in results.items()})
    lengths = _given_length(graph, rows)
    return {ref: unfolded(graph.types[ref], _cropped(graph, ref, values[ref], lengths)) for ref in wanted}


def folded(signal: Signal, x: tf.Tensor) -> tf.Tensor:
    """A value as the graph has it, of one with the axes that a caller gives."""
    return x if signal.voices is None else fold(x)


def unfolded(signal: Signal, x: tf.Tensor) -> tf.Tensor:
    """A value with the axes that a caller gets, of one as the graph has it."""
    return x if signal.voices is None else unfold(x, signal.voices)


def kernel_of(op: Op, seed: Any, sizes: Sizes) -> Callable[..., dict[str, tf.Tensor]]:
    """The kernel of an op as a function of tensors by port, and of `own_of` a node."""

    def compute(inputs: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        stream, variables = own.get("stream", 0), own.get("variables", {})
        return run_kernel(op, inputs, seed=seed, stream=stream, sizes=sizes, variables=variables)

    return compute


def variables_of(node: Node, variables: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a node computes with: its own variables by name, or those of its members as `member/name`."""
    if not node.members:
        return variables.get(node.weights_name, {})
    return {f"{name}/{weight}": x for name, own in node.members for weight, x in variables.get(own, {}).items()}


def own_of(node: Node, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What else than its inputs a kernel of this node takes that is another for every node."""
    traits = node.op.traits
    own: dict[str, Any] = {"variables": variables} if Traits.TRAINABLE in traits else {}
    return own | {"stream": streams_of(node.name, node.op)} if Traits.RANDOM in traits else own


def scope_of(name: str) -> str:
    """TensorFlow scopes begin with a letter, digit or dot."""
    return "." + name if name.startswith("_") else name


def _given_length(graph: Graph, inputs: Mapping[str, tf.Tensor]) -> Any:
    """Samples of the audio that was given, before it was padded; None where none was."""
    lengths = [tf.shape(x)[1] for name, x in inputs.items() if graph.input_by_name[name].signal.rate is Rate.AUDIO]
    return lengths[0] if lengths and graph.clock.hop_samples else None


def _cropped(graph: Graph, ref: Ref, value: tf.Tensor, length: Any) -> tf.Tensor:
    """Audio as long as the audio that came in, without what padding added."""
    signal, hop = graph.types[ref], graph.clock.hop_samples
    if length is None or signal.rate is not Rate.AUDIO or signal.rank < 2:
        return value
    time = signal.dims[1]
    exact = hop is not None and time == FRAMES * hop
    return value[:, :length] if exact else value
