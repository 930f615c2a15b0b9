"""What never changes in a stream: controls made of constants, as outputs and inputs; and delays that are exact."""

from __future__ import annotations

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.proofs.stream import differences
from tests.streaming.proof import random_inputs

_FIR = "f: {op: fir_filter, inputs: {audio: audio, magnitudes: [0.5, 0.2, 0.1]}}"
_ROOM = "r: {op: exp_decay_reverb, inputs: {audio: audio, gain: 0.0, decay: 2.0}, params: {reverb_length: 500}}"
_LEARNED = "r: {op: filtered_noise_reverb, inputs: [audio], params: {reverb_length: 500, trainable: true, n_frames: 5}}"
_MOD = "d: {op: mod_delay, inputs: {audio: audio, gain: g, phase: g}}"
_RAW = "params: {gain_scale_fn: null, phase_scale_fn: null}"
CASES = {
    "an output": (_FIR, "audio: f, m: f/magnitudes"),
    "the input of its like": (
        f"{_FIR}, h: {{op: fir_filter, inputs: [audio, f/magnitudes], params: {{scale_fn: null}}}}",
        "audio: h, m: f/magnitudes",
    ),
    "through a sum": (
        f"{_FIR}, s: {{op: add, inputs: [f/magnitudes, 1.0]}}, "
        "h: {op: fir_filter, inputs: {audio: f, magnitudes: s}, params: {scale_fn: null}}",
        "audio: h, m: s",
    ),
    "an input of the graph": ("n: {op: add, inputs: [g, audio]}", "audio: n, one: n/signal_one"),
    "an input, read again": (
        "n: {op: add, inputs: [g, audio]}, m: {op: add, inputs: [n/signal_one, 2.0]}, "
        "o: {op: multiply, inputs: [n, m]}",
        "audio: o, m: m",
    ),
    "the response of a room": (f"{_ROOM}, s: {{op: reverb, inputs: {{audio: r, ir: r/ir}}}}", "audio: s, ir: r/ir"),
    "a learned response": (f"{_LEARNED}, s: {{op: reverb, inputs: {{audio: r, ir: r/ir}}}}", "audio: s, ir: r/ir"),
    "controls of a delay": (
        f"{_MOD}, e: {{op: mod_delay, inputs: {{audio: d, gain: d/gain, phase: d/phase}}, {_RAW}}}",
        "audio: e, g: d/gain, p: d/phase",
    ),
}


def compared(text: str, n_frames: int, hop: int) -> dict[str, tuple[float, float]]:
    model = dg.compile(text)
    stream = dg.compile_stream(model)
    inputs = random_inputs(stream.plan.graph, np.random.default_rng(0), n_frames, batch=2)
    return differences(model, stream, inputs, n_frames * hop)


@pytest.mark.parametrize("name", CASES)
def test_streams_hold_constants(name: str) -> None:
    nodes, outputs = CASES[name]
    inputs = "audio: {rate: audio}, g: {rate: const}" if ": g," in nodes or "[g," in nodes else "audio: {rate: audio}"
    text = (
        "version: 2\nname: held\nclock: {sample_rate: 16 kHz, hop: 64}\n"
        f"inputs: {{{inputs}}}\nnodes: {{{nodes}}}\noutputs: {{{outputs}}}\n"
    )
    for output, (difference, allowed) in compared(text, 40, 64).items():
        assert difference <= allowed, output


@pytest.mark.parametrize(("hop", "depth_ms"), [(192, 10), (147, 10), (147, 300), (97, 1000)])
@pytest.mark.parametrize("scale_fn", ["sigmoid", "tanh"])
def test_a_modulated_delay_is_that_of_the_whole_clip(hop: int, depth_ms: int, scale_fn: str) -> None:
    """At hops that are no whole packets of a processor: a phase in float32 would be rounded otherwise in blocks."""
    text = f"""
version: 2
name: chorus
clock: {{sample_rate: 48 kHz, hop: {hop}}}
inputs: {{audio: {{rate: audio}}}}
nodes:
  sweep: {{op: lfo, inputs: [0.7 Hz]}}
  d:
    op: mod_delay
    inputs: {{audio: audio, gain: 0.5, phase: sweep}}
    params: {{depth_ms: {depth_ms}, phase_scale_fn: {scale_fn}}}
outputs: {{audio: d}}
"""
    ((difference, _),) = compared(text, 205, hop).values()
    assert difference <= 1e-6


def test_what_is_known_after_the_last_frame_feeds_nothing() -> None:
    text = """
version: 2
name: states
clock: {sample_rate: 16 kHz, hop: 64}
inputs: {x: {rate: frame, channels: 3, unit: raw}, h: {rate: const, shape: [4]}}
nodes:
  d: {op: rnn_fc_decoder, inputs: [x, h], params: {rnn_channels: 4, ch: 5, stateless: true, outputs: {a: 2}}}
  s: {op: add, inputs: [d/state, 1.0]}
outputs: {a: d/a, s: s}
"""
    with pytest.raises(dg.GraphError, match="'s' cannot run as a stream: add reads 'd/state', which is known after"):
        dg.compile_stream(dg.compile(text))


@pytest.mark.parametrize("declared", ["", ", h: {rate: const, shape: [4]}", ", h: {rate: const, shape: [n]}"])
def test_a_decoder_begins_from_one_state_for_all(declared: str) -> None:
    """A list is the first state of every item of a batch, offline and in a stream, as an array of one for each is."""
    text = f"""
version: 2
name: states
clock: {{sample_rate: 16 kHz, hop: 64}}
inputs: {{x: {{rate: frame, channels: 3, unit: raw}}{declared}}}
nodes:
  d:
    op: rnn_fc_decoder
    inputs: [x, {"h" if declared else [1.0, -2.0, 0.5, 3.0]}]
    params: {{rnn_channels: 4, ch: 5, stateless: true, outputs: {{a: 2}}}}
outputs: {{a: d/a, state: d/state}}
"""
    model = dg.compile(text)
    x = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(np.float32)
    state = np.array([[1.0, -2.0, 0.5, 3.0]] * 2, np.float32)
    inputs = {"x": x} | ({"h": state} if declared else {})
    both = model(inputs)
    assert both["state"].shape == (2, 4)
    for item in range(2):
        alone = model({name: array[item : item + 1] for name, array in inputs.items()})
        for name, value in alone.items():
            np.testing.assert_allclose(both[name][item], value[0], atol=1e-6)  # float32, products of other sizes
    stream = dg.compile_stream(model)
    for output, (difference, allowed) in differences(model, stream, inputs, 7 * 64).items():
        assert difference <= allowed, output
