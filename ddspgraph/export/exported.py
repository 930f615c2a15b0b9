"""An exported graph, loaded again: the SavedModel runs, the spec inside says what it takes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import tensorflow as tf

from ddspgraph.compiler.bind import bind_inputs
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.diagnostics import clean, fail
from ddspgraph.export.exported_graph import playable_graph
from ddspgraph.export.facts import SEED, read_facts, signature_arguments
from ddspgraph.files import place
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.op import Op
from ddspgraph.limits import DEFAULT_LIMITS, Limits

_Path = str | os.PathLike[str]


class ExportedGraph:
    """A SavedModel of ddspgraph that was loaded.

    Attributes:
      module: what `tf.saved_model.load` gives, signatures and variables included.
      facts: what `assets/ddspgraph.json` says.
    """

    def __init__(self, path: _Path, ops: Iterable[type[Op]], limits: Limits) -> None:
        self.path, self.limits, self._ops = Path(path), limits, tuple(ops)
        self.facts = read_facts(path)
        if "streaming" in self.facts:
            hint = "`ddspgraph stream` and dg.load_stream play it; for `run` compile it without --streaming"
            raise fail("E602", "this is an export of a stream, not of a graph", place(path), hint=hint)
        try:
            self.module = tf.saved_model.load(os.fspath(path))
        except (OSError, ValueError, IndexError, tf.errors.OpError) as error:
            raise fail("E602", f"not a readable SavedModel: {clean(str(error).splitlines()[0])}", place(path)) from None

    @cached_property
    def graph(self) -> Graph:
        """The graph, checked again from the spec inside; of ops that are not here its inputs and outputs alone."""
        return playable_graph(self.path, ops=self._ops, limits=self.limits)

    @cached_property
    def _typed(self) -> Graph:
        """What the sizes of a call must fit. The node that stands for ops that are not here has no types to check."""
        return self.graph if self.graph.spec is not None else self.graph.replace(nodes=(), outputs=())

    @cached_property
    def _legal(self) -> Graph:
        """What the memory estimate reads: rate conversions written out."""
        return run(LEGALISE, self.graph) if self.graph.spec is not None else self.graph

    def __call__(self, inputs: Mapping[str, Any] | None = None, *, seed: int = 0) -> dict[str, tf.Tensor]:
        """The outputs by name, as `CompiledGraph` gives them. Raises GraphError E603-E606, E708."""
        return self._run("seeded", inputs, seed)

    def losses(self, inputs: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        """Every loss by name, and `total`, with seed 0. Raises GraphError as a call does."""
        return self._run("losses", inputs, None)

    def _run(self, signature: str, inputs: Mapping[str, Any] | None, seed: int | None) -> dict[str, tf.Tensor]:
        if signature not in self.module.signatures:
            raise fail("E603", f"the graph was exported without {'outputs' if seed is not None else 'losses'}")
        function, arguments = self.module.signatures[signature], signature_arguments(self.graph)
        taken = function.structured_input_signature[1]
        needed = {name for name, argument in arguments.items() if argument in taken and name != SEED}
        given = bind_inputs(self._typed, self._legal, inputs or {}, needed, self.limits)
        if seed is not None:
            given[SEED] = tf.constant(seed, tf.int64)
        return dict(function(**{arguments[name]: x for name, x in given.items()}))


def load_saved_model(path: _Path, *, ops: Iterable[type[Op]] = (), limits: Limits = DEFAULT_LIMITS) -> ExportedGraph:
    """Loads what `save` wrote. A SavedModel is a program: load only what you trust.

    Args:
      path: of the folder.
      ops: your own op classes that the graph inside names, to estimate the memory of a call; it plays without.
      limits: bounds on the spec inside and on the memory of a call.

    Raises:
      GraphError: E601 no such folder, E602 not an export of ddspgraph, or one of a stream.
    """
    return ExportedGraph(path, ops, limits)
