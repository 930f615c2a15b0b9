"""Folds a very deep graph into columns, as text is set: a chain of 300 nodes in one line is no picture.

An edge that would lead from one column to another is cut; a tag with the name of its source stands at both ends,
as in a circuit diagram.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ddspgraph.render.picture import Arrow, Box, Kind, Picture

#: A graph of no more steps from its first input to its last output stands in one piece.
DEPTH_IN_ONE_PIECE = 24
#: About what a step takes downwards, and a box sideways, in points.
_STEP_POINTS, _BOX_POINTS = 95.0, 220.0
#: Width : height of a folded picture.
_ASPECT = 1.4


def folded(shown: Picture) -> tuple[Picture, tuple[str, ...]]:
    """The picture in columns, and the first box of each from left to right; the same picture where one will do."""
    depth = _depths(shown)
    steps = max(depth.values(), default=0) + 1
    width = _BOX_POINTS * len(shown.boxes) / steps
    count = int(math.sqrt(_ASPECT * steps * _STEP_POINTS / width)) if steps > DEPTH_IN_ONE_PIECE else 1
    if count <= 1:
        return shown, ()
    height = math.ceil(steps / count)
    column = {box: at // height for box, at in depth.items()}
    boxes = {box.id: box for box in shown.boxes}
    tags: dict[tuple[str, str, int], Box] = {}
    arrows: list[Arrow] = []
    heads = {0: next(box.id for box in shown.boxes if depth[box.id] == 0)}
    for arrow in shown.arrows:
        here, there = column[arrow.source], column[arrow.target]
        if here == there:
            arrows.append(arrow)
            continue
        leaving, arriving = ((arrow.source, arrow.source_port, number) for number in (here, there))
        if leaving not in tags:
            tags[leaving] = _tag(boxes[arrow.source], arrow.source_port, len(tags))
            arrows.append(replace(arrow, target=tags[leaving].id, target_port="", notes=()))
        if arriving not in tags:
            tags[arriving] = _tag(boxes[arrow.source], arrow.source_port, len(tags))
        arrows.append(replace(arrow, source=tags[arriving].id, source_port=""))
        if depth[arrow.target] == there * height:
            heads.setdefault(there, tags[arriving].id)
    placed = [replace(box, column=column[box.id]) for box in shown.boxes]
    picture = replace(shown, boxes=(*placed, *tags.values()), arrows=tuple(arrows))
    return picture, tuple(heads[number] for number in sorted(heads))


def _tag(source: Box, port: str, number: int) -> Box:
    name = f"{source.name}/{port}" if port else source.name
    return Box(f"tag{number}_{source.id}", Kind.TAG, name, rate=source.rate)


def _depths(shown: Picture) -> Mapping[str, int]:
    """How many steps each box is from the start; an input stands where it is first read."""
    sources: dict[str, list[str]] = {box.id: [] for box in shown.boxes}
    readers: dict[str, list[str]] = {box.id: [] for box in shown.boxes}
    for arrow in shown.arrows:
        sources[arrow.target].append(arrow.source)
        readers[arrow.source].append(arrow.target)
    depth: dict[str, int] = {}
    for box in _sources_first(sources):
        depth[box] = max((depth[source] + 1 for source in sources[box] if source in depth), default=0)
    for box in shown.boxes:
        if not sources[box.id] and readers[box.id]:
            depth[box.id] = max(0, min(depth[reader] for reader in readers[box.id]) - 1)
    return depth


def _sources_first(sources: Mapping[str, list[str]]) -> list[str]:
    """Every box after those that it reads. A picture of two graphs may hold a cycle: it is cut somewhere."""
    found: list[str] = []
    seen: set[str] = set()
    for first in sources:
        stack = [(first, False)]
        while stack:
            box, is_read = stack.pop()
            if is_read:
                found.append(box)
            elif box not in seen:
                seen.add(box)
                stack += [(box, True), *((source, False) for source in sources[box])]
    return found
