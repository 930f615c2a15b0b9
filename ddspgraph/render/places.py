"""From left to right: the order of the ports of a box, so that edges to them do not cross."""

from __future__ import annotations

from dataclasses import replace

from ddspgraph.render.picture import Arrow, Picture

#: How far apart the ports of a box are, where inputs are 1 apart.
_PORT = 0.5


def uncrossed(shown: Picture) -> Picture:
    """The picture with the ports of each box, and the arrows to it, in the order of what they read.

    A box is taken to stand below the middle of what it reads, as graphviz will place it (the barycentre method of
    Sugiyama, Tagawa and Toda, 1981, in one sweep).
    """
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
    order = {(a.target, a.target_port): start(a) for a in shown.arrows}
    return replace(
        shown,
        boxes=tuple(
            replace(box, inputs=tuple(sorted(box.inputs, key=lambda pin: order.get((box.id, pin.port), 0.0))))
            for box in shown.boxes
        ),
    )
