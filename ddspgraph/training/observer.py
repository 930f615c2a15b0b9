"""What a training tells while it runs: the command line shows it, a notebook may listen."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from ddspgraph.diagnostics import Diagnostic


@dataclass(frozen=True)
class StepFacts:
    """How far a training is.

    Attributes:
      step: steps taken, of `steps`.
      losses: of the last step, by name.
      steps_per_second: over the last steps of this process.
      seconds_left: at that speed.
    """

    step: int
    steps: int
    losses: Mapping[str, float]
    steps_per_second: float
    seconds_left: float


def python_warning(warning: Diagnostic) -> None:
    """What becomes of a finding where nobody listens for it."""
    warnings.warn(str(warning), stacklevel=2)


class Observer:
    """Listens to a training; this one keeps silent, but for warnings."""

    def stage(self, label: str) -> None:
        """What takes time now, before the first step: `compiling`."""

    def step(self, facts: StepFacts) -> None:
        """After every step."""

    def notice(self, message: str) -> None:
        """Something that is worth a line."""

    def warn(self, warning: Diagnostic) -> None:
        """A finding that does not end the training."""
        python_warning(warning)
