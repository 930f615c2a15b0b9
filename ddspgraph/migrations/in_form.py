"""Differences of two documents written into the old text, so that all else stays as its author wrote it.

For steps that keep the form of a spec. ruamel.yaml (extra `migrate`) holds the text with its comments, its order, its
quotes, its anchors and its line breaks while the values in it are changed.
"""

from __future__ import annotations

import difflib
import io
import re
from typing import Any

from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import GraphError

#: Longer than any line that a spec may hold: ruamel.yaml must not break lines.
_NO_WRAP = 1 << 20


def is_available() -> bool:
    """Whether ruamel.yaml is installed."""
    import importlib.util

    return importlib.util.find_spec("ruamel") is not None and importlib.util.find_spec("ruamel.yaml") is not None


def rewritten(old: Document, new: Document) -> str | None:
    """The old text with the values of the new document.

    An entry is renamed where a new key stands at the place of an old one. The result is read again: None where it does
    not hold the values of the new document (an alias whose two uses have come to differ, a merged key that is gone).
    """
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _NO_WRAP
    text = old.source.text.replace("\r\n", "\n")
    yaml.indent(**_indents(text))
    root = yaml.load(text)
    before = _dumped(yaml, root)
    try:
        _change_mapping(root, old.root, new.root)
    except KeyError:  # of a merged entry: it does not stand where it is to be taken away
        return None
    after = _dumped(yaml, root)
    return next((found for found in (_with_old_lines(text, before, after), after) if _holds(found, new)), None)


def _dumped(yaml: Any, root: Any) -> str:
    out = io.StringIO()
    yaml.dump(root, out)
    return out.getvalue()


def _with_old_lines(text: str, before: str, after: str) -> str:
    """`after` with the lines of `text` wherever it did not change: ruamel.yaml evens out blanks within a line."""
    old, normal, new = text.splitlines(), before.splitlines(), after.splitlines()
    if len(old) != len(normal):
        return after
    lines: list[str] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, normal, new, autojunk=False).get_opcodes():
        lines += old[i1:i2] if tag == "equal" else new[j1:j2]
    return "\n".join(lines) + text[len(text.rstrip("\n")) :]


def _holds(text: str, new: Document) -> bool:
    try:
        return read_text(text, new.source.name).root.plain() == new.root.plain()
    except GraphError:
        return False


def _change_mapping(node: Any, old: Value, new: Value) -> None:
    before = dict(old.items())
    old_keys = {str(key): key for key in before}
    renamed = {id(key): str(found) for key, _ in new.items() if (found := _old_name(key, before, new)) is not None}
    kept = {str(key) for key, _ in new.items()} & set(old_keys) | set(renamed.values())
    for name in [name for name in old_keys if name not in kept]:
        _delete(node, name)
    for position, (key, value) in enumerate(new.items()):
        name = str(key)
        was = renamed.get(id(key), name)
        if was != name:
            _rename(node, was, name)
        if was not in old_keys:
            node.insert(position, name, _as_written(value))
        else:
            changed = _changed(node[name], before[old_keys[was]], value)
            if changed is not node[name]:
                node[name] = changed


def _old_name(key: Key, before: dict[Key, Value], new: Value) -> Key | None:
    """The key that stood at the place of a new one, where neither document has both names."""
    if key in before:
        return None
    places = {(k.span.line, k.span.column): k for k in before if new.get(str(k)) is None}
    return places.get((key.span.line, key.span.column))


def _delete(node: Any, name: str) -> None:
    """Takes an entry away; what stood between it and the next one stays, behind a scalar before it."""
    from ruamel.yaml.error import CommentMark
    from ruamel.yaml.tokens import CommentToken

    position = list(node).index(name)
    token = (node.ca.items.pop(name, None) or [None] * 4)[2]
    del node[name]
    between = token.value.partition("\n")[2] if token is not None else ""
    before = list(node)[position - 1] if position else None
    if not between or before is None or isinstance(node[before], (dict, list)):
        return
    comments = node.ca.items.setdefault(before, [None] * 4)
    if comments[2] is None:
        comments[2] = CommentToken("\n" + between, CommentMark(0), None)
    else:
        comments[2].value += between


def _rename(node: Any, was: str, name: str) -> None:
    position = list(node).index(was)
    value = node.pop(was)
    node.insert(position, name, value)
    if was in node.ca.items:
        node.ca.items[name] = node.ca.items.pop(was)


def _changed(node: Any, old: Value, new: Value) -> Any:
    """The node with the new value: itself, changed inside, where it can be."""
    if old is new or old.plain() == new.plain():
        return node
    if old.is_mapping and new.is_mapping:
        _change_mapping(node, old, new)
        return node
    if old.is_list and new.is_list and len(old.elements()) == len(new.elements()):
        for i, (before, after) in enumerate(zip(old.elements(), new.elements(), strict=True)):
            changed = _changed(node[i], before, after)
            if changed is not node[i]:
                node[i] = changed
        return node
    return _as_written(new)


def _as_written(value: Value) -> Any:
    """New data, collections on one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if not (value.is_mapping or value.is_list):
        return value.data
    made: Any = CommentedMap() if value.is_mapping else CommentedSeq()
    made.fa.set_flow_style()
    for key, item in value.items():
        made[str(key)] = _as_written(item)
    made.extend(_as_written(item) for item in value.elements()) if value.is_list else None
    return made


def _indents(text: str) -> dict[str, int]:
    """How the text indents: its first indented key, and how far its first dash of a list stands in."""
    key = re.search(r"^[^\s#][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( +)[^\s#-]", text, re.MULTILINE)
    dash = re.search(r"^[^\s#][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)-( +)", text, re.MULTILINE)
    mapping = len(key[1]) if key else 2
    offset, gap = (len(dash[1]), len(dash[2])) if dash else (0, 1)
    return {"mapping": mapping, "sequence": offset + 1 + gap, "offset": offset}
