"""An export for LiteRT or ONNX, loaded again: it runs in its own runtime. Free of TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ddspgraph.diagnostics import clean, did_you_mean, fail
from ddspgraph.export.exported_graph import playable_graph
from ddspgraph.export.facts import read_target_facts
from ddspgraph.export.first_state import read_state
from ddspgraph.export.runtimes import open_model
from ddspgraph.export.targets import NEXT, check_packages
from ddspgraph.files import place
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.op import Op
from ddspgraph.limits import DEFAULT_LIMITS, Limits

Arrays = dict[str, np.ndarray]


class TargetModel:
    """A portable model. It is called as `ExportedGraph` is, and gives NumPy arrays.

    One that was exported offline takes calls of its own length, or of any where that is open; one that was exported as
    a stream takes any length: it runs block by block, and what comes out is as long, and as early, as offline. Items
    beyond the batch of the export run in further calls.

    Attributes:
      facts: what `ddspgraph.json` says.
    """

    def __init__(self, path: str | os.PathLike[str], ops: Iterable[type[Op]], limits: Limits) -> None:
        self.path, self.limits, self._ops = Path(path), limits, tuple(ops)
        self.facts = read_target_facts(path)
        target = self.facts["target"]
        check_packages(target)
        timed = [t for t in (*self.facts["inputs"], *self.facts["outputs"]) if t["rate"] != "const"]
        samples, hops = self.facts["samples"], {"audio": 1, "frame": self.facts["clock"]["hop_samples"] or 1}
        self._hops = {
            t["name"]: samples // t["shape"][_time_axis(t)] if samples else hops[t["rate"]]
            for t in timed
            if samples != 0
        }
        #: Where time is; while a call runs it stands before the voices.
        self._axes = {t["name"]: _time_axis(t) for t in timed}
        try:
            self._model = open_model(target, self.path / self.facts["model"])
        except Exception as error:  # the runtimes' own classes
            said = clean((str(error).splitlines() or [""])[0][:300])
            raise fail("E602", f"not a readable model: {said}", place(path)) from None

    @cached_property
    def graph(self) -> Graph:
        """The graph, checked again from the spec inside; of ops that are not here its inputs and outputs alone."""
        return playable_graph(self.path, ops=self._ops, limits=self.limits)

    @property
    def n_samples(self) -> int | None:
        """The one length of a call; None of a stream and of an open length, which take any."""
        return None if "streaming" in self.facts else self.facts["samples"]

    def __call__(self, inputs: Mapping[str, Any] | None = None, *, seed: int = 0) -> Arrays:
        """The outputs by name. Raises GraphError E603-E606."""
        given = self._bound(inputs or {})
        n_items = max((len(x) for x in given.values()), default=self.facts["batch"])
        run = self._stream if "streaming" in self.facts else self._offline
        parts = []
        for first in range(0, n_items, self.facts["batch"]):
            items = np.minimum(np.arange(first, first + self.facts["batch"]), n_items - 1)
            parts.append(run({name: x[items] for name, x in given.items()}, seed))
        whole = {name: np.concatenate([part[name] for part in parts])[:n_items] for name in parts[0]}
        return {name: _moved(x, 1, self._axes.get(name, 1)) for name, x in whole.items()}

    def _bound(self, inputs: Mapping[str, Any]) -> Arrays:
        """The inputs that the model takes, as float32. Raises GraphError E603-E606."""
        known = {t["name"]: t for t in self.facts["inputs"]}
        declared = self.graph.input_by_name
        for name in inputs:
            if name not in declared:
                raise fail("E604", f"the graph has no input '{name}'", hint=did_you_mean(name, list(declared)))
        given: Arrays = {}
        for name, t in known.items():
            span = declared[name].span
            if inputs.get(name) is None:
                raise fail("E603", f"the input '{name}' {declared[name].signal} is needed", span)
            x = given[name] = np.asarray(inputs[name], np.float32)
            axis = self._axes.get(name, 1)
            free = {0} | ({axis} if name in self._hops and self.n_samples is None else set())
            if x.ndim != len(t["shape"]) or any(
                a != b for i, (a, b) in enumerate(zip(x.shape, t["shape"], strict=True)) if i not in free
            ):
                raise self._misfit(name, t["shape"], x.shape)
            given[name] = _moved(x, axis, 1)
        self._check_same(given)
        return given

    def _misfit(self, name: str, wanted: list[int], shape: tuple[int, ...]) -> Exception:
        declared, hint = self.graph.input_by_name[name], None
        rate = self.facts["clock"]["sample_rate"]
        axis = self._axes.get(name, 1)
        is_length = len(shape) == len(wanted) and [*shape[1:axis], *shape[axis + 1 :]] == [
            *wanted[1:axis],
            *wanted[axis + 1 :],
        ]
        if is_length and name in self._hops and rate:
            seconds = shape[axis] * self._hops[name] / rate
            hint = f"export it with --seconds {seconds:.6g}, or with --streaming for any length"
        message = f"the input '{name}' must be {wanted} in this export, this is {list(shape)}"
        return fail("E605", message, declared.span, hint=hint)

    def _check_same(self, given: Arrays) -> None:
        """Batches, and lengths in whole frames. Raises GraphError E606."""
        hop = self.facts["clock"]["hop_samples"] or 1
        lengths = {name: -(-x.shape[1] * self._hops[name] // hop) for name, x in given.items() if name in self._hops}
        for kind, sizes in (("items", {name: len(x) for name, x in given.items()}), ("frames", lengths)):
            for name, size in sizes.items():
                first = next(iter(sizes))
                if size != sizes[first]:
                    message = f"'{name}' has {size} {kind}, '{first}' {sizes[first]}"
                    raise fail("E606", message, self.graph.input_by_name[name].span)

    def _offline(self, given: Arrays, seed: int) -> Arrays:
        return self._named(self._model({**self._tensors(given), **self._seed(seed)}))

    def _stream(self, given: Arrays, seed: int) -> Arrays:
        """Block by block; after the end audio is 0 and frames are held, until the latency is over."""
        timed = {name: x for name, x in given.items() if name in self._hops}
        samples, late = self.facts["samples"], self.facts["streaming"]["latency_samples"]
        hop = self.facts["clock"]["hop_samples"] or 1
        lengths = [x.shape[1] * self._hops[name] for name, x in timed.items()]
        n_samples = min(lengths) if lengths else self.facts["clock"]["n_samples"]
        if n_samples is None:
            raise fail("E606", "no input says how long the sound is", hint="write `duration: 4 s` in the clock")
        n_blocks = -(-(-(-n_samples // hop) * hop + max(late.values(), default=0)) // samples)
        state, seeds = read_state(self.path, self.facts), self._seed(seed)
        rates = {t["name"]: t["rate"] for t in self.facts["inputs"]}
        padded = {name: _held(x, n_blocks * samples // self._hops[name], rates[name]) for name, x in timed.items()}
        found: dict[str, list[np.ndarray]] = {t["name"]: [] for t in self.facts["outputs"]}
        for i in range(n_blocks):
            sizes = {name: samples // self._hops[name] for name in timed}
            block = {name: padded[name][:, i * n : (i + 1) * n] for name, n in sizes.items()}
            results = self._model({**self._tensors(block), **state, **seeds})
            state = {name: results[NEXT + name] for name in state}
            for name, x in self._named(results).items():
                found[name].append(x)
        return {name: self._cut(name, xs, late.get(name, 0), n_samples) for name, xs in found.items()}

    def _cut(self, name: str, blocks: list[np.ndarray], late: int, n_samples: int) -> np.ndarray:
        if name not in self._hops:
            return blocks[-1]
        n, first = -(-n_samples // self._hops[name]), late // self._hops[name]
        return np.concatenate(blocks, axis=1)[:, first : first + n]

    def _tensors(self, given: Arrays) -> Arrays:
        names = {t["tensor"]: t["name"] for t in self.facts["inputs"]}
        return {tensor: _moved(given[n], 1, self._axes.get(n, 1)) for tensor, n in names.items()}

    def _named(self, results: Arrays) -> Arrays:
        found = {t["name"]: results[t["tensor"]] for t in self.facts["outputs"]}
        return {name: _moved(x, self._axes.get(name, 1), 1) for name, x in found.items()}

    def _seed(self, seed: int) -> Arrays:
        tensor = self.facts["seed"]
        if tensor and not -(2**31) <= seed < 2**31:
            raise fail("E605", f"the seed of this export has 32 bits, {seed} does not fit")
        return {tensor: np.array(seed, np.int32)} if tensor else {}


def _moved(x: np.ndarray, source: int, target: int) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(x, source, target)) if source != target else x


def _time_axis(fact: Mapping[str, Any]) -> int:
    return 2 if "voices" in fact else 1


def _held(x: np.ndarray, size: int, rate: str) -> np.ndarray:
    """[batch, size, ...]: audio goes on with silence, frames with the last."""
    missing = size - x.shape[1]
    if missing <= 0:
        return x[:, :size]
    last = np.zeros_like(x[:, :1]) if rate == "audio" or not x.shape[1] else x[:, -1:]
    return np.concatenate([x, np.repeat(last, missing, axis=1)], axis=1)


def load_target(
    path: str | os.PathLike[str], *, ops: Iterable[type[Op]] = (), limits: Limits = DEFAULT_LIMITS
) -> TargetModel:
    """Loads what `compile --target` wrote.

    Args:
      path: of the folder.
      ops: your own op classes that the graph inside names; it plays without.
      limits: bounds on the spec inside.

    Raises:
      GraphError: E601 no such folder, E602 not a portable export, E608 without its runtime.
    """
    return TargetModel(path, ops, limits)
