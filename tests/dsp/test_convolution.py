"""Convolution against np.convolve, for every way to cut and align it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp
from tests.dsp.gradients import assert_finite, assert_gradient, assert_one_trace

RNG = np.random.default_rng(2)


def noise(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def reference(audio: np.ndarray, responses: np.ndarray, padding: str, delay: int) -> np.ndarray:
    """The definition in float64: [batch, samples] with [batch, frames, ir_samples], `delay` samples dropped."""
    batch, n = max(len(audio), len(responses)), audio.shape[1]
    frames, taps = responses.shape[1:]
    hop = -(-n // frames)
    out = np.zeros((batch, delay + 2 * (n + taps)))
    for b in range(batch):
        for f in range(frames):
            block = audio[b % len(audio), f * hop : (f + 1) * hop]
            if len(block):
                filtered = np.convolve(np.float64(block), np.float64(responses[b % len(responses), f]))
                out[b, f * hop : f * hop + len(filtered)] += filtered
    return out[:, delay : delay + (n if padding == "same" else n + taps - 1)]


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("samples", "taps"), [(1, 1), (1, 5), (5, 4), (33, 33), (20, 101), (257, 64)])
def test_one_response(samples: int, taps: int, padding: str) -> None:
    audio, response = noise(2, samples), noise(2, taps)
    for delay in (-1, 0, 1, 3, 40):
        dropped = delay if delay >= 0 else max((taps - 1) // 2 - 1, 0)
        expected = reference(audio, response[:, None], padding, dropped)
        result = dsp.fft_convolve(audio, response, padding, delay)
        np.testing.assert_allclose(result, expected, atol=2e-5, err_msg=f"delay {delay}")


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("samples", "frames", "taps"), [(20, 20, 3), (100, 7, 9), (33, 3, 64), (64, 4, 1)])
def test_a_response_for_each_frame(samples: int, frames: int, taps: int, padding: str) -> None:
    audio, responses = noise(2, samples), noise(2, frames, taps)
    for delay in (-1, 0, 3):
        dropped = delay if delay >= 0 else max((taps - 1) // 2 - 1, 0)
        expected = reference(audio, responses, padding, dropped)
        np.testing.assert_allclose(dsp.fft_convolve(audio, responses, padding, delay), expected, atol=2e-5)


def test_where_the_original_gives_nothing() -> None:
    """magenta/ddsp cuts to an empty tensor where the FFT is exactly as long as the convolution."""
    audio, response = noise(1, 5), noise(1, 4)
    result = dsp.fft_convolve(audio, response, "valid", 0)
    np.testing.assert_allclose(result[0], np.convolve(audio[0], response[0]), atol=1e-5)


@pytest.mark.parametrize(("audio_batch", "ir_batch"), [(1, 3), (3, 1)])
def test_one_batch_item_serves_all(audio_batch: int, ir_batch: int) -> None:
    audio, responses = noise(audio_batch, 40), noise(ir_batch, 4, 9)
    expected = reference(audio, responses, "same", 3)
    np.testing.assert_allclose(dsp.fft_convolve(audio, responses), expected, atol=2e-5)
    expected = reference(audio, responses[:, :1], "same", 0)
    result = dsp.fft_convolve(audio, responses[:, 0], delay_compensation=0)
    np.testing.assert_allclose(result, expected, atol=2e-5)


def test_a_delta_delays() -> None:
    audio, response = noise(1, 50), np.eye(20, dtype=np.float32)[[7]]
    delayed = dsp.fft_convolve(audio, response, delay_compensation=0)
    np.testing.assert_allclose(delayed[0, 7:], audio[0, :-7], atol=1e-6)
    np.testing.assert_allclose(dsp.fft_convolve(audio, response, "same", 7)[0], audio[0], atol=1e-6)


def test_convolution_is_linear() -> None:
    a, b, response = noise(1, 100), noise(1, 100), noise(1, 5, 16)
    together = dsp.fft_convolve(2.0 * a - b, response)
    apart = 2.0 * dsp.fft_convolve(a, response) - dsp.fft_convolve(b, response)
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_lists_integers_and_doubles() -> None:
    np.testing.assert_allclose(dsp.fft_convolve([[1, 2, 3]], [[1, 0, 2]]), [[1, 2, 5]], atol=1e-6)
    assert dsp.fft_convolve(np.ones((1, 3)), np.ones((1, 3))).dtype == tf.float32


def test_lengths_of_one_trace() -> None:
    calls = [(noise(1, n), noise(b, taps)) for n, b, taps in ((1, 1, 1), (7, 2, 3), (33, 1, 100), (0, 2, 5))]
    assert_one_trace(dsp.fft_convolve, *calls)
    calls = [(noise(2, n), noise(2, f, taps)) for n, f, taps in ((1, 1, 1), (100, 10, 33), (33, 1, 9), (0, 3, 4))]
    assert_one_trace(lambda a, i: dsp.fft_convolve(a, i, "valid", 3), *calls)


def test_gradients() -> None:
    assert_gradient(dsp.fft_convolve, noise(2, 30), noise(2, 3, 7))
    assert_gradient(lambda a, i: dsp.fft_convolve(a, i, delay_compensation=0), noise(1, 30), noise(2, 7))
    assert_finite(dsp.fft_convolve, np.zeros((1, 30)), np.zeros((1, 3, 7)))
    assert_finite(dsp.fft_convolve, np.zeros((1, 1)), np.zeros((1, 1)))


def test_crop() -> None:
    ramp = np.arange(32, dtype=np.float32)[np.newaxis]
    np.testing.assert_array_equal(dsp.crop_and_compensate_delay(ramp, 20, 10, "same", -1)[0], ramp[0, 3:23])
    beyond = dsp.crop_and_compensate_delay(ramp, 20, 10, "valid", 5)
    np.testing.assert_array_equal(beyond[0], [*range(5, 32), 0.0, 0.0])


@pytest.mark.parametrize(
    ("audio", "response", "options", "message"),
    [
        ((2, 20), (2, 5), {"padding": "full"}, "'same' or 'valid', not 'full'"),
        ((2, 20, 1), (2, 5), {}, "audio must be"),
        ((20,), (5,), {}, "audio must be"),
        ((2, 20), (2, 1, 1, 5), {}, "impulse_response must be"),
        ((2, 20), (3, 5), {}, r"audio \(2\) and of impulse_response \(3\)"),
        ((2, 20), (2, 8, 5), {}, "20 samples, 8 responses"),
        ((2, 20), (2, 0, 5), {}, "20 samples, 0 responses"),
    ],
)
def test_refusals(audio: tuple, response: tuple, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dsp.fft_convolve(np.ones(audio), np.ones(response), **options)


def test_refusal_inside_a_graph() -> None:
    spec = [tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([None, None, None], tf.float32)]
    convolve = tf.function(lambda a, i: dsp.fft_convolve(a, i), input_signature=spec)
    with pytest.raises(tf.errors.InvalidArgumentError, match="as many frames as there are impulse responses"):
        convolve(noise(1, 20), noise(1, 8, 5))
