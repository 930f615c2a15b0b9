"""Decoders: from features to the controls of synthesizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp, nn
from ddspgraph.ir.op import Op, Splits, Traits, Weight, param
from ddspgraph.ir.ports import Mismatch, Port, agree, bind, const, frame
from ddspgraph.ir.streaming import Block, items_of
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ops.neural import parts
from ddspgraph.ops.neural.convolution import StackFields
from ddspgraph.ops.neural.recurrent import begun, first_states, recurrent_width

_SPLITS_DOC = "Names of the outputs, with their channel counts: {amps: 1, harmonic_distribution: 60}."


class RnnFcDecoder(Op):
    """A decoder with a memory: fully connected stacks of each input, a recurrent layer, and one more stack.

    h = rnn([stack_1(x_1), stack_2(x_2), ...]);  y = stack([x'_1, x'_2, ..., h]) W + b, x' the results of the first
    stacks. The channels of y are the outputs, one after the other.

    Source: Engel et al., DDSP (ICLR 2020), section 4.1 and appendix B.2.
    """

    words = ("decoder", "ddsp decoder", "instrument decoder")

    traits = Traits.TRAINABLE
    variadic = Port(None, Rate.FRAME, doc="Features: [batch, frames, channels], or a constant [batch, channels].")

    rnn_channels: int = param(512, ge=1, doc="Units of the recurrent layer.")
    rnn_type: str = param("gru", choices=parts.RNN_TYPES, doc="Kind of its units.")
    ch: int = param(512, ge=1, doc="Channels of the fully connected layers.")
    layers_per_stack: int = param(
        3, ge=0, le=parts.MOST_LAYERS, doc="Layers of every stack; 0: the inputs go to the recurrent layer."
    )
    stateless: bool = param(
        False, doc="Take the state of the recurrent layer, [batch, rnn_channels], as last input, and give the next one."
    )
    outputs: Splits = param(doc=_SPLITS_DOC)  # type: ignore[misc]

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        ports = dict(super().input_ports(given))
        if self.stateless and given:
            ports[list(given)[-1]] = self._state_port()
        return ports

    def output_ports(self) -> Mapping[str, Port]:
        made = {name: frame(n, unit=Unit.RAW, doc=f"{n} channels.") for name, n in self.outputs}
        if self.stateless:
            made["state"] = const(self.rnn_channels, doc="The state after the last frame.")
        return made

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        self._check_recurrence(signals)
        batch, time = common_time(self._features(signals))
        made = {n: Signal((batch, time, Dim.of(size)), Rate.FRAME, Unit.RAW) for n, size in self.outputs}
        if self.stateless:
            made["state"] = Signal((batch, Dim.of(self.rnn_channels)))
        return made

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        found: parts.Weights = {}
        widths = []
        for i, (port, signal) in enumerate(self._features(signals).items(), 1):
            n_in = parts.channels(port, signal)
            found |= parts.named(f"in_{i}", parts.fc_stack(n_in, self.ch, self.layers_per_stack))
            widths.append(self.ch if self.layers_per_stack else n_in)
        found |= parts.named("rnn", parts.rnn(sum(widths), self.rnn_channels, self.rnn_type))
        both = sum(widths) + self.rnn_channels
        found |= parts.named("out", parts.fc_stack(both, self.ch, self.layers_per_stack))
        n_out = sum(n for _, n in self.outputs)
        return found | parts.named("dense_out", parts.dense(self.ch if self.layers_per_stack else both, n_out))

    def workspace(self, shapes: parts.Shapes) -> int:
        stacks = sum(name.startswith("input_") for name in shapes) * self.ch
        return parts.numbers(shapes, [2 * stacks, recurrent_width(self.rnn_channels, self.rnn_type)])

    def kernel(self, *inputs: Any, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        joined = self._joined(inputs, variables)
        recurrent = nn.part(variables, "rnn")
        if not self.stateless:
            return self._controls(joined, nn.rnn(joined, recurrent, self.rnn_type), variables)
        first = dsp.broadcast_batch(inputs[-1], dsp.size_of(joined, 0))
        hidden, state = nn.rnn_step(joined, first, recurrent)
        return {**self._controls(joined, hidden, variables), "state": state}

    def _joined(self, inputs: Sequence[Any], variables: Mapping[str, Any]) -> Any:
        """What the recurrent layer takes."""
        features = inputs[:-1] if self.stateless else inputs
        stacks = [
            nn.fc_stack(x, nn.part(variables, f"in_{i}"), self.layers_per_stack) for i, x in enumerate(features, 1)
        ]
        return dsp.concat_channels(stacks)

    def _controls(self, joined: Any, hidden: Any, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What is made of its states."""
        both = nn.fc_stack(dsp.concat_channels([joined, hidden]), nn.part(variables, "out"), self.layers_per_stack)
        return nn.split_channels(nn.dense(both, nn.part(variables, "dense_out")), self.outputs)

    def final_outputs(self) -> tuple[str, ...]:
        return ("state",) if self.stateless else ()

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        if self.stateless:
            return {"h": dsp.broadcast_batch(constants[list(signals)[-1]], block.batch)}
        return first_states(signals.values(), self.rnn_channels, self.rnn_type, block)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        joined = self._joined(list(inputs.values()), block.variables)
        recurrent = nn.part(block.variables, "rnn")
        after, hidden = nn.rnn_stream(state, joined, recurrent, self.rnn_type, begun(joined, block))
        made = self._controls(joined, hidden, block.variables)
        return after, {**made, "state": after["h"]} if self.stateless else made

    def _features(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        names = list(signals)[:-1] if self.stateless else list(signals)
        return {name: signals[name] for name in names}

    def _check_recurrence(self, signals: Mapping[str, Signal]) -> None:
        if len(signals) < 1 + self.stateless:
            least = "two inputs, the last one the state" if self.stateless else "at least one input"
            raise Mismatch("E305", "input_1", f"rnn_fc_decoder needs {least}", "add `inputs: [ld_scaled, f0_scaled]`")
        if self.stateless and self.rnn_type == "lstm":
            message = "a stateless decoder has one state, an lstm two"
            raise Mismatch("E502", list(signals)[-1], message, "rnn_type: gru", parameters=("stateless",))
        if self.stateless:
            name, state = list(signals.items())[-1]
            bind({name: self._state_port()}, {name: state})

    def _state_port(self) -> Port:
        return const(self.rnn_channels, doc="The state.")


class DilatedConvDecoder(StackFields):
    """A decoder of dilated convolutions: it sees `kernel_size * dilation**layers_per_stack` frames, not all of them.

    y = stack([x_1, x_2, ...]) W + b; with `conditional` the last input sets scale and shift of every norm.

    Source: after van den Oord et al., WaveNet (2016); Perez et al., FiLM (2018).
    """

    words = ("decoder", "wavenet decoder", "tcn decoder")

    traits = Traits.TRAINABLE
    variadic = Port(None, Rate.FRAME, doc="Features: [batch, frames, channels], or a constant [batch, channels].")

    ch: int = param(256, ge=1, doc="Channels of every convolution.")
    kernel_size: int = param(3, ge=1, doc="Taps of every convolution.")
    layers_per_stack: int = param(5, ge=1, le=parts.MOST_LAYERS, doc="Layers whose dilations grow.")
    stacks: int = param(2, ge=1, le=parts.MOST_LAYERS, doc="How often they begin anew.")
    norm_type: str | None = param("layer", choices=parts.NORM_TYPES, doc="The norms after the convolutions.")
    resample_type: str | None = param("upsample", choices=("upsample", "downsample"), doc="Direction of resampling.")
    conditional: bool = param(False, doc="The last input conditions the norms.")
    precondition_layers: int = param(
        0, ge=0, le=parts.MOST_LAYERS, doc="Fully connected layers before the conditioning input; 0: none."
    )
    precondition_ch: int = param(256, ge=1, doc="Channels of those layers.")
    outputs: Splits = param(doc=_SPLITS_DOC)  # type: ignore[misc]

    def output_ports(self) -> Mapping[str, Port]:
        return {name: frame(n, unit=Unit.RAW, doc=f"{n} channels.") for name, n in self.outputs}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        least = 1 + self.conditional
        if len(signals) < least:
            raise Mismatch("E305", "input_1", f"dilated_conv_decoder needs {least} inputs here", "add `inputs: [...]`")
        self.check_reach("input_1")
        batch, time = common_time(signals)
        time = self.resampled(time)
        return {name: Signal((batch, time, Dim.of(n)), Rate.FRAME, Unit.RAW) for name, n in self.outputs}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        widths = [parts.channels(port, signal) for port, signal in signals.items()]
        n_z = widths.pop() if self.conditional else None
        before: parts.Weights = {}
        if n_z is not None and self.precondition_layers:
            stack = parts.fc_stack(n_z, self.precondition_ch, self.precondition_layers)
            before, n_z = parts.named("precondition", stack), self.precondition_ch
        return {
            **parts.named("dense_out", parts.dense(self.ch, sum(n for _, n in self.outputs))),
            **before,
            **parts.named("stack", self.stack_weights(sum(widths), n_z)),
        }

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [self.stack_width()])

    def kernel(self, *inputs: Any, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        z = inputs[-1] if self.conditional else None
        if z is not None and self.precondition_layers:
            z = nn.fc_stack(z, nn.part(variables, "precondition"), self.precondition_layers)
        joined = dsp.concat_channels(inputs[:-1] if self.conditional else inputs)
        hidden = self.run_stack(joined, z, nn.part(variables, "stack"))
        return nn.split_channels(nn.dense(hidden, nn.part(variables, "dense_out")), self.outputs)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return self.stack_lag() * hop_samples

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        widths = [parts.channels(port, signal) for port, signal in signals.items()]
        z = list(signals.values())[-1] if self.conditional else None
        n_z = widths.pop() if self.conditional else 0
        n_z = self.precondition_ch if self.precondition_layers else n_z
        return self.stack_state(sum(widths), z, n_z, items_of(signals.values(), block.batch))

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        variables, given = block.variables, list(inputs.values())
        z = given.pop() if self.conditional else None
        if z is not None and self.precondition_layers:
            z = nn.fc_stack(z, nn.part(variables, "precondition"), self.precondition_layers)
        stack = nn.part(variables, "stack")
        after, hidden = self.stream_stack(state, dsp.concat_channels(given), z, stack, block)
        return after, nn.split_channels(nn.dense(hidden, nn.part(variables, "dense_out")), self.outputs)


def common_time(signals: Mapping[str, Signal]) -> tuple[Dim, Dim]:
    """Batch and time of signals that go side by side. Raises `Mismatch` E413 or E414."""
    batch, time, first = Dim.of(1), None, ""
    for port, signal in signals.items():
        parts.channels(port, signal)
        batch = signal.dims[0] if batch == Dim.of(1) else batch
        fits = signal.dims[1] if time is None else agree(time, signal.dims[1])
        if fits is None:
            message = f"'{first}' has {time} frames, '{port}' has {signal.dims[1]} ({{source}})"
            raise Mismatch("E414", port, message, "features that go side by side are as long", compared=(first,))
        time, first = fits, first or port
    assert time is not None
    return batch, time
