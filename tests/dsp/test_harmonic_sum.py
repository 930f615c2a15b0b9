"""The factored harmonic sum against the direct float64 sum over every sample and harmonic."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from ddspgraph import dsp
from tests.dsp import reference
from tests.dsp.golden import phase_distance, relative_l2

RNG = np.random.default_rng(17)


def controls(frames: int, k: int, batch: int = 2, high: float = 2000.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """f0, amplitude and distribution; f0 wanders so that harmonics cross Nyquist inside frames."""
    f0_hz = RNG.uniform(50.0, high, size=(batch, frames, 1)).astype(np.float32)
    amplitudes = RNG.uniform(size=(batch, frames, 1)).astype(np.float32)
    return f0_hz, amplitudes, RNG.uniform(size=(batch, frames, k)).astype(np.float32)


def synthesize(f0_hz, amplitudes, distribution, n, method: str = "window", **more):
    return dsp.harmonic_synthesis(
        f0_hz,
        amplitudes,
        harmonic_distribution=distribution,
        n_samples=n,
        amp_resample_method=method,
        **more,
    )


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
@pytest.mark.parametrize(
    ("frames", "n", "k"), [(25, 1600, 20), (10, 320, 100), (1, 256, 7), (5, 160, 1), (3, 192, 2), (4, 64, 37)]
)
def test_against_the_direct_sum(frames: int, n: int, k: int, method: str) -> None:
    for high in (300.0, 9000.0):
        f0_hz, amplitudes, distribution = controls(frames, k, high=high)
        exact = reference.harmonics(f0_hz, amplitudes, distribution, n, 16000, method)
        assert relative_l2(synthesize(f0_hz, amplitudes, distribution, n, method), exact) < 2e-6


@pytest.mark.parametrize("n", [1003, 41 * 25, 13])
def test_fractional_hops(n: int) -> None:
    f0_hz, amplitudes, distribution = controls(25, 30)
    exact = reference.harmonics(f0_hz, amplitudes, distribution, n, 16000, "linear")
    assert relative_l2(synthesize(f0_hz, amplitudes, distribution, n, "linear"), exact) < 2e-6


def test_a_minute_stays_exact() -> None:
    """60 s, 60 harmonics of a vibrato at 16 kHz."""
    frames, hop = 15000, 64
    t = np.arange(frames) / 250.0
    f0_hz = (220.0 + 6.0 * np.sin(2 * np.pi * 5.3 * t)).astype(np.float32)[None, :, None]
    amplitudes = np.full([1, frames, 1], 0.5, np.float32)
    distribution = np.tile((1.0 / np.arange(1, 61)).astype(np.float32), [1, frames, 1])
    audio = synthesize(f0_hz, amplitudes, distribution, frames * hop).numpy()
    last = slice(-16000, None)
    hz = reference.resample(f0_hz, frames * hop)[0, :, 0]
    cycles, hz = np.cumsum(hz / 16000)[last], hz[last]
    exact = sum(
        np.where(k * hz < 8000, 0.5 * float(np.float32(1.0 / k)), 0.0) * np.sin(2 * np.pi * k * cycles)
        for k in range(1, 61)
    )
    assert relative_l2(audio[0, last], exact) < 1e-5


@pytest.mark.parametrize("f0", [100.0, 8000.0 / 37, 7990.0, 8000.0])
def test_a_harmonic_at_nyquist_is_silent(f0: float) -> None:
    """k f0 >= rate / 2 decides in float32, as the product of the two; 80 * 100 Hz is silent."""
    f0_hz = np.full([1, 8, 1], f0, np.float32)
    distribution = RNG.uniform(size=(1, 8, 100)).astype(np.float32)
    sounding = np.float32(f0) * np.arange(1, 101, dtype=np.float32) < 8000.0
    angles = 2.0 * np.pi * f0_hz[0, 0].astype(np.float64) / 16000 * np.arange(1, 513)
    exact = (distribution[0, 0] * sounding) @ np.sin(np.arange(1, 101)[:, None] * angles)
    assert relative_l2(synthesize(f0_hz, [[[1.0]]], distribution[:, :1], 512)[0], exact) < 2e-5


def test_shifts_make_it_inharmonic() -> None:
    f0_hz, amplitudes, distribution = controls(20, 9)
    shifts = RNG.uniform(-0.02, 0.02, size=(2, 20, 9))
    got = synthesize(f0_hz, amplitudes, distribution, 1280, harmonic_shifts=shifts)
    exact = reference.harmonics(f0_hz, amplitudes, distribution, 1280, shifts=np.float32(shifts))
    assert relative_l2(got, exact) < 2e-6
    alone = dsp.harmonic_synthesis(f0_hz, amplitudes, shifts, n_samples=1280)
    exact = reference.harmonics(f0_hz, amplitudes, np.ones([1, 1, 9]), 1280, shifts=np.float32(shifts))
    assert relative_l2(alone, exact) < 2e-6


def test_what_broadcasts() -> None:
    """One batch of frequencies for several of amplitudes, other frame rates, lists, no distribution."""
    f0_hz, amplitudes, distribution = controls(20, 6)
    one = f0_hz[:1]
    exact = reference.harmonics(np.repeat(one, 2, axis=0), amplitudes, distribution, 640)
    assert relative_l2(synthesize(one, amplitudes, distribution, 640), exact) < 2e-6
    exact = reference.harmonics(f0_hz, amplitudes[:1], distribution[:1], 640)
    assert relative_l2(synthesize(f0_hz, amplitudes[:1], distribution[:1], 640), exact) < 2e-6
    slow = distribution[:, :5] * amplitudes[:, :5]
    exact = reference.harmonics(f0_hz, np.ones([2, 5, 1]), slow, 640)
    assert relative_l2(synthesize(f0_hz, np.ones([2, 5, 1]), slow.tolist(), 640), exact) < 2e-6
    exact = reference.harmonics(f0_hz, amplitudes, np.ones([1, 1, 1]), 640)
    assert relative_l2(dsp.harmonic_synthesis(f0_hz, amplitudes, n_samples=640), exact) < 2e-6


def test_one_trace_any_batch_any_length_any_hop() -> None:
    spec = tf.TensorSpec([None, None, 1])

    @tf.function(input_signature=[spec, spec, tf.TensorSpec([None, None, 12]), tf.TensorSpec([], tf.int32)])
    def dynamic(f0_hz, amplitudes, distribution, n):
        return synthesize(f0_hz, amplitudes, distribution, n, "linear")

    for batch, frames, n in ((1, 10, 640), (3, 25, 1600), (2, 10, 643), (1, 1, 1)):
        values = controls(frames, 12, batch)
        exact = reference.harmonics(*values, n, 16000, "linear")
        assert relative_l2(dynamic(*values, n), exact) < 2e-6
    assert dynamic.experimental_get_tracing_count() == 1


def test_compiled_by_xla() -> None:
    values = controls(10, 12)
    compiled = tf.function(lambda *values: synthesize(*values, 320), jit_compile=True)
    np.testing.assert_allclose(compiled(*map(tf.constant, values)), synthesize(*values, 320), atol=2e-5)


def test_several_passes_compiled_by_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [tf.constant(x) for x in controls(31, 12)]
    whole = synthesize(*values, 31 * 20)
    monkeypatch.setattr("ddspgraph.dsp.harmonic_sum._SAMPLES_PER_PASS", 2 * 20 * 13)
    compiled = tf.function(lambda *values: synthesize(*values, 31 * 20), jit_compile=True)
    np.testing.assert_allclose(compiled(*values), whole, atol=2e-5)


@pytest.mark.parametrize("method", ["linear", "cubic"])
def test_long_audio_in_several_passes(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The passes change neither the audio nor the gradients."""
    values = [tf.constant(x) for x in controls(101, 12)]

    def run() -> tuple:
        with tf.GradientTape() as tape:
            tape.watch(values)
            y = tf.function(synthesize)(*values, 101 * 20, method)
            loss = tf.reduce_sum(y**2)
        return (y, *tape.gradient(loss, values))

    whole = run()
    monkeypatch.setattr("ddspgraph.dsp.harmonic_sum._SAMPLES_PER_PASS", 2 * 20 * 13)
    for in_passes, at_once in zip(run(), whole, strict=True):
        np.testing.assert_allclose(in_passes, at_once, rtol=1e-4, atol=1e-6)


