"""The estimate of what a graph takes is within a factor of two of what it takes (T10)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ddspgraph.compiler.analysis.memory import nominal_sizes, peak_bytes
from ddspgraph.compiler.driver import check, load
from ddspgraph.limits import Limits
from tests.compiler.memory_recipes import QUICK, RECIPES

ROOT = Path(__file__).parents[2]


def in_a_fresh_process(name: str) -> tuple[int, int]:
    """Estimate and growth in bytes, while nothing else is in memory."""
    command = [sys.executable, "-m", "tests.compiler.memory_recipes", name]
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "2"}
    child = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, env=env, check=False)
    assert child.returncode == 0, child.stderr[-2000:]
    result = json.loads(child.stdout.splitlines()[-1])
    return result["estimate"], result["grown"]


def _is_within_two(name: str) -> None:
    estimate, grown = in_a_fresh_process(name)
    assert grown / 2 <= estimate <= grown * 2, f"{name}: {estimate >> 20} MiB estimated, {grown >> 20} MiB taken"


@pytest.mark.parametrize("name", QUICK)
def test_estimate(name: str) -> None:
    _is_within_two(name)


@pytest.mark.proof
@pytest.mark.parametrize("name", RECIPES)
def test_estimate_of_every_recipe(name: str) -> None:
    _is_within_two(name)


SPEC = """\
version: 2
name: t
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: DURATION}
inputs: {audio: {rate: audio}}
nodes:
  a: {op: gain, inputs: {audio: audio, gain: -6 dB}}
  b: {op: gain, inputs: {audio: a, gain: -6 dB}}
  c: {op: gain, inputs: {audio: b, gain: -6 dB}}
outputs: {audio: c}
"""


def test_a_value_dies_with_its_last_reader() -> None:
    """Input, the value that is read and the one that is made: three at once, however long the chain."""
    graph = load(SPEC.replace("DURATION", "1 s"))
    peak, _ = peak_bytes(graph, nominal_sizes(graph))
    assert 3 * 64_000 <= peak < 3.1 * 64_000


def test_the_limit_is_the_callers() -> None:
    spec = SPEC.replace("DURATION", "1 s")
    assert check(spec) == ()
    (found,) = check(spec, limits=Limits(memory_bytes=100_000))
    assert (found.code, found.span and found.span.line) == ("E708", 7)
    assert "the limit is 0.1 MiB" in found.message


def test_sizes_are_those_of_the_clock() -> None:
    short, long = (load(SPEC.replace("DURATION", text)) for text in ("1 s", "60 min"))
    ratio = peak_bytes(long, nominal_sizes(long))[0] / peak_bytes(short, nominal_sizes(short))[0]
    assert ratio == pytest.approx(3600, rel=0.01)
