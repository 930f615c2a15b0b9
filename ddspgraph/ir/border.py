"""An input of a sub-graph where it is used: what its definition says of the value."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from ddspgraph.ir.op import Op, ParamSpec
from ddspgraph.ir.ports import Port, anything
from ddspgraph.ir.types import Signal, Unit


class Border(Op):
    """Gives on what it is given, of the type that a sub-graph declares. It never runs: see `analysis.borders`."""

    declared: Signal

    @classmethod
    def params(cls) -> Mapping[str, ParamSpec]:
        """None: its field is no parameter of a spec."""
        return {}

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        return dict.fromkeys(self.inputs, self._port())

    def output_ports(self) -> Mapping[str, Port]:
        return dict.fromkeys(self.inputs, self._port())

    def _port(self) -> Port:
        unit = self.declared.unit
        return Port(self.declared.dims, self.declared.rate, unit, shares="unit" if unit is Unit.ANY else "")


@functools.cache
def border_of(name: str) -> type[Border]:
    """The border of an input with this name, which is that of its port."""
    return type("Border", (Border,), {"inputs": {name: anything()}, "__doc__": Border.__doc__})
