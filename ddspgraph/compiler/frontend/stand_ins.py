"""A spec with errors, mended so that all of it can be drawn: `StandIn` ops in place of what is at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ddspgraph.compiler.frontend.values import Document, Key, Value, text_of
from ddspgraph.diagnostics import Diagnostic, Span
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.op import Op
from ddspgraph.ir.stand_in import StandIn

_NODES = ("nodes", "losses")
#: Of a reference to a name that nothing declares: the name is at fault, not the node that reads it.
_UNDECLARED = "E301"

#: A document, and the ops of those of its nodes that are mended -> its graph.
Build = Callable[[Document, Mapping[str, Op]], Graph]


@dataclass(frozen=True)
class _Fault:
    """A part of the spec that is replaced. `section` is empty for a name that nothing declares."""

    section: str
    key: Key
    value: Value
    codes: tuple[str, ...] = ()


def with_stand_ins(document: Document, errors: Iterable[Diagnostic], build: Build) -> Graph:
    """The graph of a spec, a `StandIn` in place of every input and node that these errors speak of."""
    faults = _faults(document.root, errors)
    graph = build(*_mended(document, faults))
    missing = {
        str(key): _Fault(section, key, value)  # for an error elsewhere, such as one in the clock
        for section, key, value in _entries(document.root)
        if section in _NODES and key not in graph.node_by_name
    }
    return build(*_mended(document, missing | faults)) if missing else graph


def _faults(root: Value, errors: Iterable[Diagnostic]) -> dict[str, _Fault]:
    codes: dict[tuple[str, int, int], list[str]] = {}
    for error in errors:
        if error.span is not None:
            codes.setdefault(_place(error.span), []).append(error.code)

    def codes_in(value: Value) -> Iterator[str]:
        yield from codes.get(_place(value.span), ())
        for key, item in value.items():
            yield from codes.get(_place(key.span), ())
            yield from codes_in(item)
        for item in value.elements():
            yield from codes_in(item)

    entries = list(_entries(root))
    declared = {str(key) for section, key, _ in entries if section != "outputs"}
    faults: dict[str, _Fault] = {}
    for section, key, value in entries:
        for reference in _references(section, value):
            name = _named(reference)
            if name not in declared and _UNDECLARED in codes.get(_place(reference.span), ()):
                faults.setdefault(name, _Fault("", name, reference, (_UNDECLARED,)))
        own = dict.fromkeys([*codes.get(_place(key.span), ()), *codes_in(value)])
        own.pop(_UNDECLARED, None)
        if own and section != "outputs":
            faults[str(key)] = _Fault(section, key, value, tuple(own))
    return faults


def _mended(document: Document, faults: Mapping[str, _Fault]) -> tuple[Document, Mapping[str, Op]]:
    """The document with these parts as nodes that read what they name, and the ops of these nodes."""
    root = document.root
    entries = list(_entries(root))
    known = {str(key) for section, key, _ in entries if section != "outputs"} | set(faults)
    ports: dict[str, dict[str, None]] = {}
    for section, _, value in entries:
        for reference in _references(section, value):
            name, _, port = text_of(reference).partition("/")
            ports.setdefault(name, {})[port] = None
    sections: dict[str, dict[Key, Value]] = {"inputs": {}, "nodes": {}, "losses": {}, "outputs": {}}
    for fault in faults.values():
        if not fault.section:
            sections["nodes"][fault.key] = Value({}, fault.key.span)
    for section, key, value in entries:
        if section == "outputs" or key not in faults:
            sections[section][key] = value
        else:
            sections["nodes"][key] = _mended_node(section, key, value, known)
    ops = {
        name: StandIn(
            said=text_of(fault.value.get("op")), codes=fault.codes, read=tuple(filter(None, ports.get(name, ())))
        )
        for name, fault in faults.items()
    }
    kept = {key: value for key, value in root.items() if key not in sections}
    mended = {Key(name, root.span): Value(part, root.span) for name, part in sections.items()}
    return Document(Value({**kept, **mended}, root.span), document.source), ops


def _mended_node(section: str, key: Key, value: Value, known: set[str]) -> Value:
    names = [_named(reference) for reference in _references(section, value)]
    inputs = tuple(Value(str(name), name.span) for name in names if name in known)
    kept = {part: item for part, item in value.items() if part in ("doc", "group")}
    return Value({**kept, Key("inputs", key.span): Value(inputs, key.span)}, value.span)


def _entries(root: Value) -> Iterator[tuple[str, Key, Value]]:
    for section in ("inputs", *_NODES, "outputs"):
        part = root.get(section)
        if part is not None:
            yield from ((section, key, value) for key, value in part.items())


def _references(section: str, value: Value) -> list[Value]:
    """The texts among the inputs of a node, or an output: references, where they are no quantities."""
    given = value.get("inputs") if section in _NODES else None
    items = [*given.elements(), *(item for _, item in given.items())] if given is not None else []
    return [item for item in ([value] if section == "outputs" else items) if isinstance(item.data, str)]


def _named(reference: Value) -> Key:
    """The name that a reference begins with."""
    return Key(text_of(reference).partition("/")[0], reference.span)


def _place(span: Span) -> tuple[str, int, int]:
    return span.source.name, span.line, span.column
