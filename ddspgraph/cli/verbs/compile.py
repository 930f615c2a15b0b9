"""`ddspgraph compile SPEC -o DIR`: a SavedModel, or a model for LiteRT or ONNX, proven before it appears."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.compile_target import add_run_assets, add_target_options, check_no_shapes, compile_to_target
from ddspgraph.cli.console import load_quietly, put, show_json, stage, table, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError, add_graph_options
from ddspgraph.export.targets import TARGETS

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.compiler.pipeline import Observer
    from ddspgraph.ir.graph import Graph

EXAMPLE = "ddspgraph compile graph.yaml -o graph_model"


def add_options(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC|RUN", help="a spec, - for stdin, or the run of a training")
    parser.add_argument("-o", "--output", metavar="DIR", help="the folder of the export")
    parser.add_argument(
        "--dump-after",
        metavar="PASS",
        action="append",
        default=[],
        help="print the graph after a pass of the compiler, or after all",
    )
    heard = "of an instrument: its input is the recording, whose loudness it measures; the pitch tracker lies beside it"
    parser.add_argument("--from", dest="heard", choices=["audio"], help=heard)
    parser.add_argument("--streaming", action="store_true", help="as a stream: its first state, and one block of it")
    seed = "of the first values of variables, and of the first state for --target litert or onnx (default 0)"
    parser.add_argument("--seed", type=int, default=0, metavar="N", help=seed)
    add_target_options(parser)
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.spec import compile_graph, load_graph, tell_warnings
    from ddspgraph.export.facts import is_export
    from ddspgraph.export.staged_folder import check_target

    is_portable = arguments.target != TARGETS[0]
    if not is_portable:
        check_no_shapes(arguments)
    if arguments.output is None and (is_portable or not arguments.dump_after):
        raise UsageError("-o DIR says where the export goes (--dump-after PASS alone prints the graph)")
    observe = _observer(arguments.dump_after)
    options = GraphOptions.of(arguments)
    graph = load_graph(arguments.spec, options)
    tell_warnings(graph)
    if arguments.heard is not None:
        from ddspgraph.data.pitch import check_tracker, swift_f0
        from ddspgraph.instrument.from_audio import from_audio

        graph = from_audio(graph, ops=options.ops, limits=options.limits)
        if "f0_hz" in graph.input_by_name:
            check_tracker(swift_f0)
    if is_portable:
        return compile_to_target(arguments, graph, options, observe)
    if arguments.output is not None:
        check_target(arguments.output, is_export)
    with stage("loading TensorFlow"):
        load_quietly()

    with stage(f"compiling {graph.name}"):
        model = compile_graph(arguments.spec, graph, options, seed=arguments.seed, observe=observe)
    if arguments.output is not None:
        export = _export_stream if arguments.streaming else _export
        difference = export(model, arguments)
        _report(arguments, graph, difference)
    return 0


def _observer(wanted: list[str]) -> Observer | None:
    """Prints the graph as text after the wanted passes. Raises UsageError for a pass that does not exist."""
    from ddspgraph.compiler.pipeline import PASS_NAMES
    from ddspgraph.diagnostics import did_you_mean
    from ddspgraph.ir.text import print_graph

    for name in wanted:
        if name not in (*PASS_NAMES, "all"):
            raise UsageError(f"there is no pass '{name}'; {did_you_mean(name, [*PASS_NAMES, 'all'])}")

    def observe(name: str, graph: Graph) -> None:
        if name in wanted or "all" in wanted:
            put(f"# after {name}\n{print_graph(graph)}")

    return observe if wanted else None


def _export(model: CompiledGraph, arguments: Arguments) -> float:
    """Saves and verifies; returns the largest relative difference."""
    from ddspgraph.export.saved_model import save
    from ddspgraph.export.verify_export import verify

    output, differences = arguments.output, []
    with stage(f"exporting {output}, and running it in a fresh process"):
        add_assets = partial(add_run_assets, model, arguments)
        save(model, output, add_assets=add_assets, verify=lambda folder: differences.append(verify(model, folder)))
    return max(differences)


def _export_stream(model: CompiledGraph, arguments: Arguments) -> float:
    """Saves the graph as a stream and verifies it; returns the largest relative difference."""
    from ddspgraph.compiler.driver import compile_stream
    from ddspgraph.export.saved_stream import save, verify

    output, differences = arguments.output, []
    with stage(f"exporting {output}, and running it in a fresh process"):
        stream = compile_stream(model)
        add_assets = partial(add_run_assets, model, arguments)
        save(stream, output, add_assets=add_assets, verify=lambda folder: differences.append(verify(stream, folder)))
    return max(differences)


def _report(arguments: Arguments, graph: Graph, difference: float) -> None:
    from ddspgraph.export.facts import read_facts

    facts = read_facts(arguments.output)
    n_bytes = sum(f.stat().st_size for f in Path(arguments.output).rglob("*") if f.is_file())
    if arguments.json:
        show_json({"ok": True, "folder": arguments.output, "bytes": n_bytes, "difference": difference, **facts})
        return
    proof = "equal to the graph in a fresh process" if difference == 0 else f"differs by {difference:.1g} of the peak"
    tell(f"wrote {arguments.output}: {graph.name}, {n_bytes / 1e6:.2g} MB, {proof}")
    rows = [(kind, v["name"], str(v["shape"]).replace("'", ""), v["rate"], v["unit"]) for kind, v in _values(facts)]
    if rows:
        tell(table(rows))
    tell(f"  signatures: {', '.join(facts['signatures'])}")
    for name, samples in facts.get("streaming", {}).get("latency_samples", {}).items():
        tell(f"  latency of {name}: {samples} samples")


def _values(facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [("input", v) for v in facts["inputs"]] + [("output", v) for v in facts["outputs"]]
