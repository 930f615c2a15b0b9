"""A compiled graph: one function for any batch and length, only the inputs it needs, seeded, typed errors."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg

GRAPHS = sorted((Path(__file__).parents[2] / "graphs").glob("*.yaml"))
#: With one small transform in its loss: each takes a second to trace.
SOLO = (
    (Path(__file__).parents[2] / "graphs" / "solo_controls.yaml")
    .read_text()
    .replace("{mag_weight", "{fft_sizes: [256], mag_weight")
)
GAIN = """
version: 2
name: louder
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {audio: {rate: audio}}
nodes: {out: {op: gain, inputs: {audio: audio, gain: 6 dB}}}
outputs: {audio: out}
"""


def inputs_of(graph: dg.Graph, batch: int, frames: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Plausible numbers for every input."""
    generator = np.random.default_rng(seed)
    sizes = {"batch": batch, "frames": frames, "samples": frames * (graph.clock.hop_samples or 64)}
    found = {}
    for item in graph.inputs:
        x = generator.normal(size=[dim.at(sizes, 5) for dim in item.signal.outer_dims])
        x = {"Hz": 200.0 + 50.0 * np.abs(x), "midi": 60.0 + x, "linear": np.abs(x)}.get(item.signal.unit.value, x)
        found[item.name] = x.astype(np.float32)
    return found


@functools.cache
def compiled(path: Path) -> dg.CompiledGraph:
    return dg.compile(path)


@pytest.mark.parametrize("path", GRAPHS, ids=lambda p: p.stem)
def test_one_trace_serves_any_batch_and_length(path: Path) -> None:
    model = compiled(path)
    assert not [w for w in model.graph.warnings if w.code != "W108"], "an example has no warnings"
    for batch, frames in ((1, 130), (3, 100), (2, 160)):
        given = inputs_of(model.graph, batch, frames)
        outputs = model(given)
        assert all(np.isfinite(value).all() for value in outputs.values())
        if any(item.signal.rate is dg.Rate.FRAME for item in model.graph.inputs):
            for name, ref in model.graph.outputs:
                expected = [d.at({"batch": batch, "frames": frames}) for d in model.graph.types[ref].outer_dims]
                assert outputs[name].shape.as_list() == expected
    assert model.render.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("path", GRAPHS, ids=lambda p: p.stem)
def test_optimised_equals_legal(path: Path) -> None:
    """The passes change what is computed in no way that can be heard: outputs equal the unoptimised signals."""
    model = compiled(path)
    given = inputs_of(model.graph, 2, 120)
    signals = model.signals(given, seed=5)
    for name, ref in model.graph.outputs:
        np.testing.assert_allclose(model(given, seed=5)[name], signals[str(ref)], rtol=1e-5, atol=1e-5)


def test_only_needed_inputs_are_asked_for() -> None:
    model = dg.compile(SOLO, params={"n_harmonics": 8})
    given = inputs_of(model.graph, 1, 20)
    del given["target"]
    audio = model(given)["audio"]
    assert audio.shape == (1, 1280)
    with pytest.raises(dg.GraphError, match="E603 the input 'target'"):
        model.losses(given)
    losses = model.losses({**given, "target": audio})
    assert losses["total"] == losses["spectral"]


def test_seed_gives_the_noise() -> None:
    model = dg.compile(SOLO, params={"n_harmonics": 8})
    given = inputs_of(model.graph, 1, 20)
    first, again, other = model(given, seed=1), model(given, seed=1), model(given, seed=2)
    np.testing.assert_array_equal(first["audio"], again["audio"])
    assert np.abs(first["audio"] - other["audio"]).max() > 1e-4


def test_same_seed_same_first_weights() -> None:
    first, again = dg.compile(SOLO), dg.compile(SOLO)
    assert [v.name for v in first.trainable_variables] == ["wet/ir:0"]
    np.testing.assert_array_equal(first.trainable_variables[0], again.trainable_variables[0])
    assert first.trainable_variables[0].shape == (48_000,)


@pytest.mark.parametrize("samples", [1, 63, 64, 65, 1000])
def test_any_length_comes_back_as_long_as_it_went_in(samples: int) -> None:
    model = dg.compile(GAIN)
    x = np.linspace(-1, 1, samples, dtype=np.float32)[None]
    np.testing.assert_allclose(model({"audio": x})["audio"], x * 10 ** (6 / 20), rtol=1e-5)


def test_gradients_reach_variables_and_inputs() -> None:
    model = dg.compile(SOLO, params={"n_harmonics": 8})
    given = {k: tf.constant(v) for k, v in inputs_of(model.graph, 1, 20).items()}
    with tf.GradientTape() as tape:
        tape.watch(given["amplitudes"])
        total = model.losses(given)["total"]
    gradients = tape.gradient(total, [*model.trainable_variables, given["amplitudes"]])
    assert all(np.isfinite(g).all() and np.abs(g).max() > 0 for g in gradients)


def test_what_a_caller_gets_wrong() -> None:
    model = dg.compile(SOLO, params={"n_harmonics": 8})
    good = inputs_of(model.graph, 1, 20)

    def codes(**changes: object) -> list[str]:
        with pytest.raises(dg.GraphError) as error:
            model({**good, **changes})
        assert error.value.exit_code == 4
        return [d.code for d in error.value.diagnostics]

    assert codes(f0_hz=None) == ["E603"]
    assert codes(f0hz=good["f0_hz"]) == ["E604"]
    assert codes(f0_hz=good["f0_hz"][0]) == ["E605"]
    assert codes(f0_hz=[["a"]]) == ["E605"]
    assert codes(harmonic_distribution=np.zeros([1, 20, 9])) == ["E605"]
    assert codes(f0_hz=good["f0_hz"][:, :19]) == ["E606"]


def test_a_call_that_would_take_too_much_memory_is_refused() -> None:
    model = dg.compile(SOLO, params={"n_harmonics": 8}, limits=dg.Limits(memory_bytes=64 << 20))
    with pytest.raises(dg.GraphError, match="E708") as error:
        model(inputs_of(model.graph, 16, 1000))
    assert error.value.exit_code == 5


def test_n_samples_on_a_node_holds_at_the_call() -> None:
    spec = GAIN.replace(
        "nodes: {", "nodes: {tone: {op: harmonic, params: {n_samples: 640}, inputs: [0.5, [1.0], 440 Hz]}, "
    )
    model = dg.compile(spec.replace("outputs: {audio: out}", "outputs: {audio: out, tone: tone}"))
    assert model({"audio": np.zeros([1, 640])})["tone"].shape == (1, 640)
    with pytest.raises(dg.GraphError, match="E606"):
        model({"audio": np.zeros([1, 1280])})


def test_a_graph_without_inputs_lasts_as_long_as_the_clock_says() -> None:
    model = dg.compile(Path(__file__).parents[2] / "graphs" / "additive_bell.yaml")
    audio = model()["audio"].numpy()
    assert audio.shape == (1, 6 * 48_000)
    assert 0.1 < np.abs(audio).max() <= 1.0
    spectrum = np.abs(np.fft.rfft(audio[0, :48_000] * np.hanning(48_000)))
    assert np.argmax(spectrum) in (219, 220, 221), "the prime sounds loudest"
