"""TensorFlow and NumPy, imported on first use: `from ddspgraph.lazy import np, tf`.

Kernels import them here, at the top of their files, and stay typed for editors. What reads, checks, draws and migrates
specs loads kernels' files and never pays for either library.
"""

from __future__ import annotations

import importlib
import threading
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ddspgraph.tensorflow_start import load_tensorflow

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

__all__ = ["np", "tf"]

#: One for both: TensorFlow imports NumPy, and two threads that each hold one lock would wait for each other.
_LOCK = threading.RLock()


class _Lazy(types.ModuleType):
    """A module that is imported when an attribute of it is asked for; each attribute is looked up once."""

    def __init__(self, name: str, load: Callable[[], Any]) -> None:
        super().__init__(name)
        self.__dict__["_load"] = load

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what inspects modules must not load one
            raise AttributeError(name)
        with _LOCK:
            value = getattr(self.__dict__["_load"](), name)
        setattr(self, name, value)
        return value


if not TYPE_CHECKING:
    np = _Lazy("numpy", lambda: importlib.import_module("numpy"))
    tf = _Lazy("tensorflow", load_tensorflow)
