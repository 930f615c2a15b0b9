"""A small case of the wave shaper, for the contract test."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.shapers import Waveshaper

_RNG = np.random.default_rng(8)

CASES = {
    "waveshaper": lambda: (
        Waveshaper(shape="tanh"),
        {
            "audio": 0.5 * _RNG.normal(size=(2, 192)),
            "drive": _RNG.uniform(0.0, 12.0, (2, 192)),
            "bias": _RNG.uniform(-0.2, 0.2, (2, 192)),
        },
    )
}
