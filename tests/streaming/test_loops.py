"""Loops, against SciPy's recursive filters and loops in float64: offline, block by block, and with gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import lfilter

import ddspgraph as dg
from ddspgraph.dsp.streams.lines import tap_weights
from ddspgraph.ir.graph import Graph, Ref
from ddspgraph.streaming.loop import Loop

#: float32 sums of a few hundred turns against float64: some units in the last place of a peak of about 5.
CLOSE = 4e-6
#: Blocks of a stream: shorter than a turn, longer, of one sample, a whole number of turns, and not.
BLOCKS = (1, 7, 500, 1024, 2000, 400, 68)
N = sum(BLOCKS)


def spec(feedback: str, nodes: str, *, inputs: str = "", outputs: str = "audio: into", clock: str = "") -> str:
    return f"""
version: 2
name: loop
clock: {{sample_rate: 16 kHz{clock}}}
inputs:
  dry: {{rate: audio}}
{inputs}
feedback:
{feedback}
nodes:
{nodes}
outputs: {{{outputs}}}
"""


ECHO_NODES = "  into: {op: add, inputs: [dry, echo]}\n  damp: {op: multiply, inputs: [into, 0.7]}"


def sound(batch: int = 2, n: int = N) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(batch, n)).astype(np.float32)


def streamed(text: str, inputs: Mapping[str, np.ndarray], output: str = "audio") -> tuple[np.ndarray, int]:
    """The output of a stream in `BLOCKS`, and how late it is."""
    stream = dg.compile(text, streaming=True)
    names = [i.name for i in stream.block_inputs]
    constants = {name: x for name, x in inputs.items() if name not in names}
    state = stream.initial_state(inputs["dry"].shape[0], constants=constants)
    made, at = [], 0
    for n in BLOCKS:
        state, outputs = stream.process(state, {name: inputs[name][:, at : at + n] for name in names})
        made.append(outputs[output].numpy())
        at += n
    return np.concatenate(made, axis=1), stream.latencies[output]


def comb(x: np.ndarray, taps: Mapping[int, float]) -> np.ndarray:
    """y(t) = x(t) + sum of gain * y(t - delay), in float64."""
    a = np.zeros(max(taps) + 1)
    a[0] = 1.0
    for delay, gain in taps.items():
        a[delay] -= gain
    return lfilter([1.0], a, x.astype(np.float64))


def loop_of(graph: Graph) -> Loop:
    (loop,) = [node.op for node in graph.nodes if isinstance(node.op, Loop)]
    return loop


@pytest.mark.parametrize("delay", [1, 2, 63, 64, 500])
def test_a_comb_is_the_recursive_filter(delay: int) -> None:
    text = spec(f"  echo: {{from: damp, delay: {delay} samples}}", ECHO_NODES)
    x = sound()
    wanted = comb(x, {delay: 0.7})
    model = dg.compile(text)
    np.testing.assert_allclose(model({"dry": x})["audio"], wanted, atol=CLOSE)
    assert loop_of(model.optimised).block == delay
    heard, latency = streamed(text, {"dry": x})
    assert latency == 0
    np.testing.assert_allclose(heard, wanted, atol=CLOSE)


@pytest.mark.parametrize("interpolation", ["linear", "lagrange3"])
def test_a_fraction_of_a_sample_is_read_between_samples(interpolation: str) -> None:
    text = spec(f"  echo: {{from: damp, delay: 100.37 samples, interpolation: {interpolation}}}", ECHO_NODES)
    x = sound()
    first = 100 if interpolation == "linear" else 99
    weights = tap_weights(interpolation, 0.37)
    wanted = comb(x, {first + i: 0.7 * float(w) for i, w in enumerate(weights)})
    np.testing.assert_allclose(dg.compile(text)({"dry": x})["audio"], wanted, atol=CLOSE)
    np.testing.assert_allclose(streamed(text, {"dry": x})[0], wanted, atol=CLOSE)


def test_without_an_interpolator_the_nearest_sample_is_read() -> None:
    text = spec("  echo: {from: damp, delay: 100.6 samples, interpolation: none}", ECHO_NODES)
    x = sound()
    np.testing.assert_allclose(dg.compile(text)({"dry": x})["audio"], comb(x, {101: 0.7}), atol=CLOSE)


def test_a_time_that_is_whole_samples_is_whole() -> None:
    """31 ms at 48 kHz is computed as 1488.0000000000002: it has no fraction to interpolate."""
    for rate, ms in ((48_000, 31.0), (44_100, 10.0), (16_000, 380.0)):
        text = spec(f"  echo: {{from: damp, delay: {ms} ms}}", ECHO_NODES).replace("16 kHz", f"{rate} Hz")
        assert loop_of(dg.compile(text).optimised).block == rate * ms / 1000


def moving_reference(x: np.ndarray, delay: np.ndarray) -> np.ndarray:
    """y(t) = x(t) + 0.7 y(t - d(t)), read linearly, in float64."""
    y = np.zeros(x.shape)
    for t in range(x.shape[1]):
        whole = math.floor(delay[t])
        between = delay[t] - whole
        for tap, weight in ((0, 1.0 - between), (1, between)):
            if t - whole - tap >= 0:
                y[:, t] += 0.7 * weight * y[:, t - whole - tap]
        y[:, t] += x[:, t]
    return y


@pytest.mark.parametrize("unit", ["samples", "ms", "s", "Hz"])
def test_a_moving_delay_in_any_unit(unit: str) -> None:
    text = spec(
        "  echo: {from: damp, delay: age, min: 50 samples, max: 150 samples, interpolation: linear}",
        ECHO_NODES,
        inputs=f"  age: {{rate: audio, channels: 1, unit: {unit}}}",
    )
    x, samples = sound(), 100.0 + 40.0 * np.sin(np.arange(N) / 300.0)
    said = {"samples": samples, "ms": samples / 16.0, "s": samples / 16_000.0, "Hz": 16_000.0 / samples}[unit]
    age = np.tile(said.astype(np.float32)[None, :, None], (2, 1, 1))
    # The delay as the float32 input says it: near 150 samples it is known to 1e-5 of a sample.
    exact = {"samples": 1.0, "ms": 16.0, "s": 16_000.0}.get(unit, 0.0) * age[0, :, 0].astype(np.float64)
    wanted = moving_reference(x, exact if unit != "Hz" else 16_000.0 / age[0, :, 0].astype(np.float64))
    inputs = {"dry": x, "age": age}
    np.testing.assert_allclose(dg.compile(text)(inputs)["audio"], wanted, atol=2e-5)
    np.testing.assert_allclose(streamed(text, inputs)[0], wanted, atol=2e-5)


def test_a_delay_beyond_its_ends_is_held_there() -> None:
    text = spec(
        "  echo: {from: damp, delay: age, min: 50 samples, max: 150 samples}",
        ECHO_NODES,
        inputs="  age: {rate: const, shape: [1], unit: samples}",
    )
    x = sound()
    for given, held in ((10.0, 50), (4000.0, 150)):
        made = dg.compile(text)({"dry": x, "age": np.full((2, 1), given, np.float32)})["audio"]
        np.testing.assert_allclose(made, comb(x, {held: 0.7}), atol=CLOSE)


def test_a_filter_that_is_late_shortens_the_blocks_and_not_the_echo() -> None:
    """Offline the filter's delay is undone: in the loop it must be, whatever its blocks are."""
    nodes = (
        "  into: {op: add, inputs: [dry, echo]}\n"
        "  low: {op: sinc_filter, inputs: [into, 3 kHz], params: {window_size: 65}}\n"
        "  damp: {op: multiply, inputs: [low, 0.9]}"  # alone its ripple would make the loop grow
    )
    text = spec("  echo: {from: damp, delay: 400 samples}", nodes)
    x = sound()
    model = dg.compile(text)
    low = dg.ops.SincFilter(sample_rate=16_000.0, window_size=65)
    wanted = x.copy()
    for _ in range(N // 336):
        damped = 0.9 * low(wanted, np.full((1, 1, 1), 3000.0, np.float32)).numpy()
        wanted = x + np.pad(damped, ((0, 0), (400, 0)))[:, :N]
    assert loop_of(model.optimised).block == 400 - 32
    np.testing.assert_allclose(model({"dry": x})["audio"], wanted, atol=1e-4)  # sums of eleven transforms
    heard, latency = streamed(text, {"dry": x})
    np.testing.assert_allclose(heard[:, latency:], wanted[:, : N - latency], atol=1e-4)


def test_the_longest_line_is_cut_and_the_others_run_through() -> None:
    """Two lines in one cycle: blocks are as long as the longer of them."""
    nodes = "  into: {op: add, inputs: [dry, near]}\n  damp: {op: multiply, inputs: [far, 0.6]}"
    text = spec("  far: {from: into, delay: 300 samples}\n  near: {from: damp, delay: 7 samples}", nodes)
    x = sound()
    model = dg.compile(text)
    assert loop_of(model.optimised).block == 300
    np.testing.assert_allclose(model({"dry": x})["audio"], comb(x, {307: 0.6}), atol=CLOSE)
    np.testing.assert_allclose(streamed(text, {"dry": x})[0], comb(x, {307: 0.6}), atol=CLOSE)


def test_loops_within_a_loop() -> None:
    """y = x + 0.4 y(t - 300) + 0.5 y(t - 120): two cycles that share a node are one loop."""
    nodes = (
        "  both: {op: add, inputs: [long, short]}\n  into: {op: add, inputs: [both, dry]}\n"
        "  low: {op: multiply, inputs: [into, 0.4]}\n  high: {op: multiply, inputs: [into, 0.5]}"
    )
    text = spec("  long: {from: low, delay: 300 samples}\n  short: {from: high, delay: 120 samples}", nodes)
    x = sound()
    model = dg.compile(text)
    assert loop_of(model.optimised).block == 120
    np.testing.assert_allclose(model({"dry": x})["audio"], comb(x, {300: 0.4, 120: 0.5}), atol=CLOSE)
    np.testing.assert_allclose(streamed(text, {"dry": x})[0], comb(x, {300: 0.4, 120: 0.5}), atol=CLOSE)


def test_a_line_in_no_cycle_is_a_plain_delay() -> None:
    text = spec("  later: {from: dry, delay: 123 samples}", "  into: {op: add, inputs: [dry, later]}")
    x = sound()
    wanted = x + np.pad(x, ((0, 0), (123, 0)))[:, :N]
    np.testing.assert_allclose(dg.compile(text)({"dry": x})["audio"], wanted, atol=1e-6)
    np.testing.assert_allclose(streamed(text, {"dry": x})[0], wanted, atol=1e-6)


def test_a_control_loop_at_frame_rate() -> None:
    """y(i) = x(i) + 0.5 y(i - 2), frames of 100 samples."""
    text = spec(
        "  before: {from: half, delay: 2 frames, rate: frame}",
        "  level: {op: add, inputs: [control, before]}\n  half: {op: multiply, inputs: [level, 0.5]}",
        inputs="  control: {rate: frame}",
        outputs="level: level, dry: dry",
        clock=", hop: 100",
    )
    control = np.random.default_rng(3).normal(size=(1, 40, 1)).astype(np.float32)
    made = dg.compile(text)({"dry": sound(1, 4000), "control": control})["level"]
    np.testing.assert_allclose(made[..., 0], comb(control[..., 0], {2: 0.5}), atol=1e-6)


def test_channels_have_delays_of_their_own() -> None:
    text = spec(
        "  bus: {from: damp, delay: [101 samples, 257 samples], channels: 2}",
        "  wide: {op: concat, inputs: [dry, dry]}\n"
        "  into: {op: add, inputs: [wide, bus]}\n  damp: {op: multiply, inputs: [into, 0.7]}",
    )
    x = sound()
    made = dg.compile(text)({"dry": x})["audio"]
    for channel, delay in enumerate((101, 257)):
        np.testing.assert_allclose(made[..., channel], comb(x, {delay: 0.7}), atol=CLOSE)
    np.testing.assert_allclose(streamed(text, {"dry": x})[0], made, atol=1e-6)


def test_gradients_reach_the_input_and_what_is_in_the_loop() -> None:
    text = spec(
        "  echo: {from: damp, delay: 400 samples}",
        "  into: {op: add, inputs: [dry, echo]}\n  damp: {op: multiply, inputs: [into, gain]}",
        inputs="  gain: {rate: const, shape: [1]}",
    )
    model = dg.compile(text)
    x, gain = tf.constant(sound()), tf.constant([[0.5], [0.7]])
    with tf.GradientTape() as tape:
        tape.watch([x, gain])
        energy = tf.reduce_sum(tf.square(model({"dry": x, "gain": gain})["audio"]), axis=1)
    by_input, by_gain = tape.gradient(energy, [x, gain])

    def exact(x: np.ndarray, gain: float) -> Any:
        return (comb(x[None], {400: gain}) ** 2).sum()

    step = 1e-5
    for item, g in enumerate((0.5, 0.7)):
        row = x.numpy()[item].astype(np.float64)
        slope = (exact(row, g + step) - exact(row, g - step)) / (2 * step)
        np.testing.assert_allclose(by_gain[item, 0], slope, rtol=1e-4)
        moved = [row + sign * step * (np.arange(N) == 123) for sign in (1, -1)]
        np.testing.assert_allclose(
            by_input[item, 123], (exact(moved[0], g) - exact(moved[1], g)) / (2 * step), rtol=1e-4
        )


def test_the_gradient_of_a_moving_delay() -> None:
    """Of an interpolated delay, against differences of the float64 loop."""
    text = spec(
        "  echo: {from: damp, delay: age, min: 50 samples, max: 150 samples, interpolation: linear}",
        ECHO_NODES,
        inputs="  age: {rate: const, shape: [1], unit: samples}",
    )
    model, x = dg.compile(text), sound(1, 600)
    age = tf.constant([[80.4]])
    with tf.GradientTape() as tape:
        tape.watch(age)
        energy = tf.reduce_sum(tf.square(model({"dry": x, "age": age})["audio"]))
    slope = tape.gradient(energy, age).numpy()[0, 0]
    ends = [(moving_reference(x, np.full(600, 80.4 + d)) ** 2).sum() for d in (1e-4, -1e-4)]
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / 2e-4, rtol=1e-3)


