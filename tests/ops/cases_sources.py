"""Cases of constants for the contract test."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.learned import Learned
from ddspgraph.ops.sources import Constant, Hold

CASES = {
    "constant": lambda: (Constant(value=(1.0, 0.5, 0.25), unit="linear"), {}),
    "learned": lambda: (Learned(value=(300.0, 2000.0), min=20.0, max=8000.0, scale="log", unit="Hz"), {}),
    "hold": lambda: (Hold(rate="frame"), {"value": np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)}),
}
