"""Recordings go through `ddspgraph stream` block by block: lengths, rates, what is wrong with them, memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import ddspgraph as dg
from ddspgraph.cli import main

pytestmark = pytest.mark.usefixtures("compiled_once")

RATE = 8_000
SPEC = """
version: 2
name: small
clock: {sample_rate: 8 kHz, hop: 32}
inputs:
  audio: {rate: audio}
  gain_db: {rate: frame, unit: dB}
nodes: {out: {op: gain, inputs: {audio: audio, gain: gain_db}}}
outputs: {audio: out}
"""
LOUDER = "{version: 2, name: louder, clock: {sample_rate: 8 kHz}, inputs: {x: {rate: audio}}, nodes: {y: {op: gain, inputs: {audio: x, gain: 0.5}}}, outputs: {y: y}}"  # noqa: E501


def noise(n: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(n).normal(size=n)).astype(np.float32)


def write(folder: Path, spec: str, audio: np.ndarray, rate: int = RATE) -> list[str]:
    (folder / "graph.yaml").write_text(spec, encoding="utf-8")
    soundfile.write(folder / "in.wav", audio, rate, subtype="FLOAT")
    return ["stream", str(folder / "graph.yaml"), "--format", "float", "--output", str(folder / "out.wav")]


@pytest.mark.parametrize("n", [320, 321, 319, 5, 1])
def test_a_recording_of_any_length(n: int, tmp_path: Path) -> None:
    command = write(tmp_path, SPEC, noise(n))
    gains = np.random.default_rng(0).uniform(-20, 0, (-(-n // 32), 1)).astype(np.float32)
    np.save(tmp_path / "gain.npy", gains)
    inputs = ["--input", f"audio={tmp_path / 'in.wav'}", "--input", f"gain_db={tmp_path / 'gain.npy'}"]
    assert main([*command, *inputs, "--block", "96"]) == 0
    found, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    wanted = dg.compile(SPEC)({"audio": noise(n)[None], "gain_db": gains[None]})["audio"]
    np.testing.assert_allclose(found, wanted[0], atol=1e-6)


@pytest.mark.parametrize("rate", [RATE, 11_025])
@pytest.mark.parametrize("frames", [29, 32, 200])
def test_inputs_that_end_apart(frames: int, rate: int, tmp_path: Path, capsys: Any) -> None:
    """Of a resampled recording only its end tells how long it is."""
    command = write(tmp_path, SPEC, noise(1000 * rate // RATE), rate)
    np.save(tmp_path / "gain.npy", np.zeros((1 + frames, 1), np.float32))
    inputs = ["--input", f"audio={tmp_path / 'in.wav'}", "--input", f"gain_db={tmp_path / 'gain.npy'}"]
    wanted = 0 if 1 + frames == 32 else 4
    assert main([*command, *inputs, "--block", "96"]) == wanted
    assert (tmp_path / "out.wav").exists() == (wanted == 0)
    assert ("E606" in capsys.readouterr().err) == (wanted == 4)


def test_a_stereo_recording_of_another_rate(tmp_path: Path, capsys: Any) -> None:
    command = write(tmp_path, LOUDER, np.stack([noise(1_000), noise(1_001)[1:]], axis=1), 16_000)
    assert main([*command, "--input", str(tmp_path / "in.wav")]) == 0
    said = capsys.readouterr().err
    assert "2 channels mixed down to one" in said
    assert "resampled from 16 kHz to 8 kHz" in said
    assert soundfile.info(tmp_path / "out.wav").frames == 500


def test_a_recording_is_held_a_block_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten blocks of the file no more than two are there at once."""
    from ddspgraph.cli.streams import sources as stream_sources
    from ddspgraph.io import audio

    monkeypatch.setattr(audio, "_BLOCK_FRAMES", 1_000)
    waiting: list[int] = []
    read = stream_sources.RecordingSource.next

    def watched(source: Any, n: int) -> np.ndarray:
        x = read(source, n)
        waiting.append(len(source.waiting))
        return x

    monkeypatch.setattr(stream_sources.RecordingSource, "next", watched)
    command = write(tmp_path, LOUDER, noise(10_000))
    assert main([*command, "--input", str(tmp_path / "in.wav"), "--block", "300"]) == 0
    assert max(waiting) < 2_000
    np.testing.assert_allclose(soundfile.read(tmp_path / "out.wav")[0], 10 ** (0.5 / 20) * noise(10_000), atol=1e-7)


def test_what_is_not_finite_ends_the_stream(tmp_path: Path, capsys: Any) -> None:
    command = write(tmp_path, LOUDER.replace("gain: 0.5", "gain: 1.0e+38"), 1e3 * noise(3_000))
    assert main([*command, "--input", str(tmp_path / "in.wav"), "--block", "300"]) == 6
    assert "E801" in capsys.readouterr().err
    assert not (tmp_path / "out.wav").exists()


def test_two_sounds_are_no_recording(tmp_path: Path, capsys: Any) -> None:
    command = write(tmp_path, LOUDER, noise(10))
    np.save(tmp_path / "two.npy", np.zeros((2, 300), np.float32))
    assert main([*command, "--input", str(tmp_path / "two.npy")]) == 4
    assert "holds 2 sounds" in capsys.readouterr().err


def test_a_seed_is_a_64_bit_integer(tmp_path: Path, capsys: Any) -> None:
    assert main([*write(tmp_path, LOUDER, noise(10)), "--input", str(tmp_path / "in.wav"), "--seed", str(2**63)]) == 2
    assert "64-bit" in capsys.readouterr().err


def test_a_recording_of_two_hours(tmp_path: Path, capsys: Any) -> None:
    """The limit of an hour is of what is held in memory; one that is asked for holds."""
    spec = tmp_path / "louder.yaml"
    spec.write_text(
        "version: 2\nname: louder\nclock: {sample_rate: 100 Hz}\ninputs: {audio: {rate: audio}}\n"
        "nodes: {out: {op: gain, inputs: {audio: audio, gain: 2 dB}}}\noutputs: {audio: out}\n"
    )
    x = np.random.default_rng(0).uniform(-0.4, 0.4, 720_000).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", x, 100, subtype="FLOAT")
    command = ["stream", str(spec), "--input", f"audio={tmp_path / 'long.wav'}", "--block", "90000"]
    out = tmp_path / "out.wav"
    assert main([*command, "--output", str(out), "--format", "float"]) == 0
    np.testing.assert_allclose(soundfile.read(out, dtype="float32")[0], 10 ** (2.0 / 20) * x, atol=1e-6)
    assert main([*command, "--output", str(out), "--limit", "audio_seconds=3000"]) == 5
    assert "E701" in capsys.readouterr().err
    assert main([*command, "--output", str(tmp_path / "out.npy"), "--limit", "array_bytes=1MiB"]) == 5
    assert "an array larger than the limit" in capsys.readouterr().err
    assert not (tmp_path / "out.npy").exists()
