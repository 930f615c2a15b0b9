"""What all recursive filters of the library share: sections, two kernels, and their streaming form."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.call import signal_of
from ddspgraph.ir.gains import Bounded, Linear, Range, Way
from ddspgraph.ir.op import Advice, Op, from_clock
from ddspgraph.ir.ports import Mismatch, Port, audio
from ddspgraph.ir.streaming import Block, has_time, items_of
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np, tf
from ddspgraph.ops.clocked import from_graph

#: How long a filter is heard after its input has ended, in seconds: what a tail is made for.
_TAIL_S = 0.2
#: Passes over the samples of a scan of one section of two states, there and back.
_SCAN_PASSES = 60
#: Samples of a block of the kernel for constants.
_BLOCK = 64


def cutoff_port(doc: str, unit: Unit = Unit.HZ, *, optional: bool = False, each: str | None = None) -> Port:
    """A control of a filter: a constant, or of frame or audio rate, which is followed sample by sample.

    With `each` it is a list, a number for each of what that names.
    """
    return audio(each, unit=unit, doc=doc, optional=optional, broadcast=True)


def list_length(signals: Mapping[str, Signal], name: str) -> int:
    """How many numbers such a list has, 0 where nobody knows its axes; raises `Mismatch` E414 where they are open."""
    signal = signals[name]
    if signal.rank == 3 and signal.dims[2].size is None:
        message = f"the number of bands must be known, {{source}} is {signal.shape_text}"
        hint = "write a number in its `shape`, such as `shape: [8]`, or in its `channels`"
        raise Mismatch("E414", name, message, hint)
    return (signal.dims[2].size or 0) if signal.rank == 3 else 0


def disorder(frequencies: Sequence[float] | None, at: str) -> list[Advice]:
    """W133 where frequencies that divide a spectrum do not rise."""
    pairs = itertools.pairwise(frequencies or ())
    falling = next(((low, high) for low, high in pairs if high <= low), None)
    if falling is None:
        return []
    message = f"{falling[1]:g} Hz comes after {falling[0]:g} Hz: the band between them is not what it seems"
    return [Advice("W133", message, at, "write the frequencies from low to high")]


class RecursiveFilter(Op):
    """A filter of sections. Controls that never change take products of matrices, others a scan over time."""

    inputs = {"audio": audio(doc="The sound.", shares="unit")}
    outputs = {"signal": audio(doc="The filtered sound.", shares="unit")}

    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        """The sections of `dtype` from the controls that are given, [batch, 1] or [batch, samples]."""
        raise TypeError(f"{type(self).__name__} declares no sections")

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        """Numbers that each section keeps."""
        raise TypeError(f"{type(self).__name__} declares no orders")

    def polynomials(self, controls: Mapping[str, Any]) -> list[tuple[list[float], list[float]]]:
        """Numerator and denominator of each section, of controls that are NumPy arrays [1, n]."""
        return [dsp.polynomials(section) for section in self.sections(controls, None)]

    def most_gain(self, given: Mapping[str, Range]) -> float:
        """The largest |H| at any frequency, whatever constants the controls are in their ranges."""
        return math.inf

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        controls = {name: x for name, x in given.items() if name != "audio"}
        if list(looped) != ["audio"] or list(self.outputs) != ["signal"]:
            return {}
        if all(x.is_known for x in controls.values()):
            b, a = [1.0], [1.0]
            known = {name: np.atleast_2d(x.low) for name, x in controls.items()}
            for numerator, denominator in self.polynomials(known):
                b, a = np.convolve(b, numerator), np.convolve(a, denominator)
            return {("audio", "signal"): Linear(b, a)}
        moves = any(has_time(signals[name]) for name in controls)
        most = math.inf if moves else self.most_gain(controls)
        return {("audio", "signal"): Bounded(energy=most)} if math.isfinite(most) else {}

    def rate_hz(self) -> float:
        """The sample rate; raises ValueError outside of a graph where nobody gave it."""
        return from_graph(self, "sample_rate")

    def is_moving(self, controls: Mapping[str, Any]) -> bool:
        """Whether one of the controls, tensors by name, is of audio rate; frames arrive so, constants [batch, 1]."""
        return any(x.shape[1] != 1 for x in controls.values())

    def kernel(self, audio: Any, **controls: Any) -> Any:
        if self.is_moving(controls):
            return dsp.moving_filter(self.sections(controls, tf.float32), audio)[0]
        return dsp.block_filter(dsp.block_matrices(self.sections(controls, tf.float64)), audio)[0]

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def silent_state(self, signals: Mapping[str, Signal], block: Block) -> dict[str, Any]:
        """What is kept from one block to the next, before the first."""
        return {"last": dsp.silence([items_of(signals.values(), block.batch), sum(self.orders(signals))])}

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        state = self.silent_state(signals, block)
        if any(has_time(signal) for name, signal in signals.items() if name != "audio"):
            return state
        controls = {name: x for name, x in constants.items() if name != "audio"}
        return state | dsp.block_matrices(self.sections(controls, tf.float64))

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        matrices = {name: x for name, x in state.items() if name != "last"}
        if matrices:
            signal, last = dsp.block_filter(matrices, inputs["audio"], state["last"])
        else:
            controls = {name: x for name, x in inputs.items() if name != "audio"}
            signal, last = dsp.moving_filter(self.sections(controls, tf.float32), inputs["audio"], state["last"])
        return {**matrices, "last": last}, {"signal": signal}

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        return round(_TAIL_S * (self.sample_rate or 0.0))

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W116 where a frequency is not one of this sample rate."""
        found = []
        for name, port in self.inputs.items():
            known = values.get(name) if port.unit is Unit.HZ and self.sample_rate else None
            faulty = [f for f in known or () if not 0.0 < f < self.sample_rate / 2.0]  # type: ignore[operator]
            if faulty:
                nyquist_hz = self.sample_rate / 2.0  # type: ignore[operator]
                message = f"{faulty[0]:g} Hz is taken for the nearest frequency between 0 Hz and {nyquist_hz:g} Hz"
                found.append(Advice("W116", message, name, f"write a frequency between 0 Hz and {nyquist_hz:g} Hz"))
        return found

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        samples = math.prod(shapes["audio"])
        n = sum(self.orders({name: signal_of(shape) for name, shape in shapes.items()}))
        if self._is_moving_at(shapes):
            return samples * _SCAN_PASSES * n * costs.PASS // 2
        return samples * (_BLOCK + 2 * n + 6 * costs.PASS)

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        samples = math.prod(shapes["audio"])
        return (20 if self._is_moving_at(shapes) else 3) * samples

    def _is_moving_at(self, shapes: Mapping[str, tuple[int, ...]]) -> bool:
        shape_of = {name: _Shaped(shape) for name, shape in shapes.items() if name in self.inputs and name != "audio"}
        return self.is_moving(shape_of)


class _Shaped(NamedTuple):
    """What has a shape alone."""

    shape: tuple[int, ...]
