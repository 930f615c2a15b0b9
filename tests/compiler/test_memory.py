"""The estimate of what a graph takes is within a factor of two of what it takes (T10)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ddspgraph.compiler.analysis.memory import check_memory, memory_limit, nominal_sizes, peak_bytes, shape_at
from ddspgraph.compiler.driver import check, load
from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Ref
from ddspgraph.ir.types import BATCH, FRAMES, Dim, Rate, Signal
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


def test_without_a_duration_four_seconds_at_the_clocks_rate() -> None:
    graph = load(SPEC.replace(", duration: DURATION", "").replace("16 kHz", "48 kHz"))
    assert nominal_sizes(graph) == {"batch": 1, "samples": 192_000, "frames": 1000}


def test_an_output_lives_to_the_end() -> None:
    """It is read early, and then again by the caller."""
    text = SPEC.replace("DURATION", "1 s")
    kept = load(text.replace("audio: c}", "audio: c, early: a}"))
    graph = load(text)
    more = peak_bytes(kept, nominal_sizes(kept))[0] - peak_bytes(graph, nominal_sizes(graph))[0]
    assert more == pytest.approx(64_000, abs=100)  # beside it a literal of 4 bytes lives or not


def test_the_limit_itself_is_allowed() -> None:
    graph = load(SPEC.replace("DURATION", "1 s"))
    peak, _ = peak_bytes(graph, nominal_sizes(graph))
    for limit, expected in ((peak, []), (peak - 1, ["E708"])):
        report = Report()
        check_memory(graph, nominal_sizes(graph), Limits(memory_bytes=limit), report)
        assert [d.code for d in report.diagnostics] == expected


def test_half_of_the_machine_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": (4 << 30) // 4096}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    assert memory_limit(Limits()) == 2 << 30
    sizes["SC_PHYS_PAGES"] *= 16
    assert memory_limit(Limits()) == 8 << 30


def test_less_than_nothing_is_nothing() -> None:
    """Frames that lie within audio that is too short for one."""
    short = Signal((BATCH, FRAMES + -7, Dim.of(1)), Rate.FRAME)
    assert shape_at(short, {"batch": 2, "frames": 3}) == (2, 0, 1)


def test_frames_at_a_hop_of_their_own_are_counted() -> None:
    text = SPEC.replace("DURATION", "1 s").replace("  c: {op: gain, inputs: {audio: b, gain: -6 dB}}", "  c: NODE")
    graph = load(text.replace("NODE", "{op: logmel, inputs: [b], params: {bins: 9}}"))
    assert shape_at(graph.types[Ref("c", "signal")], nominal_sizes(graph)) == (1, 32, 9)  # 16000 / 512, rounded up


def test_a_time_axis_of_another_name_is_as_long_as_the_clocks() -> None:
    """An hour of spectra at a hop of their own is no 64 frames."""
    sizes = {"batch": 2, "frames": 900_000, "samples": 57_600_000}
    own = (BATCH, Dim.of("own"), Dim.of("k"))
    assert shape_at(Signal(own, Rate.FRAME), sizes) == (2, 900_000, 64)
    assert shape_at(Signal(own, Rate.AUDIO), sizes) == (2, 57_600_000, 64)
