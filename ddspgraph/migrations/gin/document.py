"""A gin file as a document of the language: read, upgraded, and written."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ddspgraph.compiler.frontend.values import Document
from ddspgraph.diagnostics import Diagnostic, Report, quote
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.change import Change
from ddspgraph.migrations.gin.syntax.comments import place
from ddspgraph.migrations.gin.syntax.reader import read_gin, read_gin_text
from ddspgraph.migrations.gin.syntax.statements import GinFile, Include
from ddspgraph.migrations.gin.to_v2 import upgrade
from ddspgraph.migrations.gin_options import NO_OPTIONS, GinOptions
from ddspgraph.migrations.text.emit import emit

_HINT = "--gin-path FOLDER adds a folder, such as magenta/ddsp's own ddsp/training/gin"


@dataclass(frozen=True)
class GinDocument(Document):
    """The graph that a gin file describes; its values have their places in that file.

    Attributes:
      file: as it was read.
      changes: what became of each of its statements.
      warnings: W111 for included files that were not found, W123 and W124 for rates that do not agree.
      awaited: the ops that the graph needs and the library does not have.
    """

    file: GinFile
    changes: tuple[Change, ...]
    warnings: tuple[Diagnostic, ...]
    awaited: tuple[str, ...]

    def written(self, current: Document, changes: tuple[Change, ...]) -> str:
        """A later form of this document as YAML, with the comments of the file."""
        placed = place(current, self.file, changes)
        return emit(placed.document, placed.comments)


def open_gin(
    source: str | os.PathLike[str],
    *,
    text: str | bytes | None = None,
    options: GinOptions = NO_OPTIONS,
    limits: Limits = DEFAULT_LIMITS,
) -> GinDocument:
    """The graph of a gin file.

    Args:
      source: its path; where `text` is given, what messages call that.

    Raises:
      GraphError: as `read_gin` and `upgrade` do.
    """
    if text is None:
        sources = [source, *options.more]
        file = read_gin(sources, gin_path=options.path, gin_params=options.params, limits=limits)
    else:
        name = os.fsdecode(source)
        file = read_gin_text(text, name, gin_path=options.path, gin_params=options.params, limits=limits)
    done = upgrade(file, Report(), limits, options.frame_rate_hz, options.name)
    missing = (s for s in file.flat() if isinstance(s, Include) and s.problem)
    warnings = [
        Diagnostic("W111", f"{quote(include.path)} is not included: {include.problem}", include.span, hint=_HINT)
        for include in missing
    ]
    document = done.document
    return GinDocument(document.root, document.source, file, done.changes, (*warnings, *done.warnings), done.awaited)
