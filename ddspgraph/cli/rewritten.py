"""A spec whose text is edited: read, checked again, and written in its place or elsewhere."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ddspgraph.cli.console import show_json, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError

if TYPE_CHECKING:
    from ddspgraph.compiler.frontend.values import Document


def add_output_option(parser: Parser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", help="instead of writing SPEC anew; - prints")


def read_for_rewriting(spec: str, options: GraphOptions) -> Document:
    """The document of a file of the current version. Raises UsageError for any other."""
    from ddspgraph.compiler.frontend.document import read
    from ddspgraph.migrations import LATEST, document_version

    if spec == "-" or not os.path.isfile(spec):
        raise UsageError(f"{spec} is no file whose text can be written anew")
    document = read(spec, limits=options.limits)
    if document_version(document) != LATEST:
        raise UsageError(f"{spec} is of an older version: `ddspgraph migrate` brings it to the current one")
    return document


def put_rewritten(arguments: Arguments, options: GraphOptions, document: Document, text: str) -> None:
    """Writes the text, whole or not at all, once it is a spec without errors. Raises GraphError."""
    from ddspgraph.compiler.driver import load
    from ddspgraph.compiler.frontend.document import read_text
    from ddspgraph.files import write_atomically

    source = document.source
    load(read_text(text, source.name, options.limits, source.path), ops=options.ops, limits=options.limits)
    if arguments.output == "-":
        sys.stdout.write(text)
        return
    target = arguments.output or arguments.spec
    write_atomically(target, text.encode())
    if arguments.json:
        show_json({"ok": True, "file": target})
    else:
        tell(f"wrote {target}")
