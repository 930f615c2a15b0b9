"""From frames to frames: what an overlap leaves. Free of TensorFlow."""

from __future__ import annotations

from fractions import Fraction

#: Fractions of larger denominators than this are what arithmetic in floats left of simpler ones.
_FINEST = 10**6


def hop_of(frame_size: int, overlap: float) -> int:
    """Samples from one frame to the next, frame_size * (1 - overlap) rounded down.

    The product is of the fraction that was meant: in floats 1000 * (1 - 0.9) is below 100.
    """
    return int(frame_size * (1 - Fraction(overlap).limit_denominator(_FINEST)))
