"""The graph at a stage of the compiler: as it was written, with types, or as it will run."""

from __future__ import annotations

from typing import get_args

from ddspgraph.ir.graph import Graph
from ddspgraph.render.picture import Stage


def at_stage(graph: Graph, stage: Stage) -> Graph:
    """The graph of a stage, from a typed one.

    `optimised` runs the passes: conversions are written out, constants folded, duplicates merged. Folding runs
    kernels, so that it imports TensorFlow.

    Raises:
      ValueError: for a stage that does not exist.
    """
    if stage == "optimised":
        from ddspgraph.compiler.execute import evaluate
        from ddspgraph.compiler.pipeline import LEGALISE, optimise, run

        return run(optimise(evaluate), run(LEGALISE, graph))
    if stage not in get_args(Stage):
        raise ValueError(f"stage is one of {', '.join(get_args(Stage))}, this is {stage!r}")
    return graph.replace(types={}) if stage == "source" else graph
