"""Crossovers: a sound as bands, whose sum has the level of the sound at every frequency."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ddspgraph import dsp
from ddspgraph.ir.gains import Bounded, Linear, Range, Way
from ddspgraph.ir.op import Advice, param
from ddspgraph.ir.ports import Mismatch, Port, audio
from ddspgraph.ir.streaming import Block, has_time
from ddspgraph.ir.types import Signal
from ddspgraph.lazy import np, tf
from ddspgraph.ops.recursive import RecursiveFilter, cutoff_port, disorder, list_length


class _Branch(NamedTuple):
    """Sections from a sound to a band, or to what lies above it."""

    name: str
    source: str
    sections: list[dsp.Section]


class Crossover(RecursiveFilter):
    """Parts a sound into bands, low to high, after Linkwitz and Riley: all bands together are the sound, its phase
    turned.

    At each frequency both neighbours are 6 dB down and in phase. What lies below is turned by an all-pass as the bands
    above are by their own crossovers, so that the sum of all has the level of the sound at every frequency.

    Source: S. Linkwitz, "Active crossover networks for noncoincident drivers" (JAES 24(1), 1976); V. Zavalishin, The
    Art of VA Filter Design (2018), chapter 10.
    """

    words = (
        "linkwitz riley", "multiband", "band split", "split bands", "frequency split", "three way",
        "lr4", "lr24", "bass and treble apart", "multiband compressor",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "frequency": cutoff_port(
            "Where each band ends and the next begins, from low to high: one less than there are bands; may move.",
            each="splits",
        ),
    }

    outputs = {
        "low": audio(doc="Below the first frequency.", shares="unit"),
        "mid": audio(doc="Between two of them.", shares="unit"),
        "high": audio(doc="Above the last frequency.", shares="unit"),
    }

    bands: int = param(
        3, ge=2, le=16, doc="How many: low and high; low, mid and high; or low, mid_1, mid_2, ..., high."
    )
    order: int = param(4, ge=2, le=16, doc="6 dB an octave each; an even number.")

    def output_ports(self) -> Mapping[str, Port]:
        middle = dict.fromkeys(self._middle(), self.outputs["mid"])
        return {"low": self.outputs["low"], **middle, "high": self.outputs["high"]}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        if self.order % 2:
            message = f"a crossover of order {self.order} has no two equal halves"
            raise Mismatch("E502", "audio", message, "write an even number", parameters=("order",))
        n = list_length(signals, "frequency")
        if n and n != self.bands - 1:
            message = f"{self.bands} bands meet at {self.bands - 1} frequencies, {{source}} has {n}"
            raise Mismatch(
                "E414", "frequency", message, f"write `bands: {n + 1}`, or as many frequencies as that needs"
            )
        return super().infer(signals)

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        """Of all branches, one after the other."""
        return [section.order for branch in self._plain() for section in branch.sections]

    def kernel(self, audio: Any, **controls: Any) -> Any:
        moves = self.is_moving(controls)
        made = {"audio": audio}
        for branch in self._branches(controls, tf.float32 if moves else tf.float64, self.rate_hz()):
            x = made[branch.source]
            if moves:
                made[branch.name], _ = dsp.moving_filter(branch.sections, x)
            else:
                made[branch.name], _ = dsp.block_filter(dsp.block_matrices(branch.sections), x)
        return {name: made[name] for name in self.output_ports()}

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        state = self.silent_state(signals, block)
        if has_time(signals["frequency"]):
            return state
        for branch in self._branches(constants, tf.float64, self.rate_hz()):
            matrices = dsp.block_matrices(branch.sections)
            state |= {f"{branch.name}.{name}": matrix for name, matrix in matrices.items()}
        return state

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        made, after, first = {"audio": inputs["audio"]}, [], 0
        moves = len(state) == 1
        for branch in self._branches(inputs, tf.float32, self.rate_hz()) if moves else self._plain():
            n = dsp.n_states(branch.sections)
            x, own = made[branch.source], state["last"][:, first : first + n]
            if moves:
                made[branch.name], last = dsp.moving_filter(branch.sections, x, own)
            else:
                start = f"{branch.name}."
                matrices = {name[len(start) :]: m for name, m in state.items() if name.startswith(start)}
                made[branch.name], last = dsp.block_filter(matrices, x, own)
            after.append(last)
            first += n
        kept = {name: x for name, x in state.items() if name != "last"}
        return {**kept, "last": tf.concat(after, axis=1)}, {name: made[name] for name in self.output_ports()}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        if list(looped) != ["audio"]:
            return {}
        if not given["frequency"].is_known:
            return (
                {}
                if has_time(signals["frequency"])
                else {("audio", x): Bounded(energy=1.0) for x in self.output_ports()}
            )
        known = {"frequency": np.atleast_2d(given["frequency"].low)}
        found: dict[str, tuple[Any, Any]] = {"audio": ([1.0], [1.0])}
        for branch in self._branches(known, None, self.rate_hz()):
            b, a = found[branch.source]
            for numerator, denominator in map(dsp.polynomials, branch.sections):
                b, a = np.convolve(b, numerator), np.convolve(a, denominator)
            found[branch.name] = b, a
        return {("audio", name): Linear(*found[name]) for name in self.output_ports()}

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W133 where the frequencies do not rise, and what all filters say."""
        return [*super().advise(signals, values, sizes), *disorder(values.get("frequency"), "frequency")]

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        branches = 2 * (self.bands - 1)
        more = (
            0 if self._is_moving_at(shapes) else (branches - 1) * super().multiply_adds({**shapes, "frequency": (1, 1)})
        )
        return super().multiply_adds(shapes) + more

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return super().workspace(shapes) + self.bands * math.prod(shapes["audio"])

    def _middle(self) -> list[str]:
        return ["mid"] if self.bands == 3 else [f"mid_{i + 1}" for i in range(self.bands - 2)]

    def _plain(self) -> list[_Branch]:
        """The branches of no frequencies in particular: what they are called, and how many states they have."""
        return self._branches({"frequency": np.ones([1, self.bands - 1])}, None, 4.0)

    def _branches(self, controls: Mapping[str, Any], dtype: Any, rate: float) -> list[_Branch]:
        """At each frequency one branch to the band below it, and one to all above."""
        g = dsp.warped(controls["frequency"], rate, dtype)
        gs = [g[..., i] for i in range(self.bands - 1)]
        names, source, found = ["low", *self._middle()], "audio", []
        for i, (name, at) in enumerate(zip(names, gs, strict=True)):
            half = self.order // 2
            turned = [section for above in gs[i + 1 :] for section in dsp.turning_sections(above, half)]
            found.append(_Branch(name, source, [*dsp.pass_sections(at, half) * 2, *turned]))
            above = "high" if i == len(gs) - 1 else f"above {name}"
            high = dsp.pass_sections(at, half, high=True) * 2
            if half % 2:  # their halves are out of phase
                last = high[-1]
                high[-1] = last._replace(direct=-last.direct, band=-last.band, low=-last.low)
            found.append(_Branch(above, source, high))
            source = above
        return found
