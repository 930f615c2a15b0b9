"""Which frames a node takes: those of the clock, or all of one other hop. Hops are part of a type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.streaming import has_time
from ddspgraph.ir.types import Rate, Signal

Hop = Fraction | int


def input_hop(signals: Mapping[str, Signal], clock_hop: int | None, *, meets_audio: bool = False) -> Hop | None:
    """Samples from one input frame of a node to the next: the clock's where it takes no frames.

    Raises `Mismatch` E414 where frames of several hops meet, or frames of another hop than the clock's meet audio
    (or, with `meets_audio`, become it): how many samples those are, only the clock says.
    """
    frames = {port: s.hop or clock_hop for port, s in signals.items() if s.rate is Rate.FRAME and has_time(s)}
    first, hop = next(iter(frames.items()), ("", clock_hop))
    other = next((port for port in frames if frames[port] != hop), None)
    if other is not None:
        at_fault, beside = (first, other) if frames[other] == clock_hop else (other, first)
        raise _mismatch(at_fault, frames[at_fault], beside, frames[beside], clock_hop)
    if hop != clock_hop and (meets_audio or any(s.rate is Rate.AUDIO for s in signals.values())):
        raise _mismatch(first, hop, None, clock_hop, clock_hop)
    return hop


def with_hops(op: Op, given: Hop | None, outputs: Mapping[str, Signal], clock_hop: int | None) -> dict[str, Signal]:
    """The outputs of an op that takes frames of a hop, each with its own; None stands for the clock's."""
    made = op.output_hop(given)
    own = None if made == clock_hop else made
    return {port: replace(s, hop=own if s.rate is Rate.FRAME else None) for port, s in outputs.items()}


def _mismatch(port: str, hop: Hop | None, beside: str | None, other_hop: Hop | None, clock_hop: int | None) -> Mismatch:
    """Frames of a port beside those of another one, or of the clock where that is None."""
    other = "the clock" if beside is None else f"'{beside}'"
    has = f"{other} has one" if other_hop is None else f"{other} one"
    message = f"{{source}} has a frame {_every(hop)}, {has} {_every(other_hop)}"
    repairs = [] if other_hop is None else [f"give {{source}} a hop of {other_hop}"]
    if other_hop == clock_hop and hop is not None and Fraction(hop).denominator == 1:
        repairs.append(f"make `clock` say `hop: {hop}`")
    hint = ", or ".join(repairs) or "frames that meet must be as far apart"
    compared = () if beside is None else (beside,)
    return Mismatch("E414", port, message, hint, compared=compared, is_of_clock=beside is None, hop=other_hop)


def _every(hop: Hop | None) -> str:
    return "at times that no clock tells" if hop is None else f"every {hop} sample{'s' * (hop != 1)}"
