"""Looks at the files that `watch` follows, and what it prints of them."""

from __future__ import annotations

import sys
import time
from typing import Any

from ddspgraph.cli.console import show, show_json, tell
from ddspgraph.cli.options import Arguments, UsageError
from ddspgraph.player.watching import Watch

#: Seconds between two looks at the files.
_PAUSE_S = 0.1


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
