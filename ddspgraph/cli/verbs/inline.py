"""`ddspgraph inline SPEC [NAME...]`: sub-graphs written out in the text. TensorFlow is not imported."""

from __future__ import annotations

from ddspgraph.cli.options import Arguments, GraphOptions, Parser, add_graph_options
from ddspgraph.cli.rewritten import add_output_option, put_rewritten, read_for_rewriting

EXAMPLE = "ddspgraph inline console.yaml vox -o flat.yaml"


def add_options(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a spec")
    parser.add_argument("names", metavar="NAME", nargs="*", help="of uses of sub-graphs; without one, all of them")
    add_output_option(parser)
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.compiler.driver import expansion
    from ddspgraph.rewriting.inline import inlined

    options = GraphOptions.of(arguments)
    document = read_for_rewriting(arguments.spec, options)
    written, graph = expansion(document, ops=options.ops, limits=options.limits)
    put_rewritten(arguments, options, document, inlined(document, written, graph, arguments.names))
    return 0
