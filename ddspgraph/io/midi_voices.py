"""Which voice plays which note: events -> frames, with a state, so that a song in one go and a keyboard block by block
give the same arrays. Free of the graph; docs/midi.md has it as a table for other hosts.

Frame i is the time from i to i + 1 frames. A note that begins in it has its gate open from frame i on, and says in
`onset` how much of the frame was over; a gate closes at the end of the note, rounded to whole frames, but not before
one frame is over. Between two notes of a voice its gate is closed for a frame, by which an envelope knows that a note
begins: where there is no room, the second begins that much later, at the beginning of a frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ddspgraph.io.midi_channels import Channels
from ddspgraph.io.midi_file import Event

_PORTS = ("pitch", "gate", "velocity", "onset", "bend", "pressure")
_PEDAL, _ALL_SOUND_OFF = 64, 120
#: All notes off, and the changes of mode, which mean the same.
_ALL_NOTES_OFF = range(123, 128)
#: Before the first note of a voice.
_FIRST_KEY = 69
_NEVER = 1 << 62


@dataclass
class _Note:
    """A note of a voice.

    Attributes:
      order: counts the notes.
      begins, onset: the first frame, and how much of it is over by then.
      ends: the first frame after it; None while it sounds.
      is_held: by its key, else by the pedal.
      bend: in semitones, where it no longer follows its channel.
    """

    order: int
    channel: int
    key: int
    velocity: float
    begins: int
    onset: float
    ends: int | None = None
    is_held: bool = True
    pressure: float = 0.0
    bend: float | None = None

    def is_open(self, frame: int) -> bool:
        return self.begins <= frame and (self.ends is None or frame < self.ends)


@dataclass
class _Voice:
    """The note that is heard, or was the last to be, and those that begin after it."""

    notes: list[_Note] = field(default_factory=list)

    @property
    def sounding(self) -> _Note | None:
        """The note that keeps it from being free."""
        return self.notes[-1] if self.notes and self.notes[-1].ends is None else None

    def is_rested(self, frame: int) -> bool:
        """Whether a note that begins in this frame opens a gate that is closed in the frame before."""
        ends = self.notes[-1].ends if self.notes else -1
        return ends is not None and ends < frame


@dataclass(frozen=True)
class Stolen:
    """A note that ended early, since another one needed its voice."""

    seconds: Fraction
    key: int


class MidiVoices:
    """The voices of a MIDI input.

    Attributes:
      n_notes: that have begun.
      most: notes that sounded at a time.
      stolen: those of them that ended early.
      frame: the next one that is made.
    """

    def __init__(
        self,
        voices: int,
        frame_rate: Fraction | float,
        *,
        steal: str = "oldest",
        bend_range: float = 2.0,
        channel: int | None = None,
        mpe: bool = False,
        controllers: Sequence[int] = (),
    ) -> None:
        """Voices of a frame rate in Hz; see `ir.midi.MidiInput`. `controllers` are those that are given out."""
        self.frame_rate, self.steal, self.channel = Fraction(frame_rate), steal, channel
        self.controllers = tuple(controllers)
        self.voices = [_Voice() for _ in range(voices)]
        self.channels = Channels(bend_range, mpe=mpe)
        self.n_notes, self.most, self.frame = 0, 0, 0
        self.stolen: list[Stolen] = []

    def frames(self, events: Iterable[Event], n: int) -> dict[str, np.ndarray]:
        """The next `n` frames: by port, float32 [voices, n].

        `events` are those that lie before their end and were in no block before, in their order. One that lies before
        the first of them counts as being at its beginning.
        """
        first, end = self.frame, self.frame + n
        ports = [*_PORTS, *(f"cc{number}" for number in self.controllers)]
        made = {port: np.zeros((len(self.voices), n), np.float32) for port in ports}
        waiting = [(max(event.seconds * self.frame_rate, Fraction(first)), event) for event in events]
        waiting.reverse()
        begin = first
        while begin < end:
            while waiting and waiting[-1][0] < begin + 1:
                time, event = waiting.pop()
                self.hear(event, begin, float(time - begin))
            # Nothing changes until a gate moves, or the next event.
            until = math.floor(waiting[-1][0]) if waiting else end
            until = min(until, end, self._next_move(begin))
            for i, voice in enumerate(self.voices):
                for port, value in self._values(voice, begin).items():
                    made[port][i, begin - first : until - first] = value
                made["onset"][i, begin - first + 1 : until - first] = 0.0
            begin = until
        self.frame = end
        return made

    # -- frames ---------------------------------------------------------------------------------

    def _next_move(self, frame: int) -> int:
        """The first frame after this one in which a gate opens or closes by itself."""
        notes = [note for voice in self.voices for note in voice.notes]
        times = [time for note in notes for time in (note.begins, note.ends) if time is not None and time > frame]
        return min(times, default=_NEVER)

    def _values(self, voice: _Voice, frame: int) -> dict[str, float]:
        """By port."""
        while len(voice.notes) > 1 and voice.notes[1].begins <= frame:
            voice.notes.pop(0)
        note = voice.notes[0] if voice.notes else _Note(0, 1, _FIRST_KEY, 0.0, 0, 0.0, ends=0)
        channels = self.channels
        bend = channels.bend(note.channel) if note.bend is None else note.bend
        return {
            "pitch": note.key + bend,
            "gate": float(note.is_open(frame)),
            "velocity": note.velocity,
            "onset": note.onset if note.begins == frame and note.is_open(frame) else 0.0,
            "bend": bend,
            "pressure": max(channels.pressure(note.channel), note.pressure),
            **{f"cc{number}": channels.controller(note.channel, number) for number in self.controllers},
        }

    # -- events ---------------------------------------------------------------------------------

    def hear(self, event: Event, frame: int = 0, share: float = 0.0) -> None:
        """An event in a frame of which so much is over."""
        if self.channel not in (None, event.channel):
            return
        if event.kind == "note_on":
            self._begin(event, frame, share)
        elif event.kind == "note_off":
            held = [note for note in self._sounding() if note.is_held and (note.channel, note.key) == event[2:4]]
            self._let_go(held[:1], frame, share)
        elif event.kind == "polytouch":
            for note in self._sounding():
                if (note.channel, note.key) == event[2:4]:
                    note.pressure = event.value / 127.0
        else:
            self.channels.hear(event)
        if event.kind == "control_change":
            on_channel = [note for note in self._sounding() if note.channel == event.channel]
            if event.number == _ALL_SOUND_OFF:
                self._end(on_channel, frame, share)
            elif event.number in _ALL_NOTES_OFF:
                self._let_go([note for note in on_channel if note.is_held], frame, share)
            self._end([note for note in self._sounding() if not self._is_kept(note)], frame, share)

    def _sounding(self) -> list[_Note]:
        """The first to begin first."""
        notes = [note for voice in self.voices if (note := voice.sounding) is not None]
        return sorted(notes, key=lambda note: note.order)

    def _begin(self, event: Event, frame: int, share: float) -> None:
        voice = self._voice_for(event, frame)
        last = voice.notes[-1] if voice.notes else None
        begins, onset = frame, share
        if last is not None and not voice.is_rested(frame):
            if last.ends is None and last.begins > frame:  # it was never heard
                voice.notes.pop()
                begins, onset = last.begins, 0.0
            else:
                last.ends = max(frame, last.begins + 1)
                begins, onset = last.ends + 1, 0.0
        voice.notes.append(_Note(self.n_notes, event.channel, event.number, event.value / 127.0, begins, onset))
        self.n_notes += 1
        self.most = max(self.most, len(self._sounding()))

    def _voice_for(self, event: Event, frame: int) -> _Voice:
        """The lowest that is free, of those whose gate is closed if there are such; else one whose note ends now."""
        free = [voice for voice in self.voices if voice.sounding is None]
        if free:
            return next((voice for voice in free if voice.is_rested(frame)), free[0])
        notes = self._sounding()
        taken = notes[0] if self.steal == "oldest" else min(notes, key=lambda note: (note.velocity, note.order))
        self.stolen.append(Stolen(event.seconds, taken.key))
        return next(voice for voice in self.voices if voice.sounding is taken)

    def _is_kept(self, note: _Note) -> bool:
        return note.is_held or self.channels.pedal(note.channel)

    def _let_go(self, notes: Sequence[_Note], frame: int, share: float) -> None:
        """The keys of these notes go up."""
        for note in notes:
            note.is_held = False
        self._end([note for note in notes if not self._is_kept(note)], frame, share)

    def _end(self, notes: Sequence[_Note], frame: int, share: float) -> None:
        for note in notes:
            note.ends = max(frame + (share >= 0.5), note.begins + 1)
            if self.channels.is_member(note.channel):  # its channel is free for another note
                note.bend = self.channels.bend(note.channel)
