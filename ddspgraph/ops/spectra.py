"""Analyses: from audio to spectra in mel bands, at a hop of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

from ddspgraph import dsp
from ddspgraph.dsp.hops import hop_of, overlap_hint
from ddspgraph.ir import costs
from ddspgraph.ir.op import Advice, Op, from_clock, param
from ddspgraph.ir.ports import Mismatch, Port, audio, frame
from ddspgraph.ir.shapes import frames_of
from ddspgraph.ir.streaming import Block, analysis_lag, analysis_past, past_shape
from ddspgraph.ir.types import Rate, Signal, Unit
from ddspgraph.ops.mel_bands import MelBands
from ddspgraph.ops.units import check_range
from ddspgraph.ops.workspace import mel_weights

#: What magenta/ddsp assumes when nobody says otherwise; only met outside of a graph.
_DEFAULT_SAMPLE_RATE = 16_000


class _Spectrum(Op):
    """Spectra at a hop of their own: fft_size * (1 - overlap) samples, rounded down."""

    inputs = {"audio": audio(mono=True)}
    #: The parameter that says how many mel bands there are.
    bins_name: ClassVar[str]

    lo_hz: float = param(0.0, unit=Unit.HZ, ge=0, doc="Lower edge of the lowest band.")
    hi_hz: float = param(8000.0, unit=Unit.HZ, gt=0, doc="Upper edge of the highest band; at most sample_rate / 2.")
    fft_size: int = param(2048, unit=Unit.SAMPLES, ge=2, doc="Size of a frame.")
    overlap: float = param(0.75, ge=0, lt=1, doc="Part of a frame that the next one shares.")
    pad_end: bool = param(True, doc="Pad the end with zeros, so that every sample lies in a frame.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        (typed,) = super().infer(signals).values()
        batch, samples = signals["audio"].dims
        self._check_bands()
        hop = self.hop()
        if hop < 1:
            message = f"an overlap of {self.overlap:g} of {self.fft_size} samples leaves no hop"
            raise Mismatch("E502", "audio", message, overlap_hint(self.fft_size), parameters=("overlap",))
        extra = 0 if self.pad_end else hop - self.fft_size
        frames = frames_of(samples, hop, extra=extra, up=self.pad_end)
        if frames.is_static and frames.offset < 1:
            raise Mismatch(
                "E414",
                "audio",
                f"{{source}} has {samples} samples, less than one frame of {self.fft_size}",
                "write `pad_end: true`",
            )
        dims = (batch, frames, typed.dims[2])
        return {"signal": Signal(dims, Rate.FRAME, typed.unit)}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        bands = self.n_bands()
        return self._n_spectra(shapes) * (self.fft_size * 5 // 2 + bands) + mel_weights(self.fft_size, bands)

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        spectra, channels, bands = self._n_spectra(shapes), shapes["-> signal"][2], self.n_bands()
        products = spectra * bands * (self.fft_size // 2 + 1 + channels + costs.FUNCTION)
        return costs.spectrogram(spectra, self.fft_size) + products

    def _n_spectra(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        """From the audio: the frames of the output have a name of their own where the hop does not divide it."""
        batch, samples = shapes["audio"]
        return batch * max(1, -(-samples // self.hop()))

    def kernel(self, audio: Any) -> Any:
        return self.spectra(audio, self.pad_end)

    def spectra(self, audio: Any, pad_end: bool) -> Any:
        """[batch, samples] -> [batch, frames, channels]."""
        raise TypeError(f"{type(self).__name__} declares no spectra")

    def hop(self) -> int:
        """Samples from one frame to the next."""
        return hop_of(self.fft_size, self.overlap)

    def output_hop(self, hop_samples: Fraction | int | None) -> int:
        return self.hop()

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return analysis_lag(self.fft_size, self.hop(), 0) * self.hop()

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        n = analysis_past(self.fft_size, self.hop(), 0)
        return {"past": dsp.silence(past_shape(signals["audio"], n, block.batch))}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        window, past = dsp.analysis_window(state["past"], inputs["audio"], block.start, self.fft_size, self.hop())
        return {"past": past}, {"signal": self.spectra(window, False)}

    def n_bands(self) -> int:
        """Mel bands between the spectrum and the result."""
        raise TypeError(f"{type(self).__name__} declares no n_bands")

    def rate_hz(self) -> float:
        return self.sample_rate or _DEFAULT_SAMPLE_RATE

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W114 for bands that hear nothing."""
        return self._bands().advice(self.rate_hz(), self.bins_name, f"a larger fft_size, or fewer {self.bins_name}")

    def _bands(self) -> MelBands:
        return MelBands(self.lo_hz, self.hi_hz, self.n_bands(), self.fft_size)

    def _check_bands(self) -> None:
        self._bands().check("audio", self.rate_hz())
        nyquist_hz = self.rate_hz() / 2
        if self.hi_hz > nyquist_hz:
            raise Mismatch(
                "E502",
                "audio",
                f"hi_hz is {self.hi_hz:g}, above half of the sample rate",
                f"the nearest legal value is {nyquist_hz:g}",
                parameters=("hi_hz",),
                is_of_clock=True,
            )
        check_range("audio", "lo_hz", self.lo_hz, "hi_hz", self.hi_hz)


