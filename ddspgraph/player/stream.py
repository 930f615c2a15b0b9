"""A stream that keeps its state: `stream = dg.Stream(model)`, then `stream(block)` for every block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddspgraph.streaming.model import StreamModel


class Stream:
    """One run of a streaming model. Any number of them share a model.

    Args:
      model: of `compile(..., streaming=True)`, `compile_stream` or `load_stream`.
      batch: items that run side by side.
      seed: of all randomness.
      constants: the inputs of rate const, by name.

    Attributes:
      state: tensors by name; it may be kept and set again.
      latencies: how late every output is, in samples.
    """

    def __init__(
        self, model: StreamModel, *, batch: int = 1, seed: int = 0, constants: Mapping[str, Any] | None = None
    ) -> None:
        self.model, self.latencies = model, model.latencies
        self._begin = lambda: model.initial_state(batch, seed=seed, constants=constants)
        self.state = self._begin()

    def __call__(self, block: Mapping[str, Any] | int) -> dict[str, Any]:
        """The outputs of one block of whole frames, by name. Raises GraphError as `process` does."""
        self.state, outputs = self.model.process(self.state, block)
        return outputs

    def reset(self) -> None:
        """Begins anew."""
        self.state = self._begin()
