"""A performance fitted to an instrument while it is being played: by what was heard of it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ddspgraph.instrument.performance import Fit, Frames, fit_performance

#: Seconds of the performance by which its newest frames are fitted.
_MEMORY_S = 30.0


class RunningFit:
    """Fits new frames as `fit_performance` fits the last 30 seconds, of which they are the end.

    The octave stays while a note lasts. Levels settle as more is heard: the first note is as loud as those of the
    training are on average.

    Args:
      statistics: of the training data; where they are empty, only what `fit` asks for is done.
      frame_rate: in Hz.
      fit: how.
    """

    def __init__(self, statistics: Mapping[str, Any], frame_rate: float, fit: Fit) -> None:
        self.statistics, self.frame_rate, self.fit = statistics, frame_rate, fit
        self.n_kept = round(_MEMORY_S * frame_rate)
        self.heard: Frames = {}
        self.octaves: float | None = None

    def __call__(self, new: Frames) -> Frames:
        """Features by name, float32 [frames], fitted."""
        n = len(next(iter(new.values())))
        if not n:
            return new
        heard = {name: np.concatenate([self.heard[name], x]) if self.heard else x for name, x in new.items()}
        fit = self.fit if self.fit.octave_shift is not None else replace(self.fit, octave_shift=self.octaves)
        fitted = fit_performance(heard, self.statistics, self.frame_rate, fit)
        self.octaves = fitted.octave_shift if fitted.is_note[-1] else None
        self.heard = {name: x[-self.n_kept :] for name, x in heard.items()}
        return {name: x[-n:] for name, x in fitted.features.items()}
