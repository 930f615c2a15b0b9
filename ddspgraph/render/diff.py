"""One picture of two graphs: the new one, with what is gone drawn in, and every change marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ddspgraph.ir.types import Signal
from ddspgraph.render.compare import Comparison, renamed
from ddspgraph.render.compose import Ids, picture
from ddspgraph.render.labels import rate_text, shape_text
from ddspgraph.render.picture import Arrow, Box, Change, Detail, Edge, Kind, Picture, Pin
from ddspgraph.render.values import Said

#: What a box is in both pictures: inputs, outputs and everything else have names of their own.
_Key = tuple[str, str]


def diff_picture(comparison: Comparison, detail: Detail = "types") -> Picture:
    """The picture of a comparison. Raises ValueError for a detail that does not exist."""
    before, after = picture(comparison.old, detail), picture(comparison.new, detail)
    gone, ids = _gone_boxes(comparison, before, after)
    boxes = [_marked(box, comparison) for box in after.boxes]
    was = {renamed(arrow.edge, comparison.names): arrow.signal for arrow in before.arrows if arrow.edge}
    arrows = [_told(arrow, comparison.edges, was) for arrow in after.arrows]
    known = {box.id: box for box in (*boxes, *gone)}
    for arrow in before.arrows:
        edge = arrow.edge and renamed(arrow.edge, comparison.names)
        if edge and comparison.edges.get(edge) is Change.REMOVED:
            arrows.append(_moved(arrow, ids, known))
    # What is gone stands before the outputs, so that it is laid out among the rest.
    ends = [box for box in boxes if box.kind is Kind.OUTPUT]
    rest = [box for box in boxes if box.kind is not Kind.OUTPUT]
    name = _both(comparison.old.name, comparison.new.name)
    return replace(
        after,
        name=name,
        clock=_both(before.clock, after.clock),
        boxes=(*rest, *gone, *ends),
        arrows=tuple(arrows),
    )


def _gone_boxes(comparison: Comparison, before: Picture, after: Picture) -> tuple[list[Box], dict[str, str]]:
    """The boxes that the new picture lacks, and for every old id the one in the new picture."""
    there = {_key(box, {}): box.id for box in after.boxes}
    fresh, gone, ids = Ids(box.id for box in after.boxes), [], {}
    for box in before.boxes:
        key = _key(box, comparison.names)
        if key in there:
            ids[box.id] = there[key]
        else:
            ids[box.id] = fresh.new("gone", box.name)
            gone.append(
                replace(box, id=ids[box.id], change=Change.REMOVED, share=None, type=(), outputs=_names(box.outputs))
            )
    return gone, ids


def _key(box: Box, names: Mapping[str, str]) -> _Key:
    group = box.kind.value if box.kind in (Kind.INPUT, Kind.OUTPUT) else "node"
    name = box.node or box.name
    return group, names.get(name, name) if group == "node" else name


def _marked(box: Box, comparison: Comparison) -> Box:
    kind = {Kind.INPUT: ("input",), Kind.OUTPUT: ("output",)}.get(box.kind, ("node", "loss"))
    found = [d for d in comparison.differences if d.name == box.name and d.kind in kind]
    if not found:
        return replace(box, change=Change.SAME, share=None, lines=(), type=(), outputs=_names(box.outputs))
    change, details = found[0].change, found[0].details
    lines = box.lines if change is Change.ADDED else tuple(Said(detail.replace(" -> ", " → ")) for detail in details)
    return replace(box, change=change, share=None, lines=lines, type=(), outputs=_names(box.outputs))


def _names(pins: tuple[Pin, ...]) -> tuple[Pin, ...]:
    """Without types: here these stand on the edges that are not the same."""
    return tuple(replace(pin, type=()) for pin in pins)


def _told(arrow: Arrow, edges: Mapping[Edge, Change], was: Mapping[Edge, Signal | None]) -> Arrow:
    """With its change; where it carries something else than before, what that was."""
    change = edges[arrow.edge] if arrow.edge else Change.SAME
    old = was.get(arrow.edge) if arrow.edge and change is Change.CHANGED else None
    notes = [
        f"was {say(old)}" for say in (shape_text, rate_text) if old and arrow.signal and say(old) != say(arrow.signal)
    ]
    return replace(arrow, change=change, notes=tuple(notes))


def _moved(arrow: Arrow, ids: Mapping[str, str], boxes: Mapping[str, Box]) -> Arrow:
    """An edge that is gone, between the boxes of the new picture."""
    source, target = ids[arrow.source], ids[arrow.target]
    return replace(
        arrow,
        source=source,
        target=target,
        source_port=_shown(arrow.source_port, boxes[source].outputs),
        target_port=_shown(arrow.target_port, boxes[target].inputs),
        notes=(),
        change=Change.REMOVED,
    )


def _shown(port: str, pins: tuple[Pin, ...]) -> str:
    return port if any(pin.port == port for pin in pins) else ""


def _both(old: str, new: str) -> str:
    return new if old == new else f"{old or 'none'} → {new or 'none'}"
