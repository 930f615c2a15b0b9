"""MIDI files made byte by byte, and a reading of them that shares no line with the library."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np

END = b"\x00\xff\x2f\x00"


def length(n: int) -> bytes:
    """A number of seven bits a byte."""
    found = bytes([n & 0x7F])
    while n := n >> 7:
        found = bytes([n & 0x7F | 0x80]) + found
    return found


def track(*events: tuple[int, bytes], running: bool = False) -> bytes:
    """(ticks since the last event, message); with `running` a status that is that of before is left out."""
    body, status = b"", -1
    for ticks, data in events:
        body += length(ticks) + (data[1:] if running and data[0] == status and data[0] < 0xF0 else data)
        status = data[0]
    return b"MTrk" + struct.pack(">I", len(body + END)) + body + END


def file(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division & 0xFFFF) + b"".join(tracks)


def on(key: int, velocity: int = 64, channel: int = 1) -> bytes:
    return bytes([0x90 | channel - 1, key, velocity])


def off(key: int, channel: int = 1) -> bytes:
    return bytes([0x80 | channel - 1, key, 0])


def control(number: int, value: int, channel: int = 1) -> bytes:
    return bytes([0xB0 | channel - 1, number, value])


def bent(value: int, channel: int = 1) -> bytes:
    """-8192 to 8191."""
    return bytes([0xE0 | channel - 1, value + 8192 & 0x7F, value + 8192 >> 7])


def tempo(microseconds: int) -> bytes:
    return b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


def saved(folder: Path, data: bytes, name: str = "song.mid") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def random_song(seed: int) -> bytes:
    """Notes of few keys, so that many overlap, on some channels; pedals, tempi in any track, both kinds of note-off."""
    r = np.random.default_rng(seed)
    kind = seed % 3
    tracks = []
    for _ in range(1 if kind == 0 else int(r.integers(1, 5))):
        events = []
        for _ in range(int(r.integers(5, 60))):
            ticks, key, channel = (
                int(r.integers(0, 700) * r.integers(0, 2)),
                int(r.integers(60, 66)),
                int(r.integers(1, 4)),
            )
            what = r.choice(["on", "on", "on", "off", "off", "zero", "pedal", "tempo", "bend", "text"])
            data = {
                "on": on(key, int(r.integers(1, 128)), channel),
                "off": off(key, channel),
                "zero": on(key, 0, channel),
                "pedal": control(64, int(r.integers(0, 128)), channel),
                "tempo": tempo(int(r.integers(100_000, 900_000))),
                "bend": bent(int(r.integers(-8192, 8192)), channel),
                "text": b"\xff\x01\x02ab",
            }[str(what)]
            events.append((ticks, data))
        tracks.append(track(*events, running=bool(seed % 2)))
    return file(*tracks, kind=kind, division=int(r.choice([24, 96, 480, 960])))


class Played(NamedTuple):
    """A note: seconds, velocity 0 to 127."""

    begin: float
    end: float | None
    channel: int
    key: int
    velocity: int


def read_otherwise(data: bytes) -> list[Played]:
    """By mido's own clock: the first of two equal notes ends first; the pedal holds what ends while it is down."""
    whole = mido.MidiFile(file=io.BytesIO(data))
    songs = (
        [whole]
        if whole.type < 2
        else [mido.MidiFile(type=0, ticks_per_beat=whole.ticks_per_beat, tracks=[t]) for t in whole.tracks]
    )
    notes: list[Played] = []
    waiting: dict[tuple[int, int], list[int]] = {}
    kept: dict[int, list[int]] = {}
    pedal: dict[int, bool] = {}
    begin = 0.0
    for song in songs:
        now = begin
        for message in song:
            now += message.time
            if message.type in ("note_on", "note_off"):
                key = message.channel + 1, message.note
                if message.type == "note_on" and message.velocity:
                    waiting.setdefault(key, []).append(len(notes))
                    notes.append(Played(now, None, *key, message.velocity))
                elif waiting.get(key):
                    ended = waiting[key].pop(0)
                    if pedal.get(key[0]):
                        kept.setdefault(key[0], []).append(ended)
                    else:
                        notes[ended] = notes[ended]._replace(end=now)
            elif message.type == "control_change" and message.control == 64:
                pedal[message.channel + 1] = message.value >= 64
                if message.value < 64:
                    for ended in kept.pop(message.channel + 1, []):
                        notes[ended] = notes[ended]._replace(end=now)
        begin = now
    return notes
