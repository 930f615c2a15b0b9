"""A run as a model: the graph with the weights of the newest checkpoint, and what an export takes along."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf

from ddspgraph.compiler.driver import compile
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.pipeline import Observer
from ddspgraph.diagnostics import Diagnostic
from ddspgraph.files import place, write_atomically
from ddspgraph.io.audio import write_audio
from ddspgraph.ir.call import run_kernel
from ddspgraph.ir.graph import Graph, Ref
from ddspgraph.ir.initialisers import stream_of
from ddspgraph.ir.mapped import op_inside
from ddspgraph.ir.op import Op, Traits
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.training.checkpoints import newest_checkpoint
from ddspgraph.training.observer import python_warning
from ddspgraph.training.run_folder import CHECKPOINTS, STATISTICS, load_run_graph
from ddspgraph.training.weights import assign, weights_of


def load_run(
    run: str | os.PathLike[str],
    *,
    graph: Graph | None = None,
    ops: Iterable[type[Op]] = (),
    limits: Limits = DEFAULT_LIMITS,
    observe: Observer | None = None,
    warn: Callable[[Diagnostic], None] = python_warning,
) -> CompiledGraph:
    """The graph of a run with the weights of its newest checkpoint.

    Args:
      run: the folder of a run of `train`.
      graph: with the nodes of the run's; None for that itself.
      ops: your own op classes that the graph names.
      limits: bounds on the spec and on the memory of a call.
      observe: called with the name and result of every pass of the compiler.
      warn: told W112 of every newer checkpoint that is damaged.

    Raises:
      GraphError: E601, E602 no run; E615 no checkpoint that can be read; E616 one of another graph.
    """
    model = compile(graph or load_run_graph(run, ops=ops, limits=limits), limits=limits, observe=observe)
    checkpoint = newest_checkpoint(Path(run, CHECKPOINTS), warn)
    assign(weights_of(model), checkpoint.weights(), place(checkpoint.path))
    return model


def write_assets(model: CompiledGraph, run: str | os.PathLike[str], folder: Path) -> None:
    """What an export of a run holds beside the model: statistics of its data, responses of its rooms.

    `reverb_impulse_response.wav`: float samples at the rate of the graph. Raises GraphError E607.
    """
    if (statistics := Path(run, STATISTICS)).is_file():
        write_atomically(folder / STATISTICS, statistics.read_bytes())
    for node, response in impulse_responses(model).items():
        path = folder / f"{node}_impulse_response.wav"
        write_audio(path, response, model.graph.clock.sample_rate or 16_000, sample_format="float")


def impulse_responses(model: CompiledGraph) -> dict[str, np.ndarray]:
    """What every node that learned a room answers to one sample of 1: node -> float32 [samples].

    The dry sound is in it where the node adds it.
    """
    found = {}
    for node in model.legal.nodes:
        if Traits.TRAINABLE in node.op.traits and "ir" in node.op.output_ports():
            n_samples = model.legal.types[Ref(node.name, "ir")].dims[1].size or 1
            results = run_kernel(
                op_inside(node.op),
                {"audio": tf.one_hot([0], n_samples)},
                seed=0,
                stream=stream_of(node.name),
                sizes=None,
                variables=model.variables_by_node[node.weights_name],
            )
            found[node.name] = results["signal"].numpy()[0]
    return found