class _MelSpectrum(_Spectrum):
    """Spectra in mel bands."""

    bins_name = "bins"
    bins: int = param(64, ge=1, doc="Number of bands.")

    def n_bands(self) -> int:
        return self.bins

    def output_ports(self) -> Mapping[str, Port]:
        return {name: replace(port, dims=frame(self.bins).dims) for name, port in self.outputs.items()}


class Mel(_MelSpectrum):
    """A magnitude spectrogram in mel bands: y[b] = sum over f of w[b, f] * |X(f)|, w triangular of peak 1.

    The bands are equally spaced and wide in mel, 1127 * ln(1 + f / 700).

    Source: Young et al., "The HTK Book", section 5.4.
    """

    words = ("mel spectrogram", "filterbank", "spectrum", "spectrogram", "stft", "fft")

    outputs = {"signal": frame("bins", unit=Unit.LINEAR, doc="Frames are fft_size * (1 - overlap) samples apart.")}

    def spectra(self, audio: Any, pad_end: bool) -> Any:
        return dsp.compute_mel(
            audio,
            self.lo_hz,
            self.hi_hz,
            self.bins,
            self.fft_size,
            self.overlap,
            pad_end,
            self.rate_hz(),
        )


class Logmel(_MelSpectrum):
    """A log mel spectrogram: y = ln(mel), and ln(1e-5) for silence.

    Source: Young et al., "The HTK Book", section 5.4.
    """

    words = ("log melspectrogram", "mel spectrogram", "spectrogram")

    outputs = {"signal": frame("bins", doc="Frames are fft_size * (1 - overlap) samples apart.")}

    lo_hz: float = param(80.0, unit=Unit.HZ, ge=0, doc="Lower edge of the lowest band.")
    hi_hz: float = param(7600.0, unit=Unit.HZ, gt=0, doc="Upper edge of the highest band; at most sample_rate / 2.")

    def spectra(self, audio: Any, pad_end: bool) -> Any:
        return dsp.compute_logmel(
            audio,
            self.lo_hz,
            self.hi_hz,
            self.bins,
            self.fft_size,
            self.overlap,
            pad_end,
            self.rate_hz(),
        )


class Mfcc(_Spectrum):
    """Mel-frequency cepstral coefficients, the cosine transform of the log mel spectrum over its bands.

    y[k] = sqrt(2 / N) * sum over n of logmel[n] * cos(pi * k * (n + 1/2) / N), N = mel_bins.

    Source: Davis and Mermelstein, IEEE Trans. ASSP 28 (1980); scaling of "The HTK Book", section 5.6.
    """

    words = ("cepstrum", "mel frequency cepstral coefficients", "timbre")

    outputs = {"signal": frame("mfcc_bins", doc="Frames are fft_size * (1 - overlap) samples apart.")}

    bins_name = "mel_bins"
    lo_hz: float = param(20.0, unit=Unit.HZ, ge=0, doc="Lower edge of the lowest band.")
    fft_size: int = param(1024, unit=Unit.SAMPLES, ge=2, doc="Size of a frame.")
    mel_bins: int = param(128, ge=1, doc="Number of mel bands.")
    mfcc_bins: int = param(13, ge=1, doc="Number of coefficients kept, from the slowest; at most mel_bins are.")

    def n_bands(self) -> int:
        return self.mel_bins

    def output_ports(self) -> Mapping[str, Port]:
        dims = frame(min(self.mfcc_bins, self.mel_bins)).dims
        return {name: replace(port, dims=dims) for name, port in self.outputs.items()}

    def spectra(self, audio: Any, pad_end: bool) -> Any:
        bands = (self.lo_hz, self.hi_hz, self.fft_size, self.mel_bins, self.mfcc_bins)
        return dsp.compute_mfcc(audio, *bands, self.overlap, pad_end, self.rate_hz())
