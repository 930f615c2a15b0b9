"""The functions of a stream: pure, typed in what they refuse, shared by many streams, exported."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from tests.streaming.proof import random_inputs

GRAPHS = Path(__file__).parents[2] / "graphs"
SPEC: dict[str, Any] = {
    "version": 2,
    "name": "small",
    "clock": {"sample_rate": "16 kHz", "frame_rate": "500 Hz", "duration": "0.1 s"},
    "inputs": {
        "f0_hz": {"rate": "frame", "unit": "Hz"},
        "audio": {"rate": "audio"},
        "level": {"rate": "const", "unit": "linear"},
    },
    "nodes": {
        "tone": {
            "op": "harmonic",
            "inputs": {"amplitudes": "level", "harmonic_distribution": [1.0, 0.5], "f0_hz": "f0_hz"},
            "params": {"scale_fn": None},
        },
        "hiss": {"op": "filtered_noise", "inputs": {"magnitudes": [1.0, 0.0, 1.0, 0.0]}},
        "both": {"op": "add", "inputs": ["tone", "hiss"]},
        "out": {"op": "add", "inputs": ["both", "audio"]},
        "level_db": {"op": "power", "inputs": ["out"], "params": {"padding": "same", "frame_size": 100}},
    },
    "outputs": {"audio": "out", "level_db": "level_db"},
}
LEVEL = {"level": np.array([0.5], np.float32)}


def block_of(model: Any, n_frames: int, seed: int = 1) -> dict[str, np.ndarray]:
    inputs = random_inputs(model.plan.graph, np.random.default_rng(seed), n_frames)
    return {i.name: inputs[i.name] for i in model.block_inputs}


@pytest.fixture(scope="module")
def model() -> Any:
    return dg.compile(SPEC, streaming=True)


def test_latency_is_that_of_the_slowest_path(model: Any) -> None:
    """The tone waits a hop of 32 for the next frame; power waits for 100 samples, 4 frames of which one is there.

    The filter of the noise has 4 bands, so a response of 5 samples: it is 2 late by itself, and waits 30 more.
    """
    assert model.latencies == {"audio": 32, "level_db": 32 + 3 * 32}
    assert model.plan.costs("audio") == [("tone", 32)]
    assert model.plan.costs("level_db") == [("level_db", 96), ("tone", 32)]
    assert dict(model.plan.delays) == {dg.Ref("hiss", "signal"): 30, dg.Ref("audio"): 32}


def test_process_is_pure(model: Any) -> None:
    state = model.initial_state(seed=3, constants=LEVEL)
    before = {name: x.numpy().copy() for name, x in state.items()}
    block = block_of(model, 4)
    first, out = model.process(state, block)
    again, same = model.process(state, block)
    for name, x in state.items():
        np.testing.assert_array_equal(x, before[name])
    for name in out:
        np.testing.assert_array_equal(out[name], same[name])
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert int(first["state/position"]) == 128


def test_a_stream_keeps_its_state_and_begins_anew(model: Any) -> None:
    stream = dg.Stream(model, seed=3, constants=LEVEL)
    blocks = [block_of(model, n, n) for n in (3, 5)]
    found = [stream(block)["audio"].numpy() for block in blocks]
    assert np.any(found[1])
    stream.reset()
    for block, wanted in zip(blocks, found, strict=True):
        np.testing.assert_array_equal(stream(block)["audio"], wanted)


def test_many_streams_share_a_model(model: Any) -> None:
    """T30: sixteen threads, each with its own state, as if alone."""
    blocks = [block_of(model, 1 + k % 3, k) for k in range(12)]

    def run(seed: int) -> np.ndarray:
        stream = dg.Stream(model, seed=seed, constants=LEVEL)
        return np.concatenate([stream(block)["audio"].numpy() for block in blocks], axis=1)

    alone = [run(seed) for seed in range(16)]
    together: list[Any] = [None] * 16
    threads = [threading.Thread(target=lambda k=k: together.__setitem__(k, run(k))) for k in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda b: b.pop("audio"), "E603"),
        (lambda b: b.update(more=b["audio"]), "E604"),
        (lambda b: b.update(audio=b["audio"][0]), "E605"),
        (lambda b: b.update(audio=b["audio"][:, :-1]), "E606"),
        (lambda b: b.update(audio=b["audio"][:, :32]), "E606"),
        (lambda b: b.update(audio=b["audio"][:, :0], f0_hz=b["f0_hz"][:, :0]), "E606"),
    ],
)
def test_wrong_blocks_are_refused(model: Any, change: Any, code: str) -> None:
    stream = dg.Stream(model, constants=LEVEL)
    block = block_of(model, 4)
    change(block)
    with pytest.raises(dg.GraphError) as caught:
        stream(block)
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_a_stream_begins_with_its_constants(model: Any) -> None:
    with pytest.raises(dg.GraphError, match="'level'") as caught:
        dg.Stream(model)
    assert caught.value.diagnostics[0].code == "E603"


def test_a_graph_without_inputs_takes_a_length() -> None:
    model = dg.compile(GRAPHS / "additive_bell.yaml", streaming=True)
    stream = dg.Stream(model)
    assert stream(960)["audio"].shape == (1, 960)
    for wrong in (0, 100, {"audio": np.zeros((1, 192))}):
        with pytest.raises(dg.GraphError, match="whole frames of 192"):
            stream(wrong)


def test_a_graph_without_frames_takes_any_number_of_samples() -> None:
    """A reverb whose blocks are of any length, down to one sample."""
    spec = {
        "version": 2,
        "name": "room",
        "clock": {"sample_rate": "16 kHz"},
        "inputs": {"audio": {"rate": "audio"}},
        "nodes": {
            "wet": {"op": "reverb", "inputs": {"audio": "audio"}, "params": {"trainable": True, "reverb_length": 90}}
        },
        "outputs": {"audio": "wet"},
    }
    offline = dg.compile(spec)
    offline.variables_by_node["wet"]["ir"].assign(np.random.default_rng(0).normal(size=90))
    audio = np.random.default_rng(1).normal(size=(1, 300)).astype(np.float32)
    stream = dg.Stream(dg.compile_stream(offline))
    found = [stream({"audio": audio[:, a:b]})["audio"] for a, b in ((0, 1), (1, 8), (8, 200), (200, 300))]
    np.testing.assert_allclose(np.concatenate(found, axis=1), offline({"audio": audio})["audio"], atol=1e-5)


def test_weights_are_shared_with_the_offline_model() -> None:
    offline = dg.compile(GRAPHS / "models" / "tiny_instrument_fast.yaml")
    stream = dg.compile_stream(offline)
    assert {id(v) for v in stream.variables} == {id(v) for v in offline.variables}


def test_an_export_streams_in_plain_tensorflow(model: Any, tmp_path: Path) -> None:
    folder = tmp_path / "stream"
    model.save(str(folder))
    blocks = [block_of(model, n, n) for n in (2, 7)]
    stream = dg.Stream(model, seed=3, constants=LEVEL)
    wanted = [stream(block)["audio"].numpy() for block in blocks]

    plain = tf.saved_model.load(str(folder)).signatures
    state = plain["initial_state"](batch=tf.constant(1), seed=tf.constant(3, tf.int64), level=tf.constant([0.5]))
    for block, expected in zip(blocks, wanted, strict=True):
        results = plain["process"](**{k: tf.constant(x) for k, x in block.items()}, **state)
        state = {name: results[name] for name in state}
        np.testing.assert_allclose(results["audio"], expected, atol=1e-6)

    loaded = dg.load_stream(folder)
    assert loaded.latencies == model.latencies
    assert loaded.facts["streaming"]["latency_samples"] == {"audio": 32, "level_db": 128}
    stream = dg.Stream(loaded, seed=3, constants=LEVEL)
    for block, expected in zip(blocks, wanted, strict=True):
        np.testing.assert_allclose(stream(block)["audio"], expected, atol=1e-6)


def test_names_that_tensorflow_does_not_take(tmp_path: Path) -> None:
    inputs = {name: {"rate": "audio"} for name in ("_x", "self", "lambda", "n_samples", "State_position", "x")}
    names = list(inputs)
    nodes = {f"s{i}": {"op": "add", "inputs": [names[0] if i == 1 else f"s{i - 1}", names[i]]} for i in range(1, 6)}
    spec = {"version": 2, "name": "odd", "clock": {"sample_rate": "8 kHz"}, "inputs": inputs, "nodes": nodes}
    model = dg.compile({**spec, "outputs": {"batch": "s5", "state_seed": "s4"}}, streaming=True)
    model.save(str(tmp_path / "odd"))
    block = {name: np.full((1, 5), float(i)) for i, name in enumerate(names)}
    assert dg.Stream(dg.load_stream(tmp_path / "odd"))(block)["batch"].numpy().tolist() == [[15.0] * 5]


def test_an_offline_export_is_no_stream(tmp_path: Path) -> None:
    dg.compile({**SPEC, "nodes": SPEC["nodes"]}).save(str(tmp_path / "offline"))
    with pytest.raises(dg.GraphError, match="not of a stream"):
        dg.load_stream(tmp_path / "offline")


SPECTRA = """
version: 2
name: spectra
clock: {{sample_rate: 16 kHz, frame_rate: 250 Hz}}
inputs: {{audio: {{rate: audio}}, f0_hz: {{rate: frame, unit: Hz}}}}
nodes:
  late: {{op: fir_filter, inputs: {{audio: audio, magnitudes: [1.0, 0.5, 0.0, 0.5, 0.2]}}, params: {{scale_fn: null}}}}
  mfcc: {{op: mfcc, inputs: [late], params: {{fft_size: 512, mfcc_bins: 4, mel_bins: 20}}}}
  memory: {{op: rnn, inputs: [mfcc], params: {{dims: 3}}}}
  {more}
outputs: {{out: {out}}}
"""


def test_networks_over_frames_of_a_hop_of_their_own() -> None:
    """A GRU over spectra two clock frames apart, which begin in the middle of a block."""
    offline = dg.compile(SPECTRA.format(more="level: {op: tanh, inputs: [memory]}", out="level"))
    model = dg.compile_stream(offline)
    assert model.latencies == {"out": 512}
    audio = 0.1 * np.random.default_rng(0).normal(size=(1, 64 * 50)).astype(np.float32)
    stream = dg.Stream(model)
    cuts = [0, 7, 8, 11, 30, 33, 50]
    blocks = [audio[:, 64 * a : 64 * b] for a, b in itertools.pairwise(cuts)]
    found = np.concatenate([stream({"audio": x})["out"] for x in blocks], axis=1)[:, 4:]
    wanted = offline({"audio": audio})["out"].numpy()[:, : found.shape[1]]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_frames_of_two_hops_do_not_meet() -> None:
    """`check` knows what a stream would need."""
    both = "both: {op: concat, inputs: [memory, f0_hz]}"
    with pytest.raises(dg.GraphError, match=r"has a frame every 128 samples, 'input_2' one every 64 samples"):
        dg.load(SPECTRA.format(more=both, out="both"))