def test_gradients_end_where_they_are_cut_off() -> None:
    """Of the last sample: it reaches the input of its own stretch, and none before, while the sound stays."""
    text = spec("  echo: {from: damp, delay: 100 samples}", ECHO_NODES)
    cut = spec("  echo: {from: damp, delay: 100 samples, truncate: 500 samples}", ECHO_NODES)
    x = tf.constant(sound(1, 1200))
    slopes = {}
    for name, each in (("whole", text), ("cut", cut)):
        model = dg.compile(each)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = model({"dry": x})["audio"]
            last = y[:, -1]
        np.testing.assert_allclose(y, comb(x.numpy(), {100: 0.7}), atol=CLOSE)
        slopes[name] = tape.gradient(last, x).numpy()[0]
    assert (slopes["whole"][99::100] > 0).all()
    np.testing.assert_allclose(slopes["cut"][1000:], slopes["whole"][1000:], rtol=1e-6)
    assert not slopes["cut"][:1000].any()


def test_values_within_a_loop_can_be_looked_at() -> None:
    text = spec("  echo: {from: damp, delay: 100 samples}", ECHO_NODES)
    x = sound()
    model = dg.compile(text)
    seen = model.signals({"dry": x})
    into = comb(x, {100: 0.7})
    np.testing.assert_allclose(seen["damp/signal"], 0.7 * into, atol=CLOSE)
    np.testing.assert_allclose(seen["echo/signal"], np.pad(0.7 * into, ((0, 0), (100, 0)))[:, :N], atol=CLOSE)


