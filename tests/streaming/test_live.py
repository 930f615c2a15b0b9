"""Live audio without a sound card: the same callback, with blocks that are made up."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import swift_f0

from ddspgraph.cli import main
from ddspgraph.cli.streams.live import Callback
from ddspgraph.cli.streams.run import Timing
from ddspgraph.diagnostics import GraphError, fail
from ddspgraph.instrument.feature_stream import PitchStream, latest_pitch


def _silent(self: Any, audio: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(audio) // 256
    return np.zeros(n), np.zeros(n), np.zeros(n)


@pytest.mark.parametrize(
    ("sample_rate", "hop", "block"),
    [
        (16_000, 64, 64),
        (16_000, 128, 1024),
        (44_100, 175, 1050),
        (48_000, 192, 192),
        (48_000, 192, 960),
        (22_050, 90, 450),
        (11_025, 45, 90),
        (96_000, 384, 768),
        (8_000, 80, 160),
    ],
)
def test_pitch_is_never_later_than_its_latency(
    sample_rate: int, hop: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through swift-f0's own stream, its network left out, for longer than the latency was measured."""
    monkeypatch.setattr(swift_f0.SwiftF0, "_run", _silent)
    late = latest_pitch(sample_rate, sample_rate / hop, hop, block)
    stream, worst = PitchStream(sample_rate, sample_rate / hop), 0
    for n in range(block, 70 * sample_rate, block):
        stream.push(np.zeros(block, np.float32))
        worst = max(worst, n - stream.n_made * hop)
    assert worst == late
    assert late < 0.35 * sample_rate


def test_a_callback_that_fails_is_silent_from_then_on() -> None:
    def answer(audio: np.ndarray) -> np.ndarray:
        if audio[0] > 0.5:
            raise fail("E606", "too few frames")
        return audio

    callback = Callback(answer, Timing(4))
    played = np.ones((4, 1), np.float32)
    callback(np.full((4, 1), 0.25, np.float32), played, 4, None, None)
    np.testing.assert_array_equal(played, 0.25)
    assert not callback.failed.is_set()
    for level in (1.0, 0.25):
        played[:] = 1.0
        callback(np.full((4, 1), level, np.float32), played, 4, None, None)
        np.testing.assert_array_equal(played, 0.0)
    assert callback.failed.is_set()
    assert isinstance(callback.error, GraphError)


@pytest.mark.parametrize(
    ("error", "code", "message"), [(fail("E606", "too few frames"), 4, "E606 too few"), (KeyError("f0_hz"), 1, "f0_hz")]
)
def test_an_error_of_the_callback_ends_the_command(
    error: Exception, code: int, message: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    class FakeStream:
        def __init__(self, callback: Callback, blocksize: int, **settings: Any) -> None:
            self.callback, self.n = callback, blocksize

        def __enter__(self) -> None:
            def answer(audio: np.ndarray) -> np.ndarray:
                raise error

            self.callback.answer = answer
            block = np.zeros((self.n, 1), np.float32)
            self.callback(block, block, self.n, None, None)

        def __exit__(self, *error: Any) -> None: ...

    module = types.SimpleNamespace(Stream=FakeStream, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    ring = str(Path(__file__).parents[2] / "graphs" / "ring_modulator.yaml")
    assert main(["stream", ring, "--live"]) == code
    assert message in capsys.readouterr().err
