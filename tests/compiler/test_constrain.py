"""`constrain: stable`: bounds of what is learned in a loop, found before training, which no step of training leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.compiler.driver import stability
from ddspgraph.ops.learned import Learned

RATE, DELAY = 8_000, 160
HEADER = "version: 2\nname: loop\nclock: {sample_rate: 8 kHz}\ninputs: {dry: {rate: audio}, recording: {rate: audio}}\n"
LOSS = "losses: {s: {op: spectral_loss, inputs: [recording, into], params: {fft_sizes: [256], mag_weight: 1}}}\n"


def echo(gain: str, constrain: str = ", constrain: stable") -> str:
    return (
        HEADER
        + f"feedback: {{echo: {{from: damp, delay: {DELAY} samples{constrain}}}}}\n"
        + f"nodes: {{into: {{op: add, inputs: [dry, echo]}}, damp: {{op: multiply, inputs: [into, {gain}]}}}}\n"
        + "outputs: {audio: into}\n"
        + LOSS
    )


def bounds(graph: dg.Graph, name: str) -> tuple[float | None, float | None]:
    op: Any = graph.node_by_name[name].op
    assert isinstance(op, Learned)
    return op.min, op.max


def comb(x: np.ndarray, gain: float) -> np.ndarray:
    y = x.astype(np.float64).copy()
    for i in range(DELAY, len(y)):
        y[i] += gain * y[i - DELAY]
    return y.astype(np.float32)


def test_training_leaves_a_loop_that_is_not_constrained_and_not_one_that_is() -> None:
    """The recording is of a loop that grows, so that training has every reason to leave."""
    dry = np.zeros(4_000, np.float32)
    dry[:40] = np.hanning(40)
    target = comb(dry, 1.05)
    found = {}
    for constrain in ("", ", constrain: stable"):
        spec = echo("{learn: 0.95, min: 0, max: 1.2}", constrain)
        model = dg.fit(spec, target, given={"dry": dry[None]}, steps=80, learning_rate=0.05).model
        (raw,) = model.variables
        op: Any = model.graph.node_by_name["damp.signal_two"].op
        found[constrain] = float(op.trained({"raw": raw.numpy()}).value)
    assert found[""] > 1.02
    assert 0.99 < found[", constrain: stable"] < 1.0


@pytest.mark.parametrize("raw", [-1e30, -40.0, 40.0, 1e30])
def test_no_weight_leaves_the_bounds(raw: float) -> None:
    """Whatever a step of training does to the weight, the loop does not grow: it rings no louder than it began."""
    model = dg.compile(echo("{learn: 0.7}"))
    model.variables[0].assign(raw)
    dry = np.zeros((1, 60 * 50 * DELAY), np.float32)
    dry[0, 0] = 1.0
    y = model({"dry": dry})["audio"].numpy()[0]
    assert np.isfinite(y).all()
    assert abs(y[-DELAY]) < 1.0
    assert abs(y[-DELAY]) > 0.3 or raw in (-1e30, -40.0)


def test_the_bounds_are_those_of_the_gain() -> None:
    """Of a comb they are -1 and 1; the search ends within a thousandth of its reach, and never beyond."""
    low, high = bounds(dg.load(echo("{learn: 0.7}")), "damp.signal_two")
    assert low is not None
    assert high is not None
    assert -1.0 < low < -0.998
    assert 0.998 < high < 1.0
    assert dg.load(echo("{learn: 0.7}")) == dg.load(echo("{learn: 0.7}"))


def test_an_end_that_is_written_stays_where_it_is_proven() -> None:
    graph = dg.load(echo("{learn: 0.7, min: 0.2, max: 4}"))
    low, high = bounds(graph, "damp.signal_two")
    assert low == 0.2
    assert high is not None
    assert 0.998 < high < 1.0
    proven = echo("{learn: 0.5, min: 0, max: 0.9}")
    assert bounds(dg.load(proven), "damp.signal_two") == (0.0, 0.9)
    assert dg.load(proven).warnings == ()


def test_values_that_share_a_loop_share_its_room() -> None:
    text = (
        HEADER
        + """
feedback: {echo: {from: damp, delay: 20 ms, constrain: stable}}
nodes:
  before: {op: multiply, inputs: [dry, {learn: 3}]}
  into: {op: add, inputs: [before, echo]}
  low: {op: one_pole, inputs: {audio: into, cutoff: {learn: 2 kHz}}}
  louder: {op: multiply, inputs: [low, {learn: 2, min: 0.5, max: 100, scale: log}]}
  damp: {op: gain, inputs: {audio: louder, gain: {learn: -12 dB, max: 0 dB}}}
outputs: {audio: into}
"""
    )
    graph = dg.load(text)
    assert bounds(graph, "before.signal_two") == (None, None)
    assert bounds(graph, "low.cutoff") == (None, None)
    low, high = bounds(graph, "louder.signal_two")
    least, most = bounds(graph, "damp.gain")
    assert low == 0.5
    assert least is None
    assert high is not None
    assert most is not None
    assert 2.0 < high < 4.0
    assert high * 10 ** (most / 20) < 1.0
    assert high * 10 ** (most / 20) > 0.95
    (verdict,) = stability(text)
    assert verdict.outcome == "stable"


def test_a_vector_has_one_pair_of_bounds() -> None:
    text = (
        HEADER
        + """
feedback: {echo: {from: damp, delay: [20 ms, 33 ms], channels: 2, constrain: stable}}
nodes:
  twice: {op: concat, inputs: [dry, dry]}
  into: {op: add, inputs: [twice, echo]}
  damp: {op: multiply, inputs: [into, {learn: [0.5, -0.8]}]}
outputs: {audio: into}
"""
    )
    low, high = bounds(dg.load(text), "damp.signal_two")
    assert low is not None
    assert high is not None
    assert -1.0 < low < -0.99
    assert 0.99 < high < 1.0


def test_a_picture_shows_the_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ddspgraph.cli import main

    path = tmp_path / "echo.yaml"
    path.write_text(echo("{learn: 0.7, min: 0, max: 110 %}"))
    assert main(["check", "--explain", str(path)]) == 0
    assert "max =" in capsys.readouterr().out
