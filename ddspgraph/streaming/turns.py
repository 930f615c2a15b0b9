"""A loop on tensors: turn by turn, a block each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.dsp.numerics import needs_plain_gradients, needs_static_shapes
from ddspgraph.ir.folding import joint
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
        stretch = self._stretch(turns)
        turns = turns if stretch is None else dsp.ceil_divide(turns, stretch) * stretch
        timed = {name: dsp.filled_up(inputs[name], turns * block // hop) for name, hop in self.hops.items()}
        if stretch is None:
            _, made = self._turns(state, timed, turns)
        else:
            made = self._stretches(state, timed, turns // stretch, stretch)
        for name, hop in self.outputs.items():
            made[name] = made[name][:, late[name] // hop :][:, : samples // hop]
        return made

    def _samples(self, inputs: Tensors, sizes: Any) -> Any:
        for name, hop in self.hops.items():
            return dsp.size_of(inputs[name], 1) * hop
        return sizes.samples

    def _batch(self, inputs: Tensors, sizes: Any) -> Any:
        if not self.hops:
            return sizes.batch
        voices = {e.port: e.signal.voices or 1 for e in self.loop.entries}
        return joint([dsp.size_of(x, 0) // voices[name] for name, x in inputs.items()])

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

    def _is_fixed(self, name: str) -> bool:
        """Whether a part of the state never changes."""
        return name in (BATCH, SEED) or name.startswith("state/=/")

    def _turns(self, state: Tensors, timed: Tensors, turns: Any) -> tuple[Tensors, Tensors]:
        """Some turns of whole blocks: inputs and outputs [batch, turns * block, ...]."""
        block = self.loop.block
        if isinstance(turns, int) and turns == 1:
            return self._turn(state, timed, block)
        fixed = {name: x for name, x in state.items() if self._is_fixed(name)}
        moving = {name: tf.convert_to_tensor(x) for name, x in state.items() if name not in fixed}
        names = [e.port for e in self.loop.exits]

        def turn(state: Tensors, blocks: Tensors) -> tuple[Tensors, Tensors]:
            return self._turn({**fixed, **self._cut_off(state)}, blocks, block)

        counts = {name: block // hop for name, hop in self.hops.items()}
        moving, stacked = dsp.in_turns(turn, moving, timed, counts, turns, names)
        made = {e.port: _joined(stacked[e.port], e.signal, e.port in self.outputs) for e in self.loop.exits}
        return {**fixed, **moving}, made

    # -- gradients that compute again -----------------------------------------------------------------

    def _stretch(self, turns: Any) -> Any:
        """How many turns lie between two states that are kept for the gradient; None where every turn is kept.

        The root of all turns keeps as many states as a stretch has turns, which is the least memory.
        """
        is_export = needs_plain_gradients() or needs_static_shapes()
        if is_export or not any(line.op.recompute for line in self.loop.lines):  # type: ignore[attr-defined]
            return None
        if isinstance(turns, int):
            return max(1, math.isqrt(turns))
        return tf.cast(tf.math.ceil(tf.sqrt(tf.cast(turns, tf.float32))), tf.int32)

    def _stretches(self, state: Tensors, timed: Tensors, stretches: Any, length: Any) -> Tensors:
        """Stretches of turns, of each of which the gradient keeps the state before it alone."""
        fixed = {name: x for name, x in state.items() if self._is_fixed(name)}
        moving = {name: tf.convert_to_tensor(x) for name, x in state.items() if name not in fixed}
        variables = {f"{node}/{name}": x for node, own in self.tracer.variables.items() for name, x in own.items()}
        kinds = {"moving": moving, "fixed": fixed, "timed": timed, "variables": variables}

        def run(given: Tensors) -> Tensors:
            of = {kind: {name: given[f"{kind} {name}"] for name in held} for kind, held in kinds.items()}
            turns = Turns(self.loop, of["variables"])
            turns._names_of_state(state)
            after, made = turns._turns({**of["fixed"], **of["moving"]}, of["timed"], length)
            return {**{f"after {name}": after[name] for name in moving}, **{f"made {n}": x for n, x in made.items()}}

        outside = {f"{kind} {name}": x for kind in ("fixed", "variables") for name, x in kinds[kind].items()}

        def stretch(state: Tensors, blocks: Tensors) -> tuple[Tensors, Tensors]:
            given = {f"moving {name}": x for name, x in state.items()} | {f"timed {n}": x for n, x in blocks.items()}
            results = dsp.recomputed(run, {**outside, **given})
            made = {e.port: results[f"made {e.port}"] for e in self.loop.exits}
            return {name: results[f"after {name}"] for name in moving}, made

        counts = {name: length * self.loop.block // hop for name, hop in self.hops.items()}
        names = [e.port for e in self.loop.exits]
        _, stacked = dsp.in_turns(stretch, moving, timed, counts, stretches, names)
        return {e.port: _joined(stacked[e.port], e.signal, e.port in self.outputs) for e in self.loop.exits}

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
