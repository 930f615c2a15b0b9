"""Which stretches of which recordings are examples, and which of them are held out.

    one recording:    |0----4|          all windows that begin before the cut and end before it are for training,
                        |1----5|        those that begin after it for evaluation: no sample is in both
                              |9----13|

Several recordings: each is in one split only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

#: A window whose every frame has less power than this, in dB over full scale, is silence: there is nothing to learn.
SILENT_BELOW_DB = -70.0
#: More than this share of all examples is never held out for evaluation.
_MOST_HELD_OUT = 1 / 3


@dataclass(frozen=True)
class Windows:
    """The examples of one recording: the first frames of those that sound, and how many were silent."""

    starts: tuple[int, ...]
    n_silent: int


def windows_of(power_db: np.ndarray, example_frames: int, hop_frames: int) -> Windows:
    """Windows of a recording, silent ones dropped.

    Args:
      power_db: [frames], the power of every frame.
      example_frames: of a window. A recording that is shorter makes one window, to be filled up with silence.
      hop_frames: from one window to the next; what remains at the end is not used.
    """
    starts = range(0, max(len(power_db) - example_frames, 0) + 1, hop_frames)
    sounding = [s for s in starts if np.max(power_db[s : s + example_frames], initial=-np.inf) >= SILENT_BELOW_DB]
    return Windows(tuple(sounding), len(starts) - len(sounding))


#: (key of a recording, first frame) of every example of a split, in order.
Places = list[tuple[str, int]]


def split(recordings: Mapping[str, Windows], example_frames: int, eval_share: float) -> dict[str, Places]:
    """Divides the examples into "train" and "eval".

    Whole recordings are held out, as many as come to `eval_share` of all examples, or one that has more; which ones
    depends on their content alone. Where that would take more than a third of all examples, or come to less than half
    of the share, the end of the longest recording is held out instead; and nothing, where it is too short for that.

    Args:
      recordings: key -> windows, in the order that the examples are to have.
      example_frames: of a window.
      eval_share: how much is to be held out, 0 for nothing.
    """
    total = sum(len(windows.starts) for windows in recordings.values())
    wanted = eval_share * total
    whole = _held_out(recordings, wanted) if wanted else set()
    found: dict[str, Places] = {"train": [], "eval": []}
    for key, windows in recordings.items():
        found["eval" if key in whole else "train"] += [(key, start) for start in windows.starts]
    if wanted and not whole:
        longest = max(recordings, key=lambda key: len(recordings[key].starts))
        _hold_out_end(found, longest, recordings[longest], example_frames, round(wanted) or 1)
    return found


def _held_out(recordings: Mapping[str, Windows], wanted: float) -> set[str]:
    """Keys of recordings with at most so many examples together; of one alone where they come to less than half.

    A short recording or two among long ones would leave next to nothing to evaluate with.
    """
    total = sum(len(windows.starts) for windows in recordings.values())
    sizes = {key: len(recordings[key].starts) for key in sorted(recordings) if recordings[key].starts}
    chosen: set[str] = set()
    for key, size in sizes.items():
        if sum(sizes[k] for k in chosen) + size <= wanted:
            chosen.add(key)
    if sum(sizes[key] for key in chosen) >= wanted / 2:
        return chosen
    larger = [key for key in sizes if wanted / 2 <= sizes[key] <= _MOST_HELD_OUT * total]
    return {min(larger, key=lambda key: sizes[key])} if larger else set()


def _hold_out_end(found: dict[str, Places], key: str, windows: Windows, example_frames: int, n_eval: int) -> None:
    """Moves the last windows of a recording to "eval"; those that reach across the cut are in neither split."""
    starts = windows.starts
    cut = starts[-min(n_eval, len(starts))]
    kept = [start for start in starts if start + example_frames <= cut]
    others = [place for place in found["train"] if place[0] != key]
    if len(kept) + len(others) < (len(starts) + len(others)) / 2:
        return
    found["train"] = [place for place in found["train"] if place[0] != key or place[1] in kept]
    found["eval"] = [(key, start) for start in starts if start >= cut]
