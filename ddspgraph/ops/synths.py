"""Synthesizers of magenta/ddsp: controls at frame rate become audio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.op import Advice, param
from ddspgraph.ir.ports import Mismatch, Port, audio, frame, same_as
from ddspgraph.ir.streaming import Block, has_time, past_shape
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.ops.clocked import Clocked
from ddspgraph.ops.scale_fns import SCALE_FN_DOC, SCALE_FNS, with_unit
from ddspgraph.ops.synth_costs import harmonic_cost, sinusoidal_cost
from ddspgraph.ops.workspace import harmonic_workspace, sinusoidal_workspace

#: The lowest pitch that W104 reckons with where f0 is not known: about the lower limit of hearing.
_LOWEST_PITCH_HZ = 20.0
#: Partials that fold back at less of the sound than this are no news: linear interpolation makes as much.
_INAUDIBLE_DB = -40.0
_RESAMPLE_METHODS = ("nearest", "linear", "cubic", "window")
_FADE_DOC = (
    "Fraction of the Nyquist frequency over which partials fade out below it; "
    "0 cuts each partial at Nyquist, sample by sample, as magenta/ddsp does."
)


class Harmonic(Clocked):
    """A sum of sinusoids at whole multiples of one pitch.

    y(t) = A(t) sum over k of c_k(t) sin(phi_k(t)), where phi_k grows by 2 pi k f0 / sample_rate a sample and
    the distribution c sums to 1. Phase is exact whatever the length.

    Source: Engel et al., DDSP (ICLR 2020), section 3.2; Serra & Smith, Spectral Modeling Synthesis (1990).
    """

    words = (
        "additive", "oscillator", "osc", "vco", "synth", "tone", "overtones", "partials (of one pitch)", "saw",
        "sawtooth", "square", "triangle", "sine", "sin", "cycle", "buzz", "blit", "organ", "pulse", "pwm",
    )  # fmt: skip

    inputs = {
        "amplitudes": frame(1, unit=Unit.RAW, doc="Overall amplitude."),
        "harmonic_distribution": frame("n_harmonics", unit=Unit.RAW, doc="Share of each harmonic."),
        "f0_hz": frame(1, unit=Unit.HZ, doc="Fundamental frequency."),
    }
    outputs = {
        "signal": audio(doc="The sound."),
        "amplitudes": same_as("amplitudes", unit=Unit.LINEAR, doc="Amplitude after scale_fn."),
        "harmonic_distribution": same_as(
            "harmonic_distribution",
            unit=Unit.LINEAR,
            doc="Shares after scale_fn, 0 above Nyquist, that sum to 1.",
        ),
        "f0_hz": same_as("f0_hz", unit=Unit.HZ, doc="The input."),
    }

    scale_fn: str | None = param("exp_sigmoid", choices=SCALE_FNS, doc=SCALE_FN_DOC)
    normalize_below_nyquist: bool = param(
        True, doc="Set harmonics above Nyquist to 0 before the distribution is normalised."
    )
    amp_resample_method: str = param("window", choices=_RESAMPLE_METHODS, doc="How amplitudes become samples.")
    use_angular_cumsum: bool = param(False, doc="Accepted for magenta/ddsp's sake: phase is exact either way.")
    nyquist_fade: float = param(0.0, ge=0, lt=1, doc=_FADE_DOC)

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        ports = super().input_ports(given)
        return ports if self.scale_fn else with_unit(ports, Unit.LINEAR, "amplitudes", "harmonic_distribution")

    def kernel(self, amplitudes: Any, harmonic_distribution: Any, f0_hz: Any) -> Mapping[str, Any]:
        controls = self._controls(amplitudes, harmonic_distribution, f0_hz)
        signal = dsp.harmonic_synthesis(
            f0_hz,
            controls["amplitudes"],
            harmonic_distribution=controls["harmonic_distribution"],
            n_samples=self.length(dsp.size_of(f0_hz, 1)),
            sample_rate=self.rate_hz(),
            amp_resample_method=self.amp_resample_method,
            nyquist_fade=self.nyquist_fade,
        )
        return {"signal": signal, **controls}

    def _controls(self, amplitudes: Any, harmonic_distribution: Any, f0_hz: Any) -> dict[str, Any]:
        """The outputs at frame rate."""
        scale = dsp.scaling(self.scale_fn)
        limit_hz = self.rate_hz() if self.normalize_below_nyquist else None
        distribution = dsp.normalize_harmonics(scale(harmonic_distribution), f0_hz, limit_hz)
        return {"amplitudes": scale(amplitudes), "harmonic_distribution": distribution, "f0_hz": f0_hz}

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> Mapping[str, int]:
        return {"signal": self.reach(self.amp_resample_method, self.nyquist_fade)[1] * self.hop()}

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        n = sum(self.reach(self.amp_resample_method, self.nyquist_fade))
        f0, bank = signals["f0_hz"], signals["harmonic_distribution"]
        return {
            "phase": dsp.silence(past_shape(f0, 1, block.batch), double=True),
            "f0_hz": dsp.silence(past_shape(f0, n, block.batch)),
            "amplitudes": dsp.silence(past_shape(bank, n, block.batch)),
        }

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        controls = self._controls(**inputs)
        bank = controls["amplitudes"] * controls["harmonic_distribution"]
        how = (self.amp_resample_method, self.nyquist_fade)
        where = (block.first_frame, self.hop(), self.rate_hz(), *how, self.reach(*how))
        signal, after = dsp.harmonic_stream(state, inputs["f0_hz"], bank, *where)
        return after, {"signal": signal, **controls}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return harmonic_workspace(*shapes["-> signal"], shapes["harmonic_distribution"][2])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        n_harmonics = shapes["harmonic_distribution"][2]
        controls = math.prod(shapes["harmonic_distribution"]) + math.prod(shapes["amplitudes"])
        scaling = costs.scaling(self.scale_fn, controls) + 8 * costs.PASS * controls
        mixed = 4 if self.amp_resample_method == "cubic" else 2
        return scaling + math.prod(shapes["-> signal"]) * harmonic_cost(n_harmonics, mixed)

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W104 where harmonics lie above Nyquist at the known pitch, or at every pitch from 20 Hz up."""
        n_harmonics = signals["harmonic_distribution"].dims[-1].size
        if n_harmonics is None or self.sample_rate is None:
            return ()
        known = values.get("f0_hz")
        f0_hz = min(known) if known else _LOWEST_PITCH_HZ
        if f0_hz <= 0.0:
            return ()
        audible = math.ceil(self.sample_rate / 2.0 / f0_hz) - 1  # k * f0 < sample_rate / 2
        if n_harmonics <= audible:
            return ()
        pitch = f"at {f0_hz:g} Hz" if known else f"at any pitch from {f0_hz:g} Hz up"
        nyquist_hz = self.sample_rate / 2.0
        return (
            Advice(
                "W104",
                f"{n_harmonics} harmonics, of which at most {audible} lie below {nyquist_hz:g} Hz {pitch}",
                "harmonic_distribution",
                f"{audible} harmonics sound the same and cost less" if audible else "lower f0_hz",
            ),
        )


