"""What `run` takes for inputs and gives as outputs: numbers, arrays as others write them, any port of the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddspgraph.cli import main

SPEC = """\
version: 2
name: tone
clock: {sample_rate: 8 kHz, frame_rate: 250 Hz, duration: 40 ms}
inputs:
  notes: {rate: frame, unit: midi}
  level: {rate: frame, unit: linear}
nodes:
  f0: {op: midi_to_hz, inputs: [notes]}
  harmonic: {op: harmonic, inputs: {amplitudes: level, harmonic_distribution: 1.0, f0_hz: f0}, params: {scale_fn: null}}
  quiet: {op: gain, inputs: [harmonic, -6 dB]}
outputs: {audio: quiet}
"""
SOUND = """\
version: 2
name: level
clock: {sample_rate: 8 kHz}
inputs: {audio: {rate: audio}}
nodes: {quiet: {op: gain, inputs: [audio, 0 dB]}}
outputs: {out: quiet}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tone.yaml").write_text(SPEC)
    Path("sound.yaml").write_text(SOUND)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["run", *arguments])
    return code, capsys.readouterr().err


def test_numbers_and_quantities_are_inputs_and_any_port_is_an_output(capsys: pytest.CaptureFixture[str]) -> None:
    inputs = ["--input", "notes=440 Hz", "--input", "level=-6 dB"]
    outputs = ["--output", "f0/signal=f0.npy", "--output", "harmonic=dry.wav", "--output", "audio=wet.npy"]
    code, err = run(capsys, "tone.yaml", *inputs, *outputs)
    assert code == 0, err
    np.testing.assert_allclose(np.load("f0.npy"), np.full([1, 10, 1], 440.0), rtol=1e-6)
    dry, _ = soundfile.read("dry.wav")
    turns = 2 * np.pi * 440 * np.arange(320) / 8000
    waves = np.stack([np.sin(turns), np.cos(turns)], axis=1)  # of any phase
    part, *_ = np.linalg.lstsq(waves, dry, rcond=None)
    # Phase in float32, samples of 24 bits.
    np.testing.assert_allclose(dry, waves @ part, atol=1e-5)
    np.testing.assert_allclose(np.hypot(*part), 10 ** (-6 / 20), rtol=1e-5)
    np.testing.assert_allclose(np.load("wet.npy")[0], dry * 10 ** (-6 / 20), atol=2e-7)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--input", "notes=69,5"], 2, "'69,5' has a decimal comma; write 69.5"),
        (["--input", "notes=a4"], 2, "the note is written A4"),
        (["--input", "notes=3 s"], 2, "3 s cannot be said in midi; write a number, such as 69"),
        (["--input", "notes=1e999"], 2, "1e999 is not finite; write a number, such as 69"),
        (["--input", "notes=pitch"], 4, "neither a number nor a kind of file"),
        ([], 4, "help: --input notes=FILE.npy ([frames, 1], 250 a second, in midi), or a number: --input notes=69"),
        (["--output", "harmonic/sound=a.wav"], 2, "no output 'harmonic/sound'; did you mean 'harmonic/signal' or"),
        (["--output", "harmonics=a.wav"], 2, "no output 'harmonics'; did you mean 'harmonic'?"),
        (["--output", "nothing/like_it=a.wav"], 2, "no output 'nothing/like_it'; known: audio, f0, harmonic, quiet"),
    ],
)
def test_before_anything_is_computed(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    given = [] if arguments == [] else ["--input", "level=0.5"]
    found, err = run(capsys, "tone.yaml", *given, *arguments)
    assert found == code
    assert said in err


def test_a_number_lasts_as_long_as_the_other_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("open.yaml").write_text(SPEC.replace(", duration: 40 ms", ""))
    np.save("level.npy", np.full(7, 0.5))
    assert run(capsys, "open.yaml", "--input", "notes=69", "--input", "level.npy", "--output", "o.npy")[0] == 2
    code, err = run(capsys, "open.yaml", "--input", "notes=69", "--input", "level=level.npy", "--output", "o.npy")
    assert code == 0, err
    assert np.load("o.npy").shape == (1, 7 * 32)
    code, err = run(capsys, "open.yaml", "--input", "notes=69", "--input", "level=0.5", "--output", "o.npy")
    assert code == 2
    assert "nothing says for how long" in err


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint8", "int8"])
def test_whole_numbers_are_full_scale_as_in_a_wav_file(capsys: pytest.CaptureFixture[str], dtype: str) -> None:
    top = {"int16": 1 << 14, "int32": 1 << 30, "uint8": 192, "int8": 64}[dtype]
    np.save("x.npy", np.full(16, top, dtype))
    code, err = run(capsys, "sound.yaml", "--input", "x.npy", "--output", "y.npy")
    assert code == 0, err
    np.testing.assert_array_equal(np.load("y.npy"), np.full([1, 16], 0.5, np.float32))


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros([16000, 2], np.float32), "would be 16000 sounds of 2 samples"),
        (np.zeros([256, 1], np.float32), "would be 256 sounds of one sample"),
        (np.zeros([300, 8], np.int16), "one for each channel by x.T"),
        (np.zeros(16, np.int64), "is int64, of which nobody knows the full scale"),
    ],
)
def test_arrays_that_are_no_batch_of_sounds(capsys: pytest.CaptureFixture[str], x: np.ndarray, said: str) -> None:
    np.save("x.npy", x)
    code, err = run(capsys, "sound.yaml", "--input", "x.npy", "--output", "y.wav")
    assert code == 4
    assert "E605" in err
    assert said in err
    assert not Path("y.wav").exists()


