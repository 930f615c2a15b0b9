"""The recordings that files and folders name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ddspgraph.data.foreign import foreign_kind
from ddspgraph.diagnostics import clean, fail
from ddspgraph.files import pattern_hint, place
from ddspgraph.io.audio import KNOWN_RECORDINGS, is_recording


def find_recordings(
    paths: Iterable[str | os.PathLike[str]],
    notify: Callable[[str], None] = lambda notice: None,
    *,
    beside: tuple[str, ...] = (),
) -> list[str]:
    """The recordings among files and folders (with the folders inside of them), each once, sorted.

    Args:
      paths: of files and folders.
      notify: told in a sentence what else is in a folder.
      beside: how files end that belong to recordings.

    Raises:
      GraphError: E601 for what does not exist, E613 where there is no recording.
    """
    found: dict[str, None] = {}
    given = [Path(path) for path in paths]
    for path in given:
        if path.is_dir():
            found |= dict.fromkeys(_inside(path, notify, beside))
        elif path.exists():
            found[str(path)] = None
        else:
            raise fail("E601", "there is no such file or folder", place(path), hint=pattern_hint(path))
    once = {os.path.realpath(path): path for path in sorted(found, reverse=True)}
    if not once:
        where = ", ".join(clean(str(path)) for path in given)
        hint = next(filter(None, map(foreign_kind, given)), f"known kinds are {KNOWN_RECORDINGS}")
        raise fail("E613", f"there is no recording in {where}", hint=hint)
    return sorted(once.values())


def _inside(folder: Path, notify: Callable[[str], None], beside: tuple[str, ...]) -> list[str]:
    """Hidden files and folders are left alone without a word."""
    found: list[str] = []
    others: list[str] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = [name for name in names if not name.startswith(".") and not name.lower().endswith(beside)]
        for name in shown:
            (found if is_recording(name) else others).append(os.path.join(root, name))
    if others:
        some = f"{len(others)} other files are" if len(others) > 1 else "another file is"
        notify(f"only recordings are read: {some} left alone, such as {clean(min(others))}")
    return found


def seconds_of(path: str) -> float:
    """How long a recording is by its header; 0 where that cannot be read. For estimates only."""
    import soundfile

    try:
        info = soundfile.info(path)
    except (soundfile.SoundFileError, OSError, TypeError):
        return 0.0
    return max(0.0, info.duration) if info.frames < 1 << 62 else 0.0
