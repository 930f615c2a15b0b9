"""Losses between two waveforms, sample by sample: of audio effects and of source separation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.ir import costs
from ddspgraph.ir.op import param
from ddspgraph.ir.ports import audio
from ddspgraph.losses.loss import Loss, count, tensor_functions

#: The sound that is come near to, and the one that comes.
SOUNDS = {
    "target_audio": audio(doc="The sound to come near to.", shares="unit"),
    "audio": audio(doc="The sound that was made.", shares="unit"),
}


class _Waveforms(Loss):
    """A distance of two sounds of one length."""

    inputs = SOUNDS

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 3 * count(shapes, "audio")

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 8 * costs.PASS * count(shapes, "audio")


class ESRLoss(_Waveforms):
    """The error-to-signal ratio: l = sum (target - x)**2 / (sum target**2 + 1e-8), the mean over sounds.

    Source: Wright and Valimaki, "Perceptual Loss Function for Neural Modelling of Audio Systems", ICASSP 2020; the
    constant is that of auraloss 0.4.0.
    """

    words = ("esr", "error to signal ratio", "normalised mse", "waveform loss", "amp modelling", "virtual analog loss")

    def distances(self, target_audio: Any, audio: Any) -> Any:
        return tensor_functions().esr_loss(target_audio, audio)


class DCLoss(_Waveforms):
    """The difference of two offsets: l = (mean target - mean x)**2 / (mean target**2 + 1e-8), the mean over sounds.

    Beside `esr_loss`, of pre-emphasised sounds above all, which do not hear an offset.

    Source: Wright and Valimaki, "Perceptual Loss Function for Neural Modelling of Audio Systems", ICASSP 2020; the
    constant is that of auraloss 0.4.0.
    """

    words = ("dc offset loss", "bias loss", "offset")

    def distances(self, target_audio: Any, audio: Any) -> Any:
        return tensor_functions().dc_loss(target_audio, audio)


class SNRLoss(_Waveforms):
    """Minus the signal-to-noise ratio: l = -10 log10(sum target**2 / sum (target - x)**2) dB, the mean over sounds.

    Both sums have 1e-8 added, so that it stays finite: -80 dB below silence is the worst.

    Source: elementary; the constants are those of auraloss 0.4.0.
    """

    words = ("snr", "signal to noise ratio", "source separation loss", "denoising loss", "waveform loss")

    zero_mean: bool = param(True, doc="Leave the offset of both sounds out.")

    def distances(self, target_audio: Any, audio: Any) -> Any:
        return tensor_functions().snr_loss(target_audio, audio, zero_mean=self.zero_mean)


class SiSDRLoss(_Waveforms):
    """Minus the scale-invariant signal-to-distortion ratio, in dB: the SNR with the target at its best level.

    l = -10 log10(sum (s target)**2 / sum (s target - x)**2), s = sum (target x) / sum target**2, the mean over
    sounds; 1e-8 is added to every sum.

    Source: Le Roux, Wisdom, Erdogan and Hershey, "SDR - half-baked or well done?", ICASSP 2019; the constants are
    those of auraloss 0.4.0.
    """

    words = ("si-sdr", "sdr", "scale invariant", "source separation loss", "speech enhancement loss")

    zero_mean: bool = param(True, doc="Leave the offset of both sounds out.")

    def distances(self, target_audio: Any, audio: Any) -> Any:
        return tensor_functions().si_sdr_loss(target_audio, audio, zero_mean=self.zero_mean)


class LogCoshLoss(_Waveforms):
    """The logarithm of the hyperbolic cosine of the difference: l = mean ln(cosh(a (x - target))) / a.

    Small differences count as their squares, a d**2 / 2, large ones as they are.

    Source: Chen, Chen and Chen, "Log Hyperbolic Cosine Loss Improves Variational Auto-Encoder", 2019.
    """

    words = ("log cosh", "smooth l1", "huber", "robust loss", "waveform loss")

    a: float = param(1.0, gt=0, doc="The larger, the smaller the differences that count as squares.")

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (2 * costs.FUNCTION + 24 * costs.PASS) * count(shapes, "audio")

    def distances(self, target_audio: Any, audio: Any) -> Any:
        return tensor_functions().log_cosh_loss(target_audio, audio, a=self.a)
