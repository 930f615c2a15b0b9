"""Training from end to end: spec and data -> a run folder, begun or gone on with."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddspgraph import __version__
from ddspgraph.compiler.analysis.memory import check_memory
from ddspgraph.compiler.driver import Spec, compile, load
from ddspgraph.compiler.frontend.document import read
from ddspgraph.compiler.frontend.training import read_training
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.data.dataset import Dataset, open_dataset
from ddspgraph.data.source import Source, needed_inputs
from ddspgraph.data.sources import places_of
from ddspgraph.diagnostics import Report, clean, fail
from ddspgraph.files import place
from ddspgraph.installation import install_command
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.training import Training
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.training.checkpoints import newest_checkpoint, set_aside
from ddspgraph.training.interrupt import Interrupt, interruptible
from ddspgraph.training.log import append_event, cut_metrics
from ddspgraph.training.observer import Observer
from ddspgraph.training.run_folder import (
    CHECKPOINTS,
    SPEC,
    STATISTICS,
    OpsFile,
    is_fit,
    is_run,
    opened_run,
    read_run,
    read_statistics,
    write_run,
    write_statistics,
)

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.training.loop import Loop

_Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
      model: with the weights that were learned.
      step: steps taken, those of earlier runs in the folder included.
      mean_loss: of the steps since the last line of the log, or of that line where there is none since.
      skipped: steps that changed nothing because something was not finite.
      is_interrupted: whether Ctrl-C ended it.
    """

    model: CompiledGraph
    step: int
    mean_loss: float | None
    skipped: int
    is_interrupted: bool


def train(
    spec: Spec | Graph,
    data: _Path | Source,
    run: _Path,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    limits: Limits = DEFAULT_LIMITS,
    restore: str | None = None,
    deterministic: bool = False,
    observer: Observer | None = None,
    ops_files: Iterable[OpsFile] = (),
    **options: Any,
) -> Trained:
    """Trains a graph on a dataset. A run that is there already goes on at its newest checkpoint, with its options.

    >>> trained = dg.train("graphs/models/tiny_instrument_fast.yaml", "dataset", "run", steps=5000)
    >>> audio = trained.model({"f0_hz": f0_hz, "loudness_db": loudness_db})["audio"]

    Args:
      spec: what `load` takes, or a graph of it; it needs a loss and trainable nodes.
      data: the folder of a dataset, or a source.
      run: the folder of the run.
      params, ops, limits: as of `load`.
      restore: what the first step begins with: a run, a file of `save_weights`, a checkpoint or an exported SavedModel,
        or `PATH:node,node` for some nodes. With `steps=0` the run holds just these weights: a loop of your own ends so.
      deterministic: the same numbers on every run on one machine; slower on some.
      observer: told of progress; silent if None.
      ops_files: where `ops` come from, for the run to remember.
      **options: in place of the graph's `training` section, see `Training`. What an earlier part of the run was given
        stays, unless it is given again or has changed in that section.

    Raises:
      GraphError: what `load` raises; E3 and E5 for options; E611-E612 for data; E607, E614-E616 for the folder;
        E803 where the numbers stay not finite.
    """
    graph = spec if isinstance(spec, Graph) else load(spec, params=params, ops=ops, limits=limits)
    training = with_options(graph, options, kept_options(graph, run))
    check_has_losses(graph)
    check_has_weights(graph)
    source = data if isinstance(data, Source) else open_dataset(data)
    source.check_graph(graph)
    observer = observer or Observer()
    with opened_run(run) as folder, interruptible(observer.notice) as interrupt:
        session = _Session(graph, training, source, folder, limits, observer)
        return session.run(restore, deterministic, tuple(ops_files), interrupt)


