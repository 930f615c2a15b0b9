"""`ddspgraph stream`: files, pipes, proof, live audio with a fake sound card."""

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
from ddspgraph.installation import install_command

pytestmark = pytest.mark.usefixtures("compiled_once")

GRAPHS = Path(__file__).parents[2] / "graphs"
RING = str(GRAPHS / "ring_modulator.yaml")
SPEC = """
version: 2
name: small
clock: {sample_rate: 8 kHz, hop: 32}
inputs:
  audio: {rate: audio}
  f0_hz: {rate: frame, unit: Hz}
nodes:
  tone:
    op: harmonic
    inputs: {amplitudes: 0.3, harmonic_distribution: [1.0, 0.5], f0_hz: f0_hz}
    params: {scale_fn: null}
  out: {op: add, inputs: [audio, tone]}
  level: {op: power, inputs: [out], params: {padding: same, frame_size: 64}}
outputs: {audio: out, level: level}
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A recording that ends within a frame, and the pitch of its frames."""
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "dry.wav", 0.1 * rng.normal(size=3_201), 8_000, subtype="FLOAT")
    np.save(tmp_path / "f0.npy", rng.uniform(100, 300, (101, 1)).astype(np.float32))
    return {"audio": str(tmp_path / "dry.wav"), "f0_hz": str(tmp_path / "f0.npy")}


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes = b"") -> io.BytesIO:
    """stdin holds the data; what goes to stdout is returned."""
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(data)))
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(buffer=out, flush=lambda: None, isatty=lambda: False))
    return out


def offline(spec: str, files: dict[str, str]) -> dict[str, np.ndarray]:
    audio, _ = soundfile.read(files["audio"], dtype="float32")
    return {
        k: x.numpy()
        for k, x in dg.compile(spec)({"audio": audio[None], "f0_hz": np.load(files["f0_hz"])[None]}).items()
    }


def test_files_come_out_whole(spec: str, files: dict[str, str], tmp_path: Path, capsys: Any) -> None:
    inputs = [f"--input={name}={file}" for name, file in files.items()]
    outputs = ["--output", f"audio={tmp_path / 'wet.wav'}", "--output", f"level={tmp_path / 'level.npy'}"]
    assert main(["stream", spec, *inputs, *outputs, "--block", "96", "--format", "float"]) == 0
    wet, rate = soundfile.read(tmp_path / "wet.wav", dtype="float32")
    wanted = offline(spec, files)
    assert rate == 8_000
    np.testing.assert_allclose(wet, wanted["audio"][0], atol=1e-5)
    level = np.load(tmp_path / "level.npy")
    assert level.shape == wanted["level"].shape
    np.testing.assert_allclose(level[:, :-3], wanted["level"][:, :-3], atol=1e-4)
    told = capsys.readouterr().err
    assert "32 samples" in told
    assert "4.0 ms" in told
    assert "tone 32" in told
    assert "times real time" in told
    assert "p99" in told


