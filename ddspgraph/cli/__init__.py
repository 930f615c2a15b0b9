"""The command line: `ddspgraph check | run | compile | draw | watch | new | ...`.

Data to stdout, messages to stderr.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from ddspgraph import __version__
from ddspgraph.cli.console import show, show_json, tell
from ddspgraph.cli.options import Arguments, Parser, UsageError, add_common_options

EPILOG = """\
exit codes: 0 ok, 1 internal error or --check found work, 2 usage, 3 invalid
spec, 4 data or file, 5 limit, 6 numerical failure, 130 interrupted
"""
OK, INTERNAL, USAGE, INTERRUPTED = 0, 1, 2, 130
#: command -> what it does. The module of that name is loaded only for its own command: `--help` is instant.
VERBS = {
    "check": "find all errors and warnings of specs, each with file:line:column and a repair",
    "run": "compile a graph and run it on recordings and arrays",
    "watch": "follow a spec while it is edited: compile and run it, or play it, at every save",
    "stream": "run a graph block by block: files, raw samples in a pipe, live audio",
    "compile": "compile a graph and export it as a SavedModel",
    "draw": "draw the diagram of a graph",
    "explore": "write a page to look inside of a graph and listen to its ports",
    "features": "make a dataset of recordings: audio, pitch and loudness, in examples",
    "migrate": "bring a spec of an older version to the current one",
    "train": "train a graph on a dataset, or go on where its run ended",
    "evaluate": "measure a trained model on the part of its data that was held out",
    "transfer": "play a recording on a trained model",
    "fit": "fit the free inputs and weights of a graph to one recording",
    "ops": "list the op library, find ops by a word, or explain one",
    "new": "begin a spec of your own as a copy of a graph that comes with the program",
    "extract": "put nodes of a spec into a sub-graph, in its text",
    "inline": "write uses of sub-graphs out, in the text of a spec",
    "schema": "write the JSON Schema that editors complete and explain specs with",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; prints instead of raising."""
    argv = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no failure
    try:
        arguments = _parser(argv).parse_args(argv, Arguments())
        code = _guarded(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as end:  # argparse: --help, --version, usage
        return end.code if isinstance(end.code, int) else OK
    except KeyboardInterrupt:
        tell("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has enough. Nothing may be left that the interpreter would flush at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _guarded(arguments: Arguments) -> int:
    from ddspgraph.diagnostics import GraphError

    try:
        return arguments.verb(arguments)
    except UsageError as error:
        tell(f"ddspgraph {arguments.command}: error: {error}")
        return USAGE
    except GraphError as error:
        if arguments.json:
            show_json({"ok": False, "diagnostics": [d.as_dict() for d in error.diagnostics]})
        for diagnostic in error.diagnostics:
            show(diagnostic, sys.stderr)
        return error.exit_code
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        if arguments.debug:
            raise
        lines = str(error).splitlines() or [""]
        tell(f"ddspgraph {arguments.command}: internal error: {type(error).__name__}: {lines[0]}")
        tell("--debug shows the traceback")
        return INTERNAL


def _parser(argv: Sequence[str]) -> Parser:
    parser = Parser(
        prog="ddspgraph",
        description="A compiler for YAML graphs of neural and DSP nodes: checked at their source lines, "
        "compiled to one tf.function.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"ddspgraph {__version__}")
    verbs = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name in argv:
            module = importlib.import_module(f"ddspgraph.cli.verbs.{name}")
            verb.epilog = f"example:\n  {module.EXAMPLE}"
            verb.set_defaults(verb=module.main)
            add_common_options(verb)
            module.add_options(verb)
    return parser