@pytest.mark.parametrize("n", [1, 99, 100, 101])
def test_clips_shorter_and_longer_than_a_turn(n: int) -> None:
    text = spec("  echo: {from: damp, delay: 100 samples}", ECHO_NODES)
    x = sound(1, n)
    np.testing.assert_allclose(dg.compile(text)({"dry": x})["audio"], comb(x, {100: 0.7}), atol=CLOSE)


def test_an_input_may_be_called_like_an_argument_of_a_kernel() -> None:
    nodes = ECHO_NODES.replace("dry", "seed")
    text = spec("  echo: {from: damp, delay: 100 samples}", nodes).replace("dry:", "seed:")
    x = sound()
    np.testing.assert_allclose(dg.compile(text)({"seed": x})["audio"], comb(x, {100: 0.7}), atol=CLOSE)


def test_silence_stays_silence() -> None:
    text = spec("  echo: {from: damp, delay: 100 samples}", ECHO_NODES)
    assert not dg.compile(text)({"dry": np.zeros((1, 1000), np.float32)})["audio"].numpy().any()


VOICES = """
version: 2
name: combs
clock: {sample_rate: 16 kHz}
inputs:
  dry: {rate: audio}
graphs:
  comb:
    inputs: {audio: {rate: audio}, gain: {rate: const}, age: {rate: const, shape: [1], unit: samples}}
    feedback:
      echo: {from: damp, delay: age, min: 50 samples, max: 150 samples}
    nodes:
      into: {op: add, inputs: [audio, echo]}
      damp: {op: multiply, inputs: [into, gain]}
    outputs: {audio: into}
nodes:
  combs:
    graph: comb
    voices: 3
    inputs: {audio: dry, gain: {each: [0.7, -0.5, 0.2]}, age: {each: [[60], [101], [149]]}}
  sum: {op: mix_voices, inputs: [combs]}
outputs: {each: combs, sum: sum}
"""


