"""A dataset on the disk: what is read is what was written, in an order that can be entered anywhere, or an E612."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.data.dataset import Dataset, open_dataset
from ddspgraph.data.manifest import MANIFEST
from ddspgraph.data.records import RecordFile, write_records
from ddspgraph.data.source import shuffled
from ddspgraph.diagnostics import GraphError
from tests.data.sounds import dataset

NAMES = ["audio", "f0_hz"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several shards of four examples."""
    folder = tmp_path_factory.mktemp("made")
    patch = pytest.MonkeyPatch()
    patch.setattr("ddspgraph.data.shards._SHARD_BYTES", 4 * 4 * (4000 + 4 * 50))
    dataset(folder)
    patch.undo()
    return folder / "data"


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(GraphError) as raised:
        act()
    return raised.value.diagnostics[0].code


def batches(data: Dataset, count: int, **options: int) -> list[dict[str, np.ndarray]]:
    stream = data.batches(NAMES, 5, **options).take(count)
    return [{name: x.numpy() for name, x in batch.items()} for batch in stream]


def test_records_are_those_of_tensorflow(tmp_path: Path) -> None:
    examples = [{"b": np.arange(300.0), "a": np.ones((2, 3))}, {"b": np.zeros(1), "a": np.full((2, 3), -1.5)}]
    assert write_records(tmp_path / "x.tfrecord", examples) == 2
    read = [tf.train.Example.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(tmp_path / "x.tfrecord"))]
    file = RecordFile(tmp_path / "x.tfrecord")
    for i, (example, found) in enumerate(zip(examples, read, strict=True)):
        for name, x in example.items():
            np.testing.assert_array_equal(found.features.feature[name].float_list.value, x.ravel())
            np.testing.assert_array_equal(file.read(i, name), x.ravel())


def test_opening_needs_no_tensorflow(made: Path) -> None:
    code = (
        "import sys; from ddspgraph.data.dataset import open_dataset; d = open_dataset(sys.argv[1]); "
        "print(len(list(d.examples(['audio'])))); assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made)], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 20


def test_an_example_has_what_the_manifest_says(made: Path) -> None:
    data = open_dataset(made)
    names = list(data.features)
    for split in ("train", "eval"):
        found = list(data.examples(names, split))
        assert len(found) == data.manifest.splits[split].examples > 0
        assert {name: x.shape for name, x in found[0].items()} == {
            "audio": (4000,), **dict.fromkeys(("f0_hz", "f0_confidence", "loudness_db", "power_db"), (50, 1))
        }  # fmt: skip
        assert all(x.dtype == np.float32 for x in found[0].values())


def test_no_sample_is_in_both_splits(made: Path) -> None:
    data = open_dataset(made)
    train, held_out = (np.concatenate([e["audio"] for e in data.examples(["audio"], s)]) for s in ("train", "eval"))
    assert set(map(bytes, held_out.reshape(-1, 100))).isdisjoint(map(bytes, train.reshape(-1, 100)))


def test_every_epoch_has_every_example_once(made: Path) -> None:
    data = open_dataset(made)
    n = data.n_examples("train")
    assert n % 4  # so that epochs do not end with shards
    found = data.at(["audio"], np.arange(3 * n), split="train", seed=1)["audio"].reshape(3, n, -1)
    everything = sorted(e["audio"].tobytes() for e in data.examples(["audio"]))
    assert all(sorted(map(bytes, epoch)) == everything for epoch in found)
    assert not np.array_equal(found[0], found[1])


def test_the_stream_can_be_entered_anywhere(made: Path) -> None:
    data = open_dataset(made)
    whole = batches(data, 12, seed=3)
    entered = batches(open_dataset(made), 5, seed=3, first_step=7)
    for batch, again in zip(whole[7:], entered, strict=True):
        for name in NAMES:
            np.testing.assert_array_equal(batch[name], again[name])
    assert not np.array_equal(whole[0]["audio"], batches(data, 1, seed=4)[0]["audio"])


def test_the_order_never_changes() -> None:
    assert shuffled(8, 0, 0).tolist() == [0, 2, 1, 5, 4, 3, 6, 7]
    assert shuffled(8, -1, 2).tolist() == [5, 2, 3, 7, 0, 6, 1, 4]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda data: (data / "train-00001.tfrecord").write_bytes(b""),
    "cut at a record": lambda data: cut_at_a_record(data / "train-00001.tfrecord"),
    "cut": lambda data: (data / "train-00001.tfrecord").write_bytes((data / "train-00001.tfrecord").read_bytes()[:-9]),
    "missing": lambda data: (data / "train-00001.tfrecord").unlink(),
    "flipped bit": lambda data: flip(data / "train-00001.tfrecord"),
    "grown": lambda data: (data / "train-00001.tfrecord").write_bytes(
        (data / "train-00001.tfrecord").read_bytes() + b"x"
    ),
    "a folder": lambda data: [(data / "train-00001.tfrecord").unlink(), (data / "train-00001.tfrecord").mkdir()],
}


