"""DOT text of a graph: what graphviz lays out. Making the text needs no graphviz.

Shapes: inputs are ellipses, outputs filled tags, losses boxes with cut corners, trainable nodes have a double
outline, random ones a dashed one. Strokes: audio thick, frame thin, const dotted.

In a picture of two graphs outlines and strokes tell what was added (thick), removed (dashed, struck through) and
changed (thick, and a sign), beside the colours and the signs `+`, `−` and `~`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ddspgraph.ir.graph import Graph
from ddspgraph.ir.types import Rate
from ddspgraph.render.columns import folded
from ddspgraph.render.compose import picture
from ddspgraph.render.labels import LEAST_SHARE, doc_text, name_text, rate_text, shape_text, share_text
from ddspgraph.render.legend import legend_table
from ddspgraph.render.markup import bold, cell, quoted, row, small, smallest, table, text
from ddspgraph.render.picture import Arrow, Box, Change, Detail, Kind, Picture, Pin, Stage, groups
from ddspgraph.render.places import uncrossed
from ddspgraph.render.theme import FONT, Theme, theme_named
from ddspgraph.render.values import Said

#: Up to here graphviz is told to try ten times as hard to avoid crossings: it is over in a moment.
_FEW_BOXES = 80
#: From here it is told to polish positions for a while only: straight lines are worth seconds, not minutes.
_MANY_BOXES = 500
#: Points of the whole bar that shows a node's share of the work.
_BAR_POINTS = 48
#: Points around the bar, so that it does not touch the words.
_BAR_ROOM = 12
#: Points of `100 % of the work` in nine points: without a fixed size a wide box would pull bar and words apart.
_WORDS_POINTS = 78
_FIXED = 'FIXEDSIZE="TRUE" WIDTH="{}" HEIGHT="{}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
_STROKES = {
    None: {"style": "solid", "penwidth": "1.0", "arrowsize": "0.6"},
    Rate.CONST: {"style": "dotted", "penwidth": "1.1", "arrowsize": "0.5"},
    Rate.FRAME: {"style": "solid", "penwidth": "1.0", "arrowsize": "0.6"},
    Rate.AUDIO: {"style": "solid", "penwidth": "2.4", "arrowsize": "0.65"},
}
_CHANGED_STROKES = {
    Change.SAME: {"style": "solid", "penwidth": "0.9", "arrowsize": "0.55"},
    Change.ADDED: {"style": "solid", "penwidth": "2.8", "arrowsize": "0.7"},
    Change.REMOVED: {"style": "dashed", "penwidth": "1.4", "arrowsize": "0.65"},
    Change.CHANGED: {"style": "solid", "penwidth": "1.8", "arrowsize": "0.65"},
}
_STAGES = {"source": "as written", "optimised": "as it runs"}
_SIGNS = {Change.ADDED: "+ ", Change.REMOVED: "− ", Change.CHANGED: "~ "}
#: What differs from a filled box with sharp corners.
_SHAPES = {
    Kind.INPUT: {"shape": "ellipse", "margin": "0.05,0.03"},
    Kind.OUTPUT: {"shape": "invhouse", "margin": "0.1,0.03"},
    Kind.LITERAL: {"shape": "plain"},
    Kind.IMPLIED: {"style": "filled,rounded", "margin": "0.06,0.02"},
    Kind.TAG: {"style": "filled,rounded", "margin": "0.06,0.02"},
    Kind.LOSS: {"style": "filled,diagonals"},
}


#: Edges that enter a box at ports without a name, by the box.
_Blanks = Mapping[str, Sequence[Arrow]]


def to_dot(
    graph: Graph, *, detail: Detail = "types", theme: str = "light", legend: bool = False, stage: Stage = "typed"
) -> str:
    """The graph in the DOT language, the same text for the same graph.

    Args:
      graph: a typed graph, as `load` gives it.
      detail: "names", "types" or "all".
      theme: "light" or "dark".
      legend: add a key of shapes and strokes.
      stage: "source", "typed" or "optimised".

    Raises:
      ValueError: for a detail, theme or stage that does not exist.
    """
    return dot_of(picture(graph, detail, stage), theme_named(theme), legend)


def dot_of(shown: Picture, theme: Theme, legend: bool = False) -> str:
    """DOT of a picture."""
    shown, heads = folded(shown)
    shown = uncrossed(replace(shown, boxes=tuple(_placed(shown))))
    blanks = _blanks(shown)
    crowded = Counter(arrow.source for arrow in shown.arrows)
    boxes = {box.id: box for box in shown.boxes}
    lines = ["digraph ddspgraph {", *(f"  {line}" for line in _defaults(shown, theme, legend))]
    lines += [f"  {_box(box, theme, blanks)}" for box in shown.boxes if not box.group]
    for i, members in enumerate(groups(shown.boxes)):
        lines += [f"  {line}" for line in _cluster(i, members, theme, blanks)]
    for arrow in shown.arrows:
        ends = _tail(arrow, boxes[arrow.source], crowded), _head(arrow, boxes[arrow.target], blanks)
        lines.append(f"  {arrow.source}{ends[0]} -> {arrow.target}{ends[1]} [{_arrow(arrow, shown, theme)}];")
    if heads:
        lines.append(f"  {{ rank=min; {' -> '.join(heads)} [style=invis]; }}")
    return "\n".join([*lines, "}", ""])


def _placed(shown: Picture) -> list[Box]:
    """The boxes in the order of the text, which graphviz keeps to where it can.

    Inputs that losses alone read (targets) come first and so stand left, as their ports do: fewer crossings.
    """
    losses = {box.id for box in shown.boxes if box.kind is Kind.LOSS}
    read = {a.source for a in shown.arrows if a.target not in losses}
    return sorted(shown.boxes, key=lambda box: box.kind is not Kind.INPUT or box.id in read)


def _defaults(shown: Picture, theme: Theme, legend: bool) -> Iterator[str]:
    count = len(shown.boxes)
    effort = ", mclimit=10" if count <= _FEW_BOXES else ", nslimit=4" if count > _MANY_BOXES else ""
    label = _title(shown, theme, legend)
    yield (
        f"graph [{f'label=<{label}>, labelloc=t, labeljust=l, ' if label else ''}"
        f"fontname={quoted(FONT)}, fontsize=12, fontcolor={quoted(theme.text)}, bgcolor={quoted(theme.background)}, "
        f"rankdir=TB, nodesep=0.35, ranksep=0.5, pad=0.15{effort}];"
    )
    yield f"node [fontname={quoted(FONT)}, fontsize=11, shape=box, style=filled, margin=0, height=0, width=0];"
    yield f"edge [fontname={quoted(FONT)}, fontsize=8, fontcolor={quoted(theme.quiet)}];"


def _title(shown: Picture, theme: Theme, legend: bool) -> str:
    """Name and clock in one line, the key below."""
    said = [bold(text(name_text(shown.name)))] if shown.name else []
    said += [small(text(shown.clock), theme.quiet)] if shown.clock else []
    said += [small(_STAGES[shown.stage], theme.quiet)] if shown.stage in _STAGES else []
    rows = [row(cell("&#160;&#160; ".join(said), left=True))] if said else []
    rows += [row(cell(legend_table(shown, theme), left=True))] if legend else []
    return table(rows, padding=2) if rows else ""


def _cluster(number: int, members: Sequence[Box], theme: Theme, blanks: _Blanks) -> Iterator[str]:
    """A frame around a group: dotted around losses."""
    is_losses = all(box.kind is Kind.LOSS for box in members)
    line = theme.paints["loss"].line if is_losses else theme.quiet
    # Edges come in above and mostly left: there they would cross the name.
    place = "style=dotted, labelloc=b, labeljust=l" if is_losses else "style=rounded, penwidth=0.8, labeljust=r"
    yield f"subgraph cluster_{number} {{"
    yield (
        f"  graph [label=<{text(name_text(members[0].group))}>, fontsize=9, fontcolor={quoted(line)}, "
        f"color={quoted(line)}, {place}, margin=8];"
    )
    for box in members:
        yield f"  {_box(box, theme, blanks)}"
    yield "}"


def _box(box: Box, theme: Theme, blanks: _Blanks) -> str:
    paint = theme.paint(box)
    attributes = {
        "id": box.id,
        "class": " ".join([box.kind.value, *(["trainable"] * box.is_trainable), *(["random"] * box.is_random)]),
        "fillcolor": paint.fill,
        "color": paint.line,
        "fontcolor": paint.text,
    }
    attributes |= _SHAPES.get(box.kind, {})
    if box.is_random and box.change is None:
        attributes["style"] = "filled,dashed"
    if box.is_wrong:
        attributes["penwidth"] = "2.4"
    if box.is_trainable:
        attributes["peripheries"] = "2"
    if box.change is not None:
        attributes |= _changed(box, attributes.get("style", "filled"))
    if tooltip := doc_text(box.doc):
        attributes["tooltip"] = tooltip
    return f"{box.id} [{_attributes(attributes)}, label=<{_label(box, theme, len(blanks.get(box.id, ())))}>];"


def _changed(box: Box, style: str) -> dict[str, str]:
    """How an outline tells what became of a box."""
    assert box.change is not None
    found = {"class": f"{box.kind.value} {box.change.name.lower()}"}
    if box.change is Change.REMOVED:
        return {**found, "style": f"{style},dashed"}
    return {**found, "penwidth": "1" if box.change is Change.SAME else "2.4"}


def _name(box: Box) -> str:
    """The name after the sign of its change; a name that is gone is struck through."""
    name = text(name_text(box.name))
    if box.change is Change.REMOVED:
        name = f"<S>{name}</S>"
    return _SIGNS.get(box.change, "") + name if box.change else name


def _label(box: Box, theme: Theme, n_blanks: int) -> str:
    name = _name(box)
    types = "".join(f"<BR/>{small(text(line), theme.quiet)}" for line in box.type)
    if box.kind in (Kind.LITERAL, Kind.IMPLIED, Kind.TAG):
        share = "" if box.share is None else f" · {text(share_text(box.share))}"
        return small(name + share) + types
    if box.kind in (Kind.INPUT, Kind.OUTPUT):
        return name + types
    about = [text(box.op)] if box.op else []
    about += [f"<I>{text(mark)}</I>" for mark in box.marks]
    has_bar = box.share is not None and box.share >= LEAST_SHARE
    about += [text(share_text(box.share))] if box.share is not None and not has_bar else []
    rows = [row(cell(bold(name)))]
    rows += [row(cell(small(" · ".join(about), theme.text)))] if about else []
    rows += [
        row(cell(_line(Said(f"{p.port} = {p.value.text}", p.value.converted), theme.text, theme)))
        for p in box.inputs
        if p.value
    ]
    rows += [row(cell(_line(line, theme.quiet, theme))) for line in box.lines]
    rows += [row(cell(_share_bar(box, theme)))] if has_bar else []
    body = table(rows, padding=1, around=5)
    above, below = _pins("i", box.inputs, theme, n_blanks), _pins("o", box.outputs, theme) or _type(box.type, theme)
    spacer = [cell("", width=10)] if box.kind is Kind.LOSS else []
    parts = [row(*spacer, cell(part), *spacer) for part in (above, body, below) if part]
    return table(parts)


def _line(said: Said, colour: str, theme: Theme) -> str:
    """What an author wrote; smaller, what it is in another unit."""
    beside = f" {smallest(text(f'({said.converted})'), theme.quiet)}" if said.converted else ""
    return small(text(said.text), colour) + beside


def _type(lines: Sequence[str], theme: Theme) -> str:
    return table([row(cell(small(text(line), theme.quiet))) for line in lines], around=3) if lines else ""


def _share_bar(box: Box, theme: Theme) -> str:
    """A bar, filled as far as the node's share of the work goes, and the share."""
    assert box.share is not None
    paint = theme.paint(box)
    filled = max(1, round(_BAR_POINTS * box.share))
    cells = [cell("", width=filled, height=4, fill=paint.line)]
    if filled < _BAR_POINTS:
        cells.append(cell("", width=_BAR_POINTS - filled, height=4, fill=theme.background))
    frame = f'BORDER="1" COLOR="{paint.line}" {_FIXED.format(_BAR_POINTS + 2, 6)}'
    bar = f"<TABLE {frame}>{row(*cells)}</TABLE>"
    words = small(f"{text(share_text(box.share))} of the work", theme.quiet)
    parts = row(
        cell(bar, width=_BAR_POINTS + _BAR_ROOM, height=11), cell(words, left=True, width=_WORDS_POINTS, height=11)
    )
    return f'<TABLE BORDER="0" {_FIXED.format(_BAR_POINTS + _BAR_ROOM + _WORDS_POINTS, 11)}>{parts}</TABLE>'


