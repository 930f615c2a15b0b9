"""Ops of one's own that a run was trained with: used again without `--ops`, but never unasked.

A module of ops is a program, and a folder that somebody sent may name any file. So a run names its files with their
SHA-256, and this account keeps a list of its own, outside of any run, of files that were given with `--ops` here. A
file is loaded again where both know it as it is now.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from ddspgraph.cli.console import tell
from ddspgraph.diagnostics import clean, fail
from ddspgraph.files import place
from ddspgraph.training.run_folder import OpsFile, read_run

#: In the format of sha256sum.
_LIST = "confirmed_ops.txt"


def remembered_places(run: str) -> list[str]:
    """What to give as `--ops` for a run: the places of the ops that it was trained with.

    Raises:
      GraphError: E623 where a file is gone, has changed, or was never used by this account; E602 for a damaged run.
    """
    files = [OpsFile.of(facts) for facts in read_run(run).get("ops", ())]
    for file in files:
        _check(file, run)
    if files:
        tell(f"with the ops of {' and '.join(clean(file.place) for file in files)}, as the run was trained")
    return [file.place for file in files]


def confirm(places: Iterable[str]) -> tuple[OpsFile, ...]:
    """Modules that were given with `--ops` and could be loaded: what a run keeps of them.

    They go into the list of this account; where that cannot be written, they are asked for again the next time.
    """
    files = []
    for given in places:
        path = _path_of(given)
        if path is not None:
            files.append(OpsFile(given if given in sys.modules else str(path), _digest(path)))
            _remember(f"{files[-1].sha256}  {path}\n")
    return tuple(files)


def _check(file: OpsFile, run: str) -> None:
    path = _path_of(file.place)
    hint = f"look at it, and confirm it with --ops {clean(file.place)}"
    if path is None or not path.is_file():
        message, hint = "is not there any more", "--ops FILE says where it is now"
    elif (digest := _digest(path)) != file.sha256:
        message = "has changed since"
    elif f"{digest}  {path}\n" not in _known():
        message = "was never given with --ops by this account: it is a program"
    else:
        return
    raise fail("E623", f"the run was trained with ops in {clean(file.place)}, which {message}", place(run), hint=hint)


def _path_of(given: str) -> Path | None:
    """The file of a module, as absolute path. A module by name is looked for as `--ops` does, without running it."""
    if given.endswith(".py") or os.sep in given:
        return Path(os.path.realpath(given))
    from importlib.machinery import PathFinder

    folders, found = [*sys.path, os.getcwd()], None
    for name in given.split("."):
        found = PathFinder.find_spec(name, folders)
        if found is None:
            return None
        folders = list(found.submodule_search_locations or ())
    return Path(os.path.realpath(found.origin)) if found is not None and found.origin else None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _list() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "ddspgraph" / _LIST


def _known() -> set[str]:
    with contextlib.suppress(OSError, RuntimeError):
        return set(_list().read_text(encoding="utf-8").splitlines(keepends=True))
    return set()


def _remember(line: str) -> None:
    if line in _known():
        return
    with contextlib.suppress(OSError, RuntimeError):
        _list().parent.mkdir(parents=True, exist_ok=True)
        with open(_list(), "a", encoding="utf-8") as file:
            file.write(line)
