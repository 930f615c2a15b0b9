"""Uses of sub-graphs written out in the text of a spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ddspgraph.compiler.frontend.graphs.expand import WrittenOut
from ddspgraph.compiler.frontend.graphs.stored import Edit, edited
from ddspgraph.compiler.frontend.values import Document, Key, Value, text_of
from ddspgraph.diagnostics import Span, did_you_mean, fail, quote
from ddspgraph.ir.graph import Graph, Node, Origin
from ddspgraph.migrations.text.comments import comments_of
from ddspgraph.migrations.text.emit import entry_lines
from ddspgraph.rewriting.sections import INDENT, entries, entry_text, inserted, is_in_lines, last_line, rewritten


def inlined(document: Document, written: WrittenOut, graph: Graph, names: Sequence[str] = ()) -> str:
    """The text of a spec with these uses written out, or all; definitions that nothing uses any more go.

    Args:
      document: the spec as it was read.
      written, graph: of `driver.expansion`.

    Raises:
      GraphError: E313 for a name that is no use, E434 for a use with voices.
    """
    uses = {str(key): value for key, value in entries(document, "nodes") if value.get("graph") is not None}
    for name in names:
        if name not in uses:
            hint = did_you_mean(name, list(uses)) or "the spec uses no sub-graphs"
            raise fail("E313", f"{quote(name)} is no use of a sub-graph", Span.start_of(document.source), hint=hint)
    chosen = [name for name in uses if not names or name in names]
    for name in chosen:
        if (voices := uses[name].get("voices")) is not None:
            hint = "name the uses to write out that have none, or delete `voices` first"
            raise fail("E434", f"{quote(name)} has voices, which it cannot hand to its parts", voices.span, hint=hint)
    if not chosen:
        return document.source.text
    writer = _Writer(written, graph, chosen)
    in_lines = is_in_lines(document, "nodes")
    edits = rewritten(document, "nodes", _nodes(document, writer, in_lines))
    lines = [line for name in chosen for line in writer.lines(name)]
    if lines:
        edits.append(inserted(document, "feedback", "nodes", lines))
    edits += [edit for edit in _references(document, writer.outer) if in_lines or not _is_within(edit, document)]
    left = {str(v.get("graph").data) for name, v in uses.items() if name not in chosen}  # type: ignore[union-attr]
    edits += _unused(document, left)
    return edited(document.source, edits)


def _nodes(document: Document, writer: _Writer, in_lines: bool) -> dict[str, list[str] | None]:
    """The lines that take the place of nodes: of the uses, and of all others where the section is written anew."""
    found: dict[str, list[str] | None] = {}
    for key, value in entries(document, "nodes"):
        if key in writer.chosen:
            above = entry_text(document, key, value)[: -1 - max(0, value.span.end_line - key.span.line)]
            above += [f"{' ' * INDENT}{text}" for text in _comments_in(document, key, value)]
            found[str(key)] = [*(above if in_lines else []), *writer.nodes(str(key), value)]
        elif not in_lines:
            found[str(key)] = entry_lines(str(key), _mapped(value, ("inputs",), writer.outer), INDENT)
    return found


def _comments_in(document: Document, key: Key, value: Value) -> list[str]:
    """The comments behind the lines of an entry, and between them."""
    lines = range(key.span.line, last_line(key, value) + 1)
    found = [comment for comment in comments_of(document.source, 2) if comment.subject in lines]
    return [comment.text for comment in found if comment.is_behind or comment.subject != key.span.line]


class _Writer:
    def __init__(self, written: WrittenOut, graph: Graph, chosen: Sequence[str]) -> None:
        self.written, self.graph, self.chosen = written, graph, chosen
        self.flat = dict(entries(written.document, "nodes"))
        self.parts = {part.name: part for part in written.parts}

    def nodes(self, name: str, use: Value) -> list[str]:
        """The nodes of one use."""
        group = text_of(use.get("group"))
        lines: list[str] = []
        for key, value in self.flat.items():
            if not key.startswith(f"{name}."):
                continue
            if key in self.written.borders:
                lines += self._border(key, value)
                continue
            known = {k: v for k, v in value.items() if k != "weights" or self.graph.node_by_name[key].weights_of}
            if group and "group" not in known:
                known[Key("group", value.span)] = Value(group, value.span)
            node = _with_constants(self._connected(Value(known, value.span)), use.span)
            lines += entry_lines(str(key), node, INDENT)
        return lines

    def lines(self, name: str) -> list[str]:
        """The entries of `feedback` of one use."""
        found = [(k, v) for k, v in entries(self.written.document, "feedback") if k.startswith(f"{name}.")]
        return [
            line
            for key, value in found
            for line in entry_lines(str(key), _mapped(value, ("from", "delay"), self._inner), INDENT)
        ]

    def _border(self, key: Key, value: Value) -> list[str]:
        """A literal has a node of its own, and so has a conversion; a reference stands where it is read."""
        node = self._literal(key)
        if node is not None:
            op = node.op
            (item,) = value.get("inputs").elements()  # type: ignore[union-attr]
            params = {"value": getattr(op, "value", None), "unit": str(getattr(op, "unit", "any"))}
            if item.is_mapping:  # `{learn: ...}`
                params = {"value" if k == "learn" else str(k): v.plain() for k, v in item.items()}
            return entry_lines(str(key), _plain({"op": op.name, "params": _numbers(params)}, value.span), INDENT)
        steps, read = self._steps(key), self._source(key)
        lines: list[str] = []
        for i, step in enumerate(steps):
            made = str(key) if i == len(steps) - 1 else f"{key}_{step.op.name}"
            lines += entry_lines(made, _plain({"op": step.op.name, "inputs": [read]}, value.span), INDENT)
            read = made
        return lines

    def _literal(self, border: str) -> Node | None:
        found = (n for n in self.graph.nodes if n.origin is Origin.LITERAL and n.owner == border)
        return next(found, None) or next((n for n in self.graph.nodes if n.name == f"{border}.{_last(border)}"), None)

    def _steps(self, border: str) -> list[Node]:
        lead = f"{border}.{_last(border)}."
        return [n for n in self.graph.nodes if n.origin is Origin.CONVERSION and n.name.startswith(lead)]

    def _source(self, border: str) -> str:
        (item,) = self.flat[border].get("inputs").elements()  # type: ignore[index, union-attr]
        return self._inner(text_of(item))

    def _inner(self, text: str) -> str:
        """A reference in a node that is written out."""
        name = text.partition("/")[0]
        if name not in self.written.borders or not any(name.startswith(f"{use}.") for use in self.chosen):
            return text
        return name if self._literal(name) is not None or self._steps(name) else self._source(name)

    def outer(self, text: str) -> str:
        """A reference elsewhere in the spec."""
        name, _, port = text.partition("/")
        if name not in self.chosen or name not in self.parts:
            return text
        outputs = self.parts[name].outputs
        return self._inner(text_of(outputs[port] if port else next(iter(outputs.values()))))

    def _connected(self, value: Value) -> Value:
        given = value.get("inputs")
        if given is None:
            return value
        return _mapped(value, ("inputs",), self._inner)


def _mapped(value: Value, keys: Iterable[str], change: Callable[[str], str]) -> Value:
    """The value with the texts under these keys changed."""

    def new(item: Value) -> Value:
        if item.is_mapping:
            return Value({k: new(v) for k, v in item.items()}, item.span)
        if item.is_list:
            return Value(tuple(map(new, item.elements())), item.span)
        if not isinstance(item.data, str) or (text := change(item.data)) == item.data:
            return item
        return Value(text, item.span)

    return Value({k: new(v) if k in keys else v for k, v in value.items()}, value.span)


def _with_constants(value: Value, use: Span) -> Value:
    """The value with `$name` where the use gives a constant of the spec."""
    if value.is_mapping:
        return Value({key: _with_constants(item, use) for key, item in value.items()}, value.span)
    if value.is_list:
        return Value(tuple(_with_constants(item, use) for item in value.elements()), value.span)
    said = value.origin.text() if value.origin is not None and _contains(use, value.origin) else ""
    return Value(said, value.span) if said.startswith("$") else value


def _references(document: Document, change: Callable[[str], str]) -> Iterator[Edit]:
    """The edits of what reads a use, outside of uses that are written out."""

    def visit(value: Value) -> Iterator[Edit]:
        for item in (*value.elements(), *(v for _, v in value.items())):
            yield from visit(item)
        if isinstance(value.data, str) and change(value.data) != value.data:
            yield value.span, change(value.data)

    for section in ("nodes", "losses"):
        for key, value in entries(document, section):
            given = value.get("inputs")
            if given is not None and change(str(key)) == key:  # what is written out is replaced as a whole
                yield from visit(given)
    for _, value in entries(document, "outputs"):
        yield from visit(value)
    for _, value in entries(document, "feedback"):
        for name in ("from", "delay"):
            item = value.get(name)
            if item is not None:
                yield from visit(item)


def _is_within(edit: Edit, document: Document) -> bool:
    nodes = document.root.get("nodes")
    assert nodes is not None
    return _contains(nodes.span, edit[0])


def _contains(outer: Span, inner: Span) -> bool:
    begin, end = (outer.line, outer.column), (outer.end_line, outer.end_column)
    return outer.source is inner.source and begin <= (inner.line, inner.column) <= end


def _unused(document: Document, left: set[str]) -> list[Edit]:
    """The edits that remove definitions which no use leads to."""
    known = dict(entries(document, "graphs"))
    open_names, used = list(left), set()
    while open_names:
        name = open_names.pop()
        if name in used or name not in known:
            continue
        used.add(name)
        nodes = known[name].get("nodes")  # type: ignore[index]
        open_names += [text_of(v.get("graph")) for _, v in nodes.items()] if nodes is not None else []
    gone = {str(key): None for key in known if key not in used}
    if gone and len(gone) == len(known):
        key = next(k for k, _ in document.root.items() if k == "graphs")
        end = document.root.get("graphs").span.end_line  # type: ignore[union-attr]
        return [(Span(document.source, key.span.line, 1, end + 1, 1), "")]
    return rewritten(document, "graphs", gone) if gone else []


def _plain(data: object, span: Span) -> Value:
    if isinstance(data, dict):
        return Value({Key(str(key), span): _plain(item, span) for key, item in data.items()}, span)
    if isinstance(data, (list, tuple)):
        return Value(tuple(_plain(item, span) for item in data), span)
    return Value(data, span)  # type: ignore[arg-type]


def _numbers(params: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in params.items() if value is not None and value != "any"}


def _last(name: str) -> str:
    return name.rpartition(".")[2]
