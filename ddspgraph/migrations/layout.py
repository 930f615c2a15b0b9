"""The text of a migrated document: as much of the old file as can be kept, and W110 for what cannot.

A step that keeps the form of a spec changes values in the old text (`in_form`). A step that makes a list a graph has
no such text: it is written anew, in one style, with the comments, the order, the quotes and the anchors of the old.
"""

from __future__ import annotations

from ddspgraph.compiler.frontend.values import Document
from ddspgraph.diagnostics import Diagnostic, Note, Source, Span, in_source_order, quote
from ddspgraph.installation import install_command
from ddspgraph.migrations.comments import comments_of, with_schema
from ddspgraph.migrations.emit import emit
from ddspgraph.migrations.written import anchors_in, mark


def text_anew(old: Document, new: Document, version: int) -> tuple[str, tuple[Diagnostic, ...]]:
    """The new document in one style, with the comments of the old text."""
    return emit(new, comments_of(old.source, version), is_yaml=True), _anchors_lost(old, new)


def text_in_form(old: Document, new: Document, version: int) -> tuple[str, tuple[Diagnostic, ...]]:
    """The old text with the new values in it; written anew where ruamel.yaml is not there, or cannot do it."""
    from ddspgraph.migrations import in_form

    start = Span.start_of(old.source)
    if not in_form.is_available():
        message = "line breaks, indents and blank lines are written anew: ruamel.yaml is not installed"
        text, lost = text_anew(old, new, version)
        return text, (Diagnostic("W110", message, start, hint=f"{install_command('migrate')} keeps them"), *lost)
    text = in_form.rewritten(old, new)
    if text is None:
        message = "line breaks, indents and blank lines are written anew: values that were one have come to differ"
        text, lost = text_anew(old, new, version)
        return text, (Diagnostic("W110", message, start), *lost)
    text = with_schema(text, version)
    return text, _comments_lost(old, text, version)


def _anchors_lost(old: Document, new: Document) -> tuple[Diagnostic, ...]:
    anchors = anchors_in(old.root)
    if not anchors:
        return ()
    kept = set(mark(new.root.items()).anchors.values())
    message = "the anchor {} is gone: what it names is written out at every use"
    gone = [(name, span) for name, span in anchors.items() if name not in kept]
    return in_source_order(Diagnostic("W110", message.format(quote("&" + name)), span) for name, span in gone)


def _comments_lost(old: Document, text: str, version: int) -> tuple[Diagnostic, ...]:
    left = [comment.text for comment in comments_of(Source(old.source.name, text), version)]
    gone = []
    for comment in comments_of(old.source, version):
        if comment.text in left:
            left.remove(comment.text)
        else:
            gone.append(Note(f"the comment {quote(comment.text)}"))
    if not gone:
        return ()
    message = "comments are gone with what they stood at"
    return (Diagnostic("W110", message, Span.start_of(old.source), tuple(gone)),)
