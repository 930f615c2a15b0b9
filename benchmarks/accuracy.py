"""The error of the harmonic sum in float32 against float64, by harmonics, columns and length: docs/performance.md.

python benchmarks/accuracy.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import tensorflow as tf
from reference import upsample_linear, upsample_window

from ddspgraph.dsp.harmonic_sum import harmonic_sum
from ddspgraph.dsp.phase import frame_cycles

SAMPLE_RATE, HOP = 16_000, 64
_TAIL = 250  # frames at the end of long audio that are compared


def error(n_harmonics: int, columns: int | None = None, seconds: float = 4.0) -> tuple[float, float]:
    """(relative L2 error, largest error over the largest sum of amplitudes) of a gliding tone of random amplitudes."""
    generator = np.random.default_rng(0)
    n_frames = round(seconds * SAMPLE_RATE / HOP)
    f0_hz = np.float32(70.0 + 3.0 * np.sin(np.arange(n_frames) / 40.0))[None, :, None]
    amplitudes = np.float32(generator.uniform(size=(1, n_frames, n_harmonics)) / n_harmonics)
    n_samples, last = n_frames * HOP, min(n_frames, _TAIL)
    cycles = tf.squeeze(frame_cycles(tf.constant(f0_hz), n_samples, SAMPLE_RATE), axis=2)
    y = harmonic_sum(cycles, tf.constant(amplitudes), "window", columns=columns)[0, -last * HOP :].numpy()

    # In chunks of a frame, each wrapped: the reference itself must not drift over an hour.
    steps = upsample_linear(f0_hz.astype(np.float64) / SAMPLE_RATE, HOP).reshape(n_frames, HOP)
    starts = np.cumsum(steps.sum(axis=1, dtype=np.longdouble)) % 1.0
    phase = (np.cumsum(steps, axis=1) + np.float64(np.concatenate([[0.0], starts[:-1]]))[:, None])[-last:].ravel()
    exact, scale = np.zeros(last * HOP), np.zeros(last * HOP)
    for k in range(1, n_harmonics + 1):
        envelope = upsample_window(amplitudes[:, -last:, k - 1 : k].astype(np.float64), HOP)[0, :, 0]
        exact += envelope * np.sin(2.0 * np.pi * ((k * phase) % 1.0))
        scale += envelope
    return float(np.linalg.norm(y - exact) / np.linalg.norm(exact)), float(np.max(np.abs(y - exact)) / np.max(scale))


def main() -> None:
    print("| K | M | seconds | relative L2 error | largest error / largest sum of amplitudes |")
    print("| --- | --- | --- | --- | --- |")
    cases: list[tuple[int, int | None, float]] = [(k, None, 4.0) for k in (1, 10, 30, 100, 200)]
    cases += [(100, m, 4.0) for m in (1, 2, 5, 20, 50, 100)]
    cases += [(100, None, seconds) for seconds in (60.0, 600.0, 3600.0)]
    for n_harmonics, columns, seconds in cases:
        l2, largest = error(n_harmonics, columns, seconds)
        shown = columns or int(np.ceil(np.sqrt(n_harmonics)))
        print(f"| {n_harmonics} | {shown} | {seconds:g} | {l2:.1e} | {largest:.1e} |", flush=True)


if __name__ == "__main__":
    main()
