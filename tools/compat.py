"""`make compat`: the suite with the oldest and the newest allowed version of every dependency.

For each Python it makes two environments with uv, which comes from PyPI. In one, every dependency of the package and
of its extras has the lowest version that pyproject.toml allows and that has a wheel for this Python; in the other, its
newest release. In each, the suite runs on one core, then on two, each time with another hash seed. It ends with a table
for docs/compatibility.md; the exit code is 0 only where every run passed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".compat"
PYTHONS = ("python3.10", "python3.13")
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
#: The extras that the suite uses. The other tools of `dev` are always the newest: no user installs them.
EXTRAS = ("f0", "plot", "litert", "onnx")


def main(arguments: list[str]) -> int:
    """Runs what the arguments choose and prints the table; 0 where every run passed, else 1."""
    options = _parser().parse_args(arguments)
    rows, passed = [], []
    for python in options.python or PYTHONS:
        found = _find(python)
        if found is None:
            print(f"{python} does not run here: name an interpreter with --python PATH", file=sys.stderr)
            passed.append(False)
            rows.append(f"| {python} | | | does not run here |")
            continue
        for name in options.dependencies:
            environment = _environment(*found, name)
            for cores in options.cores:
                ok, result = _suite(environment, cores, options.pytest) if environment else (False, "no environment")
                passed.append(ok)
                rows.append(f"| {found[0]} | {name} | {cores} | {result} |")
    print("", "| Python | dependencies | cores | result |", "| --- | --- | --- | --- |", *rows, sep="\n")
    return 0 if all(passed) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/compat.py", description=__doc__)
    add = parser.add_argument
    add("--python", action="append", metavar="PATH", help=f"an interpreter, repeatable (default: {', '.join(PYTHONS)})")
    add("--dependencies", nargs="+", choices=RESOLUTIONS, default=list(RESOLUTIONS), help="default: both")
    add("--cores", nargs="+", type=int, default=[1, 2], metavar="N", help="default: 1 2")
    add("pytest", nargs="*", help="arguments for pytest, after --")
    return parser


def _find(python: str) -> tuple[str, str] | None:
    """The version and the path of an interpreter; None where it does not run."""
    command = [python, "-c", "import platform, sys; print(platform.python_version(), sys.executable)"]
    try:
        version, path = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().split(" ", 1)
    except (OSError, subprocess.CalledProcessError):
        return None
    return version, path


def _uv() -> Path:
    folder = FOLDER / "uv"
    if not (folder / "bin" / "uv").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    return folder / "bin" / "uv"


def _environment(version: str, python: str, name: str) -> Path | None:
    """The interpreter of an environment with these dependencies; None where it cannot be made."""
    uv, folder, pins = _uv(), FOLDER / f"{version}-{name}", FOLDER / f"{version}-{name}.txt"
    interpreter = folder / "bin" / "python"
    extras = [f"--extra={extra}" for extra in EXTRAS]
    steps = (
        [uv, "venv", "--quiet", "--clear", f"--python={python}", folder],
        # Wheels only: few users have the compilers that a version without one asks for.
        [
            *(
                uv,
                "pip",
                "compile",
                "--quiet",
                "--upgrade",
                f"--python={interpreter}",
                f"--resolution={RESOLUTIONS[name]}",
                *extras,
            ),
            *("--only-binary=:all:", "--no-emit-package=ddspgraph", "pyproject.toml", f"--output-file={pins}"),
        ],
        [uv, "pip", "install", "--quiet", f"--python={interpreter}", f"--constraint={pins}", "--editable=.[dev]"],
    )
    for step in steps:
        if subprocess.run(step, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
            return None
    return interpreter


def _suite(interpreter: Path, cores: int, arguments: list[str]) -> tuple[bool, str]:
    """Whether the suite passed, and its last line; every line is printed."""
    command = [
        interpreter,
        "-m",
        "pytest",
        f"--numprocesses={cores}",
        "--dist=worksteal",
        "-m",
        "not proof",
        *arguments,
    ]
    if hasattr(os, "sched_setaffinity"):
        command = ["taskset", "--cpu-list", ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores])), *command]
    environment = {**os.environ, "PYTHONHASHSEED": "random", "TF_CPP_MIN_LOG_LEVEL": "3"}
    line = ""
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            print(line, end="", flush=True)
    return run.returncode == 0, line.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
