"""What keys stand for while a model is read: data, results of networks, results of processors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Span, did_you_mean, quote
from ddspgraph.migrations.edits import scalar
from ddspgraph.migrations.gin.draft import Draft, identifier


@dataclass(frozen=True)
class Results:
    """What a node gives, by the keys of magenta/ddsp.

    Attributes:
      ports: key -> reference of version 2; `signal` and `controls/f0_hz` of a processor.
      default: what the name alone stands for.
      is_open: whether any other key is a port of that name: of a class that this program does not know.
    """

    name: str
    ports: Mapping[str, str]
    default: str | None = None
    is_open: bool = False

    def find(self, key: str) -> str | None:
        if not key:
            return self.default
        found = self.ports.get(key)
        if found is None and self.is_open:  # `split/signal/to_amp`, of a processor that gave a dictionary
            return f"{self.name}/{identifier(key.rpartition('/')[2])}" if key != "signal" else self.default
        return found


@dataclass
class Environment:
    """Keys -> references. What no node gives is an input of the graph.

    Attributes:
      values: key -> reference, or a number; what came last holds.
      results: of nodes, by name.
      is_closed: whether a key that stands for nothing is an error, not an input.
    """

    draft: Draft
    values: dict[str, str | float] = field(default_factory=dict)
    results: dict[str, Results] = field(default_factory=dict)
    unknown: Results | None = None
    is_closed: bool = False

    def update(self, results: Results) -> None:
        """The keys that a network gives stand for its outputs from now on."""
        self.results[results.name] = results
        self.values.update(results.ports)
        if results.is_open:
            self.unknown = results

    def add(self, results: Results) -> None:
        """A processor: its results are known by its name alone."""
        self.results[results.name] = results

    def has(self, key: str) -> bool:
        return self._find(key) is not None

    def ref(self, key: str, span: Span, is_feature: bool = True) -> Value | None:
        """The reference for a key; None after reporting E301.

        Args:
          is_feature: whether a preprocessor that this program does not know may give it.
        """
        found = self._find(key)
        if found is not None:
            return scalar(found, span)
        name = key.removeprefix("inputs/")
        if "/" not in name and not self.is_closed:
            if self.unknown is not None and is_feature:
                return scalar(f"{self.unknown.name}/{name}", span)
            return self.draft.input(name, span)
        if self.draft.report.is_full:
            return None
        known = [*self.values, *(f"{name}/{key}" for name, r in self.results.items() for key in r.ports)]
        hint = did_you_mean(key, known) or "a dag is read in order: what gives it must stand before this"
        self.draft.report.add("E301", f"nothing gives {quote(key)}", span, hint=hint)
        return None

    def refs(self, keys: Iterable[tuple[str, Span]]) -> list[Value]:
        """The references that are found, in order."""
        return [value for key, span in keys if (value := self.ref(key, span)) is not None]

    def _find(self, key: str) -> str | float | None:
        key = key.removeprefix("inputs/")
        name, _, rest = key.partition("/")
        if name in self.results and (found := self.results[name].find(rest)) is not None:
            return found
        return self.values.get(key)
