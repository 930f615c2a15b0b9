"""Scalars as YAML text that YAML 1.1 and YAML 1.2 readers take for the same value."""

from __future__ import annotations

import functools
import io
import json
import textwrap

import yaml
from yaml.emitter import Emitter

from ddspgraph.compiler.frontend.values import Value
from ddspgraph.compiler.frontend.yaml.scalars import resolve

#: A longer text, or one of several lines, becomes a block of its own where that is possible.
LONGEST_LINE = 100
_NARROWEST = 40  # of a folded text, however deep it stands
# Words of YAML 1.1 that PyYAML does not resolve and other readers do.
_BOOLS_1_1 = frozenset("yYnN")
_RESOLVERS_1_1 = yaml.SafeLoader.yaml_implicit_resolvers


def scalar_text(value: Value, in_flow: bool) -> str:
    """A scalar on one line."""
    if isinstance(value.data, str):
        return text_text(value.data, in_flow)
    if isinstance(value.data, bool):
        return "true" if value.data else "false"
    if value.data is None:
        return "null"
    return _float_text(value.data) if isinstance(value.data, float) else str(value.data)


@functools.lru_cache(maxsize=4096)  # the same few keys stand in every node
def text_text(text: str, in_flow: bool) -> str:
    """A text or key on one line: without quotes where every reader then sees the same text."""
    if _is_text_everywhere(text):
        analysis = Emitter(io.StringIO(), allow_unicode=True).analyze_scalar(text)
        if not analysis.multiline and (analysis.allow_flow_plain if in_flow else analysis.allow_block_plain):
            return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else _escaped(c) for c in quoted)


def block_text(text: str, indent: int, room: int) -> list[str] | None:
    """Header and lines of a block scalar; None where a block cannot hold the text, or a line has `room` for it.

    A text without line ends is folded (`>`), one with line ends is kept as it is (`|`).
    """
    body = text.removesuffix("\n")
    if not ("\n" in text or len(text) > room):
        return None
    lines = body.split("\n")
    fits = all(c.isprintable() or c == "\n" for c in text)
    if not fits or not body or body.endswith("\n") or any(line != line.strip(" ") for line in lines):
        return None
    chomp = "" if text.endswith("\n") else "-"
    pad = " " * indent
    if len(lines) > 1:
        return [f"|{chomp}", *(pad + line if line else "" for line in lines)] if lines[0] else None
    if "  " in body:
        return None
    width = max(LONGEST_LINE - indent, _NARROWEST)
    folded = textwrap.wrap(body, width, break_long_words=False, break_on_hyphens=False)
    return [f">{chomp}", *(pad + line for line in folded)]


def _is_text_everywhere(text: str) -> bool:
    if text in _BOOLS_1_1 or any(r.match(text) for _, r in _RESOLVERS_1_1.get(text[:1], ())):
        return False
    try:
        return isinstance(resolve(text), str)
    except ValueError:
        return False


def _float_text(number: float) -> str:
    """YAML 1.1 wants a point in a number with an exponent: `1.0e-05`."""
    text = repr(number)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
