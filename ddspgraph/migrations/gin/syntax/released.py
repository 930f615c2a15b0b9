"""The gin files of magenta/ddsp 3.7.0 that others include, and the one that its training program loads before all.

They hold no more than names and values: which release changed which is in `renames`. The values of
`optimization/base.gin` are the same in all releases since 0.0.5.
"""

from __future__ import annotations

import functools
from pathlib import Path

from ddspgraph.diagnostics import Report, Source
from ddspgraph.limits import DEFAULT_LIMITS
from ddspgraph.migrations.gin.syntax.parser import parse
from ddspgraph.migrations.gin.syntax.statements import Binding
from ddspgraph.migrations.gin.syntax.tokens import Budget

_FOLDER = Path(__file__).parent / "released_files"
#: What messages call the file that the program loads first.
RUNNER = "optimization/base.gin"


def released_file(parts: tuple[str, ...]) -> bytes | None:
    """The released file that an include names, by the end of its path; None where there is none."""
    for begin in range(len(parts) - 1):
        path = _FOLDER.joinpath(*parts[begin:])
        if path.is_file():
            return path.read_bytes()
    return None


@functools.cache
def runner_bindings() -> tuple[Binding, ...]:
    """What magenta/ddsp's training program binds before it loads a file of the user."""
    source = Source(RUNNER, (_FOLDER / RUNNER).read_text(encoding="utf-8"))
    statements = parse(source, Budget(DEFAULT_LIMITS), Report()).statements
    return tuple(statement for statement in statements if isinstance(statement, Binding))
