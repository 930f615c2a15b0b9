"""`ddspgraph watch SPEC`: one process that compiles again at every save, and writes or plays the result."""

from __future__ import annotations

import os

from ddspgraph.cli.console import tell
from ddspgraph.cli.options import (
    Arguments,
    Parser,
    UsageError,
    add_block_option,
    check_seed,
    limits_of,
    split_assignment,
)
from ddspgraph.cli.streams import looks
from ddspgraph.cli.verbs import run
from ddspgraph.player.watching import Watch, files_of

EXAMPLE = "ddspgraph watch graph.yaml --input audio=dry.wav --output audio=wet.wav"


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
        looks.look(watch, arguments)
        looks.pause()


def _npz(arguments: Arguments) -> list[str]:
    return [arguments.inputs] if arguments.inputs else []
