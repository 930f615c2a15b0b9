"""A graph fitted to one recording: what is measured, what is free, how near it comes, what is left."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.instrument.trained import load_run
from ddspgraph.io.arrays import read_npz
from ddspgraph.ir.types import Unit
from ddspgraph.training.fit import log_mel_distance_db
from ddspgraph.training.free_inputs import FreeInput, roles
from tests.data.sounds import RATE, known_pitch, notes, write

GRAPHS = Path(__file__).parents[2] / "graphs"
SPEC = """\
version: 2
name: pluck
clock: {sample_rate: 8 kHz, frame_rate: 100 Hz}
inputs:
  amplitudes: {rate: frame, unit: raw}
  harmonic_distribution: {rate: frame, unit: raw, channels: 8}
  noise_magnitudes: {rate: frame, unit: raw, channels: 9}
  f0_hz: {rate: frame, unit: Hz}
  target: {rate: audio}
nodes:
  harmonic:
    op: harmonic
    inputs: {amplitudes: amplitudes, harmonic_distribution: harmonic_distribution, f0_hz: f0_hz}
  noise: {op: filtered_noise, inputs: {magnitudes: noise_magnitudes}}
  dry: {op: add, inputs: [harmonic, noise]}
  wet: {op: reverb, inputs: {audio: dry}, params: {trainable: true, reverb_length: 50 ms}}
outputs: {audio: wet}
losses:
  spectral:
    op: spectral_loss
    inputs: {target_audio: target, audio: wet}
    params: {fft_sizes: [512, 64], logmag_weight: 1.0}
"""


def test_it_comes_near_a_recording() -> None:
    """Harmonics, noise and a room: in sixty steps less than half of the distance is left."""
    audio = notes(1.0)
    fitted = dg.fit(SPEC, audio, steps=60, tracker=known_pitch)
    assert fitted.recording == "target"
    assert set(fitted.free) == {"amplitudes", "harmonic_distribution", "noise_magnitudes"}
    np.testing.assert_allclose(fitted.inputs["f0_hz"], 220.0)
    assert fitted.distance_db is not None
    before, after = fitted.distance_db
    assert after < 0.5 * before
    assert after == pytest.approx(log_mel_distance_db(audio, fitted.outputs["audio"][0], RATE))
    again = fitted.model({name: x for name, x in fitted.inputs.items() if name != "target"})
    np.testing.assert_allclose(again["audio"], fitted.outputs["audio"], atol=1e-5)
    ends_by_time = dg.fit(SPEC, audio, seconds=60, began=time.monotonic() - 60, tracker=known_pitch)
    assert ends_by_time.steps == 1


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pluck.yaml").write_text(SPEC)
    write(tmp_path / "note.wav", notes(0.5))
    np.save(tmp_path / "f0.npy", np.full((1, 50, 1), 220.0, np.float32))
    out = tmp_path / "fit"
    command = ["fit", str(tmp_path / "pluck.yaml"), "--audio", str(tmp_path / "note.wav"), "-o", str(out)]
    assert main([*command, "--input", f"f0_hz={tmp_path / 'f0.npy'}", "--steps", "3", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["steps"] == 3
    assert facts["log_mel_distance_db"]["after"] < facts["log_mel_distance_db"]["before"]
    found = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert found >= {"audio.wav", "controls.npz", "fit.json", "graph.yaml", "run.json", "plots/output_audio.png"}
    assert read_npz(out / "controls.npz")["amplitudes"].shape == (1, 50, 1)
    assert load_run(out).variables_by_node["wet"]["ir"].shape == (400,)
    again = ["run", str(out), "--inputs", str(out / "controls.npz"), "--output", str(tmp_path / "again.wav")]
    assert main(again) == 0
    capsys.readouterr()
    assert main(["train", str(out), "--data", str(out), "--run", str(out)]) == 4
    assert "E709" not in capsys.readouterr().err
    assert main([*command, "--steps", "0"]) == 2
    assert main([*command, "--input", f"amplitude={tmp_path / 'f0.npy'}"]) == 4
    assert "E604 the graph has no input 'amplitude'" in capsys.readouterr().err


def test_which_input_is_what() -> None:
    graph = dg.load(GRAPHS / "models" / "solo_instrument.yaml")
    found = roles(graph, None, {})
    assert (found.recording, set(found.measured), found.free) == ("audio", {"loudness_db", "f0_hz"}, ())
    swept = SPEC.replace(
        "f0_hz: {rate: frame, unit: Hz}", "pitch: {rate: frame, unit: midi}\n  cutoff_hz: {rate: frame, unit: Hz}"
    )
    swept = swept.replace("  noise: {op", "  pitch_hz: {op: midi_to_hz, inputs: [pitch]}\n  noise: {op").replace(
        "f0_hz: f0_hz", "f0_hz: pitch_hz"
    )
    swept = swept.replace("{audio: wet}\nlosses", "{audio: wet, cutoff: cutoff_hz}\nlosses")
    found = roles(dg.load(swept), None, {})
    assert found.measured == ("pitch",)
    assert "cutoff_hz" in {i.name for i in found.free}
    two = SPEC.replace("  target: {rate: audio}", "  target: {rate: audio}\n  dry_audio: {rate: audio}")
    two = two.replace("inputs: [harmonic, noise]", "inputs: [harmonic, dry_audio]")
    two = two.replace("  noise: {op: filtered_noise, inputs: {magnitudes: noise_magnitudes}}\n", "")
    two = two.replace("  noise_magnitudes: {rate: frame, unit: raw, channels: 9}\n", "")
    with pytest.raises(dg.GraphError, match=r"E603 the input 'dry_audio' .* is audio: it must be given"):
        roles(dg.load(two), None, {})
    assert roles(dg.load(two), None, {"dry_audio": np.zeros((1, 80))}).recording == "target"
    with pytest.raises(dg.GraphError, match=r"E604 the graph has no input 'targt'"):
        roles(dg.load(two), "targt", {})


@pytest.mark.parametrize("unit", list(Unit))
def test_free_inputs_stay_where_their_unit_allows(unit: Unit) -> None:
    spec = "version: 2\nname: a\nclock: {sample_rate: 16 kHz, frame_rate: 250 Hz}\n"
    spec += f"inputs: {{x: {{rate: frame, unit: {unit}, channels: 3}}}}\noutputs: {{x: x}}\n"
    free = FreeInput(dg.load(spec).inputs[0], {"batch": 1, "frames": 4})
    assert free.value().shape == (1, 4, 3)
    for z in (-0.1, 0.0, 0.1):
        free.variable.assign(np.full((1, 4, 3), z))
        value = free.value().numpy()
        assert np.isfinite(value).all()
        if unit in (Unit.HZ, Unit.SECONDS, Unit.MILLISECONDS, Unit.LINEAR):
            assert (value > 0).all()
        if unit is Unit.LINEAR:
            assert (value < 1).all()


def test_what_cannot_be_fitted() -> None:
    nothing = """
version: 2
name: a
clock: {sample_rate: 16 kHz}
inputs: {audio: {rate: audio}}
nodes: {quiet: {op: gain, inputs: [audio, -6 dB]}}
outputs: {audio: quiet}
losses: {spectral: {op: spectral_loss, inputs: [audio, quiet]}}
"""
    with pytest.raises(dg.GraphError, match=r"E312 there is nothing to fit"):
        dg.fit(nothing, np.zeros(100, np.float32), steps=1)
    with pytest.raises(dg.GraphError, match=r"E312 the graph has no losses"):
        dg.fit(nothing[: nothing.index("losses")], np.zeros(100, np.float32), steps=1)
