"""Arithmetic on lengths: Python ints where a length is known, int32 scalar tensors where only the graph knows it.

Known lengths stay ints, so that windows and FFT sizes made from them are constants of the graph.
"""

from __future__ import annotations

from typing import Any

from ddspgraph.lazy import tf

#: A length: a Python int, or an int32 scalar tensor.
Size = Any


def size_of(x: tf.Tensor, axis: int) -> Size:
    """The length of one axis of a tensor."""
    return x.shape[axis] if x.shape[axis] is not None else tf.shape(x)[axis]


def ceil_divide(numerator: Size, denominator: Size) -> Size:
    """numerator / denominator, rounded up."""
    return -(-numerator // denominator)


#: Numbers that a CPU computes at a time, at most.
_PACKET = 16


def whole_packets(count: Size) -> Size:
    """The next whole number of packets: see `in_packets`."""
    return count + -count % _PACKET


def smaller(a: Size, b: Size) -> Size:
    """The smaller of two lengths."""
    return choose(a < b, a, b)


def larger(a: Size, b: Size) -> Size:
    """The larger of two lengths."""
    return choose(a > b, a, b)


def joint(a: Size, b: Size) -> Size:
    """The size of an axis where two tensors meet: that of the one that is not repeated, 0 included.

    >>> dg.dsp.joint(1, 5), dg.dsp.joint(0, 1)
    (5, 0)
    """
    return choose(a == 1, b, a)


def choose(condition: Any, a: Size, b: Size) -> Size:
    """`a` where the condition (a bool, or a scalar bool tensor) holds, else `b`."""
    return (a if condition else b) if isinstance(condition, bool) else tf.where(condition, a, b)


def whole_hops(frames: Size, hop_samples: int) -> Size:
    """frames * hop_samples; of a length that only the graph knows, the hop is remembered for `known_hop`."""
    samples = frames * hop_samples
    if tf.is_tensor(samples):
        samples._ddspgraph_hop_samples = hop_samples
    return samples


def known_hop(samples: Size) -> int | None:
    """The hop of a symbolic length that `whole_hops` made."""
    return getattr(samples, "_ddspgraph_hop_samples", None)
