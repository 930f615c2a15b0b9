"""A mapping of Python values as YAML text that reads back as the same values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from ddspgraph.compiler.frontend.yaml.scalars import resolve
from ddspgraph.compiler.frontend.yaml.text import forbidden_character
from ddspgraph.diagnostics import fail
from ddspgraph.limits import Limits


def mapping_text(mapping: Mapping[str, object], name: str, limits: Limits) -> str:
    """The YAML of a mapping of strings, numbers, booleans, None, lists, tuples and mappings.

    Raises:
      GraphError: E108 a key that is not a string, E203 a value that YAML cannot hold, E102 a string that a
        spec cannot hold, E702 or E704 a mapping beyond the limits (or inside of itself).
    """
    plain = _Plain(name, limits).of(mapping, "", 1)
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 30)


class _Plain:
    """Copies to `dict`, `list` and the exact scalar types, counting as it goes."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name, self.limits, self.values = name, limits, 0

    def of(self, value: Any, path: str, depth: int) -> Any:
        self.values += 1
        if self.values > self.limits.values:
            raise fail("E704", f"{self.name}: more than {self.limits.values:,} values")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, (int, float)):
            return self._number(value, path)
        if depth > self.limits.depth:
            raise fail("E702", f"{self.name}: nested deeper than {self.limits.depth} levels{_at(path)}")
        if isinstance(value, Mapping):
            return {self._key(key, path): self.of(v, f"{path}/{key}", depth + 1) for key, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.of(element, f"{path}/{i}", depth + 1) for i, element in enumerate(value)]
        raise fail("E203", f"{self.name}: a spec cannot hold a value of type {type(value).__name__}{_at(path)}")

    def _key(self, key: Any, path: str) -> str:
        if not isinstance(key, str):
            raise fail("E108", f"{self.name}: the key {key!r:.80} is not a string{_at(path)}")
        return self._text(key, path)

    def _number(self, value: float, path: str) -> int | float:
        if isinstance(value, float):
            return float(value)
        if abs(int(value)) > self.limits.integer_magnitude:
            limit = self.limits.integer_magnitude
            raise fail("E706", f"{self.name}: an integer beyond {limit:,}{_at(path)}")
        return int(value)

    def _text(self, text: str, path: str) -> str:
        if len(text) > self.limits.scalar_bytes:
            raise fail("E705", f"{self.name}: a text of more than {self.limits.scalar_bytes:,} bytes{_at(path)}")
        bad = forbidden_character(text)
        if bad is not None:
            raise fail("E102", f"{self.name}: a spec cannot hold {bad}{_at(path)}")
        return str.__str__(text)


def _at(path: str) -> str:
    return f", at {path[:200]}" if path else ""


class _Dumper(yaml.SafeDumper):
    """Writes each string so that YAML 1.2 reads a string, and shared lists out instead of as aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if _reads_as_text(text) else '"')


def _reads_as_text(text: str) -> bool:
    try:
        return isinstance(resolve(text), str)
    except ValueError:
        return False


_Dumper.add_representer(str, _represent_text)
