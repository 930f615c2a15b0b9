"""`ddspgraph explore SPEC --input NAME=FILE -o page.html`: one file to look inside of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ddspgraph.cli.console import load_quietly, show_json, stage, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError, add_graph_options, add_input_options

if TYPE_CHECKING:
    import numpy as np

    from ddspgraph.ir.graph import Graph

EXAMPLE = "ddspgraph explore graph.yaml --input audio=dry.wav -o page.html"


def add_options(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a spec, or - for stdin")
    add_input_options(parser, "a recording, .npy or .npz; NAME= may be left out where one input is needed")
    parser.add_argument("-o", "--output", metavar="FILE", help="the page (default: that of graph.yaml is graph.html)")
    parser.add_argument("--no-signals", action="store_true", help="do not run a graph that needs no input")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all randomness (default: 0)")
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.run_inputs import needed_inputs
    from ddspgraph.cli.spec import (
        count_nodes,
        is_portable,
        is_saved_model,
        load_graph,
        tell_warnings,
        with_learned_values,
    )
    from ddspgraph.files import write_atomically
    from ddspgraph.page.document import html_of

    is_given = bool(arguments.input or arguments.inputs)
    if is_given and arguments.no_signals:
        raise UsageError("--no-signals and --input contradict each other")
    is_export = is_saved_model(arguments.spec) or is_portable(arguments.spec)
    if is_given and is_export:
        raise UsageError("an exported graph keeps no inner signals: give the spec that it was made of")
    options = GraphOptions.of(arguments)
    graph = load_graph(arguments.spec, options)
    tell_warnings(graph)
    # By the name of the file, which is the caller's; that of the graph is the author's and may hold a path.
    output = arguments.output or f"{'graph' if arguments.spec == '-' else Path(arguments.spec).stem}.html"
    needed = needed_inputs(graph)
    has_signals = is_given or not (needed or arguments.no_signals or is_export)
    values = _values(graph, arguments, options) if has_signals else None
    with stage(f"writing {output}"):
        page = html_of(with_learned_values(arguments.spec, graph), values).encode()
        write_atomically(output, page)
    if arguments.json:
        show_json({"ok": True, "file": output, "bytes": len(page), "signals": len(values or {})})
        return 0
    signals = f"{len(values)} signals, " if values else ""
    tell(f"wrote {output}: {graph.name}, {count_nodes(graph)} nodes, {signals}{len(page) / 1e6:.2g} MB")
    if broken := _not_finite(values or {}):
        tell(f"not finite: {broken[0]}{f' and {len(broken) - 1} signals after it' if len(broken) > 1 else ''}")
    if values is None and needed:
        tell(f"without signals: --input {needed[0]}=FILE shows what is on the ports")
    return 0


def _not_finite(values: Mapping[str, np.ndarray]) -> list[str]:
    """The signals that hold NaN or infinity, in order of execution."""
    import numpy as np

    return [name for name, x in values.items() if not np.isfinite(x).all()]


def _values(graph: Graph, arguments: Arguments, options: GraphOptions) -> dict[str, np.ndarray]:
    """Every value that the inputs allow, by name. Raises UsageError and GraphError."""
    from ddspgraph.cli.run_inputs import read_inputs

    notices: list[str] = []
    with stage("reading the inputs"):
        inputs = read_inputs(graph, arguments, options.limits, notices.append)
    for notice in notices:
        tell(notice)
    with stage("loading TensorFlow"):
        load_quietly()

    from ddspgraph.cli.spec import compile_graph
    from ddspgraph.cli.tensor_errors import typed_tensor_errors
    from ddspgraph.page import port_values

    with stage(f"computing the signals of {graph.name}"), typed_tensor_errors():
        return port_values(compile_graph(arguments.spec, graph, options), inputs, seed=arguments.seed)
