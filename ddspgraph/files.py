"""Files that appear whole or not at all: written beside the target, flushed to the disk, then renamed onto it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ddspgraph.diagnostics import GraphError, Source, Span, clean, did_you_mean, fail

_MOST_NAMES = 1_000


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Puts `data` at `path`: a reader finds the old file or the new one, never a part of one.

    Raises:
      GraphError: E607 where it cannot be written; what was there before is untouched.
    """
    with written_atomically(path) as staged:
        try:
            staged.write_bytes(data)
        except OSError as error:
            raise cannot_write(path, error, len(data)) from None


@contextlib.contextmanager
def written_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives the path of a file to write, which becomes `path` when the block ends without an exception.

    A device or a pipe (`/dev/null`, `/dev/stdout`) stays what it is: what was written goes into it.

    Raises:
      GraphError: E607 where it cannot be written.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        with _written_into(path) as staged:
            yield staged
        return
    target = Path(os.path.realpath(path))  # through a link: the link stays, what it names is replaced
    if target.is_dir():
        raise fail("E607", "this is a folder, a file was to be written", place(path))
    remove_leftovers(target)
    staged = staged_path(target)
    try:
        yield staged
        try:
            sync(staged)
            if target.exists():
                os.chmod(staged, target.stat().st_mode & 0o777)
            os.replace(staged, target)
            sync(target.parent)
        except OSError as error:
            raise cannot_write(path, error) from None
    finally:
        staged.unlink(missing_ok=True)


@contextlib.contextmanager
def _written_into(path: str | os.PathLike[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder, "staged")
        yield staged
        try:
            with open(path, "wb") as device:
                device.write(staged.read_bytes())
        except OSError as error:
            raise cannot_write(path, error) from None


def staged_path(target: Path) -> Path:
    """Where this process prepares what is to become `target`: in the same folder, so that a rename will do.

    `out.wav` -> `.out.wav.4711.ddspgraph-tmp`, 4711 being the process that writes.
    """
    return target.with_name(f".{target.name[:200]}.{os.getpid()}.ddspgraph-tmp")


def leftovers(target: Path) -> list[Path]:
    """What runs that were killed left beside `target`; what a running process is writing is not among it."""
    pattern = re.compile(rf"\.{re.escape(target.name[:200])}\.(\d+)\.ddspgraph-tmp")
    try:
        names = os.listdir(target.parent)
    except OSError:
        return []
    found = ((name, pattern.fullmatch(name)) for name in names)
    return [target.with_name(name) for name, match in found if match and not _is_running(int(match[1]))]


def remove_leftovers(target: Path) -> None:
    """Removes the files that killed runs left beside `target`."""
    for path in leftovers(target):
        with contextlib.suppress(OSError):
            path.unlink()


def cannot_write(path: str | os.PathLike[str], error: Exception, n_bytes: int | None = None) -> GraphError:
    """E607 for a failure to write at `path`, with its reason and how many bytes were to be written."""
    reason = getattr(error, "strerror", None) or str(error).split("\n", 1)[0]
    size = f"; {n_bytes:,} bytes are needed" if n_bytes is not None else ""
    folder = Path(path).parent
    hint = None if folder.is_dir() else f"the folder '{clean(str(folder))}' does not exist"
    return fail("E607", f"cannot be written: {clean(reason)}{size}", place(path), hint=hint)


def open_file(path: str | os.PathLike[str], suffixes: Sequence[str] = ()) -> BinaryIO:
    """Opens a regular file for reading; never waits for the other end of a pipe.

    Args:
      path: of the file.
      suffixes: of the files of its kind, for "did you mean".

    Raises:
      GraphError: E601 where it is not there or cannot be read, E709 where it is not a regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise fail("E709", "this is not a regular file", place(path))
        return open(os.open(path, flags), "rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if getattr(error, "errno", None) == errno.ENOENT:
            raise fail(
                "E601", "the file does not exist", place(path), hint=pattern_hint(path) or _similar(path, suffixes)
            ) from None
        reason = getattr(error, "strerror", None) or str(error)
        raise fail("E601", f"the file cannot be read: {clean(reason)}", place(path)) from None


def pattern_hint(path: str | os.PathLike[str]) -> str | None:
    """What to do where a path that is not there is a pattern that no shell has expanded."""
    if not re.search(r"[*?[]", os.fsdecode(path)):
        return None
    return "this is a pattern, which the shell expands: leave out the quotes, or name the folder"


def _similar(path: str | os.PathLike[str], suffixes: Sequence[str]) -> str | None:
    folder, wanted = os.path.split(os.fsdecode(path))
    try:
        with os.scandir(folder or os.curdir) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False)]
    except OSError:
        return f"the folder '{clean(folder)}' does not exist or cannot be read"
    return did_you_mean(wanted, sorted(name for name in names if name.endswith(tuple(suffixes))))


def place(path: str | os.PathLike[str]) -> Span:
    """A file as the place of a finding."""
    return Span.start_of(Source(clean(os.fsdecode(path)), ""))


def sync_folder(folder: Path) -> None:
    """Flushes every file of a folder, and the folder itself, to the disk."""
    for root, _, names in os.walk(folder):
        for name in names:
            sync(Path(root, name))
        sync(Path(root))


def sync(path: Path) -> None:
    """Flushes one file or folder. Where folders cannot be opened (Windows), renaming is all there is."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_running(pid: int) -> bool:
    """Whether a process of this machine has this number; this one does not count, it has only begun."""
    if pid == os.getpid():
        return False
    if os.name == "nt":
        return True  # os.kill would end it there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it belongs to somebody else
    return True
