"""What is drawn in place of a part of a spec that cannot be understood."""

from __future__ import annotations

from collections.abc import Mapping

from ddspgraph.ir.op import Op, ParamSpec
from ddspgraph.ir.ports import Port, anything


class StandIn(Op):
    """In a picture, in place of an input or node with errors. It never runs, and the library does not list it."""

    variadic = anything(doc="What it reads.")

    said: str  # the op, as it is written
    codes: tuple[str, ...]  # of its errors
    read: tuple[str, ...]  # the outputs that references name

    @classmethod
    def params(cls) -> Mapping[str, ParamSpec]:
        """None: its fields are no parameters of a spec."""
        return {}

    def output_ports(self) -> Mapping[str, Port]:
        return {name: anything() for name in ("signal", *self.read)}
