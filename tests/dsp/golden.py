"""Reads the cases recorded from magenta/ddsp 3.7.0 (tests/golden) and compares results with them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "golden"


@dataclass(frozen=True)
class Case:
    """One recorded call: `source` is the original's function, `note` what to know about the recording."""

    name: str
    source: str
    params: dict[str, Any]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    note: str

    def arrays(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The recorded inputs and outputs by name; functions name their outputs "0", "1", ..."""
        with np.load(FOLDER / f"{self.name}.npz") as archive:
            inputs = {name: archive[f"in_{name}"] for name in self.input_names}
            outputs = {name: archive[f"out_{name}"] for name in self.output_names}
        return inputs, outputs

    def call(self, function: Callable[..., Any], **extra: Any) -> Any:
        """Calls `function` on the recorded inputs: by name where it has all of their names, else by position."""
        inputs, _ = self.arrays()
        if set(inputs) <= set(inspect.signature(function).parameters):
            return function(**inputs, **self.params, **extra)
        return function(*inputs.values(), **self.params, **extra)


@cache
def _manifest() -> dict[str, Any]:
    return json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))


def cases(*prefixes: str) -> list[Case]:
    """The cases whose source ("core.resample", "ddsp.synths.Harmonic") begins with one of `prefixes`; all if none."""
    return [
        Case(name, c["source"], c["params"], tuple(c["inputs"]), tuple(c["outputs"]), c["note"])
        for name, c in _manifest().items()
        if not prefixes or c["source"].startswith(prefixes)
    ]


def relative_l2(value: Any, expected: Any) -> float:
    """||value - expected|| / ||expected|| in float64; the plain norm of `value` where `expected` is all zeros."""
    value, expected = np.asarray(value, np.float64), np.asarray(expected, np.float64)
    assert value.shape == expected.shape, f"shape {value.shape}, expected {expected.shape}"
    norm = float(np.linalg.norm(expected))
    return float(np.linalg.norm(value - expected)) / (norm or 1.0)


def phase_distance(value: Any, expected: Any) -> float:
    """The largest distance of two phase arrays on the circle, in radians: modulo 2 pi."""
    value, expected = np.asarray(value, np.float64), np.asarray(expected, np.float64)
    assert value.shape == expected.shape, f"shape {value.shape}, expected {expected.shape}"
    return float(np.max(np.abs((value - expected + np.pi) % (2.0 * np.pi) - np.pi)))
