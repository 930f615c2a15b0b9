"""What rings on after the inputs have ended: as long as the responses, and the same as with silence at the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import ddspgraph as dg
from ddspgraph.cli import main

pytestmark = pytest.mark.usefixtures("compiled_once")

ROOM = """
version: 2
name: room
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {audio: {rate: audio}}
nodes:
  echo: {op: mod_delay, inputs: {audio: audio, gain: 0.5, phase: 0.0}, params: {center_ms: 100 ms, depth_ms: 0 ms}}
  room: {op: exp_decay_reverb, inputs: {audio: echo, gain: 1.0, decay: 1.0}, params: {reverb_length: 0.25 s}}
outputs: {audio: room}
"""
SYNTH = """
version: 2
name: synth
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {f0: {rate: frame, unit: Hz}, ir: {rate: const, shape: [n]}}
nodes:
  tone: {op: harmonic, inputs: {amplitudes: 1.0, harmonic_distribution: [1.0, 0.5], f0_hz: f0}}
  room: {op: reverb, inputs: {audio: tone, ir: ir}, params: {add_dry: false}}
outputs: {audio: room, tone: tone}
"""


def test_tails_add_up_along_a_path() -> None:
    """800 samples of the echo and 1,999 of the room, in whole frames: the last sample of it is heard."""
    graph = dg.load(ROOM)
    click = np.zeros((1, 1_000), np.float32)
    click[0, -1] = 1.0
    longer, inputs = dg.with_tail(graph, {"audio": click})
    found = dg.compile(longer)(inputs)["audio"].numpy()[0]
    assert len(found) == -(-(1_000 + 800 + 1_999) // 32) * 32
    assert np.flatnonzero(np.abs(found) > 1e-4)[-1] > 1_000 + 800 + 1_900
    short = dg.compile(graph)({"audio": click})["audio"].numpy()[0]
    np.testing.assert_allclose(found[:1_000], short, atol=1e-6)
    silence = np.pad(click, [(0, 0), (0, len(found) - 1_000)])
    np.testing.assert_allclose(found, dg.compile(graph)({"audio": silence})["audio"].numpy()[0], atol=1e-6)


def test_a_synthesizer_is_silent_in_the_tail() -> None:
    """Its room rings on for the length of the response that was given."""
    ir = np.zeros((1, 501), np.float32)
    ir[0, -1] = 1.0
    longer, inputs = dg.with_tail(dg.load(SYNTH), {"f0": np.full((1, 10, 1), 440.0), "ir": ir})
    found = {name: x.numpy()[0] for name, x in dg.compile(longer)(inputs).items()}
    assert len(found["audio"]) == -(-820 // 32) * 32
    assert np.abs(found["tone"][:320]).max() > 0.1
    assert not found["tone"][320:].any()
    np.testing.assert_allclose(found["audio"][500:820], found["tone"][:320], atol=1e-6)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "room.yaml").write_text(ROOM, encoding="utf-8")
    soundfile.write(tmp_path / "in.wav", np.eye(1, 800, dtype=np.float32)[0], 8_000, subtype="FLOAT")
    out = tmp_path / "out.wav"
    command = ["run", str(tmp_path / "room.yaml"), "--input", str(tmp_path / "in.wav"), "--output", str(out)]
    assert main([*command, "--tail", "500 ms"]) == 0
    assert soundfile.info(out).frames == 4_800
    assert main([*command, "--tail", "long"]) == 2
    assert "--tail wants a time such as '2 s', or auto" in capsys.readouterr().err
    assert main([*command, "--tail", "1e9 s"]) == 2
    assert "--tail is at most 3600 s, this is '1e9 s'" in capsys.readouterr().err


MIXED = """
version: 2
name: mixed
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {audio: {rate: audio}, f0: {rate: frame, unit: Hz}}
nodes:
  tone:
    op: harmonic
    inputs: {amplitudes: 0.3, harmonic_distribution: [1.0, 0.5], f0_hz: f0}
    params: {scale_fn: null}
  sum: {op: add, inputs: [audio, tone]}
  echo: {op: mod_delay, inputs: {audio: sum, gain: 0.5, phase: 0.0}, params: {center_ms: 100 ms, depth_ms: 0 ms}}
