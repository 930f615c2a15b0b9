"""Analyses: from audio to levels, frame by frame of the clock."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.op import Op, from_clock, param
from ddspgraph.ir.ports import Mismatch, audio, frame
from ddspgraph.ir.shapes import frames_of
from ddspgraph.ir.streaming import Block, analysis_lag, analysis_past, past_shape
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ops.units import DB_RANGE

#: What magenta/ddsp assumes when nobody says otherwise; only met outside of a graph.
_DEFAULT_SAMPLE_RATE, _DEFAULT_FRAME_RATE = 16_000, 250
_PADDING_DOC = (
    "center: the middle of frame i is sample i * hop, frames + 1 of them; clock: as center, frames of them; same: "
    "frame i begins there, frames of them; valid: only frames that lie within the audio."
)


class _Level(Op):
    """One number for each frame of the clock."""

    inputs = {"audio": audio()}
    #: The parameter that says how long a frame is.
    size_name: ClassVar[str] = "frame_size"

    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    frame_rate: float | None = from_clock("frame_rate", unit=Unit.HZ, doc="Frames a second.")
    padding: str = param("center", choices=["center", "clock", "same", "valid"], doc=_PADDING_DOC)

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        # For its checks of the rank.
        unit = super().infer(signals)["signal"].unit
        batch, samples = signals["audio"].dims
        size, hop = self.size(), self.hop()
        check_hop(hop, *self.rates())
        if hop > size:
            raise Mismatch(
                "E502",
                "audio",
                f"frames of {self.size_name} = {size} samples leave gaps: the clock has one every {hop}",
                f"write {self.size_name}: {2 * hop}",
                parameters=(self.size_name,),
            )
        if self.padding == "center":
            frames = frames_of(samples, hop) + 1
        elif self.padding in ("clock", "same"):
            frames = frames_of(samples, hop, up=True)
        else:
            frames = frames_of(samples, hop, extra=hop - size)
        if frames.is_static and frames.offset < 1:
            raise Mismatch(
                "E414",
                "audio",
                f"{{source}} has {samples} samples, less than one frame of {size}",
                "write `padding: center`",
            )
        dims = (batch, frames, Dim.of(1))
        return {"signal": Signal(dims, Rate.FRAME, unit)}

    def output_hop(self, hop_samples: Fraction | int | None) -> int:
        return self.hop()

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return self._n_frames(shapes) * self.size() * 5 // 4

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return self._n_frames(shapes) * self.size() * (costs.FRAMED // 2 + costs.PASS)

    def _n_frames(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        """From the audio: the frames of the output have a name of their own where the hop does not divide it."""
        batch, samples = shapes["audio"]
        return batch * (samples // self.hop() + 1)

    def kernel(self, audio: Any) -> Any:
        return self.levels(audio, self.padding)[..., None]

    def levels(self, audio: Any, padding: str) -> Any:
        """[batch, samples] -> [batch, frames]."""
        raise TypeError(f"{type(self).__name__} declares no levels")

    def _frame(self) -> tuple[int, int, int]:
        """Size and hop of a frame, and how many samples before its own it begins."""
        return self.size(), self.hop(), self.size() // 2 if self.padding in ("center", "clock") else 0

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return analysis_lag(*self._frame()) * self.hop()

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"past": dsp.silence(past_shape(signals["audio"], analysis_past(*self._frame()), block.batch))}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        window, past = dsp.analysis_window(state["past"], inputs["audio"], block.start, self.size(), self.hop())
        return {"past": past}, {"signal": self.levels(window, "valid")[..., None]}

    def hop(self) -> int:
        """Samples from one frame to the next."""
        sample_rate, frame_rate = self.rates()
        return int(sample_rate // frame_rate)

    def rates(self) -> tuple[Fraction, Fraction]:
        """Exact rates: in floats 16000 // (16000 / 7) is 6, not 7."""
        sample_rate = Fraction(self.sample_rate or _DEFAULT_SAMPLE_RATE)
        frame_rate = Fraction(self.frame_rate or _DEFAULT_FRAME_RATE)
        hop = round(sample_rate / frame_rate)
        is_whole = hop > 0 and abs(sample_rate / frame_rate - hop) < Fraction(1, 10**6)
        return sample_rate, sample_rate / hop if is_whole else frame_rate

    def size(self) -> int:
        """Samples of one frame."""
        return getattr(self, self.size_name)


