"""Broadcasting and frame counts on dims, against NumPy and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies

from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.shapes import as_channels, broadcast, frames_of
from ddspgraph.ir.types import Dim, Signal, signal

SIZES = strategies.lists(strategies.integers(1, 3), min_size=3, max_size=3)


@given(SIZES, SIZES)
def test_equal_ranks_broadcast_as_numpy_does(one: list[int], two: list[int]) -> None:
    try:
        expected = np.broadcast_shapes(tuple(one), tuple(two))
    except ValueError:
        with pytest.raises(Mismatch):
            broadcast("a", signal(*one), "b", signal(*two))
    else:
        assert broadcast("a", signal(*one), "b", signal(*two)) == signal(*expected).dims


@given(strategies.integers(1, 300), strategies.integers(-300, 300), strategies.integers(1, 20), strategies.booleans())
def test_frames_are_exact(frames: int, offset: int, hop: int, up: bool) -> None:
    samples = Dim(7, "frames", offset)
    counted = frames_of(samples, hop, extra=5, up=up)
    exact = (7 * frames + offset + 5) / hop
    assert counted.at({"frames": frames}) == max(np.ceil(exact) if up else np.floor(exact), 0)


@pytest.mark.parametrize(
    ("given_dims", "like", "expected"),
    [
        (("b", "t", 1), ("b", "t"), ("b", "t")),
        (("b", "t"), ("b", "t", 2), ("b", "t", 1)),
        (("b",), ("b", "t", 2), ("b", 1, 1)),
        (("b", "t", 2), ("b", "t"), ("b", "t", 2)),
    ],
)
def test_as_channels(given_dims: tuple, like: tuple, expected: tuple) -> None:
    result: Signal = as_channels(signal(*given_dims), signal(*like))
    assert result == signal(*expected)
