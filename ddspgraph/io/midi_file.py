"""MIDI files as events in seconds. The bytes are read by mido; times and tempi are kept as fractions.

Tempo changes hold for all tracks, whichever they stand in. Of a file of type 2, whose tracks are songs of their own,
the tracks are played one after the other.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from ddspgraph.diagnostics import clean, fail
from ddspgraph.files import open_file, place
from ddspgraph.limits import DEFAULT_LIMITS, Limits

MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".smf")
#: Microseconds of a quarter note until a tempo is set.
_TEMPO = 500_000
_SECOND = 1_000_000
#: What mido calls a message -> what its two numbers are called.
_NUMBERS = {
    "note_on": ("note", "velocity"),
    "note_off": ("note", "velocity"),
    "polytouch": ("note", "value"),
    "control_change": ("control", "value"),
    "aftertouch": (None, "value"),
    "pitchwheel": (None, "pitch"),
}
#: Frames a second that SMPTE time counts 29 for.
_DROP_FRAMES = Fraction(30_000, 1_001)


class Event(NamedTuple):
    """What a keyboard sends. `kind` is a key of mido's; a note_on of velocity 0 has become a note_off.

    `seconds` are from the beginning of the song; `channel` is 1 to 16, `number` the key or controller, `value` 0 to
    127, of a pitchwheel -8192 to 8191.
    """

    seconds: Fraction
    kind: str
    channel: int
    number: int
    value: int


class Song(NamedTuple):
    """Events in the order in which they are heard, and how long it is."""

    events: tuple[Event, ...]
    seconds: Fraction


def is_midi(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a MIDI file by its name."""
    return Path(path).suffix.lower() in MIDI_SUFFIXES


def read_midi(path: str | os.PathLike[str], *, limits: Limits = DEFAULT_LIMITS) -> Song:
    """The song of a MIDI file of type 0, 1 or 2.

    Raises:
      GraphError: E601 no such file, E608 without mido, E637 not a MIDI file or one that is cut off, E701 and E709 a
        file or a song that is longer than the limit, or no file.
    """
    with open_file(path) as file:
        data = file.read(limits.array_bytes + 1)
    if len(data) > limits.array_bytes:
        raise fail("E701", f"larger than {limits.array_bytes:,} bytes", place(path))
    tracks, kind, division = _tracks(data, path)
    songs = [[track] for track in tracks] if kind == 2 else [tracks]
    events: list[Event] = []
    begin = Fraction(0)
    for song in songs:
        found, seconds = _heard(song, division, begin)
        events += found
        begin += seconds
    if begin > limits.audio_seconds:
        hint = f"raise it with --limit audio_seconds={int(begin) + 1}"
        message = f"the song is {float(begin):.0f} s long, the limit is {limits.audio_seconds} s"
        raise fail("E701", message, place(path), hint=hint)
    return Song(tuple(events), begin)


def event_of(message: Any, seconds: Fraction) -> Event | None:
    """The event of a message of mido; None of one that no voice hears."""
    if message.type not in _NUMBERS:
        return None
    number, value = (getattr(message, name) if name else 0 for name in _NUMBERS[message.type])
    is_off = message.type == "note_on" and value == 0
    return Event(seconds, "note_off" if is_off else message.type, message.channel + 1, number, value)


def load_mido() -> Any:
    """The package. Raises GraphError E608 where it is missing."""
    try:
        import mido
    except ImportError as error:
        raise fail("E608", f"MIDI needs mido: {error}", hint="pip install mido") from None
    return mido


def _tracks(data: bytes, path: str | os.PathLike[str]) -> tuple[list[Any], int, int]:
    """The tracks, the type of the file, and its division. Raises GraphError E637."""
    chunks = list(_chunks(data))
    header = next((body for name, body in chunks if name == b"MThd"), b"")
    if data[:4] != b"MThd" or len(header) < 6:
        hint = "a MIDI file begins with MThd; recordings go to inputs of audio rate"
        raise fail("E637", "this is not a MIDI file", place(path), hint=hint)
    kind, division = int.from_bytes(header[:2], "big"), int.from_bytes(header[4:6], "big", signed=True)
    if kind > 2 or (division & 0xFF == 0 and division <= 0):
        what = f"type {kind}" if kind > 2 else "0 ticks"
        raise fail(
            "E637", f"a MIDI file of {what} is none that is known", place(path), hint="export it anew, as type 1"
        )
    # mido refuses chunks of other kinds, which the format allows, and counts on the header's number of tracks.
    bodies = [body for name, body in chunks if name == b"MTrk"]
    head = b"MThd" + (6).to_bytes(4, "big") + kind.to_bytes(2, "big") + len(bodies).to_bytes(2, "big") + b"\x00\x60"
    whole = head + b"".join(b"MTrk" + len(body).to_bytes(4, "big") + body for body in bodies)
    mido = load_mido()
    try:
        return list(mido.MidiFile(file=io.BytesIO(whole), clip=True).tracks), kind, division
    except Exception as error:  # of many kinds: EOFError, OSError, KeySignatureError, IndexError, ValueError
        why = "it ends in the middle of a track" if isinstance(error, EOFError) else clean(str(error))
        raise fail("E637", f"a damaged MIDI file: {why}", place(path), hint="export it anew") from None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size


def _heard(tracks: Iterable[Any], division: int, begin: Fraction) -> tuple[list[Event], Fraction]:
    """The events of tracks that play together, from `begin` on, and how long they are in seconds."""
    placed: list[tuple[int, Any]] = []
    for track in tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            placed.append((ticks, message))
    placed.sort(key=lambda pair: pair[0])  # what is at one time stays in the order of the tracks
    events: list[Event] = []
    tempo, last, elapsed = _TEMPO, 0, 0  # `elapsed` in microseconds, times the ticks of a quarter
    per_second = _ticks_a_second(division)
    seconds = Fraction(0)
    for ticks, message in placed:
        elapsed += (ticks - last) * tempo
        last = ticks
        seconds = ticks / per_second if per_second else Fraction(elapsed, division * _SECOND)
        if message.type == "set_tempo":
            tempo = message.tempo
        elif (event := event_of(message, begin + seconds)) is not None:
            events.append(event)
    return events, seconds


def _ticks_a_second(division: int) -> Fraction | None:
    """Of SMPTE time; None where the division is the ticks of a quarter note."""
    if division > 0:
        return None
    frames = -(division >> 8)
    return (_DROP_FRAMES if frames == 29 else Fraction(frames)) * (division & 0xFF)
