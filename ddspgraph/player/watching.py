"""Builds that follow files: `watch = dg.watch("graph.yaml")`, then `watch.look()` now and then.

Nothing waits in here: the caller decides when to look, and hands in the clock.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ddspgraph.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.ir.op import Op
    from ddspgraph.streaming.model import CompiledStream

T = TypeVar("T")
Path = str | os.PathLike[str]

#: Files must stay as they are for so long before they count: an editor may write in several steps.
SETTLED_S = 0.1
#: A file that is gone or empty may be about to be written again: editors delete and rename.
GONE_S = 1.0
#: A file as young as this may change again while its times do not: some file systems keep whole seconds.
_YOUNG_S = 2.0
#: Larger files count as changed when their size or times do: they are not read at every look.
_LARGEST_READ = 16 << 20


@dataclass(frozen=True)
class _Seen:
    """A file when it was last read."""

    status: tuple[int, ...]
    is_young: bool
    fingerprint: str | None


class FileWatch:
    """Tells when the contents of files have changed and settled.

    Args:
      now: a clock in seconds that never goes back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: dict[str, _Seen] = {}
        self._known: dict[str, str | None] | None = None
        self._waiting: tuple[dict[str, str | None], float] = ({}, 0.0)

    def has_changed(self, paths: Iterable[Path]) -> bool:
        """Whether the files are others than when this last was true; the first time it is true at once.

        A file that was written again with the same contents has not changed. One that is empty or not there counts
        once it has been so for GONE_S.
        """
        found = {path: self._fingerprint(path) for path in dict.fromkeys(map(os.fsdecode, paths))}
        if found == self._known:
            self._waiting = ({}, 0.0)
            return False
        if self._known is not None:
            if found != self._waiting[0]:
                self._waiting = (found, self._now())
                return False
            if self._now() - self._waiting[1] < (GONE_S if None in found.values() else SETTLED_S):
                return False
        self._known, self._waiting = found, ({}, 0.0)
        self._seen = {path: seen for path, seen in self._seen.items() if path in found}
        return True

    def _fingerprint(self, path: str) -> str | None:
        """What tells one content from another; None of a file that is empty or not there."""
        try:
            at = os.stat(path)
            status = (at.st_mode, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns)
            seen = self._seen.get(path)
            if seen is not None and seen.status == status and not seen.is_young:
                return seen.fingerprint
            if not stat.S_ISREG(at.st_mode) or at.st_size > _LARGEST_READ:
                fingerprint = str(status)
            else:
                with open(path, "rb") as file:
                    data = file.read()
                fingerprint = hashlib.sha256(data).hexdigest() if data else None
        except (OSError, ValueError):
            return None
        self._seen[path] = _Seen(status, time.time() - at.st_mtime < _YOUNG_S, fingerprint)
        return fingerprint


class Watch(Generic[T]):
    """Something that is built of files, and built again when they change.

    Args:
      build: makes it. What it raises becomes `error`.
      files: what it was made of; asked at every look, since a build may find more.
      now: a clock in seconds that never goes back.

    Attributes:
      value: the last that could be built; None until then. It stays while the files are wrong.
      error: why the files as they are now cannot be built; None where they could.
    """

    def __init__(
        self,
        build: Callable[[], T],
        files: Callable[[], Iterable[Path]],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._build, self._files, self._changes = build, files, FileWatch(now)
        self.value: T | None = None
        self.error: Exception | None = None

    def look(self) -> bool:
        """Looks at the files once, and builds where they have changed and settled. True where it did."""
        if not self._changes.has_changed(self._files()):
            return False
        try:
            self.value, self.error = self._build(), None
        except Exception as error:  # also a bug in an op that is being written: the next save may be right
            self.error = error
        return True


def watch(
    spec: Path,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    streaming: bool = False,
    now: Callable[[], float] = time.monotonic,
) -> Watch[CompiledGraph | CompiledStream]:
    """The compiled graph of a file that is being edited. `ddspgraph watch` adds the loop around it.

        watch = dg.watch("graph.yaml")
        while True:
            if watch.look():
                print(watch.error or watch.value(inputs)["audio"])
            time.sleep(0.1)

    Args:
      spec: a file; those that a gin file includes are followed as well.
      params, ops, seed, limits, streaming: as of `compile`.
      now: a clock in seconds that never goes back.
    """
    from ddspgraph.compiler.driver import compile

    path = os.fspath(spec)
    settings: dict[str, Any] = {"params": params, "ops": tuple(ops), "seed": seed, "limits": limits}

    def build() -> CompiledGraph | CompiledStream:
        return compile(path, streaming=True, **settings) if streaming else compile(path, **settings)

    return Watch(build, lambda: files_of(path, limits), now=now)


def files_of(spec: str, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """The file of a spec, those of its sub-graphs and, of a gin file, those that it includes."""
    from ddspgraph.diagnostics import GraphError
    from ddspgraph.migrations.gin.syntax.sniff import is_gin_path

    if not is_gin_path(spec):
        from ddspgraph.compiler.driver import subgraph_files

        return [spec, *subgraph_files(spec, limits)]
    from ddspgraph.migrations.gin.syntax.reader import read_gin

    try:
        file = read_gin([spec], limits=limits)
    except GraphError:
        return [spec]
    included = {statement.span.source.name for statement in file.flat()}
    return [spec, *sorted(name for name in included - {spec} if os.path.isfile(name))]