def kept_options(graph: Graph, run: _Path) -> Training:
    """The graph's `training` section, as the run that is there had it where the section is as it was then.

    Raises GraphError E602 for a damaged run.
    """
    if not is_run(run) or is_fit(Path(run)):
        return graph.training
    facts, now = read_run(run), dataclasses.asdict(graph.training)
    before = facts.get("spec_training", now)
    kept = {
        name: x for name, x in facts["training"].items() if name in now and now[name] == before.get(name, now[name])
    }
    return dataclasses.replace(graph.training, **kept)


def with_options(graph: Graph, options: Mapping[str, Any], base: Training | None = None) -> Training:
    """`base`, or the graph's `training` section, with what a caller sets. Raises GraphError E309, E5xx."""
    report = Report()
    located = options.values()
    if not all(isinstance(value, Value) for value in located):
        options = dict(read(options, name="<options>").root.items())
    training = read_training({str(name): value for name, value in options.items()}, report, base or graph.training)
    report.raise_errors()
    return training


def check_has_losses(graph: Graph) -> None:
    """Raises GraphError E312 where there is nothing to minimise."""
    if not graph.losses:
        hint = "add `losses: {spectral: {op: spectral_loss, inputs: [target, audio]}}`"
        raise fail("E312", "the graph has no losses: there is nothing to minimise", hint=hint)


def check_has_weights(graph: Graph) -> None:
    """Raises GraphError E312 where there is nothing to change."""
    if not any(Traits.TRAINABLE in node.op.traits for node in graph.nodes):
        hint = "a network, `trainable: true` on a reverb, or `{learn: 0.5}` at any port has some"
        raise fail("E312", "no node of the graph has weights: training has nothing to change", hint=hint)


