"""The graph that is being made of a gin file: inputs, nodes, losses, each with its place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Span, quote
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Config, Instance
from ddspgraph.migrations.gin.map.renames import class_name
from ddspgraph.migrations.gin.models.networks import FEATURES, is_known
from ddspgraph.migrations.gin.syntax.statements import Binding, Literal
from ddspgraph.migrations.text.edits import mapping, plain, scalar
from ddspgraph.migrations.v1.classes import Class, Shape
from ddspgraph.ops import OPS

Entry = tuple[Key, Value]
_NOT_IN_NAMES = re.compile(r"\W", re.ASCII)


def identifier(name: str) -> str:
    """The name as a graph may have it: `q_pitch-f0_rec` -> `q_pitch_f0_rec`."""
    text = _NOT_IN_NAMES.sub("_", name)[:256]
    return f"_{text}" if not text or text[0].isdigit() else text


def frames(name: str) -> Shape:
    """Frames of any size."""
    return Shape("frame", f"n_{name}"[:256])


def plain_entries(data: Mapping[str, object], span: Span) -> list[Entry]:
    """Parameters that no line of the file says."""
    return list(plain(dict(data), span).items())


def _awaited(op: str, said: str) -> str:
    """Why a node has no op yet, and what to do."""
    if not said:
        return "not in this library yet"
    if is_known(class_name(said)):
        return f"this library does not have it yet; magenta/ddsp's {said}"
    return f"a class of your own, {said}: write it as an op named {op} and give it with --ops (docs/writing-an-op.md)"


@dataclass(frozen=True)
class Call:
    """A processor or loss, and what it is given in the order of its arguments."""

    name: Key
    known: Class
    inputs: tuple[Value, ...]


@dataclass(frozen=True)
class MadeGroup:
    """A group within another, whose nodes become a sub-graph.

    Attributes:
      key: its name in the graph.
      around: what stands before the name of the group, which that of its nodes follows.
      nodes: their names, those of groups within it too.
      signal: the reference of what it makes.
    """

    key: Key
    around: str
    nodes: tuple[str, ...]
    signal: str


class Draft:
    """What the models of magenta/ddsp become, piece by piece. Reports E306."""

    def __init__(self, config: Config) -> None:
        self.config, self.ledger, self.report = config, config.ledger, config.report
        self.inputs: dict[str, Entry] = {}
        self.nodes: dict[str, Entry] = {}
        self.losses: dict[str, Entry] = {}
        self.groups: dict[str, MadeGroup] = {}  # within others, the innermost first
        self.graphs: dict[str, Entry] = {}
        self.outputs: dict[str, Entry] = {}
        self.constants: dict[str, Literal] = {}
        self.calls: list[Call] = []
        self.unknown: set[str] = set()  # nodes of classes that this program does not know
        self.awaited: dict[str, None] = {}  # ops that are not in the library
        self.told: set[str] = set()  # inputs that their names or a model tell

    # -- names -------------------------------------------------------------------------------------

    def claim(self, name: str, span: Span) -> Key:
        """A name for a node or loss. Reports E306 where there is one."""
        key = Key(identifier(name), span)
        first = next((s[key][0] for s in (self.nodes, self.losses, self.inputs) if key in s), None)
        first = self.groups[key].key if key in self.groups else first
        if first is not None:
            message = f"{quote(key)} is the name of two things: magenta/ddsp keeps the second and says nothing"
            hint = "bind `name` of one of them, or a scope of its own"
            self.report.add("E306", message, span, Note("the first is", first.span), hint=hint)
        return key

    # -- inputs ------------------------------------------------------------------------------------

    def input(self, name: str, span: Span, **declared: object) -> Value:
        """A reference to an input of the graph, which is declared where it is not yet; see `inputs.settle`."""
        key = Key(identifier(name), span)
        if key in self.nodes or key in self.losses:
            key = Key(f"{key}_input", span)
        if key not in self.inputs:
            known = declared or FEATURES.get(name)
            self.told |= {str(key)} if known else set()
            self.inputs[key] = key, plain(dict(known or frames(str(key)).as_input()), span)
        return scalar(str(key), span)

    # -- nodes -------------------------------------------------------------------------------------

    def node(
        self,
        key: Key,
        op: str,
        inputs: Mapping[str, Value] | Sequence[Value],
        params: Iterable[Entry] = (),
        *,
        said: str = "",
        section: str = "nodes",
    ) -> None:
        """A node or loss. One whose op this library does not have is marked.

        Args:
          inputs: by port, or in the order of the ports.
          said: the class of magenta/ddsp that it was.
        """
        span = key.span
        entries = [(Key("op", span), scalar(op, span))]
        if isinstance(inputs, Mapping):
            ports = [(Key(port, value.span), value) for port, value in inputs.items()]
            connected = mapping(ports, span)
        else:
            connected = Value(tuple(inputs), span)
        if inputs:
            entries.append((Key("inputs", span), connected))
        given = list(params)
        if given:
            entries.append((Key("params", span), mapping(given, span)))
        if op not in OPS:
            self.awaited[op] = None
            entries.append((Key("x-awaited", span), scalar(_awaited(op, said), span)))
        (self.losses if section == "losses" else self.nodes)[key] = key, mapping(entries, span)

    def describe(self, binding: Binding, instance: Instance, to: str, op: str) -> None:
        """The line of the report for a class that a binding names, alone or among others."""
        said = instance.said if instance.said == instance.name else f"{instance.said}, later {instance.name},"
        note = f"{said} is the op {op}"
        if op not in OPS and is_known(instance.name):
            note += ", which this library does not have yet"
        elif op not in OPS:
            note = f"{said} is a class of your own: give it as the op {op} with --ops, see docs/writing-an-op.md"
        if self.ledger.fate(binding) is None:
            self.ledger.say(binding, Kind.RENAMED, to, note)
        else:
            self.ledger.add(binding, Kind.RENAMED, f"{binding.key}: {instance.said}", to, note)

    def guess(self, binding: Binding, path: str, to: str | None, note: str) -> None:
        """The line of the report for what the file leaves open."""
        self.ledger.add(binding, Kind.GUESSED, path, to, note)

    def output(self, name: str, reference: str, span: Span) -> None:
        """An output of the graph."""
        self.outputs[name] = Key(name, span), scalar(reference, span)
