"""magenta/ddsp's side: the same works from its processors. Runs in an environment of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ddsp
import tensorflow as tf
from cases import FFT_SIZES, Case

VERSION = "3.7.0"


def build(case: Case) -> Callable[..., Any]:
    """A function of tensors in the order of `NEEDS`."""
    if case.work in ("train_step", "synthesis"):
        import peer_training

        return peer_training.build(case)
    size = {"n_samples": case.n_samples, "sample_rate": case.sample_rate}
    harmonic = ddsp.synths.Harmonic(**size)
    noise = ddsp.synths.FilteredNoise(n_samples=case.n_samples)
    reverb = ddsp.effects.Reverb(trainable=False)
    loss = ddsp.losses.SpectralLoss(mag_weight=1.0, logmag_weight=1.0, fft_sizes=FFT_SIZES)
    sinusoidal = ddsp.synths.Sinusoidal(amp_scale_fn=None, freq_scale_fn=None, **size)
    wavetable = ddsp.synths.Wavetable(scale_fn=None, **size)

    def chain(amplitudes: Any, distribution: Any, f0_hz: Any, magnitudes: Any, ir: Any) -> tf.Tensor:
        return reverb(harmonic(amplitudes, distribution, f0_hz) + noise(magnitudes), ir)

    works: dict[str, Callable[..., Any]] = {
        "harmonic": harmonic,
        "sinusoidal": sinusoidal,
        "wavetable": wavetable,
        "noise": noise,
        "reverb": reverb,
        "spectral_loss": loss,
        "chain": chain,
        "chain_loss": lambda *x: loss(x[5], chain(*x[:5])),
    }
    return works[case.work]
