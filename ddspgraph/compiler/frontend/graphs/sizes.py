"""What sub-graphs are made of, before any is written out: circles, depth and size."""

from __future__ import annotations

from collections.abc import Mapping

from ddspgraph.compiler.frontend.graphs.definitions import Definition, Definitions, uses_in
from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Span, quote

#: A definition, and the name of the node that uses it.
_Step = tuple[Definition, Key]


def measure(definitions: Definitions, root: Value, known: Mapping[str, Definition]) -> list[Definition]:
    """Finds the sizes of all definitions, and whether the spec fits the limits.

    Reports E313, E314 for a definition that is a part of itself, E710 and E711 for more nodes or more levels than the
    limits allow. Definitions at fault are marked. Returns all of them, each after those that it uses.
    """
    done: dict[Definition, int] = {}  # and how many levels it has
    for definition in definitions.all:
        _measure_from(definition, definitions, done)
    limits = definitions.limits
    nodes = edges = 0
    for key, graph in uses_in(root):
        target = definitions.named(graph, known)
        if target is None:
            continue
        nodes, edges = nodes + target.nodes, edges + target.edges
        if nodes > limits.written_out_nodes or edges > 4 * limits.written_out_nodes:
            _too_large(definitions, key, nodes, key.span)
            target.is_faulty = True
    return list(done)


def _measure_from(start: Definition, definitions: Definitions, done: dict[Definition, int]) -> None:
    """Depth first, without recursion: a chain of uses is as long as an author likes."""
    path: list[tuple[_Step, list[tuple[Key, Definition]]]] = []
    if start not in done:
        path.append(((start, start.key), _targets(start, definitions)))
    while path:
        (definition, _), rest = path[-1]
        if rest:
            key, target = rest.pop(0)
            steps = [step for step, _ in path]
            circle = next((i for i, (other, _) in enumerate(steps) if other is target), None)
            if circle is not None:
                _circle(definitions, [*steps[circle + 1 :], (target, key)])
                definition.is_faulty = True
            elif target not in done:
                path.append(((target, key), _targets(target, definitions)))
            continue
        path.pop()
        done[definition] = _finish(definition, definitions, done)


def _targets(definition: Definition, definitions: Definitions) -> list[tuple[Key, Definition]]:
    found = [(key, definitions.named(graph, definition.known)) for key, graph in definition.uses()]
    if any(target is None for _, target in found):
        definition.is_faulty = True
    return [(key, target) for key, target in found if target is not None]


def _finish(definition: Definition, definitions: Definitions, done: Mapping[Definition, int]) -> int:
    limits = definitions.limits
    targets = {
        str(key): definition.known[str(graph.data)]
        for key, graph in definition.uses()
        if graph.data in definition.known
    }
    own = definition.root.get("nodes")
    entries = list(own.items()) if own is not None else []
    inputs = [node.get("inputs") for _, node in entries]
    definition.nodes = len(entries) + sum(target.nodes for target in targets.values())
    definition.edges = sum(len(v.elements()) + sum(1 for _ in v.items()) for v in inputs if v is not None)
    definition.edges += sum(target.edges for target in targets.values())
    levels = 1 + max((done.get(target, 0) for target in targets.values()), default=0)
    if definition.nodes > limits.written_out_nodes or definition.edges > 4 * limits.written_out_nodes:
        if not any(target.is_faulty for target in targets.values()):
            _too_large(definitions, definition.key, definition.nodes, definition.key.span)
        definition.is_faulty = True
    if levels > limits.uses_within:
        if levels == limits.uses_within + 1:
            message = f"{quote(definition.name)} holds sub-graphs {levels} deep: the limit is {limits.uses_within}"
            definitions.report.add("E711", message, definition.key.span, hint="use fewer levels")
        definition.is_faulty = True
    return levels


def _too_large(definitions: Definitions, key: Key, nodes: int, span: Span) -> None:
    most = definitions.limits.written_out_nodes
    count = f"{nodes:,}" if nodes < 10**12 else "more than 10^12"
    message = f"with {quote(key)} written out the graph has {count} nodes: the limit is {most:,}"
    if nodes <= most:
        message = f"with {quote(key)} written out the graph has more than {4 * most:,} edges"
    definitions.report.add("E710", message, span, hint="make it several graphs, or use fewer sub-graphs")


def _circle(definitions: Definitions, steps: list[_Step]) -> None:
    """`steps`: each definition with the node that uses it; the last is the first again."""
    last, key = steps[-1]
    names = [last.name, *(definition.name for definition, _ in steps)]
    notes = [Note(f"'{step}' uses {quote(definition.name)}", step.span) for definition, step in steps[:-1]]
    message = f"the sub-graph {quote(last.name)} is a part of itself: {' -> '.join(names)}"
    hint = "a sub-graph cannot hold itself; a signal goes round through a stated delay"
    definitions.report.add("E314", message, key.span, *notes, hint=hint)
