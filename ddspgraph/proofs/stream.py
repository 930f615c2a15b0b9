"""Proof of a stream: blocks of random sizes, advanced by the latency, equal the offline outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.player.stream import Stream
from ddspgraph.streaming.model import StreamModel

#: Absolute, for audio; of signals beyond 5 (Hz, dB) a part of their peak counts: -114 dB. A transform's rounding is
#: relative to the peak (6e-7 was seen), and offline and in blocks they are of different lengths.
TOLERANCE, RELATIVE = 1e-5, 2e-6
_LARGEST_BLOCK = 16


def differences(
    offline: CompiledGraph, model: StreamModel, inputs: Mapping[str, np.ndarray], n_samples: int, *, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Runs both on the same inputs.

    Args:
      offline: the graph.
      model: the stream of it.
      inputs: arrays by name, audio as whole frames.
      n_samples: how long they are.
      seed: of all randomness, and of the sizes of the blocks.

    Returns:
      For every output the largest difference, and the largest one that passes.
    """
    batch = max((len(x) for x in inputs.values()), default=1)
    constants = {i.name: inputs[i.name] for i in model.constant_inputs}
    stream = Stream(model, batch=batch, seed=seed, constants=constants)
    found: dict[str, list[np.ndarray]] = {name: [] for name in model.output_names}
    for begin, end in random_blocks(n_samples // model.plan.hop, model.plan.hop, np.random.default_rng(seed)):
        for name, x in stream(block_at(model, inputs, begin, end)).items():
            found[name].append(x.numpy())
    expected = {name: x.numpy() for name, x in offline(inputs, seed=seed).items()}
    return {name: _compare(model, name, expected[name], found[name]) for name in model.output_names}


def random_blocks(n_frames: int, hop: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Begin and end, in samples, of blocks of 1 to 16 frames."""
    begin = 0
    while begin < n_frames:
        end = min(begin + int(rng.integers(1, _LARGEST_BLOCK + 1)), n_frames)
        yield begin * hop, end * hop
        begin = end


def block_at(model: StreamModel, inputs: Mapping[str, np.ndarray], begin: int, end: int) -> dict[str, Any] | int:
    """The part of the inputs from one sample to another."""
    if not model.block_inputs:
        return end - begin
    hops = {i.name: model.plan.timings[i.ref].hop for i in model.block_inputs}
    return {name: inputs[name][:, begin // hop : end // hop] for name, hop in hops.items()}


def _compare(model: StreamModel, name: str, expected: np.ndarray, blocks: list[np.ndarray]) -> tuple[float, float]:
    timing = model.plan.timings.get(dict(model.plan.graph.outputs)[name])
    allowed = max(TOLERANCE, RELATIVE * float(np.max(np.abs(expected), initial=0.0)))
    if timing is None:
        found = blocks[-1]
    else:
        found = np.concatenate(blocks, axis=1)[:, timing.latency // timing.hop :]
        n = min(found.shape[1], expected.shape[1])
        found, expected = found[:, :n], expected[:, :n]
    difference = np.max(np.abs(found - expected), initial=0.0)
    return float(difference if np.isfinite(difference) else np.inf), allowed
