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


WRONG = """\
version: 2
name: wrong
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {audio: {rate: audio}, level: {rate: fast}}
nodes:
  before: {op: tahn, inputs: [audio]}
  mixed: {op: add, inputs: [before, echo]}
  echo: {op: "null", inputs: {x: mixed}, doc: an echo}
  after: {op: tanh, inputs: [echo/wet]}
  lost: {op: gain, inputs: {audio: adio.x, gain: -6.0 dB}}
  loud: {op: gain, inputs: {audio: after, gain: level}, params: {colour: red}}
  port: {op: tanh, inputs: [after/left]}
losses:
  far: {op: spectral_los, inputs: {audio: port, target_audio: audio}}
outputs: {audio: after, gone: nobody, lost: lost}
"""


def test_what_is_at_fault_has_a_stand_in() -> None:
    """An op, an input, a parameter, a port that does not exist, names that nothing declares, and a cycle, at once."""
    report = Report()
    shown = picture(outline(WRONG, report=report), stage="source")
    wrong = {box.name: (box.op, *box.marks) for box in shown.boxes if box.is_wrong}
    assert wrong == {
        "level": ("", "E203"),
        "before": ("tahn", "E302"),
        "mixed": ("add", "E307"),
        "echo": ("null", "E302", "E307"),
        "adio.x": ("", "E301"),
        "loud": ("gain", "E309"),
        "port": ("tanh", "E303"),
        "far": ("spectral_los", "E302"),
        "nobody": ("", "E301"),
    }
    names = {box.id: box.name for box in shown.boxes}
    edges = {(names[a.source], names[a.target]) for a in shown.arrows if a.edge}
    assert edges == {
        ("audio", "before"),
        ("before", "mixed"),
        ("mixed", "echo"),
        ("echo", "mixed"),
        ("echo", "after"),
        ("adio.x", "lost"),
        ("after", "loud"),
        ("level", "loud"),
        ("after", "port"),
        ("port", "far"),
        ("audio", "far"),
        ("after", "audio"),
        ("nobody", "gone"),
        ("lost", "lost"),
    }
    (lost,) = [box for box in shown.boxes if box.name == "lost" and box.op]
    assert str(lost.inputs[1].value) == "-6.0 dB", "what is right is drawn as ever"
    cycle = [d for d in report.diagnostics if d.code == "E307"]
    assert [d.span.line for d in cycle if d.span] == [7]


def test_a_clock_at_fault_draws_its_nodes() -> None:
    spec = WRONG.replace("{sample_rate: 16 kHz, frame_rate: 250 Hz}", "16 kHz").replace("op: tahn", "op: loudness")
    shown = picture(outline(spec, report=Report()), stage="source")
    assert "before" in {box.name for box in shown.boxes if box.is_wrong}


def test_an_unknown_op_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, drawn = tmp_path / "typo.yaml", tmp_path / "typo.mmd"
    spec.write_text(CYCLE.replace("op: tanh, inputs: [audio]", "op: tahn, inputs: [audio]"))
    assert main(["draw", str(spec), "--stage", "source", "-o", str(drawn)]) == 3
    assert "E302" in capsys.readouterr().err
    assert "tahn · E302" in drawn.read_text()
    assert main(["draw", str(spec), "--stage", "source", "--legend", "-o", str(drawn.with_suffix(".dot"))]) == 3
    assert "at fault&#160;" in drawn.with_suffix(".dot").read_text()
