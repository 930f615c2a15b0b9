"""`$name` -> the constant of `params`, or what the caller set in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Report, did_you_mean

#: Where `$name` may stand; `name`, `doc` and the author's own `x-` keys are text.
_SECTIONS = ("clock", "inputs", "nodes", "outputs", "losses")


def substitute(document: Document, overrides: Mapping[str, Value], report: Report) -> Document:
    """The document with every `$name` replaced; each keeps the span of its use, so that errors point there.

    Reports E308 for a name that `params` does not define, W107 for one that nothing uses.
    """
    params = document.root.get("params")
    constants = {str(key): value for key, value in params.items()} if params else {}
    for name, value in overrides.items():
        if name not in constants:
            hint = did_you_mean(name, list(constants)) or "the spec has no params"
            report.add("E308", f"'{name}' is not one of the params of the spec", value.span, hint=hint)
    constants |= overrides
    used = set(_used_names(document))
    for key, _ in params.items() if params else ():
        if str(key) not in used:
            report.add("W107", f"nothing uses the constant '{key}'", key.span, hint=f"use it as ${key}, or delete it")
    replace = _Replacer(constants, report)
    root = {key: replace(value) if key in _SECTIONS else value for key, value in document.root.items()}
    return Document(Value(root, document.root.span), document.source)


def _used_names(document: Document) -> Iterator[str]:
    seen: set[int] = set()  # aliases share values: each is walked once
    open_values = [value for key, value in document.root.items() if key in _SECTIONS]
    while open_values:
        value = open_values.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value.data, str) and value.data.startswith("$"):
            yield value.data[1:]
        open_values += value.elements()
        open_values += [v for _, v in value.items()]


class _Replacer:
    def __init__(self, constants: Mapping[str, Value], report: Report) -> None:
        self.constants, self.report = constants, report
        self.done: dict[int, Value] = {}

    def __call__(self, value: Value) -> Value:
        if id(value) not in self.done:
            self.done[id(value)] = self._replaced(value)
        return self.done[id(value)]

    def _replaced(self, value: Value) -> Value:
        data = value.data
        if isinstance(data, dict):
            return Value({k: v if _is_text(k) else self(v) for k, v in data.items()}, value.span)
        if isinstance(data, tuple):
            return Value(tuple(self(v) for v in data), value.span)
        if not isinstance(data, str) or not data.startswith("$"):
            return value
        if data[1:] not in self.constants:
            hint = did_you_mean(data[1:], list(self.constants)) or "define it under `params:`"
            self.report.add("E308", f"'{data[:60]}' is not defined in params", value.span, hint=hint)
            return value
        return Value(self.constants[data[1:]].data, value.span)


def _is_text(key: Key) -> bool:
    return key == "doc" or key.startswith("x-")