def _pins(side: str, pins: tuple[Pin, ...], theme: Theme, n_blanks: int = 0) -> str:
    """One cell a port that an edge meets, with what leaves it below; literals stand among the parameters."""
    cells = [
        cell(
            "<BR/>".join(
                [small(text(name_text(pin.port)), theme.text), *(small(text(t), theme.quiet) for t in pin.type)]
            ),
            port=f"{side}{pin_number(pins, pin.port)}",
            top=True,
        )
        for pin in pins
        if pin.value is None
    ]
    cells += [cell("", port=f"b{i}", width=30, height=4) for i in range(n_blanks)]
    return table([row(*cells)], padding=3) if cells else ""


def pin_number(pins: Sequence[Pin], port: str) -> int:
    """The number of a port in DOT: by name, whatever the order of the pins from left to right."""
    return sorted(pin.port for pin in pins).index(port)


def _arrow(arrow: Arrow, shown: Picture, theme: Theme) -> str:
    rate = arrow.signal.rate if arrow.signal else None
    stroke = _STROKES[rate] if arrow.change is None else _CHANGED_STROKES[arrow.change]
    if arrow.is_wrong:
        stroke = {**stroke, "penwidth": "2.4"}
    if arrow.is_back:
        stroke = {**stroke, "style": "dashed", "constraint": "false"}
    label = _edge_label(arrow, theme) if shown.detail != "names" and arrow.change is not Change.SAME else ""
    shown_label = f", label=<{label}>" if label else ""
    return _attributes({"color": theme.stroke(arrow), **stroke}) + shown_label


