"""What work costs, in one currency: the multiply-add of a large matrix product.

Few kernels of audio are matrix products. What they do instead is counted as the number of multiply-adds that take
as long: reading and writing a number once costs about four, a sine about sixteen. The prices were fitted to
TensorFlow 2.21 on two cores with AVX2 (docs/estimates.md has the check); another machine shifts them against each
other by less than the factor of 2 that an estimate is meant to hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

#: One elementwise operation on one number: it waits for memory.
PASS = 4
#: A sine, an exponential, a logarithm.
FUNCTION = 16
#: ln(sigmoid(x)) and exp of it: the gradient is to be finite everywhere.
EXP_SIGMOID = 64
#: Reading one number from an index that is computed.
GATHER = 80
#: One number of pseudo-random noise: two rounds of an integer hash.
NOISE = 160
#: A complex product of two bins.
BIN_PRODUCT = 20
#: The magnitude of a bin.
MAGNITUDE = 18
#: One sample of a frame that overlaps others: cut out and windowed, or windowed and added.
FRAMED = 20
#: One tap of a filter that is drawn from magnitudes or from a cutoff.
TAP = 110
#: A number of a matrix that is multiplied with one vector, a state: the product waits for the matrix.
STATE_PRODUCT = 4
#: A step of a recurrence, whatever it computes: a dozen small operations in a loop.
STEP = 1_000_000
#: A turn of a loop of nodes, whatever its blocks hold: some dozen small operations for each line.
TURN = 250_000
#: Rows that are transformed together share the vector units.
_FEW_ROWS = 4


def fft(rows: int, size: int) -> int:
    """Real transforms of `rows` signals of `size` samples: of the order of size * log2(size) each."""
    price = 2 if rows >= _FEW_ROWS else 6
    return price * rows * max(size, 1) * max(1, (max(size, 1) - 1).bit_length())


def convolution(batch: int, frames: int, n_samples: int, ir_samples: int) -> int:
    """Of `dsp.fft_convolve`: three transforms a frame, the product of the spectra, and the overlap."""
    rows = batch * max(frames, 1)
    size = -(-n_samples // max(frames, 1)) + ir_samples - 1
    if frames <= 1:  # complex transforms of half the length, in half of the time
        return 3 * fft(rows, size) // 2 + rows * size * (BIN_PRODUCT // 2 + 3 * PASS)
    return 3 * fft(rows, size) + rows * size * (BIN_PRODUCT // 2 + FRAMED)


def spectrogram(rows: int, size: int) -> int:
    """Of so many frames of `dsp.compute_mag`: cut out, transformed, and their magnitudes."""
    return rows * size * FRAMED + fft(rows, size) + rows * (size // 2 + 1) * MAGNITUDE


def scaling(scale_fn: str | None, count: int) -> int:
    """Of a scale function of so many numbers."""
    if scale_fn is None:
        return 0
    return count * (EXP_SIGMOID if scale_fn.endswith("exp_sigmoid") else FUNCTION)


def products(shapes: Mapping[str, tuple[int, ...]], positions: int) -> int:
    """Of weights that every one of `positions` vectors is multiplied with: dense layers, recurrences, convolutions.

    A `recurrent_kernel` takes the positions one after the other.
    """
    total = 0
    for name, shape in shapes.items():
        if name.endswith("recurrent_kernel"):
            total += STATE_PRODUCT * math.prod(shape) + STEP
        elif len(shape) > 1:
            total += math.prod(shape)
    return positions * total
