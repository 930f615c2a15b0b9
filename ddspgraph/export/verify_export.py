"""Proof of an export: a fresh process loads the folder with plain TensorFlow, runs it, and must hear the same.

`largest_difference` writes calls to a scratch folder and starts
`python -m ddspgraph.export.verify_export EXPORT SCRATCH`, which is `main` below and knows nothing of graphs; then it
compares.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.diagnostics import GraphError, clean, fail, quote
from ddspgraph.export.facts import SEED, signature_arguments
from ddspgraph.export.scopes import named_node
from ddspgraph.tensorflow_start import load_tensorflow

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.ir.graph import Graph
    from ddspgraph.ir.types import Signal

#: Largest difference that passes, relative to the peak of the signal.
TOLERANCE = 1e-6
#: The axes are open: more than one batch size and length must work.
_BATCHES_AND_SECONDS = ((1, 0.5), (3, 0.83))
_SEED = 7
_CALLS = "calls.json"
_CHANNELS = 16
_FEWEST_FRAMES = 8
#: Where signals of a unit usually lie.
_RANGES = {"Hz": (60.0, 900.0), "midi": (36.0, 84.0), "dB": (-60.0, 0.0), "linear": (0.0, 1.0), "s": (0.1, 1.0)}


def verify(model: CompiledGraph, folder: Path) -> float:
    """Runs an export in a fresh process on seeded inputs and compares it with the graph.

    Returns:
      the largest difference relative to the peak of its signal.

    Raises:
      GraphError: E609 where a signature fails, or differs by more than `TOLERANCE`.
    """
    arguments, calls = signature_arguments(model.graph), []
    for batch, seconds in _BATCHES_AND_SECONDS:
        inputs = seeded_inputs(model.graph, batch, seconds)
        given = {arguments[name]: x for name, x in inputs.items()} | {arguments[SEED]: np.int64(_SEED)}
        calls += [Call(signature, given, wanted) for signature, wanted in _expected(model, inputs).items()]
    return largest_difference(model.graph, folder, calls)


def seeded_inputs(graph: Graph, batch: int, seconds: float) -> dict[str, np.ndarray]:
    """Random values for all inputs, by unit; audio where frames exist is not a whole number of them."""
    clock = graph.clock
    n_samples = clock.n_samples if clock.is_fixed and clock.n_samples else int(seconds * (clock.sample_rate or 16_000))
    hop = clock.hop_samples or 64
    frames = max(_FEWEST_FRAMES, -(-n_samples // hop))
    ragged = 0 if clock.is_fixed else min(3, hop - 1)
    sizes = {"batch": batch, "frames": frames, "samples": frames * hop - ragged}
    rng = np.random.default_rng(_SEED)
    return {i.name: random_values(rng, i.signal, sizes) for i in graph.inputs}


def random_values(rng: np.random.Generator, signal: Signal, sizes: Mapping[str, int]) -> np.ndarray:
    return random_array(rng, signal, [dim.at(sizes, _CHANNELS) for dim in signal.outer_dims])


def random_array(rng: np.random.Generator, signal: Signal, shape: Sequence[int]) -> np.ndarray:
    """Values of a unit where they usually lie."""
    low, high = _RANGES.get(str(signal.unit), (-0.5, 0.5))
    return rng.uniform(low, high, shape).astype(np.float32)


def _expected(model: CompiledGraph, inputs: Mapping[str, np.ndarray]) -> dict[str, Mapping[str, Any]]:
    """Signature -> what it must give."""
    found: dict[str, Mapping[str, Any]] = {}
    if model.graph.outputs:
        found |= {"serving_default": model(inputs, seed=0), "seeded": model(inputs, seed=_SEED)}
    if model.graph.losses:
        found["losses"] = model.losses(inputs)
    return found


@dataclass(frozen=True)
class Call:
    """A call of an export.

    Attributes:
      signature: which one.
      given: arrays by argument. What the signature does not take is left out; what it takes and is not given comes from
        the results of the call before: the state of a stream.
      wanted: tensors that it must give, by name.
    """

    signature: str
    given: Mapping[str, Any]
    wanted: Mapping[str, Any]


def largest_difference(graph: Graph, folder: Path, calls: Sequence[Call]) -> float:
    """Makes calls in a row in a fresh process; the largest difference relative to the peak of its signal.

    Raises:
      GraphError: E609 where a call fails, or differs by more than `TOLERANCE`.
    """
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="ddspgraph-verify-") as scratch:
        Path(scratch, _CALLS).write_text(json.dumps([call.signature for call in calls]), encoding="utf-8")
        for i, call in enumerate(calls):
            save_arrays(Path(scratch, f"inputs_{i}.npz"), call.given)
        run_in_fresh_process(__name__, graph, folder, scratch)
        for i, call in enumerate(calls):
            found = load_arrays(Path(scratch, f"outputs_{i}.npz"))
            for name, x in call.wanted.items():
                worst = max(worst, difference(graph, name, x.numpy(), found[name]))
    return worst


def run_in_fresh_process(module: str, graph: Graph, folder: Path, scratch: str) -> None:
    """`python -m MODULE FOLDER SCRATCH`. Raises GraphError E609 where it fails, at the node that its words name."""
    # The child starts in the scratch folder, so that no file of the user's folder can stand for a module.
    path = os.pathsep.join(os.path.abspath(p) for p in sys.path if p)
    environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    child = run_module(module, [str(folder.resolve()), scratch], cwd=scratch, env=environment)
    if child.returncode:
        last = clean((child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1][:400])
        node = named_node(graph, last)
        where = f"node {quote(node.name)}: " if node else ""
        message = f"the exported model of {quote(graph.name)} does not run: {where}{last}"
        raise fail("E609", message, node.span if node else None)


def run_module(
    module: str, arguments: Sequence[str], cwd: str, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE ARGUMENTS` in a folder."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, errors="replace")


def difference(graph: Graph, name: str, wanted: np.ndarray, found: np.ndarray, tolerance: float = TOLERANCE) -> float:
    """Largest difference of an output or loss, relative to its peak. What is not finite must be so in both.

    Raises GraphError E609 at the node that gives it.
    """
    finite = np.isfinite(wanted)
    if wanted.shape != found.shape:
        raise _differs(graph, name, f"has the shape {list(found.shape)}, not {list(wanted.shape)}")
    peak = float(np.max(np.abs(wanted), initial=0.0, where=finite))
    error = float(np.max(np.abs(wanted - found), initial=0.0, where=finite)) / max(peak, 1e-30)
    if not np.array_equal(wanted[~finite], found[~finite], equal_nan=True):
        raise _differs(graph, name, "is finite where the graph's is not, or the other way round")
    if not error <= tolerance:
        raise _differs(graph, name, f"differs by {error:.2g} of its peak from the graph's; {tolerance:g} is allowed")
    return error


def _differs(graph: Graph, name: str, said: str) -> GraphError:
    """E609 at what gives an output or loss."""
    ref = dict(graph.outputs).get(name)
    kind, source = ("output", ref.node) if ref else ("loss", name)
    node = graph.node_by_name.get(source)
    given = node or graph.input_by_name.get(source)
    where = "" if source == name else f", of {'node' if node else 'input'} {quote(source)},"
    message = f"the {kind} {quote(name)}{where} of the exported model {said}"
    return fail("E609", message, given.span if given else None)


def main(export: str, scratch: str) -> None:
    """In the fresh process: the calls in a row, plain TensorFlow only."""
    tf = load_tensorflow()
    signatures, results = tf.saved_model.load(export).signatures, {}
    for i, name in enumerate(json.loads(Path(scratch, _CALLS).read_text(encoding="utf-8"))):
        arrays = load_arrays(Path(scratch, f"inputs_{i}.npz"))
        given = {**results, **{argument: tf.constant(x) for argument, x in arrays.items()}}
        wanted = signatures[name].structured_input_signature[1]
        results = signatures[name](**{argument: given[argument] for argument in wanted})
        save_arrays(Path(scratch, f"outputs_{i}.npz"), {result: x.numpy() for result, x in results.items()})


def save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """A .npz file, under names that cannot be arguments of `savez`."""
    np.savez(path, **{f"/{name}": x for name, x in arrays.items()})  # type: ignore[arg-type]


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """What `save_arrays` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name[1:]: x for name, x in arrays.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
