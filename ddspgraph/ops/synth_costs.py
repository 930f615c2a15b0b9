"""What the sums of sinusoids cost for one sample, from how `dsp` computes them."""

from __future__ import annotations

import math

from ddspgraph.ir import costs


def harmonic_cost(n_harmonics: int, mixed: int) -> int:
    """Of `dsp.harmonic_sum`: sines of rows and columns, two products with the frames.

    `mixed` is how many frames a sample mixes.
    """
    columns = math.isqrt(max(n_harmonics, 1) - 1) + 1
    rows = -(-n_harmonics // columns)
    phase = 100 * costs.PASS
    sines = (rows + columns) * (2 * costs.FUNCTION + 4 * costs.PASS)
    products = 2 * mixed * rows * columns + 5 * mixed * rows * costs.PASS
    return phase + sines + products


def sinusoidal_cost(n_sinusoids: int) -> int:
    """Of `dsp.sinusoidal_sum`: phase in float64, envelope, sine and sum of each sinusoid."""
    return 25 * costs.PASS + n_sinusoids * (costs.FUNCTION + 16 * costs.PASS)
