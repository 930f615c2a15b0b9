"""The folder that magenta/ddsp's trainer wrote: its newest checkpoint, and the gin file that says what the model is."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ddspgraph.diagnostics import fail, quote
from ddspgraph.files import open_file, place

_INDEX = re.compile(r"(?:.*\D)?(\d+)\.index")
_CONFIG = re.compile(r"operative_config-(\d+)\.gin")
_NEWEST = re.compile(r'^model_checkpoint_path: "(.*)"$', re.MULTILINE)
#: The file `checkpoint`: some hundred lines.
_LARGEST = 1 << 20


@dataclass(frozen=True)
class TrainedFolder:
    """What there is.

    Attributes:
      name: of the folder.
      prefix: of the checkpoint's files, `FOLDER/ckpt-300`.
      step: in its name.
      gin: the files that say what the model is.
    """

    name: str
    prefix: Path
    step: int
    gin: tuple[Path, ...]


def is_trained_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder of magenta/ddsp's trainer, or names a checkpoint: `ckpt-300`, `ckpt-300.index`."""
    if _prefix_of(Path(path)) is not None:
        return True
    names = os.listdir(path) if Path(path).is_dir() else []
    return any(name == "checkpoint" or _INDEX.fullmatch(name) or _CONFIG.fullmatch(name) for name in names)


def trained_folder(path: str | os.PathLike[str], gin: Sequence[str | os.PathLike[str]] = ()) -> TrainedFolder:
    """Finds them. A path that names a checkpoint chooses that one.

    Args:
      gin: the gin files of the model, in place of those in the folder.

    Raises:
      GraphError: E601 where there is no such folder, E907 no gin file, E908 no checkpoint.
    """
    given = Path(path)
    chosen = _prefix_of(given)
    folder = given if chosen is None else chosen.parent
    if not folder.is_dir():
        raise fail("E601", "there is no such folder", place(path))
    prefixes = _prefixes(folder)
    if not prefixes:
        hint = "give the folder that ddsp_run wrote, with ckpt-300.index and ckpt-300.data-00000-of-00001"
        raise fail("E908", "there is no checkpoint of magenta/ddsp's trainer in this folder", place(path), hint=hint)
    prefix = chosen or _newest(folder, prefixes)
    match = _INDEX.fullmatch(f"{prefix.name}.index")
    name = folder.resolve().name
    return TrainedFolder(name, prefix, int(match[1]) if match else 0, tuple(map(Path, gin)) or (_config(folder),))


def _prefix_of(path: Path) -> Path | None:
    """The checkpoint that a path names."""
    if path.suffix == ".index" and path.is_file():
        return path.with_suffix("")
    return path if path.with_name(f"{path.name}.index").is_file() and not path.is_dir() else None


def _prefixes(folder: Path) -> dict[str, int]:
    """Checkpoints by name, with their steps."""
    found = ((name, _INDEX.fullmatch(name)) for name in sorted(os.listdir(folder)))
    return {name.removesuffix(".index"): int(match[1]) for name, match in found if match}


def _newest(folder: Path, prefixes: dict[str, int]) -> Path:
    """That which the file `checkpoint` names, if it is here; or that with the highest number."""
    said = None
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if (folder / "checkpoint").is_file():
            with open_file(folder / "checkpoint") as file:
                said = _NEWEST.search(file.read(_LARGEST).decode())
    name = re.split(r"[/\\]", said[1])[-1] if said else ""
    return folder / (name if name in prefixes else max(prefixes, key=lambda other: prefixes[other]))


def _config(folder: Path) -> Path:
    names = sorted(os.listdir(folder))
    configs = {name: int(match[1]) for name in names if (match := _CONFIG.fullmatch(name))}
    if configs:
        return folder / max(configs, key=lambda name: configs[name])
    others = [name for name in names if name.endswith(".gin")]
    if len(others) == 1:
        return folder / others[0]
    hint = f"give the gin files of its training after it: `ddspgraph migrate {folder} model.gin -o RUN`"
    which = f" and several other gin files, {', '.join(map(quote, others[:4]))}" if others else ""
    raise fail("E907", f"there is no operative_config-N.gin beside the checkpoint{which}", place(folder), hint=hint)
