"""Dilated convolutions over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ddspgraph import dsp, nn
from ddspgraph.ir.op import Op, Traits, Weight, param
from ddspgraph.ir.ports import Mismatch, Port, frame
from ddspgraph.ir.shapes import frames_of
from ddspgraph.ir.streaming import Block, CannotStream, has_time, items_of
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ops.neural import parts

#: An hour at 250 frames a second.
_MOST_FRAMES = 1 << 20


class StackFields(Op):
    """The parameters of a stack of dilated convolutions, its weights and its run: `nn.dilated_conv_stack`."""

    ch: int = param(256, ge=1, doc="Channels of every convolution.")
    layers_per_stack: int = param(5, ge=1, le=parts.MOST_LAYERS, doc="Layers whose dilations grow.")
    stacks: int = param(2, ge=1, le=parts.MOST_LAYERS, doc="How often they begin anew.")
    kernel_size: int = param(3, ge=1, doc="Taps of every convolution.")
    dilation: int = param(2, ge=0, le=16, doc="Layer i of a stack has dilation**i frames between its taps; 0: 1.")
    norm_type: str | None = param(
        None, choices=parts.NORM_TYPES, doc="What is normalized together, after each convolution; null: nothing is."
    )
    resample_type: str | None = param(None, choices=("upsample", "downsample"), doc="Direction of resampling.")
    resample_stride: int = param(1, ge=1, le=1_024, doc="Factor of one resampling in time; 1: none.")
    stacks_per_resample: int = param(1, ge=1, le=parts.MOST_LAYERS, doc="Stacks from one resampling to the next.")
    resample_after_convolve: bool = param(True, doc="Resample after those stacks; otherwise before them.")
    spectral_norm: bool = param(False, doc="Divide each kernel by its largest singular value.")
    ortho_init: bool = param(False, doc="Begin with orthogonal kernels.")
    shift_only: bool = param(False, doc="Conditioning sets shifts, not scales.")

    def stack_weights(self, n_in: int, n_z: int | None) -> parts.Weights:
        """Of a stack whose input has `n_in` channels and whose conditioning has `n_z`."""
        init = "orthogonal" if self.ortho_init else "glorot_uniform"
        layers = range(1, self.stacks * self.layers_per_stack + 1)
        taps = (self.kernel_size, 1)
        found = parts.named("conv_in", parts.conv(taps, n_in, self.ch, init))
        for i in layers:
            found |= parts.named(f"conv_{i}", parts.conv(taps, self.ch, self.ch, init))
        for i in layers:
            found |= parts.named(f"norm_{i}", parts.norm_given(n_z, self.ch, self.shift_only))
        if self._resampling is not None:
            taps = (2 * self.resample_stride if self.resample_type == "upsample" else self.resample_stride, 1)
            for i in range(1, self._n_resamplings + 1):
                found |= parts.named(f"resample_{i}", parts.conv(taps, self.ch, self.ch))
        if self.spectral_norm:
            for name in ("conv_in", *(f"conv_{i}" for i in layers)):
                found[f"{name}_u"] = Weight((1, self.ch), ("normal", 0.0, 1.0), trainable=False)
        return found

    def check_reach(self, port: str) -> None:
        """Raises `Mismatch` E502 where the taps of the last layer would lie hours apart."""
        furthest = self.dilation ** (self.layers_per_stack - 1)
        if furthest > _MOST_FRAMES:
            message = f"dilation ** (layers_per_stack - 1) = {self.dilation} ** {self.layers_per_stack - 1} frames"
            layers = int(math.log(_MOST_FRAMES, self.dilation)) + 1
            message, hint = f"{message} lie between two taps", f"write layers_per_stack: {layers}"
            raise Mismatch("E502", port, message, hint, parameters=("dilation", "layers_per_stack"))

    def run_stack(self, x: Any, z: Any, variables: Mapping[str, Any]) -> Any:
        """`nn.dilated_conv_stack` of these parameters."""
        return nn.dilated_conv_stack(
            x,
            z,
            variables,
            layers_per_stack=self.layers_per_stack,
            stacks=self.stacks,
            dilation=self.dilation,
            norm_type=self.norm_type,
            resample_type=self._resampling,
            resample_stride=self.resample_stride,
            stacks_per_resample=self.stacks_per_resample,
            resample_after_convolve=self.resample_after_convolve,
            shift_only=self.shift_only,
        )

    def reaches(self) -> dict[str, tuple[int, int, int]]:
        """By the name of every convolution its dilation, and how many frames it sees before and after its own."""
        found = {"conv_in": 1}
        for i in range(self.stacks * self.layers_per_stack):
            found[f"conv_{i + 1}"] = self.dilation ** (i % self.layers_per_stack) if self.dilation > 0 else 1
        reach = {name: (self.kernel_size - 1) * d for name, d in found.items()}
        return {name: (d, reach[name] // 2, reach[name] - reach[name] // 2) for name, d in found.items()}

    def stack_lag(self) -> int:
        """Frames that a stream waits for what the stack sees. Raises `CannotStream`."""
        if self.norm_type is not None:
            raise CannotStream("normalizes over the whole clip", "write `norm_type: null`")
        if self._resampling is not None:
            hint = "write `resample_stride: 1`, or run the graph offline"
            raise CannotStream("changes the frame rate between its layers: there is no streaming form of that", hint)
        return sum(ahead for _, _, ahead in self.reaches().values())

    def stack_state(self, n_in: int, z: Signal | None, n_z: int, items: Any) -> dict[str, Any]:
        """Of `nn.dilated_conv_stream`."""
        state: dict[str, Any] = {}
        for name, (_, before, ahead) in self.reaches().items():
            state[name] = dsp.silence([items, before + ahead, n_in if name == "conv_in" else self.ch])
            if name != "conv_in":
                state[f"x_{name}"] = dsp.silence([items, ahead, self.ch])
            if z is not None and has_time(z):
                state[f"z_{name}"] = dsp.silence([items, ahead, n_z])
        return state

    def stream_stack(
        self, state: Mapping[str, Any], x: Any, z: Any, variables: Mapping[str, Any], block: Block
    ) -> tuple[Mapping[str, Any], Any]:
        """A block of `run_stack`."""
        return nn.dilated_conv_stream(state, x, z, variables, block.first_frame, self.reaches(), self.shift_only)

    def resampled(self, time: Dim) -> Dim:
        """How many frames come out of so many."""
        for _ in range(self._n_resamplings if self._resampling is not None else 0):
            if self.resample_type == "upsample":
                time = time * self.resample_stride
            else:
                time = frames_of(time, self.resample_stride, up=True)
        return time

    def output_hop(self, hop_samples: Fraction | int | None) -> Fraction | int | None:
        if hop_samples is None or self._resampling is None:
            return hop_samples
        factor = self.resample_stride**self._n_resamplings
        return Fraction(hop_samples, factor) if self.resample_type == "upsample" else hop_samples * factor

    def stack_width(self) -> int:
        """Numbers a frame that a layer holds: its input, the columns of the convolution, and its result."""
        return (self.kernel_size + 5) * self.ch

    @property
    def _resampling(self) -> str | None:
        return self.resample_type if self.resample_stride > 1 else None

    @property
    def _n_resamplings(self) -> int:
        if self.resample_after_convolve:
            return self.stacks // self.stacks_per_resample
        return -(-self.stacks // self.stacks_per_resample)


class DilatedConvStack(StackFields):
    """Dilated convolutions with residual connections: x <- x + norm(conv(relu(x))), its reach growing by layers.

    With an input `z`, a dense layer of it sets scale and shift of every norm.

    Source: after van den Oord et al., WaveNet (2016); Perez et al., FiLM (2018); spectral norm: Miyato et al. (2018).
    """

    words = ("wavenet", "tcn", "conv1d", "convolutional network", "cnn", "temporal convolution")

    traits = Traits.TRAINABLE
    inputs = {
        "x": frame("channels"),
        "z": frame("n_z", optional=True, broadcast=True, doc="Conditioning, at the rate of x."),
    }
    outputs = {"signal": Port(None, Rate.FRAME, Unit.RAW, doc="[batch, frames, ch]; frames differ where it resamples.")}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        super().infer({name: signals[name] for name in ("x", "z") if name in signals})
        x = signals["x"]
        self.check_reach("x")
        parts.channels("x", x)
        if "z" in signals and self._resampling is not None and signals["z"].dims[1] != Dim.of(1):
            raise Mismatch("E414", "z", "a stack that resamples takes conditioning that is constant", "z: a constant")
        time = self.resampled(x.dims[1])
        return {"signal": Signal((x.dims[0], time, Dim.of(self.ch)), Rate.FRAME, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        n_z = parts.channels("z", signals["z"]) if "z" in signals else None
        return self.stack_weights(parts.channels("x", signals["x"]), n_z)

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [self.stack_width()])

    def kernel(self, x: Any, z: Any = None, *, variables: Mapping[str, Any]) -> Any:
        return self.run_stack(x, z, variables)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return self.stack_lag() * hop_samples

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        z, items = signals.get("z"), items_of(signals.values(), block.batch)
        n_z = 0 if z is None else parts.channels("z", z)
        return self.stack_state(parts.channels("x", signals["x"]), z, n_z, items)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        after, signal = self.stream_stack(state, inputs["x"], inputs.get("z"), block.variables, block)
        return after, {"signal": signal}
