"""Small cases of the analyses and of the partials, for the contract test (hop 32)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ddspgraph import ops
from ddspgraph.ir.op import Op

_CLOCK: dict[str, Any] = {"sample_rate": 16_000, "frame_rate": 500}
_NOISE = np.random.default_rng(4).uniform(-1.0, 1.0, (2, 256)).astype(np.float32)


def _frames(low: float, high: float, channels: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (2, 6, channels)).astype(np.float32)


CASES: dict[str, Callable[[], tuple[Op, Mapping[str, np.ndarray]]]] = {
    "loudness": lambda: (ops.Loudness(n_fft=64, **_CLOCK), {"audio": _NOISE}),
    "power": lambda: (ops.Power(frame_size=64, padding="same", **_CLOCK), {"audio": _NOISE}),
    "rms_energy": lambda: (ops.RmsEnergy(frame_size=64, padding="valid", **_CLOCK), {"audio": _NOISE}),
    "mel": lambda: (ops.Mel(bins=8, fft_size=128, sample_rate=16_000), {"audio": _NOISE}),
    "logmel": lambda: (ops.Logmel(bins=8, fft_size=256, sample_rate=16_000), {"audio": _NOISE}),
    "mfcc": lambda: (ops.Mfcc(mel_bins=16, fft_size=128, sample_rate=16_000), {"audio": _NOISE}),
    "harmonic_to_sinusoidal": lambda: (
        ops.HarmonicToSinusoidal(sample_rate=16_000),
        {"harm_amp": _frames(0, 1, 1), "harm_dist": _frames(0, 1, 10), "f0_hz": _frames(100, 1500, 1)},
    ),
    "sinusoidal_to_harmonic": lambda: (
        ops.SinusoidalToHarmonic(n_harmonics=8, sample_rate=16_000),
        {"sin_amps": _frames(0, 1, 5), "sin_freqs": _frames(100, 3000, 5), "f0_hz": _frames(100, 1500, 1)},
    ),
}
