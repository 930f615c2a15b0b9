"""`ddspgraph check SPEC...`: all errors and warnings, each at its line. TensorFlow is not imported."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.console import paint, put, show, show_json
from ddspgraph.cli.options import Arguments, GraphOptions, add_graph_options, add_verb

if TYPE_CHECKING:
    from ddspgraph.diagnostics import Diagnostic
    from ddspgraph.ir.graph import Graph


def add_to(verbs: Any) -> None:
    parser = add_verb(
        verbs,
        "check",
        check,
        "find all errors and warnings of specs, each with file:line:column and a repair",
        "ddspgraph check graphs/*.yaml",
    )
    parser.add_argument("specs", metavar="SPEC", nargs="+", help="a spec, or - for stdin")
    add_graph_options(parser)


def check(arguments: Arguments) -> int:
    """Exit code: that of the worst file."""
    options = GraphOptions.of(arguments)
    reports, worst = [], 0
    for spec in arguments.specs:
        graph, diagnostics, code = _check(spec, options)
        worst = max(worst, code)
        if arguments.json:
            reports.append(_as_dict(spec, graph, diagnostics))
            continue
        for diagnostic in diagnostics:
            show(diagnostic)
        put(_summary(spec, graph, diagnostics))
    if arguments.json:
        show_json(reports)
    return worst


def _check(spec: str, options: GraphOptions) -> tuple[Graph | None, tuple[Diagnostic, ...], int]:
    from ddspgraph.cli.spec import load_graph
    from ddspgraph.diagnostics import GraphError

    try:
        graph = load_graph(spec, options)
    except GraphError as error:
        return None, error.diagnostics, error.exit_code
    return graph, graph.warnings, 0


def _summary(spec: str, graph: Graph | None, diagnostics: tuple[Diagnostic, ...]) -> str:
    count = Counter(d.is_error for d in diagnostics)
    found = [f"{n} {word}{'s' * (n > 1)}" for n, word in ((count[True], "error"), (count[False], "warning")) if n]
    name = "<stdin>" if spec == "-" else spec
    if graph is None:
        return f"{name}: {paint(', '.join(found), 'bold red')}"
    nodes = f"{len(graph.nodes)} node{'s' * (len(graph.nodes) != 1)}"
    return f"{name}: {paint('ok', 'bold green')}, {', '.join([nodes, *found])}"


def _as_dict(spec: str, graph: Graph | None, diagnostics: tuple[Diagnostic, ...]) -> dict[str, object]:
    return {
        "file": "<stdin>" if spec == "-" else spec,
        "ok": graph is not None,
        "name": graph.name if graph else None,
        "nodes": len(graph.nodes) if graph else None,
        "diagnostics": [d.as_dict() for d in diagnostics],
    }
