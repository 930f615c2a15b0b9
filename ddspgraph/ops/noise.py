"""Noise with a spectrum that changes from frame to frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.op import Traits, param
from ddspgraph.ir.ports import Port, audio, frame, same_as
from ddspgraph.ir.streaming import Block, past_shape
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.ops.clocked import Clocked
from ddspgraph.ops.scale_fns import SCALE_FN_DOC, SCALE_FNS, with_unit
from ddspgraph.ops.stream_filters import group_delay, impulse_samples, timing_param
from ddspgraph.ops.workspace import convolution_workspace, response_samples


def filtered_noise_cost(batch: int, frames: int, n_samples: int, ir_samples: int) -> int:
    """What `filtered_noise` costs, after the scaling of its magnitudes."""
    responses = batch * frames * ir_samples * costs.TAP
    return n_samples * costs.NOISE + responses + costs.convolution(batch, frames, n_samples, ir_samples)


def filtered_noise(magnitudes: Any, n_samples: Any, window_size: int, timing: str, seed: Any, stream: int) -> Any:
    """Uniform noise in [-1, 1] through frame-wise filters: [batch, frames, bands] -> [batch, n_samples].

    Where the samples can't be cut into that many equal frames, the last frame is cut off.
    """
    frames = dsp.size_of(magnitudes, 1)
    hop_samples = -(-n_samples // frames)
    noise = dsp.uniform_noise(hop_samples * frames, seed, stream=stream)
    return dsp.frequency_filter(noise, magnitudes, window_size, timing=timing)[:, :n_samples]


class FilteredNoise(Clocked):
    """White noise through a filter that follows the magnitudes: y = sum over frames of h_n * noise_n.

    The noise is uniform in [-1, 1], the same for every item of a batch; h_n is the zero-phase response of the
    magnitudes of frame n under a Hann window.

    Source: Engel et al., DDSP (ICLR 2020), sections 3.4 (frequency sampling) and 3.5 (filtered noise).
    """

    words = (
        "noise", "white noise", "pink noise", "subtractive", "breath", "wind", "hiss", "rand", "random",
        "noise generator", "uniform", "gaussian",
    )  # fmt: skip

    traits = Traits.RANDOM
    inputs = {
        "magnitudes": frame("n_bands", unit=Unit.RAW, doc="Gains at equally spaced frequencies, 0 to Nyquist."),
    }
    outputs = {
        "signal": audio(doc="The sound."),
        "magnitudes": same_as("magnitudes", unit=Unit.LINEAR, doc="Gains after scale_fn."),
    }

    window_size: int = param(
        257, unit=Unit.SAMPLES, ge=0, doc="Length of the Hann window over the filter; 0: that of the filter."
    )
    scale_fn: str | None = param("exp_sigmoid", choices=SCALE_FNS, doc=SCALE_FN_DOC)
    initial_bias: float = param(-5.0, doc="Added to the magnitudes before scale_fn: an untrained network is quiet.")
    timing: str = timing_param()

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        ports = super().input_ports(given)
        return ports if self.scale_fn else with_unit(ports, Unit.LINEAR, "magnitudes")

    def kernel(self, magnitudes: Any, seed: Any, stream: int) -> Mapping[str, Any]:
        magnitudes = self._gains(magnitudes)
        n_samples = self.length(dsp.size_of(magnitudes, 1))
        signal = filtered_noise(magnitudes, n_samples, self.window_size, self.timing, seed, stream)
        return {"signal": signal, "magnitudes": magnitudes}

    def _gains(self, magnitudes: Any) -> Any:
        return dsp.scaling(self.scale_fn)(magnitudes + self.initial_bias) if self.scale_fn else magnitudes

    def _ir_samples(self, signals: Mapping[str, Signal]) -> int:
        return impulse_samples(signals["magnitudes"], self.window_size, self.timing)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> Mapping[str, int]:
        return {"signal": group_delay(self._ir_samples(signals), self.timing)}

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        shape = past_shape(signals["magnitudes"], self._ir_samples(signals) - 1, block.batch)
        return {"tail": dsp.silence(shape[:2])}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        gains = self._gains(inputs["magnitudes"])
        noise = dsp.uniform_noise(block.samples, block.seed, stream=block.stream, start=block.start)
        noise = dsp.silent_before_start(noise, block.start)
        responses = dsp.frequency_impulse_response(gains, self.window_size, self.timing)
        signal, tail = dsp.frame_filter(state["tail"], noise, responses, self.hop())
        return {"tail": tail}, {"signal": signal, "magnitudes": gains}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, frames, bands = shapes["magnitudes"]
        ir_samples = response_samples(bands, self.window_size)
        return convolution_workspace(batch, frames, shapes["-> signal"][1], ir_samples)

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, frames, bands = shapes["magnitudes"]
        n_samples, ir_samples = shapes["-> signal"][1], response_samples(bands, self.window_size)
        scaling = costs.scaling(self.scale_fn, math.prod(shapes["magnitudes"]))
        return scaling + filtered_noise_cost(batch, frames, n_samples, ir_samples)
