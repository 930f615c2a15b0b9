"""Tensor maths of neural networks: pure functions of tensors and of weights given by name, one family a file.

Weights are those of Keras' layers, in its layouts: the same numbers give the same result. This package knows
nothing of graphs. TensorFlow is imported when the first function is used, never before (PEP 562).
"""

from __future__ import annotations

import importlib
from typing import Any

#: The table of contents: file -> the public functions that live in it.
_CONTENTS: dict[str, tuple[str, ...]] = {
    "weights": ("part",),
    "layers": ("NONLINEARITIES", "nonlinearity", "dense", "layer_norm", "fc", "fc_stack", "split_channels"),
    "norms": ("normalize", "scale_and_shift", "conditional_norm"),
    "recurrent": ("rnn", "rnn_step"),
    "streaming": ("rnn_stream",),
    "streaming_convolution": ("dilated_conv_stream",),
    "gated": ("gru",),
    "long_memory": ("lstm",),
    "shapes": ("flatten_channels", "frame_count", "mean_over_time", "hold_last"),
    "convolution": ("conv", "conv_transpose", "max_pool", "spectrally_normalized"),
    "dilated": ("dilated_conv_stack",),
    "residual": ("resnet",),
    "quantization": (
        "stop_gradient",
        "row_of",
        "as_frames",
        "straight_through_softmax",
        "straight_through_choice",
        "straight_through_int_quantization",
        "codebook",
        "vector_quantization",
    ),
}
_HOME = {name: file for file, names in _CONTENTS.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
