"""What the networks are made of, as data: the weights of each part, and the checks that they share.

Layouts and first values are those of Keras' layers, names those of `ddspgraph.nn`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ddspgraph import nn
from ddspgraph.ir.op import Weight
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import Rate, Signal

NONLINEARITIES = tuple(nn.NONLINEARITIES)
NORM_TYPES = ("layer", "instance", "group")
RNN_TYPES = ("gru", "lstm")
#: Layers of one stack: what a spec asks for is listed weight by weight before anything is allocated.
MOST_LAYERS = 64

Weights = dict[str, Weight]
Shapes = Mapping[str, tuple[int, ...]]


def named(name: str, weights: Mapping[str, Weight]) -> Weights:
    """The weights as those of a part: `kernel` of the part `rnn` is `rnn_kernel`."""
    return {f"{name}_{key}": weight for key, weight in weights.items()}


def dense(n_in: int, n_out: int) -> Weights:
    return {"kernel": Weight((n_in, n_out)), "bias": Weight((n_out,), "zeros")}


def fc(n_in: int, ch: int) -> Weights:
    return {**dense(n_in, ch), "gamma": Weight((ch,), "ones"), "beta": Weight((ch,), "zeros")}


def fc_stack(n_in: int, ch: int, layers: int) -> Weights:
    found: Weights = {}
    for i in range(1, layers + 1):
        found |= named(f"fc_{i}", fc(n_in if i == 1 else ch, ch))
    return found


def rnn(n_in: int, units: int, rnn_type: str, bidir: bool = False) -> Weights:
    if bidir:
        one = rnn(n_in, units, rnn_type)
        return {**named("forward", one), **named("backward", one)}
    gates = 3 if rnn_type == "gru" else 4
    bias = Weight((2, 3 * units), "zeros") if rnn_type == "gru" else Weight((4 * units,), "lstm_bias")
    return {
        "kernel": Weight((n_in, gates * units)),
        "recurrent_kernel": Weight((units, gates * units), "orthogonal"),
        "bias": bias,
    }


def norm(ch: int) -> Weights:
    return {"scale": Weight((ch,), "ones"), "shift": Weight((ch,), "zeros")}


def norm_given(n_z: int | None, ch: int, shift_only: bool) -> Weights:
    """Of a norm, or of one whose scale and shift are made of `n_z` channels."""
    return norm(ch) if n_z is None else dense(n_z, ch if shift_only else 2 * ch)


def conv(taps: tuple[int, int], n_in: int, n_out: int, init: str = "glorot_uniform") -> Weights:
    return {"kernel": Weight((*taps, n_in, n_out), init), "bias": Weight((n_out,), "zeros")}


def channels(port: str, signal: Signal, *, any_rate: bool = False) -> int:
    """How many channels a signal has. Raises `Mismatch` E413 or E414 where it has none, or nobody said how many."""
    wanted = 2 if any_rate and signal.rate is Rate.CONST else 3
    if signal.rank != wanted:
        shape = "[batch, channels]" if wanted == 2 else "[batch, time, channels]"
        raise Mismatch("E413", port, f"port '{port}' wants {shape}, {{source}} is {signal.shape_text}")
    size = signal.dims[-1].size
    if size is None:
        raise Mismatch(
            "E414",
            port,
            f"a network must know how many channels '{port}' has, {{source}} is {signal.shape_text}",
            "write their number, `channels: 8`, where it is declared",
        )
    return size


def numbers(shapes: Shapes, widths: Sequence[int]) -> int:
    """So many channels at every position of the default output."""
    return math.prod(default_shape(shapes)[:-1]) * sum(widths)


def default_shape(shapes: Shapes) -> tuple[int, ...]:
    return next(shape for name, shape in shapes.items() if name.startswith("-> "))
