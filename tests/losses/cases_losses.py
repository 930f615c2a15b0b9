"""Small cases of the losses, for the contract test."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ddspgraph import losses
from ddspgraph.ir.op import Op


def _uniform(low: float, high: float, *shape: int, seed: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def _frames(low: float, high: float, channels: int, seed: int = 6) -> np.ndarray:
    return _uniform(low, high, 2, 6, channels, seed=seed)


_SOUNDS = {"target_audio": _uniform(-1, 1, 2, 256), "audio": _uniform(-1, 1, 2, 256, seed=7)}
_STEREO = {"target_audio": _uniform(-1, 1, 2, 256, 2), "audio": _uniform(-1, 1, 2, 256, 2, seed=7)}
_SETS = {
    "amps_a": _frames(0, 1, 4),
    "freqs_a": _frames(100, 3000, 4),
    "amps_b": _frames(0, 1, 3, seed=7),
    "freqs_b": _frames(100, 3000, 3, seed=7),
}
_HARMONICS = {
    "harm_amp": _frames(0, 1, 1),
    "harm_amp_target": _frames(0, 1, 1, seed=7),
    "harm_dist": _frames(0, 1, 5),
    "harm_dist_target": _frames(0, 1, 5, seed=7),
    "f0_hz": _frames(100, 1000, 1),
    "f0_hz_target": _frames(100, 1000, 1, seed=7),
}
_CANDIDATES = {
    "f0_candidates": _frames(100, 1000, 4),
    "freqs": _frames(100, 3000, 5),
    "amps": _frames(0, 1, 5),
}

CASES: dict[str, Callable[[], tuple[Op, Mapping[str, np.ndarray]]]] = {
    "spectral_loss": lambda: (
        losses.SpectralLoss(fft_sizes=(128, 64), logmag_weight=1.0, loudness_weight=0.1, sample_rate=16_000),
        {**_SOUNDS, "weights": _uniform(0, 1, 2)},
    ),
    "mel_stft_loss": lambda: (
        losses.MelSTFTLoss(fft_size=128, hop_size=32, win_length=100, n_mels=16, mag_weight=0.5, sample_rate=16_000),
        _SOUNDS,
    ),
    "sum_difference_loss": lambda: (
        losses.SumDifferenceLoss(fft_sizes=(128, 64), hop_sizes=(32, 20), win_lengths=(100, 64)),
        _STEREO,
    ),
    "esr_loss": lambda: (losses.ESRLoss(), _SOUNDS),
    "dc_loss": lambda: (losses.DCLoss(), _SOUNDS),
    "snr_loss": lambda: (losses.SNRLoss(), _SOUNDS),
    "si_sdr_loss": lambda: (losses.SiSDRLoss(), _SOUNDS),
    "log_cosh_loss": lambda: (losses.LogCoshLoss(a=4.0), _SOUNDS),
    "param_loss": lambda: (losses.ParamLoss(), {"pred": _frames(0, 1, 3), "target": _frames(0, 1, 3, seed=7)}),
    "amp_loss": lambda: (
        losses.AmpLoss(log=True),
        {"amp": _frames(0, 1, 3), "amp_target": _frames(0, 1, 3, seed=7), "weights": _frames(0, 1, 1)},
    ),
    "freq_loss": lambda: (
        losses.FreqLoss(loss_type="L2"),
        {"f_hz": _frames(100, 1000, 3), "f_hz_target": _frames(100, 1000, 3, seed=7)},
    ),
    "harmonic_consistency_loss": lambda: (losses.HarmonicConsistencyLoss(), _HARMONICS),
    "filtered_noise_consistency_loss": lambda: (
        losses.FilteredNoiseConsistencyLoss(),
        {"noise_magnitudes": _frames(0, 1, 9), "noise_magnitudes_target": _frames(0, 1, 9, seed=7)},
    ),
    "wasserstein_consistency_loss": lambda: (losses.WassersteinConsistencyLoss(), _SETS),
    "kde_consistency_loss": lambda: (losses.KDEConsistencyLoss(), _SETS),
    "twm_loss": lambda: (losses.TWMLoss(sample_rate=16_000), _CANDIDATES),
}
