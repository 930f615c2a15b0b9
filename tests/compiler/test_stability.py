"""The verdict on loops, against eigenvalues, closed forms, and the decay of what they compute."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.analysis.stability import Verdict, judge
from ddspgraph.compiler.driver import outline, stability
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.diagnostics import Report
from tests.random_loops import radius_of, random_loop, worst_radius_of

RATE = 16_000


def loop(feedback: str, nodes: str, *, inputs: str = "", output: str = "into") -> str:
    return f"""
version: 2
name: loop
clock: {{sample_rate: 16 kHz, hop: 100}}
inputs:
  dry: {{rate: audio}}
{inputs}
feedback:
{feedback}
nodes:
{nodes}
outputs: {{audio: {output}}}
"""


def echo(delay: str, gain: str, more: str = "", *, last: str = "damp", inputs: str = "") -> str:
    nodes = f"  into: {{op: add, inputs: [dry, echo]}}\n  damp: {{op: multiply, inputs: [into, {gain}]}}\n{more}"
    return loop(f"  echo: {{from: {last}, delay: {delay}}}", nodes, inputs=inputs)


def verdict(text: str) -> Verdict:
    (found,) = stability(text)
    return found


@pytest.mark.parametrize("delay", [1, 7, 300, 6080, 6081])
@pytest.mark.parametrize("gain", [0.7, -0.999])
def test_a_comb_by_its_closed_form(delay: int, gain: float) -> None:
    found = verdict(echo(f"{delay} samples", str(gain)))
    assert found.outcome == "stable"
    assert found.is_exact
    assert found.radius == pytest.approx(abs(gain) ** (1.0 / delay), rel=1e-9)
    assert found.t60_s == pytest.approx(-3.0 / math.log10(abs(gain)) * delay / RATE, rel=1e-6)


@pytest.mark.parametrize("delay", [1, 7, 300, 6080])
@pytest.mark.parametrize("gain", [1.001, -1.5])
def test_a_comb_that_grows(delay: int, gain: float) -> None:
    found = verdict(echo(f"{delay} samples", str(gain)))
    assert found.outcome == "unstable"
    assert found.radius == pytest.approx(abs(gain) ** (1.0 / delay), rel=1e-9)
    assert found.frequency_hz == pytest.approx(0.0 if gain > 0 else RATE / 2 / delay, abs=1e-3)


def test_a_gain_of_one_rings_for_ever() -> None:
    assert verdict(echo("300 samples", "1.0")).outcome == "not proven"


def tally(seed: int, count: int) -> dict[str, int]:
    """Verdicts on random loops against eigenvalues: what grows is not called stable, what dies away not unstable.

    A loop with a tanh dies away where it does with every slope that the tanh can have: driven hard, it has less gain.

    Returns how many loops die away with the slope at 0 alone, and with every slope; of both, how many are proven.
    """
    found = dict.fromkeys(("at 0", "at 0, proven", "with every slope", "with every slope, proven"), 0)
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        spec = random_loop(rng)
        radius, verdicts = radius_of(spec), judge(run(LEGALISE, infer(outline(spec), Report())))
        outcomes = {each.outcome for each in verdicts}
        if radius >= 1.0:
            assert outcomes != {"stable"}, (seed, i)
            continue
        assert "unstable" not in outcomes, (seed, i)
        is_proven = outcomes == {"stable"}
        found["at 0"] += 1
        found["at 0, proven"] += is_proven
        if worst_radius_of(spec, rng) >= 1.0:
            assert not is_proven, (seed, i)
            continue
        found["with every slope"] += 1
        found["with every slope, proven"] += is_proven
        if all(each.is_exact for each in verdicts):
            # A double eigenvalue is known to the square root of the precision.
            assert max(each.radius or 0.0 for each in verdicts) == pytest.approx(radius, abs=1e-6), (seed, i)
    return found


def test_random_loops_against_eigenvalues() -> None:
    found = tally(1, 40)
    assert found["with every slope"] > 10
    assert found["with every slope, proven"] >= 0.95 * found["with every slope"]


@pytest.mark.proof
def test_ten_thousand_random_loops(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 % of those that die away are proven, even if the tanh counts with its slope at 0 alone."""
    found = tally(2026, 10_000)
    with capsys.disabled():
        print(f"\n{found}")
    assert found["at 0, proven"] >= 0.95 * found["at 0"]
    assert found["with every slope, proven"] >= 0.99 * found["with every slope"]


def test_two_long_lines_that_share_a_node() -> None:
    """Too many states for all poles: by circles. They are 281."""
    nodes = (
        "  both: {op: add, inputs: [long, short]}\n  into: {op: add, inputs: [both, dry]}\n"
        "  low: {op: multiply, inputs: [into, 0.6]}\n  high: {op: multiply, inputs: [into, -0.35]}"
    )
    found = verdict(loop("  long: {from: low, delay: 150 samples}\n  short: {from: high, delay: 131 samples}", nodes))
    matrix = np.diag(np.ones(149), -1)
    matrix[0, 149], matrix[0, 130] = 0.6, -0.35
    radius = np.max(np.abs(np.linalg.eigvals(matrix)))
    assert found.is_exact
    assert found.t60_s == pytest.approx(math.log(1e-3) / math.log(radius) / RATE, rel=0.01)


