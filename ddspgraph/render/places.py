"""From left to right: the order of the ports of a box, so that edges to them do not cross."""

from __future__ import annotations

from dataclasses import replace

from ddspgraph.render.picture import Arrow, Picture

#: How far apart the ports of a box are, where inputs are 1 apart.
_PORT = 0.5


def uncrossed(shown: Picture) -> Picture:
    """The picture with the ports of each box in the order of what they read, or of what reads them.

    A box is taken to stand below the middle of what it reads, as graphviz will place it (the barycentre method of
    Sugiyama, Tagawa and Toda, 1981): a sweep for the outputs, and one for the inputs below them. Inputs without a name
    keep their order, which is their meaning.
    """
    place, _ = _swept(shown)
    readers: dict[tuple[str, str], list[float]] = {}
    blanks: dict[str, list[Arrow]] = {}
    for arrow in shown.arrows:
        if not arrow.target_port:
            blanks.setdefault(arrow.target, []).append(arrow)
    for arrow in shown.arrows:
        beside = blanks.get(arrow.target, [arrow])
        offset = 0.0 if arrow.target_port else beside.index(arrow) - (len(beside) - 1) / 2
        readers.setdefault((arrow.source, arrow.source_port), []).append(place[arrow.target] + _PORT * offset)
    middle = {key: sum(found) / len(found) for key, found in readers.items()}
    boxes = [
        replace(box, outputs=tuple(sorted(box.outputs, key=lambda pin: middle.get((box.id, pin.port), place[box.id]))))
        for box in shown.boxes
    ]
    shown = replace(shown, boxes=tuple(boxes))
    _, order = _swept(shown)
    boxes = [
        replace(box, inputs=tuple(sorted(box.inputs, key=lambda pin: order.get((box.id, pin.port), 0.0))))
        for box in shown.boxes
    ]
    return replace(shown, boxes=tuple(boxes))


def _swept(shown: Picture) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """Where each box stands, and where the edge to each of its ports begins."""
    boxes = {box.id: box for box in shown.boxes}
    read: dict[str, list[Arrow]] = {box.id: [] for box in shown.boxes}
    for arrow in shown.arrows:
        read[arrow.target].append(arrow)
    place: dict[str, float] = {}

    def start(arrow: Arrow) -> float:
        ports = [pin.port for pin in boxes[arrow.source].outputs]
        offset = ports.index(arrow.source_port) - (len(ports) - 1) / 2 if arrow.source_port in ports else 0.0
        return place.get(arrow.source, 0.0) + _PORT * offset

    for number, box in enumerate(shown.boxes):
        starts = [start(arrow) for arrow in read[box.id]]
        place[box.id] = sum(starts) / len(starts) if starts else float(number)
    return place, {(a.target, a.target_port): start(a) for a in shown.arrows}
