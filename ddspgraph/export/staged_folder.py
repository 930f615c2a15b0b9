"""Folders that appear whole or not at all: filled beside the target, flushed to the disk, then exchanged with it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ddspgraph.diagnostics import fail
from ddspgraph.files import cannot_write, leftovers, place, staged_path, sync, sync_folder

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextlib.contextmanager
def staged_folder(path: str | os.PathLike[str], may_replace: Callable[[Path], bool]) -> Iterator[Path]:
    """Gives a new folder to fill, which becomes `path` when the block ends without an exception.

    Args:
      path: where the folder is to be. What is there is replaced only if it is an empty folder or one that
        `may_replace` accepts.
      may_replace: tells of an existing folder whether it is one of ours.

    Raises:
      GraphError: E607 where it cannot be written, or would replace what is not ours.
    """
    target = Path(os.path.realpath(path))
    check_target(path, may_replace)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for old in leftovers(target):
            shutil.rmtree(old, ignore_errors=True)
        staged = staged_path(target)
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
    except OSError as error:
        raise cannot_write(path, error) from None
    try:
        yield staged
        try:
            sync_folder(staged)
            _move_into_place(staged, target)
            sync(target.parent)
        except OSError as error:
            raise cannot_write(path, error) from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def check_target(path: str | os.PathLike[str], may_replace: Callable[[Path], bool]) -> None:
    """Whether a folder may be put at `path`; asked before long work begins. Raises GraphError E607."""
    target = Path(os.path.realpath(path))
    if not target.exists():
        return
    if not target.is_dir():
        raise fail("E607", "there is a file of this name", place(path), hint="remove it, or choose another name")
    if any(target.iterdir()) and not may_replace(target):
        hint = "only an empty folder or an earlier export is replaced: choose another name"
        raise fail("E607", "this folder holds something else", place(path), hint=hint)


def _move_into_place(staged: Path, target: Path) -> None:
    """After this `target` is the new folder. Where the system can exchange two names, it is never absent."""
    if not target.exists():
        os.rename(staged, target)
    elif not _exchange(staged, target):
        shutil.rmtree(target)
        os.rename(staged, target)


def _exchange(a: Path, b: Path) -> bool:
    """Swaps two names in one step (Linux renameat2); False where that cannot be done."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0
