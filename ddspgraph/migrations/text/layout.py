"""The text of a migrated document: as much of the old file as can be kept, and W110 for what cannot.

A list that becomes a graph is written in one style, with the comments, the order, the quotes and the anchors of the
old text.
"""

from __future__ import annotations

from ddspgraph.compiler.frontend.values import Document
from ddspgraph.diagnostics import Diagnostic, in_source_order, quote
from ddspgraph.migrations.text.comments import comments_of
from ddspgraph.migrations.text.emit import emit
from ddspgraph.migrations.text.written import anchors_in, mark


def text_anew(old: Document, new: Document, version: int) -> tuple[str, tuple[Diagnostic, ...]]:
    """The new document in one style, with the comments of the old text."""
    return emit(new, comments_of(old.source, version), is_yaml=True), _anchors_lost(old, new)


def _anchors_lost(old: Document, new: Document) -> tuple[Diagnostic, ...]:
    anchors = anchors_in(old.root)
    if not anchors:
        return ()
    kept = set(mark(new.root.items()).anchors.values())
    message = "the anchor {} is gone: what it names is written out at every use"
    gone = [(name, span) for name, span in anchors.items() if name not in kept]
    return in_source_order(Diagnostic("W110", message.format(quote("&" + name)), span) for name, span in gone)
