"""`ddspgraph run SPEC --input NAME=FILE --output NAME=FILE`: compile and run on recordings and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ddspgraph.cli.console import load_quietly, show_json, stage, tell
from ddspgraph.cli.options import (
    Arguments,
    GraphOptions,
    Parser,
    add_graph_options,
    add_input_options,
    add_output_options,
    add_tail_option,
    check_seed,
    tail_of,
)

if TYPE_CHECKING:
    import numpy as np

    from ddspgraph.ir.graph import Graph, Ref

EXAMPLE = "ddspgraph run graph.yaml --input audio=dry.wav --output audio=wet.wav"


def add_options(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a spec, - for stdin, an exported folder or a run")
    add_input_options(parser, "a recording, .npy or .npz; NAME= may be left out where one input is needed")
    add_output_options(parser, ".wav, .flac, .npy or .npz; NAME= may be left out where there is one output")
    add_tail_option(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all randomness (default: 0)")
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.run_inputs import read_inputs
    from ddspgraph.cli.run_outputs import plan_outputs, report, with_parts, write_outputs
    from ddspgraph.cli.spec import is_portable, is_saved_model, load_graph, tell_warnings

    check_seed(arguments.seed)
    options = GraphOptions.of(arguments)
    # Everything that can be wrong without TensorFlow is found before it is loaded.
    source = load_graph(arguments.spec, options, is_played=True)
    tell_warnings(source)
    is_export = is_saved_model(arguments.spec) or is_portable(arguments.spec)
    graph = with_parts(source, arguments.output, is_export=is_export)
    plan = plan_outputs(graph, arguments)
    notices: list[str] = []  # told when the spinner has left the line
    with stage("reading the inputs"):
        inputs = read_inputs(graph, arguments, options.limits, notices.append, required=_required(arguments.spec))
    for notice in notices:
        tell(notice)
    if arguments.tail is not None:
        graph, inputs = _longer(arguments, graph, inputs)
    if is_portable(arguments.spec):
        results = _compute_in_runtime(arguments, graph, inputs, options)
    else:
        with stage("loading TensorFlow"):
            load_quietly()

        compiled = graph.replace(outputs=tuple(pair for pair in graph.outputs if pair[0] in dict(source.outputs)))
        results = _compute(arguments, compiled, dict(graph.outputs), inputs, options)
    if graph.outputs:
        write_outputs(graph, plan, results, arguments)
    facts = report(graph, plan, results, quiet=arguments.json)
    if arguments.json:
        show_json({"ok": True, "graph": graph.name, "results": facts})
    return 0


def _longer(arguments: Arguments, graph: Graph, inputs: dict[str, np.ndarray]) -> tuple[Graph, dict[str, np.ndarray]]:
    """The graph and its inputs with a tail. Raises UsageError, and GraphError E606."""
    from ddspgraph.cli.spec import check_tail
    from ddspgraph.compiler.tail import with_tail

    check_tail(arguments.spec, graph)
    return with_tail(graph, inputs, tail_of(arguments.tail, graph.clock.sample_rate))


def _compute(
    arguments: Arguments,
    graph: Graph,
    outputs: Mapping[str, Ref],
    inputs: Mapping[str, np.ndarray],
    options: GraphOptions,
) -> dict[str, np.ndarray]:
    """The outputs, or the losses where there are none. Raises GraphError."""
    from ddspgraph.cli.not_finite import not_finite
    from ddspgraph.cli.spec import compile_graph, is_saved_model
    from ddspgraph.cli.tensor_errors import typed_tensor_errors
    from ddspgraph.export.exported import load_saved_model

    with stage(f"compiling {graph.name}"):
        if is_saved_model(arguments.spec):
            model = load_saved_model(arguments.spec, ops=options.ops, limits=options.limits)
        else:
            model = compile_graph(arguments.spec, graph, options)
    with typed_tensor_errors():
        with stage(f"rendering {graph.name}"):
            if len(outputs) > len(graph.outputs):
                results = model.values(outputs, inputs, seed=arguments.seed)
            else:
                results = model(inputs, seed=arguments.seed) if outputs else model.losses(inputs)
            arrays = {name: value.numpy() for name, value in results.items()}
        error = not_finite(model, arrays, inputs, arguments.seed)
    if error is not None:
        raise error
    return arrays


def _required(spec: str) -> list[str] | None:
    """The inputs that a portable export takes: others were given when it was made. Of any other model None."""
    from ddspgraph.cli.spec import is_portable
    from ddspgraph.export.facts import read_target_facts

    return [t["name"] for t in read_target_facts(spec)["inputs"]] if is_portable(spec) else None


def _compute_in_runtime(
    arguments: Arguments, graph: Graph, inputs: Mapping[str, np.ndarray], options: GraphOptions
) -> dict[str, np.ndarray]:
    """The outputs of an export for LiteRT or ONNX. Raises GraphError."""
    from ddspgraph.cli.not_finite import not_finite
    from ddspgraph.export.exported_target import load_target

    with stage(f"loading {arguments.spec}"):
        model = load_target(arguments.spec, ops=options.ops, limits=options.limits)
    with stage(f"rendering {graph.name}"):
        arrays = model(inputs, seed=arguments.seed)
    error = not_finite(model, arrays, inputs, arguments.seed)
    if error is not None:
        raise error
    return arrays