@pytest.mark.parametrize(("pcm", "tolerance"), [("f32", 1e-5), ("s16", 2e-4)])
def test_a_pipeline(
    spec: str, files: dict[str, str], pcm: str, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio, _ = soundfile.read(files["audio"], dtype="float32")
    scale, dtype = (1.0, "<f4") if pcm == "f32" else (32768.0, "<i2")
    out = pipe(monkeypatch, np.round(audio * scale, 6 if pcm == "f32" else 0).astype(dtype).tobytes())
    f0 = f"f0_hz={files['f0_hz']}"
    assert main(["stream", spec, "--input", "audio=-", "--input", f0, "--output", "audio=-", "--pcm", pcm]) == 0
    found = np.frombuffer(out.getvalue(), dtype) / scale
    np.testing.assert_allclose(found, offline(spec, files)["audio"][0], atol=tolerance)


def test_a_pipe_of_frames(spec: str, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, np.load(files["f0_hz"]).astype("<f4").tobytes())
    output = f"audio={tmp_path / 'wet.npy'}"
    with_zeros = tmp_path / "whole.wav"
    audio, _ = soundfile.read(files["audio"], dtype="float32")
    soundfile.write(with_zeros, np.pad(audio, (0, 31)), 8_000, subtype="FLOAT")
    assert main(["stream", spec, "--input", "f0_hz=-", "--input", f"audio={with_zeros}", "--output", output]) == 0
    found = np.load(tmp_path / "wet.npy")
    np.testing.assert_allclose(found[:, :3_201], offline(spec, files)["audio"], atol=1e-5)


def test_without_inputs_it_is_as_long_as_the_clock_says(tmp_path: Path, capsys: Any) -> None:
    output = str(tmp_path / "bell.wav")
    assert main(["stream", str(GRAPHS / "additive_bell.yaml"), "--output", output, "--json", "--block", "9600"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["latency_samples"] == {"audio": 192}
    assert facts["blocks"] == 30
    assert soundfile.info(output).frames == 6 * 48_000


def test_an_exported_stream(tmp_path: Path, capsys: Any) -> None:
    folder, audio = str(tmp_path / "ring"), str(tmp_path / "a.npy")
    np.save(audio, 0.1 * np.random.default_rng(0).normal(size=(1, 2_000)).astype(np.float32))
    assert main(["compile", RING, "--streaming", "-o", folder]) == 0
    assert "latency of audio: 196 samples" in capsys.readouterr().err
    for source in (RING, folder):
        assert main(["stream", source, "--input", audio, "--output", f"{tmp_path / Path(source).name}.npy"]) == 0
    np.testing.assert_allclose(np.load(f"{folder}.npy"), np.load(tmp_path / "ring_modulator.yaml.npy"), atol=1e-6)


def test_parts_of_a_graph(tmp_path: Path, capsys: Any) -> None:
    """Any node or port can be written, as by `run`; an exported stream gives its outputs alone."""
    audio = str(tmp_path / "a.npy")
    np.save(audio, 0.1 * np.random.default_rng(0).normal(size=(1, 1_960)).astype(np.float32))
    found = {}
    for verb in ("run", "stream"):
        files = {name: str(tmp_path / f"{verb}_{i}.npy") for i, name in enumerate(("carrier", "ring/signal"))}
        given = [word for name, file in files.items() for word in ("--output", f"{name}={file}")]
        assert main([verb, RING, "--input", audio, *given]) == 0
        found[verb] = [np.load(file) for file in files.values()]
    for offline_part, part in zip(*found.values(), strict=True):
        np.testing.assert_allclose(part[:, :-196], offline_part[:, :-196], atol=1e-5)


def test_verify(spec: str, files: dict[str, str], capsys: Any) -> None:
    assert main(["stream", spec, "--verify"]) == 0
    assert "audio" in capsys.readouterr().out
    inputs = [f"--input={name}={file}" for name, file in files.items()]
    assert main(["stream", spec, "--verify", "--json", *inputs]) == 0
    assert json.loads(capsys.readouterr().out)["differences"]["audio"] < 1e-5


OPS = '''
import ddspgraph as dg


class Mean(dg.Op):
    """The mean of all samples.

    Source: elementary.
    """

    traits = dg.Traits.PURE | dg.Traits.POINTWISE
    inputs = {"audio": dg.audio()}
    outputs = {"signal": dg.audio()}

    def kernel(self, audio):
        import tensorflow as tf

        return tf.zeros_like(audio) + tf.reduce_mean(audio, axis=1, keepdims=True)
'''


def test_verify_finds_an_op_that_is_not_pointwise(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "own.py").write_text(OPS, encoding="utf-8")
    spec = tmp_path / "mean.yaml"
    nodes = "inputs: {audio: {rate: audio}}\nnodes: {m: {op: mean, inputs: [audio]}}\noutputs: {audio: m}\n"
    spec.write_text(f"version: 2\nname: mean\nclock: {{sample_rate: 8 kHz}}\n{nodes}", encoding="utf-8")
    assert main(["stream", str(spec), "--ops", str(tmp_path / "own.py"), "--verify"]) == 6
    assert "E804" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--block", "100"], "whole frames of 32 samples, such as 96 or 128"),
        (["--input", "-"], "which one?"),
        (["--input", "audio=-", "--input", "f0_hz=-"], "only one input"),
        (["--output", "sound=-"], "no output 'sound'"),
        (["--output", "audio=-", "--json"], "both go to stdout"),
        (["--live"], "one microphone"),
    ],
)
def test_usage(spec: str, arguments: list[str], message: str, capsys: Any) -> None:
    assert main(["stream", spec, *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "E602"), (b"123", "E602"), (np.array([np.nan], "<f4").tobytes(), "E602")]
)
def test_pipes_that_hold_no_samples(data: bytes, code: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    pipe(monkeypatch, data)
    assert main(["stream", RING, "--input", "audio=-"]) == 4
    assert code in capsys.readouterr().err


class FakeStream:
    """Plays three blocks, then Ctrl-C."""

    played: list[np.ndarray] = []

    def __init__(self, callback: Any, samplerate: int, blocksize: int, channels: Any, dtype: str) -> None:
        self.callback, self.n, (recorded, self.channels) = callback, blocksize, channels
        assert (samplerate, recorded, dtype) == (44_100, 1, "float32")

    def __enter__(self) -> FakeStream:
        rng = np.random.default_rng(0)
        for _ in range(3):
            out = np.zeros((self.n, self.channels), np.float32)
            self.callback(rng.normal(size=(self.n, 1)).astype(np.float32), out, self.n, None, None)
            FakeStream.played.append(out)
        raise KeyboardInterrupt

    def __exit__(self, *error: Any) -> None: ...


def test_live(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    module = types.SimpleNamespace(Stream=FakeStream, PortAudioError=RuntimeError)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    assert main(["stream", RING, "--live", "--block", "392"]) == 0
    assert np.any(np.concatenate(FakeStream.played))
    assert "3 blocks of 392 samples" in capsys.readouterr().err


def test_live_without_sounddevice(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert main(["stream", RING, "--live"]) == 4
    told = capsys.readouterr().err
    assert "E608" in told
    assert install_command("live") in told
