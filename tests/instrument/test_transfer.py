"""Transfer and evaluation of a small instrument, from the command line and in Python, as run and as export."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddspgraph.cli import main
from ddspgraph.data.dataset import open_dataset
from ddspgraph.data.features import prepare
from ddspgraph.diagnostics import GraphError
from ddspgraph.instrument.evaluate import evaluate
from ddspgraph.instrument.instrument import Instrument, open_instrument
from ddspgraph.instrument.metrics import SOUND_METRICS
from ddspgraph.instrument.performance import Fit
from ddspgraph.instrument.transfer import transfer
from ddspgraph.io.audio import read_audio
from ddspgraph.training.train import train
from tests.data.sounds import RATE, known_pitch, notes, settings, write

#: A decoder that is as good as untrained: what is tested here is what goes in and comes out.
SPEC = """\
version: 2
name: tiny
clock: {sample_rate: 8 kHz, frame_rate: 100 Hz}
inputs:
  f0_hz: {rate: frame, unit: Hz}
  loudness_db: {rate: frame, unit: dB}
  audio: {rate: audio}
nodes:
  features: {op: f0_loudness_features, inputs: {f0_hz: f0_hz, loudness_db: loudness_db}}
  decoder:
    op: rnn_fc_decoder
    inputs: [features/ld_scaled, features/f0_scaled]
    params: {rnn_channels: 4, ch: 4, layers_per_stack: 1, outputs: {amps: 1, harmonics: 5, magnitudes: 3}}
  harmonic:
    op: harmonic
    inputs: {amplitudes: decoder/amps, harmonic_distribution: decoder/harmonics, f0_hz: f0_hz}
