"""A MIDI input: one entry of `inputs` that stands for several plain inputs of frames, `notes/pitch`, `notes/gate`, ...

    inputs:
      notes: {rate: frame, midi: true, voices: 8}

makes of every port that the graph reads an `Input` of that name, [batch, 8 voices, frames, 1]. So the graph, its
exports and its streams know of arrays alone; who plays the notes is outside, `io.midi_voices`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ddspgraph.diagnostics import Span
from ddspgraph.ir.types import BATCH, FRAMES, Dim, Rate, Signal, Unit

#: What a voice does when a note comes and none is free.
STEALS = ("oldest", "quietest")
#: Semitones of a full bend, where neither the spec nor the song says another number.
BEND_RANGE = 2.0
_CONTROLLER = re.compile(r"cc(0|[1-9][0-9]{0,2})")
_HIGHEST_CONTROLLER = 119
#: The ports by name: unit, and what their frames hold.
MIDI_PORTS: Mapping[str, tuple[Unit, str]] = {
    "pitch": (Unit.MIDI, "The key with its bend; that of the last note where none sounds, 69 before the first."),
    "gate": (Unit.LINEAR, "1 while the note sounds, else 0. Between two notes of a voice it is 0 for a frame or more."),
    "velocity": (Unit.LINEAR, "How hard the key of the last note was struck, 0 to 1."),
    "onset": (Unit.ANY, "In the frame that a note begins in, how much of it is over by then, 0 to 1; else 0."),
    "bend": (Unit.ANY, "What the bend adds to the pitch, in semitones."),
    "pressure": (Unit.LINEAR, "How hard the key or the keyboard is pressed down, 0 to 1."),
}
_OF_CONTROLLERS = (Unit.LINEAR, "A controller of the channel, 0 to 1.")


@dataclass(frozen=True)
class MidiInput:
    """What a spec says of a MIDI input.

    Attributes:
      voices: notes at a time; None for one, whose values are plain.
      steal: whose voice a note takes where none is free.
      bend_range: semitones of a full bend, unless the song says so.
      channel: the one that is heard, 1 to 16; None for all.
      mpe: whether channel 1 is the master of the others.
    """

    name: str
    voices: int | None = None
    steal: str = STEALS[0]
    bend_range: float = BEND_RANGE
    channel: int | None = None
    mpe: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)

    def input_name(self, port: str) -> str:
        """The name of the input of a port: what references to it look like."""
        return f"{self.name}/{port}"

    def port_of(self, input_name: str) -> str | None:
        """The port that an input stands for; None of another input."""
        name, slash, port = input_name.partition("/")
        return port if slash and name == self.name else None

    def signal(self, port: str) -> Signal:
        """The type of a port."""
        unit, _ = described(port) or _OF_CONTROLLERS
        return Signal((BATCH, FRAMES, Dim.of(1)), Rate.FRAME, unit, voices=self.voices)


def described(port: str) -> tuple[Unit, str] | None:
    """Unit and meaning of a port; None where there is none of that name."""
    if port in MIDI_PORTS:
        return MIDI_PORTS[port]
    return None if controller_of(port) is None else _OF_CONTROLLERS


def controller_of(port: str) -> int | None:
    """74 of `cc74`; None of what is no controller."""
    found = _CONTROLLER.fullmatch(port)
    return int(found[1]) if found and int(found[1]) <= _HIGHEST_CONTROLLER else None
