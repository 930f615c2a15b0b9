"""Sub-graphs written out: every node of a use becomes a node of the spec, called `use.node`.

nodes: {vox: {graph: strip, inputs: [voice]}}    ->    vox.audio: <border: what strip says of its input>
                                                       vox.cut: {op: highpass, inputs: [vox.audio]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ddspgraph.compiler.frontend.build import declared_signal
from ddspgraph.compiler.frontend.graphs.definitions import Definition, Definitions
from ddspgraph.compiler.frontend.values import FAULTY, Document, Key, Value, text_of
from ddspgraph.compiler.frontend.voices import PART, each_of, read_mix
from ddspgraph.diagnostics import Note, Report, Span, Use, did_you_mean, quote
from ddspgraph.ir.border import border_of
from ddspgraph.ir.op import Op


@dataclass(frozen=True)
class WrittenPart:
    """A use as the document has it; `outputs` are references, by port."""

    name: str
    graph: str
    outputs: Mapping[str, Value]
    doc: str
    group: str
    span: Span


@dataclass(frozen=True)
class WrittenOut:
    """A document without sub-graphs.

    Attributes:
      borders: the ops of the nodes that stand for inputs of a use, by name.
      parts: the uses, in the order of the file.
      definitions: of the sub-graphs, those in files and within others too.
      files: that were read.
    """

    document: Document
    borders: Mapping[str, Op] = field(default_factory=dict)
    parts: tuple[WrittenPart, ...] = ()
    definitions: tuple[Definition, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def uses(self) -> list[str]:
        """The names of the uses that are not within others."""
        return [part.name for part in self.parts if part.span.use is None]


@dataclass
class _Level:
    """A spec, or one use of a definition: what its names stand for.

    Attributes:
      prefix: of the names of its nodes: `vox.`; empty at the top.
      weights: the prefix of the nodes whose weights its nodes have.
      uses: its own uses, by name; those of faulty definitions hold None.
      voices: how often it runs side by side; None of a plain one. `mix`, `norm`: what becomes of them at its outputs.
    """

    root: Value
    prefix: str
    weights: str
    use: Use | None
    names: frozenset[str]
    uses: Mapping[str, Definition]
    nodes: Mapping[str, tuple[Key, Value]]
    voices: Value | None = None
    mix: str = "none"
    norm: str = "none"
    below: dict[str, _Level] = field(default_factory=dict)
    outputs: dict[str, Value] | None = None


def write_out(
    document: Document, definitions: Definitions, known: Mapping[str, Definition], report: Report
) -> WrittenOut:
    """The document with every use in its place.

    Reports E303-E306 and E309 where a use does not fit its definition. A use at fault, or of a definition at fault,
    stays as a node without an op, which later stages pass over.
    """
    expansion = _Expansion(definitions, report)
    top = expansion.level(document.root, "", None, known)
    if not top.uses:
        return WrittenOut(document)
    expansion.nodes_of(top)
    root = dict(document.root.items())
    if expansion.lines:
        span = document.root.span
        root[Key("feedback", span)] = Value(expansion.lines, span)
    for key, value in root.items():
        if key == "nodes":
            root[key] = Value(expansion.nodes, value.span)
        elif key == "losses":
            root[key] = Value({name: expansion.connected(top, loss) for name, loss in value.items()}, value.span)
        elif key == "outputs":
            root[key] = Value({name: expansion.reference(top, ref) for name, ref in value.items()}, value.span)
    return WrittenOut(
        Document(Value(root, document.root.span), document.source), expansion.borders, tuple(expansion.parts)
    )


class _Expansion:
    def __init__(self, definitions: Definitions, report: Report) -> None:
        self.definitions, self.report = definitions, report
        self.nodes: dict[Key, Value] = {}
        self.lines: dict[Key, Value] = {}  # of `feedback`
        self.borders: dict[str, Op] = {}
        self.parts: list[WrittenPart] = []
        self.shared: dict[Definition, str] = {}  # the prefix of the weights of those with one set

    def level(self, root: Value, prefix: str, use: Use | None, known: Mapping[str, Definition]) -> _Level:
        nodes = {str(key): (key, value) for key, value in _items(root, "nodes")}
        others = (str(key) for section in ("inputs", "feedback") for key, _ in _items(root, section))
        names = frozenset([*nodes, *others])
        uses = {name: known[text_of(v.get("graph"))] for name, (_, v) in nodes.items() if _is_use(v, known)}
        return _Level(root, prefix, prefix, use, names, uses, nodes)

    def nodes_of(self, level: _Level) -> None:
        inputs = dict(_items(level.root, "inputs"))
        for key, value in _items(level.root, "feedback"):
            self.lines[Key(level.prefix + key, key.span.within(level.use))] = self._line(level, value)
        for key, value in _items(level.root, "nodes"):
            name = Key(level.prefix + key, key.span.within(level.use))
            if key in inputs:  # of what `build` sees, one has gone
                first = next(k for k in inputs if k == key)
                self._claimed_twice(name, first.span) if key in level.uses else None
            if key in level.uses:
                self._use(level, name, key, value)
            elif value.get("graph") is not None and value.get("op") is None:
                self._stand_in(level, name, value)
            else:
                self._add(
                    name, self._with_voices(level, name, self._with_weights(level, key, self.connected(level, value)))
                )

    def _line(self, level: _Level, value: Value) -> Value:
        ends = {key: self.reference(level, item) if key in ("from", "delay") else item for key, item in value.items()}
        line = Value(ends, value.span)
        return line if level.voices is None or level.voices.is_faulty else _with(line, PART, level.voices)

    def _add(self, name: Key, value: Value) -> None:
        if name in self.nodes:
            self._claimed_twice(name, next(key for key in self.nodes if key == name).span)
        else:
            self.nodes[name] = value

    def _claimed_twice(self, name: Key, first: Span) -> None:
        message = f"{quote(name)} is the name of two things: inputs, nodes and losses share their names"
        self.report.add(
            "E306", message, name.span, Note(f"the first {quote(name)} is", first), hint="rename one of them"
        )

    def _stand_in(self, level: _Level, name: Key, value: Value) -> None:
        kept = {key: item for key, item in self.connected(level, value).items() if key in ("inputs", "doc", "group")}
        self._add(name, Value(kept, value.span))

    # -- one use --------------------------------------------------------------------------------

    def _use(self, level: _Level, name: Key, key: Key, value: Value) -> None:
        definition = level.uses[str(key)]
        given = None if definition.is_faulty else self._given(level, definition, name, value)
        if given is None:
            self._stand_in(level, name, value)
            if not definition.is_faulty:  # what reads its outputs is not to blame
                for output in self.outputs(self.below(level, str(key))).values():
                    made = Key(text_of(output).partition("/")[0], name.span)
                    self.nodes.setdefault(made, Value({}, value.span))
            return
        inner = self.below(level, str(key))
        inner.weights = f"{level.weights}{key}."
        if definition.is_shared:
            inner.weights = self.shared.setdefault(definition, inner.weights)
        types = dict(_items(inner.root, "inputs"))
        for declared, item in given.items():
            border = Key(inner.prefix + declared, declared.span.within(inner.use))
            signal = declared_signal(declared, types[declared])
            if signal is not None:
                self.borders[str(border)] = border_of(str(declared))(declared=signal)
                given_to = Value({Key("inputs", item.span): Value((item,), item.span)}, item.span)
                own = types[declared].get("voices")
                if own is not None and inner.voices is None:
                    given_to = _with(given_to, PART, own)
                self._add(border, self._with_voices(inner, border, given_to))
        doc = text_of(value.get("doc")) or text_of(definition.root.get("doc"))
        outputs = self.outputs(inner)
        self.parts.append(WrittenPart(str(name), definition.name, outputs, doc, text_of(value.get("group")), name.span))
        self.nodes_of(inner)

    def below(self, level: _Level, name: str) -> _Level:
        """What a use of the level holds."""
        if name not in level.below:
            definition, (key, value) = level.uses[name], level.nodes[name]
            use = Use(definition.name, key.span.within(level.use))
            root = definition.given(dict(_items(value, "params")), self.definitions.limits)
            below = level.below[name] = self.level(root, f"{level.prefix}{name}.", use, definition.known)
            below.mix, below.norm = read_mix(name, value, self.report)
            below.voices = level.voices or value.get("voices")
            if level.voices is not None:
                self._nests(name, value, level.voices)
        return level.below[name]

    def _with_voices(self, level: _Level, name: Key, value: Value) -> Value:
        """A node of a level with voices, which runs once for each where something tells them apart."""
        if level.voices is None or level.voices.is_faulty:
            return value
        return value if self._nests(name, value, level.voices) else _with(value, PART, level.voices)

    def _nests(self, name: str, value: Value, voices: Value) -> bool:
        """Whether something has voices within a part that has some. Reports E421."""
        own = value.get("voices")
        if own is not None:
            message = f"'{name}' has {own.data} voices within a part that has {voices.data}: voices do not nest"
            note = Note("those of the part are", voices.span)
            self.report.add("E421", message, own.span, note, hint="delete one of the two `voices`")
        return own is not None

    def _mixed(self, inner: _Level, port: str, value: Value) -> Value:
        """An output of a use, with its voices mixed where the use says so."""
        voices = inner.voices
        if inner.mix == "none" or voices is None or value.is_faulty:
            return value
        span = voices.span

        def said(**entries: Any) -> Value:
            return Value({Key(key, span): Value(item, span) for key, item in entries.items()}, span)

        params = said(mix=inner.mix, norm=inner.norm, voices=voices.data)
        node = Value({**said(op="mix_voices", inputs=(value,)).data, Key("params", span): params}, span)  # type: ignore[dict-item]
        name = f"{inner.prefix}{port}.mixed"
        self.nodes[Key(name, span)] = node
        return Value(name, value.span)

    def _given(self, level: _Level, definition: Definition, name: Key, value: Value) -> dict[Key, Value] | None:
        """What each input is given, by the key that declares it. Reports E304, E305 and E309."""
        before = len(self.report.diagnostics)
        known = [str(key) for key, _ in _items(definition.root, "params")]
        with self.report.within(level.use):
            for key, _ in _items(value, "params"):
                if key not in known:
                    has = f"its params: {', '.join(known)}" if known else f"'{definition.name}' has no params"
                    message = f"{definition.name} has no parameter {quote(key)}"
                    self.report.add("E309", message, key.span, hint=did_you_mean(str(key), known) or has)
            given = self._inputs(definition, name, self.connected(level, value).get("inputs"))
        return given if len(self.report.diagnostics) == before else None

    def _inputs(self, definition: Definition, name: Key, given: Value | None) -> dict[Key, Value]:
        declared = {str(key): key for key, _ in _items(definition.root, "inputs")}
        has = f"its inputs are {', '.join(declared)}" if declared else "it has no inputs: remove them"
        found: dict[Key, Value] = {}
        for key, item in given.items() if given is not None else ():
            if str(key) in declared:
                found[declared[str(key)]] = item
            else:
                message = f"'{name}': {definition.name} has no input {quote(key)}"
                self.report.add("E304", message, key.span, hint=did_you_mean(str(key), list(declared)) or has)
        elements = given.elements() if given is not None else ()
        if len(elements) > len(declared):
            message = f"'{name}': {definition.name} has {len(declared) or 'no'} inputs, {len(elements)} are given"
            self.report.add("E304", message, elements[len(declared)].span, hint=has)
        found |= dict(zip(declared.values(), elements, strict=False))
        missing = [key for key in declared.values() if key not in found]
        is_misspelt = given is not None and any(str(key) not in declared for key, _ in given.items())
        if missing and not is_misspelt:
            inputs, are = ("inputs", "are") if len(missing) > 1 else ("input", "is")
            named = ", ".join(f"'{key}'" for key in missing)
            message = f"'{name}': the {inputs} {named} of {definition.name} {are} not connected"
            notes = [Note(f"'{key}' is declared", key.span) for key in missing]
            self.report.add(
                "E305", message, name.span, *notes, hint="add to its inputs: " + ", ".join(map(str, missing))
            )
        return {key: found[key] for key in declared.values() if key in found}

    def _with_weights(self, level: _Level, key: Key, value: Value) -> Value:
        said = value.get("weights")
        if said is not None and level.prefix and isinstance(said.data, str):
            return _with(value, "weights", Value(level.prefix + said.data, said.span))
        if level.weights == level.prefix or said is not None:
            return value
        return _with(value, "weights", Value(f"{level.weights}{key}", value.span, origin=value.span))

    # -- names ----------------------------------------------------------------------------------

    def connected(self, level: _Level, value: Value) -> Value:
        """A node with its references as the whole spec names them."""
        given = value.get("inputs")
        if given is None:
            return value
        if given.is_mapping:
            inputs = Value({key: self.reference(level, item) for key, item in given.items()}, given.span)
        else:
            inputs = Value(tuple(self.reference(level, item) for item in given.elements()), given.span)
        return _with(value, "inputs", inputs)

    def reference(self, level: _Level, value: Value) -> Value:
        """A reference as the whole spec names it; any other value as it is. Reports E303."""
        each = each_of(value)
        if each is not None:
            return Value({key: self.reference(level, each) for key, _ in value.items()}, value.span)
        if not isinstance(value.data, str):
            return value
        found = self._resolved(level, value.data)
        if isinstance(found, str):
            return value if found == value.data else Value(found, value.span)
        if found is None:
            return value
        name, _, port = value.data.partition("/")
        near = get_close_matches(port, list(found), n=1)
        hint = f"write `{name}/{near[0]}`" if near else f"its outputs are {', '.join(found)}"
        with self.report.within(level.use):
            self.report.add("E303", f"'{name}' has no output {quote(port)}", value.span, hint=hint)
        return Value(FAULTY, value.span)

    def _resolved(self, level: _Level, text: str) -> str | Mapping[str, Value] | None:
        """The name in the whole spec; the outputs of a use that has not this one; None of what is no name here."""
        name, slash, port = text.partition("/")
        if name in level.uses:
            if level.uses[name].is_faulty:
                return level.prefix + text
            outputs = self.outputs(self.below(level, name))
            if slash and port not in outputs:
                return outputs
            found = outputs[port] if slash else next(iter(outputs.values()), Value(FAULTY, level.root.span))
            return text_of(found) or level.prefix + text
        if name in level.names:
            return level.prefix + text
        head, dot, rest = text.partition(".")
        if not dot or head not in level.uses:
            return None
        return level.prefix + head if level.uses[head].is_faulty else self._resolved(self.below(level, head), rest)

    def outputs(self, inner: _Level) -> dict[str, Value]:
        """References to the outputs of a use, by port, the default one first."""
        if inner.outputs is None:
            inner.outputs = {}  # of an output that needs itself
            found = {str(key): self.reference(inner, value) for key, value in _items(inner.root, "outputs")}
            inner.outputs = {port: self._mixed(inner, port, value) for port, value in found.items()}
        return inner.outputs


def _is_use(value: Value, known: Mapping[str, Definition]) -> bool:
    return value.get("op") is None and text_of(value.get("graph")) in known


def _with(value: Value, name: str, item: Value) -> Value:
    """A mapping with one entry replaced or added."""
    key = next((key for key, _ in value.items() if key == name), Key(name, item.span))
    return Value({**dict(value.items()), key: item}, value.span)


def _items(root: Value, section: str) -> Iterator[tuple[Key, Value]]:
    value = root.get(section)
    return value.items() if value is not None else iter(())
