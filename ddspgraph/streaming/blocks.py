"""What a caller gives a stream against what it takes: names, shapes, whole frames. Checked at every block: brief."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.compiler.shape_hints import shape_hint
from ddspgraph.diagnostics import did_you_mean, fail
from ddspgraph.ir.graph import Input
from ddspgraph.streaming.plan import StreamPlan


def bind_constants(declared: tuple[Input, ...], given: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """The inputs that a stream begins with. Raises GraphError E603-E605."""
    for item in declared:
        if item.name not in given:
            message = f"the input '{item.name}' {item.signal} is needed when the stream begins"
            hint = (
                f"initial_state(constants={{'{item.name}': ...}}), or --inputs FILE.npz: it cannot change while it runs"
            )
            raise fail("E603", message, item.span, hint=hint)
    return _bind(declared, given)


def bind_block(
    plan: StreamPlan, declared: tuple[Input, ...], given: Mapping[str, Any] | int, length: str
) -> dict[str, tf.Tensor]:
    """The inputs of one block, or where there are none, its length. Raises GraphError E603-E606."""
    if not declared:
        samples = given if isinstance(given, int) else None
        if samples is None or samples < plan.hop or samples % plan.hop:
            message = f"a block is a number of samples here, whole frames of {plan.hop}, not {given!r}"
            raise fail("E605", message, hint=f"process(state, {16 * plan.hop})")
        return {length: tf.constant(samples, tf.int32)}
    if isinstance(given, int):
        raise fail("E605", f"a block of this graph holds {', '.join(i.name for i in declared)}, not {given}")
    for i in plan.graph.inputs:
        if i.name in given and i not in declared:
            hint = f"give it once, when the stream begins: initial_state(constants={{'{i.name}': ...}})"
            raise fail("E604", f"the input '{i.name}' is constant: no block holds it", i.span, hint=hint)
    bound = _bind(declared, given)
    counts: dict[str, Any] = {i.name: bound[i.name].shape[i.signal.time_axis] for i in declared}
    samples = {i.name: counts[i.name] * plan.timings[i.ref].hop for i in declared}
    first = next(iter(samples))
    if samples[first] < plan.hop or samples[first] % plan.hop:
        hint = f"give {-(-samples[first] // plan.hop) * plan.hop or plan.hop} samples"
        raise fail("E606", f"'{first}' has {samples[first]} samples: no whole frames of {plan.hop}", hint=hint)
    for name, n in samples.items():
        if n != samples[first]:
            message = f"'{name}' has {n} samples in this block, '{first}' {samples[first]}"
            count = samples[first] // plan.timings[plan.graph.input_by_name[name].ref].hop
            hint = f"give '{name}' {count} in this block"
            raise fail("E606", message, plan.graph.input_by_name[name].span, hint=hint)
    return bound


def _bind(declared: tuple[Input, ...], given: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    if len(given) != len(declared) or any(i.name not in given for i in declared):
        _check_names(declared, given)
    bound = {}
    for item in declared:
        x = given[item.name]
        if not tf.is_tensor(x) or x.dtype != tf.float32:
            x = tf.constant(np.asarray(x, np.float32))
        dims = item.signal.outer_dims
        if len(x.shape) != len(dims) or any(d.is_static and d.size != n for d, n in zip(dims, x.shape, strict=True)):
            message = f"the input '{item.name}' must be {item.signal.shape_text}, this is {list(x.shape)}"
            raise fail("E605", message, item.span, hint=shape_hint(item.signal, list(x.shape)))
        bound[item.name] = x
    return bound


def _check_names(declared: tuple[Input, ...], given: Mapping[str, Any]) -> None:
    names = [i.name for i in declared]
    for item in declared:
        if item.name not in given:
            hint = f"give it with the others: {{'{item.name}': ...}}"
            raise fail("E603", f"the input '{item.name}' {item.signal} is needed", item.span, hint=hint)
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names) or "there are none"
            raise fail("E604", f"there is no input '{name}' here", hint=hint)