def _tail(arrow: Arrow, source: Box, crowded: Counter[str]) -> str:
    """An edge leaves below; several leave the border of an ellipse side by side, and one that comes back any side."""
    if arrow.is_back:
        return ""
    if source.kind is Kind.INPUT and crowded[source.id] > 1:
        return ""
    is_shown = any(pin.port == arrow.source_port for pin in source.outputs)
    return f":o{pin_number(source.outputs, arrow.source_port)}:s" if is_shown else ":s"


def _head(arrow: Arrow, target: Box, blanks: _Blanks) -> str:
    """An edge comes in above: at its port, at a place of its own among several without a name, or in the middle.

    One that comes back takes the side that is nearest.
    """
    if arrow.is_back:
        return ""
    if any(pin.port == arrow.target_port for pin in target.inputs):
        return f":i{pin_number(target.inputs, arrow.target_port)}:n"
    return f":b{blanks[target.id].index(arrow)}:n" if target.id in blanks else ":n"


def _blanks(shown: Picture) -> _Blanks:
    """Of each box that several edges enter at ports without a name, these edges."""
    found: dict[str, list[Arrow]] = {}
    for arrow in shown.arrows:
        if not arrow.target_port and not arrow.is_back:
            found.setdefault(arrow.target, []).append(arrow)
    return {target: arrows for target, arrows in found.items() if len(arrows) > 1}


def _edge_label(arrow: Arrow, theme: Theme) -> str:
    """Implied conversions; in a comparison the sign of the change and the type."""
    sign = _SIGNS.get(arrow.change, "") if arrow.change else ""
    signal = arrow.signal if arrow.change else None
    lines = [text(shape_text(signal)), text(rate_text(signal))] if signal else []
    lines += [f"<I>{text(note)}</I>" for note in arrow.notes]
    if sign:
        lines = [bold(sign.strip()) + (f" {lines[0]}" if lines else ""), *lines[1:]]
    return table([row(cell(line, left=True)) for line in lines], around=2, fill=theme.background) if lines else ""


def _attributes(attributes: dict[str, str]) -> str:
    return ", ".join(f"{key}={quoted(value)}" for key, value in attributes.items())
