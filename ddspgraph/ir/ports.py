"""Ports: what an op says of its inputs and outputs, and how types flow through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ddspgraph.ir.types import FRAMES, SAMPLES, Dim, Rate, Signal, Unit

#: The dims that mean the same in every op; any other name in a port is local to its node.
SHARED_DIMS = ("batch", "frames", "samples")


@dataclass(frozen=True)
class Port:
    """One input or output.

    Attributes:
      dims: the axes; None for a port that takes any shape.
      rate: the rate; None where the port follows the fastest of its node's inputs of rate None.
      unit: the unit; ANY where the op does not mind.
      optional: an input that may be left open.
      broadcast: a constant may arrive with time axes of size 1 instead of being held.
      like: an output that has dims and rate of this input (and its unit, where `unit` is ANY).
      shares: a unit variable: all ports and parameters of an op that share one name have one unit (`ir.units`).
      scales: of an input that shares a unit: a linear value is a factor, and leaves the unit to the others.
      mono: of an input of one channel: its op makes of several channels nothing that has as many.
      voiced: of an input that takes all voices of a value as they are.
    """

    dims: tuple[Dim, ...] | None = None
    rate: Rate | None = None
    unit: Unit = Unit.ANY
    doc: str = ""
    optional: bool = False
    broadcast: bool = False
    like: str | None = None
    shares: str = ""
    scales: bool = False
    mono: bool = False
    voiced: bool = False

    def type_text(self) -> str:
        """`[batch, frames, 1] frame Hz`, for messages and the reference."""
        shape = "any shape" if self.dims is None else "[" + ", ".join(map(str, self.dims)) + "]"
        if self.like:
            shape = f"like {self.like}"
        return " ".join(filter(None, [shape, str(self.rate) if self.rate is not None else "", str(self.unit)]))


def audio(
    channels: int | str | None = None,
    *,
    unit: Unit = Unit.ANY,
    doc: str = "",
    optional: bool = False,
    broadcast: bool = False,
    shares: str = "",
    mono: bool = False,
) -> Port:
    """Audio rate: [batch, samples], or [batch, samples, channels] where channels are given.

    A port without channels takes sounds of any number of channels, each on its own, unless it is `mono`.
    """
    dims = (Dim.of("batch"), SAMPLES) + (() if channels is None else (Dim.of(channels),))
    return Port(dims, Rate.AUDIO, unit, doc, optional, broadcast, shares=shares, mono=mono)


def frame(
    channels: int | str = 1,
    *,
    unit: Unit = Unit.ANY,
    doc: str = "",
    optional: bool = False,
    broadcast: bool = False,
    shares: str = "",
) -> Port:
    """Frame rate: [batch, frames, channels]."""
    dims = (Dim.of("batch"), FRAMES, Dim.of(channels))
    return Port(dims, Rate.FRAME, unit, doc, optional, broadcast, shares=shares)


def const(*shape: int | str, unit: Unit = Unit.ANY, doc: str = "", optional: bool = False) -> Port:
    """A constant: [batch, *shape]."""
    return Port((Dim.of("batch"), *map(Dim.of, shape)), Rate.CONST, unit, doc, optional)


def scalar(*, doc: str = "") -> Port:
    """A loss: []."""
    return Port((), Rate.CONST, Unit.ANY, doc)


def anything(
    *, unit: Unit = Unit.ANY, doc: str = "", optional: bool = False, shares: str = "", scales: bool = False
) -> Port:
    """Any shape at any rate; constants arrive broadcastable."""
    return Port(None, None, unit, doc, optional, broadcast=True, shares=shares, scales=scales)


def same_as(port: str, *, unit: Unit = Unit.ANY, doc: str = "", shares: str = "") -> Port:
    """An output of the dims and rate of an input."""
    return Port(None, None, unit, doc, like=port, shares=shares)


class Mismatch(Exception):
    """Two ends that do not fit, as data: a caller points at them without reading the message.

    Attributes:
      code, message, hint: of the diagnostic; `{source}` in the texts is what arrives at the port.
      port: the input at fault.
      parameters: those at fault in place of the edge, the likeliest first; where the author wrote none of them, the
        node is at fault. None where an edge is.
      compared: the other ports that the message names.
      is_of_clock: it is the clock that leaves no room.
      hop: what the frames at the port would have to be apart.
      beside: a key of the node that the message speaks of.
    """

    def __init__(
        self,
        code: str,
        port: str,
        message: str,
        hint: str | None = None,
        *,
        parameters: Sequence[str] | None = None,
        compared: Sequence[str] = (),
        is_of_clock: bool = False,
        hop: Fraction | int | None = None,
        beside: str = "",
    ) -> None:
        super().__init__(message)
        self.code, self.port, self.message, self.hint = code, port, message, hint
        self.parameters, self.compared = parameters, compared
        self.is_of_clock, self.hop, self.beside = is_of_clock, hop, beside


def is_wild(dim: Dim) -> bool:
    """Whether a dim is a free name (`k`), which any number fits until the call."""
    return not dim.is_static and dim.name not in SHARED_DIMS and dim.name.isidentifier()


def agree(a: Dim, b: Dim) -> Dim | None:
    """The dim that both can be; None where they differ. Size 1 on the batch axis is for the caller to judge."""
    if a == b or is_wild(b):
        return a
    if is_wild(a):
        return b
    return None


def bind(ports: Mapping[str, Port], signals: Mapping[str, Signal]) -> dict[str, Dim]:
    """Matches signals to ports and returns what each dim name of the ports stands for here.

    Raises `Mismatch` E413 (rank) or E414 (a dim).
    """
    bound: dict[str, Dim] = {}
    said_by: dict[str, str] = {}
    for name, signal in signals.items():
        port = ports[name]
        if port.dims is None:
            continue
        if len(port.dims) != signal.rank:
            raise Mismatch(
                "E413",
                name,
                f"port '{name}' wants {port.type_text()}, {{source}} is {signal.shape_text}",
                _list_hint(port) or _rank_hint(len(port.dims), signal),
            )
        for axis, (wanted, given) in enumerate(zip(port.dims, signal.dims, strict=True)):
            if given == Dim.of(1) and (wanted.name == "batch" or (port.broadcast and axis == 1)):
                continue
            expected = wanted if wanted.is_static else bound.get(wanted.name, given)
            fits = agree(expected, given)
            if fits is None:
                said = f" with {wanted} = {expected} from '{said_by[wanted.name]}'" if wanted.name else ""
                message = f"port '{name}' wants {port.type_text()}{said}, {{source}} is {signal.shape_text}"
                hint = _list_hint(port) or _size_hint(expected, given, axis, wanted.is_static)
                compared = (said_by[wanted.name],) if wanted.name in said_by else ()
                raise Mismatch("E414", name, message, hint, compared=compared)
            if not wanted.is_static:
                bound[wanted.name] = fits
                said_by.setdefault(wanted.name, name)
    return bound


def _size_hint(expected: Dim, given: Dim, axis: int, is_said: bool) -> str | None:
    if axis < 2 or not (expected.is_static and given.is_static):
        return None
    channels = f"{expected} channel{'s' * (expected.offset != 1)}"
    return f"give it {channels}" if is_said else f"give both {channels}, or both {given}"


def _list_hint(port: Port) -> str | None:
    """For a constant of one axis and a known size."""
    if port.rate is not Rate.CONST or port.dims is None or len(port.dims) != 2 or not port.dims[1].size:
        return None
    n = port.dims[1].size
    return f"give it a list of {n} number{'s' * (n != 1)}, or an input with `shape: [{n}]`"


def _rank_hint(wanted: int, signal: Signal) -> str | None:
    if wanted == 2 and signal.rank == 3 and signal.rate is Rate.AUDIO:
        drop = "a tensor_to_audio node, which drops a last axis of size 1"
        if (signal.dims[2].size or 1) == 1:
            return f"insert {drop}"
        return f"insert a split node, which takes the channels apart, and for each {drop}"
    return None


def infer_outputs(
    inputs: Mapping[str, Port],
    outputs: Mapping[str, Port],
    signals: Mapping[str, Signal],
    hop_samples: int | None,
) -> dict[str, Signal]:
    """The output types that ports alone can say: local dims bound by the inputs, samples = hop * frames."""
    bound = bind(inputs, signals)
    if hop_samples and "frames" in bound and "samples" in bound:
        expected = bound["frames"] * hop_samples
        if agree(expected, bound["samples"]) is None:
            port = next(n for n, s in signals.items() if s.rate is Rate.FRAME)
            raise Mismatch(
                "E414",
                port,
                f"{bound['frames']} frames of {hop_samples} samples are {expected} samples, "
                f"but the audio has {bound['samples']}",
            )
    if hop_samples and "frames" in bound:
        bound.setdefault("samples", bound["frames"] * hop_samples)
    if hop_samples and "samples" in bound and "frames" not in bound:
        frames = bound["samples"].divided(hop_samples)
        if frames is not None:
            bound["frames"] = frames
    return {name: _output(port, signals, bound) for name, port in outputs.items()}


def _output(port: Port, signals: Mapping[str, Signal], bound: Mapping[str, Dim]) -> Signal:
    if port.like is not None:
        source = signals[port.like]
        return Signal(source.dims, source.rate, source.unit if port.unit is Unit.ANY else port.unit)
    dims = tuple(d if d.is_static else bound.get(d.name, d) for d in port.dims or ())
    return Signal(dims, port.rate or Rate.CONST, port.unit)
