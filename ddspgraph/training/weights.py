"""The variables of a graph by `node/weight`: what files hold, and how they come back."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.data.foreign import foreign_kind
from ddspgraph.diagnostics import Diagnostic, Report, Span, did_you_mean, fail, quote
from ddspgraph.export.facts import is_export
from ddspgraph.files import open_file, place, write_atomically
from ddspgraph.training.checkpoints import newest_checkpoint
from ddspgraph.training.observer import python_warning
from ddspgraph.training.run_folder import CHECKPOINTS, is_run

#: Where TensorFlow keeps a variable of `SavedModule.variables_by_node`, as its checkpoint names it.
_SAVED, _VALUE = "variables_by_node/", "/.ATTRIBUTES/VARIABLE_VALUE"
_Path = str | os.PathLike[str]


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


def write_weights(model: CompiledGraph, path: _Path) -> None:
    """All weights as arrays `node/weight` in one .npz: whole or not at all. Raises GraphError E607."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {name: variable.numpy() for name, variable in weights_of(model).items()}
    np.savez(buffer, **arrays)
    write_atomically(path, buffer.getvalue())


def load_weights(model: CompiledGraph, path: _Path) -> None:
    """Gives a model the weights of `read_weights`. Raises GraphError E601, E602, E615, E616; then nothing changes."""
    assign(weights_of(model), read_weights(path), place(path))


def read_weights(path: _Path, warn: Callable[[Diagnostic], None] = python_warning) -> dict[str, np.ndarray]:
    """The arrays by `node/weight` of a file of `write_weights`, a checkpoint, a run, or an exported SavedModel.

    An export is read as data: nothing of its program runs.

    Args:
      path: of the file or folder.
      warn: told W112 of every newer checkpoint of a run that is damaged.

    Raises:
      GraphError: E601 where there is nothing, E602 where it is none of these, E615 a run without a checkpoint.
    """
    folder = Path(path)
    if is_run(folder):
        return newest_checkpoint(folder / CHECKPOINTS, warn).weights()
    if is_export(folder):
        return _of_export(folder)
    hint = "take what `save_weights` wrote, a checkpoint (.npz), a run, or the folder of a SavedModel of ddspgraph"
    if folder.is_dir():
        raise fail("E602", "there are no weights in this folder", place(path), hint=foreign_kind(path) or hint)
    if not folder.exists():
        raise fail("E601", "there are no weights here", place(path), hint=foreign_kind(path) or hint)
    with open_file(path) as file:
        try:
            with np.load(io.BytesIO(file.read()), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError):
            raise fail("E602", "this is not a file of weights", place(path), hint=hint) from None
    of_checkpoint = {name.removeprefix("weights/"): x for name, x in arrays.items() if name.startswith("weights/")}
    return of_checkpoint or arrays


def _of_export(folder: Path) -> dict[str, np.ndarray]:
    try:
        reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        names = [n for n in reader.get_variable_to_shape_map() if n.startswith(_SAVED) and n.endswith(_VALUE)]
        found = {name: reader.get_tensor(name) for name in names}
    except (tf.errors.OpError, ValueError, IndexError):
        raise fail("E602", "the variables of this export are damaged", place(folder)) from None
    return {name[len(_SAVED) : -len(_VALUE)]: value for name, value in found.items()}
