"""A small case of the oscillator, for the contract test: every port that it has, moving."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.oscillator import Oscillator

_T = np.arange(256) / 256.0

CASES = {
    "oscillator": lambda: (
        Oscillator(shape="square", sample_rate=16_000.0, hop_samples=32),
        {
            "f0_hz": np.stack([300.0 + 400.0 * _T, 2_000.0 * np.sin(9.0 * _T)]),
            "phase": np.stack([np.sin(40.0 * _T), 5.0 * _T]),
            "width": np.stack([0.1 + 0.8 * _T, 0.5 - 0.3 * _T]),
            "sync_hz": np.stack([0.0 * _T + 130.0, 700.0 - 600.0 * _T]),
        },
    ),
}
