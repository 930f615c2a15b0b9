"""Trains the small graph in a process of its own, which reports its steps to the one that may end it."""

from __future__ import annotations

import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import ddspgraph as dg
from ddspgraph.training.observer import Observer, StepFacts
from tests.training.small import SPEC, SmallSource


class Slow(Observer):
    """Reports which step it is, and leaves time to be killed in."""

    def __init__(self, taken: Connection, pause_s: float) -> None:
        self.taken, self.pause_s = taken, pause_s

    def step(self, facts: StepFacts) -> None:
        self.taken.send(facts.step)
        time.sleep(self.pause_s)


def main(run: Path, steps: int, pause_s: float, taken: Connection) -> None:
    """Ends with 130 where the training was interrupted, as the command does."""
    trained = dg.train(SPEC, SmallSource(), run, steps=steps, deterministic=True, observer=Slow(taken, pause_s))
    sys.exit(130 if trained.is_interrupted else 0)
