"""The proof: a stream of random blocks, advanced by its latency, equals the offline output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.streaming import has_time
from ddspgraph.proofs.stream import RELATIVE, TOLERANCE
from ddspgraph.streaming.model import CompiledStream

#: Where signals of a unit usually lie.
RANGES = {"Hz": (60.0, 900.0), "midi": (36.0, 84.0), "dB": (-60.0, 0.0), "linear": (0.0, 1.0), "s": (0.1, 1.0)}


def random_inputs(graph: Graph, rng: np.random.Generator, n_frames: int, batch: int = 1) -> dict[str, np.ndarray]:
    """For all inputs, by unit, as long as so many frames."""
    sizes = {"batch": batch, "frames": n_frames, "samples": n_frames * (graph.clock.hop_samples or 1)}
    found = {}
    for i in graph.inputs:
        low, high = RANGES.get(str(i.signal.unit), (-0.5, 0.5))
        found[i.name] = rng.uniform(low, high, [dim.at(sizes) for dim in i.signal.outer_dims]).astype(np.float32)
    return found


def tolerance(expected: np.ndarray) -> float:
    return max(TOLERANCE, RELATIVE * float(np.max(np.abs(expected), initial=0.0)))


def offline(model: CompiledGraph, inputs: Mapping[str, Any], seed: int) -> dict[str, np.ndarray]:
    """All outputs of the whole clip, without a trace: that a trace of an op gives the same is the contract test's."""
    tensors = {name: tf.constant(x, tf.float32) for name, x in inputs.items()}
    return {name: x.numpy() for name, x in model.traced_outputs(tensors, tf.constant(seed, tf.int64)).items()}


def random_blocks(n_frames: int, rng: np.random.Generator, largest: int = 9) -> list[int]:
    """Whole numbers that sum to n_frames."""
    sizes = []
    while n_frames:
        sizes.append(int(min(n_frames, rng.integers(1, largest + 1))))
        n_frames -= sizes[-1]
    return sizes


def run_stream(
    model: CompiledStream, inputs: Mapping[str, Any], blocks: list[int], *, batch: int = 1, seed: int = 0
) -> dict[str, np.ndarray]:
    """All outputs of a stream, from block to block; of those that never change the last."""
    plan = model.plan
    constants = {i.name: inputs[i.name] for i in model.constant_inputs}
    stream = dg.Stream(model, batch=batch, seed=seed, constants=constants)
    found: dict[str, list[np.ndarray]] = {name: [] for name, _ in plan.graph.outputs}
    begin = 0
    for n_frames in blocks:
        end = begin + n_frames * plan.hop
        block: Any = {}
        for i in model.block_inputs:
            hop = plan.timings[i.ref].hop
            times = np.arange(begin // hop, end // hop)
            block[i.name] = np.take(np.asarray(inputs[i.name], np.float32), times, axis=i.signal.time_axis)
        outputs = stream(block if model.block_inputs else end - begin)
        for name, x in outputs.items():
            found[name].append(np.array(x))
        begin = end
    types = plan.graph.types
    timed = {name: has_time(types[ref]) for name, ref in plan.graph.outputs}
    axes = {name: types[ref].time_axis for name, ref in plan.graph.outputs}
    return {name: np.concatenate(xs, axis=axes[name]) if timed[name] else xs[-1] for name, xs in found.items()}


def differences(
    model: CompiledStream, whole: Mapping[str, np.ndarray], streamed: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """The largest difference of every output, where the stream has it. Asserts that it has what it promises."""
    worst = {}
    for name, ref in model.plan.graph.outputs:
        expected, found = whole[name], streamed[name]
        timing = model.plan.timings.get(ref)
        if timing is not None:
            late = timing.latency // timing.hop
            axis = model.plan.graph.types[ref].time_axis
            expected, found = np.moveaxis(expected, axis, 1), np.moveaxis(found, axis, 1)
            assert not np.any(found[:, :late]), f"{name} begins before its latency is over"
            n = min(expected.shape[1], found.shape[1] - late)
            expected, found = expected[:, :n], found[:, late : late + n]
            assert n > 0 or expected.shape[1] == 0, f"{name}: nothing to compare"
        assert np.isfinite(found).all(), name
        worst[name] = float(np.max(np.abs(expected - found), initial=0.0))
    return worst
