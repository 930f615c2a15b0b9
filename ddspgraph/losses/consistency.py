"""Losses between the controls of two synthesizers, or of one synthesizer and what a network heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.ir import costs
from ddspgraph.ir.op import param
from ddspgraph.ir.ports import frame, scalar
from ddspgraph.ir.types import Unit
from ddspgraph.losses.loss import Loss, count, tensor_functions


class HarmonicConsistencyLoss(Loss):
    """Three distances of two harmonic sets: of amplitude, of distribution, and of fundamental frequency.

    l_amp = amp_weight * mean |difference|; l_dist = dist_weight * mean g |difference|; l_f0 = f0_weight * mean
    g |difference in semitones|, where g is 1 where harm_amp_target is at least amp_threshold, else 0.

    Source: Engel, Swavely, Hantrakul, Roberts and Hawthorne, "Self-supervised Pitch Detection by Inverse Audio
    Synthesis", ICML 2020 workshop.
    """

    words = ("self supervision", "harmonic loss", "consistency")

    inputs = {
        "harm_amp": frame(1, unit=Unit.LINEAR, doc="Amplitude of the set."),
        "harm_amp_target": frame(1, unit=Unit.LINEAR, doc="What it should be."),
        "harm_dist": frame("n_harmonics", unit=Unit.LINEAR, doc="Distribution over the harmonics."),
        "harm_dist_target": frame("n_harmonics", unit=Unit.LINEAR, doc="What it should be."),
        "f0_hz": frame(1, unit=Unit.HZ, doc="Fundamental frequency."),
        "f0_hz_target": frame(1, unit=Unit.HZ, doc="What it should be."),
    }
    outputs = {
        "harm_amp_loss": scalar(doc="Of the amplitudes."),
        "harm_dist_loss": scalar(doc="Of the distributions."),
        "f0_hz_loss": scalar(doc="Of the fundamental frequencies."),
    }

    amp_weight: float = param(1.0, doc="Factor of harm_amp_loss.")
    dist_weight: float = param(1.0, doc="Factor of harm_dist_loss.")
    f0_weight: float = param(1.0, doc="Factor of f0_hz_loss.")
    amp_threshold: float = param(1e-4, unit=Unit.LINEAR, ge=0, doc="Amplitude below which a set is silent.")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return count(shapes, "harm_dist", "f0_hz")

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return count(shapes, *self.inputs) * 6 * costs.PASS

    def distances(self, **controls: Any) -> Any:
        losses = tensor_functions().harmonic_consistency(
            **controls,
            amp_weight=self.amp_weight,
            dist_weight=self.dist_weight,
            f0_weight=self.f0_weight,
            amp_threshold=self.amp_threshold,
        )
        return losses._asdict()


class FilteredNoiseConsistencyLoss(Loss):
    """The distance of two noise filters: l = mean |difference|.

    Source: elementary.
    """

    words = ("self supervision", "noise loss", "consistency")

    inputs = {
        "noise_magnitudes": frame("n_bands", unit=Unit.LINEAR, doc="Magnitudes of the bands."),
        "noise_magnitudes_target": frame("n_bands", unit=Unit.LINEAR, doc="What they should be."),
    }

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return count(shapes, "noise_magnitudes")

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return count(shapes, *self.inputs) * 3 * costs.PASS

    def distances(self, noise_magnitudes: Any, noise_magnitudes_target: Any) -> Any:
        return tensor_functions().mean_difference(noise_magnitudes, noise_magnitudes_target)


_SETS = {
    "amps_a": frame("n_a", unit=Unit.LINEAR, doc="Amplitudes of the first set."),
    "freqs_a": frame("n_a", unit=Unit.HZ, doc="Frequencies of the first set."),
    "amps_b": frame("n_b", unit=Unit.LINEAR, doc="Amplitudes of the second set."),
    "freqs_b": frame("n_b", unit=Unit.HZ, doc="Frequencies of the second set."),
}


class WassersteinConsistencyLoss(Loss):
    """How far amplitude has to be moved in frequency to turn one set of sinusoids into the other.

    l = mean over frames of the integral of |A(f) - B(f)| df, A and B the sums of the amplitudes up to f:
    the 1-Wasserstein distance, where each set's amplitudes sum to 1.

    Source: Ramdas, Garcia and Cuturi, "On Wasserstein Two Sample Testing and Related Families of Nonparametric
    Tests", 2015.
    """

    words = ("earth mover", "emd", "optimal transport", "transport", "consistency")

    inputs = _SETS

    midi: bool = param(True, doc="Measure distances in semitones, not in Hz.")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 6 * count(shapes, "freqs_a", "freqs_b")

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return count(shapes, "freqs_a", "freqs_b") * (6 * costs.GATHER + 2 * costs.FUNCTION)  # most of it sorts

    def distances(self, amps_a: Any, freqs_a: Any, amps_b: Any, freqs_b: Any) -> Any:
        return tensor_functions().wasserstein_consistency(amps_a, freqs_a, amps_b, freqs_b, midi=self.midi)


class KDEConsistencyLoss(Loss):
    """How unlikely each of two sets of sinusoids is, given the other as a mixture of Gaussians of pitch.

    l = weight_a * mean(-s_a ln p_b(a)) + weight_b * mean(-s_b ln p_a(b)) + weight_mean_amp * |difference of mean
    amplitudes|: s are the shares of the sinusoids in their frame's amplitude; p_a and p_b have one Gaussian, of
    width scale_a or scale_b, at each sinusoid.

    Source: Engel, Swavely, Hantrakul, Roberts and Hawthorne, "Self-supervised Pitch Detection by Inverse Audio
    Synthesis", ICML 2020 workshop.
    """

    words = ("kernel density", "likelihood", "consistency")

    inputs = _SETS

    weight_a: float = param(1.0, doc="Factor of the first set under the second.")
    weight_b: float = param(1.0, doc="Factor of the second set under the first.")
    weight_mean_amp: float = param(1.0, doc="Factor of the difference of the mean amplitudes.")
    scale_a: float = param(0.1, ge=1e-3, doc="Width of the Gaussians of the first set, in semitones.")
    scale_b: float = param(0.1, ge=1e-3, doc="Width of the Gaussians of the second set, in semitones.")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return count(shapes, "freqs_a") * shapes["freqs_b"][-1]

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        pairs = count(shapes, "freqs_a") * shapes["freqs_b"][-1]
        return 2 * pairs * (costs.FUNCTION + 6 * costs.PASS)  # either set under the other

    def distances(self, amps_a: Any, freqs_a: Any, amps_b: Any, freqs_b: Any) -> Any:
        return tensor_functions().kde_consistency(
            amps_a,
            freqs_a,
            amps_b,
            freqs_b,
            weight_a=self.weight_a,
            weight_b=self.weight_b,
            weight_mean_amp=self.weight_mean_amp,
            scale_a=self.scale_a,
            scale_b=self.scale_b,
        )
