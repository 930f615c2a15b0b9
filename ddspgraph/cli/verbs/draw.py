"""`ddspgraph draw SPEC -o FILE`: the diagram, of one spec or of two. TensorFlow is imported for `--stage optimised`."""

from __future__ import annotations

import contextlib
import sys

from ddspgraph.cli.console import load_quietly, show_json, stage, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError, add_graph_options

EXAMPLE = "ddspgraph draw graph.yaml -o graph.svg\n  ddspgraph draw --diff old.yaml new.yaml -o changes.svg"


def add_options(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a spec, - for stdin, or an exported folder")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=".svg, .png, .pdf (these need graphviz), .dot or .mmd (Mermaid); - prints DOT",
    )
    parser.add_argument(
        "--diff", metavar="OLD", help="mark what SPEC adds to, removes from and changes in the spec OLD, and print it"
    )
    parser.add_argument(
        "--stage",
        choices=["source", "typed", "optimised"],
        default="typed",
        help="as written, a cycle in red; with types (default); as it runs (imports TensorFlow)",
    )
    parser.add_argument(
        "--detail",
        choices=["names", "types", "all"],
        default="types",
        help="names and ops; also ports, changed parameters and types (default); everything",
    )
    parser.add_argument("--fold", action="store_true", help="draw every sub-graph as one box")
    parser.add_argument("--theme", choices=["light", "dark"], default="light", help="colours (default: light)")
    parser.add_argument("--legend", action="store_true", help="add a key of shapes and strokes")
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    if arguments.diff is not None:
        return _draw_difference(arguments)
    if arguments.output is None:
        raise UsageError("-o FILE says where the picture goes (- prints DOT)")
    from ddspgraph import render
    from ddspgraph.cli.spec import count_nodes, load_graph, outline_graph, tell_warnings, with_learned_values
    from ddspgraph.diagnostics import Report

    report, options = Report(), GraphOptions.of(arguments)
    if arguments.stage == "source":
        graph = outline_graph(arguments.spec, options, report)
    else:
        graph = with_learned_values(arguments.spec, load_graph(arguments.spec, options))
    tell_warnings(graph)
    style = {
        "detail": arguments.detail,
        "theme": arguments.theme,
        "legend": arguments.legend,
        "stage": arguments.stage,
        "fold": arguments.fold,
    }
    with contextlib.ExitStack() as around:
        if arguments.stage == "optimised":
            around.enter_context(stage("loading TensorFlow"))
            load_quietly()
        if arguments.output == "-":
            sys.stdout.write(render.render(graph, "dot", **style).decode())
            report.raise_errors()
            return 0
        around.enter_context(stage(f"drawing {arguments.output}"))
        render.draw(graph, arguments.output, **style)
    report.raise_errors()  # the picture shows what is wrong, the messages say it
    if arguments.json:
        show_json({"ok": True, "file": arguments.output})
    else:
        tell(f"wrote {arguments.output}: {graph.name}, {count_nodes(graph)} nodes")
    return 0


def _draw_difference(arguments: Arguments) -> int:
    """The picture goes to `-o`; the same in words to stdout, so that without `-o` the words are all."""
    from ddspgraph.cli.spec import load_graph, with_learned_values
    from ddspgraph.render import draw_comparison
    from ddspgraph.render.compare import compare

    if arguments.output == "-":
        raise UsageError("--diff prints what differs: -o must name a file")
    if arguments.diff == arguments.spec == "-":
        raise UsageError("only one of two specs can be stdin")
    if arguments.stage != "typed" or arguments.legend or arguments.fold:
        raise UsageError("--diff compares graphs with their types: without --stage, --legend and --fold")
    options = GraphOptions.of(arguments)
    old, new = (with_learned_values(spec, load_graph(spec, options)) for spec in (arguments.diff, arguments.spec))
    if arguments.output is None:
        comparison = compare(old, new)
    else:
        with stage(f"drawing {arguments.output}"):
            comparison = draw_comparison(old, new, arguments.output, detail=arguments.detail, theme=arguments.theme)
    if arguments.json:
        show_json({"ok": True, "file": arguments.output, **comparison.as_dict()})
        return 0
    sys.stdout.write(comparison.text())
    if arguments.output is not None:
        tell(f"wrote {arguments.output}: {old.name} -> {new.name}")
    return 0
