"""The parameters that many ops take from the clock."""

from __future__ import annotations

from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.op import Op, from_clock, param
from ddspgraph.ir.streaming import CannotStream, oscillator_reach
from ddspgraph.ir.types import Unit

#: What magenta/ddsp's synthesizers make when nobody says otherwise; only met outside of a graph.
DEFAULT_N_SAMPLES = 64_000


def from_graph(op: Op, name: str) -> float:
    """A parameter that a graph gives its ops. Raises ValueError outside of a graph where nobody gave it."""
    value = getattr(op, name)
    if value is None:
        raise ValueError(f"{type(op).__name__} needs {name}=... outside of a graph")
    return float(value)


class Clocked(Op):
    """An op that turns frames into samples."""

    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    hop_samples: int | None = from_clock("hop_samples", unit=Unit.SAMPLES, doc="Samples a frame.")
    n_samples: int | None = param(
        None,
        unit=Unit.SAMPLES,
        ge=1,
        clock="n_samples",
        doc="Length of the result. It follows from the inputs; where it is said it must agree.",
    )

    def length(self, frames: Any) -> Any:
        """How many samples so many frames are (int or scalar tensor)."""
        if self.hop_samples is not None:
            return dsp.whole_hops(frames, self.hop_samples)
        return self.n_samples or DEFAULT_N_SAMPLES

    def hop(self) -> int:
        """Samples a frame. Raises `CannotStream` where nobody said."""
        if self.hop_samples is None:
            raise CannotStream("does not know how many samples a frame has", "write `frame_rate` or `hop` in `clock`")
        return self.hop_samples

    def reach(self, method: str, nyquist_fade: float) -> tuple[int, int]:
        """Frames before and after a block that an oscillator needs. Raises `CannotStream`."""
        if nyquist_fade > 0.0 and method == "nearest":
            # Offline the blocks of this method overlap by a sample, see `dsp.frame_grid.NearestGrid`.
            hint = "write `amp_resample_method: linear` (or window, cubic), or `nyquist_fade: 0`"
            raise CannotStream("fades by blocks that do not begin with the frames, with nearest", hint)
        return oscillator_reach(method, self.hop(), nyquist_fade)

    def rate_hz(self) -> float:
        """The sample rate; raises ValueError outside of a graph where nobody gave it."""
        return from_graph(self, "sample_rate")
