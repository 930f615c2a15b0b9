"""What a chart shows, before it is drawn by the page's script or by matplotlib; and arrays made small enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddspgraph.page.axes import Axis

#: Points of a curve and columns of an image: two for each CSS pixel of the panel would be wasted.
CURVE_POINTS, IMAGE_COLUMNS, IMAGE_ROWS = 600, 400, 160
#: What an image holds where there is no number.
NO_LEVEL = 255


@dataclass(frozen=True)
class Band:
    """A curve over equally wide columns of the x axis: the least and largest value within each, NaN where none is.

    `low` is `high` where a column holds one point.
    """

    low: np.ndarray
    high: np.ndarray
    name: str = ""


@dataclass(frozen=True)
class Lines:
    """Curves over one x axis."""

    title: str
    x: Axis
    y: Axis
    bands: tuple[Band, ...]
    is_filled: bool = False  # a waveform


@dataclass(frozen=True)
class Image:
    """Levels over two axes: uint8 [rows, columns], row 0 at the bottom; 0 is `low`, 254 `high`, 255 no number."""

    title: str
    x: Axis
    y: Axis
    levels: np.ndarray
    low: float
    high: float
    unit: str = ""


Chart = Lines | Image


def band(x: np.ndarray, name: str = "", points: int = CURVE_POINTS) -> Band:
    """float [n] -> its envelope in at most `points` columns."""
    x = np.asarray(x, np.float64)
    if len(x) <= points:
        return Band(x, x, name)
    edges = np.linspace(0, len(x), points + 1).astype(int)[:-1]
    is_number = np.isfinite(x)
    low = np.minimum.reduceat(np.where(is_number, x, np.inf), edges)
    high = np.maximum.reduceat(np.where(is_number, x, -np.inf), edges)
    none = ~np.logical_or.reduceat(is_number, edges)
    return Band(np.where(none, np.nan, low), np.where(none, np.nan, high), name)


def pooled(x: np.ndarray, size: int, axis: int) -> np.ndarray:
    """The largest value of each of at most `size` groups along an axis; NaN counts as nothing."""
    if x.shape[axis] <= size:
        return x
    edges = np.linspace(0, x.shape[axis], size + 1).astype(int)[:-1]
    return np.fmax.reduceat(x, edges, axis=axis)


def quantised(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Levels 0 to 254 of the values from `low` to `high`, 255 where there is no number."""
    scaled = np.clip((x - low) / (high - low), 0.0, 1.0) * (NO_LEVEL - 1)
    return np.where(np.isfinite(x), np.nan_to_num(scaled).round(), NO_LEVEL).astype(np.uint8)
