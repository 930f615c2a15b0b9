"""Dynamics against loops over samples in float64, closed forms and finite differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import tensorflow as tf

import ddspgraph as dg
from ddspgraph import dsp, ops
from ddspgraph.dsp.numerics import static_shapes
from tests.export.converted import both_ways
from tests.streaming.proof import differences, random_blocks, run_stream, tolerance

ROOT = Path(__file__).parents[2]
RATE = 48_000
#: What a gain may be off by, in dB: float32 logarithms are off by up to 1e-5.
MOST_DB = 5e-5
TIMES = [(30.0, 50.0), (5.0, 120.0), (1.0, 500.0), (50.0, 5.0), (0.0, 20.0), (20.0, 0.0)]


def share(time_ms: Any, rate: float = RATE) -> Any:
    """1 - exp(-1 / (tau rate)), in float64."""
    with np.errstate(divide="ignore"):
        return -np.expm1(-1e3 / (np.asarray(time_ms, np.float64) * rate))


def level(x: Any) -> Any:
    return 20.0 * np.log10(np.maximum(np.abs(np.asarray(x, np.float64)), 1e-6))


def static_curve(over: Any, knee: float) -> Any:
    """Eq. 4 of Giannoulis et al. by its three cases."""
    middle = (over + knee / 2) ** 2 / (2 * knee) if knee else np.maximum(over, 0.0)
    return np.where(2 * over < -knee, 0.0, np.where(2 * over > knee, over, middle))


def loop(target: Any, falling: Any, rising: Any, g: float = 0.0) -> np.ndarray:
    """The recursion, sample by sample, of one item."""
    falling, rising = (np.broadcast_to(c, np.shape(target)) for c in (falling, rising))
    result = np.empty(len(target))
    for n, t in enumerate(target):
        g += (falling[n] if t < g else rising[n]) * (t - g)
        result[n] = g
    return result


def const(x: float) -> np.ndarray:
    return np.array([[x]], np.float32)


def recording(name: str, seconds: float = 2.0) -> tuple[np.ndarray, int]:
    x, rate = soundfile.read(ROOT / "graphs" / "audio" / f"{name}.flac", dtype="float32", frames=-1)
    x = x if x.ndim == 1 else x.mean(axis=1)
    x = x[: int(seconds * rate)]
    return (x / np.abs(x).max())[None], rate


def bursts(seed: int, samples: int = 4801) -> np.ndarray:
    """Noise that comes and goes, with silence in it."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([0.0, 1e-3, 0.03, 0.3, 1.0], size=(2, samples // 200 + 1)).repeat(200, axis=1)[:, :samples]
    return (rng.normal(size=(2, samples)) * 0.5 * steps).astype(np.float32)


# -- ballistics -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("name", ["guit_e_slide", "loop_garzul", "ambi_piano"])
def test_a_compressor_is_its_loop_on_recordings(name: str, times: tuple[float, float]) -> None:
    """In few turns, but for an attack of 0, which takes over wherever it is guessed."""
    x, rate = recording(name)
    a, r = share(times, rate)
    expected = loop(-0.75 * static_curve(level(x[0]) + 30.0, 6.0), a, r)
    controls = {"threshold": -30.0, "ratio": 4.0, "attack": 1e-3 * times[0], "release": 1e-3 * times[1]}
    found = ops.Compressor(sample_rate=rate).signals(audio=x, **{name: const(v) for name, v in controls.items()})
    assert np.max(np.abs(found["gain"][0] - expected)) < MOST_DB
    np.testing.assert_allclose(found["signal"][0], x[0] * 10 ** (expected / 20), atol=1e-5)
    target = dsp.compression_db(dsp.amplitude_level(tf.constant(x)), -30.0, 4.0, 6.0)
    turns = dsp.falling_side(target, *(dsp.approach([[1e-3 * t]], rate) for t in times))[1]
    assert int(turns) <= (16 if times[0] else 45)


