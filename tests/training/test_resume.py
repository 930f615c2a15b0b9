"""A run that was ended anywhere, in any way, goes on and comes to the same bytes (T18)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from pathlib import Path

import pytest

import ddspgraph as dg
from ddspgraph import files
from ddspgraph.training import checkpoints, log, loop
from ddspgraph.training.checkpoints import checkpoint_paths
from ddspgraph.training.observer import Observer, StepFacts
from tests import warm_process
from tests.training import child
from tests.training.small import SPEC, SmallSource

STEPS = 22  # a multiple of neither interval: the last line and the last checkpoint come at the end


class Killed(BaseException):
    """Ends a training as a kill does: nothing of it catches this."""


class KilledAfter(Observer):
    def __init__(self, step: int) -> None:
        self.last = step

    def step(self, facts: StepFacts) -> None:
        if facts.step == self.last:
            raise Killed


def bytes_of(run: Path) -> tuple[bytes, bytes, list[int]]:
    """Log, newest checkpoint (weights, slots, counts), steps of the checkpoints."""
    paths = checkpoint_paths(run / "checkpoints")
    return (run / "metrics.jsonl").read_bytes(), paths[0][1].read_bytes(), [step for step, _ in paths]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, list[int]]:
    run = tmp_path_factory.mktemp("uninterrupted") / "run"
    trained = dg.train(SPEC, SmallSource(), run, steps=STEPS)
    assert trained.step == STEPS
    return bytes_of(run)


def test_ended_between_steps(tmp_path: Path, uninterrupted: tuple[bytes, bytes, list[int]]) -> None:
    for step in (1, 4, 11):  # before the first checkpoint, at one, and between two
        with pytest.raises(Killed):
            dg.train(SPEC, SmallSource(), tmp_path / "run", steps=STEPS, observer=KilledAfter(step))
    dg.train(SPEC, SmallSource(), tmp_path / "run", steps=STEPS)
    assert bytes_of(tmp_path / "run") == uninterrupted


@pytest.mark.parametrize("write", [1, 3])
def test_ended_while_a_checkpoint_is_written(
    write: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: tuple[bytes, bytes, list[int]]
) -> None:
    """Half of the bytes are in the file beside, and nobody removes it."""
    written = []

    def half(path: Path, data: bytes) -> None:
        written.append(path)
        if len(written) == write:
            path.with_name(f".{path.name}.99999999.ddspgraph-tmp").write_bytes(data[: len(data) // 2])
            raise Killed
        files.write_atomically(path, data)

    monkeypatch.setattr(checkpoints, "write_atomically", half)
    with pytest.raises(Killed):
        dg.train(SPEC, SmallSource(), tmp_path / "run", steps=STEPS)
    monkeypatch.undo()
    dg.train(SPEC, SmallSource(), tmp_path / "run", steps=STEPS)
    assert bytes_of(tmp_path / "run") == uninterrupted
    assert not list(tmp_path.rglob("*.ddspgraph-tmp"))


def test_ended_while_a_line_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: tuple[bytes, bytes, list[int]]
) -> None:
    def half(path: Path, record: dict) -> None:
        log.append_line(path, record)
        if record["step"] >= 9:
            path.write_bytes(path.read_bytes()[:-20])
            raise Killed

    monkeypatch.setattr(loop, "append_line", half)
    with pytest.raises(Killed):
        dg.train(SPEC, SmallSource(), tmp_path / "run", steps=STEPS)
    monkeypatch.undo()
    dg.train(SPEC, SmallSource(), tmp_path / "run", steps=STEPS)
    assert bytes_of(tmp_path / "run") == uninterrupted


def test_a_spec_that_was_migrated_goes_on(tmp_path: Path) -> None:
    """Checkpoints are named by node: the same numbers follow from the text of version 1 and from what it becomes."""
    old = """\
version: 1
name: old
sample_rate: 16000
n_samples: 384
inputs: [dry, audio]
modules:
  room: {class: Reverb, trainable: true, reverb_length: 32}
  spectral: {class: SpectralLoss, fft_sizes: [64]}
dag: [[room, [dry]]]
losses: [[spectral, [audio, room/signal]]]
"""
    new = dg.migrate(old).text
    assert new.startswith("version: 2")
    for run, texts in (("straight", (old, old)), ("migrated", (old, new))):
        for text, steps in zip(texts, (4, 9), strict=True):
            dg.train(text, DrySource(), tmp_path / run, steps=steps, batch_size=2, steps_per_save=4)
    assert bytes_of(tmp_path / "straight") == bytes_of(tmp_path / "migrated")


class DrySource(SmallSource):
    """The recording, and the same without its end as what goes into the room."""

    def __init__(self) -> None:
        super().__init__()
        self.features = {"audio": self.features["audio"], "dry": self.features["audio"]}

    def _example(self, position: int, seed: int) -> dict:
        audio = super()._example(position, seed)["audio"]
        return {"audio": audio, "dry": audio * 0.5}


# -- processes of their own ---------------------------------------------------------------------


def ended(run: Path, steps: int, *, step: int = 0, by: int = 0) -> int | None:
    """Trains, and sends the signal `by` when the process has taken `step` steps; returns how it ended."""
    taken, reports = warm_process.CONTEXT.Pipe(duplex=False)
    process = warm_process.CONTEXT.Process(target=child.main, args=(run, steps, 0.1 if by else 0.0, reports))
    process.start()
    reports.close()
    with contextlib.suppress(EOFError):  # it has ended
        while True:
            if taken.recv() == step:
                os.kill(process.pid or 0, by)
    process.join()
    return process.exitcode


def finished(run: Path, steps: int) -> tuple[bytes, bytes, list[int]]:
    assert ended(run, steps) == 0
    return bytes_of(run)


def test_killed_and_interrupted_processes(tmp_path: Path) -> None:
    run, steps = tmp_path / "run", 40
    assert ended(run, steps, step=13, by=signal.SIGKILL) == -signal.SIGKILL
    assert ended(run, steps, step=22, by=signal.SIGINT) == 130
    saved = checkpoint_paths(run / "checkpoints")[0][0]
    assert saved >= 22  # Ctrl-C loses no step
    assert finished(run, steps) == finished(tmp_path / "straight", steps)


@pytest.mark.proof
def test_killed_at_twenty_random_steps(tmp_path: Path) -> None:
    steps, rng = 400, random.Random(3)
    for step in sorted(rng.sample(range(1, steps - 10), 20)):
        assert ended(tmp_path / "run", steps, step=step, by=signal.SIGKILL) == -signal.SIGKILL
    assert finished(tmp_path / "run", steps) == finished(tmp_path / "straight", steps)
