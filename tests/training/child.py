"""Trains the small graph in a process of its own: `python -m tests.training.child RUN STEPS [SECONDS_A_STEP]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import ddspgraph as dg
from ddspgraph.training.observer import Observer, StepFacts
from tests.training.small import SPEC, SmallSource


class Slow(Observer):
    """Says which step it is, and leaves time to be killed in."""

    def __init__(self, pause_s: float) -> None:
        self.pause_s = pause_s

    def step(self, facts: StepFacts) -> None:
        print(f"step {facts.step}", flush=True)
        time.sleep(self.pause_s)


def main(run: str, steps: str, pause_s: str = "0") -> None:
    trained = dg.train(
        SPEC, SmallSource(), Path(run), steps=int(steps), deterministic=True, observer=Slow(float(pause_s))
    )
    sys.exit(130 if trained.is_interrupted else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
