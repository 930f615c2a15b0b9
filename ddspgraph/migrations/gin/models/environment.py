"""What keys stand for while a model is read: data, results of networks, results of processors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Span, did_you_mean, quote
from ddspgraph.migrations.gin.map.draft import Draft, identifier
from ddspgraph.migrations.gin.syntax.statements import Binding
from ddspgraph.migrations.text.edits import scalar

#: What data sets hold and no part of a model makes; what preprocessors make of data.
_OF_THE_DATA = ("audio", "instrument", "instrument_id", "pitch", "f0_confidence")
_FEATURES = ("f0_hz", "f0_midi", "f0_scaled", "loudness_db", "ld_scaled", "power_db", "pw_db", "pw_scaled")


@dataclass(frozen=True)
class OpenPart:
    """A part of a model whose class only Python code defines, and whose results the file does not list.

    Attributes:
      node: its name in the graph.
      said: its class.
      binding: where the file names it.
    """

    node: str
    said: str
    binding: Binding


@dataclass(frozen=True)
class Results:
    """What a node gives, by the keys of magenta/ddsp.

    Attributes:
      ports: key -> reference of version 2; `signal` and `controls/f0_hz` of a processor.
      default: what the name alone stands for.
      part: the node, where any other key may be a port of it.
    """

    name: str
    ports: Mapping[str, str]
    default: str | None = None
    part: OpenPart | None = None

    def find(self, key: str) -> str | None:
        if not key:
            return self.default
        found = self.ports.get(key)
        if found is None and self.part is not None:  # `split/signal/to_amp`, of a processor that gave a dictionary
            return f"{self.name}/{identifier(key.rpartition('/')[2])}" if key != "signal" else self.default
        return found


@dataclass
class Environment:
    """Keys -> references. What no node gives is an input of the graph.

    Attributes:
      values: key -> reference, or a number; what came last holds.
      results: of nodes, by name.
      open: the parts of a model that may give more than is known, by their stage, in order.
    """

    draft: Draft
    values: dict[str, str | float] = field(default_factory=dict)
    results: dict[str, Results] = field(default_factory=dict)
    open: dict[str, OpenPart] = field(default_factory=dict)

    def update(self, results: Results) -> None:
        """The keys that a network gives stand for its outputs from now on."""
        self.results[results.name] = results
        self.values.update(results.ports)
        if results.part is not None:
            self.open[results.name] = results.part

    def add(self, results: Results) -> None:
        """A processor: its results are known by its name alone."""
        self.results[results.name] = results

    def has(self, key: str) -> bool:
        return self._find(key) is not None

    def ref(self, key: str, span: Span) -> Value | None:
        """The reference for a key; None after reporting E301."""
        found = self._find(key)
        if found is not None:
            return scalar(found, span)
        name = key.removeprefix("inputs/")
        if "/" not in name:
            return self._guessed(name, span) or self.draft.input(name, span)
        if self.draft.report.is_full:
            return None
        known = [*self.values, *(f"{name}/{key}" for name, r in self.results.items() for key in r.ports)]
        hint = did_you_mean(key, known) or "a dag is read in order: what gives it must stand before this"
        self.draft.report.add("E301", f"nothing gives {quote(key)}", span, hint=hint)
        return None

    def refs(self, keys: Iterable[tuple[str, Span]]) -> list[Value]:
        """The references that are found, in order."""
        return [value for key, span in keys if (value := self.ref(key, span)) is not None]

    def _guessed(self, key: str, span: Span) -> Value | None:
        """A key of a part whose results are not in the file; None where the data set gives it. Both are reported.

        No part is asked for `audio`: the loss of magenta/ddsp reads it in the data set.
        """
        if not self.open or key in _OF_THE_DATA:
            return None
        latest = next(reversed(self.open.values()))
        part = self.open.get("preprocessor") if key in _FEATURES else latest
        if key == "z":
            part = self.open.get("encoder", latest)
        if part is None:
            note = f"{key} is taken from the data; if {latest.said} gives it, write {latest.node}/{key}"
            self.draft.guess(latest.binding, f"{latest.said}: {key}", f"inputs.{identifier(key)}", note)
            return None
        note = f"what {part.said} gives is not in the file: {key} is taken from it, as {part.node}/{identifier(key)}"
        self.draft.guess(part.binding, f"{part.said}: {key}", f"nodes.{part.node}", note)
        return scalar(f"{part.node}/{identifier(key)}", span)

    def _find(self, key: str) -> str | float | None:
        key = key.removeprefix("inputs/")
        name, _, rest = key.partition("/")
        if name in self.results and (found := self.results[name].find(rest)) is not None:
            return found
        return self.values.get(key)
