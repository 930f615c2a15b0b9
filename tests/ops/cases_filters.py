"""Cases of recursive filters for the contract test: controls that move, and coefficients that do not."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.crossovers import Crossover
from ddspgraph.ops.equalisers import GraphicEq, HighShelf, LowShelf, ParametricEq, Peaking
from ddspgraph.ops.filters import Allpass, Bandpass, DcBlocker, Highpass, Lowpass, Notch, OnePole, Svf
from ddspgraph.ops.given_sections import Biquad, Sos, StateSpace
from ddspgraph.ops.ladders import Ladder
from ddspgraph.ops.weighting import AWeighting, PreEmphasis

RATE = 16_000


def _audio(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, 192))


def _moving(seed: int, low: float, high: float) -> np.ndarray:
    """A control at audio rate."""
    return np.random.default_rng(seed).uniform(low, high, (2, 192))


def _list(seed: int, values: list[float], spread: float) -> np.ndarray:
    """A list of controls at audio rate, about these values."""
    return np.array(values) * np.random.default_rng(seed).uniform(1 - spread, 1 + spread, (2, 192, len(values)))


def _pass(op: type, seed: int, **params: object) -> tuple:
    controls = {"cutoff": _moving(seed + 1, 200.0, 4000.0), "q": _moving(seed + 2, 0.5, 4.0)}
    names = [name for name in op.inputs if name in controls and (name != "q" or params.get("order") != 1)]
    return op(sample_rate=RATE, **params), {"audio": _audio(seed)} | {name: controls[name] for name in names}


def _band(op: type, seed: int) -> tuple:
    controls = {"frequency": _moving(seed + 1, 200.0, 4000.0), "gain": _moving(seed + 2, -12.0, 12.0)}
    return op(sample_rate=RATE), {"audio": _audio(seed)} | controls


SOS = np.array([[0.2, 0.3, 0.2, 1.0, -0.6, 0.3], [1.0, -1.2, 1.0, 2.0, -1.0, 1.2]])

CASES = {
    "one_pole": lambda: _pass(OnePole, 100),
    "dc_blocker": lambda: (DcBlocker(sample_rate=RATE), {"audio": _audio(103)}),
    "lowpass": lambda: _pass(Lowpass, 106, order=3),
    "highpass": lambda: _pass(Highpass, 109, order=1),
    "bandpass": lambda: _pass(Bandpass, 112),
    "notch": lambda: _pass(Notch, 115),
    "allpass": lambda: _pass(Allpass, 118),
    "svf": lambda: (
        Svf(sample_rate=RATE),
        {"audio": _audio(121), "cutoff": _moving(122, 200.0, 4000.0), "resonance": _moving(123, 0.5, 8.0)},
    ),
    "peaking": lambda: _band(Peaking, 124),
    "low_shelf": lambda: _band(LowShelf, 127),
    "high_shelf": lambda: _band(HighShelf, 130),
    "parametric_eq": lambda: (
        ParametricEq(sample_rate=RATE),
        {
            "audio": _audio(133),
            "frequency": _list(134, [300.0, 2000.0, 5000.0], 0.1),
            "gain": _list(135, [6.0, -9.0, 3.0], 0.5),
            "q": _list(136, [0.5, 2.0, 4.0], 0.1),
        },
    ),
    "graphic_eq": lambda: (
        GraphicEq(sample_rate=RATE),
        {
            "audio": _audio(145),
            "gain": _list(146, [6.0, -9.0, 3.0, 0.0], 0.5),
            "frequency": np.array([[100.0, 400.0, 1600.0, 5000.0], [200.0, 500.0, 1500.0, 4000.0]]),
        },
    ),
    "ladder": lambda: (
        Ladder(sample_rate=RATE),
        {
            "audio": _audio(149),
            "cutoff": _moving(150, 200.0, 4000.0),
            "resonance": _moving(151, 0.2, 0.8),
            "drive": _moving(152, -6.0, 6.0),
        },
    ),
    "state_space": lambda: (
        StateSpace(),
        {
            "audio": _audio(153),
            "a": np.array([[[0.5, -0.4], [0.4, 0.5]], [[0.9, 0.0], [0.1, -0.3]]]),
            "b": np.array([[1.0, 0.5], [0.2, -0.3]]),
            "c": np.array([[0.3, -1.0], [1.0, 1.0]]),
            "d": np.array([0.5, -1.0]),
        },
    ),
    "crossover": lambda: (
        Crossover(sample_rate=RATE),
        {"audio": _audio(147), "frequency": _list(148, [300.0, 2000.0], 0.2)},
    ),
    "biquad": lambda: (
        Biquad(sample_rate=RATE),
        {"audio": _audio(136), "b": SOS[:, :3], "a": SOS[:, 3:]},
    ),
    "a_weighting": lambda: (AWeighting(sample_rate=RATE), {"audio": _audio(142)}),
    "pre_emphasis": lambda: (PreEmphasis(), {"audio": _audio(143), "coefficient": _moving(144, 0.5, 1.0)}),
    "sos": lambda: (Sos(sample_rate=RATE), {"audio": _audio(139), "sections": np.stack([SOS, SOS[::-1]])}),
}
