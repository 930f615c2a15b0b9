"""Reverbs: convolution with an impulse response that is given, learned, or drawn from a few controls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Linear, Range, Unreached, Way
from ddspgraph.ir.op import Advice, Op, Traits, Weight, param
from ddspgraph.ir.ports import Mismatch, Port, agree, audio, const, same_as
from ddspgraph.ir.streaming import Block, past_shape
from ddspgraph.ir.types import BATCH, Dim, Rate, Signal, Unit
from ddspgraph.lazy import np
from ddspgraph.ops.noise import filtered_noise, filtered_noise_cost
from ddspgraph.ops.scale_fns import SCALE_FN_DOC, SCALE_FNS, with_unit
from ddspgraph.ops.stream_filters import timing_param
from ddspgraph.ops.workspace import convolution_workspace, response_samples

#: From so many samples on a hop is a part of a partitioned response; shorter ones would make too many.
_SHORTEST_PARTITION = 32


class Reverb(Op):
    """Convolves audio with an impulse response: y = x + ir * x, or y = ir * x without add_dry; as long as x.

    The first sample of ir, the direct sound, counts as 0: how much dry sound there is is what add_dry says, or mix:
    y = sqrt(1 - mix) x + sqrt(mix) ir * x. With normalize the response has unit energy: the room of white noise is
    as loud as the noise, and with mix, so is their sum.

    Source: Engel et al., DDSP (ICLR 2020), section 3.6.
    """

    words = ("convolution", "convolve", "conv", "impulse response", "ir", "room", "space", "cabinet", "cab")

    inputs = {
        "audio": audio(doc="The dry sound.", shares="unit"),
        "ir": Port(
            None,
            Rate.CONST,
            optional=True,
            doc="Impulse response, [batch, ir_samples] or [batch, ir_samples, 1].",
        ),
    }
    outputs = {
        "signal": audio(doc="The sound in the room.", shares="unit"),
        "audio": same_as("audio", doc="The input."),
        "ir": Port((BATCH, Dim.of("ir_samples")), Rate.CONST, doc="The impulse response."),
    }

    trainable: bool = param(False, doc="Learn the impulse response; its inputs must then be left open.")
    reverb_length: int = param(48_000, unit=Unit.SAMPLES, ge=1, doc="Length of an impulse response made here.")
    add_dry: bool = param(True, doc="Add the dry sound.")
    normalize: bool = param(False, doc="Scale the response to unit energy, whatever its gain.")
    mix: float | None = param(
        None, unit=Unit.LINEAR, ge=0, le=1, doc="How much of the power is the room's, 0 to 1; null: add_dry decides."
    )

    @property
    def traits(self) -> Traits:
        """Whether there are variables depends on a parameter."""
        return Traits.TRAINABLE if self.trainable else Traits.PURE

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return {"ir": Weight((self.reverb_length,), ("normal", 0.0, 1e-6))} if self.trainable else {}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        fault = self._fault(signals)
        if fault is not None:
            raise Mismatch("E305", *fault)
        outputs = super().infer(signals)
        ir, batch = self._ir_signal(signals), signals["audio"].dims[0]
        if ir.dims[0] != Dim.of(1) and agree(batch, ir.dims[0]) is None and batch != Dim.of(1):
            port = next(name for name in signals if name != "audio")
            message = f"'audio' has a batch of {batch}, {{source}} is {signals[port].shape_text}"
            raise Mismatch("E414", port, message, "give one for all of the batch, or one for each", compared=("audio",))
        return {**outputs, "ir": ir}

    def _ir_signal(self, signals: Mapping[str, Signal]) -> Signal:
        if self.trainable:
            return Signal((Dim.of(1), Dim.of(self.reverb_length)))
        ir = signals["ir"]
        if ir.rank != 2 and not (ir.rank == 3 and (ir.dims[2].size or 1) == 1):
            raise Mismatch("E413", "ir", f"port 'ir' wants [batch, ir_samples] const, {{source}} is {ir.shape_text}")
        return Signal(ir.dims, Rate.CONST, ir.unit)

    def kernel(self, audio: Any, ir: Any = None, variables: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        self._check_given(ir=ir)
        ir = self._room({"ir": ir}, variables)
        return {"signal": self._reverberate(audio, ir), "audio": audio, "ir": ir}

    def response(self, controls: Mapping[str, Any], variables: Any, seed: Any = 0, stream: int = 0) -> Any:
        """The impulse response, [batch, ir_samples] or [batch, ir_samples, 1]."""
        return variables["ir"][None, :] if variables else controls["ir"]

    def _room(self, controls: Mapping[str, Any], variables: Any, seed: Any = 0, stream: int = 0) -> Any:
        """The response as it is heard, in the shape of `response`."""
        ir = self.response(controls, variables, seed, stream)
        return dsp.unit_energy(ir) if self.normalize else ir

    def _reverberate(self, audio: Any, ir: Any) -> Any:
        return self._blended(audio, dsp.fft_convolve(audio, _late(ir), delay_compensation=0))

    def _blended(self, audio: Any, wet: Any) -> Any:
        if self.mix is not None:
            return math.sqrt(1.0 - self.mix) * audio + math.sqrt(self.mix) * wet
        return audio + wet if self.add_dry else wet

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return max((self._ir_signal(signals).dims[1].size or 1) - 1, 0)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        ir = self._room(constants, block.variables, block.seed, block.stream)
        audio, late = signals["audio"], _late(ir)
        if block.hop_samples < _SHORTEST_PARTITION:
            n = dsp.size_of(late, 1) - 1
            return {"ir": ir, "past": dsp.silence(past_shape(audio, n, block.batch))}
        partitions = dsp.response_partitions(late, block.hop_samples)
        n, bins = dsp.size_of(partitions, 1), block.hop_samples + 1
        return {
            "ir": ir,
            "partitions": partitions,
            "spectra": dsp.no_spectra([*past_shape(audio, n - 1, block.batch), bins]),
            "last": dsp.silence(past_shape(audio, block.hop_samples, block.batch)),
        }

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        audio, ir = inputs["audio"], state["ir"]
        if "past" in state:
            wet, past = dsp.whole_convolution(state["past"], audio, _late(ir))
            after = {"ir": ir, "past": past}
        else:
            kept = {name: state[name] for name in ("ir", "partitions")}
            wet, spectra, last = dsp.partitioned_convolution(
                state["spectra"], state["last"], audio, state["partitions"]
            )
            after = {**kept, "spectra": spectra, "last": last}
        return after, {"signal": self._blended(audio, wet), "audio": audio, "ir": ir}

    def _fault(self, given: Mapping[str, Any]) -> tuple[str, str, str] | None:
        """Port, sentence and repair where trainable and the connected inputs contradict each other."""
        for port in [name for name in self.inputs if name != "audio"]:
            if self.trainable and port in given:
                return (
                    port,
                    f"a trainable {self.name} learns '{port}'",
                    f"leave '{port}' open, or set trainable: false",
                )
            if not self.trainable and port not in given:
                return (
                    port,
                    f"the input '{port}' is not connected",
                    f"connect '{port}', or set trainable: true",
                )
        return None

    def _check_given(self, **inputs: Any) -> None:
        """Outside of a graph: raises TypeError where an input lacks or is one too many."""
        fault = self._fault({name: value for name, value in inputs.items() if value is not None})
        if fault is not None:
            raise TypeError(f"{fault[1]}: {fault[2]}")

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        ir = given.get("ir")
        if list(looped) != ["audio"] or ir is None or not ir.is_known:
            return {}
        taps = np.ravel(ir.low) / (math.sqrt(float(np.sum(ir.low[1:] ** 2))) or 1.0 if self.normalize else 1.0)
        taps = taps * (1.0 if self.mix is None else math.sqrt(self.mix))
        taps[0] = float(self.add_dry) if self.mix is None else math.sqrt(1.0 - self.mix)
        return {("audio", "signal"): Linear(taps), ("audio", "audio"): Linear.gain(1.0), ("audio", "ir"): Unreached()}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, n_samples = shapes["-> signal"]
        ir_samples = shapes["-> ir"][1]
        return convolution_workspace(batch, 1, n_samples, min(ir_samples, n_samples))

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, n_samples = shapes["-> signal"]
        ir_batch, ir_samples = shapes["-> ir"][:2]
        convolution = costs.convolution(batch, 1, n_samples, min(ir_samples, n_samples))
        return convolution + self._response_cost(shapes, ir_batch, ir_samples)

    def _response_cost(self, shapes: Mapping[str, tuple[int, ...]], ir_batch: int, ir_samples: int) -> int:
        """What the response costs; one that is given or learned is there."""
        return 0

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W105 where the response is longer than the audio, by the nominal sizes."""
        ir_samples = self._ir_signal(signals).dims[1].size
        time = signals["audio"].dims[1]
        if ir_samples is None or not (time.is_static or time.name in sizes):
            return ()
        n_samples = time.at(sizes)
        if ir_samples <= n_samples:
            return ()
        at = "reverb_length" if "ir" not in signals else "ir"
        message = f"the impulse response has {ir_samples} samples, the audio {n_samples}: its tail is never heard"
        return (Advice("W105", message, at, f"{n_samples} samples are enough"),)


