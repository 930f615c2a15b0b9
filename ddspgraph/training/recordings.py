"""The recordings that files and folders name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ddspgraph.diagnostics import clean, fail
from ddspgraph.files import place
from ddspgraph.io.audio import AUDIO_SUFFIXES


def find_recordings(paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """The .wav and .flac files among files and folders (with the folders inside of them), each once, sorted.

    Raises:
      GraphError: E601 for what does not exist, E613 where there is no recording.
    """
    found: dict[str, None] = {}
    given = [Path(path) for path in paths]
    for path in given:
        if path.is_dir():
            found |= dict.fromkeys(_inside(path))
        elif path.exists():
            found[str(path)] = None
        else:
            raise fail("E601", "there is no such file or folder", place(path))
    once = {os.path.realpath(path): path for path in sorted(found, reverse=True)}
    if not once:
        where = ", ".join(clean(str(path)) for path in given)
        raise fail("E613", f"there is no recording in {where}", hint=f"known kinds are {', '.join(AUDIO_SUFFIXES)}")
    return sorted(once.values())


def _inside(folder: Path) -> list[str]:
    """Hidden files and folders are left alone."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        audio = [name for name in names if name.lower().endswith(AUDIO_SUFFIXES) and not name.startswith(".")]
        found += [os.path.join(root, name) for name in audio]
    return found


def seconds_of(path: str) -> float:
    """How long a recording is by its header; 0 where that cannot be read. For estimates only."""
    import soundfile

    try:
        info = soundfile.info(path)
    except (soundfile.SoundFileError, OSError, TypeError):
        return 0.0
    return max(0.0, info.duration) if info.frames < 1 << 62 else 0.0
