"""The `graphs` of a spec: what each name stands for, and a definition with the values of its params."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ddspgraph.compiler.frontend.graphs.files import SpecFiles
from ddspgraph.compiler.frontend.structure import DEFINITION, IMPORT, STRUCTURE
from ddspgraph.compiler.frontend.substitute import substitute
from ddspgraph.compiler.frontend.validate import validate
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Note, Report, Source, did_you_mean, quote
from ddspgraph.ir.registry import Registry
from ddspgraph.limits import Limits


@dataclass(eq=False)
class Definition:
    """A sub-graph by name.

    Attributes:
      key: its name, where it is defined.
      root: its mapping; of a file that of the whole spec.
      known: what `graph:` names in it.
      entry: what stands under its name: `root`, or the mapping with `file:`.
      is_faulty: whether its check found errors: its uses are passed over.
      nodes, edges: how many it has with every use in it written out.
    """

    key: Key
    root: Value
    source: Source
    known: Mapping[str, Definition]
    entry: Value
    is_faulty: bool = False
    nodes: int = 0
    edges: int = 0
    _given: dict[object, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.key)

    @property
    def is_file(self) -> bool:
        return self.root is not self.entry

    @property
    def has_body(self) -> bool:
        """Whether there is something to check."""
        return self.root.get("nodes") is not None and self.root.get("outputs") is not None

    @property
    def is_shared(self) -> bool:
        share = self.entry.get("share")
        return share is not None and share.data is True

    def uses(self) -> Iterator[tuple[Key, Value]]:
        """The nodes that use a sub-graph: their names, and which."""
        return uses_in(self.root)

    def given(self, overrides: Mapping[str, Value], limits: Limits) -> Value:
        """Its mapping with `$names` replaced: by what a use says, else by the defaults."""
        key = tuple(sorted((name, _identity(value)) for name, value in overrides.items()))
        if key not in self._given:
            self._given[key] = substitute(Document(self.root, self.source), overrides, Report(), limits).root
        return self._given[key]


def uses_in(root: Value) -> Iterator[tuple[Key, Value]]:
    """The nodes of a spec or definition that use a sub-graph, and the names of these."""
    nodes = root.get("nodes")
    for key, node in nodes.items() if nodes is not None else ():
        graph = node.get("graph")
        if graph is not None and node.get("op") is None:
            yield key, graph


class Definitions:
    """Reads the definitions of a spec, and those within them, into `all`."""

    def __init__(self, ops: Registry, report: Report, limits: Limits, files: SpecFiles) -> None:
        self.ops, self.report, self.limits, self.files = ops, report, limits, files
        self.all: list[Definition] = []

    def of(
        self, root: Value, source: Source, outer: Mapping[str, Definition], within: tuple[str | None, ...] = ()
    ) -> Mapping[str, Definition]:
        """What `graph:` names where the `graphs` of `root` are known; `within` are the files on the way here.

        Reports what their structure, `$names` and files are refused for, and E314 for a file that holds itself.
        """
        graphs = root.get("graphs")
        own: dict[str, Definition] = {}
        known = ChainMap(own, outer)  # type: ignore[arg-type]  # nobody writes into `outer`
        for key, value in graphs.items() if graphs is not None else ():
            if value.is_mapping:
                own[str(key)] = self._read(key, value, source, known, (*within, source.path))
                self.all.append(own[str(key)])
        return known

    def _read(
        self,
        key: Key,
        value: Value,
        source: Source,
        known: Mapping[str, Definition],
        within: tuple[str | None, ...],
    ) -> Definition:
        definition = Definition(key, value, source, known, value)
        if value.get("file") is not None:
            definition.known = {}
            document = self._file(key, value, source, within)
            definition.is_faulty = document is None
            if document is None:
                return definition
            definition.root, definition.source = document.root, document.source
        self._check_structure(definition)
        definition.known = self.of(definition.root, definition.source, definition.known, within)
        return definition

    def _file(self, key: Key, value: Value, source: Source, within: tuple[str | None, ...]) -> Document | None:
        found = Report()
        validate(Document(value, source), IMPORT, found, self.limits, whole=quote(key))
        self.report.take(found)
        document = None if found.has_errors else self.files.read(key, value, source)
        if document is not None and document.source.path in within:
            chain = " -> ".join(str(path) for path in (*within[within.index(document.source.path) :], "itself"))
            message = f"the file of {quote(key)} holds itself: {chain}"
            self.report.add("E314", message, key.span, hint="a sub-graph cannot be a part of itself")
            return None
        return document

    def _check_structure(self, definition: Definition) -> None:
        """Its own structure and constants, the defaults standing for `$names`."""
        found = Report()
        document = substitute(Document(definition.root, definition.source), {}, found, self.limits)
        schema = STRUCTURE if definition.is_file else DEFINITION
        document = validate(document, schema, found, self.limits, self.ops, f"'{definition.name}'")
        if definition.is_file:
            found.diagnostics = [finding for finding in found.diagnostics if finding.is_error]
            self._tell_dropped(definition)
        self.report.take(found)
        if not found.has_errors and definition.root.get("outputs") is None:
            message = f"'{definition.name}' has no outputs: a sub-graph gives something on"
            self.report.add("E201", message, definition.key.span, hint="add `outputs: {audio: <node>}` to its file")
            definition.is_faulty = True
        definition.is_faulty = definition.is_faulty or found.has_errors
        definition._given[()] = document.root

    def _tell_dropped(self, definition: Definition) -> None:
        """Reports W120."""
        dropped = [name for name in ("losses", "training") if definition.root.get(name) is not None]
        if dropped:
            message = f"the {' and '.join(dropped)} of '{definition.name}' are left out: a sub-graph has outputs alone"
            places = [Note(f"its '{key}' is", key.span) for key, _ in definition.root.items() if key in dropped]
            hint = "write them in this spec, where training is to have them"
            self.report.add("W120", message, definition.key.span, *places, hint=hint)

    def named(self, value: Value, known: Mapping[str, Definition]) -> Definition | None:
        """The definition that `graph:` names. Reports E313."""
        if value.is_faulty or not isinstance(value.data, str):
            return None
        found = known.get(value.data)
        if found is None:
            hint = did_you_mean(value.data, list(known)) or "define it under `graphs:`"
            if value.data in self.ops:
                hint = f"it is an op: write `op: {value.data}`"
            elif value.data.startswith("$"):
                hint = "write its name: no param stands for a sub-graph"
            self.report.add("E313", f"there is no sub-graph {quote(value.data)}", value.span, hint=hint)
        return found


def _identity(value: Value) -> object:
    """What tells one value of a param from another."""
    parts = [(str(key), _identity(item)) for key, item in value.items()] + [_identity(v) for v in value.elements()]
    return repr((value.kind, parts or value.data))
