"""`ddspgraph watch SPEC`: one process that compiles again at every save, and writes or plays the result."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from ddspgraph.cli.console import show, show_json, tell
from ddspgraph.cli.options import (
    Arguments,
    Parser,
    UsageError,
    add_block_option,
    check_seed,
    limits_of,
    split_assignment,
)
from ddspgraph.cli.verbs import run
from ddspgraph.player.watching import Watch, files_of

EXAMPLE = "ddspgraph watch graph.yaml --input audio=dry.wav --output audio=wet.wav"
#: Seconds between two looks at the files.
_PAUSE_S = 0.1


def add_options(parser: Parser) -> None:
    run.add_options(parser)
    parser.add_argument("--live", action="store_true", help="play it, with inputs in a loop or the microphone ([live])")
    add_block_option(parser)


def main(arguments: Arguments) -> int:
    """Never returns by itself: Ctrl-C ends it."""
    check_seed(arguments.seed)
    spec = arguments.spec
    if spec == "-" or os.path.isdir(spec):
        raise UsageError(f"watch follows the file of a spec, this is {'stdin' if spec == '-' else 'a folder'}")
    if arguments.live and (arguments.output or arguments.outputs or arguments.tail):
        raise UsageError("--live plays: leave out --output, --outputs and --tail")
    if arguments.block and not arguments.live:
        raise UsageError("--block goes with --live")
    limits = limits_of(arguments.limit)
    if not os.path.exists(spec):
        from ddspgraph.compiler.frontend.document import read

        read(spec, limits=limits)  # raises: a slip in the name is no file that will come

    def files() -> list[str]:
        inputs = [split_assignment(text)[1] for text in arguments.input]
        own = [place for place in arguments.ops if place.endswith(".py")]
        return [*files_of(spec, limits), *(f for f in inputs if os.path.isfile(f) or "." in f), *own, *_npz(arguments)]

    tell(f"watching {spec}; Ctrl-C ends it")
    if arguments.live:
        from ddspgraph.cli.streams.watch_live import Player, build_sound

        Player(Watch(lambda: build_sound(arguments), files), arguments).play_forever()
    watch = Watch(lambda: run.main(arguments), files)
    while True:
        look(watch, arguments)
        pause()


def look(watch: Watch[Any], arguments: Arguments) -> bool:
    """Looks at the files; tells what is wrong with them, or how long it took. True where a new value is there.

    Raises:
      UsageError: by the first build: another spec will not mend the command line.
    """
    begin, is_first = time.perf_counter(), watch.value is None and watch.error is None
    if not watch.look():
        return False
    if watch.error is None:
        tell(f"{time.strftime('%H:%M:%S')} {arguments.spec}: ready in {time.perf_counter() - begin:.1f} s")
        return True
    if is_first and isinstance(watch.error, UsageError):
        raise watch.error
    show_error(watch.error, arguments)
    kept = "" if watch.value is None else "; the last result stays"
    tell(f"{time.strftime('%H:%M:%S')} {arguments.spec}: waiting for the next save{kept}")
    return False


def show_error(error: Exception, arguments: Arguments) -> None:
    """An error that does not end the command."""
    from ddspgraph.diagnostics import GraphError

    if isinstance(error, GraphError):
        if arguments.json:
            show_json({"ok": False, "diagnostics": [d.as_dict() for d in error.diagnostics]})
        for diagnostic in error.diagnostics:
            show(diagnostic, sys.stderr)
        return
    kind = "" if isinstance(error, UsageError) else f"internal error: {type(error).__name__}: "
    tell(f"ddspgraph watch: {kind or 'error: '}{(str(error).splitlines() or [''])[0]}")


def pause() -> None:
    """The time between two looks."""
    time.sleep(_PAUSE_S)


def _npz(arguments: Arguments) -> list[str]:
    return [arguments.inputs] if arguments.inputs else []
