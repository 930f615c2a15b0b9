"""What an op says of its streaming form: the words between ops and the compiler. Free of TensorFlow.

A stream is fed in blocks of whole frames. Every value has a latency: what stands at sample t of the stream is what
stands at t - latency offline. Before that the value has not begun; the inputs of an op that keeps state are then 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ddspgraph.ir.types import Dim, Rate, Signal


class CannotStream(Exception):
    """An op that needs more than a bounded part of the future. `reason` is a clause about the node."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


@dataclass(frozen=True)
class Block:
    """Where one step of an op stands.

    Attributes:
      batch: items, an int or int32 scalar.
      seed: of the stream, an int64 scalar; `stream`: the random stream of the node.
      variables: of a trainable op.
      hop_samples: samples a frame of the clock (1 where it has no frames).
      start: time of the inputs' first sample, an int64 scalar: below 0 where they have not begun. Unused by
        `Op.stream_state`.
      samples: of this block, an int32 scalar.
    """

    batch: Any
    seed: Any
    stream: int = 0
    variables: Mapping[str, Any] = field(default_factory=dict)
    hop_samples: int = 1
    start: Any = 0
    samples: Any = 0

    @property
    def first_frame(self) -> Any:
        """The number of the inputs' first frame."""
        return self.start // self.hop_samples

    @property
    def frames(self) -> Any:
        """Frames of this block."""
        return self.samples // self.hop_samples


def mixed_frames(method: str, hop_samples: int) -> tuple[int, int]:
    """How many frames before and after its own a sample mixes, by the resampling method."""
    if method == "nearest":
        # TensorFlow's float32 positions put some samples into the neighbouring block, see `dsp.frame_grid`.
        return (0, 0) if hop_samples & (hop_samples - 1) == 0 else (1, 1)
    return (1, 2) if method == "cubic" else (0, 1)


def oscillator_reach(method: str, hop_samples: int, nyquist_fade: float) -> tuple[int, int]:
    """How many frames before and after a block its sound depends on: the lag is so many hops.

    With a fade each frame's gain depends on the blocks that it takes part in, and they on the frames at their ends.
    """
    behind, ahead = mixed_frames(method, hop_samples)
    return (behind + ahead, behind + ahead + 1) if nyquist_fade > 0.0 else (behind, max(ahead, 1))


def analysis_lag(size: int, hop_samples: int, before: int) -> int:
    """Frames that an analysis of `size` samples lags whose frame i begins `before` samples before i * hop_samples."""
    return max(-(-(size - before) // hop_samples) - 1, 0)


def analysis_past(size: int, hop_samples: int, before: int) -> int:
    """Samples of the past that such an analysis carries where blocks may begin anywhere."""
    return analysis_lag(size, hop_samples, before) * hop_samples + before + hop_samples - 1


def has_time(signal: Signal) -> bool:
    """Whether a value changes over time; one of a broadcast axis of size 1 does not."""
    return signal.rate is not Rate.CONST and signal.rank > 1 and signal.dims[1] != Dim.of(1)


def items_of(signals: Iterable[Signal], batch: Any) -> Any:
    """The batch axis of what is made of some signals."""
    return 1 if all(signal.dims[0] == Dim.of(1) for signal in signals) else batch


def past_shape(signal: Signal, length: int, batch: Any) -> list[Any]:
    """The shape of `length` past samples or frames of a signal."""
    return [items_of([signal], batch) * (signal.voices or 1), length, *(dim.size for dim in signal.dims[2:])]
