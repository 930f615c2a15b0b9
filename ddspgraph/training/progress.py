"""What a run has come to, beside its weights: the numbers that a checkpoint keeps so that the log goes on exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ddspgraph.training.step import StepResult


@dataclass
class Progress:
    """Counts and sums.

    Attributes:
      step: steps taken, those that changed nothing included.
      skipped: steps that changed nothing because their losses or gradients were not finite.
      skipped_in_a_row: up to now.
      sums: of the losses and the norm of the gradient since the last line of the log.
      count: of the steps in `sums`.
      mean_loss: `total` in the last line of the log.
    """

    step: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    count: int = 0
    mean_loss: float | None = None

    def add(self, result: StepResult) -> None:
        """Counts a step."""
        self.step += 1
        if not result.is_finite:
            self.skipped += 1
            self.skipped_in_a_row += 1
            return
        self.skipped_in_a_row = 0
        self.count += 1
        for name, value in (*result.losses.items(), ("gradient_norm", result.gradient_norm)):
            self.sums[name] = self.sums.get(name, 0.0) + value

    @property
    def recent_loss(self) -> float | None:
        """The mean of `total` since the last line of the log, or in it; None before the first step."""
        return self.sums["total"] / self.count if self.count else self.mean_loss

    def summary(self, learning_rate: float) -> dict[str, Any]:
        """A line of the log: means since the last one, where a step was taken; begins anew."""
        means = {name: total / self.count for name, total in self.sums.items()}
        self.sums, self.count = {}, 0
        norm = means.pop("gradient_norm", None)
        self.mean_loss = means.get("total", self.mean_loss)
        return {
            "step": self.step,
            "losses": means,
            "gradient_norm": norm,
            "learning_rate": learning_rate,
            "skipped": self.skipped,
        }

    def as_state(self) -> dict[str, Any]:
        return dict(vars(self))

    @staticmethod
    def of_state(state: Mapping[str, Any]) -> Progress:
        return Progress(**{name: state[name] for name in vars(Progress())})
