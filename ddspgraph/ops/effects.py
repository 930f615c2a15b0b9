"""Effects of magenta/ddsp beside its reverbs: filters drawn by controls, and a modulated delay."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Bounded, Linear, Range, Unreached, Way
from ddspgraph.ir.op import Advice, Op, from_clock, param
from ddspgraph.ir.ports import Mismatch, Port, audio, frame, same_as
from ddspgraph.ir.streaming import Block, items_of
from ddspgraph.ir.types import Dim, Signal, Unit
from ddspgraph.lazy import np
from ddspgraph.ops.clocked import from_graph
from ddspgraph.ops.scale_fns import SCALE_FN_DOC, SCALE_FNS, scaled_range, with_unit
from ddspgraph.ops.stream_filters import group_delay, impulse_samples, timing_param
from ddspgraph.ops.workspace import convolution_workspace, response_samples

#: A delay line of a minute; what is longer is a mistake in the unit.
_LONGEST_MS = 60_000.0


class _Filter(Op):
    """Filters audio by responses, one for all frames or one a frame."""

    timing: str = timing_param()

    def ir_samples(self, signals: Mapping[str, Signal]) -> int:
        """The length of a response. Raises `CannotStream` where it is not known."""
        raise TypeError(f"{type(self).__name__} declares no ir_samples")

    def responses(self, inputs: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The responses, and the outputs beside the signal."""
        raise TypeError(f"{type(self).__name__} declares no responses")

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return self.ir_samples(signals) - 1 - group_delay(self.ir_samples(signals), self.timing)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> Mapping[str, int]:
        return {"signal": group_delay(self.ir_samples(signals), self.timing)}

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return {"tail": dsp.silence([items_of(signals.values(), block.batch), self.ir_samples(signals) - 1])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        responses, others = self.responses(inputs)
        signal, tail = dsp.frame_filter(state["tail"], inputs["audio"], responses, block.hop_samples)
        return {"tail": tail}, {"signal": signal, **others}


class FIRFilter(_Filter):
    """Filters audio with given gains over frequency, which may change from frame to frame: y = h_n * x.

    The gains stand at equally spaced frequencies from 0 Hz to Nyquist; h_n is their zero-phase response under
    a Hann window, and its delay is undone.

    Source: J. O. Smith, Spectral Audio Signal Processing, "FIR Digital Filter Design"; Engel et al., DDSP
    (ICLR 2020), section 3.4 (frequency sampling).
    """

    words = (
        "filter", "equalizer", "equaliser", "eq", "graphic eq", "fir", "filterbank", "spectral filter", "bandpass",
        "bandstop", "notch", "peak", "shelf", "vocoder", "time varying filter",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "magnitudes": frame("n_bands", unit=Unit.RAW, broadcast=True, doc="Gains at equally spaced frequencies."),
    }
    outputs = {
        "signal": audio(doc="The filtered sound.", shares="unit"),
        "audio": same_as("audio", doc="The input."),
        "magnitudes": same_as("magnitudes", unit=Unit.LINEAR, doc="Gains after scale_fn."),
    }

    window_size: int = param(
        257, unit=Unit.SAMPLES, ge=0, doc="Length of the Hann window over the filter; 0: that of the filter."
    )
    scale_fn: str | None = param("exp_sigmoid", choices=SCALE_FNS, doc=SCALE_FN_DOC)

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        ports = super().input_ports(given)
        return ports if self.scale_fn else with_unit(ports, Unit.LINEAR, "magnitudes")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        _whole_frames(signals, "magnitudes")
        return super().infer(signals)

    def kernel(self, audio: Any, magnitudes: Any) -> Mapping[str, Any]:
        magnitudes = dsp.scaling(self.scale_fn)(magnitudes)
        signal = dsp.frequency_filter(audio, magnitudes, self.window_size, timing=self.timing)
        return {"signal": signal, "audio": audio, "magnitudes": magnitudes}

    def ir_samples(self, signals: Mapping[str, Signal]) -> int:
        return impulse_samples(signals["magnitudes"], self.window_size, self.timing)

    def responses(self, inputs: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        gains = dsp.scaling(self.scale_fn)(inputs["magnitudes"])
        responses = dsp.frequency_impulse_response(gains, self.window_size, self.timing)
        return responses, {**inputs, "magnitudes": gains}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        """A filter that stays is its response; one that moves is no louder than its window under its loudest gain."""
        if list(looped) != ["audio"] or self.timing != "exact":
            return {}
        gains, bands = scaled_range(self.scale_fn, given["magnitudes"]), signals["magnitudes"].dims[-1].size
        if bands is None or not gains.is_bounded:
            return {}
        way: Way
        if gains.is_known:
            taps = _windowed(
                np.fft.irfft(np.broadcast_to(gains.low, (bands,)), max(2 * (bands - 1), 1)), self.window_size
            )
            way = Linear(taps, lead=len(taps) // 2)
        else:
            loudest = max(float(np.max(np.abs(end))) for end in (gains.low, gains.high))
            window = _windowed(np.ones(max(2 * (bands - 1), 1)), self.window_size)
            way = Bounded(peak=loudest * float(np.sum(window)))
        return {("audio", "signal"): way, ("audio", "audio"): Linear.gain(1.0), ("audio", "magnitudes"): Unreached()}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        frames, bands = shapes["magnitudes"][1:]
        return convolution_workspace(*_filtering(shapes, frames), response_samples(bands, self.window_size))

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, frames, bands = shapes["magnitudes"]
        scaling = costs.scaling(self.scale_fn, math.prod(shapes["magnitudes"]))
        return scaling + _filter_cost(shapes, batch * frames, frames, response_samples(bands, self.window_size))


class SincFilter(_Filter):
    """Keeps what lies below a cutoff frequency, or above it: y = h_n * x, h_n a sinc under a Hamming window.

    The window makes the slope about 4 sample_rate / window_size wide. The filter's delay is undone.

    Source: S. W. Smith, The Scientist and Engineer's Guide to DSP, chapter 16 (windowed-sinc filters).
    """

    words = ("filter", "cutoff", "linear phase", "fir lowpass", "fir highpass (high_pass: true)", "windowed sinc")

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "cutoff_frequency": frame(1, unit=Unit.HZ, broadcast=True, doc="The cutoff; may change from frame to frame."),
    }
    outputs = {"signal": audio(doc="The filtered sound.", shares="unit")}

    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    window_size: int = param(512, unit=Unit.SAMPLES, ge=1, doc="Length of the filter; made odd by adding 1.")
    high_pass: bool = param(False, doc="Keep what lies above the cutoff instead.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        _whole_frames(signals, "cutoff_frequency")
        return super().infer(signals)

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W116 where the cutoff leaves all or nothing."""
        known = values.get("cutoff_frequency")
        if not known or self.sample_rate is None:
            return ()
        nyquist_hz = self.sample_rate / 2.0
        passes = [low for low, faulty in ((True, min(known) >= nyquist_hz), (False, max(known) <= 0.0)) if faulty]
        if not passes:
            return ()
        result = "everything" if passes[0] is not self.high_pass else "nothing"
        message = f"a cutoff of {known[0]:g} Hz passes {result}: frequencies go from 0 Hz to {nyquist_hz:g} Hz"
        return (Advice("W116", message, "cutoff_frequency", f"write a cutoff between 0 Hz and {nyquist_hz:g} Hz"),)

    def kernel(self, audio: Any, cutoff_frequency: Any) -> Any:
        how = {"sample_rate": from_graph(self, "sample_rate"), "high_pass": self.high_pass, "timing": self.timing}
        return dsp.sinc_filter(audio, cutoff_frequency, self.window_size, **how)

    def ir_samples(self, signals: Mapping[str, Signal]) -> int:
        return 2 * (self.window_size // 2) + 1

    def responses(self, inputs: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        how = (self.window_size, self.sample_rate, self.high_pass)
        return dsp.sinc_impulse_response(inputs["cutoff_frequency"], *how), {}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        cutoff = given["cutoff_frequency"]
        if list(looped) != ["audio"] or not cutoff.is_known or self.sample_rate is None:
            return {}
        half = self.window_size // 2
        times = np.arange(-half, half + 1)
        taps = np.sinc(2.0 * float(np.ravel(cutoff.low)[0]) / self.sample_rate * times)
        taps = taps * (0.54 + 0.46 * np.cos(np.pi * times / max(half, 1)))
        taps = taps / abs(np.sum(taps))
        taps = (times == 0) - taps if self.high_pass else taps
        return {("audio", "signal"): Linear(taps, lead=group_delay(2 * half + 1, self.timing))}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        frames = shapes["cutoff_frequency"][1]
        return convolution_workspace(*_filtering(shapes, frames), self.window_size + 1)

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, frames, _ = shapes["cutoff_frequency"]
        return _filter_cost(shapes, batch * frames, frames, self.window_size + 1)


class ModDelay(Op):
    """Adds a copy of the sound whose delay moves: y(t) = x(t) + gain(t) x(t - d(t)).

    d = center_ms + depth_ms * p, where p is the phase after phase_scale_fn: the default sigmoid takes any
    number, 0 the middle, to p between 0 and 1; with phase_scale_fn null the input is p itself. What lies beyond
    0 or center_ms + depth_ms is held there. Delays between samples interpolate linearly. Slow movement gives a
    chorus, short delays a flanger, fast movement vibrato.

    Source: Dattorro, Effect design part 2: delay-line modulation and chorus (J. AES 45, 1997).
    """

    words = (
        "modulated delay", "comb", "echo", "doubler", "chorus of magenta/ddsp",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "gain": audio(1, unit=Unit.RAW, doc="Gain of the delayed copy."),
        "phase": audio(1, unit=Unit.RAW, doc="Where the delay is between its ends; it goes through phase_scale_fn."),
    }
    outputs = {
        "signal": audio(doc="The sound with its copy.", shares="unit"),
        "audio": same_as("audio", doc="The input."),
        "gain": same_as("gain", unit=Unit.LINEAR, doc="Gain after gain_scale_fn."),
        "phase": same_as("phase", unit=Unit.LINEAR, doc="Phase after phase_scale_fn, 0 to 1."),
    }

    center_ms: float = param(15.0, unit=Unit.MILLISECONDS, ge=0, le=_LONGEST_MS, doc="Delay where the phase is 0.")
    depth_ms: float = param(
        10.0, unit=Unit.MILLISECONDS, ge=0, le=_LONGEST_MS, doc="How much longer it is where the phase is 1."
    )
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")
    gain_scale_fn: str | None = param("exp_sigmoid", choices=SCALE_FNS, doc="Scale function of gain; null: none.")
    phase_scale_fn: str | None = param("sigmoid", choices=SCALE_FNS, doc="Scale function of phase; null: none.")
    add_dry: bool = param(True, doc="Add the undelayed sound.")
    timing: str = param(
        "exact",
        choices=("exact", "ddsp"),
        doc="exact: d as it is written; ddsp: as magenta/ddsp scales it, to whole samples of the longest delay, in a "
        "circular line: the last sample before the longest delay fades to no delay.",
    )

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        plain = [n for n, fn in (("gain", self.gain_scale_fn), ("phase", self.phase_scale_fn)) if fn is None]
        return with_unit(super().input_ports(given), Unit.LINEAR, *plain)

    def kernel(self, audio: Any, gain: Any, phase: Any) -> Mapping[str, Any]:
        gain, position = dsp.scaling(self.gain_scale_fn)(gain), dsp.delay_phase(phase, self.phase_scale_fn)
        delayed = dsp.read_line(audio, self._cells(position))
        return self._mixed(audio, gain, position, delayed)

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return math.ceil(self._longest())

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        items = items_of(signals.values(), block.batch)
        return {"line": dsp.silence([items, int(self._longest()) + 1])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        gain = dsp.scaling(self.gain_scale_fn)(inputs["gain"])
        position = dsp.delay_phase(inputs["phase"], self.phase_scale_fn)
        delayed, line = dsp.delay_line(state["line"], self._cells(position), inputs["audio"])
        return {"line": line}, self._mixed(inputs["audio"], gain, position, delayed)

    def _cells(self, position: Any) -> Any:
        """The two samples of the line around each delay, and their weights."""
        delay_ms = self.center_ms + self.depth_ms * position
        if self.timing == "ddsp" and (total_ms := self.center_ms + self.depth_ms):
            return dsp.line_cells(delay_ms / total_ms, max(int(self._longest()), 1))
        return dsp.delay_cells(self._samples(delay_ms), self._longest())

    def _mixed(self, audio: Any, gain: Any, position: Any, delayed: Any) -> Mapping[str, Any]:
        wet, phase = dsp.drop_last_axis(gain) * delayed, dsp.as_phase(position)
        return {"signal": audio + wet if self.add_dry else wet, "audio": audio, "gain": gain, "phase": phase}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        if list(looped) != ["audio"] or self.sample_rate is None:
            return {}
        gain, phase = scaled_range(self.gain_scale_fn, given["gain"]), scaled_range(self.phase_scale_fn, given["phase"])
        way: Way
        if gain.is_known and phase.is_known and self.timing == "exact":
            delay = self._samples(self.center_ms + self.depth_ms * float(np.ravel(phase.low)[0]))
            delay = min(max(delay, 0.0), self._longest())
            taps = np.zeros(int(delay) + 2)
            taps[-2:] = float(np.ravel(gain.low)[0]) * np.array([1.0 - delay % 1.0, delay % 1.0])
            taps[0] += float(self.add_dry)
            way = Linear(taps)
        else:
            way = Bounded(peak=float(np.max(np.maximum(abs(gain.low), abs(gain.high)))) + self.add_dry)
        others = {("audio", name): Unreached() for name in ("gain", "phase")}
        return {("audio", "signal"): way, ("audio", "audio"): Linear.gain(1.0), **others}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 12 * math.prod(shapes["-> signal"])  # two neighbouring delays: indices, weights and values of each

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        samples = math.prod(shapes["-> signal"])
        scalings = costs.scaling(self.gain_scale_fn, samples) + costs.scaling(self.phase_scale_fn, samples)
        return scalings + samples * (2 * costs.GATHER + 60 * costs.PASS)

    def _samples(self, ms: Any) -> Any:
        """Milliseconds in samples."""
        return ms * from_graph(self, "sample_rate") / 1000.0

    def _longest(self) -> float:
        return self._samples(self.center_ms + self.depth_ms)


def _windowed(response: Any, window_size: int) -> Any:
    """A zero-phase response, time 0 first, under a Hann window: as `dsp.frequency_impulse_response` with "exact"."""
    half = (min(window_size, len(response)) if window_size > 0 else len(response)) // 2
    times = np.arange(-max(half - 1, 0), max(half - 1, 0) + 1)
    return response[times] * (0.5 + 0.5 * np.cos(np.pi * times / max(half, 1)))


def _whole_frames(signals: Mapping[str, Signal], port: str) -> None:
    """Refuses controls whose frames can't be whole parts of the audio."""
    if signals["audio"].rank != 2 or signals[port].rank != 3:
        return  # the ports report the rank
    samples, frames = signals["audio"].dims[1], signals[port].dims[1]
    if frames == Dim.of(1) or (samples.is_static and frames.is_static) or samples.name == "samples":
        return
    hop = samples.scale // frames.scale if frames.scale else 0
    if samples != frames * hop:
        raise Mismatch(
            "E414",
            port,
            f"{{source}} has {frames} frames, which are not whole parts of the audio's {samples} samples",
            "filter before the crop, or crop both",
        )


def _filtering(shapes: Mapping[str, tuple[int, ...]], frames: int) -> tuple[int, int, int]:
    batch, n_samples = shapes["-> signal"]
    return batch, frames, n_samples


def _filter_cost(shapes: Mapping[str, tuple[int, ...]], responses: int, frames: int, ir_samples: int) -> int:
    drawn = responses * ir_samples * costs.TAP
    return drawn + costs.convolution(*_filtering(shapes, frames), ir_samples)
