"""Colours and fonts of the pictures, light and dark.

Colour never speaks alone: every kind of box also has a shape or an outline of its own, and every rate a stroke.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ddspgraph.ir.types import Rate
from ddspgraph.render.picture import Arrow, Box, Kind

#: Measured and drawn alike everywhere: Liberation Sans has the widths of Helvetica and Arial.
FONT = "Helvetica,Arial,sans-serif"


@dataclass(frozen=True)
class Paint:
    """Fill, outline and text of a box."""

    fill: str
    line: str
    text: str


@dataclass(frozen=True)
class Theme:
    """All colours of a picture."""

    name: str
    background: str
    text: str
    quiet: str  # ports, parameters, types
    edge: Mapping[Rate, str]
    paints: Mapping[str, Paint]

    def paint(self, box: Box) -> Paint:
        """Kind first, then what a node does, then the rate of what it makes. A change goes before them all."""
        if box.change is not None:
            return self.paints[box.change.name.lower()]
        if box.is_wrong:
            return self.paints["wrong"]
        if box.kind is not Kind.NODE:
            return self.paints[box.kind.value]
        for is_it, name in ((box.is_trainable, "trainable"), (box.is_random, "random")):
            if is_it:
                return self.paints[name]
        return self.paints["plain" if box.rate is None else str(box.rate)]

    def stroke(self, arrow: Arrow) -> str:
        """The colour of an edge: of its change, else of its rate."""
        if arrow.change is not None:
            return self.paints[arrow.change.name.lower()].line
        if arrow.is_wrong:
            return self.paints["wrong"].line
        return self.quiet if arrow.signal is None else self.edge[arrow.signal.rate]


LIGHT = Theme(
    name="light",
    background="#ffffff",
    text="#16202a",
    quiet="#55626e",
    edge={Rate.CONST: "#7a8691", Rate.FRAME: "#44505c", Rate.AUDIO: "#1b5e94"},
    paints={
        "input": Paint("#eceff1", "#607080", "#16202a"),
        "output": Paint("#24323e", "#24323e", "#ffffff"),
        "literal": Paint("#ffffff", "#ffffff", "#16202a"),
        "implied": Paint("#ffffff", "#8a96a0", "#55626e"),
        "tag": Paint("#fff9d6", "#8a7a1f", "#16202a"),
        "loss": Paint("#fdeaea", "#b3261e", "#16202a"),
        "trainable": Paint("#fff3df", "#b75f00", "#16202a"),
        "random": Paint("#f4eafa", "#7b3fa0", "#16202a"),
        "audio": Paint("#e6f1fb", "#1b5e94", "#16202a"),
        "frame": Paint("#e9f5ec", "#2e7048", "#16202a"),
        "const": Paint("#f7f7f5", "#6e6e66", "#16202a"),
        "plain": Paint("#f3f5f7", "#55626e", "#16202a"),
        "same": Paint("#ffffff", "#7e8a95", "#55626e"),
        "added": Paint("#dcf5e3", "#136b32", "#16202a"),
        "removed": Paint("#fde3e1", "#b3261e", "#7a1b15"),
        "changed": Paint("#fff1c9", "#8a5a00", "#16202a"),
        "wrong": Paint("#ffdad6", "#c00012", "#16202a"),
    },
)

DARK = Theme(
    name="dark",
    background="#12181f",
    text="#e8edf2",
    quiet="#a9b6c2",
    edge={Rate.CONST: "#8492a0", Rate.FRAME: "#b4c0cb", Rate.AUDIO: "#6db5ee"},
    paints={
        "input": Paint("#2a343e", "#93a2b0", "#e8edf2"),
        "output": Paint("#e8edf2", "#e8edf2", "#12181f"),
        "literal": Paint("#12181f", "#12181f", "#e8edf2"),
        "implied": Paint("#12181f", "#7d8a96", "#a9b6c2"),
        "tag": Paint("#3a3615", "#d9c85a", "#e8edf2"),
        "loss": Paint("#43201f", "#f2857c", "#e8edf2"),
        "trainable": Paint("#3f2e14", "#f0a848", "#e8edf2"),
        "random": Paint("#33233f", "#c996e8", "#e8edf2"),
        "audio": Paint("#173147", "#6db5ee", "#e8edf2"),
        "frame": Paint("#1b3526", "#79c795", "#e8edf2"),
        "const": Paint("#26292c", "#a5a59c", "#e8edf2"),
        "plain": Paint("#232c35", "#a9b6c2", "#e8edf2"),
        "same": Paint("#12181f", "#6f7d8a", "#a9b6c2"),
        "added": Paint("#12391f", "#63d68a", "#e8edf2"),
        "removed": Paint("#451c19", "#f2857c", "#f6c1bc"),
        "changed": Paint("#40320a", "#e8c04c", "#e8edf2"),
        "wrong": Paint("#5a1512", "#ff6b61", "#ffffff"),
    },
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def theme_named(name: str) -> Theme:
    """`light` or `dark`. Raises ValueError for another name."""
    if name not in THEMES:
        raise ValueError(f"theme is one of {', '.join(THEMES)}, this is {name!r}")
    return THEMES[name]
