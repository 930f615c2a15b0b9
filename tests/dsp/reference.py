"""Float64 references in NumPy, straight from the definitions: every sample, every partial, no shortcut."""

from __future__ import annotations

from typing import Any

import numpy as np

_CUBIC_A = -0.75


def frames_of_samples(n_frames: int, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Frame of each sample and its distance from it in frames, from exact integers."""
    samples = np.arange(n_samples)
    frames = samples * n_frames // n_samples
    return frames, (samples * n_frames - frames * n_samples) / n_samples


def resample(x: Any, n_samples: int, method: str = "linear") -> np.ndarray:
    """[batch, frames, ...] to [batch, n_samples, ...] with the last frame held; 'cubic' without any rounding."""
    x = np.asarray(x, np.float64)
    n_frames = x.shape[1]
    frames, t = frames_of_samples(n_frames, n_samples)
    t = t.reshape((1, -1) + (1,) * (x.ndim - 2))

    def frame(offset: int) -> np.ndarray:
        return x[:, np.clip(frames + offset, 0, n_frames - 1)]

    if method == "nearest":
        return frame(0)
    if method == "linear":
        return frame(0) * (1.0 - t) + frame(1) * t
    if method == "window":
        return frame(0) * np.cos(0.5 * np.pi * t) ** 2 + frame(1) * np.sin(0.5 * np.pi * t) ** 2
    a = _CUBIC_A
    near = {k: (a + 2) * d**3 - (a + 3) * d**2 + 1 for k, d in ((0, t), (1, 1 - t))}
    far = {k: a * (d**3 - 5 * d**2 + 8 * d - 4) for k, d in ((-1, 1 + t), (2, 2 - t))}
    return np.sum([frame(k) * weight for k, weight in {**near, **far}.items()], axis=0)


def sinusoids(
    frequencies: Any, amplitudes: Any, n_samples: int, sample_rate: float = 16000, method: str = "window"
) -> np.ndarray:
    """Sum of sinusoids with controls at frame rate, each silent in samples where it is at or above Nyquist."""
    hz, envelopes = resample(frequencies, n_samples), resample(amplitudes, n_samples, method)
    envelopes = np.where(hz >= sample_rate / 2.0, 0.0, envelopes)
    return np.sum(envelopes * np.sin(2.0 * np.pi * np.cumsum(hz / sample_rate, axis=1)), axis=-1)


def harmonics(
    f0_hz: Any,
    amplitudes: Any,
    distribution: Any,
    n_samples: int,
    sample_rate: float = 16000,
    method: str = "window",
    shifts: Any = 0.0,
) -> np.ndarray:
    """Sum of the harmonics k f0 (1 + shift) with amplitudes amplitude * distribution."""
    ratios = np.arange(1, np.shape(distribution)[-1] + 1)
    hz = np.asarray(f0_hz, np.float64) * ratios * (1.0 + np.asarray(shifts, np.float64))
    levels = np.asarray(amplitudes, np.float64) * np.asarray(distribution, np.float64)
    return sinusoids(hz, levels, n_samples, sample_rate, method)


def slope(function: Any, x: np.ndarray, direction: np.ndarray, step: float = 1e-6) -> float:
    """Central difference of a scalar float64 function at x along a direction."""
    x, direction = np.asarray(x, np.float64), np.asarray(direction, np.float64)
    return float((function(x + step * direction) - function(x - step * direction)) / (2.0 * step))
