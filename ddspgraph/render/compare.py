"""What became of the parts of a graph: nodes, inputs, outputs, losses, the clock, and every edge.

Literals belong to the node that they feed: another gain is a change of that node. A node that only has another
name, and the readers of which read on, counts as renamed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ddspgraph.ir.graph import Graph, Input, Node, Ref
from ddspgraph.ir.types import Dim, Rate, Signal
from ddspgraph.render.compose import kind_of
from ddspgraph.render.labels import clock_text
from ddspgraph.render.picture import Change, Edge, Kind
from ddspgraph.render.values import literal_text, params_said, voices_said


@dataclass(frozen=True)
class Difference:
    """What became of one part. `details` say what it was and what it is: `depth_ms: 6 ms -> 9 ms`."""

    kind: str  # "clock", "input", "node", "loss" or "output"
    name: str
    change: Change
    details: tuple[str, ...] = ()
    about: str = ""  # the op of a node, the type of an input

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        change = self.change.name.lower()
        return {"kind": self.kind, "name": self.name, "change": change, "details": list(self.details)}


@dataclass(frozen=True)
class Comparison:
    """Two graphs, and what became of their parts.

    Attributes:
      old, new: the graphs.
      names: node of `old` -> the node of `new` that it is.
      differences: of the parts that are not the same, in the order of `new`, what is gone at its end.
      edges: of all edges of both, in the names of `new`; what is gone keeps its own name. One whose ends are the
        same, and what flows on it is not, has changed.
    """

    old: Graph
    new: Graph
    names: Mapping[str, str]
    differences: tuple[Difference, ...]
    edges: Mapping[Edge, Change]

    @property
    def is_same(self) -> bool:
        """Whether both graphs compute the same."""
        return not self.differences

    def text(self) -> str:
        """One line a part, its details below; the last line counts. ASCII signs, no colours."""
        if self.is_same:
            return f"the same graph: {_count(self.new)}\n"
        lines = []
        for found in self.differences:
            about = f" ({found.about})" if found.about else ""
            lines.append(f"{found.change.value} {found.kind:<6} {found.name}{about}")
            lines += [f"         {detail}" for detail in found.details]
        lines += [f"{change.value} edge   {edge}{self._retyped(edge)}" for edge, change in self._changed_edges()]
        counts = Counter(found.change for found in self.differences)
        said = [f"{counts[change]} {change.name.lower()}" for change in Change if counts[change]]
        n_edges = sum(1 for _ in self._changed_edges())
        edges = "1 edge differs" if n_edges == 1 else f"{n_edges or 'no'} edges differ"
        return "\n".join([*lines, f"{', '.join(said)}; {edges}", ""])

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        edges = [{"edge": str(edge), "change": change.name.lower()} for edge, change in self._changed_edges()]
        return {"same": self.is_same, "parts": [d.as_dict() for d in self.differences], "edges": edges}

    def _retyped(self, edge: Edge) -> str:
        """What flowed on an edge that has changed, and what flows now."""
        if self.edges[edge] is not Change.CHANGED:
            return ""
        before = _typed_edges(self.old, self.names)[edge]
        return f": {before} -> {self.new.types[edge.value]}"

    def _changed_edges(self) -> Iterator[tuple[Edge, Change]]:
        """Without those of literals, which are told as a detail of their node."""
        literals = {n.name for g in (self.old, self.new) for n in g.nodes if kind_of(g, n) is Kind.LITERAL}
        for edge, change in self.edges.items():
            if change is not Change.SAME and edge.value.node not in literals:
                yield edge, change


def compare(old: Graph, new: Graph) -> Comparison:
    """What became of the parts of `old` in `new`. Both in execution order, as `load` gives them."""
    names = _matched(old, new)
    differences = [*_clock(old, new), *_inputs(old, new), *_nodes(old, new, names), *_outputs(old, new, names)]
    return Comparison(old, new, names, tuple(differences), _edges(old, new, names))


def _matched(old: Graph, new: Graph) -> dict[str, str]:
    """Node of the old graph -> of the new one: the same name, else the same op on the same inputs, if only one is."""
    names = {node.name: node.name for node in old.nodes if node.name in new.node_by_name}
    gone = [node for node in old.nodes if node.name not in names and kind_of(old, node) is not Kind.LITERAL]
    fresh = [n for n in new.nodes if n.name not in old.node_by_name and kind_of(new, n) is not Kind.LITERAL]
    for node in gone:  # in execution order: what it reads has been matched before
        wanted = _reading(old, node, names)
        twins = [twin for twin in fresh if twin.op == node.op and _reading(new, twin, {}) == wanted]
        if len(twins) == 1:
            names[node.name] = twins[0].name
            fresh.remove(twins[0])
    for node in old.nodes:  # a literal is named after its node: `warm.magnitudes`
        twin = names.get(node.owner, node.owner) + node.name.removeprefix(node.owner)
        if not node.is_written and twin in new.node_by_name:
            names[node.name] = twin
    return names


def _reading(graph: Graph, node: Node, names: Mapping[str, str]) -> dict[str, str]:
    """What each port reads, in the names of the new graph; a literal is its value."""
    return {port: source_text(graph, ref, names) for port, ref in graph.reads(node)}


def source_text(graph: Graph, ref: Ref, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """What a port reads: `warm`, `grouped/harm_dist`, or the value of a literal."""
    node = graph.node_by_name.get(ref.node)
    if node is not None and kind_of(graph, node) is Kind.LITERAL:
        return literal_text(graph, node)
    name = names.get(ref.node, ref.node)
    is_default = node is not None and ref == node.refs[0]
    return name if is_default or not ref.port else f"{name}/{ref.port}"


def _clock(old: Graph, new: Graph) -> Iterator[Difference]:
    if old.clock != new.clock:
        rates = [clock_text(graph.clock) or "none" for graph in (old, new)]
        lengths = [f"{g.clock.n_samples} samples" if g.clock.n_samples else "open" for g in (old, new)]
        details = [f"{rates[0]} -> {rates[1]}"] * (rates[0] != rates[1])
        details += [f"duration: {lengths[0]} -> {lengths[1]}"] * (lengths[0] != lengths[1])
        yield Difference("clock", old.name or "clock", Change.CHANGED, tuple(details))


def _inputs(old: Graph, new: Graph) -> Iterator[Difference]:
    for given in new.inputs:
        before = old.input_by_name.get(given.name)
        if before is None:
            yield Difference("input", given.name, Change.ADDED, about=str(given.signal))
        elif _in_hops(before.signal, old) != _in_hops(given.signal, new):
            yield Difference("input", given.name, Change.CHANGED, (f"{before.signal} -> {given.signal}",))
    yield from (_gone("input", i) for i in old.inputs if i.name not in new.input_by_name)


def _gone(kind: str, part: Input | Node) -> Difference:
    about = part.op.name if isinstance(part, Node) else str(part.signal)
    return Difference(kind, part.name, Change.REMOVED, about=about)


def _nodes(old: Graph, new: Graph, names: Mapping[str, str]) -> Iterator[Difference]:
    before = {after: old.node_by_name[name] for name, after in names.items()}
    for node in new.nodes:
        if kind_of(new, node) is Kind.LITERAL:
            continue
        kind = "loss" if node.name in new.losses else "node"
        if node.name not in before:
            yield Difference(kind, node.name, Change.ADDED, about=node.op.name)
        elif details := tuple(_node_details(old, before[node.name], new, node, names)):
            yield Difference(kind, node.name, Change.CHANGED, details, node.op.name)
    for node in old.nodes:
        if node.name not in names and kind_of(old, node) is not Kind.LITERAL:
            yield _gone("loss" if node.name in old.losses else "node", node)


def _node_details(old: Graph, before: Node, new: Graph, after: Node, names: Mapping[str, str]) -> Iterator[str]:
    if before.name != after.name:
        yield f"name: {before.name} -> {after.name}"
    if (before.name in old.losses) != (after.name in new.losses):
        yield "is now a loss" if after.name in new.losses else "is no longer a loss"
    is_other = before.op.name != after.op.name
    if is_other:
        yield f"op: {before.op.name} -> {after.op.name}"
    yield from _changes(_params(before, is_other), _params(after, is_other))
    voices = [", ".join(voices_said(node.op)) for node in (before, after)]
    if voices[0] != voices[1]:
        yield f"voices: {voices[0] or 'none'} -> {voices[1] or 'none'}"
    yield from _changes(_reading(old, before, names), _reading(new, after, {}))


def _params(node: Node, only_said: bool) -> dict[str, str]:
    """All but what the clock gives: its own change is told once. Defaults of another op are no news."""
    specs = node.op.params()
    said = params_said(node, with_defaults=not only_said)
    return {name: str(value) for name, value in said.items() if specs[name].clock is None}


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        if was != now:
            yield f"{name}: {'nothing' if was is None else was} -> {'nothing' if now is None else now}"


def _outputs(old: Graph, new: Graph, names: Mapping[str, str]) -> Iterator[Difference]:
    before = {name: source_text(old, ref, names) for name, ref in old.outputs}
    after = {name: source_text(new, ref, {}) for name, ref in new.outputs}
    for name, source in after.items():
        if name not in before:
            yield Difference("output", name, Change.ADDED, about=source)
        elif before[name] != source:
            yield Difference("output", name, Change.CHANGED, (f"{before[name]} -> {source}",))
    yield from (Difference("output", n, Change.REMOVED, about=s) for n, s in before.items() if n not in after)


def _edges(old: Graph, new: Graph, names: Mapping[str, str]) -> dict[Edge, Change]:
    before, after = _typed_edges(old, names), _typed_edges(new, {})
    found: dict[Edge, Change] = {}
    for edge, signal in after.items():
        is_same = edge in before and _in_hops(before[edge], old) == _in_hops(signal, new)
        found[edge] = Change.SAME if is_same else Change.CHANGED if edge in before else Change.ADDED
    return {**found, **{edge: Change.REMOVED for edge in before if edge not in after}}


def _typed_edges(graph: Graph, names: Mapping[str, str]) -> dict[Edge, Signal | None]:
    """Every edge and what flows on it, nodes renamed."""
    read = [(ref, node.name, port) for node in graph.nodes for port, ref in graph.reads(node)]
    ends = [(ref, "", name) for name, ref in graph.outputs]
    return {renamed(Edge(*edge), names): graph.types.get(edge[0]) for edge in (*read, *ends)}


def _in_hops(signal: Signal | None, graph: Graph) -> Signal | None:
    """The type with lengths in hops: at another rate the same audio is as many frames of more samples."""
    hop = graph.clock.hop_samples
    if signal is None or not hop:
        return signal
    is_audio = signal.rate is Rate.AUDIO
    dims = (
        Dim(d.scale // hop, "hops", d.offset) if is_audio and d.scale % hop == 0 and d.divisor == 1 else d
        for d in signal.dims
    )
    return replace(signal, dims=tuple(dims))


def renamed(edge: Edge, names: Mapping[str, str]) -> Edge:
    """The edge with its nodes under other names."""
    value = Ref(names.get(edge.value.node, edge.value.node), edge.value.port)
    return Edge(value, names.get(edge.reader, edge.reader), edge.port)


def _count(graph: Graph) -> str:
    n_nodes = sum(kind_of(graph, node) is not Kind.LITERAL for node in graph.nodes)
    n_edges = len(_typed_edges(graph, {}))
    return f"{n_nodes} node{'s' * (n_nodes != 1)}, {n_edges} edge{'s' * (n_edges != 1)}"
