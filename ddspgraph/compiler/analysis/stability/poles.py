"""The poles of a loop that is linear and constant: roots of det(I - T D) times the denominators of its filters."""

from __future__ import annotations

import math
from typing import Any

from ddspgraph.compiler.analysis.stability.model import Model
from ddspgraph.lazy import np

#: States up to which all poles are computed: 0.1 s.
POLYNOMIAL = 256
#: What is smaller than this, of the largest, is no coefficient but rounding.
_ROUNDING = 1e-14
_STEPS = 60


def slowest_pole(model: Model) -> complex:
    """The pole of the largest radius. The loop has no blocks, and at most `POLYNOMIAL` states in its stride."""
    stride = model.stride
    states = model.states // stride
    count = 1 << max(states + 1, 4).bit_length()
    z = np.exp(2j * np.pi * np.arange(count) / (count * stride))
    coefficients = np.fft.ifft(_characteristic(model, z) * model.poles(z)).real[: states + 1]
    kept = np.nonzero(np.abs(coefficients) > _ROUNDING * np.max(np.abs(coefficients)))[0]
    roots = np.roots(coefficients[: kept[-1] + 1])
    if not len(roots):
        return 0j
    slowest = roots[np.abs(roots) > (1.0 - 1e-9) * np.max(np.abs(roots))]
    return complex(slowest[np.argmin(np.abs(np.angle(slowest)))]) ** (1.0 / stride)


def pole_near(model: Model, radius: float) -> complex | None:
    """A pole outside of a circle, or just within: by secants from where det(I - T D) is least. None where none is."""
    count = min(1 << (4 * model.states).bit_length(), 1 << 15)
    start = radius * np.exp(1j * np.linspace(0.0, math.pi, count))
    size = np.abs(_characteristic(model, start))
    inner = np.r_[True, size[1:] < size[:-1]] & np.r_[size[:-1] < size[1:], True]
    best = start[inner][np.argsort(size[inner])[:16]]
    before, z = best * 1.000001, best
    f_before, f = _characteristic(model, before), _characteristic(model, z)
    with np.errstate(all="ignore"):  # a secant may lead to where a long response has no finite value
        for _ in range(_STEPS):
            step = np.nan_to_num(f * (z - before) / (f - f_before), nan=0.0, posinf=0.0, neginf=0.0)
            before, f_before = z, f
            z = z - step
            f = _characteristic(model, z)
    found = z[(np.abs(f) < 1e-8) & (np.abs(z) > 0.0)]
    return complex(found[np.argmax(np.abs(found))]) if len(found) else None


def _characteristic(model: Model, z: Any) -> Any:
    d = np.stack([unit.at(z) for unit in model.units], axis=1)  # type: ignore[union-attr]
    return np.linalg.det(np.eye(model.size) - model.transfer(z) * d[:, None, :])
