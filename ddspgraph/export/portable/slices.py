"""Slices that a runtime takes of a tensor of open length: one entry for every axis, and none for a new one.

LiteRT has no ellipsis and no new axis in a slice of a tensor whose shape is not known; `x[..., :n]` has both forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf


def plain_slice(op: tf.Operation, inputs: Sequence[Any]) -> tf.Tensor | None:
    """A StridedSlice with an entry for every axis; None of one that is plain already, or whose rank is not known."""
    masks = {name: op.get_attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    rank, n_entries = op.inputs[0].shape.rank, op.inputs[1].shape[0]
    if not (masks["ellipsis"] or masks["new_axis"]) or rank is None or n_entries is None:
        return None
    taken: list[int | None] = []  # of every axis its entry; None is all of it
    new_axes: list[int] = []
    n_kept = 0  # axes of the result so far
    n_axes = sum(not (masks["ellipsis"] | masks["new_axis"]) >> i & 1 for i in range(n_entries))
    for i in range(n_entries):
        if masks["ellipsis"] >> i & 1:
            taken += [None] * (rank - n_axes)
            n_kept += rank - n_axes
        elif masks["new_axis"] >> i & 1:
            new_axes.append(n_kept)
            n_kept += 1
        else:
            taken.append(i)
            n_kept += not masks["shrink_axis"] >> i & 1
    bits = {name: sum(masks[name] >> i & 1 and 1 << axis for axis, i in enumerate(taken) if i is not None)
            for name in ("begin", "end", "shrink_axis")}  # fmt: skip
    every = sum(1 << axis for axis, i in enumerate(taken) if i is None)
    x, begin, end, strides = inputs
    sliced = tf.strided_slice(
        x,
        _entries(begin, taken, 0),
        _entries(end, taken, 0),
        _entries(strides, taken, 1),
        begin_mask=bits["begin"] | every,
        end_mask=bits["end"] | every,
        shrink_axis_mask=bits["shrink_axis"],
    )
    for axis in new_axes:
        sliced = tf.expand_dims(sliced, axis)
    return sliced


def _entries(given: Any, taken: Sequence[int | None], default: int) -> Any:
    """[axes]: those of the axes that have one."""
    if isinstance(given, np.ndarray):
        return np.array([default if i is None else given[i] for i in taken], given.dtype)
    return tf.stack([tf.constant(default, given.dtype) if i is None else given[i] for i in taken])
