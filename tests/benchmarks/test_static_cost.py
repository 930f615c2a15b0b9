"""The cost of every work of the benchmark's table, counted from its graph: timing is for `make bench`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from cases import N_HARMONICS, N_SINUSOIDS, TABLE, Case
from static_cost import cost_of, static_cost

M = 10  # columns of the harmonic sum at 100 harmonics
SINES = 2 * (M + N_HARMONICS // M)  # of a sample: columns and rows; those that cross Nyquist are few

#: work, backward too -> most transcendental functions a sample, most elements a sample of one tensor, operations.
MOST = {
    ("harmonic", False): (36.0, 12.0, 620),
    ("harmonic", True): (37.5, 12.0, 1200),
    ("sinusoidal", False): (N_SINUSOIDS + 0.5, 16.5, 300),
    ("wavetable", False): (0.1, 32.1, 480),  # the wavetables themselves are 32 a sample
    ("noise", False): (2.1, 3.0, 370),
    ("reverb", False): (1.9, 1.8, 115),  # the convolution's turning weights
    ("spectral_loss", False): (12.5, 4.0, 1700),
    ("chain", False): (39.5, 12.0, 980),
    ("chain_loss", True): (54.5, 12.0, 5000),
}


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_cost_of_the_table(case: Case) -> None:
    cost = cost_of(case)
    samples = case.batch * case.n_samples
    transcendental, largest, operations = MOST[case.work, case.grad]
    assert not cost.unknown
    assert cost.transcendental <= transcendental * samples
    assert cost.largest <= largest * samples, cost.largest_name
    assert cost.operations <= operations


@pytest.mark.parametrize("grad", [False, True])
def test_harmonic_sum_is_factored(grad: bool) -> None:
    """Its sines grow with 2 sqrt(K), not with K, and the gradient takes no new ones."""
    case = Case("harmonic", grad=grad)
    cost = cost_of(case)
    assert cost.sines <= SINES * case.n_samples + 1000
    assert cost.largest < case.n_samples * N_HARMONICS / 4, "an envelope at audio rate"


def test_memory_of_long_audio_is_that_of_its_controls() -> None:
    """600 s: outside of a pass no tensor has more than 4 numbers a sample, and a pass is as long as ever."""
    case = Case("harmonic", seconds=600.0)
    cost = cost_of(case)
    assert cost.unknown, "the tensors of a pass, whose shapes its highest harmonic decides"
    assert cost.largest <= 4 * case.n_samples, cost.largest_name


def test_loops_count_as_often_as_they_run() -> None:
    def repeated(x: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(
            lambda i, _: i < 5, lambda i, y: (i + 1, tf.sin(y)), (tf.constant(0), tf.cos(x)), maximum_iterations=5
        )[1]

    cost = static_cost(repeated, [np.zeros([3, 7], np.float32)])
    assert (cost.elements["Sin"], cost.elements["Cos"], cost.largest) == (5 * 21, 21, 21)


def test_shapes_that_values_decide_are_those_of_a_run() -> None:
    cost = static_cost(lambda x: tf.sin(tf.boolean_mask(x, x > 0.5)), [np.float32([0.0, 1.0, 2.0])])
    assert cost.elements["Sin"] == 2
    assert not cost.unknown


def test_endless_loops_are_noticed() -> None:

    def endless(x: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(lambda y: tf.reduce_sum(y) < 1.0, lambda y: (tf.sin(y),), (x,))[0]

    with pytest.raises(ValueError, match="unknown length"):
        static_cost(endless, [np.zeros([3], np.float32)])
