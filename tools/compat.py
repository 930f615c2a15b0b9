"""`make compat`: the suite with the oldest and the newest allowed version of every dependency.

For each Python it makes two environments with uv (from PyPI): in one every dependency stands at the lower bound that
pyproject.toml gives it, in the other at its newest release. In each the suite runs on one core, then on two, with
another hash seed each time. uv takes an interpreter that it finds, or fetches one; where it has none, the line of that
Python says so and the exit code is 1. Arguments go to pytest: `make compat ARGS="tests/compiler -x"`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".compat"
PYTHONS = ("3.10", "3.13")
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
#: What a user may install; the tools of `dev` are always the newest, they are no part of the promise.
EXTRAS = ("migrate", "f0", "plot", "litert", "onnx")


def main(arguments: list[str]) -> int:
    """Prints a line for each Python, resolution and number of cores; 0 where the suite passes in all."""
    uv = _uv()
    results = {}
    for python in PYTHONS:
        for word, resolution in RESOLUTIONS.items():
            interpreter = _environment(uv, python, word, resolution)
            for cores in (1, 2):
                passed = interpreter is not None and _passes(interpreter, cores, arguments)
                results[f"Python {python}, {word}, {cores} core{'s' * (cores > 1)}"] = (
                    "no environment" if interpreter is None else "passed" if passed else "failed"
                )
    print("\n".join(f"{name}: {result}" for name, result in results.items()))
    return int(set(results.values()) != {"passed"})


def _uv() -> Path:
    folder = FOLDER / "uv"
    if not (folder / "bin" / "uv").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    return folder / "bin" / "uv"


def _environment(uv: Path, python: str, word: str, resolution: str) -> Path | None:
    """The interpreter of an environment with these versions; None where it cannot be made."""
    folder, pins = FOLDER / f"{python}-{word}", FOLDER / f"{python}-{word}.txt"
    extras = [part for extra in EXTRAS for part in ("--extra", extra)]
    steps = (
        [uv, "venv", "--quiet", "--clear", "--python", python, folder],
        [
            *(uv, "pip", "compile", "--quiet", "--python-version", python, "--resolution", resolution, *extras),
            *("--no-emit-package", "ddspgraph", "pyproject.toml", "-o", pins),
        ],
        [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", "-c", pins, "-e", ".[dev]"],
    )
    for step in steps:
        if subprocess.run(step, cwd=ROOT, check=False).returncode:
            return None
    return folder / "bin" / "python"


def _passes(interpreter: Path, cores: int, arguments: list[str]) -> bool:
    command = [interpreter, "-m", "pytest", "-n", str(cores), "-m", "not proof", *arguments]
    if hasattr(os, "sched_setaffinity"):
        mask = ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores]))
        command = ["taskset", "-c", mask, *command]
    environment = {**os.environ, "PYTHONHASHSEED": "random", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
