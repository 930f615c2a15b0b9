"""`ddspgraph watch`: the loop by hand. What passes between two looks is an edit, a block of sound, or Ctrl-C."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ddspgraph.cli import main
from ddspgraph.cli.streams import looks
from ddspgraph.player import watching

SPEC = """
version: 2
name: quiet
clock: {sample_rate: 8 kHz}
inputs: {audio: {rate: audio}}
nodes: {out: {op: gain, inputs: [audio, 0.5 linear]}}
outputs: {audio: out}
"""
TONE = """
version: 2
name: tone
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {f0_hz: {rate: frame, unit: Hz}}
nodes: {out: {op: harmonic, inputs: [0.5, [1.0], f0_hz], params: {scale_fn: null}}}
outputs: {audio: out}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    soundfile.write("dry.wav", np.full(800, 0.5), 8_000, subtype="FLOAT")
    Path("a.yaml").write_text(SPEC)


def play(monkeypatch: pytest.MonkeyPatch, steps: Callable[[], Iterator[object]]) -> None:
    """Takes a step in place of every pause; after the last one comes Ctrl-C. Files settle at once."""
    monkeypatch.setattr(watching, "SETTLED_S", 0.0)
    monkeypatch.setattr(watching, "GONE_S", 0.0)
    left = steps()

    def pause() -> None:
        if next(left, "end") == "end":
            raise KeyboardInterrupt

    monkeypatch.setattr(looks, "pause", pause)


def edited(old: str, new: str, spec: str = SPEC) -> None:
    assert old in spec
    Path("a.yaml").write_text(spec.replace(old, new))


def test_the_result_is_written_at_every_save(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def level() -> float:
        return round(float(soundfile.read("wet.wav")[0][100]), 4)

    levels, told = [], []

    def steps() -> Iterator[None]:
        def looked() -> Iterator[None]:
            yield
            yield  # it changed, it settled
            levels.append(level())
            told.append(capsys.readouterr().err)

        levels.append(level())
        for old, new in (("0.5", "0.25"), ("[audio", "[audoi"), ("0.5", "0.125"), ("audio: out", "sound: out")):
            edited(old, new)
            yield from looked()
        edited("0.5", "1.0")
        soundfile.write("dry.wav", np.full(800, 0.25), 8_000, subtype="FLOAT")
        yield from looked()
        Path("a.yaml").unlink()
        yield from looked()

    play(monkeypatch, steps)
    code = main(["watch", "a.yaml", "--input", "audio=dry.wav", "--output", "audio=wet.wav", "--format", "float"])
    assert code == 130
    assert levels == [0.25, 0.125, 0.125, 0.0625, 0.0625, 0.25, 0.25]
    assert "a.yaml: ready in" in told[0]
    assert "a.yaml:6:34: E301" in told[1]
    assert "the last result stays" in told[1]
    assert "no output 'audio'" in told[3]
    assert "E601" in told[5]
    assert "interrupted" in capsys.readouterr().err


def test_errors_as_json(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    edited("audio, 0.5", "audoi, 0.5")
    play(monkeypatch, lambda: iter(()))
    assert main(["watch", "a.yaml", "--json"]) == 130
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["code"] == "E301"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-"], 2, "this is stdin"),
        (["."], 2, "this is a folder"),
        (["b.yaml"], 4, "did you mean 'a.yaml'?"),
        (["a.yaml", "--block", "64"], 2, "--live"),
        (["a.yaml", "--live", "--output", "x.wav"], 2, "--live plays"),
        (["a.yaml", "--input", "audio=dry.wav", "--output", "sound=x.wav"], 2, "no output 'sound'"),
        (["a.yaml", "--live"], 4, "E608"),
    ],
)
def test_what_cannot_be_watched(
    arguments: list[str], code: int, message: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    play(monkeypatch, lambda: iter(()))
    assert main(["watch", *arguments]) == code
    assert message in capsys.readouterr().err


class Card:
    """A sound card: a test asks for blocks."""

    opened: list[Card] = []

    def __init__(self, callback: Any, samplerate: int, blocksize: int, channels: int, dtype: str) -> None:
        self.callback, self.rate, self.n, self.is_open = callback, samplerate, blocksize, False
        Card.opened.append(self)

    def __enter__(self) -> None:
        self.is_open = True

    def __exit__(self, *error: Any) -> None:
        self.is_open = False

    def hear(self, recorded: float | None = None) -> np.ndarray:
        played = np.ones((self.n, 1), np.float32)
        inputs = () if recorded is None else (np.full((self.n, 1), recorded, np.float32),)
        self.callback(*inputs, played, self.n, None, None)
        return played[:, 0]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> type[Card]:
    Card.opened = []
    module = types.SimpleNamespace(Stream=Card, OutputStream=Card, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return Card


def test_the_microphone_plays_on_through_every_edit(
    card: type[Card], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    ends = []

    def steps() -> Iterator[None]:
        ends.append(card.opened[0].hear(1.0)[-1])
        for old, new in (("0.5", "0.25"), ("[audio", "[audoi"), ("0.5", "0.125")):
            edited(old, new)
            yield
            yield
            ends.append(card.opened[0].hear(1.0)[-1])
        assert len(card.opened) == 1
        edited("8 kHz", "16 kHz")  # the card is opened anew
        yield
        yield
        ends.append(card.opened[1].hear(1.0)[-1])
        assert [c.is_open for c in card.opened] == [False, True]
        card.opened[1].hear(np.nan)
        yield
        yield
        assert not card.opened[1].is_open
        edited("0.5", "0.25")
        yield
        yield
        ends.append(card.opened[2].hear(1.0)[-1])

    play(monkeypatch, steps)
    assert main(["watch", "a.yaml", "--live", "--block", "512"]) == 130
    np.testing.assert_allclose(ends, [0.5, 0.25, 0.25, 0.125, 0.5, 0.25], rtol=1e-6)
    told = capsys.readouterr().err
    assert "E301" in told
    assert "E801" in told
    assert "silent until the next save" in told
    assert sys.getswitchinterval() == pytest.approx(0.005)


def test_files_and_values_play_in_a_loop(card: type[Card], monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []

    def steps() -> Iterator[None]:
        heard.extend(card.opened[0].hear() for _ in range(40))
        edited("harmonic, inputs: [0.5", "harmonic, inputs: [0.25", TONE)
        yield
        yield
        heard.extend(card.opened[0].hear() for _ in range(40))

    Path("a.yaml").write_text(TONE)
    play(monkeypatch, steps)
    assert main(["watch", "a.yaml", "--live", "--input", "f0_hz=250 Hz", "--block", "64"]) == 130
    x = np.concatenate(heard)
    period = 32  # 8000 / 250
    np.testing.assert_allclose(x[1024:2048], x[1024 - period : 2048 - period], atol=1e-5)
    assert np.max(np.abs(x[1024:2048])) == pytest.approx(0.5, abs=1e-3)
    assert np.max(np.abs(x[4096:])) == pytest.approx(0.25, abs=1e-3)
    assert np.max(np.abs(np.diff(x))) < 0.5 * 2 * np.pi * 250 / 8_000 + 1e-3  # no click: no steeper than the tone
