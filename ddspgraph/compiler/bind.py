"""What a caller gives against what the graph takes: names, shapes, lengths, memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.analysis.memory import MOST_KEPT, check_memory
from ddspgraph.compiler.shape_hints import count_hint, shape_hint
from ddspgraph.diagnostics import Report, did_you_mean
from ddspgraph.ir.array_checks import raw_samples, swapped_axes
from ddspgraph.ir.graph import Graph, Input
from ddspgraph.ir.ports import SHARED_DIMS, is_wild
from ddspgraph.ir.types import Rate
from ddspgraph.limits import Limits


def bind_inputs(
    written: Graph, graph: Graph, inputs: Mapping[str, Any], needed: set[str], limits: Limits
) -> dict[str, tf.Tensor]:
    """The needed inputs as float32 tensors; more than is needed may be given.

    Args:
      written: the graph as its author wrote it, whose types the sizes must fit.
      graph: what is run, whose memory is estimated.

    Raises GraphError: E603 missing, E604 unknown, E605 shape or type, E606 lengths, E708 memory.
    """
    report = Report()
    for name in inputs:
        if name not in graph.input_by_name:
            hint = did_you_mean(name, list(graph.input_by_name)) or "the graph has no inputs"
            report.add("E604", f"the graph has no input '{name}'", None, hint=hint)
    bound: dict[str, tf.Tensor] = {}
    for name in (i.name for i in graph.inputs if i.name in needed):
        declared = graph.input_by_name[name]
        if inputs.get(name) is None:
            hint = f"call it with {{'{name}': an array of {declared.signal.shape_text}}}"
            report.add("E603", f"the input '{name}' {declared.signal} is needed", declared.span, hint=hint)
        else:
            tensor = _tensor(declared, inputs[name], report)
            if tensor is not None:
                bound[name] = tensor
    report.raise_errors()
    sizes = _lengths(graph, bound, report)
    report.raise_errors()
    if sizes is not None:
        _check_types(written, set(bound), sizes, report)
        report.raise_errors()
        check_memory(graph, sizes, limits, report)
        report.raise_errors()
    return bound


def _tensor(declared: Input, value: Any, report: Report) -> tf.Tensor | None:
    try:
        tensor = value if tf.is_tensor(value) else tf.convert_to_tensor(np.asarray(value))
        if tensor.dtype.is_complex or tensor.dtype == tf.string:
            kind = "text" if tensor.dtype == tf.string else "complex: its imaginary part would be lost"
            raise ValueError(f"it is {kind}")
        tensor = tf.cast(tensor, tf.float32)
    except (ValueError, TypeError, tf.errors.OpError) as error:
        hint = f"give an array of {declared.signal.shape_text}, its rows of equal lengths"
        if type(value).__module__.startswith("keras"):  # a symbolic tensor of a model under construction
            hint = "inside of a Keras model call `model.layer()`, a Keras layer of the graph"
        message = f"the input '{declared.name}' is not an array of numbers: {str(error).splitlines()[0]}"
        report.add("E605", message, declared.span, hint=hint)
        return None
    given = None if tf.is_tensor(value) else np.asarray(value)
    problem = None if given is None else swapped_axes(given.shape, declared) or raw_samples(given.dtype, declared)
    if problem is not None:
        report.add("E605", problem.message, declared.span, hint=problem.hint)
        return None
    signal = declared.signal
    shape = tensor.shape.as_list() if tensor.shape.rank is not None else None
    if shape is None:
        return tensor
    dims = signal.outer_dims
    if len(shape) != len(dims) or any(
        dim.size is not None and size not in (None, dim.size) for dim, size in zip(dims, shape, strict=False)
    ):
        report.add(
            "E605",
            f"the input '{declared.name}' must be {signal.shape_text}, this is {shape}",
            declared.span,
            hint=shape_hint(signal, shape),
        )
        return None
    return tensor


def _lengths(graph: Graph, bound: Mapping[str, tf.Tensor], report: Report) -> dict[str, int] | None:
    """The sizes of the named dims; None inside of a trace, where they are not known."""
    hop = graph.clock.hop_samples
    frames = {i.name for i in graph.inputs if i.signal.rate is Rate.FRAME}
    sizes: dict[str, int] = {}
    said: dict[str, str] = {}
    for name, tensor in bound.items():
        signal = graph.input_by_name[name].signal
        time = signal.dims[1] if signal.rank > 1 else None
        for dim, size in zip(signal.outer_dims, tensor.shape.as_list(), strict=True):
            if dim.is_static:
                continue
            if size is None:
                return None
            key, count = dim.name, size
            if is_wild(dim) and size == 0:
                message = f"'{key}' is 0 in '{name}', which is {tensor.shape.as_list()}: it is at least 1"
                report.add("E605", message, graph.input_by_name[name].span)
                continue
            if is_wild(dim) and sizes.get(key, size) != size:
                message = f"'{key}' is {size} in '{name}', which is {tensor.shape.as_list()}, and {sizes[key]} in"
                report.add("E605", f"{message} '{said[key]}'", graph.input_by_name[name].span)
                continue
            if signal.rate is Rate.AUDIO and dim is time and hop:
                key, count = "frames", -(-size // hop)
            if sizes.setdefault(key, count) != count:
                what = "samples" if signal.rate is Rate.AUDIO and dim is time else key
                are = f", which are {count} frames of {hop}" if count != size else ""
                message = f"'{name}' has {_counted(size, what)}{are}, '{said[key]}' has {_counted(sizes[key], key)}"
                hint = count_hint(name, count, said[key], sizes[key], key, hop, frames)
                report.add("E606", message, graph.input_by_name[name].span, hint=hint)
            said.setdefault(key, name)
    clock = graph.clock
    if clock.is_fixed and clock.n_frames is not None and sizes.get("frames", clock.n_frames) != clock.n_frames:
        report.add(
            "E606",
            f"a node says n_samples = {clock.n_samples}, the inputs make {sizes['frames'] * (hop or 1)}",
            clock.span,
            hint="delete n_samples: the length follows from the inputs",
        )
    if hop and "frames" in sizes:
        sizes["samples"] = sizes["frames"] * hop
    return sizes


def _counted(size: int, what: str) -> str:
    """`1 item in its batch`, `250 frames`."""
    if what == "batch":
        return f"{size} item{'s' * (size != 1)} in its batch"
    return f"{size} {what if size != 1 else what.removesuffix('s')}"


def _check_types(graph: Graph, bound: set[str], sizes: Mapping[str, int], report: Report) -> None:
    """Checks what the types left open, free sizes and lengths, as `check` does: at the author's lines.

    The graph keeps the sizes that fitted: inferring its types again costs more than a small graph's run.
    """
    known = {name: size for name, size in sizes.items() if name != "batch"}
    call = frozenset(bound), frozenset(known.items())
    if call in graph.fitting:
        return
    given = graph.replace(inputs=tuple(i for i in graph.inputs if i.name in bound))
    found = Report()
    types = infer(given, found, known).types
    free = [f"{name} = {size}" for name, size in known.items() if name not in SHARED_DIMS]
    where = f" (with {', '.join(free)})" if free else ""
    for error in found.diagnostics:
        report.add("E605", error.message + where, error.span, *error.notes, hint=error.hint)
    for ref, signal in types.items():
        if ref in graph.types and signal.rank != graph.types[ref].rank and not report.has_errors:
            message = f"'{ref}' is {graph.types[ref].shape_text} in this graph, and would be {signal.shape_text}{where}"
            report.add("E605", message, graph.node_by_name[ref.node].span)
    if not report.has_errors:
        if len(graph.fitting) >= MOST_KEPT:
            graph.fitting.clear()
        graph.fitting.add(call)
