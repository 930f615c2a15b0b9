"""The key of a picture, one line: only what occurs in it."""

from __future__ import annotations

from ddspgraph.ir.types import Rate
from ddspgraph.render.markup import cell, row, small, table
from ddspgraph.render.picture import Box, Kind, Picture
from ddspgraph.render.theme import Paint, Theme

_WORDS = (
    "input",
    "node",
    "const node",
    "frame node",
    "audio node",
    "random",
    "trainable",
    "loss",
    "output",
    "tag",
    "at fault",
)
_HEIGHTS = {Rate.CONST: 1, Rate.FRAME: 1, Rate.AUDIO: 3}


def legend_table(shown: Picture, theme: Theme) -> str:
    """An HTML-like table of one row: strokes of the rates, then colours of the kinds of boxes."""
    rates = sorted({a.signal.rate for a in shown.arrows if a.signal}, reverse=True)
    entries = [(_stroke(rate, theme), f"{rate} rate") for rate in rates]
    paints = {_word(box): theme.paint(box) for box in shown.boxes}
    entries += [(_patch(paints[word]), word) for word in _WORDS if word in paints]
    return table([row(*(c for sign, word in entries for c in _entry(sign, word, theme)))], padding=1)


def _entry(sign: str, word: str, theme: Theme) -> tuple[str, str]:
    return cell(sign), cell(small(f"{word}&#160;&#160;&#160;", theme.quiet), left=True)


def _word(box: Box) -> str:
    if box.is_wrong:
        return "at fault"
    if box.kind is not Kind.NODE:
        return box.kind.value
    if box.is_trainable or box.is_random:
        return "trainable" if box.is_trainable else "random"
    return "node" if box.rate is None else f"{box.rate} node"


def _patch(paint: Paint) -> str:
    frame = f'BORDER="1" COLOR="{paint.line}" BGCOLOR="{paint.fill}"'
    return f'<TABLE {frame} CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{row(cell("", width=14, height=8))}</TABLE>'


def _stroke(rate: Rate, theme: Theme) -> str:
    """A line made of filled cells; dots for const."""
    height, colour = _HEIGHTS[rate], theme.edge[rate]
    if rate is not Rate.CONST:
        return table([row(cell("", width=22, height=height, fill=colour))])
    dots = [cell("", width=2, height=2, fill="" if i % 2 else colour) for i in range(11)]
    return table([row(*dots)])
