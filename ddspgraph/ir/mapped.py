"""An op mapped over voices or channels is an op: they are folded into the batch, and the op inside never knows.

docs/types.md says what meets what. A value with voices comes folded: its rows are item * voices + voice. Channels
are folded and unfolded here. A value of an input with no axis of its own is held for all of them; weights are shared.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ddspgraph.ir import folding
from ddspgraph.ir.call import run_kernel
from ddspgraph.ir.folded_gains import ranges_of_members, ways_of_members
from ddspgraph.ir.initialisers import stream_of
from ddspgraph.ir.op import Advice, Op, ParamSpec, Sizes, Traits, Weight
from ddspgraph.ir.ports import Mismatch, Port, agree
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import BATCH, Dim, Rate, Signal

#: What becomes of the voices of a node's outputs, and how a sum of them is scaled.
MIXES = ("none", "sum", "stack")
NORMS = ("none", "mean", "power")
_ONE = Dim.of(1)


def streams_of(name: str, op: Op) -> Any:
    """The random stream of a node; of a node with voices int64 [voices], of which the first is that of the node."""
    voices = op.voices if isinstance(op, Mapped) else None
    if voices is None:
        return stream_of(name)
    import numpy as np

    return np.array([stream_of(f"{name}.voice_{v}" if v else name) for v in range(voices)], np.int64)


def op_inside(op: Op) -> Op:
    """The op that is mapped, however many times; of any other itself."""
    while isinstance(op, Mapped):
        op = op.inner
    return op


def is_sound(port: Port) -> bool:
    """Whether a port takes a sound, [batch, samples], and so one with channels too, each on its own."""
    return port.dims is not None and len(port.dims) == 2 and port.rate is Rate.AUDIO and not port.mono


def as_met(op: Op, signals: Mapping[str, Signal]) -> Op:
    """The op as it meets these signals: settled, and mapped over channels where a sound has some.

    Raises `Mismatch` E422 where one has n channels and another m, both more than 1.
    """
    if isinstance(op, Mapped):
        if op.voices is None:
            return op
        own = tuple(port for port, s in signals.items() if s.voices is not None)
        if op.where_needed and not own and not op.draws:
            return as_met(op.inner, signals)
        plain = {port: replace(s, voices=None) for port, s in signals.items()}
        return replace(op, inner=as_met(op.inner, plain), own=own)
    op = op.settled(signals)
    ports = op.input_ports(tuple(signals))
    for name, signal in signals.items():
        if ports[name].mono and signal.rate is Rate.AUDIO and signal.rank == 3 and (signal.dims[2].size or 1) > 1:
            message = f"port '{name}' takes one channel, {{source}} has {signal.dims[2]}"
            hint = "take one of them with a split node, or the middle of two with a mid_side node"
            raise Mismatch("E423", name, message, hint)
    if not any(is_sound(ports[name]) for name in signals):
        return op
    counts = {name: s.dims[2] for name, s in signals.items() if _has_channels(ports[name], s)}
    if not counts:
        return op
    own = tuple(name for name, count in counts.items() if count != _ONE)
    for name in own[1:]:
        if agree(counts[name], counts[own[0]]) is None:
            raise Mismatch(
                "E422",
                name,
                f"'{own[0]}' has {counts[own[0]]} channels, '{name}' {counts[name]}: {{source}} is "
                f"{signals[name].shape_text}",
                "give both as many channels; a value of 1 is held for all of them",
                compared=(own[0],),
            )
    return Mapped(inner=op, own=own or tuple(name for name in counts if is_sound(ports[name])))


def _has_channels(port: Port, signal: Signal) -> bool:
    if signal.rank != 3 or signal.rate is Rate.CONST:
        return False
    if is_sound(port):
        return True
    takes_one = port.dims is not None and len(port.dims) == 3 and port.dims[2] == _ONE and not port.mono
    return takes_one and signal.dims[2] != _ONE


class Mapped(Op):
    """An op mapped over an axis. It stands in graphs, never in the library: specs ask for it."""

    inner: Op
    voices: int | None = None  # how many; None: over channels
    own: tuple[str, ...] = ()  # the inputs that have a value for each
    mixing: str = "none"
    scaling: str = "none"
    where_needed: bool = False  # a part of something with voices: plain where nothing tells its voices apart

    # -- what it shows of the op inside ---------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        """A parameter of the op inside, for those who show it."""
        if name == "inner" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.inner, name)

    @property
    def name(self) -> str:  # type: ignore[override]
        """That of the op inside."""
        return self.inner.name

    @property
    def traits(self) -> Traits:  # type: ignore[override]
        """Those of the op inside: folding an axis into the batch changes none."""
        return self.inner.traits

    @property
    def inputs(self) -> Mapping[str, Port]:  # type: ignore[override]
        """Those of the op inside."""
        return self.inner.inputs

    @property
    def outputs(self) -> Mapping[str, Port]:  # type: ignore[override]
        """Those of the op inside."""
        return self.inner.outputs

    @property
    def variadic(self) -> Port | None:  # type: ignore[override]
        """That of the op inside."""
        return self.inner.variadic

    @property
    def whole_clip(self) -> str:  # type: ignore[override]
        """That of the op inside."""
        return self.inner.whole_clip

    def params(self) -> Mapping[str, ParamSpec]:  # type: ignore[override]
        """The parameters of the op inside."""
        return self.inner.params()

    def with_params(self, **values: Any) -> Op:
        """The op inside with other parameters."""
        return replace(self, inner=self.inner.with_params(**values))

    def input_names(self, count: int) -> list[str]:  # type: ignore[override]
        """Those of the op inside."""
        return self.inner.input_names(count)

    def summary(self) -> str:  # type: ignore[override]
        """That of the op inside."""
        return self.inner.summary()

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        return self.inner.input_ports(given)

    def output_ports(self) -> Mapping[str, Port]:
        return self.inner.output_ports()

    def output_hop(self, hop_samples: Any) -> Any:
        return self.inner.output_hop(hop_samples)

    def final_outputs(self) -> tuple[str, ...]:
        return self.inner.final_outputs()

    # -- types -----------------------------------------------------------------------------------

    def inside(self, signals: Mapping[str, Signal]) -> dict[str, Signal]:
        """The types that the op inside sees: without the axis, and with a batch where there is a row for each."""
        return {port: self._inside(port, signal) for port, signal in signals.items()}

    def _inside(self, port: str, signal: Signal) -> Signal:
        dims = signal.dims
        if self.voices is None and signal.rank == 3 and self._is_sound(port):
            dims = dims[:2]
        elif self.voices is None and port in self.own:
            dims = (*dims[:2], _ONE)
        if self._has_rows(port, signal) and dims:
            dims = (BATCH, *dims[1:])
        return replace(signal, dims=dims, voices=None)

    def _has_rows(self, port: str, signal: Signal) -> bool:
        """Whether the rows of a value are of members: its own, or of a value held for each where they draw noise."""
        is_own = port in self.own if self.voices is None else signal.voices is not None
        return is_own or self.draws

    @property
    def draws(self) -> bool:
        """Whether each voice draws a noise of its own."""
        return self.voices is not None and Traits.RANDOM in self.traits

    def _is_sound(self, port: str) -> bool:
        return is_sound(self.input_ports((port,))[port])

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        for port, signal in signals.items():
            if self.voices is not None and signal.voices not in (None, self.voices):
                message = f"{{source}} has {signal.voices} voices, the node {self.voices}"
                hint = f"write `voices: {signal.voices}`, or give it {self.voices}"
                raise Mismatch("E421", port, message, hint, beside="voices")
        inside = self.inside(signals)
        outputs = self.inner.infer(inside)
        if self.voices is not None and any(signal.voices is not None for signal in outputs.values()):
            message = f"{self.name} makes voices of its own, and the node is written with {self.voices}"
            raise Mismatch("E421", next(iter(signals)), message, "delete `voices`", beside="voices")
        return {port: self._outside(port, signal, signals) for port, signal in outputs.items()}

    def _outside(self, port: str, signal: Signal, signals: Mapping[str, Signal]) -> Signal:
        dims = signal.dims
        if dims and (dims[0] == BATCH or self.draws):
            dims = (BATCH if self._has_batch(signals) else _ONE, *dims[1:])
        signal = replace(signal, dims=dims)
        if self.voices is not None:
            if self.mixing == "none" and dims:
                return replace(signal, voices=self.voices)
            return stacked(signal, Dim.of(self.voices)) if self.mixing == "stack" and dims else signal
        if not dims or not self._has_axis(port, signal.rank, dims[-1].size):
            return signal
        return stacked(signal, self._channels(signals))

    def _has_batch(self, signals: Mapping[str, Signal]) -> bool:
        return Traits.SIZED in self.traits or any(s.dims[:1] != (_ONE,) for s in signals.values())

    def _has_axis(self, port: str, rank: int, last: int | None) -> bool:
        """Whether an output has channels: not what hands on a held input, nor a list, which no sound can change."""
        like = self.output_ports()[port].like
        if like is not None and like not in self.own and not self._is_sound(like):
            return False
        return self._rate(port) is not Rate.CONST or rank == 1 or (rank == 2 and last == 1)

    def _rate(self, port: str) -> Rate | None:
        made = self.output_ports()[port]
        return made.rate if made.like is None else self.input_ports((made.like,))[made.like].rate

    def _channels(self, signals: Mapping[str, Signal]) -> Dim:
        return functools.reduce(lambda a, b: agree(a, b) or a, [signals[port].dims[2] for port in self.own])

    ranges, ways = ranges_of_members, ways_of_members  # type: ignore[assignment]  # they take the op as their self

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        return self.inner.weights(self.inside(signals))

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return self.inner.tail_samples(self.inside(signals))

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """What the op inside advises, and W122 where all voices are one."""
        found = list(self.inner.advise(self.inside(signals), values, sizes))
        if self.voices and self.voices > 1 and not self.draws and all(s.voices is None for s in signals.values()):
            message = f"its {self.voices} voices are one and the same: no input has a value for each"
            hint = "give an input a value for each: `{each: [...]}`, or what a node with `voices` makes"
            found.append(Advice("W122", message, "voices", hint))
        return found

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        inside = self._shapes(shapes)
        folded = sum(math.prod(shape) for name, shape in inside.items() if not name.startswith("= "))
        return self.inner.workspace(inside) + folded

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return self.inner.multiply_adds(self._shapes(shapes))

    def _shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """The shapes of a call as the op inside sees them."""
        n = self.voices or max([shapes[port][2] for port in self.own if len(shapes.get(port, ())) == 3], default=1)
        return {name: shape if name.startswith("= ") else self._shape(name, shape, n) for name, shape in shapes.items()}

    def _shape(self, name: str, shape: tuple[int, ...], n: int) -> tuple[int, ...]:
        if not shape:
            return shape
        is_made = name.startswith("-> ")
        if self.voices is not None:
            is_folded = self.mixing == "none" if is_made else name in self.own
            if is_made and self.mixing == "stack":
                shape = shape[:-1] if shape[-1] == n else (*shape[:-1], shape[-1] // n)
            return shape if is_folded or (shape[0] == 1 and not is_made) else (shape[0] * n, *shape[1:])
        if len(shape) == 3 and (len(self._made_dims(name[3:])) == 2 if is_made else self._is_sound(name)):
            shape = (shape[0] * (n if shape[2] == n else 1), shape[1])
        elif len(shape) == 3 and (name in self.own or (is_made and shape[2] == n)):
            shape = (shape[0] * n, shape[1], 1)
        return shape

    def _made_dims(self, port: str) -> tuple[Dim, ...]:
        made = self.output_ports()[port]
        return (made if made.like is None else self.input_ports((made.like,)).get(made.like, made)).dims or ()

    def kernel(self, *tensors: Any, **named: Any) -> Any:
        extra = {name: named.pop(name, None) for name in ("seed", "stream", "sizes", "variables")}
        given = dict(zip(self.input_names(len(tensors)), tensors, strict=False)) | named
        sizes = extra["sizes"]
        is_sized = Traits.SIZED in self.traits
        n, rows = self._rows(given, sizes.batch if is_sized else None)
        inside = {port: self._arranged(port, x, n, rows) for port, x in given.items()}
        extra["stream"] = self._streams(extra["stream"], rows)
        extra["sizes"] = Sizes(rows, sizes.frames, sizes.samples) if is_sized else sizes
        results = run_kernel(self.inner, inside, **extra)
        return {port: self._restored(port, x, n, rows) for port, x in results.items()}

    def _rows(self, given: Mapping[str, Any], batch: Any = None) -> tuple[Any, Any]:
        """How many members an item has, and the rows of all items."""
        n = self.voices or folding.most([folding.size_of(given[port], 2) for port in self.own if port in given])
        if batch is None:
            folded = self.own if self.voices is not None else ()
            batch = folding.joint(
                [folding.size_of(x, 0) // (n if port in folded else 1) for port, x in given.items() if len(x.shape)]
            )
        return n, batch * n

    def _arranged(self, port: str, x: Any, n: Any, rows: Any) -> Any:
        """An input as the op inside takes it: a row for each member, or one row for all."""
        if self.voices is None and port in self.own:
            x = folding.spread(x, n) if len(self.own) > 1 else x
            x = folding.fold_channels(x, keeps_axis=not self._is_sound(port))
        elif self.voices is None and len(x.shape) == 3 and self._is_sound(port):
            x = folding.fold_channels(x, keeps_axis=False)  # of one channel
        if port in self.own:
            return folding.tiled(x, rows)
        is_one = not len(x.shape) or x.shape[0] == 1
        return x if is_one and not self.draws else folding.held(x, rows)

    def _streams(self, stream: Any, rows: Any) -> Any:
        """The random streams of all rows: items of one voice draw alike."""
        if self.voices is None or isinstance(stream, int) or stream is None:
            return stream
        import tensorflow as tf

        return folding.tiled(tf.convert_to_tensor(stream), rows)

    def _restored(self, port: str, x: Any, n: Any, rows: Any) -> Any:
        """An output of the op inside, [rows, ...] or one row for all, as the graph has it."""
        if not len(x.shape):
            return x  # a loss
        if self.voices is None:
            return self._with_channels(port, x, n)
        if x.shape[0] == 1:
            x = folding.held(x, rows if self.draws else n)
        return x if self.mixing == "none" else mixed(x, n, self.mixing, self.scaling)

    def _with_channels(self, port: str, x: Any, n: Any) -> Any:
        has_axis = self._has_axis(port, len(x.shape), x.shape[-1])
        if x.shape[0] == 1:  # one for all channels; of one channel it is that of the channel
            return folding.unfold_channels(folding.held(x, n), n) if has_axis else x
        return folding.unfold_channels(x, n) if has_axis else folding.unfold(x, n)[:, 0]

    # -- the streaming form ------------------------------------------------------------------------

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int | Mapping[str, int]:
        return self.inner.stream_latency(self.inside(signals), hop_samples)

    def stream_state(
        self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block
    ) -> Mapping[str, Any]:
        n = self.voices or self._channels(signals).size or 1
        rows = (block.batch if self._has_batch(signals) else 1) * n
        inside = {port: self._arranged(port, x, n, rows) for port, x in constants.items()}
        return self.inner.stream_state(self.inside(signals), inside, self._block(block, rows))

    def stream_step(
        self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        n, rows = self._rows(inputs, block.batch if Traits.SIZED in self.traits else None)
        inside = {port: self._arranged(port, x, n, rows) for port, x in inputs.items()}
        after, results = self.inner.stream_step(state, inside, self._block(block, rows))
        return after, {port: self._restored(port, x, n, rows) for port, x in results.items()}

    def _block(self, block: Block, rows: Any) -> Block:
        return replace(block, batch=rows, stream=self._streams(block.stream, rows))


def mixed(x: Any, n: Any, mix: str, norm: str) -> Any:
    """Voices in rows to a plain value: their sum, scaled, or side by side as channels."""
    if mix == "stack":
        return folding.unfold_channels(x, n)
    import tensorflow as tf

    total = tf.reduce_sum(folding.unfold(x, n), axis=1)
    return total * {"none": 1.0, "mean": 1.0 / n, "power": n**-0.5}[norm] if norm != "none" else total


def stacked(signal: Signal, count: Dim) -> Signal:
    """Members side by side: on a new axis, and of a value with channels on theirs. As `folding.unfold_channels`."""
    *others, last = dims = signal.dims
    if len(dims) < 3:
        return replace(signal, dims=(*dims, count))
    if count.is_static or last.is_static:
        number, dim = (count, last) if count.is_static else (last, count)
        return replace(signal, dims=(*others, dim * (number.size or 0)))
    return replace(signal, dims=(*others, Dim.of("n_channels")))
