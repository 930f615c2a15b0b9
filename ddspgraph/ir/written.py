"""The words in which an author wrote a value: `-40 dB` of what a graph holds as 0.01."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """A value as its author wrote it.

    Attributes:
      words: the text; of a list a tuple of the words of its elements.
      is_converted: whether the graph holds another number, in the unit of its parameter or port.
    """

    words: str | tuple[object, ...]
    is_converted: bool
