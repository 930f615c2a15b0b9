"""Rates and lengths, which a gin file says in many places -> one clock. The places must agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Span
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.edits import hertz, mapping, scalar
from ddspgraph.migrations.gin.config import Config, Instance
from ddspgraph.migrations.gin.syntax import Binding, Literal
from ddspgraph.migrations.v1_classes import CLASSES

#: What magenta/ddsp's classes assume where nobody says.
DEFAULT_SAMPLE_RATE_HZ, DEFAULT_FRAME_RATE_HZ = 16_000, 250
DEFAULT_N_SAMPLES, DEFAULT_TIME_STEPS = 64_000, 1000
_MOST_SAMPLES = 1 << 40
#: Parameters of a class that say the same as the clock. `time_steps` of MfccEncoder is a size of its own.
_PARAMETERS = ("sample_rate", "n_samples", "frame_rate", "time_steps")
_OWN_SIZES = ("MfccEncoder",)


@dataclass
class ClockFacts:
    """What the file says of time.

    Attributes:
      said: the places that say a parameter, with its value.
      features: the preprocessor of the model, which decides how frames are counted.
      is_centered: whether there is one frame more than hops.
      fixed_hop: samples, of models whose frames come from a spectrogram.
    """

    config: Config
    said: dict[str, list[tuple[Fraction, Binding]]] = field(default_factory=dict)
    features: str | None = None
    is_centered: bool = False
    fixed_hop: tuple[int, Span] | None = None

    def take(self, instance: Instance, parameter: str, binding: Binding) -> bool:
        """Whether the clock says this parameter; then its value is noted, to be compared."""
        if parameter not in _PARAMETERS or instance.name in _OWN_SIZES:
            return False
        value = self.config.value(binding)
        if not isinstance(value, Literal) or isinstance(value.data, (bool, str)) or not value.data or value.data <= 0:
            return False
        if value.data > _MOST_SAMPLES:
            return False
        self.said.setdefault(parameter, []).append((Fraction(value.data), binding))
        to = {"n_samples": "duration", "time_steps": "frame_rate"}.get(parameter, parameter)
        self.config.ledger.say(binding, Kind.DERIVED, f"clock.{to}")
        return True

    def rate_ahead(self) -> int:
        """The sample rate in Hz that some synthesizer is bound to, whether or not it was reached already."""
        for (_, name, parameter), binding in self.config.last.items():
            value = self.config.value(binding) if parameter == "sample_rate" and name in CLASSES else None
            if isinstance(value, Literal) and isinstance(value.data, int) and 0 < value.data <= _MOST_SAMPLES:
                return value.data
        return DEFAULT_SAMPLE_RATE_HZ

    def entry(self, span: Span) -> tuple[Key, Value]:
        """The entry `clock`. Reports E401 where frames are no whole numbers of samples, E403 where places disagree."""
        rate, rate_span = self._agreed("sample_rate", DEFAULT_SAMPLE_RATE_HZ, span)
        samples, samples_span = self._agreed("n_samples", DEFAULT_N_SAMPLES, span)
        hop, hop_span = self._hop(rate, samples, span)
        entries = [(Key("sample_rate", rate_span), scalar(hertz(float(rate)), rate_span))]
        frame_rate = rate / hop
        if (frame_rate * 1000).denominator == 1:
            entries.append((Key("frame_rate", hop_span), scalar(hertz(float(frame_rate)), hop_span)))
        else:
            entries.append((Key("hop", hop_span), scalar(f"{int(hop)} samples", hop_span)))
        length = samples - hop if self.is_centered else samples
        if "n_samples" in self.said and length > 0 and length % hop == 0:
            entries.append((Key("duration", samples_span), scalar(f"{int(length)} samples", samples_span)))
        return Key("clock", rate_span), mapping(entries, rate_span)

    def _hop(self, rate: Fraction, samples: Fraction, span: Span) -> tuple[Fraction, Span]:
        """Samples a frame, and where that is said."""
        frame_rate, frame_span = self._agreed("frame_rate", DEFAULT_FRAME_RATE_HZ, span)
        steps, steps_span = self._agreed("time_steps", DEFAULT_TIME_STEPS, span)
        if self.fixed_hop is not None:
            hop, place = Fraction(self.fixed_hop[0]), self.fixed_hop[1]
        elif self.features in ("F0LoudnessPreprocessor", "F0PowerPreprocessor"):
            hop, place = samples / steps, steps_span
        elif "frame_rate" in self.said or self.features is not None:
            hop, place = rate / frame_rate, frame_span
        elif "time_steps" in self.said:
            hop, place = samples / steps, steps_span
        else:
            hop, place = rate / frame_rate, span
        if hop.denominator != 1 or hop < 1:
            message = f"a frame is {float(hop):g} samples: a frame must be a whole number of samples"
            hint = f"{int(samples)} samples, {int(steps)} time steps, {float(rate):g} Hz; {self._near(hop, samples)}"
            self.config.report.add("E401", message, place, hint=hint)
            return Fraction(max(1, round(hop))), place
        if "frame_rate" in self.said and rate / frame_rate != hop:
            note = Note(f"frames of {int(hop)} samples follow", place)
            message = (
                f"frame_rate is {float(frame_rate):g} here; frames of {int(hop)} samples make {float(rate / hop):g}"
            )
            self.config.report.add("E403", message, frame_span, note, hint="make them agree")
        return hop, place

    def _near(self, hop: Fraction, samples: Fraction) -> str:
        whole = max(1, round(hop))
        return f"frames of {whole} samples make {float(samples / whole):g} time steps"

    def _agreed(self, parameter: str, default: int, span: Span) -> tuple[Fraction, Span]:
        """The value of a parameter. Reports E403 where two places say different things."""
        places = self.said.get(parameter)
        if not places:
            return Fraction(default), span
        value, first = places[0]
        for other, binding in places[1:]:
            if other != value:
                note = Note(f"{first.key} is {float(value):g}", first.span)
                message = f"{binding.key} is {float(other):g}: it disagrees"
                self.config.report.add("E403", message, binding.span, note, hint="make them agree")
        return value, first.span
