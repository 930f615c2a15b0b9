"""Exports for LiteRT and ONNX in the commands: `run` and `transfer` play them in their runtimes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.io.audio import read_audio, write_audio

SPEC = """\
version: 2
name: voice
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs:
  f0_hz: {rate: frame, unit: Hz}
  loudness_db: {rate: frame, unit: dB}
  colour: {rate: const, shape: [3]}
nodes:
  level: {op: db_to_amplitude, inputs: [loudness_db]}
  tone:
    op: harmonic
    inputs: {amplitudes: level, harmonic_distribution: colour, f0_hz: f0_hz}
    params: {scale_fn: null}
outputs: {audio: tone}
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec, its constants, an ONNX stream and a LiteRT model of a second."""
    root = tmp_path_factory.mktemp("loaded")
    (root / "voice.yaml").write_text(SPEC)
    np.savez(root / "colour.npz", colour=np.array([[1.0, 0.5, 0.25]], np.float32))
    spec = str(root / "voice.yaml")
    stream = ["--target", "onnx", "--streaming", "--inputs", str(root / "colour.npz"), "--block", "1024"]
    assert main(["compile", spec, "-o", str(root / "stream"), *stream]) == 0
    mono = SPEC.replace("  colour: {rate: const, shape: [3]}\n", "").replace("colour", "[1.0, 0.5, 0.25]")
    (root / "mono.yaml").write_text(mono)
    assert main(["compile", str(root / "mono.yaml"), "-o", str(root / "second"), "--target", "litert"]) == 0
    return root


def performance(n_frames: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    f0_hz = 220.0 * 2.0 ** rng.uniform(-1, 1, [1, n_frames, 1])
    return {"f0_hz": f0_hz.astype(np.float32), "loudness_db": rng.uniform(-40, 0, [1, n_frames, 1]).astype(np.float32)}


def test_run_plays_a_stream_of_any_length_without_tensorflow(folders: Path) -> None:
    given = performance(333)
    np.savez(folders / "given.npz", **given)  # type: ignore[arg-type]
    code = (
        "import sys; from ddspgraph.cli import main; code = main(sys.argv[1:]);"
        "assert 'tensorflow' not in sys.modules; sys.exit(code)"
    )
    out = folders / "out.npy"
    command = ["run", str(folders / "stream"), "--inputs", str(folders / "given.npz"), "--output", f"audio={out}"]
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = dg.compile(SPEC)({**given, "colour": np.array([[1.0, 0.5, 0.25]])})["audio"].numpy()
    np.testing.assert_allclose(np.load(out), wanted, atol=1e-4)


def test_run_of_a_fixed_length_says_what_fits(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(folders / "short.npz", **performance(125))  # type: ignore[arg-type]
    assert main(["run", str(folders / "second"), "--inputs", str(folders / "short.npz")]) == 4
    said = capsys.readouterr().err
    assert "E605 the input 'f0_hz' must be [1, 250, 1] in this export, this is [1, 125, 1]" in said
    assert "--seconds 0.5" in said
    np.savez(folders / "fits.npz", **performance(250))  # type: ignore[arg-type]
    assert main(["run", str(folders / "second"), "--inputs", str(folders / "fits.npz"), "--json"]) == 0


@pytest.mark.parametrize("folder", ["stream", "second"])
def test_transfer_plays_both(folders: Path, folder: str) -> None:
    t = np.arange(14000) / 16000.0
    write_audio(folders / "sung.wav", (0.3 * np.sin(2 * np.pi * 330.0 * t)).astype(np.float32), 16000)
    out = folders / f"{folder}.wav"
    assert main(["transfer", str(folders / folder), str(folders / "sung.wav"), "-o", str(out)]) == 0
    found = read_audio(out, 16000)
    assert found.shape == (14000,)
    spectrum = np.abs(np.fft.rfft(found[4000:12000] * np.hanning(8000)))
    assert abs(2 * np.argmax(spectrum) - 330.0) < 8.0, "the fundamental, in bins of 2 Hz"


def test_other_folders_and_seeds(folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(dg.GraphError, match="E602"):
        dg.load_target(tmp_path)
    model = dg.load_target(folders / "second")
    with pytest.raises(dg.GraphError, match="E603"):
        model({"f0_hz": np.ones([1, 250, 1])})
    with pytest.raises(dg.GraphError, match="E606"):
        dg.load_target(folders / "stream")({"f0_hz": np.ones([1, 9, 1]), "loudness_db": np.ones([1, 8, 1])})
    write_audio(tmp_path / "long.wav", np.zeros(40000, np.float32), 16000)
    command = ["transfer", str(folders / "second"), str(tmp_path / "long.wav"), "-o", str(tmp_path / "x.wav")]
    assert main(command) == 4
    assert "--seconds 3" in capsys.readouterr().err


def test_a_model_plays_without_its_ops(folders: Path, tmp_path: Path) -> None:
    """As if the synthesizer were an op of one's own, whose Python is not here."""
    own = tmp_path / "own"
    shutil.copytree(folders / "second", own)
    (own / "graph.yaml").write_text((own / "graph.yaml").read_text().replace("op: harmonic", "op: my_synth"))
    np.savez(tmp_path / "given.npz", **performance(250))  # type: ignore[arg-type]
    for folder in (own, folders / "second"):
        out = tmp_path / f"{folder.name}.npy"
        command = ["run", str(folder), "--inputs", str(tmp_path / "given.npz"), "--output", f"audio={out}"]
        assert main(command) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "own.npy"), np.load(tmp_path / "second.npy"))
    model = dg.load_target(own)
    known = dg.load_target(folders / "second").graph
    assert [i.signal for i in model.graph.inputs] == [i.signal for i in known.inputs]
    assert model.graph.types[dict(model.graph.outputs)["audio"]] == known.types[dict(known.outputs)["audio"]]
    (own / "graph.yaml").write_text("version: 2\nname: a\n  b: [")
    with pytest.raises(dg.GraphError, match="E1"):
        _ = dg.load_target(own).graph
