"""Tensor maths of differentiable audio: pure functions, one algorithm a file.

The names, arguments and defaults are those of magenta/ddsp's ``core`` and ``spectral_ops``, so that
``ddsp.core.exp_sigmoid`` becomes ``ddspgraph.dsp.exp_sigmoid``. This package knows nothing of graphs.
TensorFlow is imported when the first function is used, never before (`__init__.pyi` is the
table of contents).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
