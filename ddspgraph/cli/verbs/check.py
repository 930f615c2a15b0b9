"""`ddspgraph check SPEC...`: all errors and warnings, each at its line; with `--explain` the graph as a table.

TensorFlow is not imported, unless this machine is to be measured.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ddspgraph.cli import explain
from ddspgraph.cli.console import paint, put, show, show_json
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError, add_graph_options
from ddspgraph.cli.spec import count_nodes, load_graph, with_learned_values
from ddspgraph.cli.stability import stability_data, stability_text, verdicts_of
from ddspgraph.export.targets import TARGETS, check_support, unmeasured_ops

if TYPE_CHECKING:
    from ddspgraph.diagnostics import Diagnostic
    from ddspgraph.ir.graph import Graph

EXAMPLE = "ddspgraph check graphs/*.yaml"


def add_options(parser: Parser) -> None:
    parser.add_argument("specs", metavar="SPEC", nargs="+", help="a spec, or - for stdin")
    explain.add_options(parser)
    parser.add_argument("--stability", action="store_true", help="a table of the loops: stable, for how long they ring")
    parser.add_argument("--target", choices=TARGETS, help="whether every node can be exported to it")
    parser.add_argument("--streaming", action="store_true", help="with --target: as the step of a stream")
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    """Exit code: that of the worst file."""
    if (arguments.predict or arguments.calibrate) and not arguments.explain:
        raise UsageError("--predict and --calibrate go with --explain")
    if arguments.streaming and not arguments.target:
        raise UsageError("--streaming goes with --target")
    options = GraphOptions.of(arguments)
    speed = explain.speed_of(arguments) if arguments.explain else None
    reports, worst = [], 0
    for spec in arguments.specs:
        graph, diagnostics, code = _check(spec, arguments, options)
        worst = max(worst, code)
        verdicts = verdicts_of(spec, graph, diagnostics, options) if arguments.stability else None
        if arguments.json:
            more = {} if verdicts is None else {"stability": stability_data(verdicts)}
            explained = {"explain": explain.explain_data(graph, speed)} if arguments.explain and graph else {}
            reports.append({**_as_dict(spec, graph, diagnostics), **explained, **more})
            continue
        for diagnostic in diagnostics:
            show(diagnostic)
        put(_summary(spec, graph, diagnostics))
        if arguments.target and graph is not None and (unknown := unmeasured_ops(graph)):
            put(f"not known of {', '.join(unknown)}: compile --target {arguments.target} tries")
        if verdicts is not None:
            put(stability_text(verdicts))
        if arguments.explain and graph is not None:
            put(explain.explain_text(graph, speed))
    if arguments.json:
        show_json(reports)
    return worst


def _check(spec: str, arguments: Arguments, options: GraphOptions) -> tuple[Graph | None, tuple[Diagnostic, ...], int]:
    from ddspgraph.diagnostics import GraphError

    warnings: tuple[Diagnostic, ...] = ()
    try:
        graph = with_learned_values(spec, load_graph(spec, options))
        warnings = graph.warnings
        if arguments.target:
            check_support(graph, arguments.target, streaming=arguments.streaming)
    except GraphError as error:
        return None, (*warnings, *error.diagnostics), error.exit_code
    return graph, warnings, 0


def _summary(spec: str, graph: Graph | None, diagnostics: tuple[Diagnostic, ...]) -> str:
    count = Counter(d.is_error for d in diagnostics)
    found = [f"{n} {word}{'s' * (n > 1)}" for n, word in ((count[True], "error"), (count[False], "warning")) if n]
    name = "<stdin>" if spec == "-" else spec
    if graph is None:
        return f"{name}: {paint(', '.join(found), 'bold red')}"
    n_nodes = count_nodes(graph)
    nodes = f"{n_nodes} node{'s' * (n_nodes != 1)}"
    return f"{name}: {paint('ok', 'bold green')}, {', '.join([nodes, *found])}"


def _as_dict(spec: str, graph: Graph | None, diagnostics: tuple[Diagnostic, ...]) -> dict[str, object]:
    return {
        "file": "<stdin>" if spec == "-" else spec,
        "ok": graph is not None,
        "name": graph.name if graph else None,
        "nodes": count_nodes(graph) if graph else None,
        "diagnostics": [d.as_dict() for d in diagnostics],
    }
