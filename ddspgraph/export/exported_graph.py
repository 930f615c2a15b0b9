"""What an exported folder computes: its graph, or inputs and outputs alone where ops of it are not here.

An export runs without the Python that it was made of; to play it, its ends are enough.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from ddspgraph.compiler.driver import load
from ddspgraph.diagnostics import GraphError, fail
from ddspgraph.export.facts import FACTS, SPEC, read_facts, read_target_facts
from ddspgraph.export.targets import is_target_export
from ddspgraph.files import place
from ddspgraph.ir.graph import Clock, Graph, Input, Node, Ref
from ddspgraph.ir.op import Op
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim, Rate, Signal, Unit
from ddspgraph.limits import DEFAULT_LIMITS, Limits

#: The one node of a graph of which only the ends are known.
_INSIDE = "export"


def exported_graph(
    path: str | os.PathLike[str], *, ops: Iterable[type[Op]] = (), limits: Limits = DEFAULT_LIMITS
) -> Graph:
    """The graph of an export of any target, checked again from the spec inside. Needs no TensorFlow.

    Raises:
      GraphError: E601 no such folder; E602 not an export, or one that holds no spec; E302 where it needs ops of your
        own; what else `load` raises.
    """
    facts, spec = _facts(path), _spec(path)
    if not spec.is_file():
        raise fail("E602", "the export holds no spec: its graph was built in Python", place(path))
    return load(spec, params=facts["settings"], ops=ops, limits=limits)


def playable_graph(
    path: str | os.PathLike[str], *, ops: Iterable[type[Op]] = (), limits: Limits = DEFAULT_LIMITS
) -> Graph:
    """As `exported_graph`, but of ops that are not here, or without a spec, a graph of one node (`spec` is None).

    Raises:
      GraphError: E601, E602, and what else `load` raises but E302.
    """
    try:
        return exported_graph(path, ops=ops, limits=limits)
    except GraphError as error:
        if _spec(path).is_file() and {d.code for d in error.diagnostics if d.is_error} != {"E302"}:
            raise
    facts = _facts(path)
    try:
        return _ends(facts)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise fail("E602", f"{FACTS} is damaged", place(path)) from None


def _facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    return (read_target_facts if is_target_export(path) else read_facts)(path)


def _spec(path: str | os.PathLike[str]) -> Path:
    return Path(path, SPEC) if is_target_export(path) else Path(path, "assets", SPEC)


def _ends(facts: Mapping[str, Any]) -> Graph:
    clock = facts["clock"]
    hop, rate = clock["hop_samples"], clock["sample_rate"]
    frame_rate = Fraction(rate, hop) if rate and hop else clock["frame_rate"]
    signal = partial(_open_signal, hop=hop) if "target" in facts else _signal
    inputs = tuple(Input(i["name"], signal(i)) for i in facts["inputs"])
    taken = facts.get("signatures", {}).get("serving_default", ())
    edges = tuple((i["name"], Ref(i["name"])) for i in facts["inputs"] if i.get("argument") in (None, *taken))
    outputs = tuple((o["name"], Ref(_INSIDE, o["name"])) for o in facts["outputs"])
    types = {i.ref: i.signal for i in inputs}
    types |= {ref: signal(o) for (_, ref), o in zip(outputs, facts["outputs"], strict=True)}
    return Graph(
        name=facts["name"],
        clock=Clock(rate, frame_rate, hop, clock["n_samples"]),
        inputs=inputs,
        nodes=(Node(_INSIDE, Op(), edges),),
        outputs=outputs,
        types=types,
        settings=facts["settings"],
    )


def _signal(fact: Mapping[str, Any]) -> Signal:
    return Signal(
        tuple(map(_dim, _shape(fact))), Rate[fact["rate"].upper()], Unit(fact["unit"]), voices=fact.get("voices")
    )


def _shape(fact: Mapping[str, Any]) -> list[Any]:
    """Without the axis of the voices."""
    shape = list(fact["shape"])
    return shape if "voices" not in fact else [*shape[:1], *shape[2:]]


def _open_signal(fact: Mapping[str, Any], hop: int | None) -> Signal:
    """Of a model of fixed shapes: any batch and any length, as its graph had them."""
    rate = Rate[fact["rate"].upper()]
    shape = [Dim.of(size or 1) for size in _shape(fact)]
    first = {Rate.AUDIO: [BATCH, FRAMES * hop if hop else SAMPLES], Rate.FRAME: [BATCH, FRAMES], Rate.CONST: [BATCH]}
    dims = (*first[rate][: len(shape)], *shape[len(first[rate]) :])
    return Signal(dims, rate, Unit(fact["unit"]), voices=fact.get("voices"))


def _dim(said: int | str) -> Dim:
    """`64*frames - 320`, `(frames + 7) // 8`, as `Dim` writes itself."""
    if isinstance(said, int):
        return Dim.of(said)
    match = re.fullmatch(r"\(?(?:(\d+)\*)?(\w+)(?: ([+-]) (\d+))?\)?(?: // (\d+))?", said)
    if match is None:
        return Dim.of(said)
    offset = int(match[4] or 0)
    return Dim(int(match[1] or 1), match[2], -offset if match[3] == "-" else offset, int(match[5] or 1))