@pytest.mark.parametrize("samples", [0, 1, 2, 15, 16, 17, 255, 257, 1000])
def test_any_length_and_coefficients_that_move(samples: int) -> None:
    """Also where the faster of both sides changes from sample to sample, on noise: any of them ends."""
    rng = np.random.default_rng(samples)
    target = rng.normal(size=(2, samples)).astype(np.float32)
    falling, rising = rng.uniform(size=(2, 2, samples)).astype(np.float32)
    g, last = dsp.ballistics(tf.constant(target), tf.constant(falling), tf.constant(rising), tf.constant([[0.5]]))
    for item in range(2):
        expected = loop(target[item], falling[item], rising[item], 0.5)
        np.testing.assert_allclose(g[item], expected, atol=1e-6)
        if samples:
            np.testing.assert_allclose(last[item, 0], expected[-1], atol=1e-6)


def test_one_sample_after_another_is_final() -> None:
    """A target that stands still or creeps keeps the turns few: what rounding decides does not go on for ever."""
    n = 20_000
    shapes = {
        "still": np.full(n, -7.3),
        "creeping": np.linspace(0, -1e-4, n),
        "noise": np.random.default_rng(1).normal(size=n),
        "square": np.where(np.arange(n) % 7 < 3, -10.0, 0.0),
        "dying": -30.0 * np.exp(-np.arange(n) / 800.0),
    }
    for name, target in shapes.items():
        for a, r in ((0.5, 1e-4), (1e-4, 0.5), (1e-3, 1e-3)):
            turns = dsp.falling_side(tf.constant(target[None], tf.float32), tf.constant([[a]]), tf.constant([[r]]))[1]
            assert int(turns) <= 40, (name, a, r)


def test_a_step_is_an_exponential() -> None:
    """The time constant is tau: 1 - 1/e of the way."""
    x = np.r_[np.zeros(480), np.ones(4800), np.zeros(4800)][None].astype(np.float32)
    op = ops.EnvelopeFollower(sample_rate=RATE)
    y = np.asarray(op(audio=x, attack=const(0.01), release=const(0.03)))[0].astype(np.float64)
    t = np.arange(1, 4801) / RATE
    np.testing.assert_allclose(y[480:5280], 1.0 - np.exp(-t / 0.01), atol=1e-6)
    np.testing.assert_allclose(y[5280:], y[5279] * np.exp(-t / 0.03), atol=1e-6)


def test_an_rms_envelope_of_a_sine() -> None:
    wave = np.sin(2 * np.pi * 1000.0 * np.arange(RATE) / RATE)[None].astype(np.float32)
    op = ops.EnvelopeFollower(sample_rate=RATE, detector="rms")
    y = np.asarray(op(audio=wave, attack=const(0.0), release=const(0.0), window=const(0.05)))
    np.testing.assert_allclose(y[0, -1000:], np.sqrt(0.5), rtol=0.01)  # ripple of 2 kHz through 50 ms


# -- gradients --------------------------------------------------------------------------------------------


def _difference(f: Callable[[float], float], x: float) -> float:
    step = 1e-5 * max(abs(x), 1e-3)
    return (f(x + step) - f(x - step)) / (2.0 * step)


@pytest.mark.parametrize("what", ["threshold", "ratio", "knee", "attack", "release", "makeup"])
def test_gradients_of_a_compressor_are_those_of_float64_differences(what: str) -> None:
    x = bursts(3, 2000)[:1]
    values = {"threshold": -30.0, "ratio": 4.0, "knee": 6.0, "attack": 2e-3, "release": 2e-2, "makeup": 3.0}
    weights = np.random.default_rng(4).normal(size=x.shape)

    def total(value: float) -> float:
        v = values | {what: value}
        target = (1.0 / v["ratio"] - 1.0) * static_curve(level(x[0]) - v["threshold"], v["knee"])
        g = loop(target, share(1e3 * v["attack"]), share(1e3 * v["release"]))
        return float(np.sum(weights[0] * x[0] * 10 ** ((g + v["makeup"]) / 20)) + 0.01 * np.sum(weights[0] * g))

    controls = {name: tf.constant([[v]], tf.float32) for name, v in values.items()}
    with tf.GradientTape() as tape:
        tape.watch(controls[what])
        found = ops.Compressor(sample_rate=RATE).signals(audio=x, **controls)
        loss = tf.reduce_sum(weights * tf.cast(found["signal"], tf.float64))
        loss += 0.01 * tf.reduce_sum(weights * tf.cast(found["gain"], tf.float64))
    expected = _difference(total, values[what])
    assert float(tape.gradient(loss, controls[what])[0, 0]) == pytest.approx(expected, rel=2e-3)


