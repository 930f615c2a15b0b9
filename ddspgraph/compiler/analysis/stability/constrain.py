"""`constrain: stable`: what training moves in a loop gets bounds within which the loop is proven stable.

    before:  echo = feedback(constrain: stable); damp = multiply(into, {learn: 0.7})
    after:   damp = multiply(into, {learn: 0.7, min: -0.99.., max: 0.99..})

A learned value stays between its bounds by the map from its weight, so no step leaves them, however long it is. The
bounds are as wide as the verdict allows: first those of all values together, then each end alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ddspgraph.compiler.analysis.stability import Verdict, cycles, verdict_on, way_of
from ddspgraph.compiler.analysis.stability.model import ranges_of
from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.gains import Moved
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.lazy import np

#: Where nothing bounds a value, an end is looked for so many times the size of its first one away.
_REACH = 4.0
#: All ends together go at least so much of the way from the first values.
_LEAST = 2.0**-30
#: How often ways are halved: of all ends together, and of each alone.
_TOGETHER, _ALONE = 6, 14
#: After so many verdicts the ends stay where they are.
_MOST_VERDICTS = 600

_Ends = Mapping[str, tuple[float, float]]


def keep_stable(graph: Graph, legal: Graph, report: Report) -> Graph:
    """The graph, whose learned values have bounds that keep every loop with `constrain: stable` proven.

    Args:
      graph: typed; `legal` is the same after legalisation.

    Reports E431 where a loop is not proven even at its first values, W135 for a line that closes no cycle.
    """
    lines = [node for node in legal.nodes if getattr(node.op, "constrain", None)]
    parts = cycles(legal) if lines else []
    for line in lines:
        if not any(line.name in part for part in parts):
            message = f"`constrain` of '{line.name}' keeps nothing: it closes no cycle"
            report.add("W135", message, line.edge_spans.get("constrain", line.span), hint="delete `constrain`")
    kept = [part for part in parts if any(line.name in part for line in lines)]
    if not kept:
        return graph
    search = _Search(legal, kept)
    if search.holds(search.declared):
        return graph
    at_first = search.hindrances(search.first)
    share = None if at_first else search.share()
    for verdict in at_first or (search.hindrances(search.declared) if share is None else ()):
        _report(lines, verdict, report, is_at_edge=not at_first)
    if share is None:
        return graph
    ends = search.widened(search.at(share))
    return graph.replace(nodes=tuple(search.bounded(node, ends) for node in graph.nodes))


def _report(lines: Sequence[Node], verdict: Verdict, report: Report, *, is_at_edge: bool) -> None:
    line = next(line for line in lines if line.name in verdict.loop)
    why = f"at its first values it grows, {verdict.why}" if verdict.outcome == "unstable" else verdict.why
    why = "its first values are at the edge of what is proven" if is_at_edge else why
    hint = "begin where it dies away: lower a gain in it"
    if not is_at_edge and verdict.gain is None and verdict.outcome == "not proven":
        hint = "put a sigmoid after what nothing bounds, or a learned value in its place: `{learn: 0.5}`"
    notes = [] if verdict.span is None or verdict.span == line.span else [Note("that is", verdict.span)]
    message = f"the loop {way_of(verdict)} cannot be kept stable: {why}"
    report.add("E431", message, line.edge_spans.get("constrain", line.span), *notes, *verdict.notes, hint=hint)


class _Search:
    """Ends of the learned values of loops, and the verdict on them.

    Attributes:
      moved: what training moves in the loops, by node.
      declared: its ends as they are written; `first`: as if it stayed where it begins.
    """

    def __init__(self, graph: Graph, parts: Sequence[set[str]]) -> None:
        self.graph, self.parts, self.verdicts = graph, parts, 0
        self.moved = _moved_in(graph, parts)
        self.declared = {name: (moved.low, moved.high) for name, moved in self.moved.items()}
        self.first = {name: moved.first for name, moved in self.moved.items()}

    def hindrances(self, ends: _Ends) -> list[Verdict]:
        """The verdicts that are not stable where values lie between these ends."""
        self.verdicts += 1
        graph = self.graph.replace(nodes=tuple(_within(node, ends) for node in self.graph.nodes))
        return [verdict for part in self.parts if (verdict := verdict_on(graph, part)).outcome != "stable"]

    def holds(self, ends: _Ends) -> bool:
        return not self.hindrances(ends)

    def share(self) -> float | None:
        """How much of the way to their ends all values can go; None where it is nothing."""
        high = 1.0
        while not self.holds(self.at(high)):
            high /= 2.0
            if high < _LEAST:
                return None
        low, high = high, min(2.0 * high, 1.0)
        for _ in range(_TOGETHER):
            middle = (low + high) / 2.0
            low, high = (middle, high) if self.holds(self.at(middle)) else (low, middle)
        return low

    def at(self, share: float) -> _Ends:
        return {name: (self._between(name, 0, share), self._between(name, 1, share)) for name in self.moved}

    def _between(self, name: str, side: int, share: float, start: float | None = None) -> float:
        """So much of the way from where a value begins, or from `start`, to one of its ends."""
        moved, end = self.moved[name], self.declared[name][side]
        start = moved.first[side] if start is None else start
        if moved.is_log:
            end = start * (1.0 + _REACH) ** (2 * side - 1) if not 0.0 < end < math.inf else end
            return start * (end / start) ** share
        if not math.isfinite(end):
            end = moved.first[side] + (2 * side - 1) * _REACH * max(abs(moved.first[side]), 1.0)
        return start + share * (end - start)

    def widened(self, ends: _Ends) -> _Ends:
        """Each end as far out as the others allow."""
        found = dict(ends)
        for name in self.moved:
            for side in (0, 1):
                start = found[name][side]

                def holds(end: float, name: str = name, side: int = side) -> bool:
                    tried = (end, found[name][1]) if side == 0 else (found[name][0], end)
                    return self.holds({**found, name: tried})

                best, low, high = start, 0.0, 1.0
                if holds(self.declared[name][side]):
                    best = self.declared[name][side]
                else:
                    for _ in range(_ALONE if self.verdicts < _MOST_VERDICTS else 0):
                        middle = (low + high) / 2.0
                        end = self._between(name, side, middle, start)
                        if holds(end):
                            best, low = end, middle
                        else:
                            high = middle
                found[name] = (best, found[name][1]) if side == 0 else (found[name][0], best)
        return found

    def bounded(self, node: Node, ends: _Ends) -> Node:
        """The node, where it is learned with bounds in place of its own; an end that stays is as it was written."""
        if node.name not in ends:
            return node
        bounds = [
            None if end == declared else _inwards(end, side)
            for side, (end, declared) in enumerate(zip(ends[node.name], self.declared[node.name], strict=True))
        ]
        op = node.op.kept_between(*bounds)
        changed = [name for name in op.params() if getattr(op, name) != getattr(node.op, name)]
        return replace(node, op=op, written={k: words for k, words in node.written.items() if k not in changed})


def _within(node: Node, ends: _Ends) -> Node:
    return replace(node, op=node.op.kept_between(*ends[node.name])) if node.name in ends else node


def _moved_in(graph: Graph, parts: Sequence[set[str]]) -> dict[str, Moved]:
    """The learned values that the gains of these loops depend on."""
    known, seen = ranges_of(graph), set[Ref]()
    waiting = [ref for part in parts for node in graph.nodes if node.name in part for _, ref in node.inputs]
    while waiting:
        ref = waiting.pop()
        node = graph.node_by_name.get(ref.node)
        if ref not in seen and ref in known and node is not None:
            waiting += [source for _, source in node.inputs]
            seen.add(ref)
    found = {node.name: node.op.moved() for node in graph.nodes if any(ref in seen for ref in node.refs)}
    return {name: moved for name, moved in found.items() if moved is not None}


def _inwards(end: float, side: int) -> float:
    """The nearest float32 that is not beyond: the weights of a graph are float32."""
    near = np.float32(end)
    if (near > end) if side == 1 else (near < end):
        near = np.nextafter(near, np.float32(-np.inf if side == 1 else np.inf))
    return float(near)
