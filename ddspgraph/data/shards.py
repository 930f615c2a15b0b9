"""Windows of parts as the shards of a dataset: TFRecord files small enough that a damaged one is no great loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddspgraph.data.analysis import Part, Tick
from ddspgraph.data.manifest import Shard, Split, sha256_of
from ddspgraph.data.records import write_records
from ddspgraph.data.settings import Settings
from ddspgraph.data.windows import Places
from ddspgraph.data.workers import Progress, Workers
from ddspgraph.diagnostics import Diagnostic, GraphError
from ddspgraph.files import cannot_write
from ddspgraph.ops.units import DB_RANGE

#: Opens a bar for so much work: `with show("analysing", 60.0) as progress: progress(30.0)`.
Show = Callable[[str, float], AbstractContextManager[Progress]]
_SHARD_BYTES = 8 << 20


def write_shards(
    places: Mapping[str, Places],
    parts: Mapping[str, Part],
    folder: Path,
    settings: Settings,
    staged: Path,
    pool: Workers,
    show: Show,
) -> dict[str, Split]:
    """Writes the examples of every split into `staged`, in files of about 8 MiB, several at once.

    Raises:
      GraphError: E607 where one cannot be written.
    """
    rows = 4 + sum(len(ports) * (midi.voices or 1) for midi, ports in settings.midi)
    example_bytes = 4 * ((settings.clock.n_samples or 0) + rows * settings.example_frames)
    per_shard = max(1, _SHARD_BYTES // example_bytes)
    tasks = []
    for name, all_places in places.items():
        for number, first in enumerate(range(0, len(all_places), per_shard)):
            chosen = [(parts[key], start) for key, start in all_places[first : first + per_shard]]
            tasks.append(_ShardTask(name, staged / f"{name}-{number:05d}.tfrecord", chosen, folder, settings))
    with show("writing", sum(len(task.places) for task in tasks)) as progress:
        shards = pool.run(_write_shard, tasks, progress)
    by_split: dict[str, list[Shard]] = {name: [] for name in places}
    for task, shard in zip(tasks, shards, strict=True):
        if not isinstance(shard, Shard):
            raise GraphError(shard)
        by_split[task.split].append(shard)
    return {name: Split(tuple(shards)) for name, shards in by_split.items()}


@dataclass(frozen=True)
class _ShardTask:
    split: str
    path: Path
    places: Sequence[tuple[Part, int]]
    folder: Path
    settings: Settings


def _write_shard(task: _ShardTask, tick: Tick) -> Shard | tuple[Diagnostic, ...]:
    try:
        count = write_records(task.path, (_example(part, start, task, tick) for part, start in task.places))
        return Shard(task.path.name, count, sha256_of(task.path))
    except OSError as error:
        return cannot_write(task.path, error).diagnostics


def _example(part: Part, start: int, task: _ShardTask, tick: Tick) -> dict[str, np.ndarray]:
    """One window; beyond the end of a short recording there is silence, and the last pitch without confidence."""
    tick(1)
    settings, n = task.settings, task.settings.example_frames
    hop = settings.hop_samples
    audio = part.audio(task.folder)[start * hop : (start + n) * hop]
    example = {"audio": np.pad(audio, (0, n * hop - len(audio)))}
    for name, values in part.frames(task.folder).items():
        chosen = values[start : start + n]
        fill = {"f0_hz": chosen[-1], "f0_confidence": 0.0}.get(name, -DB_RANGE)
        example[name] = np.pad(chosen, (0, n - len(chosen)), constant_values=fill)
    for name, rows in part.notes(task.folder, settings).items():
        chosen = rows[:, start : start + n]
        rest = np.repeat(chosen[:, -1:], n - chosen.shape[1], axis=1)
        is_over = name.endswith(("/gate", "/onset"))  # where the recording ends; the rest is as it was
        example[name] = np.concatenate([chosen, 0.0 * rest if is_over else rest], axis=1)
    return example