class Sinusoidal(Clocked):
    """A sum of sinusoids, each with its own frequency and amplitude.

    y(t) = sum over k of a_k(t) sin(phi_k(t)), where phi_k grows by 2 pi f_k / sample_rate a sample.

    Source: McAulay & Quatieri, Speech analysis/synthesis based on a sinusoidal representation (1986);
    Engel et al., Self-supervised pitch detection by inverse audio synthesis (2020).
    """

    words = (
        "oscillator bank", "sine", "sin", "sines", "sinusoid", "partials", "additive", "modal",
        "cosine", "cos",
    )  # fmt: skip

    inputs = {
        "amplitudes": frame("n_sinusoids", unit=Unit.RAW, doc="Amplitude of each sinusoid."),
        "frequencies": frame("n_raw", unit=Unit.RAW, doc="Frequency of each sinusoid: `depth` raw values each."),
    }
    outputs = {
        "signal": audio(doc="The sound."),
        "amplitudes": same_as("amplitudes", unit=Unit.LINEAR, doc="After amp_scale_fn, 0 above Nyquist."),
        "frequencies": same_as("amplitudes", unit=Unit.HZ, doc="After freq_scale_fn."),
    }

    amp_scale_fn: str | None = param("exp_sigmoid", choices=SCALE_FNS, doc=SCALE_FN_DOC)
    amp_resample_method: str = param("window", choices=_RESAMPLE_METHODS, doc="How amplitudes become samples.")
    freq_scale_fn: str | None = param(
        "frequencies_sigmoid",
        choices=("frequencies_sigmoid", "frequencies_softmax"),
        doc="Makes frequencies of raw network outputs; null takes them as Hz.",
    )
    depth: int = param(1, ge=1, doc="Raw values that make one frequency.")
    hz_min: float | None = param(
        None,
        unit=Unit.HZ,
        ge=0,
        doc="Lowest frequency of freq_scale_fn; null: 0 Hz (sigmoid) or 20 Hz (softmax).",
    )
    hz_max: float | None = param(None, unit=Unit.HZ, gt=0, doc="Highest frequency of freq_scale_fn; null: 8000 Hz.")
    nyquist_fade: float = param(0.0, ge=0, lt=1, doc=_FADE_DOC)

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        ports = super().input_ports(given)
        if self.amp_scale_fn is None:
            ports = with_unit(ports, Unit.LINEAR, "amplitudes")
        return ports if self.freq_scale_fn else with_unit(ports, Unit.HZ, "frequencies")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        outputs = super().infer(signals)
        n_sinusoids, n_raw = signals["amplitudes"].dims[-1].size, signals["frequencies"].dims[-1].size
        depth = self.depth if self.freq_scale_fn else 1
        if n_sinusoids is not None and n_raw is not None and n_sinusoids * depth != n_raw:
            raise Mismatch(
                "E414",
                "frequencies",
                f"{n_sinusoids} amplitudes need {n_sinusoids * depth} values for their frequencies, "
                f"{{source}} has {n_raw}",
            )
        return outputs

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W117 where known frequencies lie above Nyquist."""
        known = values.get("frequencies", []) if self.freq_scale_fn is None else []
        if self.sample_rate is None:
            return ()
        nyquist_hz = self.sample_rate / 2.0
        silent = sum(hz >= nyquist_hz for hz in known)
        if not silent:
            return ()
        message = f"{silent} of {len(known)} sinusoids never sound: {max(known):g} Hz is not below {nyquist_hz:g} Hz"
        return (Advice("W117", message, "frequencies", "delete them, or raise the sample_rate in `clock`"),)

    def kernel(self, amplitudes: Any, frequencies: Any) -> Mapping[str, Any]:
        controls = self._controls(amplitudes, frequencies)
        signal = dsp.sinusoidal_synthesis(
            controls["frequencies"],
            controls["amplitudes"],
            self.length(dsp.size_of(frequencies, 1)),
            self.rate_hz(),
            self.amp_resample_method,
            nyquist_fade=self.nyquist_fade,
        )
        return {"signal": signal, **controls}

    def _controls(self, amplitudes: Any, frequencies: Any) -> dict[str, Any]:
        """The outputs at frame rate."""
        hz = self._frequencies_hz(frequencies)
        amplitudes = dsp.remove_above_nyquist(hz, dsp.scaling(self.amp_scale_fn)(amplitudes), self.rate_hz())
        return {"amplitudes": amplitudes, "frequencies": hz}

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> Mapping[str, int]:
        return {"signal": self.reach(self.amp_resample_method, self.nyquist_fade)[1] * self.hop()}

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        n = sum(self.reach(self.amp_resample_method, self.nyquist_fade))
        bank = signals["amplitudes"]
        return {
            "phase": dsp.silence(past_shape(bank, 1, block.batch), double=True),
            "frequencies": dsp.silence(past_shape(bank, n, block.batch)),
            "amplitudes": dsp.silence(past_shape(bank, n, block.batch)),
        }

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        controls = dsp.in_packets(lambda frames: self._controls(**frames), inputs, block.frames)
        how = (self.amp_resample_method, self.nyquist_fade)
        where = (block.first_frame, self.hop(), self.rate_hz(), *how, self.reach(*how))
        signal, after = dsp.sinusoidal_stream(state, controls["frequencies"], controls["amplitudes"], *where)
        return after, {"signal": signal, **controls}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, n_samples = shapes["-> signal"]
        return sinusoidal_workspace(batch, shapes["amplitudes"][1], n_samples, shapes["amplitudes"][2])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        amplitudes, frequencies = math.prod(shapes["amplitudes"]), math.prod(shapes["frequencies"])
        scaling = costs.scaling(self.amp_scale_fn, amplitudes) + costs.scaling(self.freq_scale_fn, 4 * frequencies)
        return scaling + math.prod(shapes["-> signal"]) * sinusoidal_cost(shapes["amplitudes"][2])

    def _frequencies_hz(self, raw: Any) -> Any:
        if self.freq_scale_fn is None:
            return raw
        scale = dsp.frequencies_sigmoid if self.freq_scale_fn == "frequencies_sigmoid" else dsp.frequencies_softmax
        limits = {"hz_min": self.hz_min, "hz_max": self.hz_max}
        return scale(raw, depth=self.depth, **{name: hz for name, hz in limits.items() if hz is not None})


class Wavetable(Clocked):
    """Reads single-cycle waveforms, which may change from frame to frame, at a given pitch.

    y(t) = A(t) w_t(phi(t)), linear interpolation within the table and over time.

    Source: Bristow-Johnson, Wavetable synthesis 101 (AES 1996).
    """

    words = (
        "oscillator", "osc", "vco", "phasor", "table", "lookup", "single cycle", "saw", "sawtooth", "square",
        "triangle", "waveform", "sampler", "pulse", "pwm",
    )  # fmt: skip

    inputs = {
        "amplitudes": frame(1, unit=Unit.RAW, doc="Overall amplitude."),
        "wavetables": frame("n_wavetable", unit=Unit.RAW, doc="One cycle of the wave.", broadcast=True),
        "f0_hz": frame(1, unit=Unit.HZ, doc="Fundamental frequency."),
    }
    outputs = {
        "signal": audio(doc="The sound."),
        "amplitudes": same_as("amplitudes", unit=Unit.LINEAR, doc="Amplitude after scale_fn."),
        "wavetables": same_as("wavetables", unit=Unit.LINEAR, doc="Waves after scale_fn."),
        "f0_hz": same_as("f0_hz", unit=Unit.HZ, doc="The input."),
    }

    scale_fn: str | None = param("exp_sigmoid", choices=SCALE_FNS, doc=SCALE_FN_DOC)

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        ports = super().input_ports(given)
        return ports if self.scale_fn else with_unit(ports, Unit.LINEAR, "amplitudes", "wavetables")

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W115 where partials of the table, as it is written, fold back from above Nyquist."""
        table, pitches = values.get("wavetables"), values.get("f0_hz")
        if not table or not pitches or self.sample_rate is None or max(pitches) <= 0.0:
            return ()
        f0_hz, nyquist_hz = max(pitches), self.sample_rate / 2.0
        highest = math.ceil(nyquist_hz / f0_hz) - 1  # k * f0 < sample_rate / 2
        folded_db = _above_db(table, highest)
        if folded_db < _INAUDIBLE_DB:
            return ()
        message = (
            f"at {f0_hz:g} Hz the table's partials from number {highest + 1} on lie above {nyquist_hz:g} Hz and fold "
            f"back, at {folded_db:.0f} dB of the sound"
        )
        hint = f"a table of {highest} partials has none there" if highest else "lower f0_hz"
        return (Advice("W115", message, "wavetables", hint),)

    def kernel(self, amplitudes: Any, wavetables: Any, f0_hz: Any) -> Mapping[str, Any]:
        scale = dsp.scaling(self.scale_fn)
        amplitudes, wavetables = scale(amplitudes), scale(wavetables)
        n_samples = self.length(dsp.size_of(f0_hz, 1))
        signal = dsp.wavetable_synthesis(f0_hz, amplitudes, wavetables, n_samples, self.rate_hz())
        return {"signal": signal, "amplitudes": amplitudes, "wavetables": wavetables, "f0_hz": f0_hz}

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> Mapping[str, int]:
        return {"signal": self.hop()}

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        past = {name: dsp.silence(past_shape(s, 1, block.batch)) for name, s in signals.items() if has_time(s)}
        return past | {"phase": dsp.silence(past_shape(signals["f0_hz"], 1, block.batch), double=True)}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        scale = dsp.scaling(self.scale_fn)
        controls = {**inputs, **{name: scale(inputs[name]) for name in ("amplitudes", "wavetables")}}
        where = {"first_frame": block.first_frame, "hop": self.hop(), "sample_rate": self.rate_hz()}
        signal, after = dsp.wavetable_stream(state, **controls, **where)
        return after, {"signal": signal, **controls}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        # Phase, two tables beside each sample and two entries of each; the tables themselves, shifted by a frame.
        return 14 * math.prod(shapes["-> signal"]) + 2 * math.prod(shapes["wavetables"])

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        controls = math.prod(shapes["amplitudes"]) + math.prod(shapes["wavetables"])
        # Phase, the indices of two entries of two tables, and their weights.
        per_sample = 4 * costs.GATHER + 90 * costs.PASS
        return costs.scaling(self.scale_fn, controls) + math.prod(shapes["-> signal"]) * per_sample


def _above_db(table: list[float], highest: int) -> float:
    """Power of the partials above number `highest` of one cycle, in dB of all its partials."""
    import numpy as np

    power = np.abs(np.fft.rfft(table)[1:]) ** 2
    if len(table) % 2 == 0:
        power[-1] /= 2.0  # the partial at half the table's rate has no twin
    above, total = float(np.sum(power[highest:])), float(np.sum(power))
    return 10.0 * math.log10(above / total) if above > 1e-12 * total else -math.inf
