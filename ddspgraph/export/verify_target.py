"""A portable export is only announced if its own runtime, in a fresh process, computes what TensorFlow does.

Three seeded calls; of a stream so many blocks in a row, and those that its latency lasts. The state goes from block to
block: a wrong one is found in what the next block gives. `main` is the fresh process and never loads TensorFlow.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.export.facts import FACTS, SEED
from ddspgraph.export.first_state import read_state
from ddspgraph.export.runtimes import open_model
from ddspgraph.export.targets import NEXT
from ddspgraph.export.verify_export import (
    difference,
    load_arrays,
    random_array,
    run_in_fresh_process,
    save_arrays,
)
from ddspgraph.ir.types import Rate

if TYPE_CHECKING:
    from ddspgraph.export.fixed import Fixed

#: Largest difference that passes, relative to the peak of the signal.
TOLERANCE = 1e-4
_CALLS = 3
_SEED = 7
#: Of calls of an open length in turn: frames, from those of the first.
_LENGTHS: tuple[Callable[[int], int], ...] = (lambda n: n, lambda n: n // 2 + 1, lambda n: 2 * n + 3)
#: Samples that the last frame of every other call lacks.
_RAGGED = 3
#: Of calls in turn: noise is the same for every seed, of either sign.
_SEEDS = (0, -1, 2**31 - 1, -(2**31) + 9)

_Arrays = dict[str, np.ndarray]


def verify_target(model: Fixed, folder: Path) -> tuple[float, list[_Arrays]]:
    """Runs an export in its runtime on seeded inputs, and compares it with TensorFlow.

    Returns:
      the largest difference relative to the peak of its signal, and what each call has given by tensor.

    Raises:
      GraphError: E609 where it fails, or differs by more than `TOLERANCE`.
    """
    worst, state, results = 0.0, dict(model.initial), run_target(model, folder)
    for given, found in zip(_calls(model), results, strict=True):
        wanted = model({**state, **given})
        state = {name: wanted[NEXT + name] for name in state}
        for name, tensor in outputs_of(model).items():
            worst = max(worst, difference(model.graph, name, wanted[tensor], found[tensor], TOLERANCE))
    return worst, results


def run_target(model: Fixed, folder: Path) -> list[_Arrays]:
    """What a fresh process makes of the seeded calls, each by tensor. Raises GraphError E609 where it fails."""
    calls = _calls(model)
    with tempfile.TemporaryDirectory(prefix="ddspgraph-verify-") as scratch:
        for i, given in enumerate(calls):
            save_arrays(Path(scratch, f"inputs_{i}.npz"), given)
        run_in_fresh_process(__name__, model.graph, folder, scratch)
        return [load_arrays(Path(scratch, f"outputs_{i}.npz")) for i in range(len(calls))]


def outputs_of(model: Fixed) -> dict[str, str]:
    """Of the graph, by what the model calls them; not the states of a stream."""
    return {t.name: t.tensor for t in model.outputs if t.name in dict(model.graph.outputs)}


def _calls(model: Fixed) -> list[_Arrays]:
    rng = np.random.default_rng(_SEED)
    n = _CALLS + max(model.latencies.values(), default=0) // max(model.sizes["samples"], 1)
    return [_inputs(model, rng, i) for i in range(n)]


def _inputs(model: Fixed, rng: np.random.Generator, call: int) -> _Arrays:
    """Random values of all inputs but the state, by what the model calls them."""
    found: _Arrays = {}
    for t in model.inputs:
        if t.name == SEED:
            found[t.tensor] = np.array(_SEEDS[call % len(_SEEDS)], t.dtype)
        elif t.tensor not in model.initial:
            signal = model.graph.input_by_name[t.name].signal
            length = _length(model, call, signal.rate)
            found[t.tensor] = random_array(rng, signal, [length if n is None else n for n in t.shape])
    return found


def _length(model: Fixed, call: int, rate: Rate) -> int:
    """Of an input whose length is open: samples, or frames."""
    hop = model.graph.clock.hop_samples or 1
    frames = _LENGTHS[call % len(_LENGTHS)](model.sizes["samples"] // hop)
    return frames if rate is Rate.FRAME else frames * hop - (call % 2) * min(_RAGGED, hop - 1)


def main(export: str, scratch: str) -> None:
    """In the fresh process: every call in a row, with the state that the call before left."""
    folder = Path(export)
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    call, state = open_model(facts["target"], folder / facts["model"]), read_state(folder, facts)
    for i in range(len(list(Path(scratch).glob("inputs_*.npz")))):
        found = call({**state, **load_arrays(Path(scratch, f"inputs_{i}.npz"))})
        state = {name: found[NEXT + name] for name in state}
        save_arrays(Path(scratch, f"outputs_{i}.npz"), found)


if __name__ == "__main__":
    main(*sys.argv[1:])
