"""A key that is not known where it stands -> what is wrong with it, and where it belongs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph.compiler.frontend.structure import NODE_KEYS, OTHER_WORDS, SECTIONS, STRUCTURE
from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import did_you_mean, quote
from ddspgraph.ir.op import Op

_NODES = ("nodes", "losses")
#: A key and its value that no colon parts: `op add`, `outputs {out`.
_FUSED = re.compile(r"(?P<name>[A-Za-z_]\w*)(?: *= *| +| *(?=[\[{]))(?P<value>\S.*)")
#: What stands under a name that takes names of any kind is read as a key and a value.
_OPEN = ("params", "inputs", "outputs")
#: What other programs call a rate -> the rate.
OTHER_RATES = {
    **dict.fromkeys(("control", "kr", "k-rate", "krate", "frames", "block", "slow", "per frame"), "frame"),
    **dict.fromkeys(("ar", "a-rate", "arate", "sample", "samples", "signal", "sound", "sig", "fast"), "audio"),
    **dict.fromkeys(("constant", "scalar", "static", "ir", "i-rate", "irate", "number", "fixed", "none"), "const"),
}


def unknown_key(
    path: Sequence[str | int],
    key: Key,
    mapping: Value,
    known: Sequence[str],
    ops: Mapping[str, type[Op]],
    whole: str = "the spec",
) -> tuple[str, str]:
    """The message and the repair for a key of the mapping at `path`, which knows the keys `known`."""
    if path and key in SECTIONS:
        return misplaced_section(key, path)
    where = f"'{'.'.join(map(str, path))}'" if path else whole
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
    fused = _fused(str(key), known)
    if fused is not None:
        return f"{message}: a colon and a space are missing", fused
    other = OTHER_WORDS.get(key.lower())
    if not path and (key in _CLOCK or other in _CLOCK):
        return message, f"put it into the clock: `clock: {{{_named(key, other, _CLOCK)}: ...}}`"
    if other is not None and other in known and mapping.get(other) is None:
        return message, f"it is called `{other}`"
    return message, did_you_mean(str(key), known) or "a key of your own begins with x-"


def misplaced_entry(path: Sequence[str | int], value: Value, root: Value) -> tuple[str, str] | None:
    """The message and the repair for what stands in another section than its own; None where it does not."""
    if len(path) != 2:
        return None
    section, name = path
    has_op = value.get("op") is not None or value.get("graph") is not None
    if section == "inputs" and has_op:
        is_there = root.get("nodes") is not None
        return f"'{name}' is a node: it has an op", "move it to `nodes`" if is_there else "write `nodes:` above it"
    if section not in _NODES or has_op:
        return None
    if name in NODE_KEYS:
        message = f"'{name}' stands beside the {section}, not in one of them"
        return message, "indent it as the `op` of the node that it belongs to"
    return None


def _fused(text: str, known: Sequence[str] | None) -> str | None:
    """The repair of a text that is a known key and its value with no colon between them; of any key without `known`."""
    found = _FUSED.fullmatch(text[:80])
    is_key = found is not None and (known is None or found["name"] in known)
    return f"write `{found['name']}: {found['value']}`" if found and is_key else None


def misplaced_section(key: Key, path: Sequence[str | int]) -> tuple[str, str]:
    """The message and the repair for a section of the spec that stands in another, at `path`."""
    return f"{quote(key)} stands under {quote(path[-1])}", f"indent it as `{path[0]}` is"


def is_misplaced(section: str, key: str, item: Value, root: Value) -> bool:
    """Whether an entry of a section is another section. Inputs, outputs and params may have such names."""
    if key not in SECTIONS or section not in _MARKS or (section not in _NODES and root.get(key) is not None):
        return False
    if section in _NODES and key in NODE_KEYS:  # of a node, unless these are inputs of a graph
        return any(is_entry("inputs", entry) for _, entry in item.items())
    return not item.is_scalar and not is_entry(section, item)


def is_entry(section: str, item: Value) -> bool:
    """Whether a value looks like what stands under a name in a section."""
    mark = _MARKS.get(section)
    if mark is None:
        return False
    return (
        item.get(mark) is not None or (section == "nodes" and item.get("graph") is not None)
        if mark
        else not item.is_mapping
    )


def has_other_word(name: str, mapping: Value, known: Sequence[str]) -> bool:
    """Whether a key that is missing is there under another name, which is reported."""
    strangers = [str(key) for key, _ in mapping.items() if str(key) not in known]
    return any(name in (OTHER_WORDS.get(key.lower()), key.lower()) or _fused(key, [name]) for key in strangers)


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


def text_hint(path: Sequence[str | int], text: str, example: str, known: Sequence[str] = ()) -> str:
    """The repair of a text where a mapping of the keys `known` belongs.

    A key without its colon, a node as a call, one input, one output.
    """
    name = str(path[-1])
    fused = _fused(text, None if name in _OPEN else known)
    if fused is not None:
        return fused
    if name == "inputs" and path[0] in _NODES and re.fullmatch(r"[$\w/.-]+", text):
        return f"write [{text}]"
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


#: The sections whose entries have names of the author's -> the key that each entry has, or "" for values.
_MARKS = {"nodes": "op", "losses": "op", "inputs": "rate", "outputs": "", "params": ""}
_CLOCK = STRUCTURE["properties"]["clock"]["properties"]
