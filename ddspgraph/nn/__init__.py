"""Tensor maths of neural networks: pure functions of tensors and of weights given by name, one family a file.

Weights are those of Keras' layers, in its layouts: the same numbers give the same result. This package knows
nothing of graphs. TensorFlow is imported when the first function is used, never before (`__init__.pyi` is the
table of contents).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