class _Session:
    """One process that trains in a folder."""

    def __init__(
        self,
        graph: Graph,
        training: Training,
        source: Source,
        folder: Path,
        limits: Limits,
        observer: Observer,
    ) -> None:
        self.graph, self.training, self.source, self.folder = graph, training, source, folder
        self.limits, self.observer = limits, observer

    def run(
        self, restore: str | None, deterministic: bool, ops_files: tuple[OpsFile, ...], interrupt: Interrupt
    ) -> Trained:
        facts = read_run(self.folder) if is_run(self.folder) else {}
        self.deterministic = deterministic or bool(facts.get("deterministic"))
        self.ops_files = ops_files or tuple(map(OpsFile.of, facts.get("ops", ())))
        self.observer.stage("loading TensorFlow")
        import tensorflow as tf

        from ddspgraph.training.loop import Loop
        from ddspgraph.training.summaries import has_tensorboard

        if self.deterministic:
            tf.config.experimental.enable_op_determinism()
        self.observer.stage(f"compiling {self.graph.name}")
        model = compile(self.graph, seed=self.training.seed, limits=self.limits)
        self._check_memory(model)
        loop = Loop(model, self.folder, self.training, self._batches(0).element_spec, self.observer)
        is_new = not is_run(self.folder)
        if is_new:
            self._begin(loop, restore)
        else:
            self._go_on(loop, restore)
        if not has_tensorboard():
            self.observer.notice(f"no event files without TensorBoard: {install_command('tensorboard')}")
        first = loop.progress.step
        if first >= self.training.steps:
            self.observer.notice(f"the run has {first} steps already: --steps says how many it is to have in all")
        append_event(self.folder, "begin" if is_new else "resume", step=first, steps=self.training.steps)
        try:
            loop.run(self.source.typed(self._batches(first)), interrupt)
        except (MemoryError, tf.errors.ResourceExhaustedError) as error:
            hint = "take a smaller --batch-size, or shorter examples"
            raise fail("E708", "there is not enough memory for a step", hint=hint) from error
        done = loop.progress
        append_event(self.folder, "interrupted" if interrupt.is_requested else "end", step=done.step)
        return Trained(model, done.step, done.recent_loss, done.skipped, interrupt.is_requested)

    def _batches(self, first_step: int) -> Any:
        names = [i.name for i in needed_inputs(self.graph)]
        seed, size = self.training.seed, self.training.batch_size
        return self.source.batches(names, size, split="train", seed=seed, first_step=first_step)

    def _check_memory(self, model: CompiledGraph) -> None:
        """Raises GraphError E708 where even the losses of a batch, without their gradients, need too much."""
        clock, report = self.source.clock, Report()
        sizes = {"batch": self.training.batch_size, "samples": clock.n_samples or 0, "frames": clock.n_frames or 0}
        check_memory(model.optimised, sizes, self.limits, report)
        report.raise_errors()

    def _begin(self, loop: Loop, restore: str | None) -> None:
        """The first checkpoint is that of step 0; with `run.json` the run exists, never without a checkpoint."""
        if restore is not None:
            self._restore(loop.model, restore)
        loop.save()
        self._say_what_it_is()

    def _go_on(self, loop: Loop, restore: str | None) -> None:
        checkpoint = newest_checkpoint(self.folder / CHECKPOINTS, self.observer.warn)
        loop.restore(checkpoint)
        set_aside(self.folder / CHECKPOINTS, checkpoint.step)
        lost = cut_metrics(self.folder, checkpoint.step)
        again = f"; {lost} line{'s' * (lost > 1)} of the log after it {'are' if lost > 1 else 'is'} done again"
        self.observer.notice(f"going on from step {checkpoint.step}{again if lost else ''}")
        if restore is not None:
            self.observer.notice("--restore has no effect on a run that has begun")
        given = [f"{name} = {x}" for name, x in dataclasses.asdict(self.training).items()
                 if x != getattr(self.graph.training, name)]  # fmt: skip
        if given:
            self.observer.notice(f"with {', '.join(given)}, as given to this run")
        self._tell_changes()
        self._say_what_it_is()

    def _tell_changes(self) -> None:
        """What goes on otherwise than it began is done as it is said now, but not in silence."""
        facts, spec = read_run(self.folder), self.folder / SPEC
        said = spec.read_bytes() if spec.is_file() else None
        now = self.graph.spec.encode() if self.graph.spec is not None else None
        changed = ["the spec"] * (said != now) + ["its params"] * (facts["settings"] != dict(self.graph.settings))
        changed += ["the version of ddspgraph"] * (facts.get("ddspgraph") != __version__)
        before, after = facts["training"], dataclasses.asdict(self.training)
        changed += [f"{name} ({before[name]} before, {after[name]} now)"
                    for name in before if name != "steps" and before[name] != after.get(name)]  # fmt: skip
        if isinstance(self.source, Dataset) and (self.folder / STATISTICS).is_file():
            changed += ["the data"] * (read_statistics(self.folder) != _as_json(self.source.manifest.statistics))
        if changed:
            self.observer.notice(f"going on with {' and '.join(changed)} changed since the run was last trained")
            append_event(self.folder, "changed", what=changed)

    def _say_what_it_is(self) -> None:
        if isinstance(self.source, Dataset):
            write_statistics(self.folder, self.source.manifest.statistics)
        given = {"deterministic": self.deterministic, "ops": self.ops_files}
        write_run(self.folder, self.graph, self.training, places_of(self.source, self.graph), **given)

    def _restore(self, model: CompiledGraph, restore: str) -> None:
        from ddspgraph.training.weights import assign_nodes, read_weights

        path, nodes = (restore, "") if os.path.exists(restore) else restore.rpartition(":")[::2]
        if not path:
            path, nodes = restore, ""
        values = read_weights(path, self.observer.warn)
        wanted = tuple(name.strip() for name in nodes.split(",") if name.strip())
        chosen = assign_nodes(model, values, wanted, place(path))
        self.observer.notice(f"restored {', '.join(chosen)} from {clean(path)}")


def _as_json(data: Mapping[str, Any]) -> Any:
    """The data as it comes back from a file: tuples become lists."""
    return json.loads(json.dumps(data))
