"""Folders that make no run: the file and the variables are named, and nothing is written."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.cli import main
from tests.migrations.checkpoint.test_golden_runs import GOLDEN

DATA, INDEX, CONFIG = "ckpt-3.data-00000-of-00001", "ckpt-3.index", "operative_config-3.gin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(GOLDEN / "gru", tmp_path / "gru")
    return tmp_path / "gru"


def refusal(folder: Path, code: str, *gin: Path) -> str:
    """What is said; no folder is left, not even a hidden one."""
    run = folder.parent / "run"
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(dg.GraphError) as caught:
        dg.migrate_run(folder, run, gin=gin)
    assert {d.code for d in caught.value.diagnostics if d.is_error} == {code}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    return str(caught.value)


def cut(path: Path, to: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * to)])


@pytest.mark.parametrize("to", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("name", [DATA, INDEX])
def test_a_file_that_is_cut_off(folder: Path, name: str, to: float) -> None:
    cut(folder / name, to)
    assert name in refusal(folder, "E905")


def test_a_data_file_that_is_missing(folder: Path) -> None:
    (folder / DATA).unlink()
    assert f"copy {DATA}" in refusal(folder, "E905")


def test_bytes_that_have_changed_are_found(folder: Path) -> None:
    """Every block and every array of a checkpoint has a sum of its own."""
    rng, run = random.Random(5), folder.parent / "run"
    for name in (DATA, INDEX):
        good = (folder / name).read_bytes()
        for _ in range(12):
            bad = bytearray(good)
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            (folder / name).write_bytes(bad)
            with contextlib.suppress(dg.GraphError):
                done = dg.migrate_run(folder, run)  # of a byte that belongs to no array of the model
                assert done.step == 3
                shutil.rmtree(run)
            assert not run.exists()
        (folder / name).write_bytes(good)


def _foreign(path: Path) -> None:
    tf.train.Checkpoint(network=tf.Variable(tf.ones([1])), step=tf.Variable(tf.constant(3))).write(str(path))


def _by_name(path: Path) -> None:
    tf.raw_ops.SaveV2(prefix=str(path), tensor_names=["dense/kernel"], shape_and_slices=[""], tensors=[tf.ones([2])])


@pytest.mark.parametrize(("write", "named"), [(_foreign, "network"), (_by_name, "dense/kernel")])
def test_checkpoints_of_other_programs(folder: Path, write: Callable[[Path], None], named: str) -> None:
    for file in folder.glob("ckpt-*"):
        file.unlink()
    write(folder / "ckpt-3")
    message = refusal(folder, "E908")
    assert named in message
    assert INDEX in message


def test_a_folder_without_checkpoints(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in folder.glob("ckpt-*"):
        file.unlink()
    refusal(folder, "E908")
    assert main(["migrate", str(folder), "-o", str(folder.parent / "run")]) == 3
    assert "E908" in capsys.readouterr().err


def test_a_checkpoint_of_another_architecture(folder: Path) -> None:
    """Every weight that finds no variable is named with both shapes, and every variable that is left over."""
    config = folder / CONFIG
    config.write_text(config.read_text().replace("rnn_channels = 5", "rnn_channels = 7"))
    message = refusal(folder, "E906")
    assert (
        "its 'model/decoder/rnn/rnn/cell/recurrent_kernel' [5, 15] does not fit 'decoder/rnn_recurrent_kernel'"
        in message
    )
    config.write_text(
        config.read_text().replace("rnn_channels = 7", "rnn_channels = 5").replace("stack = 2", "stack = 1")
    )
    layer = "model/decoder/input_stacks/0/layer_with_weights-1/layer_with_weights-0"
    left = f"its '{layer}/kernel' [6, 6] has no place in the node 'decoder'"
    assert left in refusal(folder, "E906")
    config.write_text(config.read_text().replace("stack = 1", "stack = 3"))
    assert "it has nothing for 'decoder/in_1_fc_3_kernel' [6, 6]" in refusal(folder, "E906")


def test_another_kind_of_decoder(folder: Path) -> None:
    message = refusal(folder, "E906", GOLDEN / "convolutions" / CONFIG)
    assert "'decoder' has no 'dilated_conv_stack'" in message


def test_a_part_that_the_graph_does_not_have_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, run = folder / CONFIG, folder.parent / "run"
    config.write_text(config.read_text().replace("(@effects.Reverb(), ['add/signal'])", ""))
    assert main(["migrate", str(folder), "-o", str(run)]) == 1
    assert "W138 its 'model/processor_group/reverb/ir' [400] belongs to no node" in capsys.readouterr().err
    assert set(dg.load_run(run).variables_by_node) == {"decoder"}


def test_no_operative_config(folder: Path) -> None:
    (folder / CONFIG).rename(folder.parent / "model.gin")
    gin = folder.parent / "model.gin"
    with pytest.raises(dg.GraphError, match=r"E907 there is no operative_config-N.gin(.|\n)*model.gin -o RUN"):
        dg.migrate_run(folder, folder.parent / "run")
    assert dg.migrate_run(folder, folder.parent / "run", gin=[gin]).gin == (gin,)
    for i, options in enumerate(([str(gin)], ["--gin-path", str(gin)])):
        assert main(["migrate", str(folder), *options, "-o", str(folder.parent / f"run{i}")]) == 0
    gin.rename(folder / "model.gin")  # the only one in the folder
    assert dg.migrate_run(folder, folder.parent / "other").gin[0].name == "model.gin"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_weights_that_are_not_finite(folder: Path) -> None:
    checkpoint = tf.train.load_checkpoint(str(folder / "ckpt-3"))
    key = "model/decoder/dense_out/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    names = list(checkpoint.get_variable_to_shape_map())
    tensors = [checkpoint.get_tensor(name) for name in names]
    tensors[names.index(key)] = tensors[names.index(key)] * float("nan")
    tf.raw_ops.SaveV2(
        prefix=str(folder / "ckpt-3"), tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
    )
    assert "'model/decoder/dense_out/kernel' [6, 10]" in refusal(folder, "E909")


def test_without_an_optimizer_adam_begins_anew_and_says_so(folder: Path) -> None:
    source = tf.train.load_checkpoint(str(folder / "ckpt-3"))
    names = [n for n in source.get_variable_to_shape_map() if not n.startswith("optimizer/_var")]
    tensors = [source.get_tensor(name) for name in names]
    tf.raw_ops.SaveV2(
        prefix=str(folder / "ckpt-3"), tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
    )
    done = dg.migrate_run(folder, folder.parent / "run")
    assert done.step == 3
    assert sum(w.code == "W139" for w in done.warnings) == len(done.weights)
    assert "it has no slots of Adam for 'model/processor_group/reverb/ir': they begin at 0" in "\n".join(
        map(str, done.warnings)
    )


def test_what_is_there_stays(folder: Path) -> None:
    run = folder.parent / "run"
    run.mkdir()
    (run / "notes.txt").write_text("mine")
    with pytest.raises(dg.GraphError, match="E607"):
        dg.migrate_run(folder, run)
    assert [path.name for path in run.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "options", [[], ["--in-place"], ["--check"], ["-o", "run", "--verify"], ["-o", "run", "--diff"]]
)
def test_options_that_are_for_specs(folder: Path, options: list[str]) -> None:
    assert main(["migrate", str(folder), *options]) == 2


def test_files_after_the_folder_are_gin_files(folder: Path) -> None:
    assert main(["migrate", str(folder), "other.yaml", "-o", str(folder.parent / "run")]) == 2
