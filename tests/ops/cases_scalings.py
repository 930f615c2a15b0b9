"""Small cases of the scalings, for the contract test."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ddspgraph import ops
from ddspgraph.ir.op import Op


def _raw(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0.0, 2.0, shape).astype(np.float32)


CASES: dict[str, Callable[[], tuple[Op, Mapping[str, np.ndarray]]]] = {
    "exp_sigmoid": lambda: (ops.ExpSigmoid(), {"x": _raw(2, 6, 3)}),
    "sym_exp_sigmoid": lambda: (ops.SymExpSigmoid(), {"x": _raw(2, 6, 3)}),
    "sigmoid": lambda: (ops.Sigmoid(), {"x": _raw(2, 6, 3)}),
    "tanh": lambda: (ops.Tanh(), {"x": _raw(2, 160)}),
    "softplus": lambda: (ops.Softplus(), {"x": _raw(2, 6, 3)}),
    "frequencies_softmax": lambda: (ops.FrequenciesSoftmax(depth=4), {"freqs": _raw(2, 6, 12)}),
    "frequencies_sigmoid": lambda: (ops.FrequenciesSigmoid(depth=2), {"freqs": _raw(2, 6, 12)}),
    "frequencies_critical_bands": lambda: (ops.FrequenciesCriticalBands(depth=3), {"freqs": _raw(2, 6, 12)}),
}
