"""Latency as it is reported is latency as it is measured: an impulse through every op that takes and gives audio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from ddspgraph import ops
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.types import Rate
from tests.ops.test_contract import CASES, graph_of
from tests.streaming.proof import offline, run_stream
from tests.streaming.test_ops import WHOLE_CLIP, streams_of, streams_of_case

pytestmark = pytest.mark.usefixtures("functions_as_written")

AT, FRAMES = 1_024, 80
#: Where the impulse of an op comes out offline; of all others, at once.
#: A delay of half a second is its longest, 5 ms; in 64 ms a wave of 0.5 Hz swings a vibrato of 10 ms to 1.6 samples.
LATER = {"mod_delay": 40, "delay": 80, "vibrato": 2}

FOUND: dict[str, tuple[Op, Mapping[str, np.ndarray]]] = {
    name: case() for name, case in CASES.items() if name not in WHOLE_CLIP and Traits.LOSS not in case()[0].traits
}
#: What is no case of the contract test.
CHANGED = ("mod_delay",)
FOUND["mod_delay"] = (
    replace(FOUND["mod_delay"][0], phase_scale_fn=None, gain_scale_fn=None, add_dry=False, center_ms=2.5, depth_ms=0.0),
    FOUND["mod_delay"][1],
)
for _bands in (2, 3, 65):
    for _window in (0, 63, 64):
        _inputs = {"audio": np.zeros((1, 192)), "magnitudes": np.ones((1, 6, _bands))}
        _filter = ops.FIRFilter(scale_fn=None, window_size=_window)
        FOUND[f"fir_filter of {_bands} bands, window {_window}"] = (_filter, _inputs)
for _window in (1, 64, 65):
    _inputs = {"audio": np.zeros((1, 192)), "cutoff_frequency": np.full((1, 6, 1), 4_000.0)}
    _filter = ops.SincFilter(sample_rate=16_000, window_size=_window)
    FOUND[f"sinc_filter of window {_window}"] = (_filter, _inputs)


def _is_audio_effect(op: Op, inputs: Mapping[str, np.ndarray]) -> bool:
    graph = graph_of(op, inputs)
    takes = [i for i in graph.inputs if i.signal.rate is Rate.AUDIO]
    return bool(takes) and any(graph.types[ref].rate is Rate.AUDIO for _, ref in graph.outputs)


EFFECTS = [name for name, case in FOUND.items() if _is_audio_effect(*case)]


#: What cuts an end off, and what spreads an impulse so that its loudest sample is another. An envelope follower climbs
#: with its attack towards a mean that dies away slowly; without attack, or without the mean, its maximum comes at once.
CUT_OR_SPREAD = ("crop", "reverb", "exp_decay_reverb", "filtered_noise_reverb", "envelope_follower")
#: Modules of filters whose impulse response rises before it falls: here a corner is at 0.5 Hz.
RECURSIVE = tuple(
    f"ddspgraph.ops.{name}" for name in ("filters", "equalisers", "given_sections", "crossovers", "ladders")
)


def _inputs_of(graph: Graph, given: Mapping[str, np.ndarray], is_hit: bool) -> dict[str, np.ndarray]:
    """Controls that do not change, and audio that is 0 but for an impulse in the first of its inputs."""
    first = next(i.name for i in graph.inputs if i.signal.rate is Rate.AUDIO)
    found = {}
    for item in graph.inputs:
        x = np.asarray(given[item.name], np.float32)[:1]
        if item.signal.rate is Rate.AUDIO:
            hop = graph.clock.hop_samples or 1
            held = 0.5 if item.name != first else 0.0
            x = np.full((1, FRAMES * hop, *x.shape[2:]), held, np.float32)
            x[:, AT] += float(is_hit and item.name == first)
        elif item.signal.rate is Rate.FRAME:
            x = np.repeat(x[:, :1], item.signal.dims[1].size or FRAMES, axis=1)
        found[item.name] = x
    return found


def _over_time(x: np.ndarray) -> np.ndarray:
    """The loudest channel of one item at each time."""
    return np.abs(x[0]).reshape(x.shape[1], -1).max(axis=1)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_impulse_comes_as_late_as_is_reported(name: str) -> None:
    op, given = FOUND[name]
    is_case = name in CASES and name not in CHANGED
    model, stream = streams_of_case(name) if is_case else streams_of(op, given)
    graph = model.graph
    silent, hit = (_inputs_of(graph, given, is_hit) for is_hit in (False, True))
    sizes = [3, 1, 7, 2, 11] * 3 + [8]
    before, after = (run_stream(stream, x, sizes) for x in (silent, hit))
    apart, together = (offline(model, x, seed=0) for x in (silent, hit))
    for output, ref in graph.outputs:
        moved = _over_time(together[output] - apart[output])
        if graph.types[ref].rate is not Rate.AUDIO or not moved.any():
            continue
        expected = AT + LATER.get(name, 0) if output == "signal" else AT
        if name not in CUT_OR_SPREAD and type(op).__module__ not in RECURSIVE:
            assert np.argmax(moved) == expected, output
        streamed = _over_time(after[output] - before[output])
        assert np.argmax(streamed) - np.argmax(moved) == stream.latencies[output], output
