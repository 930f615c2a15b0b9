"""A stream as a SavedModel that plain TensorFlow loads: state goes in and out, so one model serves any number of them.

Signatures, with named tensors:
  `initial_state`: `batch` (int32), `seed` (int64) and the inputs of rate const -> the state;
  `process`: one block of the other inputs, or `n_samples` (int32) where there are none, and the state ->
    the next state, under the same names, and the outputs.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.export.facts import SEED, facts_of, is_export, signature_arguments
from ddspgraph.export.saved_model import SavedModule, write_facts, write_module
from ddspgraph.export.staged_folder import staged_folder
from ddspgraph.export.verify_export import Call, largest_difference, random_values
from ddspgraph.files import cannot_write
from ddspgraph.streaming.model import FIRST_BATCH, FIRST_SEED, LENGTH, CompiledStream, StreamModel

_Path = str | os.PathLike[str]
_SEED = 7
#: The streams of the verification that run side by side, and their blocks, in frames.
_ITEMS, _FRAMES = 2, (5, 1, 8)


def save(
    model: CompiledStream,
    path: _Path,
    *,
    verify: Callable[[Path], None] | None = None,
    add_assets: Callable[[Path], None] | None = None,
) -> None:
    """Writes a SavedModel: it appears whole or not at all.

    Args:
      model: the stream; its variables are saved with the values that they have.
      path: of the folder; an earlier export or an empty folder there is replaced.
      add_assets: called with a folder; the files that it puts there become assets, too.
      verify: called with the finished folder before it moves to `path`; what it raises prevents that.

    Raises:
      GraphError: E607 where it cannot be written, or would replace what is not an export.
    """
    with staged_folder(path, is_export) as staged, tempfile.TemporaryDirectory() as sources:
        try:
            signatures = _signatures(model, arguments_of(model))
            taken = {name: sorted(f.structured_input_signature[1]) for name, f in signatures.items()}
            facts = {**facts_of(model.graph), "streaming": stream_facts(model, arguments_of(model))}
            write_facts({**facts, "signatures": taken}, model.graph.spec, Path(sources))
            if add_assets is not None:
                add_assets(Path(sources))
            module = SavedModule(model, sorted(Path(sources).iterdir()), signatures.values())
            write_module(module, staged, signatures, path)
        except (OSError, tf.errors.OpError) as error:
            raise cannot_write(path, error) from None
        if verify is not None:
            verify(staged)


def arguments_of(model: StreamModel) -> dict[str, str]:
    """What the signatures call every tensor: inputs as other exports do, a state `state_node_part`."""
    found = signature_arguments(model.graph)
    del found[SEED]  # of a call that renders everything
    taken = {name.lower() for name in (*found.values(), *model.output_names)}
    for name in (FIRST_BATCH, FIRST_SEED, LENGTH, *model.state_names):
        argument = re.sub(r"\W+", "_", name).strip("_").lower()
        while argument in taken:
            argument += "_"
        found[name] = argument
        taken.add(argument)
    return found


def stream_facts(model: StreamModel, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Blocks, latencies, and what the signatures take, in order."""
    rate = model.graph.clock.sample_rate
    return {
        "hop_samples": model.plan.hop,
        "latency_samples": model.latencies,
        "latency_ms": {name: 1e3 * n / rate for name, n in model.latencies.items()} if rate else None,
        "begin": [arguments[name] for name in (FIRST_BATCH, FIRST_SEED, *(i.name for i in model.constant_inputs))],
        "block": [arguments[name] for name in ([i.name for i in model.block_inputs] or [LENGTH])],
        "state": [arguments[name] for name in model.state_names],
    }


def _signatures(model: CompiledStream, arguments: Mapping[str, str]) -> dict[str, Any]:
    state = [arguments[name] for name in model.state_names]
    specs = {n: tf.TensorSpec(x.shape, x.dtype) for n, x in zip(model.state_names, model.initial.outputs, strict=True)}
    return {
        "initial_state": _named(model.initial, model.initial_specs(), arguments, state),
        "process": _named(model.step, {**model.block_specs(), **specs}, arguments, [*state, *model.output_names]),
    }


def _named(
    function: Any, specs: Mapping[str, tf.TensorSpec], arguments: Mapping[str, str], results: Sequence[str]
) -> Any:
    """A function of named tensors to named tensors."""

    def call(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(results, function(*(given[arguments[name]] for name in specs)), strict=True))

    named = {arguments[n]: tf.TensorSpec(spec.shape, spec.dtype, arguments[n]) for n, spec in specs.items()}
    return tf.function(call, autograph=False).get_concrete_function(**named)


def verify(model: CompiledStream, folder: Path) -> float:
    """Runs an export in a fresh process on random blocks, and compares it with the stream.

    Returns:
      the largest difference relative to the peak of its signal.

    Raises:
      GraphError: E609 where it fails, or differs by more than `verify_export.TOLERANCE`.
    """
    rng, names = np.random.default_rng(_SEED), stream_facts(model, arguments_of(model))
    first = [np.int32(_ITEMS), np.int64(_SEED)]
    first += [random_values(rng, i.signal, {"batch": _ITEMS}) for i in model.constant_inputs]
    state = list(model.first_step([tf.constant(x) for x in first]))
    calls = [Call("initial_state", dict(zip(names["begin"], first, strict=True)), {})]
    latency_frames = max(model.latencies.values()) // model.plan.hop
    for n_frames in (*_FRAMES, latency_frames + 1):
        sizes = {"batch": _ITEMS, "frames": n_frames, "samples": n_frames * model.plan.hop}
        block = [random_values(rng, i.signal, sizes) for i in model.block_inputs] or [np.int32(sizes["samples"])]
        results = model.next_step([*map(tf.constant, block), *state])
        state = list(results[: len(state)])
        wanted = dict(zip(model.output_names, results[len(state) :], strict=True))
        calls.append(Call("process", dict(zip(names["block"], block, strict=True)), wanted))
    return largest_difference(model.graph, folder, calls)
