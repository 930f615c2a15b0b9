"""Where examples come from: the contract between data and the training loop. Opening one needs no TensorFlow.

A source is a function of (seed, position): which example stands at a place of the endless stream is known without
reading what comes before, so that a run that starts at any step gets what an uninterrupted one would.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.data.manifest import Feature
from ddspgraph.diagnostics import Diagnostic, GraphError, Span, clean, did_you_mean, fail, quote
from ddspgraph.files import place
from ddspgraph.ir.graph import Clock, Graph, Input
from ddspgraph.ir.types import Rate

if TYPE_CHECKING:
    import tensorflow as tf

Arrays = dict[str, np.ndarray]
#: Batches that are made ready while a step runs.
_AHEAD = 2


class Source(ABC):
    """Examples, each a mapping from feature name to a float32 array.

    Attributes:
      clock: sample rate, frame rate, hop; `n_samples` is the length of an example.
      features: name -> type.
    """

    clock: Clock
    features: Mapping[str, Feature]
    _failure: GraphError | None = None

    @abstractmethod
    def at(self, names: Sequence[str], positions: np.ndarray, *, split: str, seed: int) -> Arrays:
        """The examples at some places of the endless stream of a split.

        Args:
          names: of the features that are wanted.
          positions: int64 [n], from 0.
          split: "train" or "eval".
          seed: of the order, or of what is made.

        Returns:
          name -> float32 [n, *shape of the feature].
        """

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Feature name -> shape of its array in one example."""
        samples, frames = self.clock.n_samples or 0, self.clock.n_frames or 0
        return {name: feature.shape(samples, frames) for name, feature in self.features.items()}

    def batches(
        self, names: Sequence[str], batch_size: int, *, split: str = "train", seed: int = 0, first_step: int = 0
    ) -> tf.data.Dataset:
        """The endless stream, batch by batch; step s holds the places from s * batch_size on.

        Args:
          names: of the features that are wanted.
          batch_size: examples a batch.
          split: "train" or "eval".
          seed: of the order, or of what is made.
          first_step: where to begin.

        Returns:
          A `tf.data.Dataset` of mappings name -> float32 [batch_size, *shape].

        Raises:
          GraphError: E611 a feature that there is not, E612 a split that is empty.
        """
        import tensorflow as tf

        self.check_names(names)
        self.check_split(split)
        shapes = self.shapes()

        def load(step: np.ndarray) -> list[np.ndarray]:
            positions = step * batch_size + np.arange(batch_size, dtype=np.int64)
            try:
                found = self.at(names, positions, split=split, seed=seed)
            except (GraphError, OSError) as error:  # tf.data turns it into one of its own
                self._failure = error if isinstance(error, GraphError) else _unreadable(error)
                raise
            return [found[name] for name in names]

        def batch(step: tf.Tensor) -> dict[str, tf.Tensor]:
            arrays = tf.numpy_function(load, [step], [tf.float32] * len(names), stateful=False)
            for name, array in zip(names, arrays, strict=True):
                array.set_shape([batch_size, *shapes[name]])
            return dict(zip(names, arrays, strict=True))

        return tf.data.Dataset.counter(first_step).map(batch).prefetch(_AHEAD)

    def typed(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Batches of `batches`, with what went wrong in `at` as it was raised there.

        Raises:
          GraphError: of `at`; E612 for a file that cannot be read.
        """
        import tensorflow as tf

        try:
            yield from batches
        except tf.errors.OpError:
            if self._failure is None:
                raise
            raise self._failure from None

    def n_examples(self, split: str) -> int | None:
        """How many there are before they repeat; None where they never do."""
        return None

    def check_split(self, split: str) -> None:
        """Raises GraphError E612 where there is no example in it."""
        if self.n_examples(split) == 0:
            hint = "more recordings, or longer ones: a part of them is held out" if split == "eval" else None
            raise fail("E612", f"there are no examples in the split '{clean(split)}'", hint=hint)

    def check_names(self, names: Sequence[str]) -> None:
        """Raises GraphError E611 where a feature is not there."""
        for name in names:
            if name not in self.features:
                hint = did_you_mean(name, list(self.features))
                raise fail("E611", f"there is no feature {quote(name)} in the data", hint=hint)

    def check_graph(self, graph: Graph) -> None:
        """Whether the losses of a graph (its outputs, if it has none) can be computed of these examples.

        Raises:
          GraphError: E611, each with both values: another clock, a rate or unit or number of channels that
            differs, an input that the data does not have.
        """
        found = [*_clock_errors(self.clock, graph.clock)]
        for wanted in needed_inputs(graph):
            error = self._input_error(wanted)
            if error is not None:
                found.append(error)
        if found:
            raise GraphError(found)

    def _input_error(self, wanted: Input) -> Diagnostic | None:
        feature, signal = self.features.get(wanted.name), wanted.signal
        if feature is None:
            hint = did_you_mean(wanted.name, list(self.features))
            return _misfit(f"the data has no {quote(wanted.name)}, which the graph needs", wanted.span, hint)
        name = quote(wanted.name)
        if feature.rate is not signal.rate:
            return _misfit(f"{name} is {feature.rate} rate in the data, {signal.rate} rate in the graph", wanted.span)
        if not feature.unit.accepts(signal.unit):
            message = f"{name} is in {feature.unit} in the data, in {signal.unit} in the graph"
            return _misfit(message, wanted.span, f"write `unit: {feature.unit}` and convert it in the graph")
        if signal.voices is not None and feature.voices is None:
            message = f"{name} has {signal.voices} voices in the graph, and none in the data: a recording gives one"
            hint = f"leave out `voices` there: nodes with voices hold it for all, or take `{{each: {wanted.name}}}`"
            return _misfit(message, wanted.span, f"{hint}, a channel for each")
        if signal.voices != feature.voices:
            has = [f"{n} voices" if n is not None else "no voices" for n in (feature.voices, signal.voices)]
            return _misfit(f"{name} has {has[0]} in the data, {has[1]} in the graph", wanted.span)
        channels = 1 if signal.rate is Rate.AUDIO and signal.rank == 2 else signal.dims[-1].size
        if channels not in (None, feature.channels) or (signal.rate is Rate.AUDIO and signal.rank > 2):
            message = f"{name} has {feature.channels} channels in the data, {signal.dims[-1]} in the graph"
            return _misfit(message, wanted.span)
        return None


def _unreadable(error: OSError) -> GraphError:
    where = place(error.filename) if error.filename else None
    return fail("E612", f"an example cannot be read: {clean(error.strerror or str(error))}", where)


def needed_inputs(graph: Graph) -> list[Input]:
    """What the losses depend on, or the outputs where there are no losses; in the order of the spec."""
    losses = [ref for name in graph.losses for ref in graph.node_by_name[name].refs]
    needed = graph.ancestors(tuple(losses or [ref for _, ref in graph.outputs]))
    return [i for i in graph.inputs if i.name in needed]


def _clock_errors(data: Clock, graph: Clock) -> list[Diagnostic]:
    found = []
    for name, unit in (("sample_rate", "Hz"), ("frame_rate", "Hz")):
        ours, theirs = data.get(name), graph.get(name)
        if theirs is not None and ours != theirs:
            found.append(
                _misfit(
                    f"the data has a {name} of {ours:.10g} {unit}, the graph one of {theirs:.10g} {unit}",
                    graph.span,
                    "make the dataset again with `ddspgraph features ... --for SPEC`, or change the clock of the graph",
                )
            )
    if graph.is_fixed and data.n_samples != graph.n_samples:
        found.append(
            _misfit(
                f"an example of the data has {data.n_samples} samples, the graph takes {graph.n_samples} only",
                graph.span,
            )
        )
    return found


def _misfit(message: str, span: Span | None, hint: str | None = None) -> Diagnostic:
    return Diagnostic("E611", message, span, hint=hint)


@lru_cache(maxsize=8)  # the epochs that a batch touches, of the sources that are open
def shuffled(n: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of 0 ... n - 1 that depends on its arguments alone, int64 [n].

    The order of the raw words of a Philox counter with the key (seed, epoch): NumPy promises these words for good,
    which it does not of `Generator.permutation`.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
    """
    key = np.array([seed % (1 << 64), epoch], np.uint64)
    return np.argsort(np.random.Philox(key=key).random_raw(n), kind="stable")


def in_order(positions: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Which of n examples stand at some places of an endless stream, every epoch in an order of its own."""
    epochs, places = np.divmod(positions, n)
    return np.array([shuffled(n, seed, int(e))[p] for e, p in zip(epochs, places, strict=True)], np.int64)


def as_arrays(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Arrays:
    """Examples one upon the other: name -> float32 [len(rows), ...]."""
    return {name: np.stack([row[name] for row in rows]).astype(np.float32, copy=False) for name in names}
