"""What becomes of every statement of a gin file: the report of the migration."""

from __future__ import annotations

from dataclasses import replace

from ddspgraph.diagnostics import quote
from ddspgraph.migrations.change import Change, Kind
from ddspgraph.migrations.gin.syntax import Binding, GinFile, Import, Include


class Ledger:
    """The fates of bindings, said one by one while a graph is made of them."""

    def __init__(self) -> None:
        self._fates: dict[int, Change] = {}
        self._more: dict[int, list[Change]] = {}

    def say(self, binding: Binding, kind: Kind, to: str | None, note: str = "") -> None:
        """One fate of a binding. A second one, of a binding that several things read, is added to the note."""
        first = self._fates.get(id(binding))
        if first is None:
            self._fates[id(binding)] = Change(kind, binding.key, to, note, binding.span)
        elif to is not None and to != first.to and to not in first.note:
            also = f"also {to}"
            note = f"{first.note}; {also}" if first.note else also
            self._fates[id(binding)] = replace(first, note=note)

    def add(self, binding: Binding, kind: Kind, path: str, to: str | None, note: str) -> None:
        """What follows from a binding without being said by it: a default, a part of a graph."""
        self._more.setdefault(id(binding), []).append(Change(kind, path, to, note, binding.span))

    def fate(self, binding: Binding) -> Change | None:
        return self._fates.get(id(binding))

    def changes(self, file: GinFile) -> tuple[Change, ...]:
        """The report: one line at least for every import, include and binding, in the order of the file."""
        found: list[Change] = []
        for statement in file.flat():
            if isinstance(statement, Import):
                note = "a spec imports nothing, and nothing was imported"
                found.append(Change(Kind.NOT_SUPPORTED, statement.text, None, note, statement.span))
            elif isinstance(statement, Include):
                found.append(_include(statement))
            elif isinstance(statement, Binding):
                change = self._fates.get(id(statement))
                note = f"nothing in the model reads {quote(statement.key)}"
                found.append(
                    change or Change(Kind.NOT_SUPPORTED, statement.key, None, note, statement.span),
                )
                found += self._more.get(id(statement), ())
        return tuple(found)


def _include(include: Include) -> Change:
    path = f"include '{include.path}'"
    if include.problem:
        note = f"E601: {include.problem}; what it says is not known"
        return Change(Kind.NOT_SUPPORTED, path, None, note, include.span)
    return Change(Kind.MOVED, path, None, "its bindings follow", include.span)
