"""Small cases of the networks and features, for the contract test (hop 32)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ddspgraph import ops
from ddspgraph.ir.op import Op

_SPLITS = (("amps", 1), ("harmonic_distribution", 3))
_RATES: dict[str, Any] = {"sample_rate": 16_000, "frame_rate": 500}


def _x(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def _audio(n_samples: int = 192) -> np.ndarray:
    return 0.3 * _x(2, n_samples, seed=7)


def _f0() -> np.ndarray:
    return np.random.default_rng(3).uniform(80, 900, (2, 6, 1)).astype(np.float32)


_PAIR = {"input_1": _x(2, 6, 1), "input_2": _x(2, 6, 1, seed=2)}

CASES: dict[str, Callable[[], tuple[Op, Mapping[str, np.ndarray]]]] = {
    "fc": lambda: (ops.Fc(ch=5), {"x": _x(2, 6, 3)}),
    "fc_stack": lambda: (ops.FcStack(ch=5), {"x": _x(2, 6, 3)}),
    "rnn": lambda: (ops.Rnn(dims=4, rnn_type="lstm", bidir=True), {"x": _x(2, 6, 3)}),
    "rnn_sandwich": lambda: (ops.RnnSandwich(fc_stack_ch=5, rnn_ch=4), {"x": _x(2, 6, 3)}),
    "rnn_fc_decoder": lambda: (ops.RnnFcDecoder(rnn_channels=4, ch=5, layers_per_stack=2, outputs=_SPLITS), _PAIR),
    "dilated_conv_stack": lambda: (
        ops.DilatedConvStack(ch=4, layers_per_stack=2, norm_type="layer"),
        {"x": _x(2, 6, 3), "z": _x(2, 6, 2)},
    ),
    "dilated_conv_decoder": lambda: (
        ops.DilatedConvDecoder(ch=4, layers_per_stack=2, spectral_norm=True, outputs=_SPLITS),
        _PAIR,
    ),
    "resnet": lambda: (ops.Resnet(size="small"), {"x": _x(2, 2, 16)}),
    "mfcc_time_distributed_rnn_encoder": lambda: (
        ops.MfccTimeDistributedRnnEncoder(rnn_channels=4, z_dims=3, z_time_steps=1000, hop_samples=32),
        {"audio": _audio()},
    ),
    "mfcc_rnn_encoder": lambda: (ops.MfccRnnEncoder(rnn_channels=4, z_dims=3), {"audio": _audio(512)}),
    "mfcc_encoder": lambda: (
        ops.MfccEncoder(fft_sizes=(256, 128), mel_bins=(32, 16), mfcc_bins=(4, 3), hop_samples=32),
        {"audio": _audio()},
    ),
    "one_hot_encoder": lambda: (ops.OneHotEncoder(vocab_size=5, n_dims=3), {"instrument": np.array([[1.0], [4.0]])}),
    "aggregate_features_encoder": lambda: (
        ops.AggregateFeaturesEncoder(ch=3),
        {"f0_scaled": _x(2, 6, 1), "ld_scaled": _x(2, 6, 1, seed=2)},
    ),
    "resnet_sinusoidal_encoder": lambda: (
        ops.ResnetSinusoidalEncoder(fft_size=128, bins=16, outputs=(("frequencies", 8), ("amplitudes", 2))),
        {"audio": _audio(96)},
    ),
    "sinusoidal_to_harmonic_encoder": lambda: (
        ops.SinusoidalToHarmonicEncoder(fc_stack_ch=5, rnn_ch=4, n_harmonics=3, f0_depth=4),
        {"sin_freqs": 300 * np.abs(_x(2, 6, 3)), "sin_amps": np.abs(_x(2, 6, 3, seed=2))},
    ),
    "normalize": lambda: (ops.Normalize(norm_type="instance"), {"x": _x(2, 6, 3)}),
    "conditional_norm": lambda: (ops.ConditionalNorm(norm_type="layer"), {"x": _x(2, 6, 3), "z": _x(2, 6, 2)}),
    "vector_quantization": lambda: (ops.VectorQuantization(k=4, num_heads=2), {"x": _x(2, 6, 4)}),
    "stop_gradient": lambda: (ops.StopGradient(), {"x": _x(2, 6, 3)}),
    "gradient_reversal": lambda: (ops.GradientReversal(), {"x": _x(2, 192)}),
    "straight_through_softmax": lambda: (ops.StraightThroughSoftmax(), {"logits": _x(2, 6, 4)}),
    "straight_through_choice": lambda: (
        ops.StraightThroughChoice(values=(-1.0, 0.5, 2.0)),
        {"logits": _x(2, 6, 3)},
    ),
    "straight_through_int_quantization": lambda: (ops.StraightThroughIntQuantization(), {"x": 3 * _x(2, 6, 3)}),
    "f0_loudness_features": lambda: (
        ops.F0LoudnessFeatures(**_RATES),
        {"f0_hz": _f0(), "audio": _audio()},
    ),
    "f0_power_features": lambda: (ops.F0PowerFeatures(**_RATES), {"f0_hz": _f0(), "audio": _audio()}),
    "online_f0_power_features": lambda: (
        ops.OnlineF0PowerFeatures(frame_size=64, **_RATES),
        {"audio": _audio(), "f0_hz": _f0()},
    ),
}