def cut_at_a_record(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 4 * 3])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_shard_is_found(damage: str, copy: Path) -> None:
    n = open_dataset(copy).n_examples("train")
    DAMAGES[damage](copy)
    with pytest.raises(GraphError) as raised:
        open_dataset(copy)
    assert [d.code for d in raised.value.diagnostics] == ["E612"]
    assert "train-00001" in str(raised.value)
    assert raised.value.exit_code == 4
    left = open_dataset(copy, skip_corrupt=True)
    assert [(d.split, d.file, d.examples) for d in left.dropped] == [("train", "train-00001.tfrecord", 4)]
    assert left.n_examples("train") == len(list(left.examples(["audio"]))) == n - 4


def test_swapped_shards_are_found(copy: Path) -> None:
    first, second = copy / "train-00000.tfrecord", copy / "train-00001.tfrecord"
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    with pytest.raises(GraphError) as raised:
        open_dataset(copy)
    assert len(raised.value.diagnostics) == 2
    assert sum(d.examples for d in open_dataset(copy, skip_corrupt=True).dropped) == 8


def test_nothing_left_is_said(copy: Path) -> None:
    for shard in copy.glob("train-*"):
        shard.unlink()
    assert code_of(lambda: open_dataset(copy, skip_corrupt=True)) == "E612"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(format="other"),
        lambda m: m.update(version=2),
        lambda m: m["clock"].update(hop_samples=0),
        lambda m: m["clock"].update(sample_rate="8000"),
        lambda m: m.update(example_samples=4001),
        lambda m: m["features"]["f0_hz"].update(unit="furlong"),
        lambda m: m["features"]["f0_hz"].update(rate="const!"),
        lambda m: m["splits"]["train"]["shards"][0].update(file="../outside"),
        lambda m: m["splits"]["train"]["shards"][0].update(records=-1),
        lambda m: m["splits"].update(train=[]),
        lambda m: m.pop("statistics"),
    ],
)
def test_a_manifest_that_lies_is_refused(change: Callable[[dict], object], copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    change(manifest)
    (copy / MANIFEST).write_text(json.dumps(manifest))
    assert code_of(lambda: open_dataset(copy)) == "E612"


@pytest.mark.parametrize("text", ["", "[", "[]", "null", "1e999", "[" * 2_000, "\x00"])
def test_a_manifest_that_is_none_is_refused(text: str, copy: Path) -> None:
    (copy / MANIFEST).write_text(text)
    assert code_of(lambda: open_dataset(copy)) == "E612"


def test_what_is_no_dataset(tmp_path: Path) -> None:
    assert code_of(lambda: open_dataset(tmp_path / "none")) == "E601"
    assert code_of(lambda: open_dataset(tmp_path)) == "E612"


def test_a_manifest_that_counts_wrong_is_found_before_the_first_batch(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["splits"]["eval"]["shards"][0]["records"] += 1
    (copy / MANIFEST).write_text(json.dumps(manifest))
    assert code_of(lambda: open_dataset(copy).batches(["audio"], 2, split="eval")) == "E612"


def test_records_that_are_none(copy: Path) -> None:
    """Only reachable where somebody wrote a manifest for it: never a crash."""
    rng = np.random.default_rng(0)
    for size in (1, 11, 12, 100, 1000):
        (copy / "x").write_bytes(rng.integers(0, 256, size, np.uint8).tobytes())
        with pytest.raises(ValueError):  # noqa: PT011
            RecordFile(copy / "x")


GRAPH = """\
version: 2
name: g
clock: {sample_rate: 8 kHz, frame_rate: 100 Hz}
inputs:
  audio: {rate: audio}
  loudness_db: {rate: frame, unit: dB}
nodes:
  level: {op: loudness, inputs: {audio: audio}, params: {padding: same}}
outputs: {found: level, given: loudness_db}
"""


def test_a_graph_that_fits(made: Path) -> None:
    open_dataset(made).check_graph(dg.load(GRAPH))


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("8 kHz", "16 kHz", 3, ("8000 Hz", "16000 Hz")),
        ("100 Hz", "50 Hz", 3, ("100 Hz", "50 Hz")),
        ("loudness_db", "f0_scaled", 6, ("'f0_scaled'",)),
        ("unit: dB", "unit: Hz", 6, ("dB", "Hz")),
        ("rate: frame, unit: dB", "rate: frame, unit: dB, channels: 2", 6, ("1 channels", "2")),
    ],
)
def test_a_graph_that_does_not_fit(before: str, after: str, line: int, said: tuple[str, ...], made: Path) -> None:
    graph = dg.load(GRAPH.replace(before, after))
    with pytest.raises(GraphError) as raised:
        open_dataset(made).check_graph(graph)
    (found,) = raised.value.diagnostics
    assert found.code == "E611"
    assert found.span is not None
    assert found.span.line == line
    assert all(word in found.message for word in said)


def test_a_rate_that_does_not_fit(made: Path) -> None:
    text = GRAPH.replace("  audio: {rate: audio}", "  f0_hz: {rate: audio}").replace("audio: audio", "audio: f0_hz")
    with pytest.raises(GraphError, match="frame rate in the data, audio rate in the graph"):
        open_dataset(made).check_graph(dg.load(text))


def test_features_that_there_are_not(made: Path) -> None:
    data = open_dataset(made)
    assert code_of(lambda: data.batches(["audoi"], 2)) == "E611"
    assert code_of(lambda: next(data.examples(["audio"], "test"))) == "E612"
