"""What the compiler knows of a graph, as plain data for the page. All text is raw: the page inserts it as text."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from ddspgraph.diagnostics import clean
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.op import Op, ParamSpec
from ddspgraph.ir.ports import Port
from ddspgraph.ir.types import Unit
from ddspgraph.page.yaml_lines import yaml_lines
from ddspgraph.render.labels import clock_text, count_text, name_text, rate_text, shape_text, share_text, value_text
from ddspgraph.render.picture import Box, Kind, Picture
from ddspgraph.render.values import literal_said, param_said

_MOST_DOC = 4_000
_MOST_WARNINGS, _MOST_NUMBERS = 20, 64


def facts(graph: Graph, shown: Picture, index: Mapping[str, int]) -> dict[str, Any]:
    """The graph and every box of its picture by id; `index` has the number of the view of each signal."""
    known = _Known(graph, {box.node or box.name: box.id for box in shown.boxes if box.kind is not Kind.OUTPUT}, index)
    return {"graph": _graph(graph), "boxes": {box.id: known.box(box) for box in shown.boxes}}


def _graph(graph: Graph) -> dict[str, Any]:
    warnings = [f"{d.span.line}: {d.code} {d.message}" if d.span else f"{d.code} {d.message}" for d in graph.warnings]
    more = [f"and {len(warnings) - _MOST_WARNINGS} more"] if len(warnings) > _MOST_WARNINGS else []
    return {
        "name": name_text(graph.name) if graph.name else "graph",
        "doc": prose(graph.doc),
        "clock": clock_text(graph.clock),
        "warnings": [*(clean(w) for w in warnings[:_MOST_WARNINGS]), *more],
    }


class _Known:
    """A graph, where its nodes stand in the picture, and which of its signals have a view."""

    def __init__(self, graph: Graph, at: Mapping[str, str], index: Mapping[str, int]) -> None:
        self.graph, self.at, self.index = graph, at, index
        self.users = graph.users()
        self.ends: dict[Ref, list[str]] = {}
        for name, ref in graph.outputs:
            self.ends.setdefault(ref, []).append(name)

    def box(self, box: Box) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": box.kind.value, "name": name_text(box.name), "op": "", "marks": []}
        if box.kind is Kind.INPUT:
            return found | self._input(box.name)
        if box.kind is Kind.OUTPUT:
            return found | self._output(box.name)
        share = [] if box.share is None else [f"{share_text(box.share)} of the estimated work"]
        group = [f"in {name_text(box.group)}"] * (box.kind is Kind.NODE and bool(box.group))
        return (
            found | {"marks": [*box.marks, *share, *group]} | self._node(self.graph.node_by_name[box.node or box.name])
        )

    def _input(self, name: str) -> dict[str, Any]:
        declared = self.graph.input_by_name[name]
        port = self._value(declared.ref) | {"port": "value", "readers": self._readers(declared.ref)}
        return {"doc": prose(declared.doc), "outputs": [port], "yaml": yaml_lines(declared.span)}

    def _output(self, name: str) -> dict[str, Any]:
        ref = dict(self.graph.outputs)[name]
        return {"doc": "", "inputs": [self._value(ref) | {"port": "value"} | self._source(ref)]}

    def _node(self, node: Node) -> dict[str, Any]:
        op, declared = node.op, node.op.input_ports([port for port, _ in node.inputs])
        return {
            "op": op.name,
            "doc": prose(node.doc),
            "inputs": [
                self._value(ref) | self._source(ref) | {"port": name_text(port), "doc": _port_doc(declared.get(port))}
                for port, ref in self.graph.reads(node)
            ],
            "outputs": [
                self._value(Ref(node.name, port))
                | {"port": name_text(port), "doc": prose(known.doc), "readers": self._readers(Ref(node.name, port))}
                for port, known in op.output_ports().items()
            ],
            "params": [_param(node, name, spec) for name, spec in op.params().items()],
            "weights": self._weights(node),
            "yaml": yaml_lines(node.span),
            "about": about(type(op)),
        }

    def _value(self, ref: Ref) -> dict[str, Any]:
        signal = self.graph.types.get(ref)
        said = f"{shape_text(signal)} {rate_text(signal)}" if signal else ""
        return {"type": said, "view": self.index.get(str(ref))}

    def _source(self, ref: Ref) -> dict[str, Any]:
        """Where an input comes from: a box to go to, or the constant that stands there."""
        source = self.graph.node_by_name.get(ref.node)
        found: dict[str, Any] = {"from": self.at.get(ref.node), "ref": name_text(str(ref), 80)}
        if source is not None and self.graph.is_literal(ref):
            said = literal_said(self.graph, source, _full_text)
            found |= {"literal": said.text, "converted": said.converted, "view": None}
        return found

    def _readers(self, ref: Ref) -> list[str]:
        nodes = [self.at[node.name] for node, _ in self.users.get(ref, ()) if node.name in self.at]
        return [*dict.fromkeys(nodes)]

    def _weights(self, node: Node) -> list[list[str]]:
        given = {port: self.graph.types[ref] for port, ref in node.inputs if ref in self.graph.types}
        if len(given) < len(node.inputs):
            return []
        weights = node.op.weights(given).items()
        return [[name, _shape(w.shape), count_text(math.prod(w.shape))] for name, w in weights]


def _port_doc(port: Port | None) -> str:
    """Of a declared port; else of where a cycle closes."""
    return prose("What comes back later." if port is None else port.doc)


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _param(node: Node, name: str, spec: ParamSpec) -> dict[str, Any]:
    said = param_said(node, name, _full_text)
    default = "" if spec.default is MISSING else _full_text(spec.default, spec.unit)
    from_clock = spec.clock is not None
    return {
        "name": name_text(name),
        "value": said.text,
        "converted": said.converted,
        "default": "clock" if from_clock else default,
        "changed": not from_clock and (spec.default is MISSING or getattr(node.op, name) != spec.default),
        "doc": prose(spec.doc),
    }


def _full_text(value: object, unit: Unit = Unit.ANY) -> str:
    """As in the picture, but with all numbers of a list."""
    if (
        isinstance(value, tuple)
        and 0 < len(value) <= _MOST_NUMBERS
        and all(isinstance(v, (int, float, str)) for v in value)
    ):
        return ", ".join(value_text(v) for v in value) + value_text(0, unit)[1:]
    return value_text(value, unit)


def about(op: type[Op]) -> dict[str, str]:
    """What an op does and where that comes from, from its docstring."""
    text = inspect.cleandoc(op.__doc__ or "")
    body, _, source = text.partition("Source:")
    return {"text": prose(re.sub(r"(?<=\S)\n(?=\S)", " ", body)), "source": prose(" ".join(source.split()))}


def prose(text: str) -> str:
    """Any text, its lines kept, without what would steer the reader's eye; cut where it is very long."""
    cut = text if len(text) <= _MOST_DOC else text[: _MOST_DOC - 1] + "…"
    return "\n".join(clean(line.expandtabs(4)) for line in cut.replace("\r\n", "\n").strip().split("\n"))
