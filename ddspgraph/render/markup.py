"""The one place where text becomes DOT markup, so that escaping cannot be forgotten elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from ddspgraph.diagnostics import clean

#: Graphviz puts the name of a node for `\N`, even where the backslash is an entity: it is doubled.
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\\": "&#92;&#92;"})


def text(raw: str) -> str:
    """Any text inside of an HTML-like label: no tag, no entity, no escape of its own."""
    return clean(raw).translate(_ENTITIES)


def quoted(raw: str) -> str:
    """Any text as a DOT string, in which an ampersand begins an entity.

    A backslash begins an escape such as `\\N` (the name of the node), and how often it must be doubled differs
    between attributes and between versions of graphviz: U+2216, which looks the same, stands for it.
    """
    return '"' + clean(raw).replace("&", "&amp;").replace("\\", "∖").replace('"', '\\"') + '"'


def bold(markup: str) -> str:
    return f"<B>{markup}</B>"


def small(markup: str, colour: str = "") -> str:
    """Nine points: ports, parameters, types."""
    return _sized(9, markup, colour)


def smallest(markup: str, colour: str) -> str:
    """Eight points: what stands beside a value."""
    return _sized(8, markup, colour)


def _sized(points: int, markup: str, colour: str) -> str:
    paint = f' COLOR="{colour}"' if colour else ""
    return f'<FONT POINT-SIZE="{points}"{paint}>{markup}</FONT>'


def cell(
    markup: str,
    *,
    port: str = "",
    left: bool = False,
    top: bool = False,
    width: int = 0,
    height: int = 0,
    fill: str = "",
) -> str:
    said = [f'PORT="{port}"'] * bool(port) + ['ALIGN="LEFT"'] * left + ['VALIGN="TOP"'] * top
    said += [f'WIDTH="{width}"'] * bool(width) + [f'HEIGHT="{height}"'] * bool(height)
    said += ['FIXEDSIZE="TRUE"'] * bool(width and height)
    said += [f'BGCOLOR="{fill}"'] * bool(fill)
    return f"<TD{''.join(f' {a}' for a in said)}>{markup}</TD>"


def row(*cells: str) -> str:
    return f"<TR>{''.join(cells)}</TR>"


def table(rows: Iterable[str], *, padding: int = 0, around: int = 0, fill: str = "") -> str:
    """Without lines. `padding` is inside of the cells, `around` an outer margin, `fill` hides what runs beneath."""
    paint = f' BGCOLOR="{fill}"' if fill else ""
    inner = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}"{paint}>{"".join(rows)}</TABLE>'
    if not around:
        return inner
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{around}"><TR><TD>{inner}</TD></TR></TABLE>'
