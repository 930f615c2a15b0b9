"""Small cases of noise, effects, reverbs and rate conversions, for the contract test."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.effects import FIRFilter, ModDelay, SincFilter
from ddspgraph.ops.fdn import Fdn
from ddspgraph.ops.noise import FilteredNoise
from ddspgraph.ops.rates import Resample, TensorToAudio
from ddspgraph.ops.reverbs import ExpDecayReverb, FilteredNoiseReverb, Reverb


def _normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


CASES = {
    "filtered_noise": lambda: (FilteredNoise(hop_samples=32), {"magnitudes": _normal(1, 2, 6, 9)}),
    "reverb": lambda: (Reverb(), {"audio": _normal(2, 2, 192), "ir": _normal(3, 2, 50)}),
    "exp_decay_reverb": lambda: (
        ExpDecayReverb(reverb_length=40),
        {"audio": _normal(4, 2, 192), "gain": _normal(5, 2), "decay": _normal(6, 2)},
    ),
    "filtered_noise_reverb": lambda: (
        FilteredNoiseReverb(trainable=True, reverb_length=50, n_frames=7, n_filter_banks=5),
        {"audio": _normal(7, 2, 192)},
    ),
    "fir_filter": lambda: (
        FIRFilter(window_size=0),
        {"audio": _normal(8, 2, 192), "magnitudes": _normal(9, 2, 6, 9)},
    ),
    "sinc_filter": lambda: (
        SincFilter(sample_rate=16_000, window_size=16),
        {
            "audio": _normal(10, 2, 192),
            "cutoff_frequency": np.random.default_rng(11).uniform(500.0, 5000.0, (2, 6, 1)),
        },
    ),
    "mod_delay": lambda: (
        ModDelay(sample_rate=16_000, center_ms=2.0, depth_ms=1.0),
        {"audio": _normal(12, 2, 192), "gain": _normal(13, 2, 192, 1), "phase": _normal(14, 2, 192, 1)},
    ),
    "fdn": lambda: (
        Fdn(sample_rate=16_000, delays=(1.0, 1.5, 2.0, 3.1), matrix="orthogonal", learn=True),
        {"audio": _normal(17, 2, 192), "t60": np.array([0.1, 0.2]), "t60_high": np.array([0.05, 0.1])},
    ),
    "resample": lambda: (Resample(hop_samples=32), {"inputs": _normal(15, 2, 6, 3)}),
    "tensor_to_audio": lambda: (TensorToAudio(), {"samples": _normal(16, 2, 192, 1)}),
}
