"""The variables of a graph by `node/weight`: what checkpoints hold, and how they come back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.diagnostics import Report, Span, did_you_mean, fail, quote


def weights_of(model: CompiledGraph) -> dict[str, tf.Variable]:
    """All variables, those that no gradient moves included, by `node/weight`."""
    return {f"{node}/{name}": v for node, named in model.variables_by_node.items() for name, v in named.items()}


def trained_weights_of(model: CompiledGraph) -> dict[str, tf.Variable]:
    """Those that a gradient moves."""
    return {name: variable for name, variable in weights_of(model).items() if variable.trainable}


def assign(variables: Mapping[str, tf.Variable], values: Mapping[str, np.ndarray], place: Span) -> None:
    """Gives every variable its value.

    Raises:
      GraphError: E616 where one is missing or has another shape, all of them at once; nothing is assigned then.
    """
    report = Report()
    for name, variable in variables.items():
        if name not in values:
            report.add("E616", f"it has no {quote(name)}", place, hint=did_you_mean(name, list(values)))
        elif list(values[name].shape) != variable.shape.as_list():
            has, wants = list(values[name].shape), variable.shape.as_list()
            report.add("E616", f"its {quote(name)} is {has}, that of the graph is {wants}", place, hint=_SHAPE_HINT)
    report.raise_errors()
    for name, variable in variables.items():
        variable.assign(values[name])


_SHAPE_HINT = "use the spec and the --set values that it was trained with, or begin a new run"


def assign_nodes(
    model: CompiledGraph, values: Mapping[str, np.ndarray], nodes: tuple[str, ...], place: Span
) -> tuple[str, ...]:
    """Gives the weights of some nodes, of all where none is named, their values; returns the nodes.

    Raises GraphError E616.
    """
    known = model.variables_by_node
    for node in nodes:
        if node not in known:
            message = f"there is no node {quote(node)} with weights in the graph"
            raise fail("E616", message, place, hint=did_you_mean(node, list(known)))
    chosen = nodes or tuple(known)
    assign({n: v for n, v in weights_of(model).items() if n.split("/")[0] in chosen}, values, place)
    return chosen
