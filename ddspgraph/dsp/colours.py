"""Noise of a colour: white noise through a filter whose level is a straight line over the octaves.

The filter is a row of sections of one pole and one zero, from 20 Hz to half of the sample rate, each about a factor of
4 from the next, or of one where the slope is that of a pole. Where they are is fitted once, by Gauss and Newton's
method on the logarithms of their frequencies.

Source: J. O. Smith and H. F. Smith, "Closed form fractional integration and differentiation via real exponentially
spaced pole-zero pairs" (arXiv 1606.06154).
"""

from __future__ import annotations

import functools
import math
from typing import Any

from ddspgraph.dsp.sections import Section
from ddspgraph.lazy import np

#: Colour -> dB an octave.
SLOPES_DB = {"white": 0.0, "pink": -3.0103, "brown": -6.0206, "blue": 3.0103, "violet": 6.0206}
#: Below, the level does not change any more.
LOWEST_HZ = 20.0
#: The factor from one pole to the next, and how many frequencies a fit looks at.
_APART, _FREQUENCIES = 4.0, 200


@functools.cache
def colour_sections(colour: str, sample_rate: float) -> tuple[Section, ...]:
    """The sections of a colour; what goes through keeps its power.

    >>> len(dg.dsp.colour_sections("pink", 44100.0))
    5

    Args:
      colour: 'white', 'pink', 'brown', 'blue' or 'violet'.
      sample_rate: Hz.
    """
    if colour == "white":
        return ()
    slope = SLOPES_DB[colour] / SLOPES_DB["violet"]
    lowest = min(LOWEST_HZ / sample_rate, 0.1)
    n = 1 if abs(slope) == 1.0 else max(2, round(math.log(0.45 / lowest) / math.log(_APART)))
    f = np.geomspace(lowest, 0.49, _FREQUENCIES)
    ends = np.geomspace(lowest, 0.45, n + 1)
    # Where the sections begin to fall, and where they stop: poles and zeros of a colour that falls, else the reverse.
    places = np.log(np.tan(np.pi * np.concatenate([ends[:-1], ends[:-1] * (ends[1] / ends[0]) ** abs(slope)])))
    wanted = -abs(slope) * np.log(f / lowest)
    for _ in range(20):
        off, by_place = _level(places, f)
        off -= wanted
        free = np.linalg.lstsq(by_place - by_place.mean(axis=0), -(off - off.mean()), rcond=1e-6)[0]
        places += np.clip(free, -0.5, 0.5)
    grid = np.geomspace(1e-7, 0.5 - 1e-7, 50_001)
    power = grid * np.exp(2.0 * np.sign(-slope) * _level(places, grid)[0])
    whole = 2.0 * math.log(grid[1] / grid[0]) * float(np.sum(0.5 * (power[1:] + power[:-1])))
    gain = whole ** (-0.5 / n)
    poles, zeros = np.exp(places).reshape(2, n) if slope < 0.0 else np.exp(places).reshape(2, n)[::-1]
    return tuple(
        Section(float(p), None, gain * float(p / z), 0.0, gain * (1.0 - float(p / z)))
        for p, z in zip(poles, zeros, strict=True)
    )


def _level(places: Any, f: Any) -> tuple[Any, Any]:
    """The logarithm of the level at f of sections that fall from the first places to the last, and its slopes."""
    t = np.tan(np.pi * f)[:, None] ** 2
    share = t / (
        t + np.exp(2.0 * places)
    )  # of log(1 + t / place^2), minus half its slope in the logarithm of the place
    sign = np.repeat([-1.0, 1.0], len(places) // 2)
    return 0.5 * np.sum(sign * np.log1p(t * np.exp(-2.0 * places)), axis=1), -sign * share
