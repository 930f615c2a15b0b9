"""How far a training is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any

from ddspgraph.cli.console import is_terminal, load_quietly, show_warning, stage, tell
from ddspgraph.diagnostics import Diagnostic
from ddspgraph.training.observer import Observer, StepFacts

_FIRST_LINE_S, _NEXT_LINES_S = 5.0, 30.0


class TrainingView(Observer):
    """Shows a training on stderr, inside of a `with` statement."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._shown = contextlib.ExitStack()
        self._has_begun = False
        self._bar: Any = None  # rich.progress.Progress on a terminal
        self._next_line = 0.0

    def __enter__(self) -> TrainingView:
        return self

    def __exit__(self, *error: object) -> None:
        self._shown.close()

    def stage(self, label: str) -> None:
        self._shown.close()
        self._shown.enter_context(stage(label))
        if label == "loading TensorFlow":
            load_quietly()

    def step(self, facts: StepFacts) -> None:
        if not self._has_begun:
            self._begin()
        if is_terminal(sys.stderr):
            text = f"loss {facts.losses['total']:.4g}  {speed(facts)}"
            self._bar.update(0, completed=facts.step, total=facts.steps, facts=text, left=duration(facts.seconds_left))
        elif time.monotonic() >= self._next_line or facts.step == facts.steps:
            self._next_line = time.monotonic() + _NEXT_LINES_S
            tell(line(facts))

    def notice(self, message: str) -> None:
        self._pause()
        tell(message)

    def warn(self, warning: Diagnostic) -> None:
        self._pause()
        show_warning(warning)

    def _pause(self) -> None:
        """A spinner leaves its line to what is said."""
        if not self._has_begun:
            self._shown.close()

    def _begin(self) -> None:
        self._shown.close()
        self._has_begun = True
        self._next_line = time.monotonic() + _FIRST_LINE_S
        if is_terminal(sys.stderr):
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (
                TextColumn(self.name, markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[facts]}  {task.fields[left]}", markup=False),
            )
            # What is said meanwhile, by whoever says it, goes above the bar.
            self._bar = Progress(*columns, console=Console(file=sys.stderr))
            self._bar.add_task(self.name, total=None, facts="", left="")
            self._shown.enter_context(self._bar)


def line(facts: StepFacts) -> str:
    """`step 1,200 of 5,000  spectral 4.31  total 4.31  1.9 steps/s  33 min left`"""
    losses = "  ".join(f"{name} {value:.4g}" for name, value in facts.losses.items())
    return f"step {facts.step:,} of {facts.steps:,}  {losses}  {speed(facts)}  {duration(facts.seconds_left)}".rstrip()


def speed(facts: StepFacts) -> str:
    """`1.9 steps/s`; nothing is known before the second step."""
    rate = facts.steps_per_second
    return f"{rate:.{0 if rate >= 10 else 2 if rate < 1 else 1}f} steps/s" if rate else "measuring the speed"


def duration(seconds: float) -> str:
    """`33 min left`, `2 h 05 min left`; empty where nothing is left or known."""
    if seconds <= 0:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s left"
    minutes = round(seconds / 60)
    return f"{minutes} min left" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min left"