def test_gradients_of_controls_at_audio_rate() -> None:
    """A finite difference of each of some samples, in float64."""
    x = bursts(5, 400)[:1]
    release = np.random.default_rng(6).uniform(5e-3, 2e-2, x.shape)
    moving = tf.constant(release, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(moving)
        how = {"threshold": const(-30.0), "ratio": const(4.0), "attack": const(1e-3)}
        loss = tf.reduce_sum(ops.Compressor(sample_rate=RATE).signals(audio=x, **how, release=moving)["gain"])
    gradient = np.asarray(tape.gradient(loss, moving))[0]
    target = -0.75 * static_curve(level(x[0]) + 30.0, 6.0)

    def total(n: int, value: float) -> float:
        times = release[0].copy()
        times[n] = value
        return float(np.sum(loop(target, share(1.0), share(1e3 * times))))

    for n in range(7, 400, 45):
        expected = _difference(lambda value, n=n: total(n, value), release[0, n])  # type: ignore[misc]
        assert gradient[n] == pytest.approx(expected, rel=2e-3, abs=2e-3 * float(np.abs(gradient).max()))


@pytest.mark.parametrize("op", [ops.Compressor, ops.Expander, ops.Gate])
@pytest.mark.parametrize("beyond", [-1e9, 0.0, 1e9])
def test_what_is_out_of_range_is_taken_for_the_nearest(op: Any, beyond: float) -> None:
    """No control makes a number that is none, nor a gradient; and the gradient is there to bring it back."""
    x = tf.constant(bursts(7, 1000))
    names = [name for name in op.inputs if name not in ("audio", "key")]
    controls = {name: tf.constant([[beyond]], tf.float32) for name in names}
    with tf.GradientTape() as tape:
        tape.watch([x, *controls.values()])
        found = op(sample_rate=RATE, detector="rms").signals(audio=x, **controls)
        loss = tf.add_n([tf.reduce_sum(y) for y in found.values()])
    for value in [*found.values(), *(g for g in tape.gradient(loss, [x, *controls.values()]) if g is not None)]:
        assert np.isfinite(value.numpy()).all()


# -- curves, keys, channels, lookahead --------------------------------------------------------------------


@pytest.mark.parametrize("knee", [0.0, 6.0, 20.0])
def test_levels_at_rest(knee: float) -> None:
    """What a constant level comes to is the static curve."""
    levels = np.linspace(-60.0, 0.0, 61)
    x = (10.0 ** (levels / 20.0))[:, None].repeat(32, axis=1).astype(np.float32)
    now = {"attack": const(0.0), "release": const(0.0), "knee": const(knee), "threshold": const(-30.0)}
    down = ops.Compressor(sample_rate=RATE).signals(audio=x, ratio=const(5.0), **now)["gain"][:, -1]
    np.testing.assert_allclose(down, -0.8 * static_curve(levels + 30.0, knee), atol=3e-4)
    up = ops.Expander(sample_rate=RATE).signals(audio=x, ratio=const(3.0), range=const(25.0), **now)["gain"][:, -1]
    np.testing.assert_allclose(up, -np.minimum(2.0 * static_curve(-30.0 - levels, knee), 25.0), atol=3e-4)


def test_an_expander_is_its_loop() -> None:
    x = bursts(8)
    times = {"attack": const(1e-3), "release": const(3e-2)}
    op = ops.Expander(sample_rate=RATE)
    found = op.signals(audio=x, threshold=const(-30.0), ratio=const(2.0), range=const(30.0), **times)["gain"]
    for item in range(2):
        target = -np.minimum(static_curve(-30.0 - level(x[item]), 6.0), 30.0)
        np.testing.assert_allclose(found[item], loop(target, share(30.0), share(1.0)), atol=MOST_DB)


@pytest.mark.parametrize(("hysteresis", "hold"), [(0.0, 0.0), (6.0, 0.0), (6.0, 2.0)])
def test_a_gate_is_its_loop(hysteresis: float, hold: float) -> None:
    x = bursts(9)
    how = {"threshold": -30.0, "attack": 1e-3, "release": 1e-2, "hold": 1e-3 * hold, "hysteresis": hysteresis}
    found = ops.Gate(sample_rate=RATE).signals(audio=x, range=const(60.0), **{n: const(v) for n, v in how.items()})
    for item in range(2):
        up, since, is_open = False, 10**9, []
        for each in level(x[item]):
            up = each > -30.0 or (up and each >= -30.0 - hysteresis)
            since = 0 if up else since + 1
            is_open.append(since <= hold * 1e-3 * RATE)
        assert 0.1 < np.mean(is_open) < 0.9
        g = 60.0 * (loop(np.array(is_open, float), share(10.0), share(1.0)) - 1.0)
        np.testing.assert_allclose(found["gain"][item], g, atol=MOST_DB)


def test_a_key_of_its_own_sound_changes_nothing() -> None:
    x = bursts(10)
    how = {"threshold": const(-30.0), "ratio": const(4.0), "attack": const(1e-3), "release": const(0.1)}
    op = ops.Compressor(sample_rate=RATE)
    np.testing.assert_array_equal(op(audio=x, **how), op(audio=x, key=x, **how))
    np.testing.assert_array_equal(op(audio=x, key=np.zeros_like(x), **how), x)  # nothing to hear, nothing to do


def test_lookahead_is_the_gain_of_later() -> None:
    x = bursts(11)
    how = {"threshold": const(-30.0), "ratio": const(4.0), "attack": const(1e-3), "release": const(0.1)}
    gain = ops.Compressor(sample_rate=RATE).signals(audio=x, **how)["gain"].numpy()
    early = ops.Compressor(sample_rate=RATE, lookahead=1.0).signals(audio=x, **how)
    np.testing.assert_array_equal(early["gain"][:, :-48], gain[:, 48:])
    np.testing.assert_array_equal(early["gain"][:, -48:], gain[:, -1:].repeat(48, axis=1))
    np.testing.assert_allclose(early["signal"], x * 10 ** (early["gain"].numpy() / 20), rtol=1e-5)


SPEC = """
version: 2
name: bus
clock: {sample_rate: 48 kHz, frame_rate: 250 Hz}
inputs: {mix: {rate: audio, channels: 2}, kick: {rate: audio, channels: 2}}
nodes:
  glue: {op: compressor, inputs: {audio: mix, threshold: -30 dB, ratio: 4, attack: 5 ms, release: 120 ms}}
  apart:
    op: compressor
    inputs: {audio: mix, threshold: -30 dB, ratio: 4, attack: 5 ms, release: 120 ms}
    params: {link: false}
  duck: {op: compressor, inputs: {audio: mix, key: kick, threshold: -30 dB, ratio: 4, attack: 5 ms, release: 120 ms}}
outputs: {glue: glue, gain: glue/gain, apart: apart, gains: apart/gain, duck: duck, ducking: duck/gain}
"""


def test_channels_are_linked_unless_they_are_not_to_be() -> None:
    model = dg.compile(SPEC)
    types = {name: str(model.graph.types[ref].shape_text) for name, ref in model.graph.outputs}
    assert types["gain"] == types["ducking"] == "[batch, 192*frames]"
    assert types["gains"] == types["apart"] == types["glue"] == "[batch, 192*frames, 2]"
    left, right = bursts(12, 4800)[:, None]
    mix, kick = np.stack([left, 0.1 * right], axis=-1), np.stack([0.2 * right, left], axis=-1)
    found = {name: y.numpy() for name, y in model({"mix": mix, "kick": kick}).items()}
    how = {"threshold": const(-30.0), "ratio": const(4.0), "attack": const(5e-3), "release": const(0.12)}
    op = ops.Compressor(sample_rate=RATE)
    loudest = op.signals(audio=np.abs(mix).max(axis=-1), **how)["gain"].numpy()
    np.testing.assert_allclose(found["gain"], loudest, atol=1e-5)
    np.testing.assert_allclose(found["glue"], mix * 10 ** (loudest[..., None] / 20), atol=1e-5)
    for channel in range(2):
        alone = op.signals(audio=mix[..., channel], **how)
        np.testing.assert_allclose(found["apart"][..., channel], alone["signal"], atol=1e-5)
        np.testing.assert_allclose(found["gains"][..., channel], alone["gain"], atol=1e-5)
    by_kick = op.signals(audio=mix[..., 0], key=np.abs(kick).max(axis=-1), **how)
    np.testing.assert_allclose(found["duck"][..., 0], by_kick["signal"], atol=1e-5)


# -- streams and exports ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lookahead", [0.0, 2.0])
def test_linked_channels_stream(lookahead: float) -> None:
    """Key, lookahead, controls at frame rate, RMS: blocks of any length give what the whole gives, later."""
    spec = f"""
version: 2
name: bus
clock: {{sample_rate: 16 kHz, frame_rate: 250 Hz}}
inputs:
  mix: {{rate: audio, channels: 2}}
  kick: {{rate: audio}}
  threshold: {{rate: frame, unit: dB}}
  makeup: {{rate: frame, unit: dB}}
nodes:
  duck:
    op: compressor
    inputs: {{audio: mix, key: kick, threshold: threshold, ratio: 4, attack: 1 ms, release: 20 ms, makeup: makeup}}
    params: {{detector: rms, lookahead: {lookahead} ms}}
  pump:
    op: gate
    inputs: {{audio: duck, threshold: -35 dB, attack: 1 ms, release: 5 ms}}
    params: {{lookahead: 1 ms}}
outputs: {{duck: duck, gain: duck/gain, pump: pump, open: pump/gain}}
"""
    model = dg.compile(spec)
    stream = dg.compile_stream(model)
    frames, rng = 60, np.random.default_rng(13)
    mix, kick = bursts(14, 64 * frames), bursts(15, 64 * frames)
    inputs = {
        "mix": np.stack([mix, mix[::-1]], axis=-1),
        "kick": kick,
        "threshold": rng.uniform(-50.0, -20.0, (2, frames, 1)).astype(np.float32),
        "makeup": rng.uniform(0.0, 10.0, (2, frames, 1)).astype(np.float32),
    }
    offline = {name: y.numpy() for name, y in model(inputs).items()}
    streamed = run_stream(stream, inputs, random_blocks(frames, rng), batch=2)
    for name, difference in differences(stream, offline, streamed).items():
        assert difference <= tolerance(offline[name]), name


@pytest.mark.parametrize("target", ["litert", "onnx"])
@pytest.mark.parametrize("op", [ops.Compressor, ops.Gate])
def test_other_runtimes_do_the_same(op: Any, target: str) -> None:
    given = {"audio": bursts(16, 2000)}
    how = {"threshold": const(-30.0), "attack": const(1e-3), "release": const(0.02)}
    if op is ops.Compressor:
        how["ratio"] = const(4.0)
    with static_shapes():  # as an export is traced
        wanted, found = both_ways(lambda audio: op(sample_rate=RATE).signals(audio=audio, **how), target, given)
    assert np.min(wanted["gain"]) < -10.0
    for name, y in found.items():
        np.testing.assert_allclose(y, wanted[name], atol=1e-4)
