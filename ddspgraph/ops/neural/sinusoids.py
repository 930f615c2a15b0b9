"""From sinusoids to the harmonic sound that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp, nn
from ddspgraph.ir.op import Op, Traits, Weight, from_clock, param
from ddspgraph.ir.ports import frame
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.ops.neural import parts
from ddspgraph.ops.neural.recurrent import first_states, recurrent_width, sandwich, sandwich_stream, sandwich_weights
from ddspgraph.ops.scale_fns import SCALE_FN_DOC, SCALE_FNS


class SinusoidalToHarmonicEncoder(Op):
    """Finds f0, level and harmonics of sinusoids: a network over their pitches and levels, and dense layers.

    x = [midi(frequencies) / midi(sample_rate / 2), amplitudes]; f0_hz is the mean of f0_depth frequencies, equally
    far in pitch between hz_min and hz_max, weighted by a softmax.

    Source: Engel et al., Self-supervised Pitch Detection by Inverse Audio Synthesis (ICML workshop 2020).
    """

    words = ("encoder", "pitch finder", "inverse synthesis")

    traits = Traits.TRAINABLE
    inputs = {
        "sin_freqs": frame("n_sinusoids", unit=Unit.HZ),
        "sin_amps": frame("n_sinusoids", unit=Unit.LINEAR),
    }
    outputs = {
        "harm_amp": frame(1, unit=Unit.LINEAR, doc="Overall level."),
        "harm_dist": frame("n_harmonics", unit=Unit.LINEAR, doc="Of each harmonic; those of a frame sum to 1."),
        "f0_hz": frame(1, unit=Unit.HZ, doc="Fundamental frequency."),
    }

    net: str = param("rnn_sandwich", choices=("rnn_sandwich", "fc_stack"), doc="The network.")
    fc_stack_ch: int = param(256, ge=1, doc="Channels of its fully connected layers.")
    fc_stack_layers: int = param(2, ge=1, le=parts.MOST_LAYERS, doc="Layers of each stack of them.")
    rnn_ch: int = param(512, ge=1, doc="Units of the recurrent layer between two stacks.")
    rnn_type: str = param("gru", choices=parts.RNN_TYPES, doc="Kind of its units.")
    n_harmonics: int = param(100, ge=1, doc="Number of harmonics.")
    f0_depth: int = param(64, ge=2, doc="Number of frequencies that f0 is a mean of.")
    hz_min: float = param(20.0, unit=Unit.HZ, gt=0, doc="The lowest of them.")
    hz_max: float = param(1200.0, unit=Unit.HZ, gt=0, doc="The highest of them.")
    amp_scale_fn: str = param("exp_sigmoid", choices=SCALE_FNS, doc=SCALE_FN_DOC)
    sample_rate: float | None = from_clock("sample_rate", unit=Unit.HZ, doc="Samples a second.")

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        found = dict(super().infer(signals))
        parts.channels("sin_freqs", signals["sin_freqs"])
        dims = found["harm_dist"].dims
        found["harm_dist"] = Signal((*dims[:2], dims[2].of(self.n_harmonics)), found["f0_hz"].rate, Unit.LINEAR)
        return found

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        n_in = 2 * parts.channels("sin_freqs", signals["sin_freqs"])
        if self.net == "fc_stack":
            net = parts.fc_stack(n_in, self.fc_stack_ch, self.fc_stack_layers)
        else:
            net = sandwich_weights(n_in, self.fc_stack_ch, self.fc_stack_layers, self.rnn_ch, self.rnn_type)
        ends = {"amp": 1, "hd": self.n_harmonics, "f0": self.f0_depth}
        found = parts.named("net", net)
        for name, n in ends.items():
            found |= parts.named(f"{name}_out", parts.dense(self.fc_stack_ch, n))
        return found

    def workspace(self, shapes: parts.Shapes) -> int:
        return parts.numbers(shapes, [3 * self.fc_stack_ch, recurrent_width(self.rnn_ch, self.rnn_type)])

    def kernel(self, sin_freqs: Any, sin_amps: Any, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        x, net = self._features(sin_freqs, sin_amps), nn.part(variables, "net")
        if self.net == "fc_stack":
            return self._harmonics(nn.fc_stack(x, net, self.fc_stack_layers), variables)
        return self._harmonics(sandwich(x, net, self.fc_stack_layers, self.rnn_type), variables)

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int:
        return 0

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        has_memory = self.net == "rnn_sandwich"
        return first_states(signals.values(), self.rnn_ch, self.rnn_type, block) if has_memory else {}

    def stream_step(self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block) -> Any:
        if self.net == "fc_stack":
            return {}, self.kernel(**inputs, variables=block.variables)
        net = nn.part(block.variables, "net")
        x = self._features(**inputs)
        after, x = sandwich_stream(state, x, net, self.fc_stack_layers, self.rnn_type, block)
        return after, self._harmonics(x, block.variables)

    def _features(self, sin_freqs: Any, sin_amps: Any) -> Any:
        """What the network takes."""
        nyquist_hz = float(self.sample_rate or 16_000) / 2
        return dsp.concat_channels([dsp.hz_to_unit(sin_freqs, 0.0, nyquist_hz, clip=False), sin_amps])

    def _harmonics(self, x: Any, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is made of its result."""
        rate_hz = float(self.sample_rate or 16_000)
        raw = {name: nn.dense(x, nn.part(variables, f"{name}_out")) for name in ("amp", "hd", "f0")}
        scale = dsp.scaling(self.amp_scale_fn)
        f0_hz = dsp.frequencies_softmax(raw["f0"], self.f0_depth, self.hz_min, self.hz_max)
        levels = dsp.remove_above_nyquist(
            dsp.get_harmonic_frequencies(f0_hz, self.n_harmonics), scale(raw["hd"]), rate_hz
        )
        return {"harm_amp": scale(raw["amp"]), "harm_dist": dsp.normalize_harmonics(levels), "f0_hz": f0_hz}
