"""Whether the loops of a graph die away, grow, or neither can be proven; and how long they ring."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ddspgraph.compiler.analysis.order import cyclic
from ddspgraph.compiler.analysis.stability.circle import (
    Undecided,
    amplifies_nowhere,
    highest,
    loudest,
    zeros_outside,
)
from ddspgraph.compiler.analysis.stability.model import Model, model_of
from ddspgraph.compiler.analysis.stability.poles import POLYNOMIAL, pole_near, slowest_pole
from ddspgraph.diagnostics import Note, Report, Span
from ddspgraph.ir.graph import Graph
from ddspgraph.lazy import np

#: A pole so near to the unit circle may be on it, as far as float64 can tell: a double one is known to 1e-8.
_EPSILON = 1e-7
#: A bound from here on may be 1, and rounded.
_BELOW_ONE = 1.0 - 1e-9
#: Poles that decay by less than this a sample are not looked for with circles: in nepers.
_SLOWEST = 1e-8
#: How near decays are found, of a pole and of a bound, as ratios.
_NEAR, _NEAR_BOUND = 0.004, 0.05


@dataclass(frozen=True)
class Verdict:
    """What is known of one loop.

    Attributes:
      loop: the names of its nodes, the lines first.
      outcome: "stable", "unstable" or "not proven".
      why: how that was found, or what hinders it.
      t60_s: seconds in which what rings longest decays by 60 dB; a bound where `is_exact` is false.
      radius: of the slowest pole, where the loop is linear and constant.
      frequency_hz: where that pole is.
      gain: the bound that was found of what comes back for what goes in.
      span: the line, or the node that hinders a proof.
    """

    loop: tuple[str, ...]
    outcome: str
    why: str
    t60_s: float | None = None
    is_exact: bool = False
    radius: float | None = None
    frequency_hz: float | None = None
    gain: float | None = None
    span: Span | None = None
    notes: tuple[Note, ...] = ()

    @property
    def name(self) -> str:
        return self.loop[0]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        place = {} if self.span is None else {"line": self.span.line, "column": self.span.column}
        return {
            "loop": list(self.loop),
            "outcome": self.outcome,
            "why": self.why,
            "t60_s": self.t60_s,
            "t60_is_exact": self.is_exact,
            "radius": self.radius,
            "frequency_hz": self.frequency_hz,
            "gain": self.gain,
            **place,
        }


def judge(graph: Graph, *, how_long: bool = True) -> tuple[Verdict, ...]:
    """A verdict for every loop of a legal graph, in the order of the graph; without T60 unless it asks `how_long`."""
    return tuple(_Judge(graph, part, how_long).verdict() for part in cycles(graph))


def verdict_on(graph: Graph, part: set[str]) -> Verdict:
    """The verdict on one of the `cycles`, without T60."""
    return _Judge(graph, part, how_long=False).verdict()


def cycles(graph: Graph) -> list[set[str]]:
    """The names of the nodes of each loop of a legal graph, in its order."""
    if not graph.feedback:
        return []
    position = {node.name: i for i, node in enumerate(graph.nodes)}
    needs = {n.name: {ref.node for _, ref in n.inputs if ref.node in position} for n in graph.nodes}
    for edge in graph.feedback:
        needs[edge.line] = needs[edge.line] | {edge.source.node}
    return sorted(cyclic(needs), key=lambda part: min(position[name] for name in part))


def check_stability(graph: Graph, report: Report) -> None:
    """Reports E418 for every loop of a legal graph that grows, W118 for one that may."""
    for verdict in judge(graph, how_long=False):
        if verdict.outcome == "unstable":
            below = f": below {1.0 / verdict.gain:.4g} times what it is" if verdict.gain else ""
            hint = f"lower a gain in it{below}"
            report.add(
                "E418", f"the loop {way_of(verdict)} grows: {verdict.why}", verdict.span, *verdict.notes, hint=hint
            )
        elif verdict.outcome == "not proven":
            message = f"the loop {way_of(verdict)} is not proven to die away: {verdict.why}"
            report.add("W118", message, verdict.span, *verdict.notes)


def way_of(verdict: Verdict) -> str:
    """The nodes of a loop, for a message."""
    names = verdict.loop if len(verdict.loop) < 8 else (*verdict.loop[:6], "...")
    return " -> ".join([*names, verdict.name])


class _Judge:
    def __init__(self, graph: Graph, part: set[str], how_long: bool) -> None:
        self.graph, self.how_long = graph, how_long
        lines = [edge.line for edge in graph.feedback if edge.line in part]
        written = [n.name for n in graph.nodes if n.name in part and n.is_written]
        self.loop = (*lines, *(name for name in written if name not in lines))
        self.model: Model = model_of(graph, part)

    def verdict(self) -> Verdict:
        model = self.model
        if model.unknown:
            node = self.graph.node_by_name[model.unknown[0]]
            why = f"nothing bounds the gain of '{node.name}' ({node.op.name})"
            others = [self.graph.node_by_name[name] for name in model.unknown[1:] if name not in self.loop[:1]]
            notes = tuple(Note(f"nor that of '{other.name}'", other.span) for other in others if other.is_written)
            return self._result("not proven", why, span=node.span, notes=notes)
        if not model.blocks:
            exact = self._exact()
            if exact is not None:
                return exact
        return self._bounded()

    def _result(self, outcome: str, why: str, *, span: Span | None = None, **facts: Any) -> Verdict:
        line = self.graph.node_by_name[self.loop[0]].span
        return Verdict(self.loop, outcome, why, span=span or line, **facts)

    # -- linear and constant ---------------------------------------------------------------------

    def _exact(self) -> Verdict | None:
        """By the poles; None where there are too many to find."""
        model = self.model
        if model.states // model.stride <= POLYNOMIAL:
            pole = slowest_pole(model)
            return self._of_pole(abs(pole), pole)
        pole = pole_near(model, 1.0)
        if pole is not None and abs(pole) > 1.0 + _EPSILON:
            return self._of_pole(abs(pole), pole)
        if pole is None or model.slowest_filter() >= 1.0:
            return None
        if not self.how_long:
            is_stable = self._gain() < _BELOW_ONE or _is_clear(model, 1.0)
            return self._result("stable", "no pole is outside of the unit circle") if is_stable else None
        # No pole is slower than one that is where a bound is, or outside of whose circle there is none.
        radius = abs(pole) ** (1.0 - _NEAR)
        if loudest(model, radius) < 1.0 or _is_clear(model, radius):
            return self._of_pole(abs(pole), pole)
        decay = _slowest_decay(lambda decay: zeros_outside(model, math.exp(-decay)) == 0)
        return None if decay is None else self._of_pole(math.exp(-decay), pole_near(model, math.exp(-decay)))

    def _of_pole(self, radius: float, pole: complex | None) -> Verdict:
        rate = self.model.rate_hz
        hz = None if pole is None else abs(float(np.angle(pole))) * rate / (2.0 * math.pi)
        facts = {"radius": radius, "frequency_hz": hz}
        at = "" if hz is None else f" at {hz:.5g} Hz"
        stride = self.model.stride
        if radius**stride > 1.0 + _EPSILON:
            rise = 20.0 * math.log10(radius) * rate
            why = f"{rise:.3g} dB a second{at}, a pole of radius {radius:.6g}"
            gain = self._gain()
            known = gain if gain > 1.0 and math.isfinite(gain) else None
            return self._result("unstable", why, gain=known, notes=self._loud_members(), **facts)
        if radius**stride >= 1.0 - _EPSILON and not self._gain() < _BELOW_ONE:
            return self._result("not proven", f"it rings for ever{at}: its gain is 1", gain=1.0, **facts)
        t60_s = seconds(-math.log(radius) if radius > 0.0 else math.inf, rate)
        return self._result(
            "stable", f"its slowest pole{at} has radius {radius:.6g}", t60_s=t60_s, is_exact=True, **facts
        )

    # -- by bounds -------------------------------------------------------------------------------

    def _bounded(self) -> Verdict:
        model, rate = self.model, self.model.rate_hz
        tests: tuple[tuple[str, Callable[[float], float]], ...] = (
            ("peaks", lambda radius: highest(model, radius)),
            ("energy", lambda radius: loudest(model, radius)),
        )
        gains: dict[str, float] = {}
        for name, bound in tests:
            gains[name] = bound(1.0)
            if gains[name] < _BELOW_ONE:
                decay = None
                if self.how_long:
                    decay = _slowest_decay(lambda decay, b=bound: b(math.exp(-decay)) < 1.0, _NEAR_BOUND)
                why = f"it gives back at most {gains[name]:.4g} times what goes in, in {name}"
                t60_s = None if decay is None else seconds(decay, rate)
                return self._result("stable", why, gain=gains[name], t60_s=t60_s)
        try:
            if model.blocks and amplifies_nowhere(model, 1.0):
                return self._result("stable", "no frequency comes back louder (circle criterion)")
        except Undecided:
            pass
        gain = next((gain for gain in (gains["peaks"], gains["energy"]) if math.isfinite(gain)), math.inf)
        if not math.isfinite(gain):
            return self._result("not proven", "no bound of its gain was found")
        why = f"its gain may be {gain:.4g}"
        notes = self._loud_members()
        return self._result("not proven", why, gain=gain, notes=notes)

    def _gain(self) -> float:
        return min(loudest(self.model, 1.0), highest(self.model, 1.0))

    def _loud_members(self) -> tuple[Note, ...]:
        """The members that may amplify, the loudest first."""
        found = []
        for name, gain in self.model.member_gains().items():
            if gain > 1.0 + _EPSILON:
                node = self.graph.node_by_name[name]
                moves = ", as its delay moves: `interpolation: linear` never does" if name in self.model.sources else ""
                found.append((gain, Note(f"'{name}' may amplify {gain:.4g} times{moves}", node.span)))
        return tuple(note for _, note in sorted(found, key=lambda each: -each[0])[:3])


def seconds(decay: float, rate_hz: float) -> float:
    """T60 of a decay in nepers a step."""
    return 3.0 * math.log(10.0) / (decay * rate_hz) if decay > 0.0 else math.inf


def _is_clear(model: Model, radius: float) -> bool:
    """Whether no pole is known to be, or may be, outside of this radius."""
    try:
        return zeros_outside(model, radius) == 0
    except Undecided:
        return False


def _slowest_decay(holds: Callable[[float], bool], near: float = _NEAR) -> float | None:
    """The largest decay, in nepers a step, that still holds; None where the smallest does not."""

    def answered(decay: float) -> bool:
        try:
            return holds(decay)
        except Undecided:
            return False

    low = _SLOWEST
    if not answered(low):
        return None
    high = low
    while answered(high):
        low, high = high, high * 8.0
        if high > 5.0:
            break
    while high / low > 1.0 + near:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if answered(middle) else (low, middle)
    return low
