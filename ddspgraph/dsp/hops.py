"""From frames to frames: what an overlap leaves. Free of TensorFlow."""

from __future__ import annotations

import math
from fractions import Fraction

#: Fractions of larger denominators than this are what arithmetic in floats left of simpler ones.
_FINEST = 10**6


def hop_of(frame_size: int, overlap: float) -> int:
    """Samples from one frame to the next, frame_size * (1 - overlap) rounded down.

    The product is of the fraction that was meant: in floats 1000 * (1 - 0.9) is below 100.
    """
    return int(frame_size * (1 - Fraction(overlap).limit_denominator(_FINEST)))


def overlap_hint(frame_size: int) -> str:
    """Overlaps that leave a hop: three quarters of a frame, and the largest, with a frame at every sample."""
    largest = math.floor((1 - Fraction(1, frame_size)) * _FINEST) / _FINEST
    usual = "write `overlap: 0.75`; " if hop_of(frame_size, 0.75) else ""
    return f"{usual}for frames of {frame_size} samples the largest is {largest:.10g}, one at every sample"
