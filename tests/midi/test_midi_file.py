"""What is read of MIDI files: times, tempi, types, running status; and what is no MIDI file."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ddspgraph.diagnostics import GraphError
from ddspgraph.io.midi_file import Event, read_midi
from ddspgraph.limits import Limits
from tests.midi.songs import END, bent, control, file, off, on, random_song, read_otherwise, saved, tempo, track


def events(folder: Path, data: bytes) -> tuple[Event, ...]:
    return read_midi(saved(folder, data)).events


def test_a_tempo_holds_for_all_tracks_from_where_it_is(tmp_path: Path) -> None:
    """Set in the second track, in the middle of a note of the first. 480 ticks a quarter."""
    notes = track((0, on(60)), (960, off(60)))
    found = read_midi(saved(tmp_path, file(notes, track((480, tempo(1_000_000))))))
    assert [(float(e.seconds), e.kind) for e in found.events] == [(0.0, "note_on"), (1.5, "note_off")]
    assert found.seconds == Fraction(3, 2)


def test_running_status_and_velocity_zero(tmp_path: Path) -> None:
    data = file(track((0, on(60, 64)), (10, on(62, 64)), (10, on(60, 0)), running=True), kind=0)
    assert b"\x90\x3c\x40\x0a\x3e\x40\x0a\x3c\x00" in data  # the status is there once
    assert [(e.kind, e.number) for e in events(tmp_path, data)] == [("note_on", 60), ("note_on", 62), ("note_off", 60)]


def test_songs_of_a_file_of_type_2_follow_each_other(tmp_path: Path) -> None:
    first, second = track((0, on(60)), (480, off(60))), track((0, tempo(1_000_000)), (480, on(61)), (0, off(61)))
    found = read_midi(saved(tmp_path, file(first, second, first, kind=2)))
    assert [float(e.seconds) for e in found.events] == [0.0, 0.5, 1.5, 1.5, 1.5, 2.0]


@pytest.mark.parametrize(
    ("division", "seconds"),
    [(0xE728, Fraction(400, 1000)), (0xE304, Fraction(100) / Fraction(30_000, 1_001) / 1), (0xE250, Fraction(1, 6))],
)
def test_smpte_time_counts_frames(division: int, seconds: Fraction, tmp_path: Path) -> None:
    """25 frames of 40 ticks, 30 / 1.001 frames of 4, 30 frames of 80: whatever the tempo."""
    found = events(tmp_path, file(track((0, tempo(1)), (400, on(60))), division=division))
    assert found[0].seconds == seconds


def test_what_the_format_allows_and_mido_does_not(tmp_path: Path) -> None:
    """Foreign chunks, a longer header, a number of tracks that is another one."""
    notes = track((0, on(60)))
    foreign = b"XFIH" + struct.pack(">I", 4) + b"abcd"
    longer = b"MThd" + struct.pack(">IHHHH", 8, 1, 9, 480, 0) + foreign + notes + foreign
    assert [e.number for e in events(tmp_path, longer)] == [60]


def test_all_that_voices_hear(tmp_path: Path) -> None:
    data = [bent(-8192, 3), bytes([0xD0, 50]), bytes([0xA1, 60, 70]), control(74, 127, 16), bytes([0xC0, 5])]
    found = events(tmp_path, file(track(*((0, d) for d in data))))
    assert [e[1:] for e in found] == [
        ("pitchwheel", 3, 0, -8192),
        ("aftertouch", 1, 0, 50),
        ("polytouch", 2, 60, 70),
        ("control_change", 16, 74, 127),
    ]


@pytest.mark.parametrize("seed", range(100))
def test_note_ons_are_where_mido_plays_them(seed: int, tmp_path: Path) -> None:
    data = random_song(seed)
    found = [e for e in events(tmp_path, data) if e.kind == "note_on"]
    expected = read_otherwise(data)
    assert [(e.channel, e.number, e.value) for e in found] == [(n.channel, n.key, n.velocity) for n in expected]
    np.testing.assert_allclose([float(e.seconds) for e in found], [n.begin for n in expected], atol=1e-9)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this is not a MIDI file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "this is not a MIDI file"),
        (b"MThd\x00\x00", "this is not a MIDI file"),
        (file(track((0, on(60))), kind=3), "a MIDI file of type 3 is none that is known"),
        (file(track((0, on(60))), division=0), "a MIDI file of 0 ticks"),
        (file(track((0, on(60))), division=0xE700), "a MIDI file of 0 ticks"),
        (file(track((0, on(60)), (9, off(60))))[:-7], "it ends in the middle of a track"),
        (
            b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", 6) + b"\x00\x3c\x40" + END,
            "damaged",
        ),
    ],
)
def test_what_is_no_midi_file(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=message) as caught:
        read_midi(saved(tmp_path, data))
    assert caught.value.diagnostics[0].code == "E637"
    assert "song.mid:1:1" in str(caught.value)


def test_damaged_files_end_in_findings(tmp_path: Path) -> None:
    """Every byte of a song replaced by another: read, or refused by name."""
    r, data, codes = np.random.default_rng(0), random_song(4), set()
    for _ in range(300):
        hurt = bytearray(data)
        for at in r.integers(0, len(data), int(r.integers(1, 6))):
            hurt[at] = r.integers(0, 256)
        try:
            read_midi(saved(tmp_path, bytes(hurt[: int(r.integers(8, len(data) + 1))])))
        except GraphError as error:
            codes.add(error.diagnostics[0].code)
    assert "E637" in codes <= {"E637", "E701"}


def test_limits(tmp_path: Path) -> None:
    path = saved(tmp_path, file(track((0, on(60)), (480 * 4, off(60)))))
    with pytest.raises(GraphError, match="E701 the song is 2 s long, the limit is 1 s"):
        read_midi(path, limits=Limits(audio_seconds=1))
    with pytest.raises(GraphError, match="E701 larger than 10 bytes"):
        read_midi(path, limits=Limits(array_bytes=10))
    with pytest.raises(GraphError, match="E601"):
        read_midi(tmp_path / "none.mid")
