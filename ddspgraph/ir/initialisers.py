"""First values of variables: the same seed and variable name give the same numbers on every machine."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddspgraph.ir.op import Weight


def stream_of(name: str) -> int:
    """A 31-bit number from a name: which random stream a node or variable draws from."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little") & 0x7FFF_FFFF


def initial_value(weight: Weight, name: str, seed: int) -> Any:
    """A float32 array for a `Weight`. Philox is keyed by seed and name, so no variable depends on another.

    Sources: Glorot & Bengio 2010 (uniform limit sqrt(6 / (fan_in + fan_out))); Saxe et al. 2014 (orthogonal).
    """
    import numpy as np

    generator = np.random.Generator(np.random.Philox(key=[seed & 0xFFFF_FFFF, stream_of(name)]))
    shape = weight.shape
    if weight.init == "zeros":
        return np.zeros(shape, np.float32)
    if weight.init == "ones":
        return np.ones(shape, np.float32)
    if weight.init == "lstm_bias":  # the forget gates, second of four, begin open (Jozefowicz et al. 2015)
        return np.repeat(np.array([0.0, 1.0, 0.0, 0.0], np.float32), shape[0] // 4)
    if weight.init == "glorot_uniform":
        receptive = math.prod(shape[:-2])  # 1 for a matrix; a vector counts as fan in and fan out
        limit = math.sqrt(6.0 / (receptive * sum((shape * 2)[-2:])))
        return generator.uniform(-limit, limit, shape).astype(np.float32)
    if weight.init == "orthogonal":
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(generator.normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return (q if rows >= columns else q.T).reshape(shape).astype(np.float32)
    if not isinstance(weight.init, tuple):
        raise ValueError(f"variable '{name}': there is no initialiser '{weight.init}'")
    kind, *numbers = weight.init
    if kind == "values":
        return np.reshape(np.array(numbers, np.float32), shape)
    first, second = numbers
    draw = generator.normal if kind == "normal" else generator.uniform
    return draw(first, second, shape).astype(np.float32)
