"""Older versions of the language -> the current one, a step at a time.

result = migrate_text("old.yaml")
print(result.text)
for change in result.changes:
    print(change)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ddspgraph.compiler.frontend.parameters import whole
from ddspgraph.compiler.frontend.validate import validate
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Diagnostic, GraphError, Report, fail
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.change import Change, Kind
from ddspgraph.migrations.gin_options import GinOptions
from ddspgraph.migrations.sources import open_spec
from ddspgraph.migrations.text.layout import text_anew
from ddspgraph.migrations.v1 import to_v2 as v1_to_v2
from ddspgraph.resources import schema

if TYPE_CHECKING:
    from ddspgraph.migrations.gin.document import GinDocument

__all__ = [
    "LATEST",
    "STEPS",
    "Change",
    "Kind",
    "MigrationResult",
    "document_version",
    "kept_text",
    "migrate",
    "migrate_document",
    "migrate_text",
]

#: One module a step, in order: `FROM_VERSION` and `upgrade` to the version after it.
STEPS = (v1_to_v2,)
LATEST = STEPS[-1].FROM_VERSION + 1
_OLDEST = STEPS[0].FROM_VERSION


@dataclass(frozen=True)
class MigrationResult:
    """A spec in the current version.

    Attributes:
      text: the YAML; where nothing had to change, the text as it was, byte for byte.
      changes: what became of every entry of the old file, in the order of the steps.
      from_version: of the old text.
      to_version: of the new text.
      changed: whether a step ran.
      warnings: W110 for all of the old layout that the new text does not have; of gin files W111, W123 and W124.
      awaited: ops that the new text needs and the library does not have.
    """

    text: str
    changes: tuple[Change, ...]
    from_version: int
    to_version: int
    changed: bool
    warnings: tuple[Diagnostic, ...] = ()
    awaited: tuple[str, ...] = ()

    @property
    def lost(self) -> tuple[Change, ...]:
        """What had an effect in the old file and is not in the new text."""
        return tuple(change for change in self.changes if change.kind is Kind.LOST)


def document_version(document: Document) -> int:
    """The version that a document says.

    Raises:
      GraphError: E201 it says none; E204 it says one that this program does not know.
    """
    value = document.root.get("version")
    if value is None:
        raise GraphError(_unsaid(document)[1])
    version = whole(value.data)
    if version is None:
        hint = f"write `version: {LATEST}`"
        raise fail("E204", f"a version is a whole number, this is {value.kind}", value.span, hint=hint)
    if version > LATEST:
        message = f"the spec is of version {version}; this program knows versions up to {LATEST}"
        raise fail("E204", message, value.span, hint="install a newer ddspgraph")
    if version < _OLDEST:
        message = f"there is no version {version}; this program knows {_OLDEST} to {LATEST}"
        raise fail("E204", message, value.span, hint=f"write `version: {LATEST}`")
    return version


def _unsaid(document: Document) -> tuple[int, Diagnostic]:
    """What the version probably is, and E201."""
    first = next((key.span for key, _ in document.root.items()), document.root.span)
    version = _OLDEST if document.root.get("dag") is not None else LATEST
    hint = f"begin with `version: {version}`"
    return version, Diagnostic("E201", "the spec does not say its version", first, hint=hint)


def _with_version(document: Document, report: Report) -> Document:
    """The document as if it said its version, after reporting that it does not: so all else is checked too."""
    version, diagnostic = _unsaid(document)
    report.diagnostics.append(diagnostic)
    assert diagnostic.span is not None
    said = (Key("version", diagnostic.span), Value(version, diagnostic.span))
    return Document(Value(dict([said, *document.root.items()]), document.root.span), document.source)


def migrate(document: Document, report: Report) -> tuple[Document, tuple[Change, ...]]:
    """The document in the current version; values keep the spans of the old text.

    W108 is reported where a step ran.

    Raises:
      GraphError: all that `document_version`, the schema of each version on the way and its step find wrong,
        with what `report` held before.
    """
    gin = _as_gin(document)
    if document.root.get("version") is None:
        document = _with_version(document, report)
    version = document_version(document)
    changes: list[Change] = [*gin.changes] if gin is not None else []
    for step in STEPS[version - _OLDEST :]:
        validate(document, schema(step.FROM_VERSION), report)
        document, done = step.upgrade(document, report)
        report.raise_errors()
        changes += done
    if gin is not None:
        report.diagnostics += gin.warnings
    if version < LATEST or gin is not None:
        said = document.root.get("version")
        report.add(
            "W108",
            f"the spec is of version {version if gin is None else 0}, the current one is {LATEST}",
            said.span if said is not None else None,
            hint="`ddspgraph migrate` brings it to the current one; it works as it is",
        )
    return document, tuple(changes)


def migrate_text(
    source: str | os.PathLike[str] | Mapping[str, object] | Sequence[str | os.PathLike[str]],
    *,
    gin_path: Sequence[str | os.PathLike[str]] = (),
    gin_params: Sequence[str] = (),
    frame_rate_hz: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> MigrationResult:
    """The text of a spec in the current version, comments included.

    Args:
      source: path, YAML text or mapping, of any version; or a gin file of magenta/ddsp, or its text; or several gin
        files of one model, of which later ones override.
      gin_path: folders where files that a gin file includes may lie, beside its own.
      gin_params: bindings that override a gin file, `NAME = VALUE`.
      frame_rate_hz: of a gin file's clock, whatever the file says.
      limits: bounds on the text.

    Raises:
      GraphError: as `open_spec` and `migrate` do.
    """
    more: Sequence[str | os.PathLike[str]] = ()
    if not isinstance(source, (str, os.PathLike, Mapping)):
        source, *more = source
    gin = GinOptions(gin_path, gin_params, more, frame_rate_hz)
    return migrate_document(open_spec(source, gin=gin, limits=limits))


def migrate_document(document: Document) -> MigrationResult:
    """`migrate_text` of a document that was read. Raises GraphError as `migrate` does."""
    gin = _as_gin(document)
    version = document_version(document)
    if version == LATEST and gin is None:
        return MigrationResult(document.source.text, (), version, LATEST, changed=False)
    current, changes = migrate(document, Report())
    if gin is not None:
        version, text, warnings = 0, gin.written(current, changes), gin.warnings
    else:
        text, warnings = text_anew(document, current, LATEST)
    if "\r\n" in document.source.text:
        text = text.replace("\n", "\r\n")
    awaited = gin.awaited if gin is not None else ()
    return MigrationResult(text, changes, version, LATEST, changed=True, warnings=warnings, awaited=awaited)


def kept_text(document: Document) -> str:
    """The text of a spec as a graph keeps it: of a gin file, the YAML that it becomes. Raises as `migrate` does."""
    return document.source.text if _as_gin(document) is None else migrate_document(document).text


def _as_gin(document: Document) -> GinDocument | None:
    """The document if a gin file described it. The readers of gin are loaded for gin files only."""
    if type(document) is Document:
        return None
    from ddspgraph.migrations.gin.document import GinDocument

    return document if isinstance(document, GinDocument) else None
