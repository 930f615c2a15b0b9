"""`$name` -> the constant of `params`, or what the caller set in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ddspgraph.compiler.frontend.values import FAULTY, Document, Key, Value
from ddspgraph.diagnostics import Report, did_you_mean, quote
from ddspgraph.limits import DEFAULT_LIMITS, Limits

#: Where `$name` may stand; `name`, `doc`, `group` and the author's own `x-` keys are text.
_SECTIONS = ("clock", "inputs", "feedback", "nodes", "outputs", "losses", "training")


def substitute(
    document: Document, overrides: Mapping[str, Value], report: Report, limits: Limits = DEFAULT_LIMITS
) -> Document:
    """The document with every `$name` replaced; each keeps the span of its use, so that errors point there.

    Reports E308 for a name that `params` does not define, W107 for one that nothing uses, E704 where the values
    written out are too many.
    """
    params = document.root.get("params")
    constants = {str(key): value for key, value in params.items()} if params else {}
    for name, value in overrides.items():
        if name not in constants:
            hint = did_you_mean(name, list(constants)) or "the spec has no params"
            report.add("E308", f"{quote(name)} is not one of the params of the spec", value.span, hint=hint)
    constants |= overrides
    for name, value in constants.items():
        for inner in _texts(value):
            message = f"the constant '{name}' holds {quote(inner.data)}: params are not made of other params"
            report.add("E308", message, inner.span, hint="write the value, or use the other name where it is needed")
            constants[name] = Value(FAULTY, value.span)
    replace = _Replacer(constants, report, limits)
    root = {key: replace.section(value) if key in _SECTIONS else value for key, value in document.root.items()}
    if not replace.unknown:  # a name that is misspelt where it is used is not unused
        for key, _ in params.items() if params else ():
            if str(key) not in replace.used:
                hint = f"use it as ${key}, or delete it"
                report.add("W107", f"nothing uses the constant {quote(key)}", key.span, hint=hint)
    return Document(Value(root, document.root.span), document.source)


def _texts(value: Value) -> Iterator[Value]:
    """The `$names` in a value; aliases share values, and each is walked once."""
    seen: set[int] = set()
    open_values = [value]
    while open_values:
        value = open_values.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value.data, str) and value.data.startswith("$"):
            yield value
        open_values += value.elements()
        open_values += [v for _, v in value.items()]


class _Replacer:
    def __init__(self, constants: Mapping[str, Value], report: Report, limits: Limits) -> None:
        self.constants, self.report, self.limits = constants, report, limits
        self.sizes: dict[int, int] = {}
        self.written = 0  # values that constants stand for, so far
        self.done: dict[int, Value] = {}
        self.used: set[str] = set()
        self.unknown = False

    def section(self, value: Value) -> Value:
        """A section: its keys are names of the author's, which may be `doc`; theirs are ours."""
        if not value.is_mapping:
            return self(value)
        return Value({key: self._entry(item) for key, item in value.items()}, value.span)

    def _entry(self, value: Value) -> Value:
        if not value.is_mapping:
            return self(value)
        return Value({k: v if _is_text(k) else self(v) for k, v in value.items()}, value.span)

    def __call__(self, value: Value) -> Value:
        if id(value) not in self.done:
            self.done[id(value)] = self._replaced(value)
        return self.done[id(value)]

    def _replaced(self, value: Value) -> Value:
        data = value.data
        if isinstance(data, dict):
            return Value({k: self(v) for k, v in data.items()}, value.span)
        if isinstance(data, tuple):
            return Value(tuple(self(v) for v in data), value.span)
        if not isinstance(data, str) or not data.startswith("$"):
            return value
        name = data[1:]
        if name not in self.constants:
            self.unknown = True
            if self.report.is_full:
                return Value(FAULTY, value.span)
            hint = self._meant(name) or "define it under `params:`"
            self.report.add("E308", f"{quote(data)} is not defined in params", value.span, hint=hint)
            return Value(FAULTY, value.span)
        self.used.add(name)
        before = self.written
        self.written += self._size(self.constants[name])
        if self.written > self.limits.values:
            if before <= self.limits.values:
                message = f"more than {self.limits.values:,} values, constants of params written out"
                self.report.add("E704", message, value.span)
            return Value(FAULTY, value.span)
        return Value(self.constants[name].data, value.span, origin=self.constants[name].span)

    def _meant(self, name: str) -> str | None:
        """The constant that is meant by a name that none has: `${g}` and `${params.g}` of Hydra, `$g dB`."""
        found = re.fullmatch(r"\{\s*(?:\w+[.:])*(\w+)\s*\}|(\w+)\s+(\S+)", name)
        if found is None:
            return self._near(name)
        inner, said, rest = found[1], found[2], found[3]
        if inner is not None:
            return f"write ${inner}" if inner in self.constants else self._near(inner)
        return f"`${said}` stands alone: write the unit where it is defined, `{said}: ... {rest}`"

    def _near(self, name: str) -> str | None:
        return did_you_mean(f"${name}", [f"${known}" for known in self.constants])

    def _size(self, value: Value) -> int:
        """How many values it is, aliases written out."""
        if id(value) not in self.sizes:
            inner = (*value.elements(), *(v for _, v in value.items()))
            self.sizes[id(value)] = 1 + sum(map(self._size, inner))
        return self.sizes[id(value)]


def _is_text(key: Key) -> bool:
    return key in ("doc", "group") or key.startswith("x-")
