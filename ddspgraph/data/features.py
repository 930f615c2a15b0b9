"""Recordings to a dataset: what `ddspgraph features` does.

find        files and folders -> recordings                               recordings.py
analyse     recording -> part: audio, pitch and levels of every frame     analysis.py (resumes here)
cut         part -> windows, silent ones dropped                          windows.py
split       windows -> "train" and "eval"                                 windows.py
write       windows -> shards; then the manifest                     shards.py, this file
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ddspgraph.data.analysis import N_STAGES, Part, Tick, analyse, remove_parts
from ddspgraph.data.lock import locked
from ddspgraph.data.manifest import FEATURES, MANIFEST, Feature, Manifest, is_dataset
from ddspgraph.data.pitch import Tracker, check_tracker, name_of, swift_f0
from ddspgraph.data.recordings import find_recordings, seconds_of
from ddspgraph.data.settings import Settings
from ddspgraph.data.shards import Show, write_shards
from ddspgraph.data.statistics import statistics_of
from ddspgraph.data.windows import SILENT_BELOW_DB, Places, Windows, split, windows_of
from ddspgraph.data.workers import nothing, workers
from ddspgraph.diagnostics import Diagnostic, GraphError, clean, fail
from ddspgraph.export.staged_folder import check_target, staged_folder
from ddspgraph.files import cannot_write, place
from ddspgraph.io.midi_file import MIDI_SUFFIXES
from ddspgraph.limits import DEFAULT_LIMITS, Limits

#: Less than this share of a recording above the range of the tracker is chance.
_LEAST_SHARE_ABOVE = 0.001
#: A recording with one of these cannot be used; any other error is about something else, such as a full disk.
_UNREADABLE = {"E601", "E602", "E637", "E701", "E709"}


def prepare(
    paths: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    settings: Settings,
    *,
    tracker: Tracker = swift_f0,
    skip_corrupt: bool = False,
    processes: int = 1,
    limits: Limits = DEFAULT_LIMITS,
    begin: Callable[[], None] = nothing,
    show: Show = lambda label, total: contextlib.nullcontext(lambda done: None),
    notify: Callable[[str], None] = lambda notice: None,
) -> Manifest:
    """Makes a dataset of recordings; the folder appears whole or not at all.

    Killed and run again, it goes on with the recordings that were not yet analysed.

    Args:
      paths: recordings of any kind that libsndfile reads, and folders of them.
      out: the folder to make; an earlier dataset there is replaced.
      settings: of `settings_of`.
      tracker: of pitch, see `pitch`; with several processes a function of a module.
      skip_corrupt: leave out recordings that cannot be read.
      processes: how many work at once; with more than one, a script needs `if __name__ == "__main__"`.
      limits: `audio_seconds` bounds one recording.
      begin: called first in every process, e.g. to silence the import of TensorFlow.
      show: opens a progress bar.
      notify: told in a sentence what was left out.

    Raises:
      GraphError: E601, E602, E637, E701, E709 for recordings and songs that cannot be read; E607 where the
        dataset cannot be written; E608 without a tracker; E613 where nothing is left; E614 where another process makes
        this dataset; E617 where a helper process was killed.
    """
    check_target(out, is_dataset)
    check_tracker(tracker)
    recordings = find_recordings(paths, notify, beside=MIDI_SUFFIXES if settings.midi else ())
    with _parts_folder(Path(os.path.realpath(out))) as folder, workers(min(processes, len(recordings)), begin) as pool:
        tasks = [_Recording(path, folder, settings, tracker, limits) for path in recordings]
        with show("analysing", N_STAGES * sum(map(seconds_of, recordings))) as progress:
            found = pool.run(_analyse, tasks, progress)
        parts = _usable(recordings, found, skip_corrupt, notify)
        cut = {part.key: _cut(part, folder, settings, notify) for part in parts}
        places = split(cut, settings.example_frames, settings.eval_share)
        if not places["train"]:
            raise fail("E613", f"all recordings are silent: no frame has {SILENT_BELOW_DB:g} dB of power", place(out))
        by_key = {part.key: part for part in parts}
        with staged_folder(out, is_dataset) as staged:
            splits = write_shards(places, by_key, folder, settings, staged, pool, show)
            manifest = Manifest(
                clock=settings.clock,
                features={**FEATURES, **_midi_features(settings)},
                splits=splits,
                statistics=statistics_of(by_key, places["train"], folder, settings),
                settings={
                    "pitch": name_of(tracker),
                    "frame_size": settings.frame_size,
                    "hop_secs": settings.hop_frames / settings.frame_rate,
                    "eval_share": settings.eval_share,
                    "silent_below_db": SILENT_BELOW_DB,
                },
                recordings=_described(parts, cut, places, settings),
            )
            try:
                (staged / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
            except OSError as error:
                raise cannot_write(out, error) from None
    return manifest


@contextlib.contextmanager
def _parts_folder(target: Path) -> Iterator[Path]:
    """The hidden folder beside a dataset, locked. It stays where the work ends early and something was analysed."""
    folder = target.with_name(f".{target.name[:200]}.ddspgraph-parts")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(target, error) from None
    is_kept = True
    try:
        with locked(folder):
            try:
                yield folder
                is_kept = False
            finally:
                is_kept = is_kept and any(folder.glob("*.npy"))
    finally:
        if not is_kept:
            remove_parts(folder)


@dataclass(frozen=True)
class _Recording:
    path: str
    folder: Path
    settings: Settings
    tracker: Tracker
    limits: Limits


def _analyse(task: _Recording, tick: Tick) -> Part | tuple[Diagnostic, ...]:
    """A part, or why there is none: errors travel between processes as values."""
    try:
        return analyse(task.path, task.folder, task.settings, task.tracker, task.limits, tick)
    except GraphError as error:
        return error.diagnostics


def _usable(
    recordings: Sequence[str],
    found: Sequence[Part | tuple[Diagnostic, ...]],
    skip_corrupt: bool,
    notify: Callable[[str], None],
) -> list[Part]:
    errors = [diagnostic for result in found if not isinstance(result, Part) for diagnostic in result]
    if errors and not (skip_corrupt and {d.code for d in errors} <= _UNREADABLE):
        if {d.code for d in errors} <= _UNREADABLE and len(errors) < len(recordings):
            notify("--skip-corrupt leaves out what cannot be read; the other recordings need not be analysed again")
        raise GraphError(errors)
    for diagnostic in errors:
        notify(f"left out: {diagnostic.title}")
    parts: dict[str, Part] = {}
    for part in found:
        if isinstance(part, Part):
            twin = parts.setdefault(part.sha256, part)
            if twin is not part:
                notify(f"{clean(part.path)}: the same recording as {clean(twin.path)}, used once")
    if not parts:
        raise fail("E613", f"none of {len(recordings)} recordings can be read", hint="see the notices above")
    return list(parts.values())


def _cut(part: Part, folder: Path, settings: Settings, notify: Callable[[str], None]) -> Windows:
    windows = windows_of(part.frames(folder)["power_db"], settings.example_frames, settings.hop_frames)
    name, n_all = clean(part.path), len(windows.starts) + windows.n_silent
    if windows.n_silent:
        silent = "silent" if windows.starts else "silent, all of it"
        notify(f"{name}: {windows.n_silent} of {n_all} examples dropped: {silent}")
    if part.n_stolen:
        notify(f"{name}: {part.n_stolen} of {part.n_notes} notes end early: more sound at a time than there are voices")
    if (share := part.share_above(folder)) >= _LEAST_SHARE_ABOVE:
        notify(f"{name}: {share:.1%} of it is higher than the pitch tracker can tell: no notes there")
    if windows.starts and part.n_samples < (settings.clock.n_samples or 0):
        notify(f"{name}: {part.n_samples / settings.sample_rate:.3g} s, filled up with silence to one example")
    return windows


def _midi_features(settings: Settings) -> dict[str, Feature]:
    """The types of the ports of MIDI inputs."""
    found = {}
    for midi, ports in settings.midi:
        for port in ports:
            signal = midi.signal(port)
            found[midi.input_name(port)] = Feature(signal.rate, signal.unit, voices=signal.voices)
    return found


def _described(
    parts: Sequence[Part], cut: Mapping[str, Windows], places: Mapping[str, Places], settings: Settings
) -> tuple[Mapping[str, object], ...]:
    return tuple(
        {
            "name": Path(part.path).name,
            "sha256": part.sha256,
            "seconds": round(part.n_samples / settings.sample_rate, 3),
            "silent": cut[part.key].n_silent,
            **{name: sum(key == part.key for key, _ in chosen) for name, chosen in places.items()},
        }
        for part in parts
    )
