"""Proof of a migration: the version-1 list, run in order, and the migrated graph, compiled, on the same inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ddspgraph.compiler.driver import compile, load
from ddspgraph.compiler.frontend.document import Document, read_text
from ddspgraph.diagnostics import GraphError, Note, Span, fail
from ddspgraph.ir.graph import Graph, Input
from ddspgraph.ir.types import Rate
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.gin.document import GinDocument
from ddspgraph.migrations.gin.map.as_list import as_list
from ddspgraph.migrations.interpret import interpret

#: Largest difference that passes, relative to the peak of the signal.
TOLERANCE = 1e-5
_LOWEST_PEAK = 1e-3
_SEED = 7
_BATCH = 2
#: Of axes where any number fits.
_CHANNELS = 33
#: Where the signals of a unit usually lie.
_RANGES = {"Hz": (60.0, 900.0), "midi": (36.0, 84.0), "dB": (-60.0, 0.0), "linear": (0.0, 1.0), "raw": (-2.0, 2.0)}


@dataclass(frozen=True)
class Comparison:
    """One result of both sides.

    Attributes:
      name: `audio`, or a loss.
      difference: the largest; infinite where the shapes differ, or where only one side is finite.
      peak: the largest magnitude of the old side.
    """

    name: str
    difference: float
    peak: float

    @property
    def tolerance(self) -> float:
        return TOLERANCE * max(_LOWEST_PEAK, self.peak)

    @property
    def is_equal(self) -> bool:
        return self.difference <= self.tolerance

    def __str__(self) -> str:
        return f"'{self.name}' differs by {self.difference:.2g} at most (tolerance {self.tolerance:.2g})"

    def as_dict(self) -> dict[str, object]:
        """The comparison as plain data, for `--json`."""
        return {"name": self.name, "difference": self.difference, "tolerance": self.tolerance, "peak": self.peak}


def verify_migration(old: Document, new_text: str, limits: Limits = DEFAULT_LIMITS) -> tuple[Comparison, ...]:
    """Runs both sides on seeded inputs of the old length and compares the audio and every loss.

    Args:
      old: a document that migrates and of which `list_of` knows the list.
      new_text: what it was migrated to.

    Raises:
      GraphError: what `load` finds wrong in the new text; E708 where a run would take too much memory; E802 where
        the list cannot be run at all, or a result differs.
    """
    spec, place = list_of(old), old.root.span
    if spec is None:
        raise _differs("there is no list to run beside the graph", place)
    graph = load(read_text(new_text, f"{old.source.name} (migrated)", limits), limits=limits)
    model = compile(graph, limits=limits)
    spec = {**spec, "n_samples": _whole_frames(spec["n_samples"], graph)}
    inputs = seeded_inputs(graph, spec["n_samples"])
    found: dict[str, Any] = dict(model(inputs, seed=_SEED)) if graph.outputs else {}
    if graph.losses:
        found |= {name: x for name, x in model.losses(inputs, seed=_SEED).items() if name != "total"}
    try:
        wanted = _list_results(spec, inputs, model.variables_by_node)
    except ValueError as error:
        raise _differs(f"the version-1 list cannot be run: {error}", place) from None
    comparisons = tuple(_compared(name, np.asarray(x), np.asarray(found[name])) for name, x in wanted.items())
    wrong = [str(comparison) for comparison in comparisons if not comparison.is_equal]
    if wrong:
        notes = [Note(text) for text in wrong[1:]]
        raise _differs(f"the migrated graph does not compute what the list does: {wrong[0]}", place, *notes)
    return comparisons


def list_of(old: Document) -> Mapping[str, Any] | None:
    """The version-1 list that an old document is or, of a gin file that is a chain of processors, amounts to."""
    return as_list(old.file) if isinstance(old, GinDocument) else old.root.plain()


def _whole_frames(n_samples: int, graph: Graph) -> int:
    """The length without a last part of a frame, which magenta/ddsp would stretch all frames over."""
    return n_samples - n_samples % (graph.clock.hop_samples or 1)


def seeded_inputs(graph: Graph, n_samples: int) -> dict[str, np.ndarray]:
    """Random values for all inputs of a migrated graph, of the length that the list says."""
    hop = graph.clock.hop_samples
    sizes = {"batch": _BATCH, "frames": n_samples // hop if hop else 1, "samples": n_samples}
    rng = np.random.default_rng(_SEED)
    return {i.name: _random(rng, graph, i, sizes) for i in graph.inputs}


def _random(rng: np.random.Generator, graph: Graph, i: Input, sizes: Mapping[str, int]) -> np.ndarray:
    shape = [dim.at(sizes, _CHANNELS) for dim in i.signal.dims]
    if i.signal.rate is Rate.AUDIO:
        low, high = -0.5, 0.5
    else:
        # A migrated input says no unit: what reads it does.
        units = [str(node.op.input_ports((port,))[port].unit) for node, port in graph.users().get(i.ref, ())]
        low, high = next((_RANGES[unit] for unit in units if unit in _RANGES), (-1.0, 1.0))
    return rng.uniform(low, high, shape).astype(np.float32)


def _list_results(spec: Mapping[str, Any], inputs: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The audio and the losses of the list. Raises ValueError where it cannot be run."""
    import tensorflow as tf

    def run(given: Mapping[str, Any]) -> dict[str, Any]:
        results = interpret(spec, given, variables, seed=_SEED)
        return {"audio": results.audio, **results.losses}

    # Traced like the graph: TensorFlow rounds a traced frequency differently, and seconds of phase add that up.
    return tf.function(run, autograph=False)({name: tf.constant(x) for name, x in inputs.items()})


def _compared(name: str, wanted: np.ndarray, found: np.ndarray) -> Comparison:
    finite = np.isfinite(wanted)
    peak = float(np.max(np.abs(wanted), initial=0.0, where=finite))
    if wanted.shape != found.shape or not np.array_equal(wanted[~finite], found[~finite], equal_nan=True):
        return Comparison(name, float("inf"), peak)
    with np.errstate(invalid="ignore"):
        difference = np.abs(wanted - found)
    return Comparison(name, float(np.max(difference, initial=0.0, where=finite)), peak)


def _differs(message: str, place: Span, *notes: Note) -> GraphError:
    return fail("E802", message, Span.of_line(place.source, 1), *notes, hint="keep the old file, and report this")
