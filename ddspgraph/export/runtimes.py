"""Models of LiteRT and ONNX in their runtimes. Free of TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]


def open_model(target: str, path: Path) -> Callable[[Arrays], dict[str, np.ndarray]]:
    """A function of arrays by tensor to arrays by tensor. Raises what the runtime raises."""
    return {"litert": _litert, "onnx": _onnx}[target](str(path))


def _litert(path: str) -> Callable[[Arrays], dict[str, np.ndarray]]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path)  # lives as long as its runner
    runner: Any = interpreter.get_signature_runner()
    return lambda given: {name: np.array(x) for name, x in runner(**given).items()}


def _onnx(path: str) -> Callable[[Arrays], dict[str, np.ndarray]]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda given: dict(zip(names, session.run(names, dict(given)), strict=True))
