"""Recordings of two channels in and out of `run` and `stream`, and voices as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddspgraph.cli import main

pytestmark = pytest.mark.usefixtures("compiled_once")

STEREO = """\
version: 2
name: turned
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {audio: {rate: audio, channels: 2}}
nodes: {turned: {op: matrix, inputs: [audio, [[0, 1], [1, 0]]]}}
outputs: {audio: turned}
"""
VOICES = """\
version: 2
name: three
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {level: {rate: frame, unit: dB, voices: 3}, audio: {rate: audio}}
nodes:
  each: {op: gain, voices: 3, inputs: [audio, level]}
outputs: {voices: each}
"""
SOUND = np.random.default_rng(1).uniform(-0.5, 0.5, [800, 2]).astype(np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("turned.yaml").write_text(STEREO)
    Path("three.yaml").write_text(VOICES)
    soundfile.write("two.wav", SOUND, 8000, subtype="FLOAT")
    soundfile.write("one.wav", SOUND[:, 0], 8000, subtype="FLOAT")


@pytest.mark.parametrize("verb", ["run", "stream"])
def test_two_channels_go_in_and_out_as_they_are(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [verb, "turned.yaml", "--format", "float", "--output", "audio=out.wav"]
    assert main([*arguments, "--input", "audio=two.wav"]) == 0
    assert "mixed down" not in capsys.readouterr().err
    np.testing.assert_allclose(soundfile.read("out.wav", dtype="float32")[0], SOUND[:, ::-1], atol=1e-7)
    assert main([*arguments, "--input", "audio=one.wav"]) == 0  # one channel is held for both
    np.testing.assert_allclose(soundfile.read("out.wav", dtype="float32")[0], SOUND[:, [0, 0]], atol=1e-7)


def test_a_graph_of_one_channel_mixes_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    level = ["--input", "level=-6 dB"]
    assert main(["run", "three.yaml", *level, "--input", "audio=two.wav", "--output", "voices=v.npy"]) == 0
    assert "two.wav: 2 channels mixed down to one" in capsys.readouterr().err
    wanted = np.broadcast_to(SOUND.mean(axis=1) * 10 ** (-6 / 20), [1, 3, 800])
    np.testing.assert_allclose(np.load("v.npy"), wanted, atol=1e-6)


@pytest.mark.parametrize("verb", ["run", "stream"])
def test_voices_are_arrays(verb: str) -> None:
    levels = np.random.default_rng(3).uniform(-20, 0, [3, 25, 1]).astype(np.float32)
    np.save("levels.npy", levels)
    inputs = ["--input", "level=levels.npy", "--input", "audio=one.wav"]
    assert main([verb, "three.yaml", *inputs, "--output", "voices=v.npy"]) == 0
    found = np.load("v.npy")
    assert found.shape == (1, 3, 800)
    # At the first sample of a frame its level stands alone.
    np.testing.assert_allclose(found[0, :, ::32], SOUND[::32, 0] * 10 ** (levels[..., 0] / 20), atol=1e-5)


def test_a_recording_holds_no_voices(capsys: pytest.CaptureFixture[str]) -> None:
    level = ["--input", "level=-6 dB", "--input", "audio=one.wav"]
    assert main(["run", "three.yaml", *level, "--output", "voices=v.wav"]) == 4
    err = capsys.readouterr().err
    assert "E602 the output 'voices' has 3 voices, a recording is one" in err
    assert "mix_voices" in err
    assert not Path("v.wav").exists()
