"""What a training says on a terminal and in a pipe."""

from __future__ import annotations

import io
import sys

import pytest

from ddspgraph.cli import progress
from ddspgraph.cli.progress import TrainingView, duration, line
from ddspgraph.diagnostics import Diagnostic
from ddspgraph.training.observer import StepFacts


def facts(step: int, rate: float = 2.0) -> StepFacts:
    return StepFacts(step, 100, {"spectral": 4.321, "total": 4.321}, rate, (100 - step) / rate if rate else 0.0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def test_a_pipe_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with TrainingView("small") as view:
        view.notice("going on from step 3")
        for step in range(4, 101):
            now[0] += 1.0
            view.step(facts(step))
        view.warn(Diagnostic("W112", "this checkpoint is damaged: it has 0 bytes"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "going on from step 3"
    assert lines[1] == "step 9 of 100  spectral 4.321  total 4.321  2.0 steps/s  46 s left"
    assert [text.split()[1] for text in lines[1:-2]] == ["9", "39", "69", "99", "100"]
    assert lines[-2] == "W112 this checkpoint is damaged: it has 0 bytes"
    assert lines[-1].endswith("the run goes on from the one before")  # every code comes with a repair


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with TrainingView("small") as view:
        view.stage("compiling small")
        view.step(facts(50))
        view.notice("step 50 changed nothing")
    shown = terminal.getvalue()
    assert "50/100" in shown
    assert "loss 4.321" in shown
    assert "2.0 steps/s" in shown
    assert "25 s left" in shown
    assert "step 50 changed nothing" in shown


def test_the_first_step_says_nothing_of_the_speed() -> None:
    assert line(facts(1, rate=0.0)) == "step 1 of 100  spectral 4.321  total 4.321  measuring the speed"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, ""), (1.4, "1 s left"), (89, "89 s left"), (600, "10 min left"), (7500, "2 h 05 min left")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
