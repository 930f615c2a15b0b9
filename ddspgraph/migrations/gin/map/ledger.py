"""What becomes of every statement of a gin file: the report of the migration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ddspgraph.diagnostics import Span
from ddspgraph.migrations.change import Change, Kind
from ddspgraph.migrations.gin.syntax.statements import Binding, GinFile, Import, Include


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
        """What follows from a binding without being said by it: a default, a guess, a part of a graph."""
        change = Change(kind, path, to, note, binding.span)
        more = self._more.setdefault(id(binding), [])
        if change not in more:
            more.append(change)

    def override(self, binding: Binding, later: Span) -> None:
        """The fate of a binding that a later one replaces."""
        if later.source.name.startswith("--"):
            where = f"by {later.source.name}"
        elif later.source.name == binding.span.source.name:
            where = f"at line {later.line}"
        else:
            where = f"at {later}"
        self.say(binding, Kind.OVERRIDDEN, None, where)

    def replace(self, binding: Binding, kind: Kind, note: str) -> None:
        """Another fate than the one that was said."""
        self._fates[id(binding)] = Change(kind, binding.key, None, note, binding.span)

    def fate(self, binding: Binding) -> Change | None:
        return self._fates.get(id(binding))

    def changes(self, file: GinFile, implied: tuple[Binding, ...] = ()) -> tuple[Change, ...]:
        """The report: one line at least for every import, include and binding, in the order of the file.

        Args:
          implied: bindings that no file holds; those that had an effect are reported as well.
        """
        return (*self._of_file(file), *self._implied(implied))

    def _of_file(self, file: GinFile) -> Iterator[Change]:
        for statement in file.flat():
            if isinstance(statement, Import):
                note = "a spec imports nothing, and nothing was imported"
                yield Change(Kind.NO_EFFECT, statement.text, None, note, statement.span)
            elif isinstance(statement, Include):
                yield _include(statement)
            elif isinstance(statement, Binding):
                yield self._fates[id(statement)]
                yield from self._more.get(id(statement), ())

    def _implied(self, bindings: tuple[Binding, ...]) -> Iterator[Change]:
        for binding in bindings:
            fate = self._fates.get(id(binding))
            if fate is not None and fate.kind is Kind.DEFAULT and binding.parameter:
                yield fate


def _include(include: Include) -> Change:
    path = f"include '{include.path}'"
    if include.problem:
        note = f"E601: {include.problem}; what it says is not known"
        return Change(Kind.LOST, path, None, note, include.span)
    note = "its bindings follow"
    if include.is_released:
        note = "it was not found; the bindings of magenta/ddsp 3.7.0's file of that name follow"
    return Change(Kind.MOVED, path, None, note, include.span)
