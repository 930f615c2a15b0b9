"""Fresh processes that have TensorFlow already: forked from one that imported it and did nothing else.

A proof of an export starts a process, and 4 of its 5 seconds of processor time are TensorFlow's import. Forked from a
process that imported it, a proof shares no model, function or thread with the test, as in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.warm_imports"])


def run_module(
    module: str, arguments: Sequence[str], cwd: str, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What `python -m MODULE ARGUMENTS` does in a folder, as `subprocess.run` reports it."""
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        child = _CONTEXT.Process(target=_run, args=(module, list(arguments), cwd, dict(env), files))
        child.start()
        child.join()
        out, err = (Path(file).read_text(errors="replace") if os.path.exists(file) else "" for file in files)
    return subprocess.CompletedProcess([module, *arguments], child.exitcode or 0, out, err)


def _run(module: str, arguments: list[str], cwd: str, env: dict[str, str], files: list[str]) -> None:
    for descriptor, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = env.get("PYTHONPATH", "").split(os.pathsep)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
