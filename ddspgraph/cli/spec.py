"""From an argument to a graph: a file, `-` for stdin, or the folder of an exported graph."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ddspgraph.cli.console import show_warning
from ddspgraph.cli.options import GraphOptions, UsageError
from ddspgraph.diagnostics import fail
from ddspgraph.export.targets import is_target_export
from ddspgraph.files import place

if TYPE_CHECKING:
    from ddspgraph.compiler.frontend.values import Document
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.compiler.pipeline import Observer
    from ddspgraph.diagnostics import Report
    from ddspgraph.ir.graph import Graph
    from ddspgraph.limits import Limits
    from ddspgraph.migrations.gin_options import GinOptions


def read_spec(argument: str, limits: Limits, gin: GinOptions | None = None) -> Document:
    """The document of a file or of stdin, YAML or gin. Raises GraphError."""
    from ddspgraph.data.foreign import foreign_kind
    from ddspgraph.migrations.gin_options import NO_OPTIONS
    from ddspgraph.migrations.sources import open_spec, open_text

    gin = gin or NO_OPTIONS
    if argument != "-" and os.path.isdir(argument):
        hint = foreign_kind(argument) or "give the file of a spec, or the folder of a run or of an export"
        raise fail("E709", "this folder is neither a run nor an export of ddspgraph", place(argument), hint=hint)
    if argument != "-":  # a Path: an argument is never YAML text
        return open_spec(Path(argument), gin=gin, limits=limits)
    text = sys.stdin.buffer.read(limits.file_bytes + 1)
    return open_text(text, "<stdin>", gin=gin, limits=limits)


def outline_graph(argument: str, options: GraphOptions, report: Report) -> Graph:
    """The graph as it is written, without types; what is wrong in a spec is added to the report. Raises as below."""
    from ddspgraph.compiler.driver import outline
    from ddspgraph.training.run_folder import is_run

    if argument != "-" and (is_run(argument) or is_saved_model(argument) or is_portable(argument)):
        return load_graph(argument, options)
    document = read_spec(argument, options.limits)
    return outline(document, params=options.params, ops=options.ops, limits=options.limits, report=report)


def load_graph(argument: str, options: GraphOptions, *, is_played: bool = False) -> Graph:
    """The checked graph of a spec, of an exported folder or of a run.

    Args:
      is_played: an export whose ops are not here is enough; it has one node.

    Raises GraphError; E601 or E602 for other folders.
    """
    from ddspgraph.training.run_folder import is_run, load_run_graph

    if argument != "-" and is_run(argument):
        if options.params:
            raise UsageError("--set has no effect on a run: it was set when the run began")
        return load_run_graph(argument, ops=options.ops, limits=options.limits)
    from ddspgraph.compiler.driver import load

    if not is_saved_model(argument) and not is_portable(argument):
        document = read_spec(argument, options.limits)
        return load(document, params=options.params, ops=options.ops, limits=options.limits)
    if options.params:
        raise UsageError("--set has no effect on an exported graph: set it when you compile the spec")
    from ddspgraph.export.exported_graph import exported_graph, playable_graph

    return (playable_graph if is_played else exported_graph)(argument, ops=options.ops, limits=options.limits)


def with_learned_values(argument: str, graph: Graph) -> Graph:
    """The graph of an argument for a picture: that of a run with what it has learned. Raises GraphError E615."""
    from ddspgraph.training.run_folder import is_run, with_learned

    is_trained = argument != "-" and is_run(argument)
    return with_learned(graph, argument, show_warning) if is_trained else graph


def compile_graph(
    argument: str, graph: Graph, options: GraphOptions, *, seed: int = 0, observe: Observer | None = None
) -> CompiledGraph:
    """The graph of an argument, compiled: with the weights of a run, or of an export, where the argument is one.

    Args:
      graph: of `load_graph`, or what was made of it.
      seed: of the first values of variables.
      observe: called with the name and result of every pass.

    Raises:
      GraphError: as `compile` and `load_run` do; E616 the weights of an export for LiteRT or ONNX, which are
        inside of its model.
    """
    from ddspgraph.compiler.driver import compile
    from ddspgraph.training.run_folder import is_run

    if argument != "-" and is_run(argument):
        from ddspgraph.instrument.trained import load_run

        return load_run(argument, graph=graph, limits=options.limits, observe=observe, warn=show_warning)
    model = compile(graph, seed=seed, limits=options.limits, observe=observe)
    if model.variables and is_saved_model(argument):
        model.load_weights(argument)
    elif model.variables and is_portable(argument):
        message = "the weights of this export are inside of its model, which only its runtime reads"
        raise fail("E616", message, place(argument), hint="give the run, or the spec, that it was made of")
    return model


def is_saved_model(argument: str) -> bool:
    """Whether an argument is the folder of a SavedModel; another folder is no spec, which `read` says."""
    return argument != "-" and Path(argument, "saved_model.pb").is_file()


def is_portable(argument: str) -> bool:
    """Whether an argument is the folder of an export for LiteRT or ONNX."""
    return argument != "-" and is_target_export(argument)


def check_tail(argument: str, graph: Graph) -> None:
    """Whether a graph can be played on after its inputs have ended. Raises UsageError for exports with synthesizers."""
    from ddspgraph.compiler.tail import ended

    if (is_saved_model(argument) or is_portable(argument)) and ended(graph) is not graph:
        raise UsageError("--tail ends synthesizers with the inputs, and an export cannot be changed: give the spec")


def count_nodes(graph: Graph) -> int:
    """The nodes of the spec; a literal (`gain: -6 dB`) has become a node `name.port`, which nobody wrote."""
    return sum(node.is_written for node in graph.nodes)


def tell_warnings(graph: Graph) -> None:
    """The warnings of a graph that is about to be used, to stderr."""
    for diagnostic in graph.warnings:
        show_warning(diagnostic)