def test_a_stream_equals_the_whole() -> None:
    """T25: three block lengths give what one block gives."""
    frames, hop = 60, 64
    f0_hz, amplitudes, distribution = controls(frames, 8, batch=1, high=900.0)
    f0_hz[:], distribution = f0_hz.mean(), distribution / distribution.sum(axis=-1, keepdims=True)
    amplitudes[:], distribution[:] = 0.8, distribution[:, :1]
    whole, end = dsp.streaming_harmonic_synthesis(f0_hz, amplitudes, distribution, None, frames * hop)
    for block in (1, 7, 20):
        parts, phase = [], None
        for begin in range(0, frames, block):
            part = slice(begin, min(begin + block, frames))
            n = (part.stop - begin) * hop
            audio, phase = dsp.streaming_harmonic_synthesis(
                f0_hz[:, part], amplitudes[:, part], distribution[:, part], phase, n
            )
            parts.append(audio)
        np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-5)
        assert phase_distance(phase, end) < 1e-5


@pytest.mark.parametrize("seconds", [1, 4])
def test_sweep_to_twice_nyquist_fades_without_alias_or_click(seconds: int) -> None:
    """T24. What lies far below the partials while they cross Nyquist is a click; what is left above is an alias."""
    rate, hop = 16000, 64
    frames = seconds * rate // hop
    f0 = np.geomspace(20.0, 16000.0, frames).astype(np.float32)
    at = np.interp(np.arange(frames * hop) / hop, np.arange(frames), f0)
    low_pass = signal.firwin(1001, 4000.0, fs=rate, window=("kaiser", 16.0))
    ones = np.ones([1, frames, 1], np.float32)
    f0_hz = f0[None, :, None]
    tone = synthesize(f0_hz, ones, ones, frames * hop, nyquist_fade=0.1).numpy()[0]
    assert np.all(tone[at >= 8000.0] == 0.0)
    click = np.abs(signal.fftconvolve(tone, low_pass, "same")[at >= 5500.0]).max()
    assert 20.0 * np.log10(click) < -80.0
    hard = synthesize(f0_hz, ones, ones, frames * hop).numpy()[0]
    assert np.abs(signal.fftconvolve(hard, low_pass, "same")[at >= 5500.0]).max() > 1e-3  # the test can tell

    many = synthesize(f0_hz, ones, np.ones([1, frames, 30], np.float32), frames * hop, nyquist_fade=0.1).numpy()[0]
    # From 4.3 kHz on every harmonic but the first is above Nyquist for whole frames around each sample.
    alone = at > 4300.0
    alias = np.mean((many - tone)[alone] ** 2) / np.mean(tone[(at > 4300.0) & (at < 7000.0)] ** 2)
    assert 10.0 * np.log10(alias + 1e-30) < -90.0


