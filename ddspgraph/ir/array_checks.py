"""What arrays of sound look like that came from elsewhere: samples by channels, whole numbers of full scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ddspgraph.ir.types import Rate

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Input

#: An axis of at most so many entries is channels where the other has at least so many more: nobody renders a
#: batch of 256 sounds of 8 samples.
_MOST_CHANNELS, _FEWEST_SAMPLES = 8, 256
#: What full scale is in the sample formats of .wav files; bytes lie about 128.
_FULL_SCALES = {"int8": 1 << 7, "int16": 1 << 15, "int32": 1 << 31}


class Problem(NamedTuple):
    message: str
    hint: str


def swapped_axes(shape: Sequence[int], declared: Input) -> Problem | None:
    """What is wrong with [samples, channels] where an input of audio takes [batch, samples]."""
    signal = declared.signal
    is_mono = signal.rate is Rate.AUDIO and signal.rank == 2 and signal.voices is None
    if not is_mono or len(shape) != 2 or shape[1] > _MOST_CHANNELS or shape[0] < _FEWEST_SAMPLES:
        return None
    one = "one sample" if shape[1] == 1 else f"{shape[1]} samples"
    message = f"the input '{declared.name}' is [batch, samples]: {list(shape)} would be {shape[0]} sounds of {one}"
    return Problem(message, "samples by channels become one sound by x.mean(axis=1)[None], one for each channel by x.T")


def unknown_full_scale(dtype: np.dtype, declared: Input) -> Problem | None:
    """What is wrong with whole numbers of a type that no .wav file has."""
    if declared.signal.rate is not Rate.AUDIO or dtype.kind not in "iu" or full_scale_of(dtype) is not None:
        return None
    message = f"the input '{declared.name}' is {dtype}, of which nobody knows the full scale"
    return Problem(message, "divide it by its full scale: x / 32768 for samples of 16 bits")


def raw_samples(dtype: np.dtype, declared: Input) -> Problem | None:
    """What is wrong with the samples of a .wav file as they are, which a call would take for numbers beyond 1.0."""
    if declared.signal.rate is not Rate.AUDIO or dtype.name not in ("int8", "int16", "uint8"):
        return None
    scale = full_scale_of(dtype)
    message = f"the input '{declared.name}' is {dtype}: full scale is 1.0 here, and {scale} there"
    return Problem(message, f"use {'x / 128.0 - 1' if dtype == np.uint8 else f'x / {scale}.0'}")


def full_scale_of(dtype: np.dtype) -> int | None:
    """What 1.0 is among whole numbers of a type that .wav files have; None for other types."""
    return (1 << 7) if dtype == np.uint8 else _FULL_SCALES.get(dtype.name)


def full_scale(x: np.ndarray) -> np.ndarray:
    """Whole numbers as a .wav file of them is read: full scale is 1.0; others as they are."""
    scale = full_scale_of(x.dtype) if x.dtype.kind in "iu" else None
    if scale is None:
        return x
    return (x.astype(np.float64) - (scale if x.dtype == np.uint8 else 0)) / scale
