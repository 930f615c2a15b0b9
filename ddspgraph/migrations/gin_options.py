"""How a gin file is to be read: what magenta/ddsp's programs take as flags."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class GinOptions:
    """How a gin file is read.

    Attributes:
      path: folders where included files may lie, beside that of the file.
      params: bindings that override the file, `NAME = VALUE`.
      more: files that belong to the same model; later ones override.
      frame_rate_hz: of the clock, whatever the file says.
      name: of the graph; None: that of the file.
    """

    path: Sequence[str | os.PathLike[str]] = ()
    params: Sequence[str] = ()
    more: Sequence[str | os.PathLike[str]] = ()
    frame_rate_hz: float | None = None
    name: str | None = None


NO_OPTIONS = GinOptions()
