"""The end of a sound that would go on: what `with_tail` puts after synthesizers."""

from __future__ import annotations

from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.op import Op, Traits, param
from ddspgraph.ir.ports import audio
from ddspgraph.ir.types import Unit


class Ended(Op):
    """Silence from a sample on: y(t) = x(t) for t < end, else 0.

    Source: elementary.
    """

    traits = Traits.PURE
    inputs = {"audio": audio(doc="The sound.")}
    outputs = {"signal": audio(doc="The sound up to its end.")}

    end: int = param(unit=Unit.SAMPLES, ge=0, doc="How many samples are kept.")

    def kernel(self, audio: Any) -> Any:
        return dsp.silent_after(audio, self.end)
