"""Which voice plays which note: nothing lost, places within frames, stealing, pedal, bends, MPE; any blocks."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from ddspgraph.io.midi_file import Event, read_midi
from ddspgraph.io.midi_voices import MidiVoices
from tests.midi.songs import random_song, read_otherwise, saved

RATE = 250


class Heard(NamedTuple):
    """A note of a voice, in frames."""

    begin: float
    end: int
    key: float
    velocity: float


def heard(made: dict[str, np.ndarray]) -> list[Heard]:
    """What a consumer of gates sees: a note from where a gate opens to where it closes."""
    found = []
    for v, gate in enumerate(made["gate"]):
        edges = np.diff(np.concatenate([[0.0], gate, [0.0]]))
        for begin, end in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
            onset, key = made["onset"][v, begin], made["pitch"][v, begin] - made["bend"][v, begin]
            assert (made["onset"][v, begin + 1 : end] == 0.0).all()
            assert (made["velocity"][v, begin:end] == made["velocity"][v, begin]).all()
            found.append(Heard(begin + onset, int(end), float(key), float(made["velocity"][v, begin])))
    return sorted(found)


def event(seconds: Any, kind: str, number: int = 60, value: int = 64, channel: int = 1) -> Event:
    return Event(Fraction(seconds), kind, channel, number, value)


def on(frames: Any, key: int = 60, velocity: int = 64, channel: int = 1) -> Event:
    return event(Fraction(frames) / RATE, "note_on", key, velocity, channel)


def off(frames: Any, key: int = 60, channel: int = 1) -> Event:
    return event(Fraction(frames) / RATE, "note_off", key, 0, channel)


def cc(frames: Any, number: int, value: int, channel: int = 1) -> Event:
    return event(Fraction(frames) / RATE, "control_change", number, value, channel)


def played(events: list[Event], n: int = 40, voices: int = 4, **settings: Any) -> dict[str, np.ndarray]:
    return MidiVoices(voices, RATE, **settings).frames(events, n)


@pytest.mark.parametrize("seed", range(100))
def test_no_note_is_lost_and_every_end_is_found(seed: int, tmp_path: Path) -> None:
    """With as many voices as notes: each begins where it was played, and ends on the nearest frame."""
    data = random_song(seed)
    song = read_midi(saved(tmp_path, data))
    expected = read_otherwise(data)
    n = math.ceil(song.seconds * RATE) + 3
    voices = MidiVoices(len(expected) or 1, RATE)
    found = heard(voices.frames(song.events, n))
    assert not voices.stolen
    assert voices.n_notes == len(expected) == len(found)

    def ends(begin: float, end: float | None) -> int:
        return n if end is None else max(math.floor(RATE * end + 0.5), math.floor(RATE * begin) + 1)

    wanted = sorted(Heard(RATE * x.begin, ends(x.begin, x.end), x.key, x.velocity / 127) for x in expected)
    np.testing.assert_allclose([x[0] for x in found], [x[0] for x in wanted], atol=1e-4)
    # Notes of one instant stand in any order, and mido's clock, in floats, may round a half the other way.
    for part in (1, 2, 3):
        tolerance = {1: 1.0, 2: 1e-4, 3: 1e-6}[part]
        by_begin = [sorted((round(x[0], 3), x[part]) for x in notes) for notes in (found, wanted)]
        np.testing.assert_allclose([x[1] for x in by_begin[0]], [x[1] for x in by_begin[1]], atol=tolerance)


@pytest.mark.parametrize("seed", range(20))
def test_blocks_are_the_whole(seed: int, tmp_path: Path) -> None:
    """Few voices, stealing, any blocks: a keyboard heard block by block makes the frames of the song in one go."""
    song = read_midi(saved(tmp_path, random_song(seed)))
    n, r = math.ceil(song.seconds * RATE) + 3, np.random.default_rng(seed)
    how: dict[str, Any] = {"steal": ["oldest", "quietest"][seed % 2], "controllers": [64, 1], "mpe": seed % 5 == 0}
    whole = MidiVoices(3, RATE, **how).frames(song.events, n)
    live, parts, begin = MidiVoices(3, RATE, **how), [], 0
    while begin < n:
        end = min(begin + int(r.integers(1, 40)), n)
        parts.append(live.frames([e for e in song.events if begin <= e.seconds * RATE < end], end - begin))
        begin = end
    for port, x in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[port] for part in parts], axis=1), x)
    assert all(np.isfinite(x).all() for x in whole.values())


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_while_the_voices_suffice(seed: int, tmp_path: Path) -> None:
    """As many voices as notes sound at a time, no more: each is heard, in its frame or a few later."""
    song = read_midi(saved(tmp_path, random_song(seed)))
    plenty = MidiVoices(200, RATE)
    plenty.frames(song.events, 1)
    n = math.ceil(song.seconds * RATE) + 200
    wanted = heard(MidiVoices(200, RATE).frames(song.events, n))
    most = MidiVoices(200, RATE)
    for e in song.events:
        most.hear(e)
    voices = MidiVoices(most.most, RATE)
    found = heard(voices.frames(song.events, n))
    assert not voices.stolen
    assert sorted((x.key, x.velocity) for x in found) == sorted((x.key, x.velocity) for x in wanted)


def test_a_place_within_a_frame_is_kept() -> None:
    made = played([on(Fraction(13, 4)), off(Fraction(41, 4))])
    assert made["gate"][0].nonzero()[0].tolist() == list(range(3, 10))  # 10.25 is nearer to 10
    assert made["onset"][0, 3] == 0.25
    assert made["onset"].sum() == 0.25
    assert played([on(3), off(Fraction(43, 4))])["gate"][0].nonzero()[0].tolist() == list(range(3, 11))


def test_a_note_shorter_than_a_frame_sounds_for_one() -> None:
    made = played([on(Fraction(31, 10)), off(Fraction(32, 10)), on(5), off(5)])
    assert made["gate"][0].nonzero()[0].tolist() == [3, 5]


def test_the_lowest_free_voice_plays() -> None:
    made = played([on(1, 60), on(2, 61), on(3, 62), off(5, 61), on(8, 63), off(9, 60), on(20, 64)])
    assert [made["pitch"][v, 25] for v in range(4)] == [64, 63, 62, 69]
    assert made["velocity"][0, 25] == np.float32(64 / 127)
    assert made["gate"][:, 25].tolist() == [1, 1, 1, 0]


def test_a_gate_closes_between_two_notes_of_a_voice() -> None:
    """Another voice plays where there is one; else the second note is a frame late."""
    events = [on(1, 60), off(5, 60), on(5, 62), off(9, 62)]
    two, one = played(events, voices=2), played(events, voices=1)
    assert two["gate"][:, :11].tolist() == [[0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0]]
    assert one["gate"][0, :11].tolist() == [0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0]
    assert one["pitch"][0, 4:7].tolist() == [60, 60, 62]


def test_two_notes_of_one_key_end_in_the_order_in_which_they_began() -> None:
    made = played([on(1, 60, 10), on(3, 60, 20), off(6, 60), off(9, 60)])
    assert [x[:2] for x in heard(made)] == [(1, 6), (3, 9)]


@pytest.mark.parametrize(("steal", "left"), [("oldest", [61, 62, 63]), ("quietest", [60, 62, 63])])
def test_a_voice_is_stolen_where_none_is_free(steal: str, left: list[int]) -> None:
    voices = MidiVoices(3, RATE, steal=steal)
    made = voices.frames([on(1, 60, 90), on(2, 61, 30), on(3, 62, 60), on(10.5, 63, 50), off(20, 63)], 40)
    assert sorted(made["pitch"][:, 15].tolist()) == left
    assert [(float(s.seconds * RATE), s.key) for s in voices.stolen] == [(10.5, 60 if steal == "oldest" else 61)]
    taken = int(np.flatnonzero(made["pitch"][:, 15] == 63)[0])
    assert made["gate"][taken, 9:12].tolist() == [1, 0, 1]
    assert made["gate"][taken, 20] == 0.0


def test_many_notes_at_once_on_one_voice() -> None:
    """The last one sounds; the others were stolen before they did, but the first, which had begun."""
    voices = MidiVoices(1, RATE)
    made = voices.frames([on(2, key) for key in range(60, 70)] + [off(5, key) for key in range(60, 70)], 20)
    assert [(x.begin, x.key) for x in heard(made)] == [(2.0, 60.0), (4.0, 69.0)]
    assert len(voices.stolen) == 9


def test_the_pedal_holds_what_ends_while_it_is_down() -> None:
    events = [on(1, 60), cc(2, 64, 127), off(4, 60), on(5, 62), off(6, 62), cc(10, 64, 0), on(12, 64), off(14, 64)]
    assert [x[:3] for x in heard(played(events))] == [(1, 10, 60), (5, 10, 62), (12, 14, 64)]
    other = [on(1, 60), cc(2, 64, 127, channel=2), off(4, 60)]
    assert [x[:2] for x in heard(played(other))] == [(1, 4)]


@pytest.mark.parametrize(
    ("messages", "end"),
    [
        ([cc(8, 123, 0)], 8),
        ([cc(5, 64, 127), cc(8, 123, 0), cc(12, 64, 0)], 12),  # all notes off is heard as their keys going up
        ([cc(5, 64, 127), cc(8, 120, 0)], 8),  # all sound off is not
        ([cc(5, 64, 127), off(6), cc(8, 121, 0)], 8),  # reset: the pedal goes up
        ([cc(8, 127, 0)], 8),
        ([cc(8, 123, 0, channel=2)], 40),
    ],
)
def test_messages_that_end_notes(messages: list[Event], end: int) -> None:
    assert [x[1] for x in heard(played([on(1), *messages]))] == [end]


def test_bends_and_their_range() -> None:
    bend = event(Fraction(5, RATE), "pitchwheel", 0, 4096)
    assert played([on(1), bend])["pitch"][0, 4:6].tolist() == [60.0, 61.0]
    assert played([on(1), bend], bend_range=12)["bend"][0, 6] == 6.0
    said = [cc(0, 101, 0), cc(0, 100, 0), cc(0, 6, 7), cc(0, 38, 50), cc(0, 101, 127), cc(0, 100, 127), cc(0, 6, 1)]
    assert played([*said, on(1), bend], bend_range=12)["bend"][0, 6] == 3.75
    assert played([on(1), bend, on(7, 64, channel=2)])["bend"][:2, 8].tolist() == [1.0, 0.0]


def test_pressure_and_controllers() -> None:
    events = [
        on(1, 60), on(1, 64), event(Fraction(3, RATE), "aftertouch", 0, 127),
        event(Fraction(5, RATE), "aftertouch", 0, 0), event(Fraction(6, RATE), "polytouch", 64, 127), cc(7, 74, 127),
    ]  # fmt: skip
    made = played(events, controllers=[74, 7, 11])
    assert made["pressure"][:2, [2, 4, 5, 6]].tolist() == [[0, 1, 0, 0], [0, 1, 0, 1]]
    assert made["cc74"][:, [6, 7]].tolist() == [[0, 1]] * 4
    assert made["cc7"][0, 0] == np.float32(100 / 127)
    assert made["cc11"][0, 0] == 1.0


def test_one_channel_alone() -> None:
    events = [on(1, 60, channel=1), on(1, 36, channel=10), off(5, 60, channel=1), off(9, 36, channel=10)]
    assert [x[2] for x in heard(played(events, channel=10))] == [36.0]


def mpe(*more: Event) -> list[Event]:
    """A note on channel 2 and one on channel 3, each with its bend, and the bend of the master, which has no notes."""
    bends = [(2, 4096), (3, -4096), (1, 8191)]
    return [
        on(1, 60, channel=2), on(1, 72, channel=3),
        *(event(Fraction(5, RATE), "pitchwheel", 0, value, channel) for channel, value in bends), *more,
    ]  # fmt: skip


def test_mpe_has_a_bend_a_note_and_one_for_all() -> None:
    master = 2.0 * 8191 / 8192
    made = played(mpe(), mpe=True)
    np.testing.assert_allclose(made["bend"][:2, 8], [24.0 + master, -24.0 + master], rtol=1e-6)
    assert played(mpe())["bend"][:2, 8].tolist() == [1.0, -1.0]  # without zones a channel is itself alone


def test_a_song_says_its_zones() -> None:
    """MPE configuration: RPN 6 on channel 1, of 5 channels; then of none."""
    zone = [cc(0, 101, 0), cc(0, 100, 6), cc(0, 6, 5)]
    assert played([*zone, *mpe()])["bend"][0, 8] == pytest.approx(24.0 + 2.0 * 8191 / 8192)
    outside = event(Fraction(6, RATE), "pitchwheel", 0, 4096, 7)
    assert played([*zone, on(2, 65, channel=7), outside])["bend"][0, 8] == 1.0
    assert played([*zone, cc(0, 6, 0), *mpe()])["bend"][0, 8] == 1.0
    said = [cc(0, 101, 0, 2), cc(0, 100, 0, 2), cc(0, 6, 12, 2)]  # of one member: of all
    assert played([*zone, *said, *mpe()])["bend"][1, 8] == pytest.approx(-6.0 + 2.0 * 8191 / 8192)
    upper = [cc(0, 101, 0, 16), cc(0, 100, 6, 16), cc(0, 6, 15, 16)]
    assert played([*upper, *mpe()])["bend"][0, 8] == 24.0  # channel 1 is no master of it


def test_the_pedal_and_the_controllers_of_a_master_are_all_members() -> None:
    events = [on(1, 60, channel=2), cc(2, 64, 127), cc(2, 74, 127), off(4, 60, channel=2), cc(9, 64, 0)]
    made = played(events, mpe=True, controllers=[74])
    assert [x[:2] for x in heard(made)] == [(1, 9)]
    assert made["cc74"][0, 3] == 1.0
    own = played([*events[:3], cc(3, 74, 0, channel=2)], mpe=True, controllers=[74])
    assert own["cc74"][0, 2:4].tolist() == [1.0, 0.0]


def test_a_note_of_mpe_keeps_its_bend_when_its_channel_goes_to_another() -> None:
    later = [off(10, 60, channel=2), event(Fraction(12, RATE), "pitchwheel", 0, 0, 2)]
    made = played(mpe(*later), mpe=True)
    assert made["bend"][0, 9] == made["bend"][0, 20]


def test_before_the_first_note_and_after_the_last() -> None:
    made = played([on(5, 50, 100), off(9, 50)])
    assert (made["pitch"][0, :5] == 69.0).all()
    assert (made["pitch"][0, 5:] == 50.0).all()
    assert (made["velocity"][0, 9:] == np.float32(100 / 127)).all()
    assert (made["gate"][1:] == 0.0).all()
    assert played([])["gate"].shape == (4, 40)
    assert MidiVoices(2, RATE).frames([], 0)["gate"].shape == (2, 0)
