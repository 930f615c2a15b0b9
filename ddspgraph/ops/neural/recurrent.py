"""Recurrent networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ddspgraph import dsp, nn
from ddspgraph.ir import costs
from ddspgraph.ir.op import Op, Traits, Weight, param
from ddspgraph.ir.ports import Port, frame
from ddspgraph.ir.streaming import Block, CannotStream, items_of
from ddspgraph.ir.types import Dim, Rate, Signal, Unit
from ddspgraph.ops.neural import parts


class Rnn(Op):
    """A recurrent layer over time, a GRU or an LSTM, in one or both directions.

    Weights and equations are those of Keras' layers, a GRU's with `reset_after`.

    Source: Cho et al. (2014); Hochreiter and Schmidhuber, Neural Computation 9 (1997).
    """

    words = ("gru", "lstm (rnn_type: lstm)", "recurrent", "memory", "sequence")

    traits = Traits.TRAINABLE
    inputs = {"x": frame("channels")}
    outputs = {"signal": Port(None, Rate.FRAME, Unit.RAW, doc="The states, those forwards before those backwards.")}

    dims: int = param(ge=1, doc="Number of units in each direction.")
    rnn_type: str = param("gru", choices=parts.RNN_TYPES, doc="Kind of the units.")
    return_sequences: bool = param(True, doc="Give every state; otherwise the last one of each direction, a constant.")
    bidir: bool = param(False, doc="Run in both directions.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        x = signals["x"]
        parts.channels("x", x)
        width = Dim.of(self.dims * (1 + self.bidir))
        if self.return_sequences:
            return {"signal": Signal((*x.dims[:2], width), Rate.FRAME, Unit.RAW)}
        return {"signal": Signal((x.dims[0], width), Rate.CONST, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return parts.rnn(parts.channels("x", signals["x"]), self.dims, self.rnn_type, self.bidir)

    def workspace(self, shapes: parts.Shapes) -> int:
        batch, frames, _ = shapes["x"]
        return batch * frames * recurrent_width(self.dims, self.rnn_type) * (1 + self.bidir)

    def multiply_adds(self, shapes: parts.Shapes) -> int:
        batch, frames, _ = shapes["x"]
        kernels = {name: shape for name, shape in shapes.items() if name.endswith("kernel")}
        return costs.products(kernels, batch * frames)

    def kernel(self, x: Any, variables: Mapping[str, Any]) -> Any:
        return nn.rnn(x, variables, self.rnn_type, bidir=self.bidir, return_sequences=self.return_sequences)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        if self.bidir:
            raise CannotStream("runs backwards from the end of the clip", "write `bidir: false`")
        if not self.return_sequences:
            raise CannotStream("gives the state after the whole clip", "write `return_sequences: true`")
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return first_states(signals.values(), self.dims, self.rnn_type, block)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        x = inputs["x"]
        after, states = nn.rnn_stream(state, x, block.variables, self.rnn_type, begun(x, block))
        return after, {"signal": states}


class RnnSandwich(Op):
    """A recurrent layer between two stacks of fully connected blocks.

    Source: Engel et al., DDSP (ICLR 2020), appendix B.2.
    """

    words = ("gru between dense layers", "recurrent")

    traits = Traits.TRAINABLE
    inputs = {"x": frame("channels")}
    outputs = {"signal": Port(None, Rate.FRAME, Unit.RAW, doc="[batch, frames, fc_stack_ch]")}

    fc_stack_ch: int = param(256, ge=1, doc="Channels of the fully connected layers.")
    fc_stack_layers: int = param(2, ge=1, le=parts.MOST_LAYERS, doc="Layers of each of the two stacks.")
    rnn_ch: int = param(512, ge=1, doc="Units of the recurrent layer.")
    rnn_type: str = param("gru", choices=parts.RNN_TYPES, doc="Kind of its units.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        x = signals["x"]
        parts.channels("x", x)
        return {"signal": Signal((*x.dims[:2], Dim.of(self.fc_stack_ch)), Rate.FRAME, Unit.RAW)}

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return sandwich_weights(
            parts.channels("x", signals["x"]), self.fc_stack_ch, self.fc_stack_layers, self.rnn_ch, self.rnn_type
        )

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [self.fc_stack_ch, recurrent_width(self.rnn_ch, self.rnn_type)])

    def kernel(self, x: Any, variables: Mapping[str, Any]) -> Any:
        return sandwich(x, variables, self.fc_stack_layers, self.rnn_type)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return first_states(signals.values(), self.rnn_ch, self.rnn_type, block)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        after, signal = sandwich_stream(state, inputs["x"], block.variables, self.fc_stack_layers, self.rnn_type, block)
        return after, {"signal": signal}


def sandwich_weights(n_in: int, ch: int, layers: int, units: int, rnn_type: str) -> parts.Weights:
    """Of `sandwich`, whose input has `n_in` channels."""
    return {
        **parts.named("in", parts.fc_stack(n_in, ch, layers)),
        **parts.named("rnn", parts.rnn(ch, units, rnn_type)),
        **parts.named("out", parts.fc_stack(units, ch, layers)),
    }


def sandwich(x: Any, variables: Mapping[str, Any], layers: int, rnn_type: str) -> Any:
    """Fully connected, recurrent, fully connected."""
    x = nn.fc_stack(x, nn.part(variables, "in"), layers)
    x = nn.rnn(x, nn.part(variables, "rnn"), rnn_type)
    return nn.fc_stack(x, nn.part(variables, "out"), layers)


def sandwich_stream(
    state: Mapping[str, Any], x: Any, variables: Mapping[str, Any], layers: int, rnn_type: str, block: Block
) -> tuple[Mapping[str, Any], Any]:
    """A block of `sandwich`."""
    x = nn.fc_stack(x, nn.part(variables, "in"), layers)
    state, x = nn.rnn_stream(state, x, nn.part(variables, "rnn"), rnn_type, begun(x, block))
    return state, nn.fc_stack(x, nn.part(variables, "out"), layers)


def first_states(signals: Iterable[Signal], units: int, rnn_type: str, block: Block) -> dict[str, Any]:
    """Zeros for every item."""
    items = items_of(signals, block.batch)
    return {name: dsp.silence([items, units]) for name in (("h",) if rnn_type == "gru" else ("h", "c"))}


def begun(x: Any, block: Block) -> Any:
    """Which frames of a block [batch, frames, channels] count."""
    return dsp.has_begun(block.first_frame, dsp.size_of(x, 1))


def recurrent_width(units: int, rnn_type: str) -> int:
    """How many numbers a frame a recurrent layer holds: gates, their slices, and the states in either order."""
    return (2 * 3 + 2 if rnn_type == "gru" else 2 * 4 + 4) * units