@pytest.mark.parametrize("fade", [0.0, 0.1])
@pytest.mark.parametrize("f0", [0.0, -440.0, 4000.0, 8000.0, 3e4])
def test_edges_are_finite(f0: float, fade: float) -> None:
    for amplitude in (0.0, 1e6):
        for frames, n, k in ((4, 256, 5), (1, 1, 1), (5, 3, 2), (3, 0, 4)):
            values = [tf.fill([2, frames, 1], f0), tf.fill([2, frames, 1], amplitude), tf.ones([2, frames, k])]
            with tf.GradientTape() as tape:
                tape.watch(values)
                y = synthesize(*values, n, "linear", nyquist_fade=fade)
            assert y.shape == (2, n)
            assert np.all(np.isfinite(y))
            for gradient in tape.gradient(y, values):
                assert np.all(np.isfinite(gradient))


def test_no_batch() -> None:
    assert synthesize(np.ones([0, 4, 1]), np.ones([0, 4, 1]), np.ones([0, 4, 3]), 64).shape == (0, 64)


def test_a_frame_that_is_nan_stays_where_it_is() -> None:
    """Amplitudes of one frame reach its neighbours' samples only."""
    f0_hz, amplitudes, distribution = controls(10, 5, batch=1)
    amplitudes[:, 6] = np.nan
    audio = synthesize(f0_hz, amplitudes, distribution, 320).numpy()[0]
    assert np.all(np.isfinite(audio[: 5 * 32]))
    assert np.all(np.isfinite(audio[7 * 32 :]))


