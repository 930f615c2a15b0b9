"""What a picture of a graph says, before it is said in DOT or Mermaid: boxes, arrows, and what stands on them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ddspgraph.ir.graph import Ref
from ddspgraph.ir.types import Rate, Signal
from ddspgraph.render.values import Said

#: names: names and ops. types: also ports, changed parameters, types where they are new. all: every parameter and port.
Detail = Literal["names", "types", "all"]
#: source: as written, nothing inferred. typed: with types, and with conversions told. optimised: what will run.
Stage = Literal["source", "typed", "optimised"]


class Edge(NamedTuple):
    """What an arrow stands for: a value, and the port of a node that reads it, or (no node) an output."""

    value: Ref
    reader: str
    port: str

    def __str__(self) -> str:
        target = f"{self.reader}/{self.port}" if self.reader else self.port
        return f"{self.value} -> {target}"


class Change(enum.Enum):
    """What became of a part of a graph; the value is the sign that stands before its name."""

    SAME = ""
    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"


class Kind(enum.Enum):
    """What a box is; decides its shape, together with `Box.is_trainable` and `Box.is_random`."""

    INPUT = "input"
    NODE = "node"
    IMPLIED = "implied"  # a conversion that the compiler wrote into the graph
    LITERAL = "literal"
    LOSS = "loss"
    OUTPUT = "output"
    TAG = "tag"  # the end of an edge that is cut, see `columns`


@dataclass(frozen=True)
class Pin:
    """A port that is shown by name; `value` where a literal feeds it instead of an arrow; `type` of an output."""

    port: str
    value: Said | None = None
    type: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """One box. `id` is a plain identifier, unique in the picture; all other text is raw."""

    id: str
    kind: Kind
    name: str
    op: str = ""
    marks: tuple[str, ...] = ()  # words for what a reader must not miss: "trainable", "random"
    lines: tuple[Said, ...] = ()  # parameters
    inputs: tuple[Pin, ...] = ()
    outputs: tuple[Pin, ...] = ()
    rate: Rate | None = Rate.CONST  # of what it makes; None where nothing is inferred
    is_trainable: bool = False
    is_random: bool = False
    doc: str = ""
    node: str = ""  # the name of its node, where `name` shows a value or an op instead
    share: float | None = None  # of the graph's estimated work, 0 to 1; None where it is not shown
    change: Change | None = None  # in a picture of two graphs: what became of it
    group: str = ""  # the boxes of one group stand together
    column: int = 0  # of a picture in columns
    is_wrong: bool = False  # on a cycle, or read and not understood
    type: tuple[str, ...] = ()  # of its one output, where that is news


@dataclass(frozen=True)
class Arrow:
    """One edge. `source_port` and `target_port` are empty where the port is not shown by name."""

    source: str
    target: str
    source_port: str = ""
    target_port: str = ""
    signal: Signal | None = None
    notes: tuple[str, ...] = ()  # implied conversions
    edge: Edge | None = None
    change: Change | None = None
    is_wrong: bool = False  # on a cycle
    is_back: bool = False  # it closes a cycle through a delay, and lays out nothing


@dataclass(frozen=True)
class Picture:
    """Boxes in the order inputs, nodes, outputs; arrows in the order of the nodes that read them."""

    name: str
    clock: str
    detail: Detail
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    stage: Stage = "typed"


def groups(boxes: Iterable[Box]) -> list[list[Box]]:
    """The boxes of each group, those of each column for themselves, in the order of their first."""
    found: dict[tuple[str, int], list[Box]] = {}
    for box in boxes:
        if box.group:
            found.setdefault((box.group, box.column), []).append(box)
    return list(found.values())
