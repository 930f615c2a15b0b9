"""A keyboard that plays a graph, through a backend of mido without hardware: places in time, ports, errors."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.cli.streams.keyboard import Keyboard
from ddspgraph.data.midi_frames import frames_of_song
from ddspgraph.diagnostics import GraphError
from ddspgraph.io.midi_file import Song, event_of
from tests.midi import fake_backend

SPEC = """\
version: 2
name: organ
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs:
  notes: {rate: frame, midi: true, voices: 4}
nodes:
  f0: {op: midi_to_hz, voices: 4, inputs: [notes/pitch]}
  level: {op: multiply, voices: 4, inputs: [notes/gate, notes/velocity]}
  tone: {op: harmonic, voices: 4, mix: sum, inputs: [level, [1.0], f0], params: {scale_fn: null}}
outputs: {audio: tone}
"""


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[fake_backend.Input]]:
    """The open ports of a machine with three of them."""
    before = mido.backend
    mido.set_backend("tests.midi.fake_backend")
    fake_backend.OPEN.clear()
    yield fake_backend.OPEN
    mido.set_backend(before)


class Clock:
    """Time that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_messages_keep_their_places_a_block_later(ports: list[fake_backend.Input]) -> None:
    """What was played since the last block is in this one, where a song would have it."""
    graph, clock = dg.load(SPEC), Clock()
    keyboard = Keyboard(graph, "Keys 61", clock)
    block, parts, seconds = 16, [], 16 / 250
    played = [
        (0.0101, mido.Message("note_on", note=60, velocity=100)),
        (0.0702, mido.Message("note_on", note=64, velocity=50)),
        (0.0703, mido.Message("note_off", note=60)),
        (0.0999, mido.Message("note_on", note=64, velocity=0)),
        (0.1, mido.Message("program_change", program=3)),
        (0.2, mido.Message("pitchwheel", pitch=4096)),
    ]
    waiting = list(played)
    for i in range(1, 7):
        while waiting and waiting[0][0] <= i * seconds:
            clock.now, message = waiting.pop(0)
            ports[-1].send_in(message)
        clock.now = i * seconds
        parts.append(keyboard.block(block))
    events = tuple(e for at, message in played if (e := event_of(message, Fraction(at))))
    (midi,) = graph.midi
    expected, _ = frames_of_song(Song(events, Fraction(1)), midi, graph.clock, ["pitch", "gate", "velocity"], 6 * block)
    for port, x in expected.items():
        np.testing.assert_array_equal(np.concatenate([part[f"notes/{port}"] for part in parts], axis=2), x)


def test_a_port_is_found_by_a_part_of_its_name(ports: list[fake_backend.Input]) -> None:
    keyboard = Keyboard(dg.load(SPEC), "keys 25")
    assert ports[-1].name == "Keys 25 MIDI 1"
    keyboard.close()
    assert ports[-1].closed


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Organ", "E638 there is no MIDI port 'Organ'"),
        ("keys", "E638 several MIDI ports have 'keys' in their name"),
        ("Drum Pad", "E638 the MIDI port 'Drum Pad' cannot be opened: device busy"),
    ],
)
def test_ports_that_cannot_be(name: str, message: str, ports: list[fake_backend.Input]) -> None:
    with pytest.raises(GraphError, match=message) as caught:
        Keyboard(dg.load(SPEC), name)
    if "opened" not in message:
        assert "Keys 61 MIDI 1, Keys 25 MIDI 1, Drum Pad" in str(caught.value)


def test_a_machine_without_ports(ports: list[fake_backend.Input], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_backend, "PORTS", [])
    with pytest.raises(GraphError, match="E638 there is no MIDI port 'Keys'"):
        Keyboard(dg.load(SPEC), "Keys")


def test_a_machine_without_rtmidi(monkeypatch: pytest.MonkeyPatch) -> None:
    before = mido.backend
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    mido.set_backend("mido.backends.rtmidi")
    try:
        with pytest.raises(GraphError, match="E608 MIDI ports need python-rtmidi") as caught:
            Keyboard(dg.load(SPEC), "Keys")
        assert "[midi]" in str(caught.value)
    finally:
        mido.set_backend(before)


def test_stream_midi_sounds(
    ports: list[fake_backend.Input], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`stream --midi` through a sound card that is made up: silence, then a note."""
    heard: list[np.ndarray] = []

    class FakeStream:
        def __init__(self, callback: Any, blocksize: int, channels: int, **_: Any) -> None:
            self.callback, self.n, self.channels = callback, blocksize, channels

        def __enter__(self) -> None:
            for i in range(6):
                if i == 2:
                    ports[-1].send_in(mido.Message("note_on", note=69, velocity=127))
                played = np.zeros((self.n, self.channels), np.float32)
                self.callback(played, self.n, None, None)
                heard.append(played[:, 0].copy())
            raise KeyboardInterrupt

        def __exit__(self, *_: Any) -> None: ...

    module = types.SimpleNamespace(OutputStream=FakeStream, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    (tmp_path / "organ.yaml").write_text(SPEC)
    assert main(["stream", str(tmp_path / "organ.yaml"), "--midi", "Keys 61", "--block", "512"]) == 0
    levels = [float(np.abs(block).max()) for block in heard]
    assert levels[:2] == [0.0, 0.0]
    assert all(level > 0.5 for level in levels[3:])
    assert ports[-1].closed
    assert main(["stream", str(tmp_path / "organ.yaml"), "--live"]) == 2
    assert "--midi PORT plays its MIDI inputs" in capsys.readouterr().err
    ring = str(Path(__file__).parents[2] / "graphs" / "ring_modulator.yaml")
    assert main(["stream", ring, "--midi", "Keys 61"]) == 2
    assert "--midi plays MIDI inputs" in capsys.readouterr().err
    assert main(["stream", str(tmp_path / "organ.yaml"), "--midi", "Keys 61", "--verify"]) == 2
