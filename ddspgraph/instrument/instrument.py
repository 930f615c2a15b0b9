"""A trained model, wherever it is: the folder of a run, of an exported SavedModel, or of a portable export."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.data.foreign import foreign_kind
from ddspgraph.diagnostics import Diagnostic, fail
from ddspgraph.export.facts import is_export
from ddspgraph.export.targets import is_target_export
from ddspgraph.files import place
from ddspgraph.ir.graph import Graph, Ref
from ddspgraph.ir.op import Op
from ddspgraph.ir.types import Rate
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.training.run_folder import STATISTICS, is_run, read_statistics

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.export.exported import ExportedGraph
    from ddspgraph.export.exported_target import TargetModel


@dataclass(frozen=True)
class Instrument:
    """A model and what it was trained with.

    Attributes:
      model: with learned weights.
      statistics: of its training data; empty where nothing is known.
    """

    model: CompiledGraph | ExportedGraph | TargetModel
    statistics: Mapping[str, Any]

    @property
    def graph(self) -> Graph:
        return self.model.graph

    @property
    def audio_output(self) -> str | None:
        """The first output of audio rate; None where there is none."""
        graph = self.graph
        return next((name for name, ref in graph.outputs if graph.types[ref].rate is Rate.AUDIO), None)

    @property
    def n_samples(self) -> int | None:
        """The one length that it plays; None where it plays any."""
        return getattr(self.model, "n_samples", None)

    def on(self, graph: Graph) -> Instrument:
        """The same weights on a graph of the same trainable nodes. Raises GraphError E605 for an export."""
        from ddspgraph.compiler.driver import compile
        from ddspgraph.compiler.lower import CompiledGraph

        if not isinstance(self.model, CompiledGraph):
            raise fail("E605", "the graph of an export cannot be changed: it has no tail", hint="give the run")
        model = compile(graph, limits=self.model.limits)
        model.use_variables(self.model.variables_by_node)
        return Instrument(model, self.statistics)

    def render(self, inputs: Mapping[str, np.ndarray], seed: int = 0) -> np.ndarray:
        """The sound: float32 [batch, samples]. Raises GraphError E603-E606, E708."""
        return self.values(inputs, {}, seed)[str(self.audio_output)]

    def values(
        self, inputs: Mapping[str, np.ndarray], parts: Mapping[str, Ref], seed: int = 0
    ) -> dict[str, np.ndarray]:
        """All outputs, and `parts` of the graph, by name. An export has no parts. Raises as `render` does."""
        if self.audio_output is None:
            hint = "add an output of audio rate to the spec: `outputs: {audio: NODE}`"
            raise fail("E603", "the graph has no output of audio rate: there is nothing to hear", hint=hint)
        known = {k: x for k, x in inputs.items() if k in self.graph.input_by_name}
        if parts:
            wanted = {**dict(self.graph.outputs), **parts}
            results = self.model.values(wanted, known, seed=seed)  # type: ignore[union-attr]  # no parts of exports
        else:
            results = self.model(known, seed=seed)
        return {name: np.asarray(value) for name, value in results.items()}


def check_instrument(path: str | os.PathLike[str]) -> None:
    """Whether there is a run or an export; asked before long work begins. Raises GraphError E601, E602."""
    if is_run(path) or is_export(Path(path)) or is_target_export(path):
        return
    hint = foreign_kind(path) or "`ddspgraph train` makes a run, `ddspgraph compile RUN -o DIR` an export"
    if not Path(path).exists():
        raise fail("E601", "there is no such run or export", place(path), hint=hint)
    raise fail("E602", "this is neither a run nor an export of ddspgraph", place(path), hint=hint)


def open_instrument(
    path: str | os.PathLike[str],
    *,
    ops: Iterable[type[Op]] = (),
    limits: Limits = DEFAULT_LIMITS,
    warn: Callable[[Diagnostic], None] = lambda warning: None,
) -> Instrument:
    """Loads a run with its newest checkpoint, or an export. Both are programs: load only what you trust.

    Args:
      path: the folder.
      ops: your own op classes that the graph names.
      limits: bounds on the spec inside and on the memory of a call.
      warn: told of damaged checkpoints that were passed over.

    Raises:
      GraphError: E601 no such folder, E602 neither a run nor an export; E615, E616 as `load_run`.
    """
    from ddspgraph.export.exported import load_saved_model
    from ddspgraph.instrument.trained import load_run

    check_instrument(path)
    if is_run(path):
        return Instrument(load_run(path, ops=ops, limits=limits, warn=warn), statistics_at(path))
    if is_target_export(path):
        from ddspgraph.export.exported_target import load_target

        return Instrument(load_target(path, ops=ops, limits=limits), statistics_at(path))
    return Instrument(load_saved_model(path, ops=ops, limits=limits), statistics_at(path))


def statistics_at(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """What a run or an export was trained with; empty where nothing is known, as of a spec."""
    folder = Path(path) if is_run(path) or is_target_export(path) else Path(path, "assets")
    return read_statistics(folder) if (folder / STATISTICS).is_file() else {}
