"""Arrays as parameter values: nested tuples from a spec, or a frozen NumPy array from constant folding."""

from __future__ import annotations

from typing import Any


class FrozenArray:
    """A float32 array that can be compared and hashed, so that an op that holds one stays a value."""

    def __init__(self, array: Any) -> None:
        import numpy as np

        self.array = np.array(array, np.float32)
        self.array.setflags(write=False)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrozenArray) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"<{'x'.join(map(str, self.shape))} numbers>"

    def _key(self) -> tuple[tuple[int, ...], bytes]:
        return self.shape, self.array.tobytes()


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a number, a nested tuple of numbers, or a FrozenArray. Raises ValueError where it is ragged."""
    if isinstance(value, FrozenArray):
        return value.shape
    if not isinstance(value, tuple):
        return ()
    shapes = {shape_of(item) for item in value}
    if len(shapes) != 1:
        raise ValueError("the rows of a list of numbers must have equal lengths, at least 1")
    return (len(value), *shapes.pop())


def numbers_of(value: Any) -> list[float]:
    """All numbers of a value, row by row."""
    if isinstance(value, FrozenArray):
        return [float(x) for x in value.array.ravel()]
    return [x for item in value for x in numbers_of(item)] if isinstance(value, tuple) else [float(value)]