def test_channels_that_a_matrix_does_not_mix_are_judged_together() -> None:
    text = loop(
        "  bus: {from: damp, delay: [1010 samples, 2570 samples], channels: 2}",
        "  wide: {op: concat, inputs: [dry, dry]}\n  into: {op: add, inputs: [wide, bus]}\n"
        "  damp: {op: multiply, inputs: [into, [0.5, 0.9]]}",
    )
    assert verdict(text).t60_s == pytest.approx(-3.0 / math.log10(0.9) * 2570 / RATE, rel=1e-6)


def test_a_ring_is_as_loud_as_its_product() -> None:
    text = loop(
        "  a: {from: x, delay: 500 samples}\n  b: {from: y, delay: 601 samples}",
        "  into: {op: add, inputs: [dry, b]}\n  x: {op: multiply, inputs: [into, 3]}\n"
        "  y: {op: multiply, inputs: [a, 0.3]}",
    )
    assert verdict(text).t60_s == pytest.approx(-3.0 / math.log10(0.9) * 1101 / RATE, rel=0.005)


def test_a_filter_in_the_loop_decays_as_its_loudest_frequency() -> None:
    """T60 within 1 % of what is measured: the decay of the sound from turn to turn."""
    more = "  low: {op: sinc_filter, inputs: [damp, 1 kHz], params: {window_size: 9}}"
    text = echo("40 samples", "0.95", more, last="low")
    found = verdict(text)
    sound = np.zeros((1, 8000), np.float32)
    sound[0, 0] = 1.0
    heard = dg.compile(text)({"dry": sound})["audio"].numpy()[0].astype(np.float64)
    rms = np.sqrt(np.mean(heard.reshape(200, 40) ** 2, axis=1))
    slope_db = 20.0 * np.log10(rms[190] / rms[120]) / 70.0  # a turn
    assert found.is_exact
    assert found.t60_s == pytest.approx(-60.0 / slope_db * 40 / RATE, rel=0.01)


SOFT = "  soft: {op: tanh, inputs: [damp]}"


@pytest.mark.parametrize(
    ("gain", "outcome"),
    [("0.99", "stable"), ("-0.99", "stable"), ("1.0", "not proven"), ("-1.0", "not proven"), ("1.2", "not proven")],
)
def test_a_soft_clipper_amplifies_nothing(gain: str, outcome: str) -> None:
    assert verdict(echo("300 samples", gain, SOFT, last="soft")).outcome == outcome


def test_a_loop_that_only_the_circle_criterion_proves() -> None:
    """Two echoes of gains 0.7 and -0.7: more than 1 in sum, and stable at these two delays."""
    nodes = (
        "  both: {op: add, inputs: [one, two, dry]}\n  soft: {op: tanh, inputs: [both]}\n"
        "  a: {op: multiply, inputs: [soft, 0.7]}\n  b: {op: multiply, inputs: [soft, -0.7]}"
    )
    text = loop("  one: {from: a, delay: 1 samples}\n  two: {from: b, delay: 2 samples}", nodes, output="both")
    found = verdict(text)
    assert found.outcome == "stable"
    assert "circle" in found.why


def moving(gain: float, how: str, rate: str = "audio, channels: 1") -> str:
    nodes = f"  into: {{op: add, inputs: [dry, echo]}}\n  damp: {{op: multiply, inputs: [into, {gain}]}}"
    entry = f"  echo: {{from: damp, delay: age, min: 50 samples, max: 150 samples, interpolation: {how}}}"
    return loop(entry, nodes, inputs=f"  age: {{rate: {rate}, unit: samples}}")


def test_a_moving_delay_is_judged_by_peaks() -> None:
    """Lagrange's weights have sizes of up to 1.25 in sum; linear ones are 1 in sum, and so are those of no order."""
    assert verdict(moving(0.9, "linear")).outcome == verdict(moving(0.9, "none")).outcome == "stable"
    found = verdict(moving(0.9, "lagrange3"))
    assert found.outcome == "not proven"
    assert found.gain == pytest.approx(0.9 * 1.25, rel=1e-6)
    assert verdict(moving(0.9, "lagrange3", "const, shape: [1]")).outcome == "stable"  # it does not move


@pytest.mark.parametrize(
    ("gain", "outcome"), [("level", "not proven"), ("held", "stable"), ("wave", "stable"), ("wide", "not proven")]
)
def test_gains_by_the_range_that_they_can_take(gain: str, outcome: str) -> None:
    more = (
        "  held: {op: sigmoid, inputs: [level]}\n  wave: {op: lfo, inputs: [2 Hz], params: {depth: 0.4, offset: 0.5}}\n"
        "  wide: {op: lfo, inputs: [2 Hz], params: {depth: 0.6, offset: 0.5}}\n"
        "  last: {op: multiply, inputs: [damp, 0.99]}"
    )
    found = verdict(echo("300 samples", gain, more, last="last", inputs="  level: {rate: frame}"))
    assert found.outcome == outcome
    if outcome == "stable":
        assert not found.is_exact


