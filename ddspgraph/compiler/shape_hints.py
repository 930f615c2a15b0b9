"""What to do about an array whose shape does not fit an input: the repairs of E605 and E606."""

from __future__ import annotations

from collections.abc import Sequence

from ddspgraph.ir.types import Rate, Signal


def shape_hint(signal: Signal, shape: Sequence[int | None]) -> str:
    """How an array of `shape` becomes one of `signal`."""
    if len(shape) == len(signal.outer_dims) - 1 and signal.voices in (None, *shape[:1]):
        return f"its batch axis is missing: use x[None] for {[1, *shape]}"
    if signal.voices is not None:
        return f"give an array of {signal.shape_text}, a value for each voice"
    channels = signal.dims[-1].size if signal.rank > 1 else None
    if len(shape) == signal.rank == 3 and channels is not None and shape[1] == channels != shape[2]:
        return "its last two axes are swapped: use np.swapaxes(x, 1, 2)"
    if len(shape) == signal.rank + 1 and signal.rate is Rate.AUDIO:
        return "it has channels: use one of them, x[..., 0], or their mean, x.mean(axis=-1)"
    return f"give an array of {signal.shape_text}"


def count_hint(name: str, count: int, other: str, wanted: int, key: str, hop: int | None, frames: set[str]) -> str:
    """How two inputs come to as many items (`key` is "batch") or frames; `frames` are the inputs at frame rate."""
    if key == "batch" and 1 in (count, wanted):
        one, n = (name, wanted) if count == 1 else (other, count)
        return f"repeat it for each item: np.repeat({one}, {n}, axis=0)"
    longer = name if count > wanted else other
    if key == "frames" and hop and abs(count - wanted) == 1 and longer in frames:
        return f"centred analyses make samples // {hop} + 1 frames: cut the last, {longer}[:, :-1]"
    if key == "frames" and hop:
        return f"{wanted} frames go with {wanted * hop} samples, {count} with {count * hop}"
    return f"give both {wanted}, or both {count}"
