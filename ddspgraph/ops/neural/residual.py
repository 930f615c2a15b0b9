"""The residual network over spectrograms, and the encoder of sinusoids that it is made for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from ddspgraph import dsp, nn
from ddspgraph.dsp.hops import hop_of, overlap_hint
from ddspgraph.ir import costs
from ddspgraph.ir.op import Advice, Op, Splits, Traits, Weight, from_clock, param
from ddspgraph.ir.ports import Mismatch, Port, audio, frame
from ddspgraph.ir.shapes import frames_of
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ops.mel_bands import MelBands
from ddspgraph.ops.neural import parts
from ddspgraph.ops.workspace import mel_weights

#: Size -> channels inside the narrowest layers, and layers of each width: two groups, each ends in norm and relu.
SIZES: Mapping[str, tuple[int, tuple[tuple[int, ...], ...]]] = {
    "small": (32, ((2, 3, 4), (3,))),
    "medium": (32, ((3, 4, 6), (3,))),
    "large": (64, ((3, 4, 6), (3,))),
}
_FIRST = 64
_LO_HZ, _HI_HZ = 80.0, 7600.0
_SIZE_DOC = "small: 12 layers; medium: 16; large: 16 of twice the width."


class Resnet(Op):
    """A residual network over frames and bands: the bands become fewer by 32, the channels more, frames stay.

    With an input `z`, a dense layer of it sets scale and shift of the first norm of every layer.

    Source: He et al., Identity Mappings in Deep Residual Networks (2016).
    """

    words = ("residual network", "convolutional network", "cnn", "conv2d")

    traits = Traits.TRAINABLE
    whole_clip = "normalizes over the whole clip"
    inputs = {
        "x": frame("n_bands", doc="A spectrogram."),
        "z": frame("n_z", optional=True, broadcast=True, doc="Conditioning."),
    }
    outputs = {"signal": Port(None, Rate.FRAME, Unit.RAW, doc="[batch, frames, n_bands / 32 * channels]")}

    size: str = param("large", choices=tuple(SIZES), doc=_SIZE_DOC)
    norm_type: str = param("layer", choices=parts.NORM_TYPES, doc="What is normalized together.")
    shift_only: bool = param(False, doc="Conditioning sets shifts, not scales.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        super().infer({name: signals[name] for name in ("x", "z") if name in signals})
        x = signals["x"]
        width = resnet_width(self.size, parts.channels("x", x))
        return {"signal": Signal((*x.dims[:2], Dim.of(width)), Rate.FRAME, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        n_z = parts.channels("z", signals["z"]) if "z" in signals else None
        return resnet_weights(self.size, n_z, self.shift_only)

    def workspace(self, shapes: parts.Shapes) -> int:
        return resnet_workspace(*shapes["x"])

    def multiply_adds(self, shapes: parts.Shapes) -> int:
        return resnet_cost(*shapes["x"], self.size)

    def kernel(self, x: Any, z: Any = None, *, variables: Mapping[str, Any]) -> Any:
        return run_resnet(x, z, variables, self.size, self.norm_type, self.shift_only)


class ResnetSinusoidalEncoder(Op):
    """Finds sinusoids and noise in audio: a residual network over its log mel spectrogram, and dense layers.

    Every output is a dense layer of its own: `{frequencies: 6400, amplitudes: 100, noise_magnitudes: 60}`, raw.
    Its frames are those of the spectrogram, fft_size * (1 - overlap) samples apart.

    Source: Engel et al., Self-supervised Pitch Detection by Inverse Audio Synthesis (ICML workshop 2020).
    """

    words = ("encoder", "sinusoid finder", "partial tracking", "inverse synthesis")

    traits = Traits.TRAINABLE
    whole_clip = "normalizes over the whole clip"
    inputs = {"audio": audio(mono=True)}

    size: str = param("small", choices=tuple(SIZES), doc=_SIZE_DOC)
    outputs: Splits = param(doc="Names of the outputs, with their channel counts.")  # type: ignore[misc]
    bins: int = param(64, ge=1, doc="Mel bands of the spectrogram.")
    fft_size: int = param(2048, unit=Unit.SAMPLES, ge=4, doc="Samples of a frame of the spectrogram.")
    overlap: float = param(0.75, ge=0, lt=1, doc="Part of a frame that the next one shares.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def output_ports(self) -> Mapping[str, Port]:
        return {name: frame(n, unit=Unit.RAW, doc=f"{n} channels.") for name, n in self.outputs}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        super().infer(signals)
        self.mel_bands().check("audio", self.rate_hz())
        hop = hop_of(self.fft_size, self.overlap)
        if hop < 1:
            message = f"an overlap of {self.overlap:g} of {self.fft_size} samples leaves no hop"
            raise Mismatch("E502", "audio", message, overlap_hint(self.fft_size), parameters=("overlap",))
        batch, samples = signals["audio"].dims
        time = frames_of(samples, hop, up=True)
        return {name: Signal((batch, time, Dim.of(n)), Rate.FRAME, Unit.RAW) for name, n in self.outputs}

    def mel_bands(self) -> MelBands:
        return MelBands(_LO_HZ, _HI_HZ, self.bins, self.fft_size)

    def rate_hz(self) -> float:
        return float(self.sample_rate or 16_000)

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W114 for bands that hear nothing."""
        return self.mel_bands().advice(self.rate_hz(), "bins", "a larger fft_size, or fewer bins")

    def output_hop(self, hop_samples: Fraction | int | None) -> int:
        return hop_of(self.fft_size, self.overlap)

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        found = dict(resnet_weights(self.size, None, False))
        for name, n in self.outputs:
            found |= parts.named(f"dense_{name}", parts.dense(resnet_width(self.size, self.bins), n))
        return found

    def workspace(self, shapes: parts.Shapes) -> int:
        batch, frames = parts.default_shape(shapes)[:2]
        spectra = batch * frames * self.fft_size * 5 // 2 + mel_weights(self.fft_size, self.bins)
        return max(spectra, resnet_workspace(batch, frames, self.bins))

    def multiply_adds(self, shapes: parts.Shapes) -> int:
        batch, frames = parts.default_shape(shapes)[:2]
        dense = batch * frames * resnet_width(self.size, self.bins) * sum(n for _, n in self.outputs)
        spectrum = costs.spectrogram(batch * frames, self.fft_size)
        return spectrum + resnet_cost(batch, frames, self.bins, self.size) + dense

    def kernel(self, audio: Any, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        hi_hz = min(_HI_HZ, self.rate_hz() / 2)
        how = (self.bins, self.fft_size, self.overlap, True, self.rate_hz())
        spectrum = dsp.compute_logmel(audio, _LO_HZ, hi_hz, *how)
        x = run_resnet(spectrum, None, variables, self.size, "layer", False)
        return {name: nn.dense(x, nn.part(variables, f"dense_{name}")) for name, _ in self.outputs}


def resnet_weights(size: str, n_z: int | None, shift_only: bool) -> parts.Weights:
    """Of `nn.resnet` over a spectrogram of one channel."""
    width, groups = SIZES[size]
    found = parts.named("conv_in", parts.conv((7, 7), 1, _FIRST))
    n_in, number = _FIRST, 0
    for group, widths in enumerate(groups, 1):
        for layers in widths:
            n_out = 4 * width
            for layer in range(layers):
                number += 1
                own = parts.named("norm", parts.norm_given(n_z, n_in, shift_only))
                if layer == 0:
                    own |= parts.named("proj", parts.conv((1, 1), n_in, n_out))
                own |= parts.named("conv_1", parts.conv((1, 1), n_in, width))
                own |= parts.named("norm_2", parts.norm(width))
                own |= parts.named("conv_2", parts.conv((3, 3), width, width))
                own |= parts.named("norm_3", parts.norm(width))
                own |= parts.named("conv_3", parts.conv((1, 1), width, n_out))
                found |= parts.named(f"layer_{number}", own)
                n_in = n_out
            width *= 2
        found |= parts.named(f"norm_out_{group}", parts.norm(n_in))
    return found


def resnet_width(size: str, n_bands: int) -> int:
    """Channels that come out: those of the widest layers, for every band that is left."""
    for _ in range(5):
        n_bands = -(-n_bands // 2)
    width, groups = SIZES[size]
    return n_bands * 4 * width * 2 ** (sum(map(len, groups)) - 1)


def resnet_workspace(batch: int, frames: int, n_bands: int) -> int:
    """The first convolution and its columns are the largest."""
    return batch * frames * -(-n_bands // 2) * (2 * _FIRST + 7 * 7)


def resnet_cost(batch: int, frames: int, n_bands: int, size: str) -> int:
    """Products of every layer at the bands that it still sees."""
    width, groups = SIZES[size]
    bands = -(-n_bands // 2)
    total, n_in = bands * 7 * 7 * _FIRST, _FIRST
    bands = -(-bands // 2)
    for i, layers in enumerate(layers for widths in groups for layers in widths):
        bands = bands if i == 0 else -(-bands // 2)
        one = n_in * width + 9 * width * width + 4 * width * width
        total += bands * (n_in * 4 * width + one + (layers - 1) * (17 * width * width))
        n_in, width = 4 * width, 2 * width
    return batch * frames * math.ceil(total)


def run_resnet(x: Any, z: Any, variables: Mapping[str, Any], size: str, norm_type: str, shift_only: bool) -> Any:
    """Over [batch, frames, bands]; the bands that are left become channels."""
    z = None if z is None else z[:, :, None, :]
    groups = SIZES[size][1]
    y = nn.resnet(x[..., None], z, variables, blocks=groups, norm_type=norm_type, shift_only=shift_only)
    return nn.flatten_channels(y)
