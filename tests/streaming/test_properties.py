"""Graphs built at random: each streams as it runs offline, or says which node looks at the whole clip (T34)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ddspgraph as dg
from tests.strategies import plainest, specs
from tests.streaming.proof import differences, random_blocks, random_inputs, run_stream, tolerance

# Without shrinking: minutes for a graph of six nodes, which the failure prints as it is.
_SOME = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
_NIGHTLY = settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, derandomize=False
)
FRAMES = 40


def streams(spec: dict[str, Any], seed: int) -> None:
    graph = dg.load(spec)
    if not graph.outputs:
        return
    offline = dg.compile(graph)
    try:
        model = dg.compile_stream(offline)
    except dg.GraphError as caught:
        refused = caught.diagnostics
    else:
        refused = ()
    if refused:
        assert {d.code for d in refused} == {"E415"}
        assert all(d.span and d.hint for d in refused)
        return
    rng = np.random.default_rng(seed)
    frames = FRAMES if model.block_inputs else graph.clock.n_frames or FRAMES
    inputs = random_inputs(model.plan.graph, rng, frames, batch=2)
    wanted = {name: x.numpy() for name, x in offline(inputs, seed=seed).items()}
    batch = 2 if inputs else 1
    streamed = run_stream(model, inputs, random_blocks(frames, rng), batch=batch, seed=seed)
    for name, difference in differences(model, wanted, streamed).items():
        assert difference <= tolerance(wanted[name]), name


def test_the_plainest_reverb_streams() -> None:
    streams(plainest("reverb"), 0)


test_built_graphs_stream = _SOME(given(specs(), st.integers(0, 2**16))(streams))
test_many_built_graphs_stream = pytest.mark.proof(_NIGHTLY(given(specs(8), st.integers(0, 2**16))(streams)))
