"""Exports with weights in 16 or 8 bits: smaller, held against float32, refused where they sound otherwise."""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.export import quality
from ddspgraph.export.fixed import Fixed, fixed_graph, fixed_step
from ddspgraph.export.litert_file import write_litert
from ddspgraph.export.onnx_file import write_onnx
from ddspgraph.export.quality import log_spectral_distance_db, snr_db
from ddspgraph.export.target_folder import save_target
from ddspgraph.export.targets import MODEL_FILES, Precision, Target

SPEC = """\
version: 2
name: voice
clock: {sample_rate: 8 kHz, hop: 32}
inputs:
  x: {rate: frame, unit: linear, channels: 5}
  f0_hz: {rate: frame, unit: Hz}
nodes:
  wide: {op: fc, inputs: [x], params: {ch: 96}}
  gated: {op: rnn, inputs: [wide], params: {dims: 32}}
  again: {op: fc, inputs: [gated], params: {ch: 96}}
  bands: {op: fc, inputs: [again], params: {ch: 9}}
  noise: {op: filtered_noise, inputs: {magnitudes: bands}, params: {window_size: 0}}
  tone: {op: harmonic, inputs: {amplitudes: 0.5, harmonic_distribution: bands, f0_hz: f0_hz}}
  both: {op: add, inputs: [noise, tone]}
outputs: {audio: both, bands: bands}
"""
#: What a command needs to say what it says: layers and audio, without a loop to convert.
SMALL = """\
version: 2
name: voice
clock: {sample_rate: 8 kHz, hop: 32}
inputs: {x: {rate: frame, unit: linear, channels: 5}}
nodes:
  wide: {op: fc, inputs: [x], params: {ch: 96}}
  bands: {op: fc, inputs: [wide], params: {ch: 9}}
  both: {op: filtered_noise, inputs: {magnitudes: bands}, params: {window_size: 0}}
outputs: {audio: both, bands: bands}
"""
#: No release of the quantizer runs beside every allowed release of LiteRT, so that it is no part of [dev].
needs_quantizer = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_quantizer") is None, reason="needs the extra [quantize]"
)
targets = pytest.mark.parametrize("target", [pytest.param("litert", marks=needs_quantizer), "onnx"])


@pytest.fixture(scope="module")
def model() -> CompiledGraph:
    """Which owns the weights that the fixtures below read."""
    return dg.compile(SPEC)


@pytest.fixture(scope="module")
def offline(model: CompiledGraph) -> Fixed:
    return fixed_graph(model, batch=1, samples=32 * 50)


@pytest.fixture(scope="module")
def step(model: CompiledGraph) -> Fixed:
    return fixed_step(dg.compile_stream(model), batch=1, samples=32 * 10)


@pytest.fixture(scope="module")
def quantized(offline: Fixed, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Target, Precision], Any]:
    """The folder of an export, and its facts; each is made once."""

    @functools.cache
    def export(target: Target, precision: Precision) -> tuple[Path, dict[str, Any]]:
        folder = tmp_path_factory.mktemp("quantized") / "x"
        return folder, save_target(offline, target, folder, precision=precision)[1]

    return export


@pytest.fixture(scope="module")
def float32_bytes(offline: Fixed, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Target], int]:
    """How large the file is without quantization."""

    @functools.cache
    def size(target: Target) -> int:
        path = tmp_path_factory.mktemp("float32") / "x"
        {"litert": write_litert, "onnx": write_onnx}[target](offline, path)
        return path.stat().st_size

    return size


@targets
@pytest.mark.parametrize(("precision", "least_db"), [("fp16", 55.0), ("int8", 25.0)])
def test_weights_shrink_and_the_sound_stays(
    quantized: Callable[[Target, Precision], Any],
    float32_bytes: Callable[[Target], int],
    target: Target,
    precision: Precision,
    least_db: float,
) -> None:
    """A rounding to 11 bits is 66 dB down; one to 7 or 8 bits 38 dB and more, and layers add theirs."""
    folder, facts = quantized(target, precision)
    found = facts["quantized"]
    assert found["weights"] == precision
    assert found["outputs"]["bands"]["log_spectral_distance_db"] is None, "no audio"
    assert least_db < found["outputs"]["bands"]["snr_db"] < least_db + 50
    assert found["outputs"]["audio"]["snr_db"] > least_db - 5
    assert 0 < found["outputs"]["audio"]["log_spectral_distance_db"] < 1
    assert json.loads((folder / "ddspgraph.json").read_text())["quantized"] == found
    # The recurrent layer alone holds 12,000 weights; nodes that are added take some of what is saved.
    assert float32_bytes(target) - (folder / MODEL_FILES[target]).stat().st_size > 8_000


