"""A portable export is only announced if its own runtime, in a fresh process, computes what TensorFlow does.

Three seeded calls; of a stream so many blocks in a row, and those that its latency lasts. The state goes from block to
block: a wrong one is found in what the next block gives. `main` is the fresh process and never loads TensorFlow.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.backends.facts import FACTS, SEED
from ddspgraph.backends.first_state import read_state
from ddspgraph.backends.runtimes import open_model
from ddspgraph.backends.targets import NEXT
from ddspgraph.backends.verify_export import (
    difference,
    load_arrays,
    random_array,
    run_in_fresh_process,
    save_arrays,
)

if TYPE_CHECKING:
    from ddspgraph.backends.fixed import Fixed

#: Largest difference that passes, relative to the peak of the signal.
TOLERANCE = 1e-4
_CALLS = 3
_SEED = 7
#: Of calls in turn: noise is the same for every seed, of either sign.
_SEEDS = (0, -1, 2**31 - 1, -(2**31) + 9)

_Arrays = dict[str, np.ndarray]


def verify_target(model: Fixed, folder: Path) -> float:
    """Runs an export in its runtime on seeded inputs, and compares it with TensorFlow.

    Returns:
      the largest difference relative to the peak of its signal.

    Raises:
      GraphError: E609 where it fails, or differs by more than `TOLERANCE`.
    """
    worst = 0.0
    rng, state = np.random.default_rng(_SEED), dict(model.initial)
    n_calls = _CALLS + max(model.latencies.values(), default=0) // max(model.sizes["samples"], 1)
    with tempfile.TemporaryDirectory(prefix="ddspgraph-verify-") as scratch:
        wanted = []
        for i in range(n_calls):
            given = _inputs(model, rng, i)
            save_arrays(Path(scratch, f"inputs_{i}.npz"), given)
            wanted.append(model({**state, **given}))
            state = {name: wanted[i][NEXT + name] for name in state}
        run_in_fresh_process(__name__, model.graph, folder, scratch)
        for i, results in enumerate(wanted):
            found = load_arrays(Path(scratch, f"outputs_{i}.npz"))
            for output in model.outputs:
                if output.name in dict(model.graph.outputs):
                    pair = results[output.tensor], found[output.tensor]
                    worst = max(worst, difference(model.graph, output.name, *pair, TOLERANCE))
    return worst


def _inputs(model: Fixed, rng: np.random.Generator, call: int) -> _Arrays:
    """Random values of all inputs but the state, by what the model calls them."""
    found: _Arrays = {}
    for t in model.inputs:
        if t.name == SEED:
            found[t.tensor] = np.array(_SEEDS[call % len(_SEEDS)], t.dtype)
        elif t.tensor not in model.initial:
            found[t.tensor] = random_array(rng, model.graph.input_by_name[t.name].signal, t.shape)
    return found


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
