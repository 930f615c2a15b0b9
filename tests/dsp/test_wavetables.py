"""Wavetable lookup and synthesis against float64 definitions."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp
from tests.dsp import reference
from tests.dsp.golden import relative_l2

RNG = np.random.default_rng(23)


def lookup(phase: np.ndarray, tables: np.ndarray) -> np.ndarray:
    """Linear interpolation in tables [batch, samples, entries] at phases [batch, samples], both float64."""
    entries = tables.shape[-1]
    lower = np.floor(phase * entries).astype(int)
    between = phase * entries - lower

    def at(index: np.ndarray) -> np.ndarray:
        return np.take_along_axis(tables, (index % entries)[..., None], axis=2)[..., 0]

    return (1.0 - between) * at(lower) + between * at(lower + 1)


@pytest.mark.parametrize(("batch", "n", "entries"), [(2, 500, 64), (1, 1, 1), (3, 77, 7), (1, 300, 2048)])
def test_lookup(batch: int, n: int, entries: int) -> None:
    phase = RNG.uniform(size=(batch, n)).astype(np.float32)
    tables = RNG.normal(size=(batch, n, entries)).astype(np.float32)
    expected = lookup(phase.astype(np.float64), tables)
    np.testing.assert_allclose(dsp.linear_lookup(phase[..., None], tables), expected, atol=1e-3 * entries / 512)
    np.testing.assert_array_equal(dsp.linear_lookup(phase, tables), dsp.linear_lookup(phase[..., None], tables))
    one = np.repeat(tables[:, :1], n, axis=1)
    np.testing.assert_array_equal(dsp.linear_lookup(phase, tables[:, 0]), dsp.linear_lookup(phase, one))


def test_the_ends_of_the_table_meet() -> None:
    table = np.float32([[[0.0, 1.0, 2.0, 3.0]]])
    phase = np.float32([[0.0, 0.125, 0.75, 0.875, 1.0, 1.125, 1.25, -0.125, -0.25, 7.0, -7.0]])
    got = dsp.linear_lookup(phase, table)
    np.testing.assert_allclose(got, [[0.0, 0.5, 3.0, 1.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    ones = dsp.linear_lookup(phase, np.ones([1, 1, 4]))
    np.testing.assert_allclose(ones, [[1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0, 0.5, 0.0, 0.0, 0.0]])


def test_wavetable_of_harmonics() -> None:
    distribution = RNG.uniform(size=(2, 3, 5))
    j = np.arange(64)
    cosines = np.cos(2.0 * np.pi * np.arange(1, 6)[:, None] * j / 64)
    np.testing.assert_allclose(
        dsp.harmonic_distribution_to_wavetable(distribution, 64), distribution @ cosines, atol=1e-6
    )
    assert dsp.harmonic_distribution_to_wavetable(distribution, 11).shape == (2, 3, 10)
    with pytest.raises(ValueError, match=r"5 harmonics don't fit a wavetable of 9 entries: 4 would"):
        dsp.harmonic_distribution_to_wavetable(distribution, 9)


@pytest.mark.parametrize(("frames", "tables", "n"), [(25, 25, 1600), (7, 3, 700), (1, 1, 50), (10, 4, 630)])
def test_synthesis_against_its_definition(frames: int, tables: int, n: int) -> None:
    f0_hz = RNG.uniform(-50.0, 1500.0, size=(2, frames, 1)).astype(np.float32)
    amplitudes = RNG.uniform(size=(2, frames, 1)).astype(np.float32)
    waves = RNG.normal(size=(2, tables, 128)).astype(np.float32)
    cycles = reference.resample(f0_hz, n)[..., 0] / 16000
    phase = np.cumsum(cycles, axis=1) - cycles
    values = lookup(phase - np.floor(phase), reference.resample(waves, n))
    exact = reference.resample(amplitudes, n, "window")[..., 0] * values
    assert relative_l2(dsp.wavetable_synthesis(f0_hz, amplitudes, waves, n), exact) < 2e-5


def test_synthesis_of_one_table() -> None:
    """A sine table of 2048 entries is a sine, to the -110 dB of its interpolation."""
    table = np.sin(2.0 * np.pi * np.arange(2048) / 2048).astype(np.float32)
    f0_hz, amplitudes = np.full([1, 50, 1], 440.0), np.ones([1, 50, 1])
    exact = np.sin(2.0 * np.pi * 440.0 * np.arange(3200) / 16000)[None]
    for shape in ([2048], [1, 2048], [1, 1, 2048]):
        assert relative_l2(dsp.wavetable_synthesis(f0_hz, amplitudes, table.reshape(shape), 3200), exact) < 3e-6
    assert relative_l2(dsp.wavetable_synthesis(f0_hz[..., 0], amplitudes, table, 3200), exact) < 3e-6


def test_one_trace_any_size() -> None:
    spec = tf.TensorSpec([None, None, 1])

    @tf.function(input_signature=[spec, spec, tf.TensorSpec([None, None, 32])])
    def dynamic(f0_hz: tf.Tensor, amplitudes: tf.Tensor, tables: tf.Tensor) -> tf.Tensor:
        return dsp.wavetable_synthesis(f0_hz, amplitudes, tables, 40 * tf.shape(f0_hz)[1])

    for batch, frames in ((1, 10), (3, 4)):
        values = [np.full([batch, frames, 1], 333.0), np.ones([batch, frames, 1])]
        values = [np.float32(x) for x in (*values, RNG.normal(size=(batch, frames, 32)))]
        exact = dsp.wavetable_synthesis(*values, 40 * frames)
        np.testing.assert_allclose(dynamic(*values), exact, atol=1e-5)
    assert dynamic.experimental_get_tracing_count() == 1


def test_gradients_against_float64_differences() -> None:
    f0_hz, waves = np.full([1, 3, 1], 317.0, np.float32), RNG.normal(size=(1, 3, 8)).astype(np.float32)
    amplitudes, g = RNG.uniform(size=(1, 3, 1)).astype(np.float32), RNG.normal(size=(1, 30))

    def definition(f0_hz: np.ndarray, amplitudes: np.ndarray, waves: np.ndarray) -> float:
        cycles = reference.resample(f0_hz, 30)[..., 0] / 16000
        values = lookup(np.cumsum(cycles, axis=1) - cycles, reference.resample(waves, 30))
        return float(np.sum(reference.resample(amplitudes, 30, "window")[..., 0] * values * g))

    values = [tf.constant(x) for x in (f0_hz, amplitudes, waves)]
    with tf.GradientTape() as tape:
        tape.watch(values)
        y = tf.reduce_sum(dsp.wavetable_synthesis(*values, 30) * g)
    for index, gradient in enumerate(tape.gradient(y, values)):
        direction = RNG.normal(size=gradient.shape)

        def along(x: np.ndarray, index: int = index) -> float:
            return definition(*[x if i == index else v for i, v in enumerate((f0_hz, amplitudes, waves))])

        slope = reference.slope(along, (f0_hz, amplitudes, waves)[index], direction, 1e-5)
        np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-3)


@pytest.mark.parametrize("phase", [0.0, 1.0, 0.5, -1e9, 1e9, np.inf, -np.inf])
def test_edges_are_finite(phase: float) -> None:
    for n in (1, 4):
        phases, tables = tf.fill([1, n, 1], np.float32(phase)), tf.ones([1, n, 8])
        with tf.GradientTape() as tape:
            tape.watch([phases, tables])
            y = dsp.linear_lookup(phases, tables)
        assert np.all(np.isfinite(y))
        for gradient in tape.gradient(y, [phases, tables]):
            assert np.all(np.isfinite(gradient))
    assert np.isnan(dsp.linear_lookup([[np.nan]], [[[1.0, 2.0]]]))  # a NaN is not hidden, and reads no memory


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"9 phases but tables for 8 samples"):
        dsp.linear_lookup(np.ones([1, 9, 1]), np.ones([1, 8, 4]))
    with pytest.raises(ValueError, match=r"ranks 1 and 3"):
        dsp.linear_lookup(np.ones([9]), np.ones([1, 8, 4]))
    with pytest.raises(ValueError, match=r"amplitudes need rank 3"):
        dsp.wavetable_synthesis(np.ones([1, 4, 1]), np.ones([1, 4]), np.ones([8]), 64)
    with pytest.raises(ValueError, match=r"65 timesteps are no multiple of 4"):
        dsp.wavetable_synthesis(np.ones([1, 4, 1]), np.ones([1, 4, 1]), np.ones([8]), 65)


def test_no_items_read_one_table() -> None:
    """A batch of none, as a recording of a set that is empty: its size is 0, not that of what is repeated."""
    table = np.ones([1, 1, 4], np.float32)
    assert dsp.linear_lookup(np.zeros([0, 10, 1], np.float32), table).shape == [0, 10]
    assert dsp.linear_lookup(np.zeros([3, 10, 1], np.float32), table).shape == [3, 10]
    assert dsp.broadcast_batch(np.zeros([1, 10], np.float32), 0).shape == [0, 10]
