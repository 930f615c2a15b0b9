"""A gin file as a document of the language: read, upgraded, and written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ddspgraph.compiler.frontend.values import Document
from ddspgraph.diagnostics import Diagnostic, Report, quote
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.change import Change
from ddspgraph.migrations.emit import emit
from ddspgraph.migrations.gin.comments import place
from ddspgraph.migrations.gin.reader import read_gin, read_gin_text
from ddspgraph.migrations.gin.syntax import GinFile, Include
from ddspgraph.migrations.gin.to_v2 import upgrade

_HINT = "--gin-path FOLDER adds a folder, such as magenta/ddsp's own ddsp/training/gin"


@dataclass(frozen=True)
class GinDocument(Document):
    """The graph that a gin file describes; its values have their places in that file.

    Attributes:
      file: as it was read.
      changes: what became of each of its statements.
      warnings: W111 for included files that were not found.
    """

    file: GinFile
    changes: tuple[Change, ...]
    warnings: tuple[Diagnostic, ...]

    def written(self, current: Document, changes: tuple[Change, ...]) -> str:
        """A later form of this document as YAML, with the comments of the file."""
        placed = place(current, self.file, changes)
        return emit(placed.document, placed.comments)


def open_gin(
    source: str | os.PathLike[str],
    *,
    text: str | bytes | None = None,
    gin_path: Sequence[str | os.PathLike[str]] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> GinDocument:
    """The graph of a gin file.

    Args:
      source: its path; where `text` is given, what messages call that.
      gin_path: folders where included files may lie, beside that of the file.

    Raises:
      GraphError: as `read_gin` and `upgrade` do.
    """
    if text is None:
        file = read_gin(source, gin_path=gin_path, limits=limits)
    else:
        file = read_gin_text(text, os.fsdecode(source), gin_path=gin_path, limits=limits)
    document, changes = upgrade(file, Report(), limits)
    missing = (s for s in file.flat() if isinstance(s, Include) and s.problem)
    warnings = (
        Diagnostic("W111", f"{quote(include.path)} is not included: {include.problem}", include.span, hint=_HINT)
        for include in missing
    )
    return GinDocument(document.root, document.source, file, changes, tuple(warnings))
