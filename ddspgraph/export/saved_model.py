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
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.diagnostics import clean, fail
from ddspgraph.dsp.numerics import plain_gradients
from ddspgraph.export.facts import FACTS, SEED, SPEC, facts_of, is_export, signature_arguments
from ddspgraph.export.staged_folder import staged_folder
from ddspgraph.files import cannot_write, place
from ddspgraph.streaming.model import CompiledStream

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
    Beside them the function `serve` takes one mapping, by the names in the spec, as `keras.layers.TFSMLayer` calls it.
    Gradients flow through all of them.

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
            with plain_gradients():
                signatures, serve = _signatures(model)
            _write_sources(model, Path(sources), signatures)
            if add_assets is not None:
                add_assets(Path(sources))
            module = SavedModule(model, sorted(Path(sources).iterdir()), signatures.values(), serve)
            write_module(module, staged, signatures, path)
        except (OSError, tf.errors.OpError) as error:
            n_bytes = sum(v.dtype.size * v.shape.num_elements() for v in model.variables)
            raise cannot_write(path, error, n_bytes or None) from None
        if verify is not None:
            verify(staged)


def write_module(module: SavedModule, folder: Path, signatures: Mapping[str, Any], path: _Path) -> None:
    """Writes what will be at `path`. Raises GraphError E635 where a kernel holds what a SavedModel cannot carry."""
    try:
        tf.saved_model.save(module, str(folder), signatures=signatures)
    except AssertionError as error:  # TensorFlow's word for a lookup table or the like that nothing tracks
        hint = "let the op declare variables by `weights()`, and make tables from constants inside of the kernel"
        raise fail(
            "E635", f"a kernel holds state that cannot be saved: {clean(str(error))}", place(path), hint=hint
        ) from None


class SavedModule(tf.Module):
    """What is saved: the variables and the assets. Nothing in it needs ddspgraph.

    Attributes:
      variables_by_node: those of the graph.
      undeclared: variables that kernels of the user's own hold without declaring them as weights.
      serve: a mapping of inputs by their names in the spec -> the outputs; what `keras.layers.TFSMLayer` calls.
    """

    def __init__(
        self, model: CompiledGraph | CompiledStream, assets: Iterable[Path], functions: Iterable[Any], serve: Any = None
    ) -> None:
        super().__init__(name=model.name)
        self.variables_by_node = model.variables_by_node
        declared = {id(v) for named in model.variables_by_node.values() for v in named.values()}
        held = {id(v): v for function in functions for v in function.variables if id(v) not in declared}
        self.undeclared = list(held.values())
        self.assets = [tf.saved_model.Asset(str(path)) for path in assets]
        if serve is not None:
            self.serve = serve


def _signatures(model: CompiledGraph) -> tuple[dict[str, Any], Any]:
    """The signatures by name, and the endpoint of a mapping; None where nothing is rendered from inputs."""
    graph, arguments = model.optimised, signature_arguments(model.graph)
    zero, seed = tf.constant(0, tf.int64), tf.TensorSpec([], tf.int64)
    found: dict[str, Any] = {}
    serve = None
    if graph.outputs:
        inputs = model.input_specs(graph, [ref for _, ref in graph.outputs])
        # A trace, not a function: `saved_model.save` traces anew what `serve` calls.
        render = tf.function(model.traced_outputs, [inputs, seed], autograph=False).get_concrete_function()

        def seeded(given: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            return render({name: x for name, x in given.items() if name != SEED}, given.get(SEED, zero))

        found["serving_default"] = _concrete(seeded, inputs, arguments)
        found["seeded"] = _concrete(seeded, {**inputs, SEED: seed}, arguments)
        if inputs:
            serve = tf.function(seeded, input_signature=[inputs], autograph=False)
            serve.get_concrete_function()
    if graph.losses:
        roots = [ref for name in graph.losses for ref in graph.node_by_name[name].refs]
        specs = model.input_specs(graph, roots)
        found["losses"] = _concrete(lambda given: model.traced_losses(given, zero), specs, arguments)
    return found, serve


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