def test_a_recording_goes_into_an_op_of_any_number_of_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("wide.yaml").write_text(
        SOUND.replace("{op: gain, inputs: [audio, 0 dB]}", "{op: concat, inputs: [audio, audio]}")
    )
    soundfile.write("in.wav", np.linspace(-0.5, 0.5, 100), 8000, subtype="FLOAT")
    code, err = run(capsys, "wide.yaml", "--input", "audio=in.wav", "--output", "out=out.npy")
    assert code == 0, err
    np.testing.assert_allclose(np.load("out.npy")[0, :, 1], np.linspace(-0.5, 0.5, 100), atol=1e-6)


CHORD = """
version: 2
name: chord
clock: {sample_rate: 8 kHz, hop: 32, duration: 40 ms}
inputs: {notes: {rate: frame, unit: midi, voices: 2}, pair: {rate: const, shape: [2]}}
graphs:
  voice:
    inputs: {notes: {rate: frame, unit: midi}}
    nodes: {hz: {op: midi_to_hz, inputs: [notes]}, more: {op: add, inputs: [notes, 12]}}
    outputs: {hz: hz, more: more}
nodes:
  vox: {graph: voice, voices: 2, inputs: [notes]}
  twice: {op: multiply, inputs: [pair, 2]}
outputs: {hz: vox, pair: twice}
"""


def test_a_list_has_a_number_for_each_voice_and_a_use_is_an_output(capsys: pytest.CaptureFixture[str]) -> None:
    Path("chord.yaml").write_text(CHORD)
    given = ["--input", "notes=[69, 57 midi]", "--input", "pair=[1, -3]"]
    files = ["hz=hz.npy", "pair=pair.npy", "vox=vox.npy", "vox/more=more.npy"]
    code, err = run(capsys, "chord.yaml", *given, *(x for file in files for x in ("--output", file)))
    assert code == 0, err
    np.testing.assert_allclose(np.load("hz.npy")[0, :, :, 0], np.repeat([[440.0], [220.0]], 10, axis=1), rtol=1e-6)
    np.testing.assert_array_equal(np.load("vox.npy"), np.load("hz.npy"))
    np.testing.assert_array_equal(np.load("more.npy")[0, :, 0, 0], [81.0, 69.0])
    np.testing.assert_array_equal(np.load("pair.npy"), [[2.0, -6.0]])
    for wrong, said in (
        ("notes=[69, 57, 60]", "it has 3 numbers, the input is [batch, 2 voices, frames, 1]"),
        ("notes=[69, high]", "'high' is no number; one of them is 69"),
    ):
        code, err = run(capsys, "chord.yaml", "--input", wrong, "--input", "pair=1", "--output", "hz=hz.npy")
        assert code == 2
        assert said in err
    code, err = run(capsys, "chord.yaml", *given, "--output", "vox/mor=more.npy")
    assert code == 2
    assert "did you mean 'vox/more'" in err
    assert "or one for each voice: --input notes='[69, ...]'" in run(capsys, "chord.yaml", "--output", "hz=hz.npy")[1]