def _late(ir: Any) -> Any:
    """The response [batch, ir_samples] without the direct sound."""
    ir = dsp.drop_last_axis(ir) if len(ir.shape) == 3 else ir
    return dsp.pad_axis(ir[:, 1:], (1, 0), axis=1)


class ExpDecayReverb(Reverb):
    """A reverb of decaying noise: ir(u) = gain * exp(-(2 + exp(decay)) u) * noise(u).

    u goes from 0 to 1 over the response's length. The noise is uniform in [-1, 1], the same for every item of
    a batch.

    Source: Moorer, About this reverberation business (1979); the exponent is magenta/ddsp's, measured.
    """

    words = ("reverb", "room", "hall", "plate", "space", "freeverb", "verb", "zita")

    inputs = {
        "audio": audio(doc="The dry sound.", shares="unit"),
        "gain": Port(None, Rate.CONST, Unit.RAW, optional=True, doc="Gain of the response, [batch] or [batch, 1]."),
        "decay": Port(None, Rate.CONST, optional=True, doc="Speed of its decay, [batch] or [batch, 1]."),
    }

    scale_fn: str | None = param("exp_sigmoid", choices=SCALE_FNS, doc="Scale function of gain; null: none.")

    def _response_cost(self, shapes: Mapping[str, tuple[int, ...]], ir_batch: int, ir_samples: int) -> int:
        return ir_samples * costs.NOISE + ir_batch * ir_samples * (costs.FUNCTION + 3 * costs.PASS)

    @property
    def traits(self) -> Traits:
        """Whether there are variables depends on a parameter."""
        return Traits.RANDOM | Traits.TRAINABLE if self.trainable else Traits.RANDOM

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        ports = super().input_ports(given)
        return ports if self.scale_fn else with_unit(ports, Unit.LINEAR, "gain")

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        if not self.trainable:
            return {}
        return {"gain": Weight((1,), ("normal", 2.0, 0.0)), "decay": Weight((1,), ("normal", 4.0, 0.0))}

    def _ir_signal(self, signals: Mapping[str, Signal]) -> Signal:
        batches = {Dim.of(1)}
        for name in () if self.trainable else ("gain", "decay"):
            given = signals[name]
            if given.rank != 1 and not (given.rank == 2 and (given.dims[1].size or 1) == 1):
                raise Mismatch(
                    "E413",
                    name,
                    f"port '{name}' wants one number an item, [batch, 1], {{source}} is {given.shape_text}",
                )
            batches.add(given.dims[0])
        batch = max(batches, key=lambda dim: dim != Dim.of(1))
        return Signal((batch, Dim.of(self.reverb_length)))

    def kernel(
        self,
        audio: Any,
        gain: Any = None,
        decay: Any = None,
        *,
        seed: Any,
        stream: int,
        variables: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        self._check_given(gain=gain, decay=decay)
        ir = self._room({"gain": gain, "decay": decay}, variables, seed, stream)
        return {"signal": self._reverberate(audio, ir), "audio": audio, "ir": ir}

    def response(self, controls: Mapping[str, Any], variables: Any, seed: Any = 0, stream: int = 0) -> Any:
        gain, decay = ((variables or controls)[name] for name in ("gain", "decay"))
        gain, decay = (x if len(x.shape) == 2 else x[:, None] for x in (gain, decay))
        noise = dsp.uniform_noise(self.reverb_length, seed, stream=stream)
        return dsp.scaling(self.scale_fn)(gain) * dsp.unit_decay(decay, self.reverb_length) * noise


class FilteredNoiseReverb(Reverb):
    """A reverb of noise whose spectrum changes over its length: ir = sum over frames of h_n * noise_n.

    The response is made as `filtered_noise` makes its sound.

    Source: Engel et al., DDSP (ICLR 2020), sections 3.5 and 3.6.
    """

    words = ("reverb", "room", "hall", "space", "verb")

    inputs = {
        "audio": audio(doc="The dry sound.", shares="unit"),
        "magnitudes": const(
            "ir_frames",
            "n_bands",
            unit=Unit.RAW,
            optional=True,
            doc="Gains over the response's time and frequency.",
        ),
    }

    window_size: int = param(
        257,
        unit=Unit.SAMPLES,
        ge=0,
        doc="Length of the Hann window over the filters; 0: that of the filters.",
    )
    n_frames: int = param(1000, ge=1, doc="Frames of the learned magnitudes.")
    n_filter_banks: int = param(16, ge=1, doc="Bands of the learned magnitudes.")
    scale_fn: str | None = param("exp_sigmoid", choices=SCALE_FNS, doc=SCALE_FN_DOC)
    initial_bias: float = param(-3.0, doc="Added to the magnitudes before scale_fn.")
    timing: str = timing_param()

    @property
    def traits(self) -> Traits:
        """Whether there are variables depends on a parameter."""
        return Traits.RANDOM | Traits.TRAINABLE if self.trainable else Traits.RANDOM

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        ports = super().input_ports(given)
        return ports if self.scale_fn else with_unit(ports, Unit.LINEAR, "magnitudes")

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        if not self.trainable:
            return {}
        return {"magnitudes": Weight((self.n_frames, self.n_filter_banks), ("normal", 0.0, 1e-2))}

    def _ir_signal(self, signals: Mapping[str, Signal]) -> Signal:
        batch = Dim.of(1) if self.trainable else signals["magnitudes"].dims[0]
        return Signal((batch, Dim.of(self.reverb_length)))

    def kernel(
        self,
        audio: Any,
        magnitudes: Any = None,
        *,
        seed: Any,
        stream: int,
        variables: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        self._check_given(magnitudes=magnitudes)
        ir = self._room({"magnitudes": magnitudes}, variables, seed, stream)
        return {"signal": self._reverberate(audio, ir), "audio": audio, "ir": ir}

    def response(self, controls: Mapping[str, Any], variables: Any, seed: Any = 0, stream: int = 0) -> Any:
        magnitudes = variables["magnitudes"][None] if variables else controls["magnitudes"]
        if self.scale_fn:
            magnitudes = dsp.scaling(self.scale_fn)(magnitudes + self.initial_bias)
        return filtered_noise(magnitudes, self.reverb_length, self.window_size, self.timing, seed, stream)

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        frames, bands = shapes.get("magnitudes", (1, self.n_frames, self.n_filter_banks))[1:]
        ir_batch, ir_samples = shapes["-> ir"]
        filters = convolution_workspace(ir_batch, frames, ir_samples, response_samples(bands, self.window_size))
        return max(filters, super().workspace(shapes))

    def _response_cost(self, shapes: Mapping[str, tuple[int, ...]], ir_batch: int, ir_samples: int) -> int:
        frames, bands = shapes.get("magnitudes", (1, self.n_frames, self.n_filter_banks))[1:]
        scaling = costs.scaling(self.scale_fn, ir_batch * frames * bands)
        taps = response_samples(bands, self.window_size)
        return scaling + filtered_noise_cost(ir_batch, frames, ir_samples, taps)
