"""An exported stream, loaded again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import tensorflow as tf

from ddspgraph.compiler.driver import plan_of
from ddspgraph.diagnostics import clean, fail
from ddspgraph.export.exported_graph import exported_graph
from ddspgraph.export.facts import read_facts
from ddspgraph.files import place
from ddspgraph.ir.op import Op
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.streaming.model import StreamModel

_Path = str | os.PathLike[str]


class ExportedStream(StreamModel):
    """A SavedModel of a stream. It runs as `CompiledStream` does, and as a model of `Stream`.

    Attributes:
      module: what `tf.saved_model.load` gives.
      facts: what `assets/ddspgraph.json` says.
    """

    def __init__(self, path: _Path, ops: Iterable[type[Op]], limits: Limits) -> None:
        facts = read_facts(path)
        if "streaming" not in facts:
            hint = "`ddspgraph compile SPEC --streaming -o DIR` writes a stream"
            raise fail("E602", "this is an export of a graph, not of a stream", place(path), hint=hint)
        graph = exported_graph(path, ops=ops, limits=limits)
        super().__init__(graph, plan_of(graph))
        self.facts, names = facts, facts["streaming"]
        self.state_names, self._begin, self._block = tuple(names["state"]), names["begin"], names["block"]
        try:
            self.module = tf.saved_model.load(os.fspath(path))
        except (OSError, ValueError, IndexError, tf.errors.OpError) as error:
            raise fail("E602", f"not a readable SavedModel: {clean(str(error).splitlines()[0])}", place(path)) from None

    def first_step(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        results = self.module.signatures["initial_state"](**dict(zip(self._begin, tensors, strict=True)))
        return [results[name] for name in self.state_names]

    def next_step(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        names = (*self._block, *self.state_names)
        results = self.module.signatures["process"](**dict(zip(names, tensors, strict=True)))
        return [results[name] for name in (*self.state_names, *self.output_names)]


def load_stream(path: _Path, *, ops: Iterable[type[Op]] = (), limits: Limits = DEFAULT_LIMITS) -> ExportedStream:
    """Loads what `compile --streaming` wrote. A SavedModel is a program: load only what you trust.

    Args:
      path: of the folder.
      ops: your own op classes that the graph inside names.
      limits: bounds on the spec inside.

    Raises:
      GraphError: E601 no such folder, E602 not an export of a stream.
    """
    return ExportedStream(path, ops, limits)
