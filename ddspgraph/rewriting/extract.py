"""Nodes of a spec put into a sub-graph, in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ddspgraph.compiler.frontend.graphs.stored import Edit, edited
from ddspgraph.compiler.frontend.structure import PATH
from ddspgraph.compiler.frontend.values import Document, Key, Value, text_of
from ddspgraph.diagnostics import Span, did_you_mean, fail, quote
from ddspgraph.ir.graph import Graph, Ref
from ddspgraph.ir.types import Rate, Signal, Unit
from ddspgraph.migrations.text.emit import entry_lines
from ddspgraph.rewriting.sections import (
    INDENT,
    entries,
    entry_text,
    inserted,
    is_in_lines,
    reindented,
    removal,
    rewritten,
    section_key,
)


def extracted(document: Document, graph: Graph, names: Sequence[str], name: str) -> str:
    """The text of a spec with these nodes in a sub-graph `name`, and one use of it, of that name, in their place.

    What they read from elsewhere becomes its inputs, of the types that it has here; what others read its outputs; the
    constants that they use its params.

    Args:
      document: the spec as it was read.
      graph: the same, typed.

    Raises:
      GraphError: E301 for a name that is no node, E306 for one that is taken, E206 for one that is none.
    """
    return _Extraction(document, graph, names, name).text()


class _Extraction:
    def __init__(self, document: Document, graph: Graph, names: Sequence[str], name: str) -> None:
        self.document, self.graph, self.name = document, graph, name
        nodes = dict(entries(document, "nodes"))
        self._check(list(nodes), names)
        self.chosen = {key: value for key, value in nodes.items() if key in names}
        self.inputs: dict[str, str] = {}  # what is read from outside -> the input
        self.outputs: dict[str, str] = {}  # what is read outside -> the output

    def _check(self, known: list[Key], names: Sequence[str]) -> None:
        start = Span.start_of(self.document.source)
        for wanted in names:
            if wanted not in known:
                hint = did_you_mean(wanted, [str(key) for key in known]) or "name nodes of the spec"
                raise fail("E301", f"there is no node {quote(wanted)}", start, hint=hint)
        if not re.search(PATH, self.name) or "." in self.name:
            raise fail("E206", f"{quote(self.name)} is not a name", start, hint="letters, digits and _")
        others = [
            key for section in ("inputs", "feedback", "nodes", "losses") for key, _ in entries(self.document, section)
        ]
        taken = [key for key in others if key not in names] + [key for key, _ in entries(self.document, "graphs")]
        if self.name in taken:
            raise fail("E306", f"there is {quote(self.name)} already", start, hint="--name gives it another name")

    def text(self) -> str:
        for _, value in self.chosen.items():
            for item in _texts(value):
                self._read(text_of(item))
        outside = [*self._outer_references()]
        for item in outside:
            self._made(text_of(item))
        if not self.outputs:
            self.outputs[list(self.chosen)[-1]] = "out"
        document, (first, *others) = self.document, self.chosen
        use = entry_lines(self.name, self._use(first.span), INDENT)
        lines: dict[str, list[str] | None] = {str(first): use, **{str(key): None for key in others}}
        edits = rewritten(document, "nodes", lines)
        nodes = document.root.get("nodes")
        in_lines = is_in_lines(document, "nodes")
        if not in_lines:  # the whole section is written anew, what it reads too
            text = "\n".join(self._other_nodes(use))
            edits = [(edits[0][0], text)]
        for item in outside:
            is_inside = nodes is not None and _contains(nodes.span, item.span)
            if in_lines or not is_inside:
                edits.append((item.span, self._renamed(text_of(item))))
        before = "inputs" if section_key(document, "inputs") is not None else "nodes"
        if section_key(document, "graphs") is not None and not is_in_lines(document, "graphs"):
            edits += self._graphs_anew()
        else:
            edits.append(inserted(document, "graphs", before, self._definition()))
        return edited(document.source, edits)

    # -- what goes in and out -------------------------------------------------------------------

    def _read(self, text: str) -> None:
        name = text.partition("/")[0]
        inputs = self.graph.input_by_name  # `notes/pitch` is one
        known = {name, text} & inputs.keys() or name in self.graph.node_by_name or name in self.graph.parts
        if known and name not in self.chosen and text not in self.inputs:
            taken = [*self.inputs.values(), *map(str, self.chosen)]
            self.inputs[text] = _free(re.sub(r"\W", "_", text), taken)

    def _made(self, text: str) -> None:
        if text not in self.outputs:
            self.outputs[text] = _free(re.sub(r"\W", "_", text), list(self.outputs.values()))

    def _outer_references(self) -> Iterator[Value]:
        """What reads the chosen nodes from outside."""
        values = [v for key, v in entries(self.document, "nodes") if key not in self.chosen]
        values += [value for _, value in entries(self.document, "losses")]
        items = [item for value in values for item in _texts(value)]
        items += [value for _, value in entries(self.document, "outputs")]
        lines = [value for _, value in entries(self.document, "feedback")]
        items += [item for line in lines for key, item in line.items() if key in ("from", "delay")]
        for item in items:
            if text_of(item).partition("/")[0] in self.chosen:
                yield item

    def _renamed(self, text: str) -> str:
        is_first = text == next(iter(self.outputs))
        return self.name if is_first else f"{self.name}/{self.outputs[text]}"

    # -- the text -------------------------------------------------------------------------------

    def _definition(self) -> list[str]:
        span = next(iter(self.chosen)).span
        body: list[str] = [f"  {self.name}:"]
        params = self._params()
        if params:
            body += ["    params:", *(line for key, v in params.items() for line in entry_lines(key, v, 6))]
        if self.inputs:
            body.append("    inputs:")
            for text, name in self.inputs.items():
                body += entry_lines(name, _declared(self._signal(text), span), 6)
        body.append("    nodes:")
        for key, value in self.chosen.items():
            body += self._inner_lines(key, value)
        outputs = {Key(name, span): Value(text, span) for text, name in self.outputs.items()}
        return [*body, *entry_lines("outputs", Value(outputs, span), 4)]

    def _inner_lines(self, key: Key, value: Value) -> list[str]:
        """A node as it is written, its comments with it, and what it reads by the names of the inputs."""
        edits = [(v.span, self.inputs[text_of(v)]) for v in _texts(value) if text_of(v) in self.inputs]
        if not is_in_lines(self.document, "nodes"):
            return entry_lines(str(key), _replaced(value, self.inputs), 6)
        whole = edited(self.document.source, edits)
        # The lines of an entry stay as many: names take the place of names.
        first = key.span.line - (len(entry_text(self.document, key, value)) - 1 - _height(key, value))
        return reindented(whole.splitlines()[first - 1 : key.span.line + _height(key, value)], 6)

    def _use(self, span: Span) -> Value:
        entries_: dict[Key, Value] = {Key("graph", span): Value(self.name, span)}
        if self.inputs:
            given = {Key(name, span): Value(text, span) for text, name in self.inputs.items()}
            entries_[Key("inputs", span)] = Value(given, span)
        params = {Key(name, span): Value(f"${name}", span) for name in self._params()}
        if params:
            entries_[Key("params", span)] = Value(params, span)
        return Value(entries_, span)

    def _params(self) -> dict[str, Value]:
        known = {str(key): value for key, value in entries(self.document, "params")}
        used = [t[1:] for v in self.chosen.values() for t in map(text_of, _all(v)) if t.startswith("$")]
        return {name: known[name] for name in dict.fromkeys(used) if name in known}

    def _signal(self, text: str) -> Signal:
        name, _, port = text.partition("/")
        if name in self.graph.parts:
            outputs = self.graph.parts[name].outputs
            return self.graph.types[outputs[port] if port else next(iter(outputs.values()))]
        node = self.graph.node_by_name.get(name)
        ref = Ref(text) if node is None else Ref(name, port) if port else node.refs[0]
        return self.graph.types[ref]

    def _other_nodes(self, use: list[str]) -> list[str]:
        lines = ["nodes:"]
        names = {text: self._renamed(text) for text in self.outputs}
        for key, value in entries(self.document, "nodes"):
            if key == next(iter(self.chosen)):
                lines += use
            elif key not in self.chosen:
                lines += entry_lines(str(key), _replaced(value, names), INDENT)
        return lines

    def _graphs_anew(self) -> list[Edit]:
        old = entries(self.document, "graphs")
        if not old:
            key = section_key(self.document, "graphs")
            value = self.document.root.get("graphs")
            assert key is not None
            assert value is not None
            return [removal(self.document, key, value, ["graphs:", *self._definition()])]
        (first, value), *_ = old
        lines = [*self._definition(), *entry_lines(str(first), value, INDENT)]
        return rewritten(self.document, "graphs", {str(first): lines})


def _texts(value: Value) -> Iterator[Value]:
    """The texts among the inputs of a node, those of `{each: name}` too."""
    given = value.get("inputs")
    items = () if given is None else (*given.elements(), *(item for _, item in given.items()))
    for item in items:
        found = item.get("each") or item
        if isinstance(found.data, str):
            yield found


def _all(value: Value) -> Iterator[Value]:
    yield value
    for item in (*value.elements(), *(v for _, v in value.items())):
        yield from _all(item)


def _replaced(value: Value, names: dict[str, str]) -> Value:
    """A node that reads other names."""
    found = {id(item): Value(names[text_of(item)], item.span) for item in _texts(value) if text_of(item) in names}

    def new(item: Value) -> Value:
        if item.is_mapping:
            return Value({key: new(part) for key, part in item.items()}, item.span)
        if item.is_list:
            return Value(tuple(map(new, item.elements())), item.span)
        return found.get(id(item), item)

    return Value({key: new(item) if key == "inputs" else item for key, item in value.items()}, value.span)


def _declared(signal: Signal, span: Span) -> Value:
    """What an input says of a value of this type."""
    said: dict[str, object] = {"rate": str(signal.rate)}
    if signal.unit is not Unit.ANY:
        said["unit"] = str(signal.unit)
    if signal.voices is not None:
        said["voices"] = signal.voices
    sizes: list[object] = [dim.size or "k" for dim in signal.dims[1 if signal.rate is Rate.CONST else 2 :]]
    if signal.rate is Rate.CONST and sizes:
        said["shape"] = sizes
    elif sizes and not (signal.rate is Rate.FRAME and sizes == [1]):
        said["channels"] = sizes[0]

    def plain(data: object) -> Value:
        return Value(tuple(map(plain, data)) if isinstance(data, list) else data, span)  # type: ignore[arg-type]

    return Value({Key(key, span): plain(item) for key, item in said.items()}, span)


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _height(key: Key, value: Value) -> int:
    return max(0, value.span.end_line - key.span.line)


def _contains(outer: Span, inner: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) <= (outer.end_line, outer.end_column)
