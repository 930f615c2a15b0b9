"""How a value of a loop goes through an op that is mapped over channels or voices: as through the op inside, each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph.ir.gains import Range, Way, side_by_side
from ddspgraph.ir.types import Signal
from ddspgraph.lazy import np


def ranges_of_members(op: Any, given: Mapping[str, Range]) -> Mapping[str, Range]:
    """`Op.ranges` of a mapped op: those of one member."""
    return op.inner.ranges(given) if op.mixing == "none" else {}


def ways_of_members(
    op: Any, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
) -> Mapping[tuple[str, str], Way]:
    """`Op.ways` of a mapped op: each channel by its own controls; voices that are mixed are not known."""
    inside = op.inside(signals)
    if op.voices is not None:
        return op.inner.ways(inside, given, looped) if op.mixing == "none" else {}
    count = signals[op.own[0]].dims[2].size
    controls = [port for port in op.own if port not in looped and np.size(given[port].low) > 1]
    if not controls or count is None:
        return op.inner.ways(inside, given, looped)
    members = [
        op.inner.ways(inside, {**given, **{port: given[port].member(c) for port in controls}}, looped)
        for c in range(count)
    ]
    both = set.intersection(*(set(member) for member in members))
    joined = {key: side_by_side([member[key] for member in members]) for key in sorted(both)}
    return {key: way for key, way in joined.items() if way is not None}
