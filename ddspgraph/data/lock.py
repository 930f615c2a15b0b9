"""One process a run folder: a lock that the system takes back when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ddspgraph.diagnostics import fail
from ddspgraph.files import cannot_write, place

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder.

    The file stays when the lock is given back: removing it would let two processes lock two files of one name.

    Raises:
      GraphError: E614 where another process holds it, E607 where the folder cannot be written.
    """
    path = folder / LOCK
    try:
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise cannot_write(path, error) from None
    with file:
        if not _lock(file.fileno()):
            file.seek(0)
            process = file.read(20).strip()
            who = f"process {process}" if process.isdigit() else "another process"
            hint = "wait until it ends, or choose another folder"
            raise fail("E614", f"{who} is at work in this folder", place(folder), hint=hint)
        with contextlib.suppress(OSError):  # a full disk: the number is only for the message
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        yield


if os.name == "nt":
    import msvcrt

    def _lock(handle: int) -> bool:
        try:
            os.lseek(handle, 1 << 20, os.SEEK_SET)  # beyond the text, which others may read
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
