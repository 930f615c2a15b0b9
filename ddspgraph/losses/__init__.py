"""Losses: ops whose outputs are scalars. LOSSES is the list; the functions are loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ddspgraph.ir.registry import Registry
from ddspgraph.losses.consistency import (
    FilteredNoiseConsistencyLoss,
    HarmonicConsistencyLoss,
    KDEConsistencyLoss,
    WassersteinConsistencyLoss,
)
from ddspgraph.losses.parameters import AmpLoss, FreqLoss, ParamLoss
from ddspgraph.losses.spectral import SpectralLoss
from ddspgraph.losses.stft import MelSTFTLoss, SumDifferenceLoss
from ddspgraph.losses.time_domain import DCLoss, ESRLoss, LogCoshLoss, SiSDRLoss, SNRLoss
from ddspgraph.losses.twm import TWMLoss

if TYPE_CHECKING:
    from ddspgraph.losses.functions import amp_loss, freq_loss, mean_difference, wasserstein_distance

#: The losses in the order of the reference: of audio, of controls, of sets of sinusoids.
LOSSES = Registry(
    [
        *(SpectralLoss, MelSTFTLoss, SumDifferenceLoss),
        *(ESRLoss, DCLoss, SNRLoss, SiSDRLoss, LogCoshLoss),
        *(ParamLoss, AmpLoss, FreqLoss),
        *(HarmonicConsistencyLoss, FilteredNoiseConsistencyLoss),
        *(WassersteinConsistencyLoss, KDEConsistencyLoss, TWMLoss),
    ]
)

#: Tensor functions, as magenta/ddsp's `losses` module has them.
_FUNCTIONS = ("amp_loss", "freq_loss", "mean_difference", "wasserstein_distance")

__all__ = [
    "LOSSES",
    "AmpLoss",
    "DCLoss",
    "ESRLoss",
    "FilteredNoiseConsistencyLoss",
    "FreqLoss",
    "HarmonicConsistencyLoss",
    "KDEConsistencyLoss",
    "LogCoshLoss",
    "MelSTFTLoss",
    "ParamLoss",
    "SNRLoss",
    "SiSDRLoss",
    "SpectralLoss",
    "SumDifferenceLoss",
    "TWMLoss",
    "WassersteinConsistencyLoss",
    "amp_loss",
    "freq_loss",
    "mean_difference",
    "wasserstein_distance",
]


def __getattr__(name: str) -> Any:
    if name not in _FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ddspgraph.losses import functions

    return getattr(functions, name)


def __dir__() -> list[str]:
    return sorted(__all__)
