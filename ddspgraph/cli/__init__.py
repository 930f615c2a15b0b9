"""The command line: `ddspgraph check | run | compile | draw | migrate | ops`. Data to stdout, messages to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ddspgraph.cli import check, draw, migrate, ops, run
from ddspgraph.cli import compile as compile_
from ddspgraph.cli.console import show, show_json, tell
from ddspgraph.cli.options import Arguments, Parser, UsageError

EPILOG = """\
exit codes: 0 ok, 1 internal error or --check found work, 2 usage, 3 invalid spec,
4 data or file, 5 limit, 6 numerical failure, 130 interrupted
"""
OK, INTERNAL, USAGE, INTERRUPTED = 0, 1, 2, 130
_VERBS = (check, run, compile_, draw, migrate, ops)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; prints instead of raising."""
    argv = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no failure
    try:
        arguments = _parser().parse_args(argv, Arguments())
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


def _parser() -> Parser:
    from ddspgraph import __version__

    parser = Parser(
        prog="ddspgraph",
        description="A compiler for YAML graphs of neural and DSP nodes: checked at their source lines, "
        "compiled to one tf.function.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"ddspgraph {__version__}")
    verbs = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for verb in _VERBS:
        verb.add_to(verbs)
    return parser
