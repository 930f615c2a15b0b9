"""A loop as equations: v = T w, w = D v.

v is what goes into each channel of its lines, and into each part that is not linear and constant; w is what comes out
of them. T holds what is linear, constant and without a line between them, as a function of z. D is diagonal: delays,
and parts of which only bounds are known, scaled to 1 ("blocks").
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ddspgraph.dsp.streams.lines import DELAY_TAPS, tap_weights, whole_and_fraction
from ddspgraph.ir.feedback import FeedbackLine
from ddspgraph.ir.gains import Bounded, Linear, Range, Sector, Unreached, Way, anything
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.types import Rate, Signal
from ddspgraph.lazy import np


@dataclass(frozen=True, eq=False)
class Line:
    """One channel of a line whose delay is known: taps[i] of what went in `ages[i]` steps ago."""

    ages: tuple[int, ...]
    taps: tuple[float, ...]

    def at(self, z: Any) -> Any:
        return sum(tap * z ** float(-age) for age, tap in zip(self.ages, self.taps, strict=True))

    def size(self, radius: float) -> tuple[float, float]:
        """Bounds at |z| = radius of the sum of its taps, and of the derivative by the angle."""
        weights = [abs(tap) * radius**-age for age, tap in zip(self.ages, self.taps, strict=True)]
        return sum(weights), sum(age * weight for age, weight in zip(self.ages, weights, strict=True))

    def energy(self, radius: float) -> float:
        """At |z| = 1 no fraction of a sample amplifies; elsewhere the sum of the taps bounds it."""
        return 1.0 if radius == 1.0 else self.size(radius)[0]


@dataclass(frozen=True, eq=False)
class Block:
    """A channel of which only bounds are known: its gains in energy and in peak.

    Attributes:
      is_curve: as of `gains.Sector`.
      group: those of one group are channels that mix.
      longest: of a line whose delay is not known, its age at most; None: not a line; it has no memory where
        `is_instant`.
    """

    node: str
    energy: float
    peak: float
    is_instant: bool = False
    is_curve: bool = False
    longest: float | None = None
    group: int | None = None

    def grown(self, gain: float, radius: float) -> float:
        """A gain as it counts where time is weighted by radius^-t."""
        if radius == 1.0 or self.is_instant:
            return gain
        return gain * radius**-self.longest if self.longest is not None else math.inf


@dataclass
class Model:
    """The equations of one loop; `unknown` are nodes of which not even a bound is known."""

    graph: Graph
    nodes: list[Node]
    sources: Mapping[str, Ref]
    rate_hz: float
    ways: dict[tuple[str, str, str], Way]
    unknown: list[str]
    units: list[Line | Block] = field(default_factory=list)
    first: dict[Any, int] = field(default_factory=dict)
    computed: int = 0  # how many numbers `circle` has computed: it gives up at a bound

    def __post_init__(self) -> None:
        for name in self.sources:
            self.first[name] = len(self.units)
            node = self.graph.node_by_name[name]
            self.units += _lines(node, self._channels(Ref(name, "signal")), self._delay_rate(node))
        self._add_blocks()

    @property
    def size(self) -> int:
        return len(self.units)

    @property
    def lines(self) -> list[int]:
        """The indices of channels of lines whose delay is known."""
        return [i for i, unit in enumerate(self.units) if isinstance(unit, Line)]

    @property
    def blocks(self) -> list[int]:
        return [i for i, unit in enumerate(self.units) if isinstance(unit, Block)]

    def groups(self) -> list[list[int]]:
        """The indices of blocks that are channels that mix."""
        found: dict[int, list[int]] = {}
        for i, unit in enumerate(self.units):
            if isinstance(unit, Block) and unit.group is not None:
                found.setdefault(unit.group, []).append(i)
        return [*found.values()]

    @property
    def states(self) -> int:
        """The order of what is linear and constant."""
        ages = sum(max(unit.ages) for unit in self.units if isinstance(unit, Line))
        return ages + sum(way.order * self._channels(Ref(n, port)) for n, port, way in self._filters())

    @property
    def stride(self) -> int:
        """The largest step of which all delays are whole multiples, so that poles are those of a shorter loop."""
        if any(True for _ in self._filters()):
            return 1
        return math.gcd(*(age for unit in self.units if isinstance(unit, Line) for age in unit.ages)) or 1

    def poles(self, z: Any) -> Any:
        """The product of the denominators of all filters at each z."""
        product = np.ones(len(z), complex)
        for node, port, way in self._filters():
            product = product * way.poles(z, self._channels(Ref(node, port)))
        return product

    def _filters(self) -> Iterable[tuple[str, str, Linear]]:
        """Every filter once, with the value that it filters the channels of."""
        for (node, port, _), way in self.ways.items():
            if isinstance(way, Linear):
                ref = self.graph.node_by_name[node].input(port)
                if ref is not None and way.order:
                    yield ref.node, ref.port, way

    def slowest_filter(self) -> float:
        """The largest radius of a pole of a filter."""
        return max((way.slowest for _, _, way in self._filters()), default=0.0)

    def member_gains(self) -> dict[str, float]:
        """How much each node may amplify, in peaks: the most of its ways."""
        gains: dict[str, float] = {}
        for (node, _, _), way in self.ways.items():
            gains[node] = max(gains.get(node, 0.0), _peak(way))
        for unit in self.units:
            if isinstance(unit, Block) and unit.node in self.sources:
                gains[unit.node] = unit.peak
        return gains

    # -- what the equations hold -----------------------------------------------------------------

    def transfer(self, z: Any) -> Any:
        """T at each z: complex [n, size, size], rows what goes in, columns what comes out."""
        return self._walked(len(z), complex, lambda way, x: _mixed(way, x * way.at(z)[:, :, None]))

    def bound(self, radius: float) -> tuple[Any, Any] | None:
        """Bounds at |z| = radius of |T| and of its derivative by the angle, [size, size]; None where none is known."""
        known: dict[int, tuple[Any, Any]] = {}
        for way in self.ways.values():
            if isinstance(way, Linear):
                taps = way.impulse(radius)
                if taps is None:
                    return None
                ages = np.arange(taps.shape[1]) - way.lead
                weighted = np.abs(taps) * radius**way.lead
                known[id(way)] = weighted.sum(axis=1)[:, None], (np.abs(ages) * weighted).sum(axis=1)[:, None]

        def through(way: Linear, x: Any) -> Any:
            gain, slope = known[id(way)]
            out = np.stack([gain * x[0], gain * x[1] + slope * x[0]])
            return out if way.matrix is None else np.abs(way.matrix) @ out

        both = self._walked(2, float, through, absolute=True)
        return both[0], both[1]

    def _walked(self, n: int, kind: Any, through: Any, *, absolute: bool = False) -> Any:
        """What reaches every unit from every unit; `absolute` adds sizes, of which only the first is of a block."""
        size = self.size
        values: dict[Ref, Any] = {}
        rows = np.zeros((n, size, size), kind)
        for name in self.sources:
            ref, first = Ref(name, "signal"), self.first[name]
            values[ref] = self._columns(n, kind, first, self._channels(ref), absolute)
        for node in self.nodes:
            if node.name in self.sources:
                continue
            for ref in node.refs:
                total = self._output(node, ref, values, rows, n, kind, through, absolute)
                if total is not None:
                    values[ref] = total
        for name, source in self.sources.items():
            first, channels = self.first[name], self._channels(Ref(name, "signal"))
            if source in values:
                rows[:, first : first + channels] = values[source]
        return rows

    def _output(
        self, node: Node, ref: Ref, values: Any, rows: Any, n: int, kind: Any, through: Any, absolute: bool
    ) -> Any:
        total = None
        for port, source in node.inputs:
            way, x = self.ways.get((node.name, port, ref.port)), values.get(source)
            if way is None or x is None or isinstance(way, Unreached):
                continue
            if isinstance(way, Linear):
                y = through(way, x)
            else:
                first, channels = self.first[node.name, port, ref.port], self._channels(ref)
                into = np.broadcast_to(x, (n, channels, self.size)) if x.shape[1] != channels else x
                half, middle = 1.0, 0.0
                if isinstance(way, Sector):
                    half = np.reshape((np.asarray(way.high) - way.low) / 2.0, (-1, 1))
                    middle = np.reshape((np.asarray(way.high) + way.low) / 2.0, (-1, 1))
                rows[:, first : first + channels] = into
                y = half * self._columns(n, kind, first, channels, absolute)
                y = y + (np.abs(middle) if absolute else middle) * into
            total = y if total is None else total + y
        return None if total is None else np.broadcast_to(total, (n, self._channels(ref), self.size))

    def _columns(self, n: int, kind: Any, first: int, channels: int, absolute: bool) -> Any:
        columns = np.zeros((n, channels, self.size), kind)
        columns[: 1 if absolute else n, np.arange(channels), first + np.arange(channels)] = 1.0
        return columns

    def _channels(self, ref: Ref) -> int:
        return channels_of(self.graph.types[ref])

    def _delay_rate(self, node: Node) -> Rate:
        delay = node.input("delay")
        return Rate.CONST if delay is None else _rate_before_hold(self.graph, delay)

    def _add_blocks(self) -> None:
        for key, way in self.ways.items():
            node, _, port = key
            channels = self._channels(Ref(node, port))
            if isinstance(way, Sector):
                self.first[key] = len(self.units)
                self.units += [Block(node, 1.0, 1.0, is_instant=True, is_curve=way.is_curve)] * channels
            elif isinstance(way, Bounded):
                self.first[key] = len(self.units)
                group = len(self.units) if way.mixes else None
                self.units += [Block(node, way.energy, way.peak, group=group)] * channels


def channels_of(signal: Signal) -> int:
    """Channels of a value; 1 where it has no such axis."""
    return (signal.dims[2].size or 1) if signal.rank == 3 else 1


def model_of(graph: Graph, part: set[str]) -> Model:
    """The equations of a cycle of a legal graph."""
    nodes = [node for node in graph.nodes if node.name in part]
    sources = {e.line: e.source for e in graph.feedback if e.line in part and e.source.node in part}
    ranges = ranges_of(graph)
    ways: dict[tuple[str, str, str], Way] = {}
    unknown = [node.name for node in nodes if any(graph.types[ref].rank not in (2, 3) for ref in node.refs)]
    rates = {graph.types[Ref(name, "signal")].rate for name in sources}
    for node in nodes:
        if node.name in sources:
            if any(ref.node in part for _, ref in node.inputs):
                unknown.append(node.name)  # its own sound says how long it is
            continue
        looped = [port for port, ref in node.inputs if ref.node in part]
        given = {port: ranges.get(ref) or anything() for port, ref in node.inputs}
        found = node.op.ways({port: graph.types[ref] for port, ref in node.inputs}, given, looped)
        read = _read(graph, node, part)
        for port in looped:
            for ref in node.refs:
                way = found.get((port, ref.port))
                if way is not None and _is_known(way):
                    ways[node.name, port, ref.port] = way
                elif ref in read:
                    unknown.append(node.name)
    if len(rates) > 1:
        unknown += list(sources)  # two clocks in one loop
    hop = 1 if Rate.AUDIO in rates else graph.clock.hop_samples or 1
    if Rate.AUDIO in rates:
        unknown += [
            n.name
            for n in nodes
            for ref in n.refs
            if graph.types[ref].rate is not Rate.AUDIO and ref in _read(graph, n, part)
        ]
    return Model(graph, nodes, sources, (graph.clock.sample_rate or 1) / hop, ways, list(dict.fromkeys(unknown)))


def ranges_of(graph: Graph) -> dict[Ref, Range]:
    """Between which numbers each value lies, as far as that is known."""
    found: dict[Ref, Range] = {}
    for node in graph.nodes:
        given = {port: found.get(ref) or anything() for port, ref in node.inputs}
        found |= {Ref(node.name, port): r for port, r in node.op.ranges(given).items()}
    return found


def _read(graph: Graph, node: Node, part: set[str]) -> set[Ref]:
    """The outputs of a node that the loop reads."""
    read = {ref for other in graph.nodes if other.name in part for _, ref in other.inputs}
    return {ref for ref in node.refs if ref in read or ref in graph.source_of_line.values()}


def _is_known(way: Way) -> bool:
    """Whether a bound of any kind is known: infinite ones are none."""
    if isinstance(way, Sector):
        return bool(np.all(np.isfinite(way.low)) and np.all(np.isfinite(way.high)))
    return not isinstance(way, Bounded) or math.isfinite(min(way.energy, way.peak))


def _lines(node: Node, channels: int, delay_rate: Rate) -> list[Line | Block]:
    line = node.op
    assert isinstance(line, FeedbackLine)
    if line.delays:
        delays = line.delays * channels if len(line.delays) == 1 else line.delays
        return [_line(delay, line.interpolation) for delay in delays]
    taps = DELAY_TAPS[line.interpolation]
    loudest = max(sum(abs(w) for w in tap_weights(line.interpolation, i / 64.0)) for i in range(65))
    energy = 1.0 if delay_rate is Rate.CONST else math.inf
    return [Block(node.name, energy, loudest, longest=line.longest + max(taps))] * channels


def _line(delay: float, interpolation: str) -> Line:
    whole, fraction = whole_and_fraction(delay, interpolation)
    if not fraction:
        return Line((whole,), (1.0,))
    taps = DELAY_TAPS[interpolation]
    return Line(tuple(whole + tap for tap in taps), tuple(map(float, tap_weights(interpolation, fraction))))


def _rate_before_hold(graph: Graph, ref: Ref) -> Rate:
    """The rate of a value, before it was held for a faster port."""
    node = graph.node_by_name.get(ref.node)
    if node is not None and not node.is_written and len(node.inputs) == 1:
        return _rate_before_hold(graph, node.inputs[0][1])
    return graph.types[ref].rate


def _mixed(way: Linear, y: Any) -> Any:
    return y if way.matrix is None else way.matrix @ y


def _peak(way: Way) -> float:
    if isinstance(way, Linear):
        taps = way.impulse()
        rows = 1.0 if way.matrix is None else float(np.max(np.sum(np.abs(way.matrix), axis=1)))
        return math.inf if taps is None else rows * float(np.max(np.sum(np.abs(taps), axis=1)))
    if isinstance(way, Sector):
        return float(np.max(np.maximum(np.abs(way.low), np.abs(way.high))))
    return way.peak if isinstance(way, Bounded) else 0.0
