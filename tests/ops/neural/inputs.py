"""Inputs and weights that a recording and its test make alike: NumPy's legacy generator, whose numbers never change."""

from __future__ import annotations

from typing import Any

import numpy as np


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.RandomState(500 + seed).normal(size=shape).astype(np.float32)


def audio(batch: int = 2, n_samples: int = 16_000) -> np.ndarray:
    noise = np.random.RandomState(900).normal(size=(2, n_samples))
    return (0.3 * noise)[:batch].astype(np.float32)


def f0_hz(frames: int = 250) -> np.ndarray:
    return 300 * np.abs(normal(1, 2, 250, 1))[:, :frames]


def level_db(frames: int = 250) -> np.ndarray:
    return -40 + 10 * normal(0, 2, 250, 1)[:, :frames]


def weight(number: int, name: str, shape: Any, scale: float = 0.3) -> np.ndarray:
    """Weight `number` of a network, in order; gains lie about 1."""
    values = scale * np.random.RandomState(number).normal(size=tuple(shape))
    return (values + name.endswith(("gamma", "scale", "counts"))).astype(np.float32)
