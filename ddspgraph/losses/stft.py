"""Losses between spectrograms of frames with a mirror at both ends: mel bands, and sum and difference of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.ir import costs
from ddspgraph.ir.op import from_clock, param
from ddspgraph.ir.ports import Mismatch, audio
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.losses.loss import Loss, tensor_functions
from ddspgraph.losses.time_domain import SOUNDS

#: The rate that is assumed outside of a graph.
_DEFAULT_SAMPLE_RATE = 16_000
_FFT_DOC, _HOP_DOC, _WINDOW_DOC = "Samples of the FFT.", "Samples from frame to frame.", "Samples of the Hann window."


class _Spectrograms(Loss):
    """A distance of two sounds as spectrograms."""

    def resolutions(self) -> list[tuple[int, int, int]]:
        """(fft_size, hop_size, win_length) of each."""
        raise TypeError(f"{type(self).__name__} declares no resolutions")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        for fft_size, _, win_length in self.resolutions():
            if win_length > fft_size:
                message = f"a window of {win_length} samples is longer than its FFT of {fft_size}"
                names = [name for name in self.params() if name.startswith("win_")]
                raise Mismatch("E414", "audio", message, f"write at most {fft_size}", parameters=names)
        return super().infer(signals)

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["audio"][:2]
        return max(8 * batch * (samples // hop + 1) * size for size, hop, _ in self.resolutions())

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["audio"][:2]
        total = 0
        for size, hop, _ in self.resolutions():
            frames = batch * (samples // hop + 1)
            total += 2 * costs.spectrogram(frames, size) + frames * size * (costs.FUNCTION + 5 * costs.PASS)
        return total


class MelSTFTLoss(_Spectrograms):
    """The distance of two mel spectrograms: how far their magnitudes are apart, and their logarithms.

    l = convergence_weight * ||M_target - M|| / ||M_target|| + logmag_weight * mean |ln M_target - ln M|
    + mag_weight * mean |M_target - M|, the mean over sounds: M are magnitudes, at least 1e-4, in bands of Slaney's mel
    scale; the norms are over the frames and bands of one sound, where auraloss takes them over those of the batch.
    Frame i has its middle at sample i * hop_size. Bands that are narrower than the bins of the FFT may hold none, and
    count as equal.

    Source: Yamamoto, Song and Kim, "Parallel WaveGAN", ICASSP 2020; the scale and the constants are those of auraloss
    0.4.0.
    """

    words = ("mel loss", "mel spectrogram loss", "mel spectral loss", "perceptual loss", "hifi-gan loss", "stft loss")

    inputs = SOUNDS

    fft_size: int = param(1024, unit=Unit.SAMPLES, ge=4, doc=_FFT_DOC)
    hop_size: int = param(256, unit=Unit.SAMPLES, ge=1, doc=_HOP_DOC)
    win_length: int = param(1024, unit=Unit.SAMPLES, ge=1, doc=_WINDOW_DOC)
    n_mels: int = param(128, ge=1, doc="Bands from 0 Hz to half of the sample rate.")
    convergence_weight: float = param(1.0, ge=0, doc="Weight of the spectral convergence.")
    logmag_weight: float = param(1.0, ge=0, doc="Weight of the logarithms of the magnitudes.")
    mag_weight: float = param(0.0, ge=0, doc="Weight of the magnitudes.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def resolutions(self) -> list[tuple[int, int, int]]:
        return [(self.fft_size, self.hop_size, self.win_length)]

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["audio"]
        bands = (4 * batch * (samples // self.hop_size + 1) + 6 * (self.fft_size // 2 + 1)) * self.n_mels
        return super().workspace(shapes) + bands

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["audio"]
        frames = batch * (samples // self.hop_size + 1)
        return super().multiply_adds(shapes) + 2 * frames * (self.fft_size // 2 + 1) * self.n_mels

    def distances(self, target_audio: Any, audio: Any) -> Any:
        functions = tensor_functions()
        return functions.mel_stft_loss(
            target_audio,
            audio,
            resolution=functions.Resolution(*self.resolutions()[0]),
            n_mels=self.n_mels,
            terms=functions.Terms(self.convergence_weight, self.logmag_weight, self.mag_weight),
            sample_rate=self.sample_rate or _DEFAULT_SAMPLE_RATE,
        )


class SumDifferenceLoss(_Spectrograms):
    """The distance of two stereo sounds, as spectrograms of left + right and of left - right.

    l = (sum_weight * d(l + r) + difference_weight * d(l - r)) / 2; d is the mean over the resolutions of
    ||S_target - S|| / ||S_target|| + mean |ln S_target - ln S|, S being magnitudes, at least 1e-4. Unlike the mean over
    left and right it does not mind which of the two is which, but hears how wide a mix is.

    Source: Steinmetz, Pons, Pascual and Serra, "Automatic Multitrack Mixing with a Differentiable Mixing Console of
    Neural Audio Effects", ICASSP 2021; the resolutions and the constants are those of auraloss 0.4.0.
    """

    words = ("stereo loss", "mid side loss", "mixing loss", "stereo width loss")

    inputs = {
        "target_audio": audio(2, doc="The sound to come near to, left and right.", shares="unit"),
        "audio": audio(2, doc="The sound that was made.", shares="unit"),
    }

    fft_sizes: tuple[int, ...] = param((1024, 2048, 512), unit=Unit.SAMPLES, ge=4, doc=_FFT_DOC)
    hop_sizes: tuple[int, ...] = param((120, 240, 50), unit=Unit.SAMPLES, ge=1, doc=_HOP_DOC)
    win_lengths: tuple[int, ...] = param((600, 1200, 240), unit=Unit.SAMPLES, ge=1, doc=_WINDOW_DOC)
    sum_weight: float = param(1.0, ge=0, doc="Weight of left + right.")
    difference_weight: float = param(1.0, ge=0, doc="Weight of left - right.")

    def resolutions(self) -> list[tuple[int, int, int]]:
        return list(zip(self.fft_sizes, self.hop_sizes, self.win_lengths, strict=False))

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        sizes = {name: getattr(self, name) for name in ("fft_sizes", "hop_sizes", "win_lengths")}
        if len({len(x) for x in sizes.values()}) != 1 or not self.fft_sizes:
            counts = ", ".join(f"{len(x)} {name}" for name, x in sizes.items())
            message = f"each resolution has an FFT, a hop and a window: there are {counts}"
            raise Mismatch("E414", "audio", message, "write as many of each, at least one", parameters=list(sizes))
        return super().infer(signals)

    def distances(self, target_audio: Any, audio: Any) -> Any:
        functions = tensor_functions()
        return functions.sum_difference_loss(
            target_audio,
            audio,
            resolutions=[functions.Resolution(*sizes) for sizes in self.resolutions()],
            sum_weight=self.sum_weight,
            difference_weight=self.difference_weight,
        )
