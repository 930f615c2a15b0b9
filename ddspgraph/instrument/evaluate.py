"""A trained model on the part of the data that was held out: losses, loudness, pitch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.data.dataset import Dataset
from ddspgraph.data.pitch import Tracker, swift_f0
from ddspgraph.data.source import Arrays, as_arrays, needed_inputs
from ddspgraph.files import cannot_write
from ddspgraph.instrument.metrics import Metrics
from ddspgraph.io.audio import write_audio

if TYPE_CHECKING:
    from ddspgraph.instrument.instrument import Instrument


def evaluate(
    instrument: Instrument,
    data: Dataset,
    *,
    split: str = "eval",
    batch_size: int = 8,
    tracker: Tracker = swift_f0,
    sound_metrics: Sequence[str] = (),
    audio_folder: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] = lambda done: None,
) -> dict[str, float]:
    """Renders every example of a split and compares it with the recording.

    Args:
      instrument: the trained model.
      data: its clock and features must fit the graph.
      split: "eval", or "train".
      batch_size: examples that are rendered at once.
      tracker: of the pitch of what is rendered.
      sound_metrics: of `metrics.SOUND_METRICS`, those that are measured too, where the graph renders audio.
      audio_folder: where every example is written, recorded and rendered; None for nowhere.
      progress: told how many examples are done.

    Returns:
      `examples`; `loss_<name>` of every loss of the graph, and `loss_total`; where the graph renders audio
      `loudness_l1_db`, the mean absolute difference of loudness; `f0_l1_semitones`, the same of pitch where the
      recording's is sure; `f0_within_50_cents`, the share of these frames; `f0_outlier_rate`, the share of examples
      without any such frame; `si_sdr_db`, `mr_stft`, `lufs_recorded`, `lufs_rendered` and `lufs_l1` as asked for.

    Raises:
      GraphError: E611 data that does not fit, E612 an empty split, E607 audio that cannot be written.
    """
    data.check_graph(instrument.graph)
    names = [i.name for i in needed_inputs(instrument.graph)]
    measured = [n for n in ("audio", "f0_hz", "f0_confidence", "loudness_db") if n in data.features and n not in names]
    metrics = Metrics()
    for batch in _batches(data, [*names, *measured], split, batch_size):
        count = len(batch[names[0]])
        if instrument.graph.losses:
            found = instrument.model.losses({name: batch[name] for name in names})
            metrics.add_losses({name: float(value) for name, value in found.items()}, count)
        if instrument.audio_output is not None:
            rendered = instrument.render(batch)
            if audio_folder is not None:
                _write_pairs(Path(audio_folder), metrics.examples, batch["audio"], rendered, data)
            for i, audio in enumerate(rendered):
                if sound_metrics:
                    metrics.add_sounds(batch["audio"][i], audio, float(data.clock.sample_rate or 0), sound_metrics)
                _compare({name: x[i] for name, x in batch.items()}, audio, data, tracker, metrics)
        metrics.examples += count
        progress(metrics.examples)
    return {"examples": metrics.examples, **metrics.results()}


def _batches(data: Dataset, names: list[str], split: str, size: int) -> Iterator[Arrays]:
    examples = data.examples(names, split)
    while rows := list(islice(examples, size)):
        yield as_arrays(rows, names)


def _compare(example: Arrays, rendered: np.ndarray, data: Dataset, tracker: Tracker, metrics: Metrics) -> None:
    from ddspgraph.data.analysis import features_of

    found = features_of(rendered, data.clock, tracker)
    n_frames = len(found["loudness_db"])  # a graph may render less than it is given
    if "loudness_db" in example:
        metrics.add_loudness(example["loudness_db"][:n_frames, 0], found["loudness_db"])
    if {"f0_hz", "f0_confidence"} <= example.keys():
        recorded = example["f0_hz"][:n_frames, 0], example["f0_confidence"][:n_frames, 0]
        metrics.add_pitch(*recorded, found["f0_hz"])


def _write_pairs(folder: Path, first: int, recorded: np.ndarray, rendered: np.ndarray, data: Dataset) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
    for kind, sounds in (("recorded", recorded), ("rendered", rendered)):
        for i, audio in enumerate(sounds, first):
            write_audio(folder / f"{i:03d}_{kind}.wav", audio, data.clock.sample_rate or 0)
