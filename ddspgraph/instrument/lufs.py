"""Integrated loudness of a whole sound in LUFS, as broadcasters and streaming services measure it."""

from __future__ import annotations

import math

import numpy as np

from ddspgraph import dsp
from ddspgraph.lazy import tf

#: Seconds of a block, and from block to block.
_BLOCK_S, _STEP_S = 0.4, 0.1
#: Blocks that are quieter than this are silence; those that are more LU below the mean of the others are pauses.
SILENCE_LUFS, _PAUSE_LU = -70.0, 10.0
#: Of a mean square of 1 behind the filter.
_OFFSET_DB = -0.691
#: The shelf of the head and the high-pass, as frequency in Hz and Q; the gain in dB of the shelf, and which part of it
#: counts at its frequency.
_SHELF, _SHELF_DB, _MIDDLE = (1681.974450955533, 0.7071752369554196), 3.999843853973347, 0.4996667741545416
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)


def integrated_loudness(audio: np.ndarray, sample_rate: float) -> float:
    """Loudness in LUFS: the gated mean of blocks of 400 ms behind the K-weighting.

    Args:
      audio: [samples] or [samples, channels] of left and right, at any rate from 8 kHz on.
      sample_rate: in Hz.

    Returns:
      At least -70, which is silence. A sound of less than 400 ms is one block.

    Source: ITU-R BS.1770-4; the filter at other rates than 48 kHz by B. De Man, "Evaluation of implementations of the
    EBU R128 loudness measurement" (AES 145, 2018).
    """
    rows = np.atleast_2d(np.asarray(audio, np.float32).T)  # [channels, samples]
    y = dsp.block_filter(dsp.block_matrices(_k_weighting(sample_rate)), tf.constant(rows))[0].numpy()
    energy = np.concatenate([[0.0], np.cumsum(np.sum(np.square(y, dtype=np.float64), axis=0))])
    block, n = round(_BLOCK_S * sample_rate), rows.shape[1]
    count = math.floor(max(n - block, 0) / (_STEP_S * sample_rate) + 1e-9) + 1
    begin = (np.arange(count) * (_STEP_S * sample_rate)).astype(int)
    power = (energy[np.minimum(begin + block, n)] - energy[begin]) / max(min(block, n), 1)
    heard = power[_lufs(power) > SILENCE_LUFS]
    if not heard.size:
        return SILENCE_LUFS
    return float(_lufs(heard[_lufs(heard) > _lufs(heard.mean()) - _PAUSE_LU].mean()))


def _lufs(power: np.ndarray) -> np.ndarray:
    return _OFFSET_DB + 10.0 * np.log10(np.maximum(power, 1e-20))


def _k_weighting(sample_rate: float) -> list[dsp.Section]:
    """Of numbers. The numerator of the high-pass is (1 - 1 / z)**2: at high frequencies it is above 1 by as much."""
    (shelf_hz, shelf_q), (high_hz, high_q) = _SHELF, _HIGH_PASS
    g, k, most = math.tan(math.pi * shelf_hz / sample_rate), 1.0 / shelf_q, 10.0 ** (_SHELF_DB / 20.0)
    shelf = dsp.Section(g, k, most, (most**_MIDDLE - most) * k, 1.0 - most)
    g, k = math.tan(math.pi * high_hz / sample_rate), 1.0 / high_q
    above = 1.0 + g * (g + k)
    return [shelf, dsp.Section(g, k, above, -above * k, -above)]
