"""Small cases of the unit conversions, for the contract test."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ddspgraph import ops
from ddspgraph.ir.op import Op


def _between(low: float, high: float) -> np.ndarray:
    return np.random.default_rng(1).uniform(low, high, (2, 6, 3)).astype(np.float32)


CASES: dict[str, Callable[[], tuple[Op, Mapping[str, np.ndarray]]]] = {
    "midi_to_hz": lambda: (ops.MidiToHz(), {"notes": _between(20.0, 100.0)}),
    "hz_to_midi": lambda: (ops.HzToMidi(), {"frequencies": _between(30.0, 4000.0)}),
    "unit_to_midi": lambda: (ops.UnitToMidi(), {"unit": _between(0.0, 1.0)}),
    "midi_to_unit": lambda: (ops.MidiToUnit(), {"midi": _between(20.0, 90.0)}),
    "unit_to_hz": lambda: (ops.UnitToHz(hz_min=30.0, hz_max=4000.0), {"unit": _between(0.0, 1.0)}),
    "hz_to_unit": lambda: (ops.HzToUnit(hz_min=30.0, hz_max=4000.0), {"hz": _between(30.0, 4000.0)}),
    "hz_to_bark": lambda: (ops.HzToBark(), {"hz": _between(0.0, 8000.0)}),
    "bark_to_hz": lambda: (ops.BarkToHz(), {"bark": _between(0.0, 20.0)}),
    "hz_to_mel": lambda: (ops.HzToMel(), {"hz": _between(0.0, 8000.0)}),
    "mel_to_hz": lambda: (ops.MelToHz(), {"mel": _between(0.0, 2800.0)}),
    "hz_to_erb": lambda: (ops.HzToErb(), {"hz": _between(0.0, 8000.0)}),
    "amplitude_to_db": lambda: (ops.AmplitudeToDb(), {"amplitude": _between(0.0, 1.0)}),
    "power_to_db": lambda: (ops.PowerToDb(), {"power": _between(0.0, 1.0)}),
    "db_to_amplitude": lambda: (ops.DbToAmplitude(), {"db": _between(-60.0, 0.0)}),
    "db_to_power": lambda: (ops.DbToPower(), {"db": _between(-60.0, 0.0)}),
}
