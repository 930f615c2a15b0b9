"""Every graph of `graphs/` as a stream: equal to offline, or it says which node cannot stream and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from tests.streaming.proof import differences, random_blocks, random_inputs, run_stream, tolerance

GRAPHS = Path(__file__).parents[2] / "graphs"
PATHS = sorted(GRAPHS.glob("*.yaml")) + sorted(GRAPHS.glob("models/*.yaml"))
#: Graphs that look at the whole clip: the node, and the reason.
WHOLE_CLIP = {
    "autoencoder": ("encoder", "mfcc_time_distributed_rnn_encoder normalizes over the whole clip"),
}
FRAMES = 61
#: The network of vst_16k at other rates, and that of solo_instrument with fewer weights.
_PROOFS = {"vst_32k", "vst_48k", "tiny_instrument"}


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.proof] if p.stem in _PROOFS else [], id=p.stem) for p in PATHS],
)
def test_a_stream_equals_offline(path: Path) -> None:
    model = dg.compile(path)
    if path.stem in WHOLE_CLIP:
        node, reason = WHOLE_CLIP[path.stem]
        with pytest.raises(dg.GraphError) as caught:
            dg.compile_stream(model)
        (finding,) = caught.value.diagnostics
        assert finding.code == "E415"
        assert finding.message == f"'{node}' cannot run as a stream: {reason}"
        assert finding.span is not None
        assert finding.hint
        return
    stream = dg.compile_stream(model)
    rng = np.random.default_rng(11)
    # A clock without frames counts samples: what is late must have begun.
    frames = FRAMES + -(-max(stream.latencies.values()) // stream.plan.hop)
    inputs = random_inputs(stream.plan.graph, rng, frames)
    offline = {name: x.numpy() for name, x in model(inputs, seed=5).items()}
    streamed = run_stream(stream, inputs, random_blocks(frames, rng), seed=5)
    for name, difference in differences(stream, offline, streamed).items():
        assert difference <= tolerance(offline[name]), name
