"""The two-way mismatch between candidates of a fundamental frequency and the sinusoids that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.ir import costs
from ddspgraph.ir.op import from_clock, param
from ddspgraph.ir.ports import frame
from ddspgraph.ir.types import Unit
from ddspgraph.losses.loss import Loss, count, tensor_functions

#: What magenta/ddsp assumes when nobody says otherwise; only met outside of a graph.
_DEFAULT_SAMPLE_RATE = 16_000


class TWMLoss(Loss):
    """How badly the best of several fundamental frequencies explains a set of sinusoids.

    l = mean of c * softmax(-c / softmin_temperature) over the candidates, with c = sinusoids_weight * mismatch of
    the sinusoids with a candidate's harmonics + harmonics_weight * mismatch of these harmonics with the sinusoids.

    Source: Maher and Beauchamp, "Fundamental frequency estimation of musical signals using a two-way mismatch
    procedure", JASA 95 (1994), with Gaussian likelihoods for its mismatch function.
    """

    words = ("two way mismatch", "pitch detection loss", "f0 loss")

    inputs = {
        "f0_candidates": frame("n_candidates", unit=Unit.HZ, doc="Fundamental frequencies to choose from."),
        "freqs": frame("n_sinusoids", unit=Unit.HZ, doc="Frequencies of the sinusoids."),
        "amps": frame("n_sinusoids", unit=Unit.LINEAR, doc="Amplitudes of the sinusoids."),
    }

    sinusoids_weight: float = param(1.0, doc="Factor of the sinusoids that no harmonic is near.")
    harmonics_weight: float = param(1.0, doc="Factor of the harmonics that no sinusoid is near.")
    sinusoids_scale: float = param(0.5, ge=1e-3, doc="Width around sinusoids, in semitones.")
    harmonics_scale: float = param(0.2, ge=1e-3, doc="Width around harmonics, in multiples of the candidate.")
    n_harmonic_points: int = param(10, ge=1, doc="Harmonics that look for a sinusoid.")
    n_harmonic_gaussians: int = param(30, ge=1, doc="Harmonics that a sinusoid may be near.")
    softmin_temperature: float = param(1.0, gt=0, doc="The lower, the more the best candidate alone counts.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        harmonics = max(self.n_harmonic_gaussians, self.n_harmonic_points)
        return count(shapes, "f0_candidates") * harmonics * shapes["freqs"][-1]

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        harmonics = self.n_harmonic_gaussians + self.n_harmonic_points
        return count(shapes, "f0_candidates") * harmonics * shapes["freqs"][-1] * (costs.FUNCTION + 3 * costs.PASS)

    def distances(self, f0_candidates: Any, freqs: Any, amps: Any) -> Any:
        return tensor_functions().twm_loss(f0_candidates, freqs, amps, **self._settings())

    def predict_f0(self, f0_candidates: Any, freqs: Any, amps: Any) -> Any:
        """The candidate of the least loss in each frame: [batch, frames, 1] in Hz."""
        return tensor_functions().twm_predict_f0(f0_candidates, freqs, amps, **self._settings())

    def _settings(self) -> dict[str, Any]:
        return {
            "sinusoids_weight": self.sinusoids_weight,
            "harmonics_weight": self.harmonics_weight,
            "sinusoids_scale": self.sinusoids_scale,
            "harmonics_scale": self.harmonics_scale,
            "n_harmonic_points": self.n_harmonic_points,
            "n_harmonic_gaussians": self.n_harmonic_gaussians,
            "softmin_temperature": self.softmin_temperature,
            "sample_rate": self.sample_rate or _DEFAULT_SAMPLE_RATE,
        }