def test_each_voice_of_a_part_has_a_line_of_its_own() -> None:
    x = sound()
    wanted = np.stack([comb(x, {60: 0.7}), comb(x, {101: -0.5}), comb(x, {149: 0.2})], axis=1)
    made = dg.compile(VOICES)({"dry": x})
    np.testing.assert_allclose(made["each"], wanted, atol=CLOSE)
    np.testing.assert_allclose(made["sum"], wanted.sum(axis=1), atol=2 * CLOSE)
    np.testing.assert_allclose(streamed(VOICES, {"dry": x}, "sum")[0], wanted.sum(axis=1), atol=2 * CLOSE)


def test_a_line_with_voices_of_its_own() -> None:
    text = spec(
        "  echo: {from: damp, delay: 100 samples, voices: 2}",
        "  into: {op: add, voices: 2, inputs: [dry, echo]}\n"
        "  damp: {op: multiply, voices: 2, inputs: [into, {each: [0.7, 0.3]}]}",
    )
    x = sound()
    made = dg.compile(text)({"dry": x})["audio"]
    for voice, gain in enumerate((0.7, 0.3)):
        np.testing.assert_allclose(made[:, voice], comb(x, {100: gain}), atol=CLOSE)


def test_a_line_of_a_part_without_voices_within_stays_plain() -> None:
    """Nothing tells the voices of this part apart: it runs once."""
    text = VOICES.replace("gain: {each: [0.7, -0.5, 0.2]}, age: {each: [[60], [101], [149]]}", "gain: 0.7, age: [60]")
    graph = dg.load(text.replace("  sum: {op: mix_voices, inputs: [combs]}\n", "").replace(", sum: sum", ""))
    assert graph.types[Ref("combs.echo", "signal")].voices is None


def test_an_empty_batch_beside_a_held_delay_is_empty() -> None:
    """A loop of an entry with a constant, one row for all, has as many items as the call, 0 included."""
    spec = {
        "version": 2,
        "name": "t",
        "clock": {"sample_rate": "16 kHz", "hop": 100},
        "inputs": {"audio": {"rate": "audio"}},
        "feedback": {"past": {"from": "gated", "delay": "40 samples", "channels": 2, "unit": "s"}},
        "nodes": {"gated": {"op": "gate", "inputs": {"audio": "audio", "threshold": -6.0, "release": "past"}}},
        "outputs": {"audio": "gated"},
    }
    spec["nodes"]["gated"]["inputs"] |= {"attack": 0.1, "hold": 0.1, "hysteresis": -6.0}
    model = dg.compile(spec)
    for batch in (0, 1, 3):
        assert model({"audio": sound(batch, 800)})["audio"].shape == (batch, 800, 2)
