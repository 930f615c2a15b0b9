"""What `check` accepts, runs: random graphs over all ops compile, run twice alike, stream, and are what they say."""

from __future__ import annotations

import random
import time

import pytest

from ddspgraph.ops import OPS
from tests.grown import Grower, grown
from tests.grown_run import runs

#: Of graphs that are quick to compile, and that together hold what the others hold.
SEEDS = (2, 5, 8, 11)
PROOF_SECONDS = 600


def test_every_op_of_the_registry_is_grown() -> None:
    """No op is left out: each stands in a graph that `check` accepts."""
    left_out = [name for name in OPS if not any(Grower(seed).grow([name]) for seed in range(8))]
    assert left_out == []


@pytest.mark.parametrize("seed", SEEDS)
def test_what_check_accepts_runs(seed: int) -> None:
    assert runs(grown(seed, most_nodes=4), seed) != "empty"


@pytest.mark.proof
def test_what_check_accepts_runs_for_ten_minutes() -> None:
    """With seeds that no run had before; a failure names its own."""
    end = time.monotonic() + PROOF_SECONDS
    while time.monotonic() < end:
        seed = random.SystemRandom().getrandbits(32)
        grower = grown(seed)
        try:
            runs(grower, seed)
        except Exception as error:
            raise AssertionError(f"python -m tests.grown_run {seed} 1: {grower.spec}") from error