@targets
def test_a_stream_carries_float32(step: Fixed, tmp_path: Path, target: Target) -> None:
    _, facts = save_target(step, target, tmp_path / "x", precision="int8")
    assert {s["dtype"] for s in facts["streaming"]["states"]} <= {"float32", "float64", "int32", "int64"}
    assert facts["quantized"]["outputs"]["audio"]["snr_db"] > 20
    given = {"x": np.full([1, 30, 5], 0.3, np.float32), "f0_hz": np.full([1, 30, 1], 220.0, np.float32)}
    assert np.abs(dg.load_target(tmp_path / "x")(given)["audio"]).max() > 0.01


def test_what_is_no_weight_stays(quantized: Callable[[Target, Precision], Any]) -> None:
    """In ONNX: transforms are products with matrices of float32 beside the layers of 8 bits and the GRU of 16."""
    import onnx
    from onnx import TensorProto

    folder, _ = quantized("onnx", "int8")
    graph = onnx.load(folder / "model.onnx").graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("MatMulInteger") == 3, "the three layers outside of the recurrent one"
    sizes = {c.name: (c.data_type, int(np.prod(c.dims))) for c in graph.initializer}
    assert (TensorProto.FLOAT16, 96 * 96) in sizes.values()
    products = [node.input[1] for node in graph.node if node.op_type == "MatMul"]
    assert any(sizes.get(name, (0, 0))[0] == TensorProto.FLOAT for name in products)


def test_below_the_floor_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "voice.yaml"
    spec.write_text(SMALL)
    monkeypatch.setattr(quality, "LEAST_SNR_DB", 200.0)
    monkeypatch.setattr(quality, "LARGEST_DISTANCE_DB", 0.0)
    options = ["--target", "onnx", "--frames", "50", "--quantize", "int8"]
    assert main(["compile", str(spec), "-o", str(tmp_path / "x"), *options]) == 4
    said = capsys.readouterr().err
    line = next(i for i, text in enumerate(SMALL.splitlines(), 1) if text.startswith("  both:"))
    assert f"{spec}:{line}:3: E636 the quantized output 'audio' is" in said
    assert "at least 200 dB" in said
    assert "--quantize fp16" in said
    assert not (tmp_path / "x").exists()


def test_the_command_shows_quality(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "voice.yaml"
    spec.write_text(SMALL)
    assert main(["compile", str(spec), "-o", str(tmp_path / "x"), "--quantize", "fp16"]) == 2
    assert "--quantize goes with --target" in capsys.readouterr().err
    options = ["--target", "onnx", "--frames", "20", "--quantize", "fp16"]
    assert main(["compile", str(spec), "-o", str(tmp_path / "x"), *options]) == 0
    said = capsys.readouterr()
    assert "weights in fp16" in said.out + said.err
    assert "audio: signal-to-noise ratio" in said.out + said.err


def test_the_measures() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=[2, 4000])
    assert snr_db([x], [x]) is None
    assert snr_db([x, x], [1.1 * x, x]) == pytest.approx(20 + 10 * np.log10(2))
    assert snr_db([np.zeros(4)], [np.ones(4)]) < -100  # type: ignore[operator]
    assert snr_db([x], [np.full_like(x, np.nan)]) == -np.inf
    assert log_spectral_distance_db([x], [x]) == 0
    assert log_spectral_distance_db([x], [10 * x]) == pytest.approx(20, abs=1e-6)
    assert log_spectral_distance_db([x], [-x]) == 0, "a phase is not heard"
    assert log_spectral_distance_db([np.zeros([1, 9])], [np.zeros([1, 9])]) == 0
