"""Small cases of the envelopes, for the contract test."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.envelopes import ExpDecay, Lfo

CASES = {
    "lfo": lambda: (Lfo(frame_rate=500.0, shape="triangle"), {"frequency_hz": np.array([3.0, 40.0])}),
    "exp_decay": lambda: (
        ExpDecay(frame_rate=500.0),
        {"amplitude": np.array([[1.0, 0.5, 0.2], [0.3, 0.1, 0.0]]), "t60": np.array([[0.1], [0.02]])},
    ),
}
