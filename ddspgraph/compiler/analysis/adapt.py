"""What stands between a value and a port: the one place that says which conversions are implied.

A slower value may meet a faster port. `infer` asks what the value will be there; the pass
`insert_rate_conversions` asks the same and writes the steps into the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ddspgraph.ir.mapped import is_sound
from ddspgraph.ir.ports import Mismatch, Port, is_wild
from ddspgraph.ir.types import FRAMES, SAMPLES, Dim, Rate, Signal


@dataclass(frozen=True)
class Step:
    """One implied node: an op of the library by role, and its parameters."""

    role: str  # "hold", "resample" or "squeeze": `passes.insert_rate_conversions` names their ops
    params: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Target:
    """What a port wants here: its rate and how many axes.

    `is_open` where the port takes any number of axes, and `rank` is that of the value that it meets; `takes_channels`
    where it takes a sound, and so each of its channels.
    """

    rate: Rate
    rank: int | None
    broadcast: bool
    is_open: bool
    takes_channels: bool = False


def targets(ports: Mapping[str, Port], signals: Mapping[str, Signal]) -> dict[str, Target]:
    """For each connected port the wanted rate and rank; ports without a rate follow the fastest of their kind."""
    free = {name: signals[name] for name in signals if ports[name].rate is None and ports[name].dims is None}
    fastest = max(free.values(), key=lambda s: (s.rate, s.rank), default=None)
    wanted = {}
    for name in signals:
        port = ports[name]
        if port.rate is None and fastest is not None and port.dims is None:
            wanted[name] = Target(fastest.rate, fastest.rank, port.broadcast, is_open=True)
        else:
            rate = port.rate if port.rate is not None else signals[name].rate
            rank = None if port.dims is None else len(port.dims)
            wanted[name] = Target(rate, rank, port.broadcast, is_open=False, takes_channels=is_sound(port))
    return wanted


def arriving(ports: Mapping[str, Port], given: Mapping[str, Signal], hop_samples: int | None) -> dict[str, Signal]:
    """The signals as they arrive at their ports. Raises `Mismatch` E402, E411 or E413."""
    wanted = targets(ports, given)
    return {name: adapt(name, signal, wanted[name], hop_samples)[0] for name, signal in given.items()}


def adapt(name: str, signal: Signal, target: Target, hop_samples: int | None) -> tuple[Signal, tuple[Step, ...]]:
    """The signal as it arrives at the port, and the steps that make it so.

    Raises `Mismatch` E411 where the value is faster than the port, E402 and E413 where nothing makes it as fast.
    """
    if signal.rate is target.rate:
        return signal, ()
    if signal.rate > target.rate:
        wants = "a constant" if target.rate is Rate.CONST else f"{target.rate}-rate values"
        raise Mismatch(
            "E411",
            name,
            f"port '{name}' takes {wants}, {{source}} is {signal.rate}-rate {signal.shape_text}",
            "an analysis node (loudness, power, ...) makes frames of audio; for a frame at every sample "
            "write `hop: 1` in the clock and `rate: frame` at the input"
            if target.rate is Rate.FRAME
            else "give a number, a list, or an input of rate const",
        )
    if signal.rate is Rate.CONST:
        return _hold(name, signal, target, hop_samples)
    return _resample(name, signal, target, hop_samples)


def _hold(name: str, signal: Signal, target: Target, hop_samples: int | None) -> tuple[Signal, tuple[Step, ...]]:
    shape = signal.dims[1:]
    if len(shape) > 1:
        message = f"port '{name}' takes a number, or one for each channel, {{source}} is {signal.shape_text}"
        raise Mismatch("E414", name, message, f"write one list, or make it an input of {target.rate} rate")
    with_axis = target.rank == 3 or bool(shape) or (target.rate is Rate.FRAME and target.rank is None)
    channels = shape or (Dim.of(1),) if with_axis else ()
    samples = FRAMES * hop_samples if hop_samples else SAMPLES
    time = Dim.of(1) if target.broadcast else FRAMES if target.rate is Rate.FRAME else samples
    batch = signal.dims[0] if target.broadcast else Dim.of("batch")
    params: list[tuple[str, object]] = [("rate", str(target.rate)), ("broadcast", target.broadcast)]
    if channels and target.rate is Rate.AUDIO:
        params.append(("channels", channels[0].size))
    held = Signal((batch, time, *channels), target.rate, signal.unit, voices=signal.voices)
    steps = [Step("hold", tuple(params))]
    return _squeezed(held, target, steps)


def _resample(name: str, signal: Signal, target: Target, hop_samples: int | None) -> tuple[Signal, tuple[Step, ...]]:
    if signal.rank != 3:
        raise Mismatch("E413", name, f"frames of channels can become samples, {{source}} is {signal.shape_text}")
    if hop_samples is None:
        raise Mismatch(
            "E402",
            name,
            "a frame value meets an audio port, and the clock has no frame_rate",
            "add `frame_rate: 250 Hz` to `clock`",
        )
    batch, frames, channels = signal.dims
    raised = Signal((batch, frames * hop_samples, channels), Rate.AUDIO, signal.unit, voices=signal.voices)
    return _squeezed(raised, target, [Step("resample")])


def _squeezed(signal: Signal, target: Target, steps: list[Step]) -> tuple[Signal, tuple[Step, ...]]:
    """Audio without a channel axis where the port wants it so; a free size must then be 1, which the call checks."""
    if target.rank != 2 or signal.rank != 3:
        return signal, tuple(steps)
    channels = signal.dims[2]
    if channels == Dim.of(1) or (is_wild(channels) and not (target.is_open or target.takes_channels)):
        squeezed = Signal(signal.dims[:2], signal.rate, signal.unit, voices=signal.voices)
        return squeezed, (*steps, Step("squeeze"))
    return signal, tuple(steps)
