"""An input of a sub-graph where it is used: what its definition says of the value."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from ddspgraph.ir.op import Op, ParamSpec
from ddspgraph.ir.ports import Mismatch, Port, anything
from ddspgraph.ir.types import Dim, Rate, Signal, Unit


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

    def settled(self, signals: Mapping[str, Signal]) -> Op:
        """Itself. Raises `Mismatch` E423 where sounds of several channels meet an input that declares none."""
        for name, signal in signals.items():
            if self.declared.rate is Rate.AUDIO and len(self.declared.dims) == 2 < signal.rank:
                channels = signal.dims[2]
                if signal.rate is Rate.AUDIO and channels != Dim.of(1):
                    message = f"'{name}' takes one channel, {{source}} has {channels}"
                    hint = (
                        f"write `channels: {channels}` at this input of the sub-graph, or `channels: k` for any number"
                    )
                    raise Mismatch("E423", name, message, hint)
        return self

    def _port(self) -> Port:
        unit = self.declared.unit
        shares = "unit" if unit is Unit.ANY else ""
        # Audio without an axis of channels is one channel here: the inside was checked as such.
        return Port(self.declared.dims, self.declared.rate, unit, shares=shares, mono=len(self.declared.dims) == 2)


@functools.cache
def border_of(name: str) -> type[Border]:
    """The border of an input with this name, which is that of its port."""
    return type("Border", (Border,), {"inputs": {name: anything()}, "__doc__": Border.__doc__})
