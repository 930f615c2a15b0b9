"""Numbers about a signal, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddspgraph.page.axes import number_text

#: Below -80 dBFS a sound is as good as silent.
_NEARLY_SILENT = 1e-4
#: So many equal samples in a row at full scale were cut off by whoever recorded them.
_FLAT_SAMPLES, _FULL_SCALE = 3, 0.99


@dataclass(frozen=True)
class Flag:
    """Something that a listener should know: `kind` is "nan", "clipping" or "silence"; `word` fits beside a name."""

    kind: str
    word: str
    text: str


def statistics(
    x: np.ndarray, shape: tuple[int, ...], *, is_sound: bool, seconds: float | None
) -> tuple[tuple[str, str], ...]:
    """Shape, length, least, largest, mean, root mean square of the finite values; the peak of a sound in dBFS."""
    said = [("shape", f"[{', '.join(map(str, shape))}]")]
    if seconds is not None:
        said.append(("length", f"{number_text(seconds)} s"))
    good = x[np.isfinite(x)].astype(np.float64)
    if good.size > 1:
        rms = float(np.sqrt(np.mean(np.square(good))))
        numbers = {"min": good.min(), "max": good.max(), "mean": good.mean(), "RMS": rms}
        said += [(name, number_text(float(value))) for name, value in numbers.items()]
        if is_sound:
            said += [("peak", dbfs(float(np.abs(good).max()))), ("RMS level", dbfs(rms))]
    return tuple(said)


def dbfs(amplitude: float) -> str:
    """`−12.3 dBFS`."""
    if amplitude <= 0:
        return "−∞ dBFS"
    level = round(20 * float(np.log10(amplitude)), 1) + 0.0  # no −0.0
    return f"{level:+.1f} dBFS".replace("-", "−") if level else "0 dBFS"


def flags(x: np.ndarray, *, is_sound: bool) -> tuple[Flag, ...]:
    """NaN and infinity, samples beyond or flat at full scale, silence."""
    found = []
    is_number = np.isfinite(x)
    n_bad = int(x.size - np.count_nonzero(is_number))
    if n_bad:
        first = [int(i) for i in np.unravel_index(int(np.argmin(is_number)), x.shape)]
        found.append(
            Flag("nan", "not finite", f"{n_bad:,} of {x.size:,} values are NaN or infinite, the first at {first}")
        )
    size = np.abs(np.where(is_number, x, 0.0))
    peak = float(size.max(initial=0.0))
    if is_sound and (n_over := int(np.count_nonzero(size > 1.0))):
        text = f"{n_over:,} samples, the peak is {dbfs(peak)}: integer files and the player clip them"
        found.append(Flag("clipping", "over full scale", text))
    elif is_sound and peak >= _FULL_SCALE and (n_flat := _flat_tops(x, peak)):
        found.append(Flag("clipping", "clipped", f"{n_flat:,} samples stand flat at the peak, {dbfs(peak)}"))
    if peak == 0 and x.size and not n_bad:
        found.append(Flag("silence", "silent", "every sample is 0" if is_sound else "every value is 0"))
    elif is_sound and peak < _NEARLY_SILENT and not n_bad:
        found.append(Flag("silence", "nearly silent", f"the peak is {dbfs(peak)}"))
    return tuple(found)


def _flat_tops(x: np.ndarray, peak: float) -> int:
    """How many samples belong to runs at the peak."""
    sound = x.reshape(x.shape[0], -1) if x.ndim > 1 else x[:, None]
    at_top = np.abs(sound) >= peak * (1 - 1e-6)
    runs = at_top.copy()
    for shift in range(1, _FLAT_SAMPLES):
        runs[:-shift] &= at_top[shift:]
        runs[len(runs) - shift :] = False
    inside = runs.copy()
    for shift in range(1, _FLAT_SAMPLES):
        inside[shift:] |= runs[:-shift]
    return int(np.count_nonzero(inside))
