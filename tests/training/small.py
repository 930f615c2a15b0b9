"""A small graph and a source for it: everything that a training has, a step in a few milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ddspgraph.data.manifest import Feature
from ddspgraph.data.source import Arrays, Source
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Rate, Unit

HOP, FRAMES = 64, 6

SPEC = """\
version: 2
name: small
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: 24 ms}
params: {n_bands: 5}
inputs:
  loudness_db: {rate: frame, unit: dB}
  audio: {rate: audio}
nodes:
  network: {op: fc, inputs: [loudness_db], params: {ch: $n_bands}}
  noise: {op: filtered_noise, inputs: {magnitudes: network}, params: {window_size: 0}}
  room: {op: reverb, inputs: {audio: noise}, params: {trainable: true, reverb_length: 32}}
outputs: {audio: room}
losses:
  spectral: {op: spectral_loss, inputs: {target_audio: audio, audio: room}, params: {fft_sizes: [64, 16]}}
training: {batch_size: 2, steps: 12, steps_per_summary: 3, steps_per_save: 4, learning_rate: 0.01}
"""


class SmallSource(Source):
    """Noise whose loudness is its feature. `bad` positions hold NaN; `before` is called with the first position."""

    def __init__(self, bad: Sequence[int] = (), sample_rate: int = 16_000) -> None:
        self.clock = Clock(sample_rate, Fraction(sample_rate, HOP), HOP, HOP * FRAMES)
        self.features = {"audio": Feature(Rate.AUDIO), "loudness_db": Feature(Rate.FRAME, Unit.DB)}
        self.bad = frozenset(bad)

    def at(self, names: Sequence[str], positions: np.ndarray, *, split: str, seed: int) -> Arrays:
        rows = [self._example(int(position), seed) for position in positions]
        return {name: np.stack([row[name] for row in rows]).astype(np.float32) for name in names}

    def _example(self, position: int, seed: int) -> Arrays:
        rng = np.random.default_rng([seed, position])
        loudness_db = rng.uniform(-60, -10, (FRAMES, 1))
        audio = rng.normal(size=FRAMES * HOP) * np.repeat(10 ** (loudness_db[:, 0] / 20), HOP)
        if position in self.bad:
            audio[3] = np.nan
        return {"audio": audio, "loudness_db": loudness_db}
