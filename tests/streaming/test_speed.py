"""How fast a model streams on two cores: 20 times real time in blocks of 1024 samples, 4 times in blocks of 256."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddspgraph.cli import main

MODEL = str(Path(__file__).parents[2] / "graphs" / "models" / "tiny_instrument_fast.yaml")


@pytest.mark.proof
@pytest.mark.parametrize(("block", "least"), [(1024, 20.0), (256, 4.0)])
def test_a_model_keeps_ahead_of_real_time(block: int, least: float, tmp_path: Path, capsys: Any) -> None:
    frames = 60 * 125
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "in.npz", f0_hz=rng.uniform(100, 400, (frames, 1)), loudness_db=rng.uniform(-60, 0, (frames, 1))
    )
    arguments = ["--inputs", str(tmp_path / "in.npz"), "--block", str(block), "--json"]
    assert main(["stream", MODEL, *arguments]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["real_time_factor"] >= least
    assert facts["p99_ms"] <= facts["block_ms"] / 2
