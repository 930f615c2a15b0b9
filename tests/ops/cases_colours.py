"""A small case of coloured noise, for the contract test."""

from __future__ import annotations

from ddspgraph.ops.colours import Noise

CASES = {"noise": lambda: (Noise(color="pink", sample_rate=16_000.0), {})}
