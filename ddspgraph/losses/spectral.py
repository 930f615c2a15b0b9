"""The loss between two sounds: their spectrograms at several resolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph.ir import costs
from ddspgraph.ir.op import Advice, from_clock, param
from ddspgraph.ir.ports import Mismatch, Port, audio
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.losses.loss import LOSS_TYPE_DOC, LOSS_TYPES, Loss, tensor_functions

#: What magenta/ddsp's loudness term assumes; only met outside of a graph.
_DEFAULT_SAMPLE_RATE = 16_000


class SpectralLoss(Loss):
    """The distance of two sounds as spectrograms of several sizes, so that time and frequency both count.

    l = loudness_weight * d(loudness) + sum over fft_sizes of mag_weight * d(|S|) + logmag_weight * d(ln |S|)
    + delta_time_weight * d(differences in time) + delta_freq_weight * d(differences in frequency)
    + cumsum_freq_weight * d(running sums over frequency), where d is the mean difference of target and value.
    Frames overlap by three quarters; a weight of 0 computes nothing.

    Source: Engel, Hantrakul, Gu and Roberts, "DDSP: Differentiable Digital Signal Processing", ICLR 2020,
    section 4.2 (magnitudes and their logarithms).
    """

    words = (
        "mss loss", "multi resolution stft loss", "multi scale spectral", "stft loss", "reconstruction loss",
        "spectrogram loss", "mrstft",
    )  # fmt: skip

    inputs = {
        "target_audio": audio(doc="The sound to come near to.", shares="unit"),
        "audio": audio(doc="The sound that was made.", shares="unit"),
        "weights": Port(None, Rate.CONST, optional=True, doc="Factors of the examples, [batch]."),
    }

    fft_sizes: tuple[int, ...] = param(
        (2048, 1024, 512, 256, 128, 64), unit=Unit.SAMPLES, ge=4, doc="The sizes of the spectrograms' frames."
    )
    loss_type: str = param("L1", choices=LOSS_TYPES, doc=LOSS_TYPE_DOC)
    mag_weight: float = param(1.0, ge=0, doc="Weight of the magnitudes.")
    delta_time_weight: float = param(0.0, ge=0, doc="Weight of the magnitudes' differences from frame to frame.")
    delta_freq_weight: float = param(0.0, ge=0, doc="Weight of the magnitudes' differences from bin to bin.")
    cumsum_freq_weight: float = param(0.0, ge=0, doc="Weight of the magnitudes' running sums over the bins.")
    logmag_weight: float = param(0.0, ge=0, doc="Weight of the logarithms of the magnitudes.")
    loudness_weight: float = param(
        0.0, ge=0, doc="Weight of the A-weighted loudness, in dB, of frames of 2048 samples."
    )
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second, for the loudness.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        outputs = super().infer(signals)
        weights = signals.get("weights")
        if weights is not None and any(dim != Dim.of(1) for dim in weights.dims[1:]):
            message = f"port 'weights' takes one number for each example, [batch], {{source}} is {weights.shape_text}"
            raise Mismatch("E414", "weights", message, "write one number, or a const input without a shape")
        return outputs

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        samples, largest = signals["audio"].dims[1], max(self.fft_sizes, default=0)
        if not (samples.is_static or samples.name in sizes) or largest <= samples.at(sizes):
            return ()
        n_samples = samples.at(sizes)
        fitting = [size for size in self.fft_sizes if size <= n_samples]
        return (
            Advice(
                "W106",
                f"the largest FFT has {largest} samples, the clip {n_samples}: most of it is padding",
                "fft_sizes",
                f"write fft_sizes: {fitting}" if fitting else "make the clip longer",
            ),
        )

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        # Overlapping frames are four times the audio; every term makes its own of them, as measured.
        batch, samples = shapes["audio"]
        weights = (self.mag_weight, self.delta_time_weight, self.delta_freq_weight, self.cumsum_freq_weight)
        n_terms = sum(weight > 0 for weight in (*weights, self.logmag_weight, self.loudness_weight))
        return (16 + 12 * n_terms) * batch * max((samples, *self.fft_sizes))

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["audio"]
        terms = (self.mag_weight, self.delta_time_weight, self.delta_freq_weight, self.cumsum_freq_weight)
        n_plain, n_logs = sum(weight > 0 for weight in terms), int(self.logmag_weight > 0)
        per_bin = n_plain * 10 * costs.PASS + n_logs * 2 * (costs.FUNCTION + 4 * costs.PASS)
        total = 0
        for size in self.fft_sizes if n_plain + n_logs else ():
            frames = batch * -(-4 * samples // size)
            total += 2 * costs.spectrogram(frames, size)
            total += frames * (size // 2 + 1) * per_bin
        if self.loudness_weight > 0:
            total += 2 * costs.spectrogram(batch * (samples // 64 + 1), 2048)
        return total

    def distances(self, target_audio: Any, audio: Any, weights: Any = None) -> Any:
        if weights is not None:
            weights = weights[(..., *[None] * (3 - len(weights.shape)))]
        return tensor_functions().spectral_loss(
            target_audio,
            audio,
            weights,
            fft_sizes=self.fft_sizes,
            loss_type=self.loss_type,
            mag_weight=self.mag_weight,
            delta_time_weight=self.delta_time_weight,
            delta_freq_weight=self.delta_freq_weight,
            cumsum_freq_weight=self.cumsum_freq_weight,
            logmag_weight=self.logmag_weight,
            loudness_weight=self.loudness_weight,
            sample_rate=self.sample_rate or _DEFAULT_SAMPLE_RATE,
        )
