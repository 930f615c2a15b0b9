"""The newest checkpoint damaged in every way falls back to the one before, and all of them end the run (T19)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.diagnostics import Diagnostic
from ddspgraph.files import place
from ddspgraph.training.checkpoints import checkpoint_paths, newest_checkpoint, read_checkpoint, write_checkpoint
from ddspgraph.training.observer import Observer
from ddspgraph.training.weights import assign
from tests import warm_process
from tests.training.small import SPEC, SmallSource

ARRAYS = {"weights/a/kernel": np.arange(600, dtype=np.float32).reshape(20, 30), "adam_iterations": np.int64(7)}


class Listener(Observer):
    def __init__(self) -> None:
        self.warnings: list[Diagnostic] = []
        self.notices: list[str] = []

    def warn(self, warning: Diagnostic) -> None:
        self.warnings.append(warning)

    def notice(self, message: str) -> None:
        self.notices.append(message)


def flip(share: float) -> Callable[[Path], None]:
    """One bit of one byte, at a share of the file."""

    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(share * (len(data) - 1))] ^= 0x10
        path.write_bytes(data)

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a byte short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "a byte long": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "a bit of the head": flip(0.0),
    "a bit of the data": flip(0.4),
    "a bit of the directory": flip(0.96),
    "a bit of the digest": flip(1.0),
    "another step": lambda path: shutil.copy(path.with_name("step-00000001.npz"), path),
    "not a file": lambda path: (path.unlink(), path.mkdir()),
    "text": lambda path: path.write_text("not a checkpoint" * 20),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for step in (1, 2, 3, 4):
        write_checkpoint(tmp_path, step, ARRAYS, {"step": step, "sums": {"total": 0.1}}, keep=3)
        if step == 1:
            shutil.copy(tmp_path / "step-00000001.npz", tmp_path.parent / f"{tmp_path.name}-first")
    shutil.copy(tmp_path.parent / f"{tmp_path.name}-first", tmp_path / "step-00000001.npz")
    return tmp_path


def test_what_was_written_is_read(folder: Path) -> None:
    found = newest_checkpoint(folder, warn=pytest.fail)
    assert found.step == 4
    assert found.state == {"step": 4, "sums": {"total": 0.1}}
    assert found.arrays.keys() == ARRAYS.keys()
    assert all(np.array_equal(found.arrays[name], x) for name, x in ARRAYS.items())
    assert np.array_equal(found.weights()["a/kernel"], ARRAYS["weights/a/kernel"])
    with np.load(found.path) as plain:  # NumPy reads it as any .npz
        assert np.array_equal(plain["weights/a/kernel"], ARRAYS["weights/a/kernel"])


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for step in range(10):
        write_checkpoint(tmp_path, step, ARRAYS, {"step": step}, keep=3)
    assert [step for step, _ in checkpoint_paths(tmp_path)] == [9, 8, 7]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_passed_over(damage: str, folder: Path) -> None:
    warnings: list[Diagnostic] = []
    DAMAGES[damage](folder / "step-00000004.npz")
    assert newest_checkpoint(folder, warnings.append).step == 3
    assert [w.code for w in warnings] == ["W112"]
    assert "step-00000004.npz" in str(warnings[0])


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d != "another step"])
def test_none_that_is_good(damage: str, folder: Path) -> None:
    for _, path in checkpoint_paths(folder):
        DAMAGES[damage](path)
    with pytest.raises(dg.GraphError) as caught:
        newest_checkpoint(folder, warn=pytest.fail)
    assert caught.value.exit_code == 4
    assert {d.code for d in caught.value.diagnostics} == {"E615", "W112"}


def test_every_flipped_bit_of_a_small_one_is_found(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 1, {"weights/a/b": np.zeros(2, np.float32)}, {"step": 1}, keep=3)
    path = tmp_path / "step-00000001.npz"
    good = path.read_bytes()
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ (1 << i % 8)]) + good[i + 1 :])
        with pytest.raises(ValueError, match=r"SHA-256"):
            read_checkpoint(path, 1)


def test_a_run_falls_back_and_never_begins_anew(tmp_path: Path) -> None:
    run = tmp_path / "run"
    dg.train(SPEC, SmallSource(), run)
    log, last = (run / "metrics.jsonl").read_bytes(), (run / "checkpoints" / "step-00000012.npz").read_bytes()
    DAMAGES["half"](run / "checkpoints" / "step-00000012.npz")
    with pytest.warns(UserWarning, match=r"W112 this checkpoint is damaged"):
        assert dg.load_run(run).graph.name == "small"
    told = Listener()
    dg.train(SPEC, SmallSource(), run, observer=told)
    assert [w.code for w in told.warnings] == ["W112"]
    assert any("going on from step 8" in n and "are done again" in n for n in told.notices)
    assert (run / "metrics.jsonl").read_bytes() == log
    assert (run / "checkpoints" / "step-00000012.npz").read_bytes() == last
    assert (run / "checkpoints" / "step-00000012.npz.damaged").exists()
    for _, path in checkpoint_paths(run / "checkpoints"):
        DAMAGES["a bit of the data"](path)
    with pytest.raises(dg.GraphError, match="E615"):
        dg.train(SPEC, SmallSource(), run)
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(dg.GraphError, match="E615"):
        dg.train(SPEC, SmallSource(), run)
    assert (run / "metrics.jsonl").read_bytes() == log


def test_another_graph_does_not_fit(tmp_path: Path) -> None:
    dg.train(SPEC, SmallSource(), tmp_path / "run", steps=1)
    with pytest.raises(dg.GraphError, match="E616") as caught:
        dg.train(SPEC, SmallSource(), tmp_path / "run", steps=2, params={"n_bands": 9})
    assert "its 'weights/network/" in str(caught.value)
    with pytest.raises(dg.GraphError, match=r"E616 it has no 'a/kernel'"):
        assign({"a/kernel": None}, {"a/kernle": np.zeros(1)}, place("x"))  # type: ignore[dict-item]


def test_parts_of_another_run(tmp_path: Path) -> None:
    first = dg.train(SPEC, SmallSource(), tmp_path / "first", steps=6)
    told = Listener()
    of_first = f"{tmp_path / 'first'}:room"
    second = dg.train(SPEC, SmallSource(), tmp_path / "second", steps=1, restore=of_first, observer=told, seed=5)
    assert any("restored room from" in n for n in told.notices)
    start = read_checkpoint(tmp_path / "second" / "checkpoints" / "step-00000000.npz", 0).weights()
    assert np.array_equal(start["room/ir"], first.model.variables_by_node["room"]["ir"])
    assert not np.array_equal(start["network/kernel"], first.model.variables_by_node["network"]["kernel"])
    assert second.step == 1
    with pytest.raises(dg.GraphError, match=r"E616 there is no node 'rom'"):
        dg.train(SPEC, SmallSource(), tmp_path / "third", steps=1, restore=f"{tmp_path / 'first'}:rom")
    with pytest.raises(dg.GraphError, match="E601"):
        dg.train(SPEC, SmallSource(), tmp_path / "third", steps=1, restore=str(tmp_path / "nothing"))


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
import ddspgraph as dg
from ddspgraph.training.checkpoints import newest_checkpoint, write_checkpoint
folder = Path(sys.argv[1])
small, large = np.zeros(100, np.float32), np.zeros(100_000, np.float32)
write_checkpoint(folder, 1, {"weights/a": small}, {"step": 1}, keep=3)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    write_checkpoint(folder, 2, {"weights/a": large}, {"step": 2}, keep=3)
except dg.GraphError as error:
    assert newest_checkpoint(folder, print).step == 1
    print(error)
    sys.exit(error.exit_code)
"""


def test_a_full_disk_keeps_the_last_one(tmp_path: Path) -> None:
    """T17: the file may not grow as large as it must."""
    child = warm_process.run_code(FULL_DISK, tmp_path)
    assert child.returncode == 4, child.stderr
    assert "E607" in child.stdout
    assert "bytes are needed" in child.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000001.npz"]
