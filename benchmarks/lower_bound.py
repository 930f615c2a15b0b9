"""Times `lower_bound.c`: what one thread of plain C needs for the harmonic sum."""

from __future__ import annotations

import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from cases import Case, inputs
from reference import exp_sigmoid, upsample_linear


def c_milliseconds(case: Case, calls: int = 21) -> float | None:
    """Median of the sum alone, phases and amplitudes given; None without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    given = {name: x.astype(np.float64) for name, x in inputs(case).items()}
    k = np.arange(1, given["harmonic_distribution"].shape[-1] + 1)
    shares = exp_sigmoid(given["harmonic_distribution"]) * (given["f0_hz"] * k < case.sample_rate / 2)
    amplitudes = exp_sigmoid(given["amplitudes"]) * shares / shares.sum(axis=-1, keepdims=True)
    cycles = np.cumsum(upsample_linear(given["f0_hz"], case.hop) / case.sample_rate, axis=1)
    phase = np.ascontiguousarray(2 * np.pi * (cycles % 1.0)[0, :, 0], np.float32)
    bank = np.ascontiguousarray(amplitudes[0], np.float32)
    audio = np.zeros(case.n_samples, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        library = f"{folder}/lower_bound.so"
        source = str(Path(__file__).with_name("lower_bound.c"))
        subprocess.run(
            [compiler, "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", source, "-o", library, "-lm"],
            check=True,
        )
        function = ctypes.CDLL(library).harmonic_sum
        floats = ctypes.POINTER(ctypes.c_float)
        arguments = [x.ctypes.data_as(floats) for x in (phase, bank, audio)]
        times = []
        for _ in range(calls):
            start = time.perf_counter()
            function(*arguments, case.n_frames, case.hop, bank.shape[1])
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)
