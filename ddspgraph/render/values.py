"""Parameters and literals in the words of their author, with what the compiler made of them beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ddspgraph.ir.graph import Graph, Node
from ddspgraph.ir.mapped import Mapped
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.text import said_params
from ddspgraph.ir.types import Unit
from ddspgraph.ir.written import Written
from ddspgraph.render.labels import value_text


class Said(NamedTuple):
    """One line: what an author wrote, and the value in the unit of its parameter where that is another number."""

    text: str
    converted: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.converted})" if self.converted else self.text


#: How a value is put into words: it, and its unit.
Wording = Callable[[object, Unit], str]


def voices_said(op: Op) -> tuple[str, ...]:
    """`8 voices, mix: sum, norm: power` of a node with voices; nothing of another."""
    if not isinstance(op, Mapped) or op.voices is None or op.where_needed:
        return ()
    said = [f"{op.voices} voice{'s' * (op.voices != 1)}"]
    said += [f"mix: {op.mixing}"] if op.mixing != "none" else []
    said += [f"norm: {op.scaling}"] if op.scaling != "none" else []
    return (", ".join(said),)


def params_said(node: Node, *, with_defaults: bool = False) -> dict[str, Said]:
    """The parameters that differ from their defaults, or all of them."""
    names = node.op.params() if with_defaults else said_params(node.op)
    return {name: param_said(node, name) for name in names}


def param_said(node: Node, name: str, wording: Wording = value_text) -> Said:
    """One parameter."""
    spec = node.op.params()[name]
    unit = Unit(getattr(node.op, spec.shares)) if spec.shares in node.op.params() else spec.unit
    return _said(getattr(node.op, name), unit, node.written.get(name), wording)


def literal_said(graph: Graph, node: Node, wording: Wording = value_text) -> Said:
    """The value of a literal, and whether training moves it."""
    signal = graph.types.get(node.refs[0])
    unit = signal.unit if signal else Unit(getattr(node.op, "unit", Unit.ANY))
    (name,) = (name for name, spec in node.op.params().items() if spec.is_required)
    said = _said(getattr(node.op, name), unit, node.written.get(name), wording)
    return said._replace(text=f"{said.text}, learned") if Traits.TRAINABLE in node.op.traits else said


def literal_text(graph: Graph, node: Node) -> str:
    """A literal in full: `2 kHz, learned, min = 200 Hz, max = 8 kHz`."""
    bounds = [f"{name} = {said.text}" for name, said in params_said(node).items() if not _is_its_own(node, name)]
    return ", ".join([str(literal_said(graph, node)), *bounds])


def _is_its_own(node: Node, name: str) -> bool:
    """Whether a parameter of a literal is its value, or the unit that the value has."""
    return node.op.params()[name].is_required or name == "unit"


def _said(value: object, unit: Unit, written: Written | None, wording: Wording) -> Said:
    if written is None:
        return Said(wording(value, unit))
    return Said(wording(written.words, Unit.ANY), wording(value, unit) if written.is_converted else "")
