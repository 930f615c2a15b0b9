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
from ddspgraph.backends.facts import FACTS, SEED, SPEC, facts_of, is_export, signature_arguments
from ddspgraph.backends.staged_folder import staged_folder
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.stream import CompiledStream
from ddspgraph.files import cannot_write

_Path = str | os.PathLike[str]


def save(
    model: CompiledGraph,
    path: _Path,
    *,
    verify: Callable[[Path], None] | None = None,
    add_assets: Callable[[Path], None] | None = None,
) -> None:
    """Writes a SavedModel: it appears whole or not at all.

    Signatures, all with named float32 inputs of open batch and length:
      `serving_default`: the needed inputs -> the outputs, with seed 0;
      `seeded`: the same with `seed`, an int64 scalar;
      `losses`: where the graph has losses, what they need -> every loss and `total`.

    Args:
      model: the compiled graph; its variables are saved with the values that they have.
      path: of the folder; an earlier export or an empty folder there is replaced.
      add_assets: called with a folder; the files that it puts there become assets, too.
      verify: called with the finished folder before it moves to `path`; what it raises prevents that.

    Raises:
      GraphError: E607 where it cannot be written, or would replace what is not an export.
    """
    with staged_folder(path, is_export) as staged, tempfile.TemporaryDirectory() as sources:
        try:
            signatures = _signatures(model)
            _write_sources(model, Path(sources), signatures)
            if add_assets is not None:
                add_assets(Path(sources))
            module = SavedModule(model, sorted(Path(sources).iterdir()))
            tf.saved_model.save(module, str(staged), signatures=signatures)
        except (OSError, tf.errors.OpError) as error:
            n_bytes = sum(v.dtype.size * v.shape.num_elements() for v in model.variables)
            raise cannot_write(path, error, n_bytes or None) from None
        if verify is not None:
            verify(staged)


class SavedModule(tf.Module):
    """What is saved: the variables and the assets. Nothing in it needs ddspgraph."""

    def __init__(self, model: CompiledGraph | CompiledStream, assets: Iterable[Path]) -> None:
        super().__init__(name=model.name)
        self.variables_by_node = model.variables_by_node
        self.assets = [tf.saved_model.Asset(str(path)) for path in assets]


def _signatures(model: CompiledGraph) -> dict[str, Any]:
    graph, arguments = model.optimised, signature_arguments(model.graph)
    zero = tf.constant(0, tf.int64)

    def seeded(given: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        inputs = {name: x for name, x in given.items() if name != SEED}
        return model.render(inputs, given.get(SEED, zero))

    found: dict[str, Any] = {}
    if graph.outputs:
        inputs = model.input_specs(graph, [ref for _, ref in graph.outputs])
        found["serving_default"] = _concrete(seeded, inputs, arguments)
        found["seeded"] = _concrete(seeded, {**inputs, SEED: tf.TensorSpec([], tf.int64)}, arguments)
    if graph.losses:
        roots = [ref for name in graph.losses for ref in graph.node_by_name[name].refs]
        found["losses"] = _concrete(model.losses, model.input_specs(graph, roots), arguments)
    return found


def _concrete(compute: Callable[..., Any], inputs: Mapping[str, tf.TensorSpec], arguments: Mapping[str, str]) -> Any:
    """A function whose arguments have the names that TensorFlow allows."""

    def call(**given: tf.Tensor) -> Any:
        return compute({name: given[arguments[name]] for name in inputs})

    specs = {arguments[name]: tf.TensorSpec(s.shape, s.dtype, arguments[name]) for name, s in inputs.items()}
    return tf.function(call, autograph=False).get_concrete_function(**specs)


def _write_sources(model: CompiledGraph, folder: Path, signatures: Mapping[str, Any]) -> None:
    taken = {name: sorted(f.structured_input_signature[1]) for name, f in signatures.items()}
    write_facts({**facts_of(model.graph), "signatures": taken}, model.graph.spec, folder)


def write_facts(facts: Mapping[str, Any], spec: str | None, folder: Path) -> None:
    """Facts, what wrote them, and the spec unless the graph was built in Python."""
    (folder / FACTS).write_text(json.dumps({"ddspgraph": __version__, **facts}, indent=1) + "\n", encoding="utf-8")
    if spec is not None:
        with open(folder / SPEC, "w", encoding="utf-8", newline="") as file:
            file.write(spec)
