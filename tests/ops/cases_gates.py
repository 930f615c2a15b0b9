"""Small cases of what a gate drives, for the contract test."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.gates import Adsr, SampleHold

_GATE = np.repeat([[0.0, 1.0, 0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 1.0, 0.0, 0.5]], [1, 2, 1, 3, 1, 4], axis=1)

CASES = {
    "adsr": lambda: (
        Adsr(frame_rate=500.0, sample_rate=16_000.0),
        {
            "gate": _GATE[:, :, None],
            "attack": np.full((2, 12, 1), 0.003),
            "decay": np.linspace(0.002, 0.02, 24).reshape(2, 12, 1),
            "sustain": np.linspace(0.3, 0.8, 24).reshape(2, 12, 1),
            "release": np.full((2, 12, 1), 0.01),
            "onset": np.linspace(0.0, 0.9, 24).reshape(2, 12, 1),
        },
    ),
    "sample_hold": lambda: (
        SampleHold(),
        {"x": np.linspace(-1.0, 1.0, 48).reshape(2, 12, 2), "trigger": _GATE[:, :, None] * [1.0, 0.0]},
    ),
}
