"""A loop on tensors: turn by turn, a block each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.ir.streaming import Block, has_time
from ddspgraph.ir.types import Rate, Signal
from ddspgraph.streaming.tracer import BATCH, FIRST_BATCH, FIRST_SEED, LENGTH, POSITION, SEED, Tensors, Tracer

if TYPE_CHECKING:
    from ddspgraph.streaming.loop import Loop


class Turns:
    """The turns of one loop within one trace.

    What changes from turn to turn is the state of the members and the position; constants stay outside of the
    TensorFlow loop, so that it neither carries them nor stores them for the gradient.
    """

    def __init__(self, loop: Loop, variables: Mapping[str, Any]) -> None:
        self.loop = loop
        self.tracer = Tracer(loop.plan, _by_node(variables))
        self.hops = {e.port: self._hop(e.signal) for e in loop.entries if has_time(e.signal)}
        self.outputs = {e.port: self._hop(e.signal) for e in loop.exits if has_time(e.signal)}

    def _hop(self, signal: Signal) -> int:
        return 1 if signal.rate is Rate.AUDIO else int(signal.hop or self.loop.plan.hop)

    # -- offline -----------------------------------------------------------------------------------

    def whole(self, inputs: Tensors, sizes: Any, seed: Any) -> Tensors:
        """All of a clip: whole blocks, the last one filled up with silence."""
        samples = self._samples(inputs, sizes)
        late = {e.port: self.loop.plan.latency(e.port) for e in self.loop.exits}
        block = self.loop.block
        turns = dsp.ceil_divide(samples + max(late.values(), default=0), block)
        batch = self._batch(inputs, sizes)
        constants = {name: x for name, x in inputs.items() if name not in self.hops}
        state = self.first_state(constants, batch, seed)
        timed = {name: dsp.filled_up(inputs[name], turns * block // hop) for name, hop in self.hops.items()}
        _, made = self._turns(state, timed, turns)
        for name, hop in self.outputs.items():
            made[name] = made[name][:, late[name] // hop :][:, : samples // hop]
        return made

    def _samples(self, inputs: Tensors, sizes: Any) -> Any:
        for name, hop in self.hops.items():
            return dsp.size_of(inputs[name], 1) * hop
        return sizes.samples

    def _batch(self, inputs: Tensors, sizes: Any) -> Any:
        if not inputs:
            return sizes.batch
        voices = {e.port: e.signal.voices or 1 for e in self.loop.entries}
        counts = [dsp.size_of(x, 0) // voices[name] for name, x in inputs.items()]
        known = [n for n in counts if isinstance(n, int)]
        if len(known) == len(counts):
            return max(known)
        return tf.reduce_max(tf.stack([tf.convert_to_tensor(n) for n in counts]))

    # -- as a stream -------------------------------------------------------------------------------

    def first_state(self, constants: Mapping[str, Any], batch: Any, seed: Any) -> Tensors:
        """The state before the first block, with the constants that the members read."""
        given = {FIRST_BATCH: tf.convert_to_tensor(batch), FIRST_SEED: tf.cast(seed, tf.int64)}
        return self.tracer.initial_state({**given, **constants})

    def block(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> tuple[Tensors, Tensors]:
        """One block of a stream, of any length: whole turns, then what is left."""
        self._names_of_state(state)
        state = {**state, POSITION: tf.cast(block.start, tf.int64)}
        timed = {name: inputs[name] for name in self.hops}
        longest = self.loop.block
        samples = self._known_length(timed, block)
        if isinstance(samples, int) and samples <= longest:
            return self._turn(state, timed, samples)
        # The last turn takes what is left of the block, which is at least one frame.
        turns = (samples - 1) // longest
        rest = samples - turns * longest
        first = {name: x[:, : turns * longest // self.hops[name]] for name, x in timed.items()}
        last = {name: x[:, turns * longest // self.hops[name] :] for name, x in timed.items()}
        after, made = self._some_turns(state, first, turns)
        after, more = self._turn(after, last, rest)
        return after, more | {name: tf.concat([made[name], more[name]], axis=1) for name in self.outputs}

    def _some_turns(self, state: Tensors, timed: Tensors, turns: Any) -> tuple[Tensors, Tensors]:
        """Turns of which there may be none, which only the graph knows."""
        if isinstance(turns, int):
            return self._turns(state, timed, turns)
        batch = state[BATCH]
        silence = {
            e.port: dsp.silence([batch * (e.signal.voices or 1), 0, *(dim.size for dim in e.signal.dims[2:])])
            for e in self.loop.exits
            if e.port in self.outputs
        }

        def some() -> tuple[Tensors, Tensors]:
            after, made = self._turns(state, timed, turns)
            return after, {name: made[name] for name in self.outputs}

        return tf.cond(turns > 0, some, lambda: (dict(state), silence))

    def _known_length(self, timed: Tensors, block: Block) -> Any:
        for name, hop in self.hops.items():
            return dsp.size_of(timed[name], 1) * hop
        return block.samples

    def _names_of_state(self, state: Mapping[str, Any]) -> None:
        """Lets the tracer know the parts of a state that an earlier trace made."""
        for name in state:
            self.tracer.names.learn(name)

    # -- turns -------------------------------------------------------------------------------------

    def _turn(self, state: Tensors, timed: Tensors, samples: Any) -> tuple[Tensors, Tensors]:
        """One block of at most `loop.block` samples."""
        given = {**state, **timed}
        if not timed:
            given[LENGTH] = samples
        results = self.tracer.process(given)
        after = {name: results[name] for name in state}
        for line in self.loop.lines:
            name = self.tracer.names.parts(line.name)["line"]
            into = results[f"into {line.name}"]
            after[name] = dsp.push_line(after[name], dsp.as_line(into))
        return after, {e.port: results[e.port] for e in self.loop.exits}

    def _turns(self, state: Tensors, timed: Tensors, turns: Any) -> tuple[Tensors, Tensors]:
        """Some turns of whole blocks: inputs and outputs [batch, turns * block, ...]."""
        block = self.loop.block
        if isinstance(turns, int) and turns == 1:
            return self._turn(state, timed, block)
        fixed = {name: x for name, x in state.items() if name in (BATCH, SEED) or name.startswith("state/=/")}
        moving = {name: tf.convert_to_tensor(x) for name, x in state.items() if name not in fixed}
        names = [e.port for e in self.loop.exits]

        def turn(state: Tensors, blocks: Tensors) -> tuple[Tensors, Tensors]:
            return self._turn({**fixed, **self._cut_off(state)}, blocks, block)

        counts = {name: block // hop for name, hop in self.hops.items()}
        moving, stacked = dsp.in_turns(turn, moving, timed, counts, turns, names)
        made = {e.port: _joined(stacked[e.port], e.signal, e.port in self.outputs) for e in self.loop.exits}
        return {**fixed, **moving}, made

    def _cut_off(self, state: Tensors) -> Tensors:
        """The state of a turn, which in the first turn of every stretch of `truncate` samples lets no gradient pass."""
        spans = [line.op.truncate for line in self.loop.lines if line.op.truncate]  # type: ignore[attr-defined]
        if not spans:
            return state
        stretch = max(1, round(min(spans) / self.loop.block)) * self.loop.block
        passes = tf.cast(tf.math.floormod(state[POSITION], stretch) != 0, tf.float32)
        return {
            name: passes * x + (1.0 - passes) * tf.stop_gradient(x) if x.dtype == tf.float32 else x
            for name, x in state.items()
        }


def _by_node(variables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, x in variables.items():
        node, _, weight = name.rpartition("/")
        found.setdefault(node, {})[weight] = x
    return found


def _joined(blocks: tf.Tensor, signal: Signal, has_time: bool) -> tf.Tensor:
    """The blocks of an output one after the other; of one that never changes the first."""
    if not has_time:
        return blocks[0]
    joined = dsp.side_by_side(blocks)
    joined.set_shape([None, None, *(dim.size for dim in signal.dims[2:])])
    return joined
