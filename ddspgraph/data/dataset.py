"""A dataset on the disk: what `ddspgraph features` wrote, checked against its manifest, read example by example."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddspgraph.data.foreign_records import adopt, record_files
from ddspgraph.data.manifest import Manifest, Shard, is_dataset, read_manifest, sha256_of
from ddspgraph.data.records import RecordFile
from ddspgraph.data.source import Arrays, Source, as_arrays, in_order
from ddspgraph.diagnostics import GraphError, clean, fail
from ddspgraph.files import place
from ddspgraph.ir.types import Rate

_SKIP_HINT = "make the dataset again, or leave out damaged shards with --skip-corrupt"


@dataclass(frozen=True)
class Dropped:
    """A damaged shard that was left out: its split, name, how many examples it held, and what is wrong with it."""

    split: str
    file: str
    examples: int
    reason: str


class Dataset(Source):
    """The examples of a folder.

    Attributes:
      manifest: what the dataset says of itself.
      dropped: the damaged shards that were left out.
    """

    def __init__(self, path: Path, manifest: Manifest, shards: dict[str, list[Shard]], dropped: list[Dropped]) -> None:
        self.path, self.manifest, self.dropped = path, manifest, tuple(dropped)
        self.clock, self.features = manifest.clock, manifest.features
        self._shards = shards
        self._files: dict[str, list[tuple[RecordFile, int]]] = {}

    def n_examples(self, split: str) -> int:
        """Those of the shards that were not left out; 0 for a split that there is not."""
        return sum(shard.records for shard in self._shards.get(split, ()))

    def check_split(self, split: str) -> None:
        """Raises GraphError E612 where there is no example in it, or its shards are not what the manifest says."""
        super().check_split(split)
        self._records(split)  # here, not within tf.data, which would hide what is wrong

    def examples(self, names: Sequence[str], split: str = "train") -> Iterator[Arrays]:
        """Every example once, in the order of the recordings: name -> float32 array of the feature's shape.

        Raises:
          GraphError: E611 a feature that there is not, E612 a split that is empty or a shard that is damaged.
        """
        self.check_names(names)
        self.check_split(split)
        for index in range(self.n_examples(split)):
            yield self._example(names, split, index)

    def at(self, names: Sequence[str], positions: np.ndarray, *, split: str, seed: int) -> Arrays:
        """The examples at some places of the shuffled stream; every epoch has an order of its own."""
        indices = in_order(positions, self.n_examples(split), seed)
        return as_arrays([self._example(names, split, int(index)) for index in indices], names)

    def _example(self, names: Sequence[str], split: str, index: int) -> Arrays:
        records = self._records(split)
        file, row = records[index]
        shapes = self.shapes()
        try:
            return {name: self._array(file, row, name).reshape(shapes[name]) for name in names}
        except (KeyError, ValueError):
            raise fail("E612", f"example {index} is not what the manifest says", place(self.path)) from None

    def _array(self, file: RecordFile, row: int, name: str) -> np.ndarray:
        """The numbers of a feature, without the frames that the records have beyond the audio."""
        manifest, feature = self.manifest, self.features[name]
        x = file.read(row, manifest.keys.get(name, name))
        spare = manifest.spare_frames * feature.channels if feature.rate is Rate.FRAME else 0
        return x[: len(x) - spare]

    def _records(self, split: str) -> list[tuple[RecordFile, int]]:
        """Where every example of a split lies; the files stay mapped once they are needed."""
        if split not in self._files:
            found: list[tuple[RecordFile, int]] = []
            for shard in self._shards[split]:
                try:
                    file = RecordFile(self.path / shard.file)
                except (OSError, ValueError) as error:
                    raise fail("E612", f"not a shard: {clean(str(error))}", place(self.path / shard.file)) from None
                if len(file) != shard.records:
                    message = f"it holds {len(file)} examples, the manifest says {shard.records}"
                    raise fail("E612", message, place(self.path / shard.file))
                found += [(file, row) for row in range(len(file))]
            self._files[split] = found
        return self._files[split]


def open_dataset(path: str | os.PathLike[str], *, skip_corrupt: bool = False) -> Dataset:
    """Opens a dataset and compares every shard with its SHA-256. Needs no TensorFlow.

    Args:
      path: the folder that `ddspgraph features` wrote; or one of TFRecord files of magenta/ddsp, as
        `ddsp_prepare_tfrecord` writes them, of NSynth or URMP, which gets a manifest.
      skip_corrupt: leave damaged shards out, and say which in `dropped`, instead of refusing the dataset.

    Raises:
      GraphError: E601 no such folder; E612 a manifest or shards that are missing, cut off, swapped or damaged, or
        nothing that is left to train with.
    """
    folder = Path(path)
    is_foreign = not is_dataset(folder) and record_files(folder)
    manifest = adopt(folder) if is_foreign else read_manifest(folder)
    shards: dict[str, list[Shard]] = {}
    dropped = []
    for name, split in manifest.splits.items():
        reasons = {shard: _damage(folder, shard) for shard in split.shards}
        shards[name] = [shard for shard, reason in reasons.items() if reason is None]
        dropped += [Dropped(name, s.file, s.records, reason) for s, reason in reasons.items() if reason is not None]
    if dropped and not skip_corrupt:
        errors = [fail("E612", d.reason, place(folder / d.file), hint=_SKIP_HINT) for d in dropped]
        raise GraphError([diagnostic for error in errors for diagnostic in error.diagnostics])
    dataset = Dataset(folder, manifest, shards, dropped)
    dataset.check_split("train")
    return dataset


def _damage(folder: Path, shard: Shard) -> str | None:
    """What is wrong with a shard, in a sentence."""
    try:
        if not (folder / shard.file).is_file():
            return f"the shard is missing, and {shard.records} examples with it"
        found = sha256_of(folder / shard.file)
    except OSError as error:
        return f"the shard cannot be read: {clean(error.strerror or str(error))}"
    if found == shard.sha256:
        return None
    return f"the SHA-256 of the shard begins with {found[:12]}, the manifest says {shard.sha256[:12]}: it is damaged"
