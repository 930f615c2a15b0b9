"""Cases of dynamics for the contract test: levels around the thresholds, controls that move, each channel its own.

`tests/ops/test_dynamics.py` has linked channels.
"""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.dynamics import Compressor, EnvelopeFollower, Expander, Gate, Limiter

RATE = 16_000


def _audio(seed: int) -> np.ndarray:
    """Noise whose level goes up and down."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, 192)) * 10.0 ** (rng.uniform(-60.0, 0.0, (2, 6)).repeat(32, axis=1) / 20.0)


def _moving(seed: int, low: float, high: float) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (2, 192))


def _times(seed: int) -> dict[str, np.ndarray]:
    return {"attack": _moving(seed, 1e-4, 1e-3), "release": _moving(seed + 1, 1e-3, 1e-2)}


def _level(seed: int) -> dict[str, np.ndarray]:
    return {"audio": _audio(seed), "threshold": _moving(seed + 1, -40.0, -10.0), "ratio": _moving(seed + 2, 1.0, 8.0)}


CASES = {
    "envelope_follower": lambda: (
        EnvelopeFollower(sample_rate=RATE, detector="rms"),
        {"audio": _audio(200), **_times(201), "window": _moving(203, 1e-3, 1e-2)},
    ),
    "compressor": lambda: (
        Compressor(sample_rate=RATE, lookahead=0.5, link=False),
        _level(204) | _times(207) | {"key": _audio(209), "makeup": _moving(210, 0.0, 6.0)},
    ),
    "expander": lambda: (
        Expander(sample_rate=RATE, detector="rms", link=False),
        _level(211) | _times(214) | {"knee": _moving(216, 0.0, 12.0), "range": _moving(217, 20.0, 60.0)},
    ),
    "gate": lambda: (
        Gate(sample_rate=RATE, link=False),
        {name: x for name, x in _level(218).items() if name != "ratio"}
        | _times(221)
        | {"hold": _moving(223, 0.0, 2e-3)},
    ),
    "limiter": lambda: (
        Limiter(sample_rate=RATE, lookahead=1.0, link=False),
        {"audio": _audio(224), "ceiling": _moving(225, -20.0, -3.0), "release": _moving(226, 1e-3, 1e-2)},
    ),
}
