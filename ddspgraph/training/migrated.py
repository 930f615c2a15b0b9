"""A folder that magenta/ddsp's trainer wrote -> a run: the graph, its weights, and Adam where it was."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from ddspgraph.compiler.driver import compile, load
from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.diagnostics import Diagnostic, Report
from ddspgraph.export.staged_folder import check_target, staged_folder
from ddspgraph.files import place
from ddspgraph.ir.op import Op
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations import MigrationResult, migrate_document
from ddspgraph.migrations.checkpoint.adam import AdamState, adam_state
from ddspgraph.migrations.checkpoint.folder import TrainedFolder, trained_folder
from ddspgraph.migrations.checkpoint.match import match
from ddspgraph.migrations.checkpoint.tracked import TrackedCheckpoint, Variable, open_checkpoint, whole
from ddspgraph.migrations.gin_options import GinOptions
from ddspgraph.migrations.sources import open_spec
from ddspgraph.training.checkpoints import write_checkpoint
from ddspgraph.training.log import append_event
from ddspgraph.training.progress import Progress
from ddspgraph.training.run_folder import CHECKPOINTS, SPEC, OpsFile, write_run
from ddspgraph.training.weights import trained_weights_of, weights_of

_Path = str | os.PathLike[str]
_ANEW = "nothing: the weights are whole, and Adam finds its pace again in some hundred steps"


@dataclass(frozen=True)
class MigratedRun:
    """What became of a training of magenta/ddsp.

    Attributes:
      spec: the graph as text, and the report of the gin file.
      gin: the files that said what the model is.
      checkpoint: the index file that was read.
      step: updates that Adam has taken.
      weights: `node/weight` -> the path of its variable, `model/decoder/dense_out/kernel`.
      warnings: of the graph; W138 for variables that the run does not have, W139 for what is not known of Adam.
    """

    spec: MigrationResult
    gin: tuple[Path, ...]
    checkpoint: Path
    step: int
    weights: Mapping[str, str]
    warnings: tuple[Diagnostic, ...]


def migrate_run(
    folder: _Path,
    run: _Path,
    *,
    gin: Sequence[_Path] = (),
    gin_path: Sequence[_Path] = (),
    gin_params: Sequence[str] = (),
    frame_rate_hz: float | None = None,
    ops: Iterable[type[Op]] = (),
    ops_files: Iterable[OpsFile] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> MigratedRun:
    """Makes a run of a folder that magenta/ddsp's trainer wrote: `transfer`, `evaluate`, `compile` and `train` take it.

    The checkpoint is read as data: nothing of the program that wrote it runs.

    >>> done = dg.migrate_run("violin_ddsp", "violin")
    >>> model = dg.load_run("violin")

    Args:
      folder: with `ckpt-N.index`, `ckpt-N.data-*` and `operative_config-N.gin`; or one checkpoint, `FOLDER/ckpt-300`.
      run: the folder to make.
      gin: gin files of the model, in place of the operative config.
      gin_path, gin_params, frame_rate_hz: as of `migrate`.
      ops: classes of your own that the model needs.
      ops_files: where they come from, for the run to remember.
      limits: bounds on the gin files and on the memory of the graph.

    Raises:
      GraphError: what `migrate` and `load` raise; E905 a damaged checkpoint, E906 one that does not fit the graph,
        E907 no gin file, E908 no checkpoint of magenta/ddsp, E909 weights that are not finite; E607 where the run
        cannot be written. Nothing is written then.
    """
    check_target(run, lambda folder: False)
    found = trained_folder(folder, gin)
    options = GinOptions(gin_path, gin_params, found.gin[1:], frame_rate_hz, found.name)
    spec = migrate_document(open_spec(found.gin[0], gin=options, limits=limits))
    graph = load(read_text(spec.text, os.path.join(os.fsdecode(run), SPEC), limits), ops=ops, limits=limits)
    checkpoint, number = open_checkpoint(found.prefix)
    model = compile(graph, limits=limits)
    shapes = {node: {n: _shape(v) for n, v in named.items()} for node, named in model.variables_by_node.items()}
    matched = match(checkpoint, number, graph, shapes)
    adam = adam_state(checkpoint, number)
    report = Report()
    arrays = _weights(checkpoint, model, matched.variables, report)
    report.raise_errors()
    step, slots = _adam(checkpoint, model, matched.variables, adam, found, report)
    for variable in matched.unused:
        hint = "give the gin file that has this part, if the model needs it"
        report.add("W138", f"its {variable} belongs to no node of the graph", place(checkpoint.path), hint=hint)
    with staged_folder(run, lambda folder: False) as staged:
        state = Progress(step=step).as_state()
        keep = graph.training.checkpoints_to_keep
        write_checkpoint(staged / CHECKPOINTS, step, {**arrays, **slots}, state, keep=keep)
        append_event(staged, "migrated", step=step, checkpoint=found.prefix.name, gin=[path.name for path in found.gin])
        write_run(staged, graph, graph.training, [], ops=ops_files)
    paths = {name: variable.path for name, variable in matched.variables.items()}
    warnings = (*spec.warnings, *graph.warnings, *report.diagnostics)
    return MigratedRun(spec, found.gin, checkpoint.path, step, paths, warnings)


def _weights(
    checkpoint: TrackedCheckpoint, model: CompiledGraph, variables: Mapping[str, Variable], report: Report
) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint of a run. Reports E909, raises GraphError E905."""
    found = {}
    for name, weight in weights_of(model).items():
        values = _shaped(checkpoint, variables[name], _shape(weight))
        if not np.isfinite(values).all():
            message = f"its {variables[name]} has values that are not finite: the training had gone astray"
            report.add("E909", message, place(checkpoint.path), hint="give an earlier checkpoint, `FOLDER/ckpt-N`")
        found[f"weights/{name}"] = values
    return found


def _adam(
    checkpoint: TrackedCheckpoint,
    model: CompiledGraph,
    variables: Mapping[str, Variable],
    adam: AdamState,
    folder: TrainedFolder,
    report: Report,
) -> tuple[int, dict[str, np.ndarray]]:
    """Its updates, and the arrays of its slots: zeros, with W139, where there are none. Raises GraphError E905."""
    where = place(checkpoint.path)
    step = folder.step
    if adam.iterations is not None:
        step = int(checkpoint.read(adam.iterations))
    slots: dict[str, np.ndarray] = {}
    for name, weight in trained_weights_of(model).items():
        variable, shape = variables[name], _shape(weight)
        pair = adam.slots.get(variable.number)
        if pair is None:
            report.add(
                "W139", f"it has no slots of Adam for {whole(variable.path)}: they begin at 0", where, hint=_ANEW
            )
        for i, slot in enumerate(("m", "v")):
            values = np.zeros(shape, np.float32) if pair is None else _shaped(checkpoint, pair[i], shape)
            if not np.isfinite(values).all():
                report.add("W139", f"its {pair[i] if pair else slot} is not finite: it begins at 0", where, hint=_ANEW)
                values = np.zeros(shape, np.float32)
            slots[f"adam_{slot}/{name}"] = values
    return step, {**slots, "adam_iterations": np.array(step, np.int64)}


def _shape(variable: tf.Variable) -> tuple[int, ...]:
    return tuple(size or 0 for size in variable.shape.as_list())


def _shaped(checkpoint: TrackedCheckpoint, variable: Variable, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(checkpoint.read(variable), np.float32).reshape(shape)
