"""A feedback delay network as one op: a room of lines that feed each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.op import Op, Traits, Weight, from_clock, param
from ddspgraph.ir.ports import Mismatch, Port, audio, const
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.ops.clocked import from_graph

_LONGEST_MS = 10_000.0


class Fdn(Op):
    """A feedback delay network: lines that feed each other through an orthogonal matrix, so that they lose nothing
    but what their damping takes.

    Each line of m samples loses 60 m / (sample_rate T60) dB in a turn, t60 at 0 Hz and t60_high at Nyquist: sound
    decays by 60 dB in these times, whatever the lines are. A delay is rounded to whole samples. With `learn` the
    matrix stays orthogonal while it is trained, and the network stable.

    Source: Jot & Chaigne, Digital delay networks for designing artificial reverberators (AES 90, 1991); Schlecht &
    Habets, On lossless feedback delay networks (IEEE TSP 65, 2017).
    """

    words = (
        "reverb", "reverberation", "room", "hall", "feedback delay network", "late reverb", "plate",
        "algorithmic reverb", "schroeder", "jot", "freeverb", "tail", "space",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The dry sound.", shares="unit"),
        "t60": const(unit=Unit.SECONDS, doc="Time in which low frequencies decay by 60 dB."),
        "t60_high": const(unit=Unit.SECONDS, optional=True, doc="The same at Nyquist, at most t60; left open: t60."),
    }
    outputs = {"signal": audio(doc="The sound in the room.", shares="unit")}

    delays: tuple[float, ...] = param(
        (31.0, 37.0, 41.0, 43.0, 53.0, 59.0, 61.0, 67.0),
        unit=Unit.MILLISECONDS,
        gt=0,
        le=_LONGEST_MS,
        doc="Of the lines; without a common divisor they make the densest sound.",
    )
    matrix: str = param(
        "hadamard",
        choices=("hadamard", "householder", "orthogonal"),
        doc="hadamard: all lines into all alike, for 2, 4, 8, ... lines; householder: a reflection; orthogonal: drawn "
        "from all, by `seed`.",
    )
    learn: bool = param(False, doc="Learn matrix, inputs and outputs; hadamard stays as it is.")
    channels: int | None = param(None, ge=1, le=64, doc="Of the output; null: mono, without a channel axis.")
    add_dry: bool = param(True, doc="Add the dry sound.")
    seed: int = param(0, ge=0, doc="Of an orthogonal matrix that is not learned.")
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    @property
    def traits(self) -> Traits:  # type: ignore[override]
        """Whether there are variables depends on a parameter."""
        return Traits.TRAINABLE if self.learn else Traits.PURE

    @cached_property
    def line_samples(self) -> tuple[int, ...]:
        """The delays in whole samples."""
        rate_hz = from_graph(self, "sample_rate")
        return tuple(max(1, round(ms * rate_hz / 1000.0)) for ms in self.delays)

    def output_ports(self) -> Mapping[str, Port]:
        return {"signal": audio(self.channels, doc="The sound in the room.", shares="unit")}

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        n = len(self.delays)
        if n < 2:
            raise Mismatch("E502", "audio", "a network needs at least 2 lines", parameters=("delays",))
        if self.matrix == "hadamard" and n & (n - 1):
            message = f"a Hadamard matrix has 2, 4, 8, 16, ... lines, these are {n}"
            hint = "write `matrix: householder`, which takes any number, or another number of delays"
            raise Mismatch("E502", "audio", message, hint, parameters=("matrix", "delays"))
        return super().infer(signals)

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        if not self.learn:
            return {}
        n = len(self.delays)
        drawn: Any = ("normal", 0.0, 1.0)
        of_matrix = {"householder": Weight((1, n), "ones"), "orthogonal": Weight((n, n), drawn)}
        found = {"vectors": of_matrix[self.matrix]} if self.matrix in of_matrix else {}
        return {**found, "into": Weight((n,), drawn), "out": Weight((self.channels or 1, n), drawn)}

    def kernel(self, audio: Any, t60: Any, t60_high: Any = None, variables: Mapping[str, Any] | None = None) -> Any:
        return self._blended(audio, dsp.fdn(audio, self._network(t60, t60_high, variables)))

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        network = self._network(constants["t60"], constants.get("t60_high"), block.variables)
        return dsp.fdn_state(network, block.batch)

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        network = self._network(inputs["t60"], inputs.get("t60_high"), block.variables)
        after, wet = dsp.fdn_stream(state, inputs["audio"], network)
        return after, {"signal": self._blended(inputs["audio"], wet)}

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["audio"][:2]
        n = len(self.delays)
        lines = batch * n * max(self.line_samples)
        return 3 * lines + (n + (self.channels or 1) + 2) * batch * samples

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        batch, samples = shapes["audio"][:2]
        n, block = len(self.delays), min(self.line_samples)
        damping = math.isqrt(block) + 4 * costs.PASS
        turns = -(-samples // block)
        return batch * samples * n * (n + damping) + turns * (1 + n // 4) * costs.TURN

    def _network(self, t60: Any, t60_high: Any, variables: Mapping[str, Any] | None) -> dsp.Network:
        n = len(self.delays)
        low, high = (x[:, None] for x in (t60, t60 if t60_high is None else t60_high))
        gain, pole = dsp.absorption(self.line_samples, low, high, self.sample_rate or 0.0)
        into, out = (variables["into"], variables["out"]) if variables else _spread(n, self.channels or 1)
        scale = 1.0 / math.sqrt(n)
        return dsp.Network(self.line_samples, self._matrix(variables), scale * into, scale * out, gain, pole)

    def _matrix(self, variables: Mapping[str, Any] | None) -> Any:
        n = len(self.delays)
        if self.matrix == "hadamard":
            return dsp.hadamard(n)
        if self.matrix == "householder":
            return dsp.reflection(variables["vectors"][0] if variables else dsp.tf_float32([1.0] * n))
        return dsp.reflections(variables["vectors"] if variables else dsp.normal([n, n], self.seed))

    def _blended(self, audio: Any, wet: Any) -> Any:
        if self.channels is None:
            wet = wet[:, :, 0]
            return audio + wet if self.add_dry else wet
        return audio[:, :, None] + wet if self.add_dry else wet


def _spread(n: int, channels: int) -> tuple[Any, Any]:
    """Inputs of one sign, and outputs whose signs differ from channel to channel as much as they can."""
    signs = [[-1.0 if bin(line & channel).count("1") % 2 else 1.0 for line in range(n)] for channel in range(channels)]
    return dsp.tf_float32([1.0] * n), dsp.tf_float32(signs)
