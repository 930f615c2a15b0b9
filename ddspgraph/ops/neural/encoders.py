"""Encoders of audio into latents z, frame by frame or one for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ddspgraph import dsp, nn
from ddspgraph.dsp.hops import hop_of
from ddspgraph.ir import costs
from ddspgraph.ir.op import Advice, Op, Traits, Weight, from_clock, param
from ddspgraph.ir.ports import Mismatch, Port, audio, frame
from ddspgraph.ir.shapes import frames_of
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ops.mel_bands import MelBands
from ddspgraph.ops.neural import parts
from ddspgraph.ops.neural.recurrent import recurrent_width
from ddspgraph.ops.workspace import mel_weights

#: What z_time_steps asks for, at 4 s of 16 kHz: fft_size and overlap of the spectra.
Z_STEPS: Mapping[str, tuple[int, float]] = {
    "63": (2048, 0.5),
    "125": (1024, 0.5),
    "250": (1024, 0.75),
    "500": (512, 0.75),
    "1000": (256, 0.75),
}
_FFT_SIZE, _OVERLAP, _MFCC_BINS = 1024, 0.75, 30
_LO_HZ, _HI_HZ, _MEL_BINS = 20.0, 8000.0, 128


class _AudioEncoder(Op):
    """Encodes spectra of audio; z is stretched to the frames of the clock."""

    traits = Traits.TRAINABLE
    whole_clip = "normalizes over the whole clip"
    inputs = {"audio": audio(mono=True)}
    #: Where advice on its bands points, and what helps.
    advised: ClassVar[tuple[str, str]] = ("audio", "a lower sample_rate in `clock` lets all of them hear")

    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    hop_samples: int | None = from_clock("hop_samples", unit=Unit.SAMPLES, doc="Samples a frame of the graph.")

    def width(self) -> int:
        """Channels of z."""
        raise TypeError(f"{type(self).__name__} declares no width")

    def spectra(self) -> tuple[tuple[int, float], ...]:
        """FFT size and overlap of every analysis."""
        return ((_FFT_SIZE, _OVERLAP),)

    def bands(self) -> tuple[int, ...]:
        """Mel bands of every analysis."""
        return (_MEL_BINS,)

    def mel_bands(self) -> Sequence[MelBands]:
        """The bands of every analysis."""
        sizes = [size for size, _ in self.spectra()]
        return [MelBands(_LO_HZ, _HI_HZ, bins, size) for bins, size in zip(self.bands(), sizes, strict=True)]

    def rate_hz(self) -> float:
        return float(self.sample_rate or 16_000)

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W114 for bands that hear nothing."""
        return [a for bands in self.mel_bands() for a in bands.advice(self.rate_hz(), *self.advised)]

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        super().infer(signals)
        for bands in self.mel_bands():
            bands.check("audio", self.rate_hz())
        batch, samples = signals["audio"].dims
        fft_size, overlap = self.spectra()[0]
        hop = self.hop_samples or hop_of(fft_size, overlap)
        frames = frames_of(samples, hop, up=True)
        return {"z": Signal((batch, frames, Dim.of(self.width())), Rate.FRAME, Unit.RAW)}

    def mfcc(self, audio: Any, fft_size: int, overlap: float, bins: int = _MFCC_BINS, mel_bins: int = _MEL_BINS) -> Any:
        hi_hz = min(_HI_HZ, self.rate_hz() / 2)
        return dsp.compute_mfcc(audio, _LO_HZ, hi_hz, fft_size, mel_bins, bins, overlap, True, self.rate_hz())

    def to_clock(self, z: Any, audio: Any) -> Any:
        """z with a frame for every hop of the clock; outside of a graph as it is."""
        if self.hop_samples is None:
            return z
        return dsp.resample(z, nn.frame_count(audio, self.hop_samples))

    def workspace(self, shapes: parts.Shapes) -> int:
        batch, n_samples = shapes["audio"][:2]
        total = 0
        for (size, overlap), bands in zip(self.spectra(), self.bands(), strict=True):
            frames = -(-n_samples // hop_of(size, overlap))
            total += batch * frames * (3 * size + bands) + mel_weights(size, bands)
        return total

    def multiply_adds(self, shapes: parts.Shapes) -> int:
        batch, n_samples = shapes["audio"][:2]
        total = 0
        for size, overlap in self.spectra():
            frames = -(-n_samples // hop_of(size, overlap))
            total += costs.spectrogram(batch * frames, size) + batch * frames * _MEL_BINS * (size // 2 + costs.FUNCTION)
            matrices = {n: s for n, s in shapes.items() if n.startswith("= ") and not n.endswith("bias")}
            total += costs.products(matrices, batch * frames)
        return total


class MfccTimeDistributedRnnEncoder(_AudioEncoder):
    """A latent for every frame: normalized MFCCs, a recurrent layer, a dense layer.

    z = rnn(norm(mfcc(audio))) W + b, linearly stretched to the frames of the clock.

    Source: Engel et al., DDSP (ICLR 2020), appendix B.1.
    """

    words = ("z encoder", "encoder", "latent", "timbre")

    outputs = {"z": Port(None, Rate.FRAME, Unit.RAW, doc="[batch, frames, z_dims]")}

    rnn_channels: int = param(512, ge=1, doc="Units of the recurrent layer.")
    rnn_type: str = param("gru", choices=parts.RNN_TYPES, doc="Kind of its units.")
    advised = ("z_time_steps", "fewer z_time_steps have a larger FFT")
    z_dims: int = param(32, ge=1, doc="Channels of z.")
    z_time_steps: int = param(250, ge=63, le=1000, doc="Frames of 4 s at 16 kHz: 63, 125, 250, 500 or 1000.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        if str(self.z_time_steps) not in Z_STEPS:
            nearest = min(Z_STEPS, key=lambda steps: abs(int(steps) - self.z_time_steps))
            message = f"z_time_steps is {self.z_time_steps}; it can be {', '.join(Z_STEPS)}"
            hint = f"the nearest legal value is {nearest}"
            raise Mismatch("E502", "audio", message, hint, parameters=("z_time_steps",))
        return super().infer(signals)

    def width(self) -> int:
        return self.z_dims

    def spectra(self) -> tuple[tuple[int, float], ...]:
        return (Z_STEPS[str(self.z_time_steps)],)

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return rnn_encoder_weights(self.rnn_channels, self.rnn_type, self.z_dims)

    def workspace(self, shapes: parts.Shapes) -> int:
        return super().workspace(shapes) + parts.numbers(shapes, [recurrent_width(self.rnn_channels, self.rnn_type)])

    def kernel(self, audio: Any, variables: Mapping[str, Any]) -> Any:
        fft_size, overlap = self.spectra()[0]
        z = run_rnn_encoder(self.mfcc(audio, fft_size, overlap), variables, self.rnn_type)
        return self.to_clock(z, audio)


class MfccRnnEncoder(_AudioEncoder):
    """A latent for all of the audio: normalized MFCCs, a recurrent layer, a dense layer, and one frame of it.

    z is the last frame, which has heard everything, or with mean_aggregate the mean of all.

    Source: Engel et al., DDSP (ICLR 2020), appendix B.1.
    """

    words = ("z encoder", "encoder", "latent", "timbre")

    outputs = {"z": Port(None, Rate.CONST, Unit.RAW, doc="[batch, z_dims], a constant.")}

    rnn_channels: int = param(512, ge=1, doc="Units of the recurrent layer.")
    rnn_type: str = param("gru", choices=parts.RNN_TYPES, doc="Kind of its units.")
    z_dims: int = param(512, ge=1, doc="Channels of z.")
    mean_aggregate: bool = param(False, doc="Take the mean over time; otherwise the last frame.")

    def width(self) -> int:
        return self.z_dims

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        super().infer(signals)
        return {"z": Signal((signals["audio"].dims[0], Dim.of(self.z_dims)), Rate.CONST, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return rnn_encoder_weights(self.rnn_channels, self.rnn_type, self.z_dims)

    def kernel(self, audio: Any, variables: Mapping[str, Any]) -> Any:
        z = run_rnn_encoder(self.mfcc(audio, _FFT_SIZE, _OVERLAP), variables, self.rnn_type)
        return nn.mean_over_time(z) if self.mean_aggregate else z[:, -1]


class MfccEncoder(_AudioEncoder):
    """Normalized MFCCs of one or more FFT sizes side by side: a latent that is not learned but for its scale.

    Every size makes spectra that overlap by 3/4, stretched to the frames of the clock.

    Source: Davis and Mermelstein, IEEE Trans. ASSP 28 (1980).
    """

    words = ("encoder", "latent", "timbre")

    outputs = {"z": Port(None, Rate.FRAME, Unit.RAW, doc="[batch, frames, sum of mfcc_bins]")}

    advised = ("mel_bins", "larger fft_sizes, or fewer mel_bins")
    fft_sizes: tuple[int, ...] = param((1024,), unit=Unit.SAMPLES, ge=4, doc="Samples of a frame, of each analysis.")
    mel_bins: tuple[int, ...] = param((128,), ge=1, doc="Mel bands of each analysis.")
    mfcc_bins: tuple[int, ...] = param((30,), ge=1, doc="Coefficients of each analysis.")

    def width(self) -> int:
        return sum(self.mfcc_bins)

    def spectra(self) -> tuple[tuple[int, float], ...]:
        return tuple((size, _OVERLAP) for size in self.fft_sizes)

    def bands(self) -> tuple[int, ...]:
        return self.mel_bins

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        if not len(self.fft_sizes) == len(self.mel_bins) == len(self.mfcc_bins) or not self.fft_sizes:
            message = "fft_sizes, mel_bins and mfcc_bins say one number for each analysis"
            lists = ("fft_sizes", "mel_bins", "mfcc_bins")
            raise Mismatch("E502", "audio", message, "make the three lists as long", parameters=lists)
        return super().infer(signals)

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return parts.named("norm", parts.norm(self.width()))

    def kernel(self, audio: Any, variables: Mapping[str, Any]) -> Any:
        sizes = zip(self.fft_sizes, self.mfcc_bins, self.mel_bins, strict=True)
        spectra = [self.mfcc(audio, size, _OVERLAP, bins, mel) for size, bins, mel in sizes]
        joined = dsp.concat_channels([dsp.stretch_to(x, spectra[0]) for x in spectra])
        return self.to_clock(nn.scale_and_shift(joined, nn.part(variables, "norm"), "instance"), audio)


class AggregateFeaturesEncoder(Op):
    """A latent for all of the audio from its pitch and loudness: a dense layer of both, and its mean over time.

    Source: elementary.
    """

    words = ("z encoder", "encoder", "latent", "global features")

    traits = Traits.TRAINABLE
    whole_clip = "is a mean over the whole clip"
    inputs = {"f0_scaled": frame(1), "ld_scaled": frame(1)}
    outputs = {"z": Port(None, Rate.CONST, Unit.RAW, doc="[batch, ch], a constant.")}

    ch: int = param(512, ge=1, doc="Channels of z.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        super().infer(signals)
        return {"z": Signal((signals["f0_scaled"].dims[0], Dim.of(self.ch)), Rate.CONST, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return parts.dense(2, self.ch)

    def kernel(self, f0_scaled: Any, ld_scaled: Any, variables: Mapping[str, Any]) -> Any:
        return nn.mean_over_time(nn.dense(dsp.concat_channels([f0_scaled, ld_scaled]), variables))


class OneHotEncoder(Op):
    """A learned vector for each of a number of things, such as instruments: z = row `instrument` of a table.

    Source: elementary (an embedding).
    """

    words = ("embedding", "instrument id", "speaker", "label", "lookup table")

    traits = Traits.TRAINABLE
    inputs = {"instrument": Port(None, Rate.CONST, doc="Which one, from 0: [batch] or [batch, 1].")}
    outputs = {"z": Port(None, Rate.CONST, Unit.RAW, doc="[batch, n_dims], a constant.")}

    vocab_size: int = param(1024, ge=1, doc="How many there are.")
    n_dims: int = param(256, ge=1, doc="Channels of z.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        given = signals["instrument"]
        if given.rank != 1 and not (given.rank == 2 and (given.dims[1].size or 1) == 1):
            message = f"port 'instrument' wants one number an item, [batch, 1], {{source}} is {given.shape_text}"
            raise Mismatch("E413", "instrument", message)
        return {"z": Signal((given.dims[0], Dim.of(self.n_dims)), Rate.CONST, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return {"embeddings": Weight((self.vocab_size, self.n_dims), ("uniform", -0.05, 0.05))}

    def multiply_adds(self, shapes: parts.Shapes) -> int:
        return costs.GATHER * parts.numbers(shapes, [self.n_dims])

    def kernel(self, instrument: Any, variables: Mapping[str, Any]) -> Any:
        index = instrument if len(instrument.shape) == 1 else dsp.drop_last_axis(instrument)
        return nn.row_of(variables["embeddings"], index)


def rnn_encoder_weights(units: int, rnn_type: str, z_dims: int) -> parts.Weights:
    """Of `run_rnn_encoder`."""
    return {
        **parts.named("norm", parts.norm(_MFCC_BINS)),
        **parts.named("rnn", parts.rnn(_MFCC_BINS, units, rnn_type)),
        **parts.named("dense_out", parts.dense(units, z_dims)),
    }


def run_rnn_encoder(mfcc: Any, variables: Mapping[str, Any], rnn_type: str) -> Any:
    """Norm, recurrent layer, dense layer."""
    normal = nn.scale_and_shift(mfcc, nn.part(variables, "norm"), "instance")
    return nn.dense(nn.rnn(normal, nn.part(variables, "rnn"), rnn_type), nn.part(variables, "dense_out"))
