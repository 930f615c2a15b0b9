"""Pan, width, middle and side, matrices of channels: against what their formulas promise."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp, ops
from tests.ops.checks import results_of

SOUND = np.random.default_rng(1).uniform(-1.0, 1.0, [2, 101]).astype(np.float32)
STEREO = np.random.default_rng(2).uniform(-1.0, 1.0, [2, 101, 2]).astype(np.float32)
PLACES = np.linspace(-1.0, 1.0, 101, dtype=np.float32)[None, :, None]
#: Two roundings of numbers up to 2.
ROUNDED = 5e-7


def _panned(law: str) -> np.ndarray:
    return results_of(ops.Pan(law=law), audio=SOUND, position=PLACES)["signal"]


def test_constant_power_is_constant() -> None:
    np.testing.assert_allclose(np.sum(_panned("-3 dB") ** 2, axis=-1), SOUND**2, atol=ROUNDED)


def test_the_linear_law_adds_up_to_the_sound() -> None:
    np.testing.assert_allclose(np.sum(_panned("-6 dB"), axis=-1), SOUND, atol=ROUNDED)


def test_the_law_between_is_the_geometric_mean_of_both() -> None:
    between = _panned("-4.5 dB")
    np.testing.assert_allclose(between**2, _panned("-3 dB") * _panned("-6 dB"), atol=ROUNDED)
    np.testing.assert_array_equal(np.sign(between[:, 1:-1]), np.sign(SOUND[:, 1:-1, None]).repeat(2, axis=-1))


@pytest.mark.parametrize(("law", "level_db"), [("-3 dB", -3.0103), ("-4.5 dB", -4.5154), ("-6 dB", -6.0206)])
def test_a_law_is_called_by_its_level_in_the_middle(law: str, level_db: float) -> None:
    left, right = dsp.pan_gains(tf.constant([0.0]), law)
    np.testing.assert_allclose(20.0 * np.log10([left[0], right[0]]), level_db, atol=1e-4)


@pytest.mark.parametrize("law", ["-3 dB", "-4.5 dB", "-6 dB"])
def test_at_and_beyond_the_ends_one_side_is_silent_and_slopes_are_finite(law: str) -> None:
    position = tf.constant([-7.0, -1.0, 1.0, 7.0])
    with tf.GradientTape() as tape:
        tape.watch(position)
        left, right = dsp.pan_gains(position, law)
        total = tf.reduce_sum(left + 2.0 * right)
    np.testing.assert_allclose(left, [1.0, 1.0, 0.0, 0.0], atol=ROUNDED)
    np.testing.assert_allclose(right, [0.0, 0.0, 1.0, 1.0], atol=ROUNDED)
    assert np.isfinite(np.asarray(tape.gradient(total, position))).all()


def test_left_right_undoes_mid_side() -> None:
    parts = results_of(ops.MidSide(), audio=STEREO)
    np.testing.assert_allclose(parts["mid"], STEREO.mean(axis=-1), atol=ROUNDED)
    np.testing.assert_allclose(results_of(ops.LeftRight(), **parts)["signal"], STEREO, atol=ROUNDED)


@pytest.mark.parametrize("width", [0.0, 1.0, 2.0])
def test_width_multiplies_what_the_channels_differ_by_and_keeps_their_middle(width: float) -> None:
    wide = results_of(ops.Width(), audio=STEREO, width=np.full([1, 1, 1], width))["signal"]
    np.testing.assert_allclose(wide[..., 0] - wide[..., 1], width * (STEREO[..., 0] - STEREO[..., 1]), atol=2 * ROUNDED)
    np.testing.assert_allclose(wide.mean(axis=-1), STEREO.mean(axis=-1), atol=ROUNDED)


def test_a_matrix_and_its_inverse_leave_the_channels_as_they_are() -> None:
    rotation = np.array([[[0.8, 0.6], [-0.6, 0.8]]], np.float32)
    turned = results_of(ops.Matrix(), audio=STEREO, matrix=rotation)["signal"]
    np.testing.assert_allclose(turned, np.einsum("bti,ij->btj", STEREO, rotation[0]), atol=ROUNDED)
    back = results_of(ops.Matrix(), audio=turned, matrix=np.linalg.inv(rotation))["signal"]
    np.testing.assert_allclose(back, STEREO, atol=2 * ROUNDED)


def test_mid_and_side_are_a_matrix() -> None:
    parts = results_of(ops.MidSide(), audio=STEREO)
    matrix = np.array([[[0.5, 0.5], [0.5, -0.5]]], np.float32)
    sums = results_of(ops.Matrix(), audio=STEREO, matrix=matrix)["signal"]
    np.testing.assert_allclose(sums, np.stack([parts["mid"], parts["side"]], axis=-1), atol=ROUNDED)


def test_an_unknown_law_is_refused() -> None:
    with pytest.raises(ValueError, match="law must be"):
        dsp.pan_gains([0.0], "-9 dB")
