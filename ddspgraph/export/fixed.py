"""A graph, or the step of a stream, as a concrete function of tensors of fixed shapes, or of an open length: what a
portable target takes. Weights are still variables; names are those that runtimes will know."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.compiler.analysis.memory import check_memory
from ddspgraph.compiler.execute import execute
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.diagnostics import Report, fail, quote
from ddspgraph.dsp.numerics import static_shapes
from ddspgraph.export.facts import SEED, signature_arguments
from ddspgraph.export.saved_stream import arguments_of
from ddspgraph.export.targets import NEXT
from ddspgraph.ir.graph import Graph, Input
from ddspgraph.ir.op import Traits
from ddspgraph.ir.ports import is_wild
from ddspgraph.ir.types import Rate
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.nn.scan import layers_as_functions
from ddspgraph.streaming import tracer as stream
from ddspgraph.streaming.model import CompiledStream


@dataclass(frozen=True)
class Tensor:
    """One argument or result: `name` in the graph or stream, `tensor` in the runtime; None is an open length."""

    name: str
    tensor: str
    shape: tuple[int | None, ...]
    dtype: str

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "shape": list(self.shape)}


@dataclass(frozen=True)
class Fixed:
    """A concrete function of named tensors to a dict of tensors.

    Attributes:
      graph: as it was loaded.
      function: traced for targets that want shapes which no value decides; `reference`: as TensorFlow runs it.
      sizes: `batch`, `frames` and `samples` of a call; of an open length those of the first that is verified.
      latencies: of the outputs of a stream, in samples.
      initial: of the step of a stream, its first state by tensor; `next_NAME` replaces each. What no step changes is in
        the function.
    """

    graph: Graph
    function: Any
    reference: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    sizes: Mapping[str, int]
    latencies: Mapping[str, int] = field(default_factory=dict)
    initial: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether calls may have any length."""
        return any(None in t.shape for t in self.inputs)

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What TensorFlow makes of arrays by tensor, by tensor."""
        results = self.reference(**{name: tf.constant(x) for name, x in arrays.items()})
        return {name: x.numpy() for name, x in results.items()}


def fixed_graph(model: CompiledGraph, *, batch: int, samples: int, is_open: bool = False) -> Fixed:
    """The outputs of a graph at one length; `seed` (int32) is the last argument where there is randomness.

    Args:
      batch: items of a call.
      samples: length of a call; whole frames where the graph has frames.
      is_open: calls may have any length, `samples` is an example.

    Raises:
      GraphError: E416 for inputs whose number of channels is not known, for what is to be open and has a length of its
        own; E708 for what no memory holds.
    """
    graph = model.optimised
    if not is_open:
        graph = graph.replace(clock=replace(graph.clock, n_samples=samples))
    sizes = sizes_at(graph, batch, samples)
    check_sizes(graph, sizes, model.limits)
    roots = [ref for _, ref in graph.outputs]
    needed = graph.ancestors(tuple(roots))
    inputs = [i for i in graph.inputs if i.name in needed]
    arguments = _lower(signature_arguments(model.graph))
    if is_open and not any(_is_timed(i) for i in inputs):
        hint = "--seconds N or --frames N says how long it is"
        raise fail("E416", f"no input gives {quote(graph.name)} a length, so that none can be open", hint=hint)
    shapes = {i.name: _shape(i, sizes) for i in inputs}
    if is_open:
        shapes |= {i.name: _open(shapes[i.name], i.signal.time_axis) for i in inputs if _is_timed(i)}
    takes = [Tensor(i.name, arguments[i.name], shapes[i.name], "float32") for i in inputs]
    if is_random(graph):
        takes.append(Tensor(SEED, arguments[SEED], (), "int32"))

    def compute(given: Mapping[str, tf.Tensor]) -> Mapping[str, tf.Tensor]:
        tensors = {name: x for name, x in given.items() if name != SEED}
        seed = tf.cast(given.get(SEED, 0), tf.int64)
        values = execute(graph, tensors, seed, model.variables_by_node, roots)
        return {name: values[ref] for name, ref in graph.outputs}

    names = _free_names([name for name, _ in graph.outputs], {t.tensor for t in takes})
    return Fixed(model.graph, *_traces(compute, takes, names), sizes)


def fixed_step(
    model: CompiledStream,
    *,
    batch: int,
    samples: int,
    seed: int = 0,
    constants: Mapping[str, Any] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Fixed:
    """One block of a stream: (inputs, state, seed) -> (outputs, next state).

    What no block changes, such as an impulse response, is no state: it becomes a part of the function.

    Args:
      batch: items that run side by side.
      samples: of a block, whole frames.
      seed, constants: of the first state, and of what no block changes.

    Raises:
      GraphError: E416 for a block of no whole frames, E603-E605 for the constants, E708 for what no memory holds.
    """
    graph, arguments = model.plan.graph, _lower(arguments_of(model))
    _check_block(model, samples)
    sizes = sizes_at(graph, batch, samples)
    check_sizes(graph, sizes, limits)
    first = {name: x.numpy() for name, x in model.initial_state(batch, seed=seed, constants=constants).items()}
    given: dict[str, Any] = {stream.BATCH: first.pop(stream.BATCH)}  # shapes say it
    given[stream.SEED] = first.pop(stream.SEED)
    given |= {name: first.pop(name) for name, x in [*first.items()] if not x.size}  # which LiteRT cannot be given
    if not model.block_inputs:
        given[stream.LENGTH] = np.int32(samples)
    blocks = [Tensor(i.name, arguments[i.name], _shape(i, sizes, model), "float32") for i in model.block_inputs]
    seeds = []
    if is_random(graph):
        seeds = [Tensor(SEED, signature_arguments(model.graph)[SEED].lower(), (), "int32")]
    states = {name: Tensor(name, arguments[name], x.shape, str(x.dtype)) for name, x in first.items()}
    next_of = {name: NEXT + arguments[name] for name in first}

    def compute(tensors: Mapping[str, tf.Tensor]) -> Mapping[str, tf.Tensor]:
        fixed = {name: tf.constant(x) for name, x in given.items()}
        if seeds:
            fixed[stream.SEED] = tf.cast(tensors[SEED], tf.int64)
        results = model.traced_step({**fixed, **{n: x for n, x in tensors.items() if n != SEED}})
        changed = [name for name in states if results[name] is not tensors.get(name)]
        return {name: results[name] for name in (*model.output_names, *changed)}

    kept = _changed(compute, [*blocks, *states.values(), *seeds], states)
    given |= {name: first.pop(name) for name in [*first] if name not in kept}
    states = {name: states[name] for name in kept}
    takes = [*blocks, *states.values(), *seeds]
    names = {**_free_names(model.output_names, {*(t.tensor for t in takes), *next_of.values()}), **next_of}
    initial = {arguments[name]: x for name, x in first.items()}
    return Fixed(model.graph, *_traces(compute, takes, names), sizes, model.latencies, initial)


def _changed(
    compute: Callable[[Mapping[str, tf.Tensor]], Mapping[str, tf.Tensor]],
    takes: Sequence[Tensor],
    states: Mapping[str, Tensor],
) -> list[str]:
    """The parts of a state that a step gives anew."""
    found: list[str] = []

    def call(**given: tf.Tensor) -> list[tf.Tensor]:
        results = compute({t.name: given[t.tensor] for t in takes})
        found[:] = [name for name in states if name in results]
        return list(results.values())

    with static_shapes():
        specs = {t.tensor: tf.TensorSpec(t.shape, t.dtype, t.tensor) for t in takes}
        tf.function(call, autograph=False).get_concrete_function(**specs)
    return found


def _check_block(model: CompiledStream, samples: int) -> None:
    """Whether every block holds the same number of frames of every value. Raises GraphError E416."""
    whole = math.lcm(*(timing.hop for timing in model.plan.timings.values()))
    for ref, timing in model.plan.timings.items():
        if samples % timing.hop:
            node = model.plan.graph.node_by_name.get(ref.node)
            message = f"'{ref}' changes every {timing.hop} samples: a block of {samples} has no fixed number of them"
            raise fail("E416", message, node.span if node else None, hint=f"--block {-(-samples // whole) * whole}")


def _lower(arguments: Mapping[str, str]) -> dict[str, str]:
    """As TensorFlow names the arguments that it converts; they differ without regard to case."""
    return {name: argument.lower() for name, argument in arguments.items()}


def is_random(graph: Graph) -> bool:
    """Whether the outputs depend on a seed."""
    needed = graph.ancestors(tuple(ref for _, ref in graph.outputs))
    return any(Traits.RANDOM in node.op.traits for node in graph.nodes if node.name in needed)


def sizes_at(graph: Graph, batch: int, samples: int) -> dict[str, int]:
    """What the named dims are in a call of so many samples."""
    return {"batch": batch, "samples": samples, "frames": samples // (graph.clock.hop_samples or 1)}


def check_sizes(graph: Graph, sizes: Mapping[str, int], limits: Limits) -> None:
    """Raises GraphError E416 for inputs whose shape is not known, E708 for what no memory holds."""
    report = Report()
    needed = graph.ancestors(tuple(ref for _, ref in graph.outputs))
    for i in graph.inputs:
        if i.name in needed and any(is_wild(dim) for dim in i.signal.dims):
            hint = "write `channels: 8` at the input"
            report.add("E416", f"the shape {i.signal.shape_text} of '{i.name}' is not known", i.span, hint=hint)
    report.raise_errors()
    check_memory(graph, dict(sizes), limits, report)
    report.raise_errors()


def _is_timed(declared: Input) -> bool:
    return declared.signal.rate is not Rate.CONST


def _shape(declared: Input, sizes: Mapping[str, int], model: CompiledStream | None = None) -> tuple[int | None, ...]:
    shape: list[int | None] = [dim.at(sizes) for dim in declared.signal.outer_dims]
    if model is not None:  # its frames may be apart by another hop than the clock's
        shape[declared.signal.time_axis] = sizes["samples"] // model.plan.timings[declared.ref].hop
    return tuple(shape)


def _open(shape: tuple[int | None, ...], axis: int) -> tuple[int | None, ...]:
    return (*shape[:axis], None, *shape[axis + 1 :])


def _traces(
    compute: Callable[[Mapping[str, tf.Tensor]], Mapping[str, tf.Tensor]],
    takes: Sequence[Tensor],
    names: Mapping[str, str],
) -> tuple[Any, Any, tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The function for targets, the one that TensorFlow would run, and what they take and give.

    `names` says what a runtime calls what `compute` gives.
    """
    order: list[str] = []

    def call(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        results = compute({t.name: given[t.tensor] for t in takes})
        order[:] = results
        return {names[name]: x for name, x in results.items()}

    specs = {t.tensor: tf.TensorSpec(t.shape, t.dtype, t.tensor) for t in takes}
    with static_shapes(), layers_as_functions():
        function = tf.function(call, autograph=False).get_concrete_function(**specs)
    reference = tf.function(call, autograph=False).get_concrete_function(**specs)
    made = function.structured_outputs
    gives = [Tensor(n, names[n], tuple(made[names[n]].shape), made[names[n]].dtype.name) for n in order]
    return function, reference, tuple(takes), tuple(gives)


def _free_names(names: Sequence[str], taken: set[str]) -> dict[str, str]:
    """What runtimes call outputs: an ONNX model may use a name once, so `audio` of the input `audio` is `audio_out`."""
    found: dict[str, str] = {}
    for name in names:
        found[name] = name
        while found[name] in taken:
            found[name] += "_out"
        taken.add(found[name])
    return found
