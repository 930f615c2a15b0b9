"""Estimated cost and memory of every graph below `graphs/` against what is measured: within a factor of 2. A proof.

It takes about eight minutes, and writes what it found to `docs/estimates.md` when everything holds.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from ddspgraph.estimates.speed import machine_name
from tests.compiler.measured_graph import FILLED_S, GRAPHS, TIMED_S

pytestmark = pytest.mark.proof

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "estimates.md"
#: How many programs wanted to run when this began.
LOAD = os.getloadavg()[0]
NAMES = sorted(path.relative_to(GRAPHS).with_suffix("").as_posix() for path in GRAPHS.rglob("*.yaml"))
LEAST, MOST = 0.5, 2.0
Measured = Mapping[str, Mapping[str, float]]


@pytest.fixture(scope="module")
def measured() -> Measured:
    """By graph, each measured in a process of its own."""
    return {name: json.loads(_output_of(name)) for name in NAMES}


def _output_of(name: str) -> str:
    command = [sys.executable, "-m", "tests.compiler.measured_graph", name]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, check=True, timeout=600, cwd=ROOT, env=environment, text=True)
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_time(name: str, measured: Measured) -> None:
    found = measured[name]
    assert LEAST < found["outputs_predicted_s"] / found["outputs_s"] < MOST
    if found["losses_s"]:
        assert LEAST < found["losses_predicted_s"] / found["losses_s"] < MOST


@pytest.mark.parametrize("name", NAMES)
def test_memory(name: str, measured: Measured) -> None:
    found = measured[name]
    assert LEAST < found["peak_predicted_bytes"] / found["peak_bytes"] < MOST


def test_the_page_is_written(measured: Measured) -> None:
    for name in NAMES:
        test_time(name, measured)
        test_memory(name, measured)
    PAGE.write_text(page(measured))


def page(measured: Measured) -> str:
    today, tensorflow = datetime.date.today().isoformat(), metadata.version("tensorflow")
    lines = [
        "# Estimates, checked",
        "",
        "Written by `make proof` (`tests/compiler/test_estimates.py`), which fails where an estimate is off by a",
        f"factor of 2. Last run: {today}, {machine_name()}, TensorFlow {tensorflow}.",
        "",
        f"The load of the machine was {LOAD:.1f} when it began: above 0.5 others used it too, and times are upper",
        "bounds.",
        "",
        f"Time: the fastest of many calls on {TIMED_S} s of audio, batch 1, against the estimated work divided by this",
        "machine's speed, measured by turns in the same process. Memory: by how much a fresh process grows at its peak",
        f"on {FILLED_S} s of audio; with losses where the graph has some.",
        "",
        "| graph | predicted ms | measured ms | ratio | predicted MB | measured MB | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in measured.items():
        for label, what in ((name, "outputs"), (f"{name}, losses", "losses")):
            if found[f"{what}_s"]:
                times = _cells(found[f"{what}_predicted_s"] * 1e3, found[f"{what}_s"] * 1e3)
                memory = _cells(found["peak_predicted_bytes"] / 1e6, found["peak_bytes"] / 1e6)
                is_filled = what == "losses" or not found["losses_s"]
                lines.append(f"| {label} | {times} | {memory if is_filled else '| |'} |")
    return "\n".join([*lines, ""])


def _cells(predicted: float, found: float) -> str:
    return f"{predicted:.3g} | {found:.3g} | {predicted / found:.2f}"
