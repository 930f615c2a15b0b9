"""Groups within groups as sub-graphs: what a group made goes into a definition, and one use of it takes its place.

before:  wind_filtered_noise = filtered_noise(noise); add = add(one, wind_filtered_noise)
after:   graphs.wind = {inputs: noise, nodes: filtered_noise}; wind = graph wind(noise); add = add(one, wind)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Span
from ddspgraph.migrations.gin.map.draft import Draft, Entry, MadeGroup
from ddspgraph.migrations.text.edits import mapping, plain, scalar
from ddspgraph.migrations.v1.classes import AUDIO, Shape

_SIGNAL = "signal"


def put_in_graphs(draft: Draft, shapes: Mapping[str, Shape]) -> Callable[[str], str]:
    """Puts the groups of a draft into `draft.graphs`, the innermost first.

    Args:
      shapes: of the references of the draft.

    Returns what gives a path of the report (`nodes.wind_filtered_noise.op`) as the new graph has it.
    """
    folding = _Folding(draft, dict(shapes))
    for group in draft.groups.values():
        folding.fold(group)
    known = "|".join(re.escape(path) for path in sorted(folding.paths, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w.])(?:{known})(?!\w)") if known else None
    return lambda text: text if pattern is None else pattern.sub(lambda found: folding.paths[found[0]], text)


class _Folding:
    """Moves groups out of a draft.

    Attributes:
      paths: where nodes were -> where they are.
      use_of: a node that is in a sub-graph by now -> the use of it.
      now: a reference as it was -> what it is outside of the group that made it.
    """

    def __init__(self, draft: Draft, shapes: dict[str, Shape]) -> None:
        self.draft, self.shapes = draft, shapes
        self.paths: dict[str, str] = {}
        self.use_of: dict[str, str] = {}
        self.now: dict[str, str] = {}

    def fold(self, group: MadeGroup) -> None:
        draft, span = self.draft, group.key.span
        names = dict.fromkeys(self.use_of.get(name, name) for name in group.nodes)
        before = list(draft.nodes)
        members = {name: draft.nodes.pop(name) for name in names if name in draft.nodes}
        if not members:
            return
        short = {name: name.removeprefix(f"{group.key}_") for name in members}
        inputs = self._inputs(members, group.around, short.values())
        outputs = self._outputs(members, short, group.signal)
        inside = {text: _in_group(text, short) for text in (*outputs, *_texts(v for _, v in members.values()))} | inputs
        params = self._params(members)
        nodes = [(Key(short[name], key.span), _renamed(value, inside)) for name, (key, value) in members.items()]
        made = [(Key(port, span), scalar(inside[ref], span)) for ref, port in outputs.items()]
        sections = {"params": params, "inputs": self._declared(inputs, span), "nodes": nodes, "outputs": made}
        definition = mapping(((Key(key, span), mapping(of, span)) for key, of in sections.items() if of), span)
        twins = (name for name, (_, other) in draft.graphs.items() if other.plain() == definition.plain())
        graph = next(twins, str(group.key))
        draft.graphs.setdefault(graph, (group.key, definition))
        use = [(Key("graph", span), scalar(graph, span))]
        if inputs:
            given = ((Key(name, span), scalar(text, span)) for text, name in inputs.items())
            use.append((Key("inputs", span), mapping(given, span)))
        if params:
            use.append((Key("params", span), mapping(((key, scalar(f"${key}", span)) for key, _ in params), span)))
        draft.nodes[group.key] = group.key, mapping(use, span)
        place = next(name for name in before if name in members)  # of the first of them
        order = [str(group.key) if name == place else name for name in before if name == place or name not in members]
        draft.nodes = {name: draft.nodes[name] for name in order}
        outside = {ref: str(group.key) if i == 0 else f"{group.key}/{p}" for i, (ref, p) in enumerate(outputs.items())}
        for section in (draft.nodes, draft.losses, draft.outputs):
            section.update({name: (key, _renamed(value, outside)) for name, (key, value) in section.items()})
        self.shapes |= {text: self.shapes[ref] for ref, text in outside.items() if ref in self.shapes}
        self.use_of |= dict.fromkeys([*group.nodes, *members], str(group.key))
        self.now |= outside
        self.paths |= {f"nodes.{name}": f"graphs.{graph}.nodes.{short[name]}" for name in members}
        self.paths[f"graphs.{group.key}"] = f"graphs.{graph}"

    def _inputs(self, members: Mapping[str, Entry], around: str, taken: Iterable[str]) -> dict[str, str]:
        """What the members read from elsewhere -> the name that it has within."""
        names = set(taken)
        found: dict[str, str] = {}
        for text in _texts(value for _, value in members.values()):
            if text.partition("/")[0] not in members and text not in found:
                name = re.sub(r"\W", "_", text.removeprefix(around))
                while name in names:
                    name += "_in"
                names.add(name)
                found[text] = name
        return found

    def _outputs(self, members: Mapping[str, Entry], short: Mapping[str, str], signal: str) -> dict[str, str]:
        """What is made of the group for others -> its port: first the signal, then what else is read outside."""
        while signal in self.now:
            signal = self.now[signal]
        others = [*self.draft.nodes.values(), *self.draft.losses.values(), *self.draft.outputs.values()]
        read = [text for text in _texts(value for _, value in others) if text.partition("/")[0] in members]
        found = {signal: _SIGNAL} if signal.partition("/")[0] in members else {}
        return found | {ref: re.sub(r"\W", "_", _in_group(ref, short)) for ref in read if ref != signal}

    def _declared(self, inputs: Mapping[str, str], span: Span) -> list[Entry]:
        """Each input as the graph around declares it, or of the shape of what is given."""
        return [
            (Key(name, span), self.draft.inputs[text][1])
            if text in self.draft.inputs
            else (Key(name, span), plain(self.shapes.get(text, AUDIO).as_input(), span))
            for text, name in inputs.items()
        ]

    def _params(self, members: Mapping[str, Entry]) -> list[Entry]:
        """The constants of the graph that the members use."""
        used = [text[1:] for _, value in members.values() for text in _all_texts(value) if text[:1] == "$"]
        known = self.draft.constants
        return [
            (Key(name, known[name].span), scalar(known[name].data, known[name].span))
            for name in dict.fromkeys(used)
            if name in known
        ]


def _in_group(text: str, short: Mapping[str, str]) -> str:
    name, slash, port = text.partition("/")
    return f"{short.get(name, name)}{slash}{port}"


def _texts(values: Iterable[Value]) -> Iterator[str]:
    """The references that nodes read, and those that are outputs."""
    for value in values:
        given = value.get("inputs")
        items = (
            (value,) if value.is_scalar else () if given is None else (*given.elements(), *dict(given.items()).values())
        )
        yield from (item.data for item in items if isinstance(item.data, str))


def _all_texts(value: Value) -> Iterator[str]:
    if isinstance(value.data, str):
        yield value.data
    for item in (*value.elements(), *dict(value.items()).values()):
        yield from _all_texts(item)


def _renamed(value: Value, names: Mapping[str, str]) -> Value:
    """A node, or an output, that reads other names."""
    if value.is_scalar:
        return scalar(names.get(str(value.data), value.data), value.span) if isinstance(value.data, str) else value
    given = value.get("inputs")
    if given is None:
        return value
    if given.is_mapping:
        new = mapping(((key, _renamed(item, names)) for key, item in given.items()), given.span)
    else:
        new = Value(tuple(_renamed(item, names) for item in given.elements()), given.span)
    return mapping(((key, new if key == "inputs" else item) for key, item in value.items()), value.span)
