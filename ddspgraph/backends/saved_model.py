"""A compiled graph as a SavedModel that plain TensorFlow loads, with the spec inside.

export/
  saved_model.pb, variables/
  assets/graph.yaml        the spec as it was written
  assets/ddspgraph.json    inputs, outputs, clock, settings, what wrote it
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from ddspgraph import __version__
from ddspgraph.backends.facts import FACTS, SPEC, facts_of, is_export, seed_argument
from ddspgraph.backends.staged_folder import staged_folder
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.files import cannot_write

_Path = str | os.PathLike[str]


def save(model: CompiledGraph, path: _Path, *, verify: Callable[[Path], None] | None = None) -> None:
    """Writes a SavedModel: it appears whole or not at all.

    Signatures, all with named float32 inputs of open batch and length:
      `serving_default`: the needed inputs -> the outputs, with seed 0;
      `seeded`: the same with `seed`, an int64 scalar;
      `losses`: where the graph has losses, what they need -> every loss and `total`.

    Args:
      model: the compiled graph; its variables are saved with the values that they have.
      path: of the folder; an earlier export or an empty folder there is replaced.
      verify: called with the finished folder before it moves to `path`; what it raises prevents that.

    Raises:
      GraphError: E607 where it cannot be written, or would replace what is not an export.
    """
    with staged_folder(path, is_export) as staged, tempfile.TemporaryDirectory() as sources:
        try:
            signatures = _signatures(model)
            module = _Module(model, _write_sources(model, Path(sources), signatures))
            tf.saved_model.save(module, str(staged), signatures=signatures)
        except (OSError, tf.errors.OpError) as error:
            n_bytes = sum(v.dtype.size * v.shape.num_elements() for v in model.variables)
            raise cannot_write(path, error, n_bytes or None) from None
        if verify is not None:
            verify(staged)


class _Module(tf.Module):
    """What is saved: the variables and the assets. Nothing in it needs ddspgraph."""

    def __init__(self, model: CompiledGraph, assets: Iterable[Path]) -> None:
        super().__init__(name=model.name)
        self.variables_by_node = model.variables_by_node
        self.assets = [tf.saved_model.Asset(str(path)) for path in assets]


def _signatures(model: CompiledGraph) -> dict[str, Any]:
    graph = model.optimised
    found: dict[str, Any] = {}
    if graph.outputs:
        inputs = model.input_specs(graph, [ref for _, ref in graph.outputs])
        seed_name = seed_argument(model.graph)
        zero = tf.constant(0, tf.int64)

        def seeded(**given: tf.Tensor) -> dict[str, tf.Tensor]:
            return model.render({name: given[name] for name in inputs}, given.get(seed_name, zero))

        found["serving_default"] = _concrete(seeded, inputs)
        found["seeded"] = _concrete(seeded, {**inputs, seed_name: tf.TensorSpec([], tf.int64, seed_name)})
    if graph.losses:
        roots = [ref for name in graph.losses for ref in graph.node_by_name[name].refs]
        found["losses"] = _concrete(lambda **given: model.losses(given), model.input_specs(graph, roots))
    return found


def _concrete(function: Callable[..., Any], inputs: Mapping[str, tf.TensorSpec]) -> Any:
    return tf.function(function, autograph=False).get_concrete_function(**inputs)


def _write_sources(model: CompiledGraph, folder: Path, signatures: Mapping[str, Any]) -> list[Path]:
    names = {name: sorted(f.structured_input_signature[1]) for name, f in signatures.items()}
    facts = {"ddspgraph": __version__, **facts_of(model.graph), "signatures": names}
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if model.graph.spec is None:  # a graph that was built in Python
        return [folder / FACTS]
    with open(folder / SPEC, "w", encoding="utf-8", newline="") as file:
        file.write(model.graph.spec)
    return [folder / SPEC, folder / FACTS]
