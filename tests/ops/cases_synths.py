"""Small cases of the synthesizers, for the contract test."""

from __future__ import annotations

import numpy as np

from ddspgraph.ops.synths import Harmonic, Sinusoidal, Wavetable


def _harmonic():
    r = np.random.default_rng(1)
    op = Harmonic(sample_rate=16_000, hop_samples=32)
    inputs = {
        "amplitudes": r.normal(size=(2, 6, 1)),
        "harmonic_distribution": r.normal(size=(2, 6, 7)),
        "f0_hz": r.uniform(200.0, 1500.0, (2, 6, 1)),
    }
    return op, inputs


def _sinusoidal():
    r = np.random.default_rng(2)
    op = Sinusoidal(sample_rate=16_000, hop_samples=32, depth=2)
    return op, {"amplitudes": r.normal(size=(2, 6, 3)), "frequencies": r.normal(size=(2, 6, 6))}


def _wavetable():
    r = np.random.default_rng(3)
    op = Wavetable(sample_rate=16_000, hop_samples=32)
    inputs = {
        "amplitudes": r.normal(size=(2, 6, 1)),
        "wavetables": r.normal(size=(2, 6, 16)),
        "f0_hz": r.uniform(200.0, 500.0, (2, 6, 1)),
    }
    return op, inputs


CASES = {"harmonic": _harmonic, "sinusoidal": _sinusoidal, "wavetable": _wavetable}