outputs: {out: harmonic}
losses: {spectral: {op: spectral_loss, inputs: [audio, harmonic], params: {fft_sizes: [256]}}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data`, `run` and `export`, and a recording at another rate."""
    folder = tmp_path_factory.mktemp("made")
    prepare([write(folder / "a.wav", notes(8.0))], folder / "data", settings(), tracker=known_pitch)
    train(SPEC, folder / "data", folder / "run", steps=2, batch_size=2)
    assert main(["compile", str(folder / "run"), "-o", str(folder / "export")]) == 0
    write(folder / "played.flac", notes(1.3, 110.0, 44_100), 44_100)
    return folder


@pytest.fixture(scope="module")
def instrument(made: Path) -> Instrument:
    return open_instrument(made / "run")


def test_a_recording_of_any_rate_is_played(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.wav"
    assert main(["transfer", str(made / "run"), str(made / "played.flac"), "-o", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    audio, rate = soundfile.read(out)
    assert (rate, len(audio)) == (RATE, round(1.3 * RATE))
    assert np.isfinite(audio).all()
    assert said["octave_shift"] == 1.0  # 110 Hz, where the training has 220 Hz
    assert said["note_share"] > 0.8
    assert np.abs(audio).max() > 1e-3
    again = tmp_path / "again.wav"
    assert main(["transfer", str(made / "export"), str(made / "played.flac"), "-o", str(again)]) == 0
    np.testing.assert_allclose(soundfile.read(again)[0], audio, atol=1e-5)
    assert "+1 octaves" in capsys.readouterr().err


def test_a_tail_is_silent_without_a_room(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a transfer and of a call: the synthesizer ends with the recording, whose last frame is held."""
    out, played = tmp_path / "out.wav", str(made / "played.flac")
    n = round(1.3 * RATE)
    assert main(["transfer", str(made / "run"), played, "-o", str(out), "--tail", "0.5 s"]) == 0
    audio, _ = soundfile.read(out)
    assert len(audio) == n + RATE // 2
    assert np.abs(audio[n - 200 : n]).max() > 1e-4
    assert not audio[n + 80 :].any()
    assert main(["transfer", str(made / "export"), played, "-o", str(out), "--tail", "auto"]) == 2
    assert "an export cannot be changed: give the run" in capsys.readouterr().err
    np.savez(tmp_path / "in.npz", f0_hz=np.full((1, 20, 1), 220.0), loudness_db=np.full((1, 20, 1), -20.0))
    command = ["run", str(made / "run"), "--inputs", str(tmp_path / "in.npz"), "--output", str(tmp_path / "run.wav")]
    assert main([*command, "--tail", "0.5 s"]) == 0
    audio, _ = soundfile.read(tmp_path / "run.wav")
    assert len(audio) == 20 * 80 + RATE // 2
    assert np.abs(audio[:1_600]).max() > 1e-3
    assert not audio[1_600:].any()


def test_any_port_is_written_too(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        "-o",
        str(tmp_path / "o.wav"),
        "-o",
        f"harmonic/signal={tmp_path / 'h.wav'}",
        "-o",
        f"f={tmp_path / 'f.npy'}",
    ]
    command = ["transfer", str(made / "run"), str(made / "played.flac"), *files]
    assert main(command) == 2
    assert "the graph has no output 'f'" in capsys.readouterr().err
    command[-1] = f"features/f0_scaled={tmp_path / 'f.npy'}"
    assert main(command) == 0
    whole, part = (soundfile.read(tmp_path / name)[0] for name in ("o.wav", "h.wav"))
    np.testing.assert_array_equal(part, whole)  # the output is that port
    assert np.load(tmp_path / "f.npy").shape[::2] == (1, 1)
    command[1] = str(made / "export")
    assert main(command) == 2
    assert "an export gives its outputs alone (out)" in capsys.readouterr().err


def test_options_of_transfer(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["transfer", str(made / "run"), str(made / "played.flac"), "-o", str(tmp_path / "o.flac"), "--json"]
    options = [
        "--octave-shift",
        "-1",
        "--loudness-shift",
        "-6",
        "--auto-tune",
        "1",
        "--threshold",
        "2",
        "--quiet",
        "40",
    ]
    assert main(command + options) == 0
    assert json.loads(capsys.readouterr().out)["octave_shift"] == -1.0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--octave-shift", "up"], 2),
        (["--octave-shift", "nan"], 2),
        (["--auto-tune", "2"], 2),
        (["--quiet", "-1"], 2),
        (["-o", "out.mp3"], 2),
    ],
)
def test_options_that_will_not_do(options: list[str], code: int, made: Path, tmp_path: Path) -> None:
    command = ["transfer", str(made / "run"), str(made / "played.flac"), "-o", str(tmp_path / "o.wav")]
    assert main(command + options) == code
    assert not list(tmp_path.iterdir())


def test_what_is_no_model(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC)
    for model in (tmp_path, tmp_path / "none", tmp_path / "spec.yaml"):
        assert main(["transfer", str(model), str(made / "played.flac"), "-o", str(tmp_path / "o.wav")]) == 4
        assert main(["evaluate", str(model)]) == 4
    assert "E602" in capsys.readouterr().err
    assert main(["transfer", str(made / "run"), str(tmp_path / "none.wav"), "-o", str(tmp_path / "o.wav")]) == 4


def test_pitch_reaches_the_synthesizer(instrument: Instrument) -> None:
    """The spectrum of the result has its peaks at multiples of the shifted pitch."""
    result = transfer(instrument, notes(2.0), Fit(octave_shift=1), tracker=known_pitch)
    spectrum = np.abs(np.fft.rfft(result.audio * np.hanning(len(result.audio))))
    assert np.argmax(spectrum) / 2.0 / 440.0 == pytest.approx(round(np.argmax(spectrum) / 2.0 / 440.0), abs=0.01)
    assert result.audio.shape == (2 * RATE,)


@pytest.mark.parametrize("seconds", [0.001, 0.0101, 0.5])
def test_short_recordings_are_played(seconds: float, instrument: Instrument) -> None:
    result = transfer(instrument, notes(seconds), tracker=known_pitch)
    assert result.audio.shape == (round(seconds * RATE),)
    assert np.isfinite(result.audio).all()


def test_a_model_that_hears_audio_hears_it_fitted(made: Path, tmp_path: Path) -> None:
    """Where the graph measures power itself, the recording is made as loud as it was fitted to be."""
    spec = (
        SPEC.replace(
            "{op: f0_loudness_features, inputs: {f0_hz: f0_hz, loudness_db: loudness_db}}",
            "{op: f0_power_features, inputs: {f0_hz: f0_hz, audio: audio}, params: {frame_size: 512}}",
        )
        .replace("features/ld_scaled", "features/pw_scaled")
        .replace("  loudness_db: {rate: frame, unit: dB}\n", "")
    )
    train(spec, made / "data", tmp_path / "run", steps=1, batch_size=1)
    powered = open_instrument(tmp_path / "run")
    quiet, loud = (transfer(powered, gain * notes(2.0), tracker=known_pitch) for gain in (0.1, 1.0))
    assert quiet.fitted.gain_db - loud.fitted.gain_db == pytest.approx(20.0, abs=0.2)
    np.testing.assert_allclose(quiet.audio, loud.audio, atol=0.02 * np.abs(loud.audio).max())


def test_a_graph_without_frames_is_refused(instrument: Instrument) -> None:
    class NoFrames:
        graph = instrument.graph.replace(clock=type(instrument.graph.clock)(RATE))

    with pytest.raises(GraphError) as raised:
        transfer(Instrument(NoFrames(), {}), notes(1.0), tracker=known_pitch)  # type: ignore[arg-type]
    assert raised.value.diagnostics[0].code == "E611"


def test_a_model_is_measured(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(made / "run"), "--json", "--audio", str(tmp_path / "audio")]) == 0
    found = json.loads(capsys.readouterr().out)
    n = open_dataset(made / "data").n_examples("eval")
    assert found["examples"] == n
    assert {"loss_spectral", "loss_total", "loudness_l1_db", "f0_l1_semitones", "f0_outlier_rate"} <= found.keys()
    assert len(list((tmp_path / "audio").glob("*_rendered.wav"))) == n
    recorded = read_audio(tmp_path / "audio" / "000_recorded.wav")
    np.testing.assert_allclose(
        recorded, next(open_dataset(made / "data").examples(["audio"], "eval"))["audio"], atol=1e-6
    )
    assert main(["evaluate", str(made / "run"), "--split", "train", "--metrics", "si_sdr,lufs"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("loudness_l1_db", "si_sdr_db", "lufs_l1"))
    assert "mr_stft" not in shown
    assert main(["evaluate", str(made / "run"), "--metrics", "sisdr"]) == 2
    assert "there is no such metric; did you mean 'si_sdr'?" in capsys.readouterr().err
    assert main(["evaluate", str(made / "export")]) == 2  # it does not know its data
    assert main(["evaluate", str(made / "export"), "--data", str(made / "data"), "--batch-size", "3"]) == 0
    assert main(["evaluate", str(made / "run"), "--batch-size", "0"]) == 2


def test_losses_are_means_over_examples(made: Path, instrument: Instrument) -> None:
    data = open_dataset(made / "data")
    whole = evaluate(instrument, data, batch_size=100, tracker=known_pitch)
    parts = evaluate(instrument, data, batch_size=2, tracker=known_pitch)
    assert parts == pytest.approx(whole, rel=1e-3)
    assert whole["f0_l1_semitones"] == 0.0  # the tracker says what it said of the recording


def test_a_perfect_model_has_no_error(made: Path) -> None:
    class Perfect(Instrument):
        def render(self, inputs: dict[str, np.ndarray], seed: int = 0) -> np.ndarray:
            return inputs["audio"]

    perfect = Perfect(open_instrument(made / "run").model, {})
    found = evaluate(perfect, open_dataset(made / "data"), tracker=known_pitch, sound_metrics=SOUND_METRICS)
    assert found["si_sdr_db"] > 60.0
    assert (found["mr_stft"], found["lufs_l1"]) == (0.0, 0.0)
    assert -70.0 < found["lufs_recorded"] == found["lufs_rendered"] < 0.0
    assert found["f0_l1_semitones"] == 0.0
    assert found["f0_within_50_cents"] == 1.0
    assert found["loudness_l1_db"] < 1.0  # frames at the ends of a window hear silence beyond it


def test_data_that_does_not_fit(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(made / "data", tmp_path / "data")
    manifest = json.loads((tmp_path / "data" / "manifest.json").read_text())
    manifest["splits"]["eval"]["shards"] = []
    (tmp_path / "data" / "manifest.json").write_text(json.dumps(manifest))
    assert main(["evaluate", str(made / "run"), "--data", str(tmp_path / "data")]) == 4
    assert "no examples in the split 'eval'" in capsys.readouterr().err
