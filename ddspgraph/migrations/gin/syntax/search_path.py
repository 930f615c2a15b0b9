"""Where included gin files may lie, and how they are opened: never outside of a folder that the caller named.

An include is a path that somebody else wrote. It is taken apart by name, each part is opened from the folder before
it and symbolic links are not followed: nothing that happens on the disk in between leads out of the folder.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: Folders and files that are looked at for a path of which only the end is known.
_MOST_ENTRIES, _DEEPEST = 20_000, 12
_ODD = re.compile(r"[\x00-\x1f\x7f~$\\:*?\"<>|]")


#: The index of the files that come with this program.
RELEASED = -1


class OutsideError(ValueError):
    """A path that does not stay inside of a folder; its text says why."""


@dataclass(frozen=True)
class Found:
    """A file below a folder.

    Attributes:
      root: index of the folder.
      parts: the way from it.
    """

    root: int
    parts: tuple[str, ...]


class SearchPath:
    """The folder of the file that is read, if it is one, and the folders that the caller adds.

    Attributes:
      folders: in the order in which they are tried.
      n_own: how many of them are not the caller's additions; these are not searched through.
    """

    def __init__(self, own: str | None, added: Sequence[str | os.PathLike[str]] = ()) -> None:
        self.n_own = 0 if own is None else 1
        self.folders = ([] if own is None else [own or os.curdir]) + [os.fspath(folder) for folder in added]

    def find(self, path: str, beside: Found | None) -> Found | None:
        """Where an include leads: `path` in one of the folders, or beside the file that includes it, or the file in
        an added folder whose path ends so. `models/ae.gin` is also `ae.gin` in a folder `models`.

        Raises:
          OutsideError: an absolute path, one with `..`, or with characters that mean something to a shell.
        """
        parts = parts_of(path)
        for root, folder in enumerate(self.folders):
            own = tuple(os.path.abspath(folder).split(os.sep))
            shorter = [parts[i:] for i in range(1, len(parts)) if own[-i:] == parts[:i]]
            for way in (parts, *shorter):
                if self._is_file(root, way):
                    return Found(root, way)
        if beside is not None:
            near = (*beside.parts[:-1], *parts)
            if self._is_file(beside.root, near):
                return Found(beside.root, near)
        for root in range(self.n_own, len(self.folders)):
            matches = [found for found in self._walk(root) if found[-len(parts) :] == parts]
            if matches:
                return Found(root, min(matches, key=lambda found: (len(found), found)))
        return None

    def name(self, found: Found) -> str:
        """What messages call the file."""
        return os.path.join(self.folders[found.root], *found.parts)

    def read(self, found: Found, limit: int) -> bytes:
        """At most `limit + 1` bytes of the file.

        Raises:
          OSError: it is gone, is not a regular file, or a symbolic link leads to it.
        """
        handle = self._open(found.root, found.parts)
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError("it is not a regular file")
            return file.read(limit + 1)

    def _is_file(self, root: int, parts: tuple[str, ...]) -> bool:
        try:
            return stat.S_ISREG(os.lstat(os.path.join(self.folders[root], *parts)).st_mode)
        except (OSError, ValueError):
            return False

    def _open(self, root: int, parts: tuple[str, ...]) -> int:
        folder_flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
        no_follow = getattr(os, "O_NOFOLLOW", 0)
        flags = os.O_RDONLY | no_follow | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
        if os.open not in os.supports_dir_fd or not no_follow:
            return self._open_by_path(root, parts, flags | getattr(os, "O_BINARY", 0))
        handle = os.open(self.folders[root], folder_flags)
        for i, part in enumerate(parts):
            try:
                last = i == len(parts) - 1
                inner = os.open(part, flags if last else folder_flags | no_follow, dir_fd=handle)
            finally:
                os.close(handle)
            handle = inner
        return handle

    def _open_by_path(self, root: int, parts: tuple[str, ...], flags: int) -> int:
        """Where the system cannot open beneath a folder (Windows): links are refused by looking first."""
        path = self.folders[root]
        for part in parts:
            path = os.path.join(path, part)
            if os.path.islink(path):
                raise OSError("a symbolic link leads to it")
        return os.open(path, flags)

    def _walk(self, root: int) -> Iterator[tuple[str, ...]]:
        """The files below a folder, links not followed, up to a bound."""
        left = _MOST_ENTRIES
        waiting: list[tuple[str, ...]] = [()]
        while waiting and left > 0:
            parts = waiting.pop(0)
            try:
                with os.scandir(os.path.join(self.folders[root], *parts)) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in listed:
                left -= 1
                if entry.is_symlink():
                    continue
                if entry.is_dir() and len(parts) < _DEEPEST:
                    waiting.append((*parts, entry.name))
                elif entry.name.endswith(".gin"):
                    yield (*parts, entry.name)


def parts_of(path: str) -> tuple[str, ...]:
    """The names in a path from below a folder. Raises `OutsideError`."""
    if path.startswith("/"):
        raise OutsideError("an absolute path leads out of the folder")
    if _ODD.search(path):
        raise OutsideError("a path of names and '/' is wanted: no '~', '$', ':', '\\' or wildcards")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if not parts:
        raise OutsideError("the path names no file")
    if any(part.endswith(".") for part in parts):
        raise OutsideError("'..' leads out of the folder" if ".." in parts else "a name ends in a point")
    return parts
