"""How long filters are, so that their delay in a stream is known before anything runs."""

from __future__ import annotations

from ddspgraph.ir.op import param
from ddspgraph.ir.streaming import CannotStream
from ddspgraph.ir.types import Signal


def timing_param() -> str:
    """Declares the parameter of every filter whose delay is undone."""
    return param(
        "exact",
        choices=("exact", "ddsp"),
        doc="exact undoes all of the filter's delay; ddsp leaves the sample or two that magenta/ddsp leaves.",
    )


def impulse_samples(magnitudes: Signal, window_size: int, timing: str) -> int:
    """Samples of `dsp.frequency_impulse_response`. Raises `CannotStream` where the number of bands is open."""
    n_bands = magnitudes.dims[-1].size
    if n_bands is None:
        raise CannotStream("has a number of bands that is not known", "write `channels: 65` where they are declared")
    whole = max(2 * (n_bands - 1), 1)
    window = min(window_size, whole) if window_size > 0 else whole
    if timing == "exact":
        return max(2 * (window // 2) - 1, 1)
    if window == whole:
        return whole
    if window in (1, 3):
        return window
    # The peak lies at (window + 1) // 2; one sample is lost before it where the window is even, two where it is odd.
    peak = (window + 1) // 2
    return peak - min(2 - peak, 0) + 1


def group_delay(ir_samples: int, timing: str) -> int:
    """Samples that are taken from the start of what a linear-phase response makes."""
    return ir_samples // 2 if timing == "exact" else max((ir_samples - 1) // 2 - 1, 0)
