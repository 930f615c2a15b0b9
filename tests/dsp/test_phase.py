"""Phase: exact over any length, equal in closed form and as a running sum."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.dsp.phase import wrapped_cumsum
from tests.dsp import reference
from tests.dsp.golden import phase_distance

RNG = np.random.default_rng(5)


def exact_phase(f0_hz: np.ndarray, n_samples: int, sample_rate: float = 16000.0) -> np.ndarray:
    return 2.0 * np.pi * np.cumsum(reference.resample(f0_hz, n_samples) / sample_rate, axis=1)


@pytest.mark.parametrize(("n_frames", "n_samples"), [(50, 3200), (50, 157), (50, 25), (1, 64000), (7, 1), (33, 4410)])
def test_frames_in_closed_form(n_frames: int, n_samples: int) -> None:
    f0_hz = RNG.uniform(-100.0, 8000.0, size=(2, n_frames, 3)).astype(np.float32)
    phase = dsp.frame_phase(f0_hz, n_samples)
    assert phase.shape == (2, n_samples, 3)
    assert phase.dtype == tf.float32
    assert phase_distance(phase, exact_phase(f0_hz, n_samples)) < 1e-6
    later = dsp.frame_phase(f0_hz, n_samples, initial_phase=[[[1.5]]])
    assert phase_distance(later, phase + 1.5) < 1e-6


def test_ten_minutes_at_4_khz() -> None:
    """T25: 10 minutes of a 4 kHz tone, against float64."""
    rate, seconds = 16000, 600
    n = rate * seconds
    hz = np.float32(4000.1)
    phase = dsp.frame_phase(np.full([1, 50 * seconds, 1], hz), n, rate).numpy()[0, :, 0]
    exact = np.modf(np.arange(1, n + 1, dtype=np.float64) * float(hz) / rate)[0] * 2.0 * np.pi
    assert phase_distance(phase, exact) < 1e-5
    tone = np.sin(phase[-rate:])
    noise = tone - np.sin(exact[-rate:])
    assert 10.0 * np.log10(np.sum(tone**2) / np.sum(noise**2)) > 100.0


def test_running_sum_of_ten_minutes() -> None:
    """In float32 it would be over a thousand radians off."""
    n = 600 * 16000
    hz = np.float32(439.7)
    phase = dsp.accumulate_phase(np.full([1, n], hz), 16000).numpy()[0]
    assert phase_distance(phase[-1000:], 2.0 * np.pi * float(hz) * np.arange(n - 999, n + 1) / 16000) < 1e-5


def test_an_hour_of_frames() -> None:
    """Where the last of 900,000 blocks begins; a plain float64 sum is 1e-4 cycles off."""
    cycles_per_frame = float(np.float32(439.7)) * 64 / 16000
    last = wrapped_cumsum(tf.fill([1, 900_000], tf.constant(cycles_per_frame, tf.float64))).numpy()[0, -1]
    off = last - 900_000 * cycles_per_frame
    assert abs(off - round(off)) < 1e-6


def test_five_hours_of_frames() -> None:
    """What whole chunks add is wrapped before it is summed: 5e6 unwrapped starts are 1.1e-6 cycles off, these 7e-8."""
    cycles_per_frame, n_frames = float(np.float32(439.7)) * 64 / 16000, 5_000_000
    last = wrapped_cumsum(tf.fill([1, n_frames], tf.constant(cycles_per_frame, tf.float64))).numpy()[0, -1]
    exact = float(n_frames * Fraction(cycles_per_frame) % 1)
    assert abs((last - exact + 0.5) % 1.0 - 0.5) < 3e-7


def test_a_phase_never_reaches_a_whole_turn() -> None:
    """What lies so little below a turn that float32 rounds it up begins the next one."""
    phase = dsp.accumulate_phase(np.float32([[-1e-5, 0.0, 1e-5, 440.0]]), 16000).numpy()
    assert phase.min() >= 0.0
    assert phase.max() < np.float32(2.0 * np.pi)
    np.testing.assert_array_equal(phase[0, :2], 0.0)


def test_sums_agree_and_are_wrapped() -> None:
    f0_hz = np.full([1, 20, 1], 777.7, np.float32)
    closed = dsp.frame_phase(f0_hz, 1280).numpy()
    summed = dsp.accumulate_phase(np.full([1, 1280, 1], 777.7)).numpy()
    omega = np.full([1, 1280, 1], 2.0 * np.pi * 777.7 / 16000)
    for other in (summed, dsp.angular_cumsum(omega), dsp.angular_cumsum(omega, chunk_size=7)):
        assert phase_distance(closed, other) < 1e-4
    for phase in (closed, summed, dsp.angular_cumsum(-omega[..., 0]).numpy()):
        assert phase.min() >= 0.0
        assert phase.max() < 2.0 * np.pi


def test_first_sample_is_one_step_old() -> None:
    np.testing.assert_allclose(dsp.frame_phase([[[1000.0]]], 1), [[[2.0 * np.pi / 16.0]]], rtol=1e-6)
    np.testing.assert_allclose(dsp.angular_cumsum([[0.5, 0.25]]), [[0.5, 0.75]], rtol=1e-6)


def test_one_trace_and_its_gradient() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None, 1]), tf.TensorSpec([], tf.int32)])
    def gradient_of_sum(f0_hz: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(f0_hz)
            y = tf.reduce_sum(dsp.frame_phase(f0_hz, n))
        return tape.gradient(y, f0_hz)

    for frames, n in ((5, 80), (5, 83), (1, 9)):
        f0_hz = RNG.uniform(10.0, 50.0, size=(2, frames, 1)).astype(np.float32)
        for frame in range(frames):
            step = np.eye(frames)[frame][None, :, None]
            slope = reference.slope(lambda x: np.sum(exact_phase(x, n)), f0_hz[:1], step, 1e-3)  # noqa: B023
            np.testing.assert_allclose(gradient_of_sum(f0_hz, n)[0, frame, 0], slope, rtol=1e-3)
    assert gradient_of_sum.experimental_get_tracing_count() == 1
