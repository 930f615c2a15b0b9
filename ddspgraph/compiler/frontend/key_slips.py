"""A key that is not known where it stands -> what is wrong with it, and where it belongs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph.compiler.frontend.structure import OTHER_WORDS, STRUCTURE
from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import did_you_mean, quote
from ddspgraph.ir.op import Op

_NODES = ("nodes", "losses")


def unknown_key(
    path: Sequence[str | int], key: Key, mapping: Value, known: Sequence[str], ops: Mapping[str, type[Op]]
) -> tuple[str, str]:
    """The message and the repair for a key of the mapping at `path`, which knows the keys `known`."""
    where = f"'{'.'.join(map(str, path))}'" if path else "the spec"
    message, item = f"{where} has no key {quote(key)}", mapping.get(key)
    if len(path) == 2 and path[0] in _NODES:
        node = path[1]
        op_value = mapping.get("op")
        op = ops.get(str(op_value.data)) if op_value is not None and op_value.is_scalar else None
        if item is not None and item.get("op") is not None:
            return f"{quote(key)} is a node inside of the node '{node}'", f"indent '{key}' as '{node}' is"
        if op is not None and str(key) in op.params():
            return f"{quote(key)} is a parameter of {op.name}", f"put it under `params` of '{node}'"
        if op is not None and str(key) in op.inputs:
            return f"{quote(key)} is an input of {op.name}", f"put it under `inputs` of '{node}'"
    other = OTHER_WORDS.get(key.lower())
    if not path and (key in _CLOCK or other in _CLOCK):
        return message, f"put it into the clock: `clock: {{{_named(key, other, _CLOCK)}: ...}}`"
    if other is not None and other in known and mapping.get(other) is None:
        return message, f"it is called `{other}`"
    return message, did_you_mean(str(key), known) or "a key of your own begins with x-"


def has_other_word(name: str, mapping: Value, known: Sequence[str]) -> bool:
    """Whether a key that is missing is there under another name, which is reported."""
    strangers = [str(key) for key, _ in mapping.items() if str(key) not in known]
    return any(OTHER_WORDS.get(key.lower()) == name or key.lower() == name for key in strangers)


def list_hint(section: str, value: Value, example: str) -> str:
    """The repair of a list where a mapping belongs."""
    first = value.elements()[0] if value.elements() else value
    keys = [str(key) for key, _ in first.items()]
    if "name" in keys and "op" in keys and (name := first.get("name")) is not None:
        return f"write `{name.data}:` for `- name: {name.data}`, and indent what follows it"
    if len(keys) == 1:
        return f"write the names without dashes: `{keys[0]}:` for `- {keys[0]}:`"
    if section == "outputs" and isinstance(first.data, str):
        return f"each has a name: `outputs: {{audio: {first.data}}}`"
    if section == "inputs" and isinstance(first.data, str):
        return f"each has a name and a rate: `inputs: {{{first.data}: {{rate: audio}}}}`"
    return f"for example `{example}`"


def text_hint(path: Sequence[str | int], text: str, example: str) -> str:
    """The repair of a text where a mapping belongs: a node as a call, one output, a clock that is a rate."""
    name = str(path[-1])
    call = re.fullmatch(r"(\w+)\s*\((.*)\)", text)
    if call and path[0] in _NODES:
        return f"write `{name}: {{op: {call[1]}, inputs: [{call[2]}]}}`"
    if name == "outputs" and re.fullmatch(r"[\w/]+", text):
        return f"write `outputs: {{audio: {text}}}`"
    if path[0] == "inputs" and len(path) == 2 and text in ("audio", "frame", "const"):
        return f"write `{name}: {{rate: {text}}}`"
    return f"for example `{example}`"


def _named(key: str, other: str | None, known: Mapping[str, Any]) -> str:
    return key if key in known else str(other)


_CLOCK = STRUCTURE["properties"]["clock"]["properties"]
