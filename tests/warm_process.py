"""Fresh processes that have TensorFlow already: forked from one that imported it and did nothing else.

A process that a test starts spends four seconds of processor time on TensorFlow's import. Forked from a process that
imported it, it shares no model, function or thread with the test, as one of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.warm_imports"])


def run_module(
    module: str, arguments: Sequence[str], cwd: str, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What `python -m MODULE ARGUMENTS` does in a folder, as `subprocess.run` reports it."""
    return _run(_module, module, arguments, cwd, dict(env))


def run_code(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What `python -c CODE ARGUMENTS` does, as `subprocess.run` reports it."""
    return _run(_code, code, [str(a) for a in arguments], os.getcwd(), dict(os.environ))


def _run(
    what: Callable[[str], Any], program: str, arguments: Sequence[str], cwd: str, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, name)) for name in ("stdout", "stderr")]
        child = CONTEXT.Process(target=_child, args=(what, program, list(arguments), cwd, env, files))
        child.start()
        child.join()
        out, err = (Path(file).read_text(errors="replace") if os.path.exists(file) else "" for file in files)
    return subprocess.CompletedProcess([program, *arguments], child.exitcode or 0, out, err)


def _child(
    what: Callable[[str], Any], program: str, arguments: list[str], cwd: str, env: dict[str, str], files: list[str]
) -> None:
    for descriptor, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = env.get("PYTHONPATH", "").split(os.pathsep)
    sys.argv = [program, *arguments]
    what(program)


def _module(module: str) -> None:
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _code(code: str) -> None:
    sys.argv[0] = "-c"
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
