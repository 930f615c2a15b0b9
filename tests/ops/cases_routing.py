"""Small cases of mixing and routing, for the contract test (hop 32)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ddspgraph import ops
from ddspgraph.ir.op import Op


def _noise(*shape: int, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, shape).astype(np.float32)


_PAIR = {"signal_one": _noise(2, 192), "signal_two": _noise(2, 192, seed=3)}

CASES: dict[str, Callable[[], tuple[Op, Mapping[str, np.ndarray]]]] = {
    "add": lambda: (ops.Add(), {**_PAIR, "input_3": _noise(2, 6, 1, seed=4)}),
    "multiply": lambda: (ops.Multiply(), {**_PAIR, "signal_two": _noise(2, 6, 1)}),
    "gain": lambda: (ops.Gain(), {"audio": _noise(2, 192), "gain": _noise(2)}),
    "mix": lambda: (ops.Mix(), {**_PAIR, "nn_out_mix_level": _noise(2, 6, 1)}),
    "crop": lambda: (ops.Crop(frame_size=10, crop_location="center"), {"audio": _noise(2, 192)}),
    "concat": lambda: (ops.Concat(), {"input_1": _noise(2, 6, 2), "input_2": _noise(2, 6, 3)}),
    "split_voices": lambda: (ops.SplitVoices(voices=3), {"channels": _noise(2, 6, 3)}),
    "mix_voices": lambda: (ops.MixVoices(norm="power"), {"signal": _noise(2, 3, 6, 4)}),
    "pan": lambda: (ops.Pan(), {"audio": _noise(2, 192), "position": _noise(2, 192, 1, seed=3)}),
    "width": lambda: (ops.Width(), {"audio": _noise(2, 192, 2), "width": 1.0 + _noise(2, 192, 1, seed=3)}),
    "mid_side": lambda: (ops.MidSide(), {"audio": _noise(2, 192, 2)}),
    "left_right": lambda: (ops.LeftRight(), {"mid": _noise(2, 192), "side": _noise(2, 192, seed=3)}),
    "matrix": lambda: (ops.Matrix(), {"audio": _noise(2, 192, 2), "matrix": _noise(2, 2, 3, seed=3)}),
    "split": lambda: (ops.Split(outputs=(("amps", 1), ("rest", 3))), {"signal": _noise(2, 6, 4)}),
}
