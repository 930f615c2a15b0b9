"""Synthetic notes, zipped and mixed sources: all functions of (seed, position)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.data.dataset import open_dataset
from ddspgraph.data.sources import Mixed, Zipped
from ddspgraph.data.synthetic import SyntheticNotes, notes_for
from ddspgraph.diagnostics import GraphError
from tests.data.sounds import dataset, settings

CLOCK = settings().clock
NOTES = SyntheticNotes(replace(CLOCK, n_samples=24_000), n_harmonics=20, n_noise_bands=9)
SHORT = SyntheticNotes(CLOCK, n_harmonics=20, n_noise_bands=9)
ALL = list(NOTES.features)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(GraphError) as raised:
        act()
    return raised.value.diagnostics[0].code


def test_notes_have_their_types() -> None:
    found = NOTES.at(ALL, np.arange(3), split="train", seed=0)
    assert {name: x.shape for name, x in found.items()} == {name: (3, *s) for name, s in NOTES.shapes().items()}
    assert all(x.dtype == np.float32 and np.isfinite(x).all() for x in found.values())


def test_notes_are_what_their_controls_say() -> None:
    found = NOTES.at(ALL, np.arange(40), split="train", seed=1)
    sounds = found["f0_hz"] > 0
    assert 0.85 < sounds.mean() < 0.95
    midi = 69 + 12 * np.log2(found["f0_hz"][sounds] / 440)
    assert 23 < midi.min() < 30
    assert 78 < midi.max() < 85
    np.testing.assert_allclose(found["harm_dist"].sum(-1), 1.0, atol=1e-4)
    np.testing.assert_array_equal(found["sin_amps"], found["harm_amp"] * found["harm_dist"])
    assert not found["harm_dist"][found["sin_freqs"] >= 4000].any()
    assert not found["harm_amp"][~sounds].any()
    assert 0.014 < found["harm_amp"][sounds].min() < 0.03
    assert 1.4 < found["harm_amp"].max() < 1.5
    loud = found["loudness_db"]
    assert loud[sounds].mean() - loud[~sounds].mean() > 15


def test_a_note_sounds_at_its_pitch() -> None:
    """One long note: the spectrum of its audio has its peak at a harmonic of f0."""
    long = replace(NOTES, note_secs=(4.0, 4.0), silent_share=0.0, vibrato_share=0.0, n_noise_bands=3)
    found = long.at(["audio", "f0_hz"], np.arange(4), split="train", seed=1)
    spectra = np.abs(np.fft.rfft(found["audio"] * np.hanning(24_000), axis=1))
    ratio = np.argmax(spectra, axis=1) / 3.0 / found["f0_hz"][:, 0, 0]
    np.testing.assert_allclose(ratio, np.round(ratio), atol=0.02)


def test_notes_can_be_entered_anywhere() -> None:
    whole = NOTES.at(["audio", "f0_hz"], np.arange(6), split="train", seed=5)
    part = NOTES.at(["audio", "f0_hz"], np.array([4]), split="train", seed=5)
    for name in part:
        np.testing.assert_allclose(part[name][0], whole[name][4], atol=1e-6)
    assert not np.array_equal(whole["f0_hz"], NOTES.at(["f0_hz"], np.arange(6), split="eval", seed=5)["f0_hz"])
    assert not np.array_equal(whole["f0_hz"], NOTES.at(["f0_hz"], np.arange(6), split="train", seed=6)["f0_hz"])


def test_notes_come_in_batches() -> None:
    batches = list(NOTES.batches(["audio", "harm_dist"], 2, seed=3, first_step=1).take(2))
    wanted = NOTES.at(["harm_dist"], np.arange(2, 6), split="train", seed=3)["harm_dist"]
    np.testing.assert_array_equal(np.concatenate([b["harm_dist"] for b in batches]), wanted)
    assert batches[0]["audio"].shape == (2, 24_000)


def test_notes_train_a_graph() -> None:
    spec = """\
version: 2
name: pitch
clock: {sample_rate: 8 kHz, frame_rate: 100 Hz}
inputs:
  audio: {rate: audio}
  sin_freqs: {rate: frame, unit: Hz, channels: 20}
