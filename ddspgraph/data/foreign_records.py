"""TFRecords that magenta/ddsp's tools wrote, read as they are: what their manifest would say is found in them.

`ddsp_prepare_tfrecord` writes examples of audio, pitch and loudness without a word on their rates; NSynth and URMP come
as the same, NSynth with names of its own. What is not in the records follows from their lengths: all of them hold
pitch at 16 kHz, and `audio_16k` beside an `audio` of another rate.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from ddspgraph.data.manifest import FEATURES, MANIFEST, Feature, Manifest, Shard, Split, sha256_of
from ddspgraph.data.records import RecordFile
from ddspgraph.data.statistics import statistics_of_examples
from ddspgraph.diagnostics import GraphError, clean, fail, quote
from ddspgraph.files import place, write_atomically
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Rate

_RECORDS = re.compile(r"\.tfrecords?(\b|-)")
#: Names of the held-out splits, the first that is there is ours; others keep theirs.
_HELD_OUT = ("eval", "validation", "valid", "test")
#: NSynth, as TensorFlow Datasets has it -> the names of magenta/ddsp.
_KEYS = {
    "f0/hz": "f0_hz",
    "f0/confidence": "f0_confidence",
    "loudness/db": "loudness_db",
    "instrument/label": "instrument",
}
_AT_16K, _SAMPLE_RATE = "audio_16k", 16_000

_MEND = "copy it anew, or take it out of the folder"
#: Feature -> how many numbers an example has of it.
Counts = Mapping[str, int]


def record_files(folder: Path) -> list[Path]:
    """The TFRecord files of a folder in order; none where it is not there."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [folder / name for name in names if _RECORDS.search(name)]


def adopt(folder: Path) -> Manifest:
    """The manifest of a folder of TFRecord files that has none. It is written there, if that may be.

    Raises:
      GraphError: E612 where a file is damaged, or its examples are not alike, or hold no audio.
    """
    paths = record_files(folder)
    counts = _counts(paths)
    keys = {_KEYS.get(key, key): key for key in counts}
    features = {name: counts[key] for name, key in keys.items()}
    clock, spare = _clock(folder, features)
    types = _types(features, clock, spare)
    keys = {name: key for name, key in keys.items() if name in types and name != key}
    splits: dict[str, list[Shard]] = {}
    for path in paths:
        shard = Shard(path.name, len(_opened(path)), sha256_of(path))
        splits.setdefault(_split_of(path.name), []).append(shard)
    held_out = next((name for name in _HELD_OUT if name in splits), None)
    named = {"eval" if name == held_out else name: Split(tuple(shards)) for name, shards in splits.items()}
    frame_names = [name for name in ("f0_hz", "f0_confidence", "loudness_db", "power_db") if name in types]
    train = [path for path in paths if _split_of(path.name) == "train"]
    frames = ({name: file.read(row, keys.get(name, name)) for name in frame_names} for file, row in _rows(train))
    statistics = statistics_of_examples(frames, float(clock.frame_rate or 0))
    settings = {"made_of": "TFRecord files of magenta/ddsp"}
    manifest = Manifest(clock, types, named, statistics, settings, keys=keys, spare_frames=spare)
    with contextlib.suppress(GraphError):  # a folder that may only be read: found again the next time
        write_atomically(folder / MANIFEST, manifest.to_json().encode())
    return manifest


def _opened(path: Path) -> RecordFile:
    try:
        return RecordFile(path)
    except (OSError, ValueError) as error:
        raise fail("E612", f"not a TFRecord file: {clean(str(error))}", place(path), hint=_MEND) from None


def _rows(paths: Sequence[Path]) -> Iterator[tuple[RecordFile, int]]:
    """Every example of some files, of which one is open at a time."""
    for path in paths:
        file = _opened(path)
        yield from ((file, row) for row in range(len(file)))


def _counts(paths: Sequence[Path]) -> Counts:
    """What all examples have, and how many numbers of it. Raises GraphError E612."""
    found: dict[str, int] = {}
    for path in paths:
        file = _opened(path)
        for row in range(len(file)):
            try:
                counts = file.counts(row)
            except ValueError as error:
                message = f"record {row} is no example: {clean(str(error))}"
                raise fail("E612", message, place(path), hint=_MEND) from None
            found = found or counts
            for name in ("audio", "f0_hz", "f0/hz"):
                if name in found and counts.get(name) != found[name]:
                    message = f"record {row} has {counts.get(name, 0)} numbers of {quote(name)}, others {found[name]}"
                    hint = "examples are of one length: prepare the recordings with `--example_secs`"
                    raise fail("E612", message, place(path), hint=hint)
            found = {name: n for name, n in found.items() if counts.get(name) == n}
    return found


def _clock(folder: Path, features: Counts) -> tuple[Clock, int]:
    """The clock, and how many frames there are beyond the end of the audio. Raises GraphError E612."""
    n_samples = features.get("audio", 0)
    framed = next((name for name in ("f0_hz", "loudness_db") if name in features), None)
    if not n_samples or framed is None:
        has = ", ".join(map(quote, sorted(features)[:8])) or "nothing"
        message = f"its examples have {has}: no audio with pitch or loudness"
        hint = "make a dataset of the recordings: `ddspgraph features AUDIO... -o DIR`"
        raise fail("E612", message, place(folder), hint=hint)
    n_frames = features[framed]
    # Frames are counted as `ddsp_prepare_tfrecord` does: with --center there is one more, at the very end.
    spare = int(n_samples % n_frames > 0)
    if n_frames <= spare or n_samples % (n_frames - spare):
        message = f"an example has {n_samples} samples and {n_frames} frames: a frame is no whole number of samples"
        hint = "make a dataset of the recordings: `ddspgraph features AUDIO... -o DIR`"
        raise fail("E612", message, place(folder), hint=hint)
    at_16k = features.get(_AT_16K, n_samples)
    sample_rate = _SAMPLE_RATE * n_samples // at_16k
    hop = n_samples // (n_frames - spare)
    return Clock(sample_rate, Fraction(sample_rate, hop), hop, n_samples), spare


def _types(features: Counts, clock: Clock, spare: int) -> dict[str, Feature]:
    """The features of the examples: audio, frames of channels, and one number an example."""
    n_frames = (clock.n_frames or 0) + spare
    found = {}
    for name, count in features.items():
        if name == "audio":
            found[name] = Feature(Rate.AUDIO)
        elif count == 1:
            found[name] = Feature(Rate.CONST)
        elif name != _AT_16K and count % n_frames == 0:
            unit = FEATURES[name].unit if name in FEATURES else Feature(Rate.FRAME).unit
            found[name] = Feature(Rate.FRAME, unit, count // n_frames)
    return found


def _split_of(name: str) -> str:
    """`train`, or what a file is called by that is held out."""
    words = re.split(r"[^a-z]+", name.lower())
    return next((split for split in _HELD_OUT if split in words), "train")
