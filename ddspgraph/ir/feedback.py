"""What closes a cycle: a value of the graph as it was some time ago.

An entry of `feedback:` becomes a node of `FeedbackLine`, which reads nothing but its delay, and an edge of
`Graph.feedback`, which says what goes into the line: so the nodes of a graph have an order, with loops or without.
`streaming.loops` turns both into one node that runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ddspgraph.ir import costs
from ddspgraph.ir.op import Op, Traits, from_clock, held, param
from ddspgraph.ir.ports import Mismatch, Port
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim, Rate, Signal, Unit

#: How a line is read between samples. `none` takes the nearest whole delay.
INTERPOLATIONS = ("none", "linear", "lagrange3")
#: The units in which a signal can say a delay; a frequency says its period.
DELAY_UNITS = (Unit.SAMPLES, Unit.MILLISECONDS, Unit.SECONDS, Unit.HZ)


class FeedbackLine(Op):
    """A value of the graph as it was a stated time ago, and 0 before: y(t) = x(t - delay).

    Delays count samples; of a line at frame rate, frames.
    """

    name = "feedback"
    traits = Traits.SIZED
    whole_clip = "is part of a loop that was not closed"

    inputs = {
        "delay": Port(
            (BATCH, SAMPLES, Dim.of("lines")),
            Rate.AUDIO,
            broadcast=True,
            shares="delay",
            voiced=True,
            doc="How old the value is; it may move. A frequency says its period.",
        )
    }

    rate: str = param("audio", choices=("audio", "frame"), doc="How often the value changes.")
    channels: int | None = param(None, ge=1, doc="Channels; null: audio without a channel axis.")
    voices: int | None = param(None, ge=1, doc="Of the value; null: a plain one.")
    unit: str = param("any", choices=tuple(unit.value for unit in Unit), doc="What the value counts.")
    delays: tuple[float, ...] = param((), ge=1, doc="Constant delays, one for all channels or one for each.")
    shortest: float = param(1.0, ge=1, doc="The least that a moving delay can be.")
    longest: float = param(1.0, ge=1, doc="The most that a moving delay can be.")
    interpolation: str = param("lagrange3", choices=INTERPOLATIONS, doc="How the line is read between samples.")
    truncate: float | None = param(None, gt=0, doc="How far back gradients go, in samples; null: all the way.")
    recompute: bool = param(False, doc="Gradients keep few states of the loop and compute what is between once more.")
    constrain: str | None = param(None, choices=("stable",), doc="stable: training keeps its loop proven stable.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    part_voices: int | None = held(None)  # of the part that it stands in: it has them where its source does

    @property
    def is_audio(self) -> bool:
        return self.rate == "audio"

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        if self.delays:
            return {}
        frames = replace(self.inputs["delay"], dims=(BATCH, FRAMES, Dim.of("lines")), rate=Rate.FRAME)
        return self.inputs if self.is_audio else {"delay": frames}

    def output_ports(self) -> Mapping[str, Port]:
        dims = self._signal().dims
        return {"signal": Port(dims, Rate.AUDIO if self.is_audio else Rate.FRAME, Unit(self.unit), voiced=True)}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        delay = signals.get("delay")
        if delay is not None:
            self._check_delay(delay)
        return {"signal": self._signal()}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        """What goes in and comes out, and the turns that a loop takes because of this delay."""
        made = shapes["-> signal"]
        turns = -(-made[1] // max(1, int(min(self.delays, default=self.shortest))))
        return 4 * costs.PASS * math.prod(made) + turns * costs.TURN

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return math.ceil(max(self.delays) if self.delays else self.longest) if self.is_audio else 0

    def _signal(self) -> Signal:
        if self.is_audio:
            channels = () if self.channels is None else (Dim.of(self.channels),)
            return Signal((BATCH, SAMPLES, *channels), Rate.AUDIO, Unit(self.unit), voices=self.voices)
        return Signal((BATCH, FRAMES, Dim.of(self.channels or 1)), Rate.FRAME, Unit(self.unit), voices=self.voices)

    def _check_delay(self, delay: Signal) -> None:
        """Raises `Mismatch` E412, E414 or E421."""
        if delay.unit not in DELAY_UNITS:
            message = f"the delay {{source}} is {delay.unit}"
            raise Mismatch("E412", "delay", message, "give it in s, ms or samples, or in Hz, which says a period")
        if delay.voices not in (None, self.voices, self.part_voices):
            message = f"the delay {{source}} has {delay.voices} voices, the line {self.voices or 'none'}"
            raise Mismatch("E421", "delay", message, f"write `voices: {delay.voices}` at the line")
        lines = delay.dims[-1].size
        if lines not in (1, self.channels or 1):
            message = f"the delay {{source}} has {delay.dims[-1]} channels, the line has {self.channels or 1}"
            raise Mismatch("E414", "delay", message, "give one delay for all channels, or one for each")
