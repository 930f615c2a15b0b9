"""What a dataset says of itself: `manifest.json`, beside its shards. Free of TensorFlow."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ddspgraph.data.foreign import foreign_kind
from ddspgraph.diagnostics import GraphError, fail
from ddspgraph.files import open_file, place
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Rate, Unit

MANIFEST = "manifest.json"
_FORMAT, _VERSION = "ddspgraph-dataset", 1
_LARGEST = 64 << 20
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Feature:
    """The type of one array of every example: audio [samples], frame [frames, channels], const one number.

    With voices frame is [voices, frames, channels].
    """

    rate: Rate
    unit: Unit = Unit.ANY
    channels: int = 1
    voices: int | None = None

    def as_dict(self) -> dict[str, Any]:
        typed = {"rate": str(self.rate), "unit": str(self.unit), "channels": self.channels}
        return typed if self.voices is None else {**typed, "voices": self.voices}

    def shape(self, n_samples: int, n_frames: int) -> tuple[int, ...]:
        voices = () if self.voices is None else (self.voices,)
        by_rate = {Rate.AUDIO: (n_samples,), Rate.FRAME: (*voices, n_frames, self.channels), Rate.CONST: ()}
        return by_rate[self.rate]


#: What `ddspgraph features` makes of recordings.
FEATURES: Mapping[str, Feature] = {
    "audio": Feature(Rate.AUDIO),
    "f0_hz": Feature(Rate.FRAME, Unit.HZ),
    "f0_confidence": Feature(Rate.FRAME, Unit.LINEAR),
    "loudness_db": Feature(Rate.FRAME, Unit.DB),
    "power_db": Feature(Rate.FRAME, Unit.DB),
}


@dataclass(frozen=True)
class Shard:
    """One TFRecord file: its name, how many examples it holds, and the SHA-256 of its bytes."""

    file: str
    records: int
    sha256: str


@dataclass(frozen=True)
class Split:
    """The shards of "train" or "eval", and how many examples they hold together."""

    shards: tuple[Shard, ...] = ()

    @property
    def examples(self) -> int:
        return sum(shard.records for shard in self.shards)


@dataclass(frozen=True)
class Manifest:
    """All that is known of a dataset without reading its shards.

    Attributes:
      clock: sample rate, frame rate and hop; `n_samples` is the length of an example.
      features: name -> type of the arrays of an example.
      splits: "train" and "eval" -> shards.
      statistics: of the training split, see `statistics`; plain numbers and lists.
      settings: how it was made.
      recordings: what it was made of, one mapping each: name, seconds, SHA-256, split, examples.
      keys: of features that the records call otherwise, what they call them.
      spare_frames: that the records have beyond the last frame of the audio.
    """

    clock: Clock
    features: Mapping[str, Feature]
    splits: Mapping[str, Split]
    statistics: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    recordings: tuple[Mapping[str, Any], ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    spare_frames: int = 0

    @property
    def example_secs(self) -> float:
        return (self.clock.n_samples or 0) / (self.clock.sample_rate or 1)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Feature name -> shape of its array in one example."""
        samples, frames = self.clock.n_samples or 0, self.clock.n_frames or 0
        return {name: feature.shape(samples, frames) for name, feature in self.features.items()}

    def to_json(self) -> str:
        clock, splits = self.clock, self.splits.items()
        data = {
            "format": _FORMAT,
            "version": _VERSION,
            "clock": {
                "sample_rate": clock.sample_rate,
                "frame_rate": clock.get("frame_rate"),
                "hop_samples": clock.hop_samples,
            },
            "example_samples": clock.n_samples,
            "example_secs": self.example_secs,
            "features": {n: f.as_dict() for n, f in self.features.items()},
            "splits": {n: {"examples": s.examples, "shards": [asdict(shard) for shard in s.shards]} for n, s in splits},
            "statistics": dict(self.statistics),
            "settings": dict(self.settings),
            "recordings": [dict(recording) for recording in self.recordings],
        }
        if self.keys:
            data["keys"] = dict(self.keys)
        if self.spare_frames:
            data["spare_frames"] = self.spare_frames
        return json.dumps(data, indent=1, allow_nan=False) + "\n"


def is_dataset(folder: Path) -> bool:
    """Whether a folder holds what looks like a dataset of ours."""
    return (folder / MANIFEST).is_file()


def read_manifest(folder: str | os.PathLike[str]) -> Manifest:
    """Reads and checks `manifest.json`.

    Raises:
      GraphError: E601 no such folder, E612 no manifest in it, or one that is damaged.
    """
    path = Path(folder)
    hint = foreign_kind(path) or "`ddspgraph features AUDIO... -o DIR` makes a dataset"
    if not path.is_dir():
        raise fail("E601", "there is no such dataset folder", place(folder), hint=hint)
    try:
        with open_file(path / MANIFEST) as file:
            return _parse(json.loads(file.read(_LARGEST)))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, GraphError, ZeroDivisionError) as error:
        if isinstance(error, GraphError):
            raise fail("E612", f"there is no {MANIFEST} in it: not a dataset", place(folder), hint=hint) from None
        raise fail("E612", "the manifest is damaged", place(path / MANIFEST), hint=hint) from None


def _parse(data: Any) -> Manifest:
    """Raises KeyError, TypeError or ValueError for what is not a manifest."""
    if data["format"] != _FORMAT or data["version"] != _VERSION:
        raise ValueError("another format or version")
    sample_rate, hop, n_samples = (
        _positive(n) for n in (data["clock"]["sample_rate"], data["clock"]["hop_samples"], data["example_samples"])
    )
    if n_samples % hop:
        raise ValueError("an example is not a whole number of frames")
    features = {
        str(name): Feature(
            Rate[f["rate"].upper()],
            Unit(f["unit"]),
            _positive(f["channels"]),
            _positive(f["voices"]) if "voices" in f else None,
        )
        for name, f in data["features"].items()
    }
    return Manifest(
        clock=Clock(sample_rate, Fraction(sample_rate, hop), hop, n_samples),
        features=features,
        splits={str(name): Split(tuple(map(_shard, s["shards"]))) for name, s in data["splits"].items()},
        statistics=dict(data["statistics"]),
        settings=dict(data["settings"]),
        recordings=tuple(map(dict, data["recordings"])),
        keys={str(name): str(key) for name, key in data.get("keys", {}).items()},
        spare_frames=_positive(data["spare_frames"]) if "spare_frames" in data else 0,
    )


def _positive(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{number} is not a positive whole number")
    return number


def _shard(data: Any) -> Shard:
    name = data["file"]
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise ValueError("a shard lies in the folder of its manifest")  # never a path that leads out of it
    return Shard(name, _positive(data["records"]), str(data["sha256"]))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, read in blocks. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
