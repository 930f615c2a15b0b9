"""Ten minutes of a stream: phases, noise, oscillators and delay lines are where they are offline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from tests.streaming.proof import TOLERANCE, differences, random_blocks, run_stream

SPEC: dict[str, Any] = {
    "version": 2,
    "name": "long",
    "clock": {"sample_rate": "16 kHz", "frame_rate": "100 Hz", "duration": "1 s"},
    "inputs": {"pitch": {"rate": "frame", "unit": "midi"}},
    "nodes": {
        "vibrato": {"op": "lfo", "inputs": {"frequency_hz": 5.3}, "params": {"depth": 0.3}},
        "note": {"op": "add", "inputs": ["pitch", "vibrato"]},
        "f0_hz": {"op": "midi_to_hz", "inputs": ["note"]},
        "tone": {
            "op": "harmonic",
            "inputs": {"amplitudes": 0.2, "harmonic_distribution": [0.5, 0.3, 0.2], "f0_hz": "f0_hz"},
            "params": {"scale_fn": None},
        },
        "pair": {
            "op": "sinusoidal",
            "inputs": {"amplitudes": [0.1, 0.1], "frequencies": ["441.7 Hz", "1234.5 Hz"]},
            "params": {"amp_scale_fn": None, "freq_scale_fn": None, "amp_resample_method": "cubic"},
        },
        "wave": {
            "op": "wavetable",
            "inputs": {"amplitudes": 0.1, "wavetables": [0.0, 1.0, 0.0, -1.0], "f0_hz": "f0_hz"},
            "params": {"scale_fn": None},
        },
        "hiss": {
            "op": "filtered_noise",
            "inputs": {"magnitudes": [0.1, 0.0, 0.1]},
            "params": {"scale_fn": None},
        },
        "voices": {"op": "add", "inputs": ["tone", "pair"]},
        "more": {"op": "add", "inputs": ["wave", "hiss"]},
        "all": {"op": "add", "inputs": ["voices", "more"]},
        "chorus": {"op": "mod_delay", "inputs": {"audio": "all", "gain": 1.0, "phase": "vibrato"}},
    },
    "outputs": {"audio": "chorus"},
}


def drift(seconds: int) -> float:
    """The largest difference of a melody between a stream and offline."""
    model = dg.compile(SPEC)
    stream = dg.compile_stream(model)
    rng = np.random.default_rng(0)
    n_frames = 100 * seconds
    pitch = np.repeat(rng.integers(48, 72, n_frames // 50), 50).astype(np.float32)[None, :, None]
    streamed = run_stream(stream, {"pitch": pitch}, random_blocks(n_frames, rng, largest=60), seed=1)
    offline = {name: x.numpy() for name, x in model({"pitch": pitch}, seed=1).items()}
    return differences(stream, offline, streamed)["audio"]


def test_no_drift_in_ten_seconds() -> None:
    assert drift(10) <= TOLERANCE


@pytest.mark.proof
def test_no_drift_in_ten_minutes() -> None:
    assert drift(600) <= TOLERANCE