outputs: {audio: echo, tone: tone}
"""


@pytest.mark.parametrize(("tail", "more"), [("auto", 800), ("0.25 s", 2_000)])
def test_a_stream_has_the_tail_of_the_offline_graph(tail: str, more: int, tmp_path: Path) -> None:
    """The recording ends within a frame, and the synthesizer with it, also where it is an output itself."""
    (tmp_path / "mixed.yaml").write_text(MIXED, encoding="utf-8")
    noise = np.random.default_rng(0).normal(0.0, 0.1, 3_201).astype(np.float32)
    soundfile.write(tmp_path / "in.wav", noise, 8_000, subtype="FLOAT")
    np.save(tmp_path / "f0.npy", np.full((101, 1), 440.0, np.float32))
    files = ["--input", f"audio={tmp_path / 'in.wav'}", "--input", f"f0={tmp_path / 'f0.npy'}", "--tail", tail]
    found: dict[str, dict[str, np.ndarray]] = {}
    for command, options in (("run", []), ("stream", ["--block", "96"])):
        outputs = {name: tmp_path / f"{command}_{name}.npy" for name in ("audio", "tone")}
        said = [part for name, file in outputs.items() for part in ("--output", f"{name}={file}")]
        assert main([command, str(tmp_path / "mixed.yaml"), *files, *said, *options]) == 0
        found[command] = {name: np.load(file).reshape(-1) for name, file in outputs.items()}
    for name, x in found["run"].items():
        assert len(x) == -(-(3_201 + more) // 32) * 32
        np.testing.assert_allclose(found["stream"][name], x, atol=1e-5)  # oscillators in other blocks
    assert np.abs(found["run"]["tone"][3_100:3_201]).max() > 0.1
    assert not found["run"]["tone"][3_201:].any()
    assert np.abs(found["run"]["audio"][3_300:3_900]).max() > 0.1


def test_lengths_that_differ_have_no_tail() -> None:
    """They are as different with it: the call names them."""
    graph, inputs = dg.with_tail(dg.load(MIXED), {"audio": np.zeros((1, 320)), "f0": np.zeros((1, 12, 1))}, 64)
    with pytest.raises(dg.GraphError, match="E606"):
        dg.compile(graph)(inputs)


@pytest.mark.parametrize("option", ["--live", "--verify"])
def test_what_does_not_end_has_no_tail(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "room.yaml").write_text(ROOM, encoding="utf-8")
    assert main(["stream", str(tmp_path / "room.yaml"), option, "--tail", "auto"]) == 2
    assert "--tail is for files and pipes, which end" in capsys.readouterr().err


def test_a_length_of_the_clock_has_no_tail() -> None:
    text = ROOM.replace("hop: 32}", "hop: 32, duration: 0.4 s}")
    with pytest.raises(dg.GraphError, match="the clock says how long") as caught:
        dg.with_tail(dg.load(text), {"audio": np.zeros((1, 3_200))})
    assert [d.code for d in caught.value.diagnostics] == ["E606"]


@pytest.mark.parametrize("mix", [0.0, 0.3, 1.0])
def test_a_normalised_room_is_as_loud_at_every_mix(mix: float) -> None:
    """White noise of 4 s: its level is known to 0.1 dB or so."""
    noise = np.random.default_rng(0).normal(0.0, 0.1, (1, 64_000)).astype(np.float32)
    for gain, decay in ((0.25, 2.0), (4.0, 5.0)):
        op = dg.ops.ExpDecayReverb(scale_fn=None, reverb_length=4_000, normalize=True, mix=mix)
        wet = np.array(op(noise, [gain], [decay]))
        assert 20.0 * np.log10(wet.std() / noise.std()) == pytest.approx(0.0, abs=0.4)
    silent = dg.ops.Reverb(normalize=True, mix=mix)(noise, np.zeros((1, 10)))
    np.testing.assert_allclose(silent, np.sqrt(1.0 - mix) * noise, atol=1e-6)
