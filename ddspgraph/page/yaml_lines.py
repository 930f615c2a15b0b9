"""The lines of a spec that say a node: from its key to the next line that is not further in."""

from __future__ import annotations

from typing import Any

from ddspgraph.diagnostics import Span, clean

_MOST_LINES, _MOST_COLUMNS = 80, 240
_TAB_COLUMNS = 8


def yaml_lines(span: Span | None) -> dict[str, Any] | None:
    """File, number of the first line, lines; None for what no file says."""
    if span is None or not span.source.text:
        return None
    source, first = span.source, span.line
    indent = _indent(source.line(first))
    lines = [source.line(first)]
    n_lines = source.text.count("\n") + 1
    for number in range(first + 1, min(n_lines, first + _MOST_LINES) + 1):
        line = source.line(number)
        if line.strip() and _indent(line) <= indent:
            break
        lines.append(line)
    while not lines[-1].strip() and len(lines) > 1:
        lines.pop()
    return {"file": clean(source.name), "first": first, "lines": [_shown(line, indent) for line in lines]}


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shown(line: str, indent: int) -> str:
    """Moved to the left, and cut where it is very long."""
    text = clean(line[indent:].expandtabs(_TAB_COLUMNS))
    return text if len(text) <= _MOST_COLUMNS else text[: _MOST_COLUMNS - 1] + "…"