def test_a_tail_is_as_long_as_the_loop_rings() -> None:
    graph = dg.load(echo("300 samples", "0.5"))
    _, arrays = dg.with_tail(graph, {"dry": np.ones((1, 1000), np.float32)})
    t60 = round(-3.0 / math.log10(0.5) * 300)
    assert arrays["dry"].shape[1] == -(-(1000 + t60) // 100) * 100


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(echo("300 samples", "0.5"))
    bad.write_text(echo("300 samples", "1.5"))
    assert main(["check", "--stability", str(good)]) == 0
    assert "stable" in capsys.readouterr().out
    assert main(["check", "--stability", "--json", str(good), str(bad)]) == 3
    reports: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [r["stability"][0]["outcome"] for r in reports] == ["stable", "unstable"]
    assert reports[0]["stability"][0]["loop"] == ["echo", "into", "damp"]
    assert reports[1]["diagnostics"][0]["code"] == "E418"


def network(matrix: str, gains: str = "[0.9, 0.88, 0.87, 0.85]", *, more: str = "") -> str:
    return loop(
        "  bus: {from: damp, delay: [1009 samples, 1201 samples, 1381 samples, 1499 samples], channels: 4}",
        "  wide: {op: concat, inputs: [dry, dry, dry, dry]}\n  into: {op: add, inputs: [wide, bus]}\n"
        f"  mixed: {{op: matrix, inputs: [into, {matrix}]}}\n"
        f"  damp: {{op: multiply, inputs: [mixed, {gains}]}}\n{more}",
    )


HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2.0


def test_an_orthogonal_matrix_and_absorption_are_stable_for_any_delays() -> None:
    """Gains of 60 m / (rate T60) dB for a line of m samples make T60 what it was made for, by bounds alone."""
    t60 = 1.5
    gains = [10.0 ** (-3.0 * m / (RATE * t60)) for m in (1009, 1201, 1381, 1499)]
    found = verdict(network(str(HADAMARD.tolist()), str(gains)))
    assert found.outcome == "stable"
    assert found.t60_s == pytest.approx(t60, rel=0.01)


def test_a_matrix_that_a_scaling_makes_orthogonal() -> None:
    """Its norm is 4.1, and the sums of its rows are more than 1: only the scaling proves it."""
    scale = np.array([1.0, 3.0, 0.5, 2.0])
    matrix = scale[:, None] * HADAMARD / scale
    found = verdict(network(str(matrix.tolist())))
    assert found.outcome == "stable"


def test_a_matrix_that_amplifies() -> None:
    assert verdict(network(str((1.3 * HADAMARD).tolist()))).outcome != "stable"


def test_each_channel_by_its_own_control() -> None:
    """Two cut-offs at one filter of two channels: the channels ring for different times."""
    text = loop(
        "  bus: {from: damp, delay: 40 samples, channels: 2}",
        "  wide: {op: concat, inputs: [dry, dry]}\n  into: {op: add, inputs: [wide, bus]}\n"
        "  low: {op: sinc_filter, inputs: [into, [1 kHz, 2 kHz]], params: {window_size: 9, high_pass: true}}\n"
        "  damp: {op: multiply, inputs: [low, 0.9]}",
    )
    mono = verdict(
        loop(
            "  bus: {from: damp, delay: 40 samples}",
            "  into: {op: add, inputs: [dry, bus]}\n"
            "  low: {op: sinc_filter, inputs: [into, 1 kHz], params: {window_size: 9, high_pass: true}}\n"
            "  damp: {op: multiply, inputs: [low, 0.9]}",
        )
    )
    assert verdict(text).t60_s == pytest.approx(mono.t60_s, rel=1e-6)


@pytest.mark.parametrize(("most", "outcome"), [(0.9, "stable"), (1.2, "not proven")])
def test_a_learned_gain_by_all_that_training_can_reach(most: float, outcome: str) -> None:
    found = verdict(echo("300 samples", f"{{learn: 0.5, min: -0.9, max: {most}}}"))
    assert found.outcome == outcome
    assert found.gain == pytest.approx(most)


def test_a_loop_all_of_whose_delays_move_is_judged_by_its_gain() -> None:
    """No delay is known: there is no determinant of lines to look at."""
    text = """
version: 2
name: strings
clock: {sample_rate: 8 kHz}
inputs: {x: {rate: audio}, age: {rate: const, shape: [1], unit: ms}}
feedback: {turn: {from: softer, delay: age, min: 5 ms, max: 20 ms}}
nodes:
  into: {op: add, inputs: [x, turn]}
  softer: {op: multiply, inputs: [into, GAIN]}
outputs: {y: into}
"""
    for gain, wanted in (("0.7", "stable"), ("1.2", "not proven")):
        (found,) = judge(run(LEGALISE, dg.load(text.replace("GAIN", gain))))
        assert found.outcome == wanted
