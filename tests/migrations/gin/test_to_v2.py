"""Gin files become graphs: the new text, the report of every statement, and the graphs that Autoencoders are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import ddspgraph as dg
from ddspgraph.compiler.driver import check
from ddspgraph.diagnostics import GraphError
from ddspgraph.migrations import Kind, MigrationResult, migrate_text
from ddspgraph.migrations.gin.syntax.reader import read_gin
from ddspgraph.migrations.gin.syntax.statements import Binding, Import, Include

HERE = Path(__file__).parent
FILES = sorted([*(HERE / "v0").glob("*.gin"), HERE / "v0" / "tensorboard.md"])
#: Classes of magenta/ddsp for which there is no op: a graph that names one is not clean.
AWAITED = {
    *("resnet_f0_encoder", "pretrained_crepe_embedding_loss", "midi_to_harmonic_decoder", "harmonic_to_midi_encoder"),
    *("expression_encoder", "pool_over_notes", "fc_stack_out"),
}


def without_marks(data: Any) -> Any:
    """The data of a graph without `x-awaited`, which goes when an op comes."""
    if isinstance(data, dict):
        return {key: without_marks(value) for key, value in data.items() if key != "x-awaited"}
    return [without_marks(value) for value in data] if isinstance(data, list) else data


def graph_of(text: str) -> dict[str, Any]:
    return without_marks(yaml.safe_load(migrate_text(text).text))


def report_of(text: str) -> dict[str, tuple[Kind, str | None]]:
    return {change.path: (change.kind, change.to) for change in migrate_text(text).changes}


@pytest.fixture(params=FILES, ids=lambda path: path.stem, scope="module")
def migrated(request: pytest.FixtureRequest) -> tuple[Path, MigrationResult]:
    return request.param, migrate_text(request.param)


class TestFrozenFiles:
    def test_the_new_text(self, migrated: tuple[Path, MigrationResult]) -> None:
        path, result = migrated
        frozen = (HERE / "v2" / f"{path.stem}.yaml").read_text()
        assert without_marks(yaml.safe_load(result.text)) == without_marks(yaml.safe_load(frozen))
        if "x-awaited" not in frozen:
            assert result.text == frozen

    def test_the_graph_is_clean_where_its_ops_are_there(self, migrated: tuple[Path, MigrationResult]) -> None:
        path, result = migrated
        for source in (result.text, path):
            errors = [d for d in check(source) if d.is_error]
            assert {d.code for d in errors} <= {"E302"}
            assert all(any(f"'{op}'" in d.message for op in AWAITED) for d in errors)
        assert bool(errors) == ("x-awaited" in result.text)

    def test_every_statement_is_in_the_report(self, migrated: tuple[Path, MigrationResult]) -> None:
        path, result = migrated
        reported = Counter((str(change.span), change.path) for change in result.changes)
        for statement in read_gin(path).flat():
            if isinstance(statement, Binding):
                assert reported[str(statement.span), statement.key] == 1
            elif isinstance(statement, Import):
                assert reported[str(statement.span), statement.text] == 1
            elif isinstance(statement, Include):
                assert reported[str(statement.span), f"include '{statement.path}'"] == 1
        for change in result.changes:
            if change.kind in (Kind.LOST, Kind.NO_EFFECT, Kind.OVERRIDDEN, Kind.GUESSED, Kind.DIFFERS):
                assert change.note, change
            if change.to is not None:
                assert exists(yaml.safe_load(result.text), change.to), change

    def test_all_comments_of_a_person_are_kept(self, migrated: tuple[Path, MigrationResult]) -> None:
        path, result = migrated
        if path.name.startswith(("operative", "tensorboard")):
            assert "# Parameters" not in result.text
            assert "# ====" not in result.text
            return
        for statement in read_gin(path).flat():
            for comment in statement.comments:
                assert comment.text in result.text or "-*-" in comment.text

    def test_the_graph_needs_no_more_migration(self, migrated: tuple[Path, MigrationResult]) -> None:
        _, result = migrated
        again = migrate_text(result.text)
        assert not again.changed
        assert (result.from_version, result.to_version) == (0, 2)


def exists(data: dict[str, Any], to: str) -> bool:
    """Whether a place of the report is in the new file; `clock.duration` may be left out, and paths lead into lists."""
    part: Any = data
    for step in to.split("."):
        if not isinstance(part, dict):
            return True
        if step not in part:
            return step in ("duration", "frame_rate", "op", "params", "inputs") or to.startswith("x-training")
        part = part[step]
    return True


HEAD = "get_model.model = @models.Autoencoder()\n"
#: What magenta/ddsp's training program says before any file, where it is not what a graph does by itself.
RUNNER = {"batch_size": 32, "steps": 1_000_000, "learning_rate": 3e-4, "checkpoints_to_keep": 100}
SYNTH = "ProcessorGroup.dag = [(@synths.Harmonic(), ['amps', 'hd', 'f0_hz'])]\n"


class TestDags:
    def test_a_group_alone_is_a_graph_of_its_inputs(self) -> None:
        graph = graph_of(SYNTH + "Harmonic.name = 'bell'\n")
        assert graph["inputs"]["hd"] == {"rate": "frame", "channels": "n_harmonics"}
        assert graph["nodes"]["bell"]["inputs"] == {
            "amplitudes": "amps",
            "harmonic_distribution": "hd",
            "f0_hz": "f0_hz",
        }
        assert graph["outputs"] == {"audio": "bell"}

    def test_names_of_results(self) -> None:
        text = (
            "ProcessorGroup.dag = [\n"
            " (@decoders.RnnFcDecoder(), ['ld_scaled', 'f0_scaled']),\n"
            " (@nn.Fc(), ['rnn_fc_decoder/amps'], ['level']),\n"
            " (@synths.Harmonic(), ['fc/level', 'rnn_fc_decoder/harmonic_distribution', 'inputs/f0_hz']),\n"
            " (@synths.FilteredNoise(), ['noise']),\n"
            " (@processors.Add(), ['harmonic/signal', 'filtered_noise/signal']),\n"
            " (@effects.FIRFilter(), ['add/signal', 'filtered_noise/controls/magnitudes']),\n]\n"
        )
        nodes = graph_of(text)["nodes"]
        assert nodes["harmonic"]["inputs"] == {
            "amplitudes": "fc",
            "harmonic_distribution": "rnn_fc_decoder/harmonic_distribution",
            "f0_hz": "f0_hz",
        }
        assert nodes["fir_filter"]["inputs"] == {"audio": "add", "magnitudes": "fir_filter_magnitudes"}
        assert nodes["fir_filter_magnitudes"]["inputs"] == ["filtered_noise/magnitudes"]

    @pytest.mark.parametrize(
        ("dag", "inputs"),
        [
            ("(@Sinusoidal(), ['sin_amps', 'sin_freqs'])", {"sin_amps": "n_sinusoids", "sin_freqs": "n_sinusoids"}),
            ("(@Add(), ['a', 'b']), (@Crop(), ['add/signal'])", {"a": None, "b": None}),
            (
                "(@Add(), ['a', 'b']), (@Wavetable(), ['add/signal', 'w', 'f0_hz'])",
                {"a": 1, "b": 1, "w": "n_wavetable"},
            ),
            (
                "(@Add(), ['a', 'b']), (@x/Add(), ['add/signal', 'c']), (@Crop(), ['sum/signal'])",
                {"a": None, "c": None},
            ),
            ("(@TensorToAudio(), ['audio']), (@Mix(), ['tensor_to_audio/signal', 'b', 'm'])", {"audio": 1, "b": None}),
            (
                "(@Mix(), ['one', 'two', 'm']), (@TensorToAudio(), ['wave']), (@Add(), ['mix/signal', 'three']),"
                "(@x/Add(), ['add/signal', 'tensor_to_audio/signal'])",
                {"one": None, "two": None, "three": None, "wave": 1, "m": 1},
            ),
            ("(@Add(), ['audio', 'b'])", {"audio": None, "b": None}),
            ("(@RnnFcDecoder(), ['ld_scaled']), (@Add(), ['rnn_fc_decoder/amps', 'b'])", {"b": 1}),
            ("(@my.Ring(), ['a']), (@Add(), ['ring/signal', 'b'])", {"a": "n_a", "b": None}),
        ],
    )
    def test_inputs_are_what_all_their_readers_want(self, dag: str, inputs: dict[str, int | str | None]) -> None:
        graph = graph_of(f"ProcessorGroup.dag = [{dag}]\nx/Add.name = 'sum'\n")
        text = migrate_text(f"ProcessorGroup.dag = [{dag}]\nx/Add.name = 'sum'\n").text
        for name, channels in inputs.items():
            declared = graph["inputs"][name]
            assert declared.get("channels", 1 if declared["rate"] == "frame" else None) == channels
            assert "unit" not in declared
        assert {d.code for d in check(text) if d.is_error} <= {"E302", "E310"}

    def test_one_name_twice_is_refused(self) -> None:
        text = "ProcessorGroup.dag = [(@Add(), ['a', 'b']), (@Add(), ['add/signal', 'b'])]\n"
        with pytest.raises(GraphError, match="E306"):
            migrate_text(text)

    @pytest.mark.parametrize(
        ("dag", "code", "column"),
        [
            ("[(@Add(), ['a/signal', 'b'])]", "E301", 33),
            ("[(@Add(), ['a', 'b', 'c'])]", "E304", 43),
            ("[('adder', ['a', 'b'])]", "E301", 24),
            ("[(@Add(),)]", "E203", 23),
            ("[(3, ['a'])]", "E203", 24),
            ("7", "E203", 22),
            ("[(@SpectralLoss(), ['a', 'b'])]", "E302", 24),
        ],
    )
    def test_what_is_wrong_in_a_dag(self, dag: str, code: str, column: int) -> None:
        with pytest.raises(GraphError) as error:
            migrate_text(f"ProcessorGroup.dag = {dag}\n")
        assert [(d.code, d.span.column) for d in error.value.diagnostics if d.span] == [(code, column)]

    def test_a_group_of_losses_alone(self) -> None:
        text = "x/LossGroup.dag = [('near', ['pred', 'target'])]\nx/LossGroup.near = @losses.ParamLoss()\n"
        graph = graph_of(text)
        assert list(graph["losses"]) == ["near"]

    def test_a_class_that_nobody_knows_is_an_op_that_nobody_has(self) -> None:
        text = "ProcessorGroup.dag = [(@my.Ring(), ['a']), (@Add(), ['ring/signal', 'b'])]\nmy.Ring.depth = 0.5\n"
        nodes = yaml.safe_load(migrate_text(text).text)["nodes"]
        assert nodes["ring"]["op"] == "ring"
        assert nodes["ring"]["params"] == {"depth": 0.5}
        assert "Ring" in nodes["ring"]["x-awaited"]
        assert nodes["add"]["inputs"]["signal_one"] == "ring"


class TestModels:
    def test_keys_follow_the_last_that_gives_them(self) -> None:
        text = HEAD + (
            "Autoencoder.preprocessor = @F0PowerPreprocessor()\nAutoencoder.encoder = @MfccRnnEncoder()\n"
            "Autoencoder.decoder = @RnnFcDecoder()\nRnnFcDecoder.input_keys = ('pw_scaled', 'f0_scaled', 'z')\n"
            "RnnFcDecoder.output_splits = (('amps', 1), ('hd', 9), ('f0_hz', 1))\n"
            f"Autoencoder.processor_group = @ProcessorGroup()\n{SYNTH}"
        )
        nodes = graph_of(text)["nodes"]
        assert nodes["decoder"]["inputs"] == ["preprocessor/pw_scaled", "preprocessor/f0_scaled", "encoder/z"]
        assert nodes["harmonic"]["inputs"]["f0_hz"] == "decoder/f0_hz"

    def test_a_preprocessor_that_nobody_knows_gives_what_is_asked_of_it(self) -> None:
        text = HEAD + (
            "Autoencoder.preprocessor = @my.JukePreprocessor()\nAutoencoder.decoder = @RnnFcDecoder()\n"
            "RnnFcDecoder.input_keys = ('juke_2',)\n"
            f"Autoencoder.processor_group = @ProcessorGroup()\n{SYNTH}"
        )
        assert graph_of(text)["nodes"]["decoder"]["inputs"] == ["preprocessor/juke_2"]

    def test_a_model_of_ones_own_is_read_as_an_autoencoder(self) -> None:
        text = f"get_model.model = @my.Duet()\nDuet.processor_group = @ProcessorGroup()\nDuet.tempo = 3\n{SYNTH}"
        assert list(graph_of(text)["nodes"]) == ["harmonic"]
        assert report_of(text)["Duet.tempo"][0] is Kind.LOST

    def test_the_decoder_of_the_first_releases_reads_pitch_first(self) -> None:
        text = HEAD + (
            "Autoencoder.preprocessor = @DefaultPreprocessor()\nAutoencoder.decoder = @RnnFcDecoder()\n"
            "RnnFcDecoder.output_splits = (('amps', 1), ('hd', 9))\n"
            f"Autoencoder.processor_group = @ProcessorGroup()\n{SYNTH}"
        )
        assert graph_of(text)["nodes"]["decoder"]["inputs"] == ["preprocessor/f0_scaled", "preprocessor/ld_scaled"]
        text += "Autoencoder.encoder = @MfccRnnEncoder()\n"
        assert graph_of(text)["nodes"]["decoder"]["inputs"][0] == "preprocessor/ld_scaled"
        text = text.replace("@RnnFcDecoder", "@ZRnnFcDecoder").replace("RnnFcDecoder.output", "ZRnnFcDecoder.output")
        inputs = graph_of(text)["nodes"]["decoder"]["inputs"]
        assert inputs == ["preprocessor/f0_scaled", "preprocessor/ld_scaled", "encoder/z"]

    def test_losses_and_their_names(self) -> None:
        text = HEAD + (
            f"Autoencoder.processor_group = @ProcessorGroup()\n{SYNTH}"
            "Autoencoder.losses = [@a/SpectralLoss(), @b/losses.SpectralLoss()]\n"
            "a/SpectralLoss.name = 'coarse'\nb/SpectralLoss.name = 'fine-grained'\nSpectralLoss.loss_type = 'cosine'\n"
        )
        losses = graph_of(text)["losses"]
        assert losses["coarse"] == {
            "op": "spectral_loss",
            "inputs": {"target_audio": "audio", "audio": "harmonic"},
            "params": {"loss_type": "COSINE"},
        }
        assert report_of(text)["b/SpectralLoss.name"] == (Kind.RENAMED, "losses.fine_grained")

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("train.batch_size = 3\n", "E901"),
            ("get_model.model = @my.Thing()\n", "E901"),
            ("MidiAutoencoder.qpitch_f0rec_loss = @losses.MarginLoss()\n", "E901"),
            ("get_model.model = @models.MidiAutoencoder()\n", "E310"),
            ("get_model.model = @models.InverseSynthesis()\n", "E310"),
            ("include 'models/mine.gin'\nRnnFcDecoder.ch = 3\n", "E601"),
            ("include 'models/mine.gin'\nAutoencoder.decoder = @RnnFcDecoder()\n", "E601"),
            (HEAD + "Autoencoder.decoder = 3\n", "E203"),
            (HEAD + f"Autoencoder.processor_group = @ProcessorGroup()\n{SYNTH}Autoencoder.losses = 3\n", "E203"),
            (HEAD + "Autoencoder.decoder = @RnnFcDecoder()\nRnnFcDecoder.output_splits = 3\n", "E203"),
            (HEAD + "Autoencoder.processor_group = @ProcessorGroup()\n", "E310"),
        ],
    )
    def test_what_is_no_model(self, text: str, code: str) -> None:
        with pytest.raises(GraphError) as error:
            migrate_text(text)
        assert code in {d.code for d in error.value.diagnostics}

    def test_a_missing_include_is_told_where_the_model_is_whole_without_it(self) -> None:
        result = migrate_text(f"include 'eval/mine.gin'\n{SYNTH}")
        assert [w.code for w in result.warnings] == ["W111"]
        assert "E601" in result.changes[0].note
        assert "W111" in {d.code for d in dg.check(f"include 'eval/mine.gin'\n{SYNTH}")}


class TestParameters:
    def test_functions(self) -> None:
        text = (
            "ProcessorGroup.dag = [(@Sinusoidal(), ['a', 'f'])]\nSinusoidal.amp_scale_fn = None\n"
            "Sinusoidal.freq_scale_fn = @x/core.frequencies_softmax\nx/frequencies_softmax.depth = 64\n"
            "frequencies_softmax.hz_max = 8000.0\nfrequencies_softmax.hz_min = 40.0\n"
        )
        params = graph_of(text)["nodes"]["sinusoidal"]["params"]
        assert params["freq_scale_fn"] == "frequencies_softmax"
        assert params == {
            "amp_scale_fn": None,
            "freq_scale_fn": "frequencies_softmax",
            "depth": 64,
            "hz_max": 8000.0,
            "hz_min": 40.0,
        }

    def test_functions_of_tensorflow(self) -> None:
        text = "ProcessorGroup.dag = [(@ModDelay(), ['a', 'g', 'p'])]\nModDelay.phase_scale_fn = @tf.nn.sigmoid\n"
        assert graph_of(text)["nodes"]["mod_delay"]["params"] == {"phase_scale_fn": "sigmoid", "timing": "ddsp"}

    def test_constants_of_functions(self) -> None:
        text = (
            f"{SYNTH}Harmonic.scale_fn = @core.exp_sigmoid\nexp_sigmoid.threshold = 1e-7\nexp_sigmoid.max_value = 1.0\n"
        )
        report = report_of(text)
        assert report["exp_sigmoid.threshold"][0] is Kind.DEFAULT
        assert report["exp_sigmoid.max_value"][0] is Kind.LOST

    def test_a_singleton_is_what_its_constructor_makes(self) -> None:
        text = (
            "ProcessorGroup.dag = [(@one/singleton(), ['amps', 'hd', 'f0_hz'])]\n"
            "one/singleton.constructor = @Harmonic\nHarmonic.normalize_below_nyquist = False\n"
        )
        assert graph_of(text)["nodes"]["harmonic"]["params"] == {"normalize_below_nyquist": False}
        assert report_of(text)["one/singleton.constructor"] == (Kind.MOVED, "nodes")

    def test_the_long_form_of_a_macro(self) -> None:
        text = f"{SYNTH}x/rate/macro.value = 48000\nHarmonic.sample_rate = @x/rate/gin.macro()\n"
        assert graph_of(text)["clock"]["sample_rate"] == "48 kHz"
        assert report_of(text)["x/rate"] == (Kind.DERIVED, "clock.sample_rate")

    def test_unscoped_references_inherit_the_scope_of_their_holder(self) -> None:
        text = (
            "get_model.model = @a/Autoencoder()\nAutoencoder.processor_group = @ProcessorGroup()\n"
            "a/ProcessorGroup.dag = [(@Harmonic(), ['amps', 'hd', 'f0_hz']), (@b/Crop(), ['harmonic/signal'])]\n"
            "a/Harmonic.normalize_below_nyquist = False\na/Crop.frame_size = 1\nCrop.frame_size = 2\n"
        )
        nodes = graph_of(text)["nodes"]
        assert nodes["harmonic"]["params"] == {"normalize_below_nyquist": False}
        assert nodes["crop"]["params"] == {"frame_size": 2}

    def test_macros_become_constants(self) -> None:
        text = f"{SYNTH}method = 'linear'\nHarmonic.amp_resample_method = %method\n"
        graph = graph_of(text)
        assert graph["params"] == {"method": "linear"}
        assert graph["nodes"]["harmonic"]["params"] == {"amp_resample_method": "$method"}
        (node,) = (node for node in dg.load(text).nodes if node.name == "harmonic")
        assert node.op.amp_resample_method == "linear"  # type: ignore[attr-defined]

    def test_old_defaults_are_written_where_they_differ(self) -> None:
        text = f"{SYNTH}Harmonic.scale_fn = @train()\nrnn.ch = 3\n"
        scale = graph_of(text)["nodes"]["harmonic"]["params"]["scale_fn"]
        assert scale == {"op": "train", "params": {"save_dir": "~/tmp/ddsp"}}

    def test_what_ops_say_in_their_own_words(self) -> None:
        text = HEAD + (
            "Autoencoder.decoder = @DilatedConvDecoder()\nDilatedConvDecoder.conditioning_keys = ('z', 'style')\n"
            "DilatedConvDecoder.precondition_stack = @s/nn.FcStack()\ns/FcStack.layers = 3\n"
        )
        nodes = graph_of(text)["nodes"]
        assert nodes["decoder_z"] == {"op": "concat", "inputs": ["z", "style"]}
        assert nodes["decoder"]["inputs"] == ["ld_scaled", "f0_scaled", "decoder_z"]
        assert nodes["decoder"]["params"] == {
            "precondition_layers": 3,
            "precondition_ch": 256,
            "conditional": True,
            "outputs": {"amps": 1, "harmonic_distribution": 60},
        }

    def test_power_is_of_16_khz_in_a_plugin(self) -> None:
        text = (HERE / "v0" / "plugin_32k.gin").read_text()
        assert graph_of(text)["nodes"]["preprocessor"]["params"]["frame_size"] == 2048


class TestTraining:
    def test_old_programs(self) -> None:
        text = SYNTH + (
            "train_util.create_estimator.save_summary_steps = 10\nget_train_op.lr_decay_rate = 0.9\n"
            "evaluate.model_dir = 'runs'\ntrain.use_tpu = False\ntrain.data_provider = @x/data.TFRecordProvider()\n"
            "x/TFRecordProvider.file_pattern = 'a*'\nTFRecordProvider.example_secs = 2\n"
        )
        graph = graph_of(text)
        training = graph["x-training"]
        assert graph["training"] == {**RUNNER, "steps_per_summary": 10, "lr_decay_rate": 0.9}
        assert training["evaluate"] == {"save_dir": "runs"}
        provider = training["train"]["data_provider"]
        assert provider == {"class": "TFRecordProvider", "file_pattern": "a*", "example_secs": 2}
        assert report_of(text)["train.use_tpu"][0] is Kind.NO_EFFECT

    def test_options_of_the_training_section(self) -> None:
        text = SYNTH + (
            "learning_rate = 3e-4\nbatch_size = 8\n"
            "Trainer.learning_rate = %learning_rate\ntrain.batch_size = %batch_size\n"
            "train.num_steps = 500  # overnight\nTrainer.checkpoints_to_keep = 100\nTrainer.grad_clip_norm = 3.0\n"
            "train.early_stop_loss_value = None\nevaluate.batch_size = 4\na/train.batch_size = 2\n"
            "Trainer.restore_keys = ['decoder']\nTrainer.lr_decay_steps = %steps\nsteps = 100\n"
        )
        graph = graph_of(text)
        assert graph["training"] == {
            "learning_rate": 3e-4,
            "batch_size": 8,
            "steps": 500,
            "checkpoints_to_keep": 100,
            "grad_clip_norm": 3.0,
            "early_stop_loss_value": None,
            "lr_decay_steps": 100,
        }
        others = {"evaluate": {"batch_size": 4}, "a/train": {"batch_size": 2}, "Trainer": {"restore_keys": ["decoder"]}}
        assert graph["x-training"] == others
        report = report_of(text)
        assert report["train.num_steps"] == (Kind.RENAMED, "training.steps")
        assert report["learning_rate"] == (Kind.MOVED, "training.learning_rate")
        result = migrate_text(text)
        assert "  steps: 500  # overnight\n" in result.text
        assert dg.load(result.text).training is not None

    @pytest.mark.parametrize("binding", ["Trainer.checkpoints_to_keep = 1", "train.batch_size = 1e9"])
    def test_an_option_that_is_out_of_range_is_kept_aside(self, binding: str) -> None:
        graph = graph_of(f"{SYNTH}{binding}\n")
        assert set(graph["training"]) == set(RUNNER) - {binding.split(" ")[0].split(".")[1]}
        assert "x-training" in graph
        (change,) = (c for c in migrate_text(f"{SYNTH}{binding}\n").changes if c.path == binding.split(" ")[0])
        assert (change.kind, change.to) == (Kind.LOST, f"x-training.{change.path}")
        assert "must be" in change.note

    def test_a_model_in_the_training_program(self) -> None:
        text = f"train.model = @models.Autoencoder()\nAutoencoder.processor_group = @ProcessorGroup()\n{SYNTH}"
        assert "harmonic" in graph_of(text)["nodes"]


if __name__ == "__main__":
    for file in FILES:
        (HERE / "v2" / f"{file.stem}.yaml").write_text(migrate_text(file).text)