@pytest.mark.parametrize("method", ["linear", "window"])
def test_gradients_against_float64_differences(method: str) -> None:
    f0_hz, amplitudes, distribution = controls(5, 11, batch=1, high=900.0)
    g = RNG.normal(size=(1, 160))
    values = [tf.constant(x) for x in (f0_hz, amplitudes, distribution)]
    with tf.GradientTape() as tape:
        tape.watch(values)
        y = tf.reduce_sum(synthesize(*values, 160, method) * g)
    for index, gradient in enumerate(tape.gradient(y, values)):
        direction = RNG.normal(size=gradient.shape)

        def definition(x: np.ndarray, index: int = index) -> float:
            moved = [f0_hz, amplitudes, distribution]
            moved[index] = x
            return float(np.sum(reference.harmonics(*moved, 160, 16000, method) * g))

        slope = reference.slope(definition, (f0_hz, amplitudes, distribution)[index], direction, 1e-4)
        np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-3)


def test_gradients_of_the_straightforward_formulation() -> None:
    """TensorFlow's derivative of envelopes at audio rate, whose cumulative sum is in float64."""
    f0_hz, amplitudes, distribution = (tf.constant(x) for x in controls(20, 30, high=900.0))
    g = tf.constant(RNG.normal(size=(2, 1280)).astype(np.float32))

    def straightforward(f0_hz: tf.Tensor, amplitudes: tf.Tensor, distribution: tf.Tensor) -> tf.Tensor:
        hz = dsp.resample(f0_hz, 1280) * tf.range(1.0, 31.0)
        return dsp.oscillator_bank(hz, dsp.resample(amplitudes * distribution, 1280, "window"))

    found = []
    for function in (lambda *x: synthesize(*x, 1280), straightforward):
        with tf.GradientTape() as tape:
            tape.watch([f0_hz, amplitudes, distribution])
            y = tf.reduce_sum(function(f0_hz, amplitudes, distribution) * g)
        found.append(tape.gradient(y, [f0_hz, amplitudes, distribution]))
    for ours, expected in zip(*found, strict=True):
        assert relative_l2(ours.numpy(), expected.numpy()) < 1e-3


def test_errors_name_what_is_wrong() -> None:
    f0_hz, amplitudes, distribution = controls(50, 4)
    with pytest.raises(ValueError, match=r"3201 timesteps are no multiple of 50"):
        synthesize(f0_hz, amplitudes, distribution, 3201)
    with pytest.raises(ValueError, match=r"frequencies need rank 3.*not 2"):
        synthesize(f0_hz[..., 0], amplitudes, distribution, 3200)
    with pytest.raises(ValueError, match=r"'spline' is unknown"):
        synthesize(f0_hz, amplitudes, distribution, 3200, "spline")
    with pytest.raises(ValueError, match=r"number of harmonics must be positive, not 0"):
        synthesize(f0_hz, amplitudes, distribution[..., :0], 3200)


@pytest.mark.parametrize("method", ["window", "linear"])
def test_a_trace_takes_any_number_of_harmonics(method: str) -> None:
    signature = [tf.TensorSpec([None, None, size]) for size in (1, 1, None)]
    traced = tf.function(lambda *x: synthesize(*x, 3200, method), input_signature=signature)
    for n_harmonics in (1, 20):
        values = [tf.constant(x, tf.float32) for x in controls(50, n_harmonics)]
        np.testing.assert_allclose(traced(*values), synthesize(*values, 3200, method), atol=1e-5)
