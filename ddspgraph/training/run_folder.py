"""The folder of a run: all that is needed to go on, to export, and to know later what was done.

run/
  run.json          settings of the spec, options of training, data; written last: with it the run exists
  graph.yaml        the spec as it was given
  statistics.json   of the training data: what a transfer needs
  metrics.jsonl     losses by step
  events.jsonl      what happened when
  checkpoints/      step-00000300.npz ...
  tensorboard/      event files, where TensorBoard is installed
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddspgraph import __version__
from ddspgraph.compiler.driver import load
from ddspgraph.data.lock import LOCK, locked
from ddspgraph.diagnostics import Diagnostic, fail
from ddspgraph.files import cannot_write, open_file, place, write_atomically
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.op import Op
from ddspgraph.ir.trained import with_trained_values
from ddspgraph.ir.training import Training
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.training.checkpoints import checkpoint_paths, newest_checkpoint
from ddspgraph.training.observer import python_warning

RUN, SPEC, STATISTICS, FIT = "run.json", "graph.yaml", "statistics.json", "fit.json"
CHECKPOINTS, TENSORBOARD = "checkpoints", "tensorboard"
_FORMAT, _VERSION = "ddspgraph-run", 1
_LARGEST = 64 << 20
#: What a run that was killed while it began may have left.
_FIRST_FILES = {LOCK, SPEC, STATISTICS, CHECKPOINTS}


@dataclass(frozen=True)
class OpsFile:
    """A module of ops of one's own: a file or the name of a module, and the SHA-256 of its file."""

    place: str
    sha256: str

    @staticmethod
    def of(facts: Any) -> OpsFile:
        """What `run.json` holds. Raises GraphError E602."""
        try:
            return OpsFile(str(facts["place"]), str(facts["sha256"]))
        except (TypeError, KeyError):
            raise fail("E602", f"{RUN} is damaged: it names ops in no way that is known") from None


def is_run(path: str | os.PathLike[str]) -> bool:
    """Whether a folder is the run of a training."""
    return Path(path, RUN).is_file()


def is_fit(folder: Path) -> bool:
    """Whether a folder is what `fit` wrote: a run that cannot go on."""
    return (folder / FIT).is_file()


@contextlib.contextmanager
def opened_run(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Makes the folder where there is none, and holds its lock.

    Raises:
      GraphError: E607 it cannot be written, E614 another process trains in it, or it holds something else.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from None
    _check_is_ours(folder)
    with locked(folder):
        for left in [*folder.glob(".*.ddspgraph-tmp"), *(folder / CHECKPOINTS).glob(".*.ddspgraph-tmp")]:
            left.unlink(missing_ok=True)  # of a process that was killed: with the lock, nobody else writes here
        yield folder


def _check_is_ours(folder: Path) -> None:
    """Raises GraphError E614 for a folder that holds anything but a run, or the first files of one."""
    names = {name for name in os.listdir(folder) if not name.endswith(".ddspgraph-tmp")}
    if is_fit(folder):
        hint = "`--restore FOLDER` begins with its weights"
        raise fail("E614", "this is the folder of a fit, not of a training", place(folder), hint=hint)
    has_steps = any(step > 0 for step, _ in checkpoint_paths(folder / CHECKPOINTS))
    if is_run(folder) or (names <= _FIRST_FILES and not has_steps):
        return
    if (folder / CHECKPOINTS).is_dir():
        raise fail("E614", f"the run has lost its {RUN}", place(folder), hint="put it back, or train in another folder")
    raise fail("E614", "this folder holds something else", place(folder), hint="choose a new folder for the run")


def write_run(
    folder: Path,
    graph: Graph,
    training: Training,
    data: Sequence[str],
    *,
    deterministic: bool = False,
    ops: Iterable[OpsFile] = (),
) -> None:
    """Says what the run is. Raises GraphError E607."""
    facts = {
        "format": _FORMAT,
        "version": _VERSION,
        "ddspgraph": __version__,
        "name": graph.name,
        "settings": dict(graph.settings),
        "training": dataclasses.asdict(training),
        "spec_training": dataclasses.asdict(graph.training),
        "deterministic": deterministic,
        "data": list(data),
        "ops": [dataclasses.asdict(file) for file in ops],
    }
    if graph.spec is not None:  # else it was built in Python
        write_atomically(folder / SPEC, graph.spec.encode())
    write_atomically(folder / RUN, (json.dumps(facts, indent=1) + "\n").encode())


def write_statistics(folder: Path, statistics: Mapping[str, Any]) -> None:
    """Keeps what is known of the training data. Raises GraphError E607."""
    write_atomically(folder / STATISTICS, (json.dumps(statistics, indent=1) + "\n").encode())


def read_statistics(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Of the data that a run was trained with. Raises GraphError E601 or E602."""
    return _read_json(Path(folder, STATISTICS))


def read_run(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """What a run says of itself. Raises GraphError E601 no such run, E602 a damaged one."""
    facts = _read_json(Path(folder, RUN))
    known = (facts.get("format"), facts.get("version")) == (_FORMAT, _VERSION)
    if not known or not all(isinstance(facts.get(name), dict) for name in ("settings", "training")):
        raise fail("E602", f"{RUN} is not that of a run that this program knows", place(folder))
    return facts


def load_run_graph(
    folder: str | os.PathLike[str], *, ops: Iterable[type[Op]] = (), limits: Limits = DEFAULT_LIMITS
) -> Graph:
    """The graph of a run, checked again. Needs no TensorFlow. Raises GraphError."""
    facts, spec = read_run(folder), Path(folder, SPEC)
    if not spec.is_file():
        raise fail("E602", "the run holds no spec: its graph was built in Python", place(folder))
    return load(spec, params=facts["settings"], ops=ops, limits=limits)


def with_learned(
    graph: Graph, folder: str | os.PathLike[str], warn: Callable[[Diagnostic], None] = python_warning
) -> Graph:
    """The graph of a run with what its newest checkpoint has learned, for pictures. Needs no TensorFlow.

    Args:
      graph: of `load_run_graph`.
      warn: told W112 of every newer checkpoint that is damaged.

    Raises:
      GraphError: E615 no checkpoint that can be read.
    """
    weights: dict[str, dict[str, Any]] = {}
    for name, array in newest_checkpoint(Path(folder, CHECKPOINTS), warn).weights().items():
        node, _, weight = name.rpartition("/")
        weights.setdefault(node, {})[weight] = array
    return with_trained_values(graph, weights)


def _read_json(path: Path) -> dict[str, Any]:
    with open_file(path) as file:
        try:
            data = json.loads(file.read(_LARGEST))
        except (ValueError, RecursionError):
            data = None
    if not isinstance(data, dict):
        raise fail("E602", f"{path.name} is damaged", place(path.parent))
    return data
