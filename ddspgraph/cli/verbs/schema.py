"""`ddspgraph schema`: the JSON Schema that editors complete and explain specs with. TensorFlow is not imported."""

from __future__ import annotations

import json

from ddspgraph.cli.console import put, tell
from ddspgraph.cli.options import Arguments, Parser, add_ops_option
from ddspgraph.resources import MODELINE

EXAMPLE = "ddspgraph schema --ops my_ops.py -o ddspgraph.schema.json"


def add_options(parser: Parser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it (default: stdout)")
    add_ops_option(parser)


def main(arguments: Arguments) -> int:
    text = schema_text(arguments.ops)
    if arguments.output is None:
        put(text)
        return 0
    from ddspgraph.files import write_atomically

    write_atomically(arguments.output, f"{text}\n".encode())
    tell(f"wrote {arguments.output}; a spec beside it begins with\n{MODELINE.format(arguments.output)}")
    return 0


def schema_text(places: list[str]) -> str:
    """The schema of the current version with ops of one's own. Raises GraphError E610."""
    from ddspgraph.cli.user_ops import load_ops
    from ddspgraph.compiler.frontend.schema import graph_schema
    from ddspgraph.ops import OPS

    return json.dumps(graph_schema(OPS | load_ops(places)), indent=1)
