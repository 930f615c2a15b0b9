"""Small cases of curves and sequences, for the contract test."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.curves import Curve, Sequence

CASES = {
    "curve": lambda: (
        Curve(frame_rate=500.0, interpolation="smooth"),
        {"times": np.array([[0.0, 0.004, 0.013], [0.002, 0.002, 0.01]]), "values": np.array([[1.0, -2.0, 3.0]] * 2)},
    ),
    "sequence": lambda: (
        Sequence(frame_rate=500.0),
        {
            "values": np.array([[60.0, 64.0, 67.0], [50.0, 55.0, 57.0]]),
            "tempo": np.linspace(3000.0, 6000.0, 16).reshape(2, 8, 1),
            "gates": np.array([[1.0, 0.0, 0.5], [1.0, 1.0, 1.0]]),
            "gate_length": np.array([0.5, 0.9]),
        },
    ),
}
