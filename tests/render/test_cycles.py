"""A cyclic graph as it is written: the picture shows the cycle, and the command says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.compiler.driver import outline
from ddspgraph.diagnostics import Report
from ddspgraph.render.compose import picture
from ddspgraph.render.dot import to_dot

CYCLE = """\
version: 2
name: loop
clock: {sample_rate: 16 kHz}
inputs: {audio: {rate: audio}}
nodes:
  before: {op: tanh, inputs: [audio]}
  mixed: {op: add, inputs: [before, echo]}
  echo: {op: tanh, inputs: [mixed]}
  own: {op: add, inputs: [own, audio]}
  after: {op: tanh, inputs: [echo]}
outputs: {audio: after, own: own}
"""


def test_the_cycle_is_marked() -> None:
    report = Report()
    graph = outline(CYCLE, report=report)
    assert [d.code for d in report.diagnostics] == ["E307", "E307"]
    shown = picture(graph, stage="source")
    assert {box.name for box in shown.boxes if box.is_wrong} == {"mixed", "echo", "own"}
    wrong = {str(arrow.edge) for arrow in shown.arrows if arrow.is_wrong}
    assert wrong == {"echo/signal -> mixed/signal_two", "mixed/signal -> echo/x", "own/signal -> own/signal_one"}
    assert to_dot(graph, stage="source").count("#c00012") == 6


def test_without_a_report_it_is_refused() -> None:
    with pytest.raises(dg.GraphError, match="E307"):
        outline(CYCLE)


def test_the_command_draws_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, drawn = tmp_path / "loop.yaml", tmp_path / "loop.mmd"
    spec.write_text(CYCLE)
    assert main(["draw", str(spec), "--stage", "source", "-o", str(drawn)]) == 3
    assert "E307" in capsys.readouterr().err
    assert "is_wrong" in drawn.read_text()
    drawn.unlink()
    assert main(["draw", str(spec), "-o", str(drawn)]) == 3
    assert not drawn.exists()


def test_an_unknown_op_leaves_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, drawn = tmp_path / "typo.yaml", tmp_path / "typo.mmd"
    spec.write_text(CYCLE.replace("op: tanh, inputs: [audio]", "op: tahn, inputs: [audio]"))
    assert main(["draw", str(spec), "--stage", "source", "-o", str(drawn)]) == 3
    assert "E302" in capsys.readouterr().err
    assert "node_own" in drawn.read_text()
