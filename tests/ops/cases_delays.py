"""Cases of delays and of effects that a slow wave moves for the contract test: knobs that move."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.delays import Delay, Multitap
from ddspgraph.ops.modulation import Chorus, Flanger, Phaser, Tremolo, Vibrato

RATE = 16_000


def _audio(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, 192))


def _smooth(seed: int, low: float, high: float) -> np.ndarray:
    """A control at audio rate that goes from one number to another."""
    ends = np.random.default_rng(seed).uniform(low, high, (2, 2))
    return np.linspace(ends[:, 0], ends[:, 1], 192, axis=1)


def _knobs(seed: int, **ranges: tuple[float, float]) -> dict[str, np.ndarray]:
    return {"audio": _audio(seed)} | {
        name: _smooth(seed + i + 1, *ends) for i, (name, ends) in enumerate(ranges.items())
    }


CASES = {
    "delay": lambda: (Delay(sample_rate=RATE, longest=5.0), _knobs(300, time=(1e-3, 4e-3))),
    "multitap": lambda: (
        Multitap(sample_rate=RATE, longest=10.0),
        {
            "audio": _audio(303),
            "times": np.array([[0.0, 1.03e-3, 6.2e-3], [1e-4, 4.01e-3, 9e-3]]),
            "gains": np.array([[1.0, -0.5, 0.3], [0.8, 0.4, -0.2]]),
        },
    ),
    "chorus": lambda: (Chorus(sample_rate=RATE), _knobs(310, rate=(50, 90), depth=(1e-3, 4e-3), delay=(0, 2e-3))),
    "flanger": lambda: (Flanger(sample_rate=RATE), _knobs(320, rate=(50, 90), mix=(0.3, 0.7))),
    "vibrato": lambda: (Vibrato(sample_rate=RATE), _knobs(330, rate=(50, 90), depth=(1e-3, 2e-3))),
    "tremolo": lambda: (Tremolo(sample_rate=RATE, shape="triangle"), _knobs(340, rate=(50, 90), depth=(0.2, 1.0))),
    "phaser": lambda: (Phaser(sample_rate=RATE), _knobs(350, rate=(50, 90), low=(200, 500), high=(2000, 4000))),
}
