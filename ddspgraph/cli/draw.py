"""`ddspgraph draw SPEC -o FILE`: the diagram. TensorFlow is not imported."""

from __future__ import annotations

import sys

from ddspgraph.cli.console import show_json, stage, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, add_graph_options

EXAMPLE = "ddspgraph draw graph.yaml -o graph.svg"


def add_options(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a spec, - for stdin, or an exported folder")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help=".svg, .png, .pdf (these need graphviz), .dot or .mmd (Mermaid); - prints DOT",
    )
    parser.add_argument("--theme", choices=["light", "dark"], default="light", help="colours (default: light)")
    parser.add_argument(
        "--detail",
        choices=["names", "types", "all"],
        default="types",
        help="names and ops; also ports, changed parameters and types (default); everything",
    )
    parser.add_argument("--legend", action="store_true", help="add a key of shapes and strokes")
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph import render
    from ddspgraph.cli.spec import count_nodes, load_graph, tell_warnings

    graph = load_graph(arguments.spec, GraphOptions.of(arguments))
    tell_warnings(graph)
    style = {"detail": arguments.detail, "theme": arguments.theme, "legend": arguments.legend}
    if arguments.output == "-":
        sys.stdout.write(render.render(graph, "dot", **style).decode())
        return 0
    with stage(f"drawing {arguments.output}"):
        render.draw(graph, arguments.output, **style)
    if arguments.json:
        show_json({"ok": True, "file": arguments.output})
    else:
        tell(f"wrote {arguments.output}: {graph.name}, {count_nodes(graph)} nodes")
    return 0
