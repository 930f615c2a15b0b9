"""`ddspgraph stream --pitch swift-f0`: a recording, a pipe or a microphone plays an instrument."""

from __future__ import annotations

import io
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.data.analysis import features_of
from ddspgraph.data.pitch import swift_f0
from ddspgraph.instrument.performance import Fit, fit_performance
from ddspgraph.io.audio import read_audio
from tests.data.sounds import notes

pytestmark = pytest.mark.usefixtures("compiled_once")

RATE = 16_000
SPEC = """
version: 2
name: instrument
clock: {sample_rate: 16 kHz, frame_rate: 125 Hz}
inputs:
  f0_hz: {rate: frame, unit: Hz}
  loudness_db: {rate: frame, unit: dB}
nodes:
  level: {op: db_to_amplitude, inputs: [loudness_db]}
  tone:
    op: harmonic
    inputs: {amplitudes: level, harmonic_distribution: [1.0, 0.5], f0_hz: f0_hz}
    params: {scale_fn: null}
outputs: {audio: tone}
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    (tmp_path / "instrument.yaml").write_text(SPEC, encoding="utf-8")
    return str(tmp_path / "instrument.yaml")


@pytest.fixture(scope="module")
def sung() -> np.ndarray:
    melody = [notes(0.5, f0_hz, RATE, gain) for f0_hz, gain in ((220, 0.3), (330, 0.1), (147, 0.5))]
    return np.concatenate([*melody, np.zeros(55)]).astype(np.float32)


def played_offline(audio: np.ndarray, octaves: float) -> np.ndarray:
    model = dg.compile(SPEC)
    found = features_of(audio, model.graph.clock, swift_f0)
    fitted = fit_performance(found, {}, 125.0, Fit(octave_shift=octaves)).features
    inputs = {name: fitted[name][None, :, None] for name in ("f0_hz", "loudness_db")}
    return model(inputs)["audio"].numpy()[0, : len(audio)]


def test_a_recording_plays_an_instrument(spec: str, sung: np.ndarray, tmp_path: Path, capsys: Any) -> None:
    """As the offline features do, in time: the latency of the tracker is cut off with that of the graph."""
    soundfile.write(tmp_path / "sung.wav", sung, RATE, subtype="FLOAT")
    command = ["stream", spec, "--pitch", "swift-f0", "--input", str(tmp_path / "sung.wav"), "--octave-shift", "1"]
    assert (
        main([*command, "--output", str(tmp_path / "out.wav"), "--format", "float", "--block", "1024", "--json"]) == 0
    )
    facts = json.loads(capsys.readouterr().out)
    assert 128 + 2_500 < facts["latency_samples"]["audio"] < 128 + 3_300
    found, wanted = read_audio(tmp_path / "out.wav", RATE), played_offline(sung, 1)
    assert found.shape == sung.shape
    np.testing.assert_allclose(found[:-256], wanted[:-256], atol=1e-3)


@pytest.mark.parametrize("shift_db", [0, 6])
def test_a_graph_that_hears_the_recording_itself(shift_db: int, sung: np.ndarray, tmp_path: Path) -> None:
    """A model that measures power of its own gets the recording in time with its pitch, and as loud as was asked."""
    text = SPEC.replace("loudness_db: {rate: frame, unit: dB}", "audio: {rate: audio}").replace(
        "level: {op: db_to_amplitude, inputs: [loudness_db]}",
        "heard: {op: power, inputs: [audio], params: {padding: same}}\n  level: {op: db_to_amplitude, inputs: [heard]}",
    )
    (tmp_path / "hears.yaml").write_text(text, encoding="utf-8")
    soundfile.write(tmp_path / "sung.wav", sung, RATE, subtype="FLOAT")
    command = ["stream", str(tmp_path / "hears.yaml"), "--pitch", "swift-f0", "--octave-shift", "0", "--block", "1024"]
    command += ["--loudness-shift", str(shift_db), "--input", f"audio={tmp_path / 'sung.wav'}", "--format", "float"]
    assert main([*command, "--output", str(tmp_path / "out.wav")]) == 0
    found, model = read_audio(tmp_path / "out.wav", RATE), dg.compile(text)
    features = features_of(sung, model.graph.clock, swift_f0)
    f0_hz = fit_performance(features, {}, 125.0, Fit(octave_shift=0)).features["f0_hz"]
    heard = np.pad(sung, (0, -len(sung) % 128)) * 10 ** (shift_db / 20)
    wanted = model({"f0_hz": f0_hz[None, :, None], "audio": heard[None]})["audio"].numpy()[0]
    begin = 4 * 128  # the first frame moves to its gain
    np.testing.assert_allclose(found[begin:-256], wanted[begin : len(sung) - 256], atol=2e-3)


def test_a_pipe_plays_an_instrument(spec: str, sung: np.ndarray, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    out = io.BytesIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(sung.astype("<f4").tobytes())))
        patched.setattr(sys, "stdout", types.SimpleNamespace(buffer=out, flush=lambda: None, isatty=lambda: False))
        command = ["stream", spec, "--pitch", "swift-f0", "--input", "audio=-", "--output", "-"]
        assert main([*command, "--octave-shift", "0", "--block", "256"]) == 0
    found = np.frombuffer(out.getvalue(), "<f4")
    np.testing.assert_allclose(found[:-256], played_offline(sung, 0)[:-256], atol=1e-3)
    assert "pitch 2" in capsys.readouterr().err


def test_a_microphone_plays_an_instrument(spec: str, sung: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many samples as were recorded come out at once, as late as the latency says."""
    played: list[np.ndarray] = []

    class FakeStream:
        def __init__(self, callback: Any, blocksize: int, **settings: Any) -> None:
            self.callback, self.n = callback, blocksize

        def __enter__(self) -> None:
            for begin in range(0, len(sung) - self.n, self.n):
                out = np.zeros((self.n, 1), np.float32)
                self.callback(sung[begin : begin + self.n, None], out, self.n, None, None)
                played.append(out[:, 0])
            raise KeyboardInterrupt

        def __exit__(self, *error: Any) -> None: ...

    module = types.SimpleNamespace(Stream=FakeStream, PortAudioError=RuntimeError)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    told: list[str] = []
    monkeypatch.setattr(
        "ddspgraph.cli.verbs.stream.show_json", lambda facts: told.append(facts["latency_samples"]["audio"])
    )
    command = ["stream", spec, "--pitch", "swift-f0", "--live", "--octave-shift", "0", "--block", "256", "--json"]
    assert main(command) == 0
    latency, found = int(told[0]), np.concatenate(played)
    wanted = played_offline(sung, 0)[: len(found) - latency]
    begin = 4 * 128  # fades in from the silence before it
    # Phases differ by what was played before the first frame: the spectra are the same.
    spectra = [np.abs(np.fft.rfft(x[begin : begin + 4_096])) for x in (found[latency:], wanted)]
    assert np.corrcoef(*spectra)[0, 1] > 0.98
    assert np.max(np.abs(found[: latency - 256])) < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pitch", "swift-f0"], "--input audio=FILE.wav"),
        (["--pitch", "swift-f0", "--verify"], "leave out --pitch"),
        (["--pitch", "swift-f0", "--input", "audio=-", "--octave-shift", "nine"], "--octave-shift wants"),
    ],
)
def test_usage(spec: str, arguments: list[str], message: str, capsys: Any) -> None:
    assert main(["stream", spec, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_graph_that_takes_no_pitch(capsys: Any) -> None:
    ring = str(Path(__file__).parents[2] / "graphs" / "ring_modulator.yaml")
    assert main(["stream", ring, "--pitch", "swift-f0", "--input", "audio=-"]) == 2
    assert "--pitch plays graphs that take f0_hz, loudness_db" in capsys.readouterr().err
