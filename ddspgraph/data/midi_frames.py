"""A song as the frames of a MIDI input."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ddspgraph.diagnostics import Diagnostic
from ddspgraph.io.midi_file import Event, Song
from ddspgraph.io.midi_voices import MidiVoices
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.midi import MidiInput, controller_of
from ddspgraph.limits import MOST_VOICES

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def voices_for(midi: MidiInput, clock: Clock, ports: Sequence[str]) -> MidiVoices:
    """The voices of a MIDI input, of which these ports are read."""
    controllers = [number for port in ports if (number := controller_of(port)) is not None]
    return MidiVoices(
        midi.voices or 1,
        clock.frame_rate or 1,
        steal=midi.steal,
        bend_range=midi.bend_range,
        channel=midi.channel,
        mpe=midi.mpe,
        controllers=controllers,
    )


def frames_of_song(
    song: Song, midi: MidiInput, clock: Clock, ports: Sequence[str], n_frames: int
) -> tuple[dict[str, np.ndarray], MidiVoices]:
    """By port float32 [1, voices, frames, 1], or [1, frames, 1] of an input without voices, and who played."""
    voices = voices_for(midi, clock, ports)
    rate = Fraction(clock.frame_rate or 1)
    made = voices.frames([event for event in song.events if event.seconds * rate < n_frames], n_frames)
    return {port: in_axes(made[port], midi) for port in ports}, voices


def frames_in(song: Song, clock: Clock) -> int:
    """How many frames a song has, until the last gate is closed."""
    rate = Fraction(clock.frame_rate or 1)
    last = max((event.seconds for event in song.events), default=Fraction(0))
    return max(math.ceil(song.seconds * rate), math.floor(last * rate) + 2)


def in_axes(frames: np.ndarray, midi: MidiInput) -> np.ndarray:
    """[voices, frames] as the graph takes it."""
    return frames[None, ..., None] if midi.voices is not None else frames[0][None, :, None]


def stolen_notes(midi: MidiInput, voices: MidiVoices, events: Sequence[Event] = ()) -> Diagnostic | None:
    """W131 where notes ended early, with the number of voices that the events need."""
    if not voices.stolen:
        return None
    first, count = voices.stolen[0], len(voices.stolen)
    most = notes_at_a_time(midi, events)
    of = f"{count} of {voices.n_notes} notes end early" if count > 1 else f"a note of {voices.n_notes} ends early"
    name = f"{_NAMES[first.key % 12]}{first.key // 12 - 1}"
    which = f"the first is {name}" if count > 1 else f"{name}"
    has = f"there are {len(voices.voices)} voices" if len(voices.voices) > 1 else "there is one voice"
    message = f"'{midi.name}': {of}, {which} at {float(first.seconds):.2f} s: {has}"
    hint = f"write `voices: {most}` at '{midi.name}' and where it is read" if most > len(voices.voices) else None
    return Diagnostic("W131", message, midi.span, hint=hint)


def notes_at_a_time(midi: MidiInput, events: Sequence[Event]) -> int:
    """How many notes sound at once at most, the pedal included."""
    plenty = voices_for(replace(midi, voices=MOST_VOICES), Clock(frame_rate=Fraction(1)), ())
    for event in events:
        plenty.hear(event)
    return plenty.most


def inputs_of(graph_inputs: Mapping[str, object], midi: MidiInput) -> list[str]:
    """The ports of a MIDI input that are among the inputs of a graph, in their order."""
    return [port for name in graph_inputs if (port := midi.port_of(name)) is not None]
