"""A fixed function as a folder for a portable target.

export/
  model.tflite or model.onnx
  ddspgraph.json       inputs, outputs and states by what the model calls them; sizes, clock, latencies
  graph.yaml           the spec as it was written
  initial_state.bin    of a stream: what its first block takes, as ddspgraph.json describes it
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ddspgraph.diagnostics import GraphError, fail
from ddspgraph.export.facts import SEED, facts_of
from ddspgraph.export.first_state import described as described_state
from ddspgraph.export.first_state import write_state
from ddspgraph.export.fixed import Fixed
from ddspgraph.export.portable import portable_array
from ddspgraph.export.quality import qualities
from ddspgraph.export.quantize import quantize
from ddspgraph.export.saved_model import write_facts
from ddspgraph.export.staged_folder import staged_folder
from ddspgraph.export.targets import (
    MODEL_FILES,
    NEXT,
    OPEN_HINT,
    Precision,
    Target,
    check_packages,
    is_target_export,
)
from ddspgraph.export.verify_target import outputs_of, run_target, verify_target
from ddspgraph.files import cannot_write


def save_target(
    model: Fixed,
    target: Target,
    path: str | os.PathLike[str],
    *,
    precision: Precision | None = None,
    add_assets: Callable[[Path], None] | None = None,
) -> tuple[float, dict[str, Any]]:
    """Converts, verifies in the target's runtime, and writes a folder that appears whole or not at all.

    Args:
      model: with weights that have the values to be exported.
      path: of the folder; an earlier portable export or an empty folder there is replaced.
      precision: of trained weights, where it is not float32. The model in float32 is verified first, and the quantized
        one is held against it.
      add_assets: called with the folder; puts further files there.

    Returns:
      the largest difference of the model in float32 to TensorFlow, relative to the peak of its signal; and what
      `ddspgraph.json` says.

    Raises:
      GraphError: E416 where a node cannot go there; E607 where the folder cannot be written, or would replace
        something else; E608 where the target's packages are not installed; E609 where the runtime fails or differs;
        E636 where a quantized output has become another sound.
    """
    check_packages(target, precision)
    with staged_folder(path, is_target_export) as staged:
        try:
            _write_model(model, target, staged / MODEL_FILES[target])
            facts = target_facts(model, target)
            write_facts(facts, model.graph.spec, staged)
            if model.initial:
                write_state(_first_state(model, target), staged)
            if add_assets is not None:
                add_assets(staged)
        except OSError as error:
            raise cannot_write(path, error) from None
        try:
            difference, results = verify_target(model, staged)
        except GraphError as error:
            raise _not_open(error) if model.is_open else error from None
        if precision is not None:
            quantize(target, staged / MODEL_FILES[target], model.function.variables, precision)
            judged = qualities(model.graph, outputs_of(model), results, run_target(model, staged))
            facts["quantized"] = {"weights": precision, "outputs": {n: q.as_dict() for n, q in judged.items()}}
            write_facts(facts, model.graph.spec, staged)
        return difference, facts


def _not_open(error: GraphError) -> GraphError:
    """What a runtime does not do for every length is its limit, no fault of the model."""
    found = error.diagnostics[0]
    return fail("E416", f"{found.message} (of an open length)", found.span, hint=OPEN_HINT)


def target_facts(model: Fixed, target: Target) -> dict[str, Any]:
    """What `ddspgraph.json` says."""
    graph = facts_of(model.graph)
    known = {v["name"]: v for v in (*graph["inputs"], *graph["outputs"])}

    def described(tensor: Any) -> dict[str, Any]:
        said = known[tensor.name]
        return {**tensor.as_dict(), **{key: said[key] for key in ("rate", "unit", "voices") if key in said}}

    facts = {
        "name": graph["name"],
        "target": target,
        "model": MODEL_FILES[target],
        "clock": graph["clock"],
        "settings": graph["settings"],
        **model.sizes,
        **(dict.fromkeys(("frames", "samples")) if model.is_open else {}),
        "inputs": [described(t) for t in model.inputs if t.tensor not in model.initial and t.name != SEED],
        "outputs": [described(t) for t in model.outputs if t.name in known],
        "seed": next((t.tensor for t in model.inputs if t.name == SEED), None),
    }
    if not model.initial:
        return facts
    next_of = {t.tensor.removeprefix(NEXT): t.tensor for t in model.outputs}
    states = [{**state, "next": next_of[state["tensor"]]} for state in described_state(_first_state(model, target))]
    rate = model.graph.clock.sample_rate
    late = model.latencies
    latencies = {
        "latency_samples": late,
        "latency_ms": {name: 1e3 * n / rate for name, n in late.items()} if rate else None,
    }
    return {**facts, "streaming": {**latencies, "states": states}}


def _first_state(model: Fixed, target: Target) -> dict[str, np.ndarray]:
    return {name: portable_array(x, target) for name, x in model.initial.items()}


def _write_model(model: Fixed, target: Target, path: Path) -> None:
    if target == "litert":
        from ddspgraph.export.litert_file import write_litert as write
    else:
        from ddspgraph.export.onnx_file import write_onnx as write
    write(model, path)
