"""What an exported folder says of itself: `assets/ddspgraph.json`. Free of TensorFlow."""

from __future__ import annotations

import json
import keyword
import os
from pathlib import Path
from typing import Any

from ddspgraph.diagnostics import fail
from ddspgraph.files import open_file, place
from ddspgraph.ir.graph import Graph, Ref

FACTS, SPEC = "ddspgraph.json", "graph.yaml"
#: Stands for the seed among the inputs: no input has this name.
SEED = ""
_LARGEST = 16 << 20
_TARGET_KEYS = {"target", "model", "inputs", "outputs", "settings", "clock", "samples", "batch", "seed"}
_KEYS = {"inputs", "outputs", "signatures", "settings", "seed_argument"}


def facts_of(graph: Graph) -> dict[str, Any]:
    """Name, clock, typed inputs and outputs in the order of the spec, losses, and the values set from outside."""
    clock = graph.clock
    arguments = signature_arguments(graph)
    return {
        "name": graph.name,
        "clock": {
            "sample_rate": clock.sample_rate,
            "frame_rate": clock.get("frame_rate"),
            "hop_samples": clock.hop_samples,
            "n_samples": clock.n_samples,
        },
        "inputs": [{**_typed(graph, i.name, i.ref), "argument": arguments[i.name]} for i in graph.inputs],
        "outputs": [_typed(graph, name, ref) for name, ref in graph.outputs],
        "losses": list(graph.losses),
        "settings": dict(graph.settings),
        "seed_argument": arguments[SEED],
    }


def signature_arguments(graph: Graph) -> dict[str, str]:
    """Input name -> what the signatures call it; `SEED` -> what `seeded` calls its seed. Nearly always the same.

    TensorFlow takes names of arguments without regard to case, none that begins with `_`, no Python keyword and not
    `self`. A port of a MIDI input, `notes/pitch`, is called `notes_pitch`.
    """
    found: dict[str, str] = {}
    for name in (*graph.input_by_name, SEED):
        argument = f"input{name}" if name.startswith("_") else name.replace("/", "_") or "seed"
        taken = {other.lower() for other in found.values()} | {"self"}
        while argument.lower() in taken or keyword.iskeyword(argument):
            argument += "_"
        found[name] = argument
    return found


def _typed(graph: Graph, name: str, ref: Ref) -> dict[str, Any]:
    signal = graph.types[ref]
    dims = [dim.size if dim.is_static else str(dim) for dim in signal.outer_dims]
    typed = {"name": name, "shape": dims, "rate": str(signal.rate), "unit": str(signal.unit)}
    return typed if signal.voices is None else {**typed, "voices": signal.voices}


def is_export(folder: Path) -> bool:
    """Whether a folder is a SavedModel that ddspgraph wrote."""
    return (folder / "saved_model.pb").is_file() and (folder / "assets" / FACTS).is_file()


def read_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What an exported folder says of itself.

    Raises:
      GraphError: E601 no such folder, E602 not an export of ddspgraph.
    """
    folder = Path(path)
    if not folder.exists():
        raise fail("E601", "the folder does not exist", place(path))
    hint = "`ddspgraph compile SPEC -o DIR` writes one; tf.saved_model.load reads those of others"
    if not is_export(folder):
        raise fail("E602", "this is not a SavedModel of ddspgraph", place(path), hint=hint)
    return _facts_in(folder / "assets" / FACTS, _KEYS, path, hint)


def read_target_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What the folder of an export for LiteRT or ONNX says of itself. Raises GraphError E601, E602."""
    folder = Path(path)
    if not folder.exists():
        raise fail("E601", "the folder does not exist", place(path))
    hint = "`ddspgraph compile SPEC -o DIR --target onnx` writes one"
    if not (folder / FACTS).is_file():
        raise fail("E602", "this is no export for LiteRT or ONNX", place(path), hint=hint)
    return _facts_in(folder / FACTS, _TARGET_KEYS, path, hint)


def _facts_in(file: Path, keys: set[str], path: str | os.PathLike[str], hint: str) -> dict[str, Any]:
    with open_file(file) as opened:
        try:
            facts = json.loads(opened.read(_LARGEST))
        except (ValueError, RecursionError):
            facts = None
    if not isinstance(facts, dict) or not facts.keys() >= keys:
        raise fail("E602", f"{file.name} is damaged", place(path), hint=hint)
    return facts