def check_hop(hop_samples: int, sample_rate: Fraction | float, frame_rate: Fraction | float) -> None:
    """Raises `Mismatch` E401 where a frame is less than one sample."""
    if hop_samples < 1:
        message = (
            f"a frame_rate of {float(frame_rate):g} leaves less than one of {float(sample_rate):g} samples a frame"
        )
        hint = f"write `frame_rate: {float(sample_rate):g}` or less"
        raise Mismatch("E401", "audio", message, hint, parameters=("frame_rate",))


class Loudness(_Level):
    """Perceived loudness: the A-weighted power spectrum of each frame, averaged, in dB over ref_db.

    l = max(10 * log10(mean over f of A(f) * |X(f)| ** 2) - ref_db, -range_db), with a Hann window.

    Source: IEC 61672-1, annex E, for A(f).
    """

    words = (
        "a weighting", "volume meter", "lufs (A-weighted, not K-weighted)", "perceptual level", "envelope follower",
        "level meter",
    )  # fmt: skip

    outputs = {"signal": frame(1, unit=Unit.DB, doc="At least -range_db.")}

    size_name = "n_fft"
    n_fft: int = param(512, unit=Unit.SAMPLES, ge=2, doc="Size of a frame and of its FFT.")
    range_db: float = param(DB_RANGE, unit=Unit.DB, ge=0, doc="The result is at least -range_db.")
    ref_db: float = param(0.0, unit=Unit.DB, doc="0 dB of the result, in dB over a mean power of 1.")

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return self._n_frames(shapes) * self.n_fft * 5 // 2

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return costs.spectrogram(self._n_frames(shapes), self.n_fft)

    def levels(self, audio: Any, padding: str) -> Any:
        return dsp.compute_loudness(audio, *self.rates(), self.n_fft, self.range_db, self.ref_db, padding=padding)


class Power(_Level):
    """Power in decibels: l = max(10 * log10(mean of the frame's x ** 2) - ref_db, -range_db).

    Source: elementary (definition of the decibel).
    """

    words = ("energy", "level", "envelope follower", "envelope detector", "meter", "decibels")

    outputs = {"signal": frame(1, unit=Unit.DB, doc="At least -range_db.")}

    frame_size: int = param(512, unit=Unit.SAMPLES, ge=1, doc="Size of a frame.")
    ref_db: float = param(0.0, unit=Unit.DB, doc="What counts as 0 dB, in dB over a mean square of 1.")
    range_db: float = param(DB_RANGE, unit=Unit.DB, ge=0, doc="The result is at least -range_db.")

    def levels(self, audio: Any, padding: str) -> Any:
        return dsp.compute_power(audio, *self.rates(), self.frame_size, self.ref_db, self.range_db, padding)


class RmsEnergy(_Level):
    """Root mean square: y = sqrt(mean of the frame's x ** 2).

    Source: elementary.
    """

    words = (
        "rms", "root mean square", "energy", "level", "envelope follower", "envelope detector", "amp follower",
        "meter",
    )  # fmt: skip

    outputs = {"signal": frame(1, unit=Unit.LINEAR)}

    frame_size: int = param(512, unit=Unit.SAMPLES, ge=1, doc="Size of a frame.")

    def levels(self, audio: Any, padding: str) -> Any:
        return dsp.compute_rms_energy(audio, *self.rates(), self.frame_size, padding)
