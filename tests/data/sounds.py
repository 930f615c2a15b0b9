"""Small recordings and trackers to make datasets of. Other processes import the trackers from here."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import soundfile

from ddspgraph.data.features import prepare
from ddspgraph.data.manifest import Manifest
from ddspgraph.data.pitch import Track
from ddspgraph.data.settings import Settings, settings_of

RATE = 8_000


def notes(seconds: float, f0_hz: float = 220.0, rate: int = RATE, gain: float = 0.3) -> np.ndarray:
    """A harmonic tone that swells and fades twice a second, with a little noise, float32 [samples]."""
    breath = np.random.default_rng(0).normal(size=round(seconds * rate))
    t = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * f0_hz * k * t) / k for k in range(1, 6))
    return (gain * (0.6 + 0.4 * np.sin(4 * np.pi * t)) * (tone + 0.01 * breath)).astype(np.float32)


def write(path: Path, x: np.ndarray, rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, x, rate, subtype="PCM_16")
    return path


def settings(**changes: float) -> Settings:
    """Half a second every quarter of a second, at 8 kHz and 100 frames a second."""
    return settings_of(RATE, 100, **{"example_secs": 0.5, "hop_secs": 0.25, **changes})


def known_pitch(audio: np.ndarray, sample_rate: int) -> Track:
    """220 Hz everywhere, surely."""
    times = np.arange(0, len(audio) / sample_rate, 0.016)
    return times, np.full_like(times, 220.0), np.full_like(times, 0.9)


#: How long the recordings were that `dies_at_3_s` was called with, in this process.
CALLS: list[float] = []


def dies_at_3_s(audio: np.ndarray, sample_rate: int) -> Track:
    """As known_pitch, but on the recording of 3 s the process is killed, unless it is told that it survives."""
    CALLS.append(len(audio) / sample_rate)
    if round(CALLS[-1]) == 3 and not os.environ.get("SURVIVES"):
        os.kill(os.getpid(), signal.SIGKILL)
    return known_pitch(audio, sample_rate)


def dataset(folder: Path, seconds: float = 10.0, **changes: float) -> Manifest:
    """A dataset of one recording in `folder / "data"`: 39 windows, without those across the cut."""
    audio = write(folder / "one.wav", notes(seconds))
    return prepare([audio], folder / "data", settings(**changes), tracker=known_pitch)
