"""What a migration did to one entry of the old file, for its report."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ddspgraph.diagnostics import Span, clean


class Kind(str, enum.Enum):
    """Every entry of an old file meets one of these fates."""

    MOVED = "moved"
    RENAMED = "renamed"
    DERIVED = "derived from the clock"
    DEFAULT = "default"
    #: The old file leaves it open; the note says what was taken.
    GUESSED = "guessed"
    #: It is there, and computes something else than it did.
    DIFFERS = "differs"
    #: A later statement replaces it; the note says which.
    OVERRIDDEN = "overridden"
    #: Nothing was computed of it before, or nothing comes of it in a graph.
    NO_EFFECT = "has no effect"
    #: It had an effect, and the graph does not have it.
    LOST = "lost"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Change:
    """One line of the report.

    Attributes:
      kind: what happened.
      path: where it stood: `modules.harmonic.scale_fn`.
      to: where it stands now; None where it is gone.
      note: why, where the kind does not say it.
      span: its place in the old file.
    """

    kind: Kind
    path: str
    to: str | None
    note: str
    span: Span

    def __str__(self) -> str:
        to = f" -> {self.to}" if self.to else ""
        fate = clean(f"{self.span}: {self.path}{to}: {self.kind}")
        if self.kind is Kind.OVERRIDDEN:
            return f"{fate} {clean(self.note)}"
        return fate + (f" ({clean(self.note)})" if self.note else "")

    def as_dict(self) -> dict[str, object]:
        """The change as plain data, for `--json`."""
        place = {"file": self.span.source.name, "line": self.span.line, "column": self.span.column}
        return {"kind": str(self.kind), "path": self.path, "to": self.to, "note": self.note, **place}