nodes: {level: {op: rms_energy, inputs: {audio: audio}, params: {padding: same}}}
outputs: {level: level, given: sin_freqs}
"""
    NOTES.check_graph(dg.load(spec))
    assert code_of(lambda: NOTES.check_graph(dg.load(spec.replace("channels: 20", "channels: 30")))) == "E611"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    dataset(folder, 4.0)
    return folder / "data"


def test_zipped_sources_stand_side_by_side(data: Path) -> None:
    recordings = open_dataset(data)
    names = ("audio", "f0_hz", "f0_confidence", "loudness_db", "power_db")
    both = Zipped([recordings, SHORT], [{}, {name: f"synthetic_{name}" for name in names}])
    positions = np.arange(10, 13)
    found = both.at(["audio", "synthetic_audio", "harm_amp"], positions, split="train", seed=2)
    options = {"split": "train", "seed": 2}
    np.testing.assert_array_equal(found["audio"], recordings.at(["audio"], positions, **options)["audio"])
    np.testing.assert_array_equal(found["synthetic_audio"], SHORT.at(["audio"], positions, **options)["audio"])
    assert both.n_examples("train") == recordings.n_examples("train")
    assert code_of(lambda: Zipped([recordings, SHORT])) == "E611"
    assert code_of(lambda: Zipped([recordings, NOTES])) == "E611"


def test_mixed_sources_take_turns(data: Path) -> None:
    recordings = open_dataset(data)
    mixed = Mixed([recordings, SHORT], (3, 1))
    assert set(mixed.features) == set(recordings.features)
    found = mixed.at(["f0_hz"], np.arange(12), split="train", seed=2)["f0_hz"]
    options = {"split": "train", "seed": 2}
    played = recordings.at(["f0_hz"], np.arange(9), **options)["f0_hz"]
    made = SHORT.at(["f0_hz"], np.arange(3), **options)["f0_hz"]
    np.testing.assert_array_equal(found[[0, 1, 2, 4, 5, 6, 8, 9, 10]], played)
    np.testing.assert_array_equal(found[[3, 7, 11]], made)
    np.testing.assert_array_equal(mixed.at(["f0_hz"], np.array([7]), **options)["f0_hz"][0], made[1])
    assert mixed.n_examples("train") is None
    assert Mixed([recordings, recordings]).n_examples("train") == 2 * (recordings.n_examples("train") or 0)


@pytest.mark.parametrize("turns", [(1,), (0, 1), (1, 1, 1)])
def test_turns_that_will_not_do(turns: tuple[int, ...]) -> None:
    assert code_of(lambda: Mixed([SHORT, SHORT], turns)) == "E502"


def test_mixed_sources_of_two_types() -> None:
    assert code_of(lambda: Mixed([SHORT, replace(SHORT, n_harmonics=30)])) == "E611"
    assert code_of(lambda: Mixed([SHORT, NOTES])) == "E611"


ENCODER = """\
version: 2
name: encoder
clock: {sample_rate: 8 kHz, frame_rate: 100 Hz, duration: 0.5 s}
inputs:
  audio: {rate: audio}
  harm_dist: {rate: frame, unit: linear, channels: 12}
  harm_amp: {rate: frame, unit: linear}
  noise_magnitudes: {rate: frame, unit: linear, channels: 7}
nodes:
  level: {op: rms_energy, inputs: {audio: audio}, params: {padding: same}}
  raw: {op: fc, inputs: [level], params: {ch: 1}}
  guess: {op: exp_sigmoid, inputs: [raw]}
outputs: {guess: guess, given: harm_dist, more: noise_magnitudes}
losses: {l: {op: amp_loss, inputs: [guess, harm_amp]}}
"""


def test_notes_are_made_for_a_graph() -> None:
    notes = notes_for(dg.load(ENCODER))
    assert (notes.n_harmonics, notes.n_noise_bands, notes.clock.n_samples) == (12, 7, 4000)
    assert notes_for(dg.load(ENCODER.replace(", duration: 0.5 s", ""))).clock.n_samples == 32_000
    audio_only = (
        "version: 2\nname: g\nclock: {sample_rate: 8 kHz}\ninputs: {audio: {rate: audio}}\noutputs: {o: audio}\n"
    )
    assert code_of(lambda: notes_for(dg.load(audio_only))) == "E611"


def test_a_network_is_trained_on_them(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "encoder.yaml").write_text(ENCODER)
    command = ["train", str(tmp_path / "encoder.yaml"), "--run", str(tmp_path / "run"), "--data", "synthetic"]
    assert main([*command, "--steps", "3", "--batch-size", "2"]) == 0
    assert "step 3" in capsys.readouterr().err
    # A recording has no harm_amp: in turns there is only what all sources have.
    assert main([*command, "--data", str(data)]) == 4
    assert "the data has no 'harm_amp', which the graph needs" in capsys.readouterr().err
