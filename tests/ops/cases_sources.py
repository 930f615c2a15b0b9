"""Cases of constants for the contract test."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.sources import Constant, Hold

CASES = {
    "constant": lambda: (Constant(value=(1.0, 0.5, 0.25), unit="linear"), {}),
    "hold": lambda: (Hold(rate="frame"), {"value": np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)}),
}
