"""What the report of a migration says: lost, guessed, overridden and without effect are different things."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ddspgraph.cli import main
from ddspgraph.compiler.driver import check
from ddspgraph.diagnostics import GraphError
from ddspgraph.migrations import Change, Kind, migrate_text

HEAD = "get_model.model = @models.Autoencoder()\n"
FEATURES = "Autoencoder.preprocessor = @preprocessing.F0LoudnessPreprocessor()\n"
DECODER = (
    "Autoencoder.decoder = @decoders.RnnFcDecoder()\n"
    "RnnFcDecoder.rnn_channels = 16\nRnnFcDecoder.ch = 16\nRnnFcDecoder.input_keys = ('ld_scaled', 'f0_scaled')\n"
    "RnnFcDecoder.output_splits = (('amps', 1), ('harmonic_distribution', 20))\n"
)
DAG = "ProcessorGroup.dag = [(@synths.Harmonic(), ['amps', 'harmonic_distribution', 'f0_hz'])]\n"
GROUP = "Autoencoder.processor_group = @processors.ProcessorGroup()\n" + DAG
LOSS = "Autoencoder.losses = [@losses.SpectralLoss()]\n"
WHOLE = HEAD + FEATURES + DECODER + GROUP + LOSS


def graph_of(text: str, **options: Any) -> dict[str, Any]:
    return yaml.safe_load(migrate_text(text, **options).text)


def changes_of(text: str, **options: Any) -> dict[str, Change]:
    return {change.path: change for change in migrate_text(text, **options).changes}


def kinds_of(text: str, kind: Kind) -> set[str]:
    return {change.path for change in migrate_text(text).changes if change.kind is kind}


class TestPartsOfOnesOwn:
    def test_a_decoder_gives_what_its_output_splits_say(self) -> None:
        text = WHOLE.replace("RnnFcDecoder", "MyDecoder")
        graph = graph_of(text)
        assert graph["nodes"]["harmonic"]["inputs"] == {
            "amplitudes": "decoder/amps",
            "harmonic_distribution": "decoder/harmonic_distribution",
            "f0_hz": "preprocessor/f0_hz",
        }
        assert set(graph["inputs"]) == {"f0_hz", "audio"}
        assert not kinds_of(text, Kind.GUESSED)

    def test_output_keys_say_it_as_well(self) -> None:
        text = HEAD + FEATURES + GROUP + "Autoencoder.decoder = @MyDecoder()\nMyDecoder.input_keys = ('f0_scaled',)\n"
        text += "MyDecoder.output_keys = ('amps', 'harmonic_distribution')\n"
        assert graph_of(text)["nodes"]["harmonic"]["inputs"]["amplitudes"] == "decoder/amps"
        assert not kinds_of(text, Kind.GUESSED)

    def test_a_decoder_that_says_nothing_is_guessed(self) -> None:
        text = HEAD + FEATURES + GROUP + LOSS + "Autoencoder.decoder = @MyDecoder()\n"
        graph = graph_of(text)
        assert graph["nodes"]["harmonic"]["inputs"]["amplitudes"] == "decoder/amps"
        assert kinds_of(text, Kind.GUESSED) == {
            "MyDecoder: inputs",
            "MyDecoder: amps",
            "MyDecoder: harmonic_distribution",
        }

    def test_the_features_of_an_own_preprocessor_are_guessed(self) -> None:
        text = WHOLE.replace("F0LoudnessPreprocessor", "MyPreprocessor")
        graph = graph_of(text)
        assert graph["nodes"]["harmonic"]["inputs"]["f0_hz"] == "preprocessor/f0_hz"
        assert graph["nodes"]["decoder"]["inputs"] == ["preprocessor/ld_scaled", "preprocessor/f0_scaled"]
        assert kinds_of(text, Kind.GUESSED) == {
            "MyPreprocessor: inputs",
            *(f"MyPreprocessor: {key}" for key in ("f0_hz", "f0_scaled", "ld_scaled")),
        }

    @pytest.mark.parametrize("part", ["preprocessor", "encoder", "decoder"])
    def test_no_part_is_asked_for_the_target_of_a_loss(self, part: str) -> None:
        text = WHOLE + f"Autoencoder.{part} = @MyOwn()\n"
        graph = graph_of(text)
        assert graph["losses"]["spectral_loss"]["inputs"] == {"target_audio": "audio", "audio": "harmonic"}
        assert graph["inputs"]["audio"] == {"rate": "audio"}

    def test_z_comes_of_the_encoder_and_pitch_of_the_data(self) -> None:
        text = HEAD + DECODER.replace("'f0_scaled')", "'f0_scaled', 'z')") + GROUP + "Autoencoder.encoder = @MyZ()\n"
        graph = graph_of(text)
        assert graph["nodes"]["decoder"]["inputs"] == ["ld_scaled", "f0_scaled", "encoder/z"]
        changes = changes_of(text)
        assert changes["MyZ: z"].kind is Kind.GUESSED
        assert changes["MyZ: f0_hz"].to == "inputs.f0_hz"

    def test_a_class_that_magenta_ddsp_never_had_is_ones_own(self) -> None:
        text = "ProcessorGroup.dag = [(@Overdrive(), ['audio', 'drive'])]\n"
        (error,) = (d for d in check(text) if d.is_error)
        assert error.code == "E302"
        assert error.hint is not None
        assert "write it as an op named overdrive and give it with --ops" in error.hint
        assert migrate_text(text).awaited == ("overdrive",)
        known = "ProcessorGroup.dag = [(@MidiToHarmonicDecoder(), ['z_pitch'])]\n"
        (error,) = (d for d in check(known) if d.code == "E302")
        assert error.hint == "this library does not have it yet; magenta/ddsp's MidiToHarmonicDecoder"


class TestModels:
    BY_NAME = WHOLE.replace("@models.Autoencoder()", "'combined'").replace("Autoencoder.", "get_combined_model.")

    @pytest.mark.parametrize(
        "text",
        [
            BY_NAME,
            BY_NAME.replace("get_model.model = 'combined'\n", ""),
            BY_NAME.replace("get_combined_model.processor_group = @processors.ProcessorGroup()\n", ""),
            BY_NAME.replace("'combined'", "@get_combined_model()"),
            WHOLE.replace("@models.Autoencoder()", "@MyAutoencoder()"),
            WHOLE.replace("Autoencoder", "MyAutoencoder").replace("MyAutoencoder.proc", "Autoencoder.proc"),
            WHOLE.replace("Autoencoder", "MyAutoencoder").replace("MyAutoencoder.losses", "Autoencoder.losses"),
        ],
    )
    def test_the_whole_model_is_found_and_said(self, text: str) -> None:
        graph = graph_of(text)
        assert set(graph["nodes"]) == {"preprocessor", "decoder", "harmonic"}
        assert graph["losses"]["spectral_loss"]["inputs"]["audio"] == "harmonic"
        assert kinds_of(text, Kind.GUESSED)
        assert not migrate_text(text).lost
        assert not [d for d in check(text) if d.is_error]

    def test_what_is_bound_at_the_base_class_is_named(self) -> None:
        text = WHOLE.replace("Autoencoder", "MyAutoencoder").replace("MyAutoencoder.proc", "Autoencoder.proc")
        change = changes_of(text)["MyAutoencoder.processor_group"]
        assert (change.kind, change.note) == (Kind.GUESSED, "bound at Autoencoder: taken for MyAutoencoder")

    def test_what_an_own_model_has_besides_is_lost_with_all_that_belongs_to_it(self) -> None:
        text = WHOLE.replace("Autoencoder", "MyAutoencoder") + "MyAutoencoder.style = @StyleNet()\nStyleNet.ch = 8\n"
        assert {change.path for change in migrate_text(text).lost} == {"MyAutoencoder.style", "StyleNet.ch"}

    def test_losses_of_audio_that_nothing_makes_are_lost(self) -> None:
        text = HEAD + FEATURES + DECODER + LOSS
        assert {change.path for change in migrate_text(text).lost} == {"Autoencoder.losses"}
        assert "losses" not in graph_of(text)

    def test_a_model_that_is_not_in_the_file_is_refused(self) -> None:
        with pytest.raises(GraphError) as error:
            migrate_text("get_model.model = @MyModel()\n" + DAG)
        assert [d.code for d in error.value.diagnostics] == ["E901"]


class TestWords:
    def test_they_are_apart(self) -> None:
        text = (
            "import ddsp\nHarmonic.n_samples = 32000\n" + WHOLE + "Harmonic.n_samples = 64000\n"
            "MfccTimeDistributedRnnEncoder.z_dims = 16\nmy_callback.every = 3\nunused = 3\n"
            "oscillator_bank.use_angular_cumsum = True\nAutoencoder.name = 'ae'\n"
            "DilatedConvDecoder.precondition_stack = None\n"
        )
        found = changes_of(text.replace("Harmonic.n_samples = 32000\n", ""))
        for path in (
            *("import ddsp", "MfccTimeDistributedRnnEncoder.z_dims", "oscillator_bank.use_angular_cumsum", "unused"),
            *("Autoencoder.name", "DilatedConvDecoder.precondition_stack"),
        ):
            assert found[path].kind is Kind.NO_EFFECT, path
        assert [change.path for change in migrate_text(text).lost] == ["my_callback.every"]
        (over,) = (change for change in migrate_text(text).changes if change.kind is Kind.OVERRIDDEN)
        assert str(over) == "<text>:2:1: Harmonic.n_samples: overridden at line 13"

    def test_none_where_the_op_has_no_such_parameter_loses_nothing(self) -> None:
        decoder = "Autoencoder.decoder = @DilatedConvDecoder()\nDilatedConvDecoder.precondition_stack = "
        for value, kind in (("None", Kind.NO_EFFECT), ("@MyStack()", Kind.LOST)):
            text = HEAD + FEATURES + GROUP + decoder + f"{value}\nDilatedConvDecoder.conditioning_keys = None\n"
            assert changes_of(text)["DilatedConvDecoder.precondition_stack"].kind is kind

    @pytest.mark.parametrize(("value", "kind"), [("0.0", Kind.NO_EFFECT), ("1.0", Kind.LOST)])
    def test_a_parameter_that_is_gone_is_lost_where_it_meant_something(self, value: str, kind: Kind) -> None:
        text = WHOLE + f"SpectralLoss.delta_delta_time_weight = {value}\n"
        assert changes_of(text)["SpectralLoss.delta_delta_time_weight"].kind is kind

    def test_a_dag_that_python_makes(self) -> None:
        with pytest.raises(GraphError) as error:
            migrate_text(HEAD + "Autoencoder.processor_group = @ProcessorGroup()\nProcessorGroup.dag = @my.dag()\n")
        (found,) = error.value.diagnostics
        assert found.code == "E904"
        assert found.hint is not None
        assert "operative config does not hold it either" in found.hint

    @pytest.mark.parametrize(
        "line", ["Harmonic.n_samples = @my.length()", "RnnFcDecoder.ch = @my.size()", "get_model.model = 'x'"]
    )
    def test_values_that_only_python_knows_are_lost(self, line: str) -> None:
        text = (DAG if line.startswith("get_model") else WHOLE) + line + "\n"
        assert [change.path for change in migrate_text(text).lost] == [line.split(" ")[0]]
        assert not [d for d in check(text) if d.is_error]

    def test_splits_that_only_python_knows(self) -> None:
        with pytest.raises(GraphError, match="E904"):
            migrate_text(WHOLE + "RnnFcDecoder.output_splits = @my.splits()\n")

    def test_a_control_that_is_scaled_twice_is_scaled_twice(self) -> None:
        fir = "(@effects.FIRFilter(), ['harmonic/signal', 'harmonic/controls/harmonic_distribution'])]"
        text = DAG.replace(")]\n", f"), {fir}\n")
        migration = migrate_text(text)
        assert not migration.lost
        assert ("FIRFilter: magnitudes", "nodes.fir_filter_magnitudes") in [(c.path, c.to) for c in migration.changes]
        assert not [d for d in check(text) if d.is_error]
        nodes = graph_of(text)["nodes"]
        assert nodes["fir_filter"]["inputs"]["magnitudes"] == "fir_filter_magnitudes"
        between = {"op": "concat", "inputs": ["harmonic/harmonic_distribution"], "params": {"unit": "any"}}
        assert nodes["fir_filter_magnitudes"] == between  # one input: the numbers as they are
        plain = text + "FIRFilter.scale_fn = None\n"
        assert "fir_filter_magnitudes" not in graph_of(plain)["nodes"]
        assert not [d for d in check(plain) if d.is_error]

    def test_none_for_yes_or_no_is_no(self) -> None:
        text = DAG + "Harmonic.normalize_below_nyquist = None\n"
        assert graph_of(text)["nodes"]["harmonic"]["params"]["normalize_below_nyquist"] is False
        assert not [d for d in check(text) if d.is_error]


class TestTheRunner:
    def test_what_it_loads_is_applied(self) -> None:
        assert graph_of(WHOLE)["training"] == {
            "batch_size": 32,
            "steps": 1_000_000,
            "learning_rate": 3e-4,
            "checkpoints_to_keep": 100,
        }
        change = changes_of(WHOLE)["Trainer.learning_rate"]
        assert (change.kind, change.span.source.name) == (Kind.DEFAULT, "optimization/base.gin")

    def test_its_macros_are_those_of_the_file(self) -> None:
        text = "batch_size = 8\nlearning_rate = 0.001\n" + WHOLE
        training = graph_of(text)["training"]
        assert (training["batch_size"], training["learning_rate"]) == (8, 0.001)
        assert changes_of(text)["batch_size"].to == "training.batch_size"
        assert graph_of(DAG + "Trainer.learning_rate = %learning_rate\n")["training"]["learning_rate"] == 3e-4

    def test_a_graph_without_losses_is_not_trained(self) -> None:
        assert "training" not in graph_of(DAG)


class TestClocks:
    @pytest.mark.parametrize(("rate", "hop"), [(44100, 176), (22050, 88), (11025, 44)])
    def test_a_default_that_does_not_divide_becomes_the_nearest(self, rate: int, hop: int) -> None:
        text = f"Harmonic.n_samples = {rate}\n{DAG}Harmonic.sample_rate = {rate}\n"
        result = migrate_text(text)
        assert yaml.safe_load(result.text)["clock"]["hop"] == f"{hop} samples"
        (warning,) = result.warnings
        assert (warning.code, warning.span.line) == ("W123", 3)  # type: ignore[union-attr]
        assert "250 frames a second, which are assumed" in warning.message
        assert "252 Hz" in str(warning.hint) or rate != 44100
        assert not [d for d in check(text) if d.is_error]

    def test_time_steps_that_do_not_divide(self) -> None:
        text = WHOLE + "F0LoudnessPreprocessor.time_steps = 300\nHarmonic.n_samples = 64000\n"
        result = migrate_text(text)
        assert [w.code for w in result.warnings] == ["W123"]
        assert "300 time steps make frames of 213.333 samples" in result.warnings[0].message

    def test_the_caller_says_the_frame_rate(self) -> None:
        text = f"{DAG}Harmonic.n_samples = 44100\nHarmonic.sample_rate = 44100\n"
        result = migrate_text(text, frame_rate_hz=252)
        assert yaml.safe_load(result.text)["clock"] == {
            "sample_rate": "44.1 kHz",
            "frame_rate": "252 Hz",
            "duration": "44100 samples",
        }
        assert not result.warnings
        text = WHOLE + "F0LoudnessPreprocessor.time_steps = 300\n"
        change = changes_of(text, frame_rate_hz=100)["F0LoudnessPreprocessor.time_steps"]
        assert str(change).endswith("overridden by --frame-rate")

    def test_less_than_a_sample_is_no_frame(self) -> None:
        with pytest.raises(GraphError, match="E401"):
            migrate_text(DAG, frame_rate_hz=32000)

    def test_two_rates_that_are_meant(self) -> None:
        text = f"{DAG}Harmonic.n_samples = 32000\nFilteredNoise.n_samples = 16000\n".replace(
            ")]", "), (@FilteredNoise(), ['m'])]"
        )
        with pytest.raises(GraphError) as error:
            migrate_text(text)
        (found,) = error.value.diagnostics
        assert found.code == "E403"
        assert "resample the audio outside of the graph" in str(found.hint)

    def test_data_of_another_rate_and_length(self) -> None:
        text = WHOLE + (
            "F0LoudnessPreprocessor.time_steps = 1000\nF0LoudnessPreprocessor.frame_rate = 250\n"
            "Harmonic.n_samples = 16000\ntrain.data_provider = @MySolo()\nMySolo.example_secs = 4\n"
            "MySolo.frame_rate = 250\nMySolo.sample_rate = 16000\n"
        )
        result = migrate_text(text)
        assert [w.code for w in result.warnings] == ["W124"] * 3
        assert yaml.safe_load(result.text)["clock"]["frame_rate"] == "1 kHz"
        assert kinds_of(text, Kind.DIFFERS) == {
            *("F0LoudnessPreprocessor.frame_rate", "MySolo.example_secs", "MySolo.frame_rate")
        }
        same = text.replace("= 1000", "= 250").replace("example_secs = 4", "example_secs = 1")
        assert not migrate_text(same).warnings


class TestSeveralFiles:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        Path("synth.gin").write_text(f"{DAG}Harmonic.sample_rate = %RATE\nHarmonic.n_samples = %LENGTH\n")
        Path("rates.gin").write_text("RATE = 48000\nLENGTH = 192000\n")
        return tmp_path

    def test_two_files_are_one_model(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["migrate", "synth.gin", "rates.gin", "-o", "new.yaml"]) == 0
        assert yaml.safe_load(Path("new.yaml").read_text())["clock"]["sample_rate"] == "48 kHz"
        assert main(["migrate", "synth.gin", "rates.gin"]) == 0
        assert capsys.readouterr().out == Path("new.yaml").read_text()
        assert migrate_text(["synth.gin", "rates.gin"]).text == Path("new.yaml").read_text()

    def test_params_override_files(self, capsys: pytest.CaptureFixture[str]) -> None:
        arguments = ["synth.gin", "rates.gin", "--gin-param", "RATE = 32000", "--gin-param", "LENGTH=64000"]
        assert main(["migrate", *arguments, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert yaml.safe_load(report["text"])["clock"]["sample_rate"] == "32 kHz"
        assert [c["note"] for c in report["changes"] if c["kind"] == "overridden"] == ["by --gin-param"] * 2
        assert (report["lost"], report["awaited"]) == (0, [])

    def test_what_is_missing_is_said_with_a_way_on(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["migrate", "synth.gin"]) == 3
        assert "--gin-param RATE=VALUE" in capsys.readouterr().err
        assert main(["migrate", "rates.gin"]) == 3
        assert "several files are one model" in capsys.readouterr().err
        assert main(["migrate", "synth.gin", "--gin-param", "RATE"]) == 3
        assert "--gin-param:1:" in capsys.readouterr().err

    def test_options_of_gin_files_on_others(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.yaml").write_text("version: 2\nname: a\n")
        assert main(["migrate", "a.yaml", "--frame-rate", "250"]) == 2
        assert main(["migrate", "synth.gin", "--frame-rate", "-3"]) == 2

    def test_what_was_lost_decides_the_exit_code(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.gin").write_text(WHOLE + "Harmonic.colour = 'red'\n")
        assert main(["migrate", "a.gin", "-o", "a.yaml"]) == 1
        err = capsys.readouterr().err
        assert "1 lost, to a.yaml\n" in err
        assert err.endswith("  a.gin:11:1: Harmonic.colour (the op harmonic has no such parameter)\n")
        assert Path("a.yaml").is_file()

    def test_files_of_magenta_ddsp_are_known(self) -> None:
        text = "include 'models/solo_instrument.gin'\nRnnFcDecoder.ch = 64\n"
        result = migrate_text(text)
        graph = yaml.safe_load(result.text)
        assert graph["nodes"]["decoder"]["params"]["ch"] == 64
        assert graph["nodes"]["reverb"]["params"] == {"trainable": True, "reverb_length": 48000}
        assert not result.warnings
        assert not result.lost
        assert not [d for d in check(text) if d.is_error]

    @pytest.mark.parametrize("path", ["models/vst/vst_48k.gin", "papers/iclr2020/nsynth_ae.gin", "ae/models/ae.gin"])
    def test_each_of_them_is_a_clean_graph(self, path: str) -> None:
        text = f"include '{path}'\n"
        assert not [d for d in check(text) if d.is_error]
        assert not migrate_text(text).lost

    def test_a_file_of_ones_own_goes_first(self) -> None:
        Path("models").mkdir()
        Path("models/ae.gin").write_text(DAG)
        Path("a.gin").write_text("include 'models/ae.gin'\n")
        assert list(graph_of("a.gin")["nodes"]) == ["harmonic"]
