"""`ddspgraph extract SPEC NODE...`: nodes put into a sub-graph, in the text. TensorFlow is not imported."""

from __future__ import annotations

from ddspgraph.cli.options import Arguments, GraphOptions, Parser, add_graph_options
from ddspgraph.cli.rewritten import add_output_option, put_rewritten, read_for_rewriting

EXAMPLE = "ddspgraph extract console.yaml cut out --name strip"


def add_options(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("nodes", metavar="NODE", nargs="+", help="what goes into the sub-graph")
    parser.add_argument("--name", default="part", metavar="NAME", help="of the sub-graph and its use (default: part)")
    add_output_option(parser)
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.compiler.driver import load
    from ddspgraph.rewriting.extract import extracted

    options = GraphOptions.of(arguments)
    document = read_for_rewriting(arguments.spec, options)
    graph = load(document, ops=options.ops, limits=options.limits)
    put_rewritten(arguments, options, document, extracted(document, graph, arguments.nodes, arguments.name))
    return 0
