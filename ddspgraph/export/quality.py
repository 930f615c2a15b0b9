"""How well a quantized export sounds like the one in float32: signal-to-noise ratio and log-spectral distance.

Free of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ddspgraph.diagnostics import fail
from ddspgraph.ir.graph import Graph

#: A quantized export is refused below this ratio, unless it is audio whose spectra are as near as the next constant.
LEAST_SNR_DB = 20.0
#: Where a network decides phases, waveforms drift apart while nothing is heard: then spectra judge alone.
LARGEST_DISTANCE_DB = 1.0
_WINDOW, _HOP = 512, 128
#: Of the largest power in a spectrogram, what counts as silence: -80 dB.
_SILENCE = 1e-8


@dataclass(frozen=True)
class Quality:
    """Of one output; no `snr_db` where nothing differs, `log_spectral_distance_db` of audio alone."""

    snr_db: float | None
    log_spectral_distance_db: float | None

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)

    @property
    def is_enough(self) -> bool:
        distance = self.log_spectral_distance_db
        near = distance is not None and distance <= LARGEST_DISTANCE_DB
        return self.snr_db is None or self.snr_db >= LEAST_SNR_DB or near


def qualities(
    graph: Graph, tensors: Mapping[str, str], wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> dict[str, Quality]:
    """Every output of calls in a row against what it was before.

    Args:
      tensors: output -> what the model calls it.
      wanted, found: of each call, arrays [batch, time, ...] by tensor.

    Raises:
      GraphError: E636 for an output that has become another sound.
    """
    rates = {name: str(graph.types[ref].rate) for name, ref in graph.outputs}
    result: dict[str, Quality] = {}
    for name, tensor in tensors.items():
        x, y = ([np.asarray(call[tensor], np.float64) for call in calls] for calls in (wanted, found))
        distance = log_spectral_distance_db(x, y) if rates[name] == "audio" else None
        result[name] = Quality(snr_db(x, y), distance)
        if not result[name].is_enough:
            raise _refused(graph, name, result[name])
    return result


def snr_db(wanted: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> float | None:
    """Power of arrays over the power of the differences to others; None where there is no difference.

    >>> round(snr_db([np.ones(4)], [np.full(4, 0.9)]), 6)
    20.0
    """
    noise = sum(float(np.sum((y - x) ** 2)) for x, y in zip(wanted, found, strict=True))
    power = sum(float(np.sum(x**2)) for x in wanted)
    if noise == 0.0:
        return None
    return float(10.0 * np.log10(max(power, 1e-300) / noise)) if np.isfinite(noise) else -np.inf


def log_spectral_distance_db(wanted: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> float:
    """Root mean square over frequencies of the difference of levels, mean over windows of 512 samples.

    What is 80 dB below the largest level of `wanted` counts as silence.

    Args:
      wanted, found: audio [batch, samples, ...] of each call.
    """
    spectra = [[_powers(x) for x in calls] for calls in (wanted, found)]
    floor = max(max(float(p.max(initial=0.0)) for p in spectra[0]) * _SILENCE, 1e-30)
    distances = []
    for p, q in zip(*spectra, strict=True):
        levels = 10.0 * np.log10(np.maximum(p, floor) / np.maximum(q, floor))
        distances.append(np.sqrt(np.mean(levels**2, axis=-1)).ravel())
    return float(np.mean(np.concatenate(distances)))


def _powers(x: np.ndarray) -> np.ndarray:
    """[batch, samples, ...] -> [batch, ..., windows, frequencies]."""
    x = np.moveaxis(x, 1, -1)
    missing = _WINDOW - x.shape[-1]
    x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, max(missing, 0))])
    windows = np.lib.stride_tricks.sliding_window_view(x, _WINDOW, axis=-1)[..., ::_HOP, :]
    return np.abs(np.fft.rfft(windows * np.hanning(_WINDOW))) ** 2


def _refused(graph: Graph, name: str, quality: Quality) -> Exception:
    ref = dict(graph.outputs)[name]
    node = graph.node_by_name.get(ref.node)
    said = f"{quality.snr_db:.3g} dB over its error (at least {LEAST_SNR_DB:g} dB)"
    if quality.log_spectral_distance_db is not None:
        said += f", its spectra {quality.log_spectral_distance_db:.2g} dB apart (at most {LARGEST_DISTANCE_DB:g} dB)"
    return fail("E636", f"the quantized output '{name}' is {said}", node.span if node else None)
