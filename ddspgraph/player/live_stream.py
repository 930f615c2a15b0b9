"""A stream whose graph may be changed while it plays: the new one takes over where the old one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.ir.types import Rate
from ddspgraph.player.stream import Stream

if TYPE_CHECKING:
    from ddspgraph.streaming.model import StreamModel

#: What goes into a block: see `StreamModel.process`.
Given = Mapping[str, Any] | int
#: A change is heard as a line from the old sound to the new one, of so many seconds.
FADE_S = 0.02
#: Of a state, beside what nodes keep: samples since the start.
_POSITION = "state/position"


class LiveStream:
    """One run of a streaming model, which another model can take over between two blocks.

    What has the same name, op, shape and history in both goes on: the phase of an oscillator, the line of a delay, the
    past of a filter. What a node derives from its parameters, such as the response of a room, is that of the new model.
    Where sample rate or hop differ the new model begins anew. Both run for FADE_S, audio mixed along a line; an output
    that is no audio, or has another shape, is the new one at once.

    `swap` may be called in another thread than that of the blocks.

    Args:
      model: the first one.
      batch: items that run side by side.
      seed: of all randomness.
      constants: the inputs of rate const, by name.
    """

    def __init__(
        self, model: StreamModel, *, batch: int = 1, seed: int = 0, constants: Mapping[str, Any] | None = None
    ) -> None:
        self._how = {"batch": batch, "seed": seed}
        self._playing = _Voice(Stream(model, constants=constants, **self._how))
        self._leaving: _Voice | None = None
        self._next: _Voice | None = None
        self._n_faded = 0

    @property
    def models(self) -> tuple[StreamModel, ...]:
        """Those that the next block may run."""
        voices = (self._leaving, self._playing, self._next)
        return tuple(voice.stream.model for voice in voices if voice is not None)

    def swap(self, model: StreamModel, *, constants: Mapping[str, Any] | None = None) -> None:
        """Lets a model take over at the next block; while one takes over, after that.

        Raises:
          GraphError: E603-E605 for constants that are missing, unknown or misshapen: the old one plays on.
        """
        self._next = _Voice(Stream(model, constants=constants, **self._how))

    def __call__(self, block: Given | Callable[[StreamModel], Given]) -> dict[str, np.ndarray]:
        """The outputs of one block of whole frames, by name.

        Args:
          block: as of `StreamModel.process`, or a function that gives every model its own: while one takes over, two
            models may want other inputs.

        Raises:
          GraphError: as `process` does.
        """
        if self._next is not None and self._leaving is None:
            voice, self._next = self._next, None
            voice.take_over(self._playing)
            self._leaving, self._playing, self._n_faded = self._playing, voice, 0
        outputs = self._playing(block)
        if self._leaving is None:
            return outputs
        old, fade = self._leaving(block), self._fade_samples()
        audio = [
            name for name, x in outputs.items() if self._is_audio(name) and name in old and old[name].shape == x.shape
        ]
        mixed = {name: self._mixed(old[name], outputs[name], fade) for name in audio}
        self._n_faded += max((outputs[name].shape[1] for name in audio), default=fade)
        if self._n_faded >= fade:
            self._leaving = None
        return outputs | mixed

    def _fade_samples(self) -> int:
        return round(FADE_S * (self._playing.stream.model.graph.clock.sample_rate or 1))

    def _is_audio(self, name: str) -> bool:
        graph = self._playing.stream.model.plan.graph
        return graph.types[dict(graph.outputs)[name]].rate is Rate.AUDIO

    def _mixed(self, old: np.ndarray, new: np.ndarray, fade: int) -> np.ndarray:
        """[batch, samples, ...], along the line from the old to the new."""
        level = np.minimum((self._n_faded + 1 + np.arange(new.shape[1])) / max(fade, 1), 1.0).astype(np.float32)
        level = level.reshape(1, -1, *[1] * (new.ndim - 2))
        return (1 - level) * old + level * new  # at the end of the line exactly the new


class _Voice:
    """A stream, and the state that it began with."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.first = stream, stream.state

    def __call__(self, block: Given | Callable[[StreamModel], Given]) -> dict[str, np.ndarray]:
        given = block(self.stream.model) if callable(block) else block
        return {name: x.numpy() for name, x in self.stream(given).items()}

    def take_over(self, other: _Voice) -> None:
        """Goes on where the other is, as far as their states fit."""
        mine, others = self.stream.model, other.stream.model
        if (mine.graph.clock.sample_rate, mine.plan.hop) != (others.graph.clock.sample_rate, others.plan.hop):
            return
        carried = {_POSITION: other.stream.state[_POSITION]}
        for name, first in self.first.items():
            if name in other.first and self._is_history(name, other) and _is_same(first, other.first[name]):
                now = other.stream.state[name]
                if np.isfinite(now.numpy()).all():  # what went wrong once would go wrong for ever
                    carried[name] = now
        self.stream.state = {**self.stream.state, **carried}

    def _is_history(self, name: str, other: _Voice) -> bool:
        """Whether a part of a state belongs to a node of the same op, or to a delay between nodes, in both."""
        _, owner, *parts = name.split("/")
        if owner == "+":
            return True
        graphs = (self.stream.model.plan.graph, other.stream.model.plan.graph)
        ops = [graph.node_by_name[owner].op.name for graph in graphs if owner in graph.node_by_name]
        return bool(parts) and len(ops) == 2 and ops[0] == ops[1]


def _is_same(a: Any, b: Any) -> bool:
    """Whether two parts of first states are one: what begins otherwise was made of parameters, and is no history."""
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a.numpy(), b.numpy())
