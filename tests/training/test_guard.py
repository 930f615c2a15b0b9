"""Steps that are not finite change nothing, are counted and named; ten in a row end the training (T26)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.ir.training import Training
from ddspgraph.training.checkpoints import newest_checkpoint
from ddspgraph.training.step import TrainStep
from tests.training.small import SPEC, SmallSource
from tests.training.test_checkpoints import Listener


def events(run: Path, event: str) -> list[dict]:
    lines = (run / "events.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == event]


def test_a_bad_batch_is_skipped_counted_and_named(tmp_path: Path) -> None:
    told = Listener()
    trained = dg.train(SPEC, SmallSource(bad=[4]), tmp_path, observer=told)  # in the batch of the third step
    assert (trained.step, trained.skipped) == (12, 1)
    assert [n for n in told.notices if "changed nothing" in n] == [
        "step 3 changed nothing: spectral/loss is not finite; the input audio of the batch is not finite itself"
    ]
    assert [(e["step"], e["first"], e["inputs"]) for e in events(tmp_path, "skipped")] == [
        (3, "spectral/loss", ["audio"])
    ]
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["skipped"] for line in lines] == [1, 1, 1, 1]
    checkpoint = newest_checkpoint(tmp_path / "checkpoints", warn=pytest.fail)
    assert checkpoint.arrays["adam_iterations"] == 11
    assert all(np.isfinite(x).all() for x in checkpoint.arrays.values())


def test_ten_in_a_row_end_it(tmp_path: Path) -> None:
    with pytest.raises(dg.GraphError, match=r"E803 10 steps in a row changed nothing: spectral/loss") as caught:
        dg.train(SPEC, SmallSource(bad=range(12, 999)), tmp_path, steps=40)
    assert caught.value.exit_code == 6
    span = caught.value.diagnostics[0].span
    assert span is not None
    assert span.line == 14
    good = newest_checkpoint(tmp_path / "checkpoints", warn=pytest.fail)
    assert good.step == 12
    assert good.state["skipped"] == 6
    with pytest.raises(dg.GraphError, match="E803"):  # and it says so again
        dg.train(SPEC, SmallSource(bad=range(12, 999)), tmp_path, steps=40)


def test_a_bad_gradient_is_named_by_its_weight() -> None:
    """The loss is finite, its gradient is not: d sqrt(x) / dx at 0."""
    weights = {"a/x": tf.Variable(0.0), "b/y": tf.Variable(2.0)}

    def losses(inputs: object, seed: object) -> dict[str, tf.Tensor]:
        return {"total": tf.sqrt(weights["a/x"]) + weights["b/y"] ** 2}

    step = TrainStep(weights, losses, {}, Training())
    result = step({}, 0)
    assert not result.is_finite
    assert result.losses == {"total": 4.0}
    assert result.bad_gradients == ("a/x",)
    assert [float(w) for w in weights.values()] == [0.0, 2.0]
    assert int(step.optimizer.iterations) == 0


def test_early_stop(tmp_path: Path) -> None:
    trained = dg.train(SPEC, SmallSource(), tmp_path, early_stop_loss_value=1e9)
    assert trained.step == 3  # the first line of the log
    again = dg.train(SPEC, SmallSource(), tmp_path, early_stop_loss_value=1e9)
    assert again.step == 3
    assert again.mean_loss == trained.mean_loss
