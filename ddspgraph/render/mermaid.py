"""Mermaid text of a graph, for Markdown: GitHub and notebooks draw it.

Shapes: inputs are stadiums, outputs flags, losses hexagons, trainable nodes have double sides, random ones a dashed
outline. Strokes: audio thick, frame thin, const dotted.
"""

from __future__ import annotations

from collections.abc import Iterator

from ddspgraph.diagnostics import clean
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.types import Rate
from ddspgraph.render.compose import picture
from ddspgraph.render.labels import name_text, rate_text, shape_text, share_text
from ddspgraph.render.picture import Arrow, Box, Change, Detail, Kind, Picture, Stage, groups
from ddspgraph.render.theme import Theme, theme_named

_LINKS = {None: "-->", Rate.CONST: "-.->", Rate.FRAME: "-->", Rate.AUDIO: "==>"}
_SHAPES = {
    Kind.INPUT: ("([", "])"),
    Kind.OUTPUT: (">", "]"),
    Kind.LOSS: ("{{", "}}"),
    Kind.NODE: ("[", "]"),
    Kind.IMPLIED: ("(", ")"),
    Kind.LITERAL: ("[", "]"),
}
_CHANGED_LINKS = {Change.SAME: "-->", Change.ADDED: "==>", Change.REMOVED: "-.->", Change.CHANGED: "==>"}
_BACK_LINK = "-.->"
_SIGNS = {Change.ADDED: "#43; ", Change.REMOVED: "− ", Change.CHANGED: "#126; "}
_PLAIN = frozenset(" ,.=_/()+-[]:·−…×")


def to_mermaid(graph: Graph, *, detail: Detail = "types", theme: str = "light", stage: Stage = "typed") -> str:
    """The graph as a Mermaid flowchart, the same text for the same graph. Raises ValueError as `to_dot` does."""
    return mermaid_of(picture(graph, detail, stage), theme_named(theme))


def mermaid_of(shown: Picture, theme: Theme) -> str:
    """Mermaid of a picture."""
    lines = ["flowchart TB", *(f"  {_box(box)}" for box in shown.boxes if not box.group)]
    for i, members in enumerate(groups(shown.boxes)):
        name = escape(name_text(members[0].group))
        lines += [f'  subgraph group_{i}["{name}"]', *(f"    {_box(box)}" for box in members), "  end"]
    boxes = {box.id: box for box in shown.boxes}
    lines += [f"  {_arrow(arrow, boxes[arrow.source], shown.detail)}" for arrow in shown.arrows]
    return "\n".join([*lines, *(f"  {line}" for line in _classes(shown, theme)), ""])


def escape(raw: str) -> str:
    """Any text inside of a quoted label: letters, digits and harmless signs stay, all else is a numeric entity."""
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in clean(raw))


def _box(box: Box) -> str:
    opening, closing = ("[[", "]]") if box.is_trainable and box.kind is Kind.NODE else _SHAPES[box.kind]
    sign = _SIGNS.get(box.change, "") if box.change else ""
    lines = [sign + escape(name_text(box.name))]
    about = [w for w in (box.op, *box.marks) if w]
    if box.kind in (Kind.NODE, Kind.LOSS):
        lines += [escape(" · ".join(about))] if about else []
        lines += [escape(f"{pin.port} = {pin.value}") for pin in box.inputs if pin.value]
        lines += [escape(str(line)) for line in box.lines]
        lines += [escape(f"{share_text(box.share)} of the work")] if box.share is not None else []
        lines += [escape(" ".join((f"{pin.port}:", *pin.type))) for pin in box.outputs if pin.type]
    lines += map(escape, box.type)
    return f'{box.id}{opening}"{"<br/>".join(lines)}"{closing}'


def _arrow(arrow: Arrow, source: Box, detail: Detail) -> str:
    rate = arrow.signal.rate if arrow.signal else source.rate if detail == "names" else None
    link = _LINKS[rate] if arrow.change is None else _CHANGED_LINKS[arrow.change]
    link = _BACK_LINK if arrow.is_back and arrow.change is None else link
    ports = " → ".join(name_text(port) for port in (arrow.source_port, arrow.target_port) if port)
    lines = [escape(f"{ports}:")] if ports else []
    if arrow.change:
        lines = [_SIGNS[arrow.change].strip(), *lines] if arrow.change is not Change.SAME else []
    if arrow.signal and detail != "names" and arrow.change is not Change.SAME:
        lines += [escape(shape_text(arrow.signal)), escape(rate_text(arrow.signal))] if arrow.change else []
        lines += map(escape, arrow.notes)
    label = "<br/>".join(lines)
    shown = f'|"{label}"|' if label else ""
    return f"{arrow.source} {link}{shown} {arrow.target}"


def _classes(shown: Picture, theme: Theme) -> Iterator[str]:
    """Colours, as classes of the boxes that have them."""
    members: dict[str, list[str]] = {}
    for box in shown.boxes:
        members.setdefault(_class_name(box), []).append(box.id)
    paints = {_class_name(box): theme.paint(box) for box in shown.boxes}
    for name, ids in sorted(members.items()):
        paint = paints[name]
        dashes = ",stroke-dasharray:5 3" if "random" in name or name == "is_removed" else ""
        width = ",stroke-width:3px" if name in ("is_added", "is_changed") else ""
        yield f"classDef {name} fill:{paint.fill},stroke:{paint.line},color:{paint.text}{dashes}{width}"
        yield f"class {','.join(ids)} {name}"


def _class_name(box: Box) -> str:
    if box.change is not None:
        return f"is_{box.change.name.lower()}"
    if box.is_wrong:
        return "is_wrong"
    if box.kind is Kind.NODE:
        words = ["trainable"] * box.is_trainable + ["random"] * box.is_random
        return "_".join(words) or ("is_node" if box.rate is None else f"makes_{box.rate}")
    return f"is_{box.kind.value}"
