"""Shapes that ports can't say: broadcasting, and the number of frames that an analysis makes of samples."""

from __future__ import annotations

from ddspgraph.ir.ports import Mismatch, agree, is_wild
from ddspgraph.ir.types import Dim, Rate, Signal

_ONE = Dim.of(1)


def broadcast(port_one: str, one: Signal, port_two: str, two: Signal) -> tuple[Dim, ...]:
    """The dims of an elementwise result. An axis of size 1 is repeated along that of the other signal.

    A signal with fewer axes fits where it is one number: of size 1 along all axes but the batch.

    Raises `Mismatch` E413 (rank) or E414 (a dim) at `port_two`.
    """
    rank = max(one.rank, two.rank)
    for signal in (one, two):
        if signal.rank < rank and any(dim != _ONE for dim in signal.dims[1:]):
            raise Mismatch(
                "E413",
                port_two,
                f"'{port_one}' is {one.shape_text} and '{port_two}' is {two.shape_text} ({{source}}): "
                "they must have as many axes",
                _rank_hint(port_one, one, port_two, two),
                compared=(port_one,),
            )
    dims = []
    for a, b in zip(_padded(one.dims, rank), _padded(two.dims, rank), strict=True):
        fits = a if b == _ONE else b if a == _ONE else agree(a, b)
        if fits is None:
            raise Mismatch(
                "E414",
                port_two,
                f"'{port_one}' is {one.shape_text} and '{port_two}' is {two.shape_text} ({{source}}): {a} is not {b}",
                "axes must be equal, or 1",
                compared=(port_one,),
            )
        dims.append(fits)
    return tuple(dims)


def as_channels(signal: Signal, like: Signal) -> Signal:
    """The signal with as many axes as `like`, by axes of size 1: what `dsp.match_rank` does to a tensor."""
    dims = signal.dims
    while len(dims) > max(like.rank, 1) and (dims[-1] == _ONE or is_wild(dims[-1])):
        dims = dims[:-1]
    return Signal(_padded(dims, like.rank), signal.rate, signal.unit)


def frames_of(samples: Dim, hop_samples: int, *, extra: int = 0, up: bool = False) -> Dim:
    """(samples + extra) / hop_samples rounded down, or up."""
    return (samples + (extra + (hop_samples - 1 if up else 0))) // hop_samples


def _padded(dims: tuple[Dim, ...], rank: int) -> tuple[Dim, ...]:
    return dims + (_ONE,) * (rank - len(dims))


def _rank_hint(port_one: str, one: Signal, port_two: str, two: Signal) -> str | None:
    low, high = sorted(((port_one, one), (port_two, two)), key=lambda pair: pair[1].rank)
    if high[1].rate is not Rate.AUDIO or (low[1].rank, high[1].rank) != (2, 3):
        return None
    if high[1].dims[2] == _ONE:
        return f"insert a tensor_to_audio node before '{high[0]}': it drops a last axis of size 1"
    return f"insert a concat node before '{low[0]}': it gives audio a channel axis"
