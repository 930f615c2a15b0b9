"""Weights by name: those of a part of a network are the names that begin with its prefix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def part(weights: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The weights of one part without its name: `rnn_kernel` is `kernel` in `part(weights, "rnn")`.

    >>> dg.nn.part({"rnn_kernel": 1, "rnn_bias": 2, "out_bias": 3}, "rnn")
    {'kernel': 1, 'bias': 2}
    """
    prefix = name + "_"
    return {key[len(prefix) :]: value for key, value in weights.items() if key.startswith(prefix)}
