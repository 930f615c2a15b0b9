"""Rates and lengths, which a gin file says in many places -> one clock. The places must agree, or it is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Diagnostic, Note, Span
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Config, Instance
from ddspgraph.migrations.gin.syntax.statements import Binding, Literal, Reference
from ddspgraph.migrations.text.edits import hertz, mapping, scalar
from ddspgraph.migrations.v1.classes import CLASSES

#: What magenta/ddsp's classes assume where nobody says.
DEFAULT_SAMPLE_RATE_HZ, DEFAULT_FRAME_RATE_HZ = 16_000, 250
DEFAULT_N_SAMPLES, DEFAULT_TIME_STEPS = 64_000, 1000
_MOST_SAMPLES = 1 << 40
#: Parameters of a class that say the same as the clock. `time_steps` of MfccEncoder is a size of its own.
_PARAMETERS = ("sample_rate", "n_samples", "frame_rate", "time_steps")
_OWN_SIZES = ("MfccEncoder",)
#: Samples; beyond it no frame rates are proposed.
_LONGEST_HOP = 100_000
_ONE_RATE = (
    "a graph has one sample rate: if both are meant, keep the one of the synthesizers, delete the other binding and "
    "resample the audio outside of the graph; if not, make them agree"
)
_ADVICE = {
    "sample_rate": _ONE_RATE,
    "n_samples": _ONE_RATE,
    "frame_rate": "make them agree, or say --frame-rate HZ",
    "time_steps": "make them agree, or say --frame-rate HZ",
}


@dataclass
class ClockFacts:
    """What the file says of time.

    Attributes:
      said: the places that say a parameter, with its value.
      features: the preprocessor of the model, which decides how frames are counted.
      is_centered: whether there is one frame more than hops.
      fixed_hop: samples, of models whose frames come from a spectrogram.
      frame_rate_hz: what the caller wants, whatever the file says.
      data: parameters of what provides the data, with their bindings.
      warnings: W123 where frames are no whole numbers of samples, W124 where places disagree that need not agree.
    """

    config: Config
    frame_rate_hz: float | None = None
    said: dict[str, list[tuple[Fraction, Binding]]] = field(default_factory=dict)
    features: str | None = None
    is_centered: bool = False
    fixed_hop: tuple[int, Span] | None = None
    data: list[tuple[str, Binding]] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)

    def take(self, instance: Instance, parameter: str, binding: Binding) -> bool:
        """Whether the clock says this parameter; then its value is noted, to be compared."""
        if parameter not in _PARAMETERS or instance.name in _OWN_SIZES:
            return False
        value = self.config.value(binding)
        if isinstance(value, Reference):
            self.config.ledger.say(binding, Kind.LOST, None, computed(binding))
            return True
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
        """The entry `clock`. Reports E401 where a frame is less than a sample, E403 where places disagree."""
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
        for parameter, binding in self.data:
            self._compare(parameter, binding, rate, hop, length)
        if "n_samples" in self.said and length > 0 and length % hop == 0:
            entries.append((Key("duration", samples_span), scalar(f"{int(length)} samples", samples_span)))
        return Key("clock", rate_span), mapping(entries, rate_span)

    def _hop(self, rate: Fraction, samples: Fraction, span: Span) -> tuple[Fraction, Span]:
        """Whole samples a frame, and where that is said."""
        frame_rate, frame_span = self._agreed("frame_rate", DEFAULT_FRAME_RATE_HZ, span)
        steps, steps_span = self._agreed("time_steps", DEFAULT_TIME_STEPS, span)
        is_resampled = self.features in ("F0LoudnessPreprocessor", "F0PowerPreprocessor")
        if self.frame_rate_hz is not None:
            self._overridden()
            return self._whole(
                rate / Fraction(self.frame_rate_hz).limit_denominator(10**6),
                rate,
                f"{self.frame_rate_hz:g} frames a second",
                span,
            )
        if self.fixed_hop is not None:
            hop, place = Fraction(self.fixed_hop[0]), self.fixed_hop[1]
        elif (is_resampled or ("frame_rate" not in self.said and self.features is None)) and "time_steps" in self.said:
            hop, place = self._whole(samples / steps, rate, f"{int(steps)} time steps", steps_span)
        elif is_resampled and "n_samples" in self.said and "frame_rate" not in self.said:
            why = f"{DEFAULT_TIME_STEPS} time steps, which are assumed where nothing says a frame rate,"
            hop, place = self._whole(samples / steps, rate, why, self.said["n_samples"][0][1].span)
        elif "frame_rate" in self.said:
            hop, place = self._whole(rate / frame_rate, rate, f"{float(frame_rate):g} frames a second", frame_span)
        else:
            place = next(
                (self.said[name][0][1].span for name in ("sample_rate", "n_samples") if name in self.said), span
            )
            why = f"{DEFAULT_FRAME_RATE_HZ} frames a second, which are assumed where nothing says a frame rate,"
            hop, place = self._whole(rate / frame_rate, rate, why, place)
        if "frame_rate" in self.said and rate / frame_rate != hop and place != frame_span:
            self._resampled(rate, hop, place)
        return hop, place

    def _whole(self, hop: Fraction, rate: Fraction, why: str, place: Span) -> tuple[Fraction, Span]:
        """The nearest whole number of samples. Reports E401 below one, W123 where it is another."""
        if hop < 1:
            message = f"a frame is {float(hop):g} samples: a frame must be a whole number of samples, 1 or more"
            self.config.report.add("E401", message, place, hint="--frame-rate HZ says another frame rate")
            return Fraction(1), place
        whole = round(hop)
        if whole != hop:
            near = range(max(1, int(hop * 0.7)), int(hop * 1.5) + 2) if hop < _LONGEST_HOP else ()
            even = sorted((n for n in near if rate % n == 0), key=lambda n: abs(n - hop))
            choices = ", ".join(f"{_rate(rate / n)} ({n} samples)" for n in even[:3])
            message = (
                f"{why} make frames of {float(hop):g} samples; a frame must be a whole number of samples: "
                f"frames of {whole} are written, which makes {_rate(rate / whole)}"
            )
            hint = "--frame-rate HZ says another frame rate" + (f"; even ones near it are {choices}" if choices else "")
            self.warnings.append(Diagnostic("W123", message, place, hint=hint))
        return Fraction(whole), place

    def _overridden(self) -> None:
        """The frame rate of the caller replaces what the file says."""
        for name in ("frame_rate", "time_steps"):
            for _, binding in self.said.get(name, ()):
                self.config.ledger.replace(binding, Kind.OVERRIDDEN, "by --frame-rate")

    def _resampled(self, rate: Fraction, hop: Fraction, place: Span) -> None:
        """Features of another frame rate than the model's, which magenta/ddsp resampled without a word."""
        for said, binding in self.said["frame_rate"]:
            note = (
                f"features are computed at {_rate(said)} and the model runs at {_rate(rate / hop)}: magenta/ddsp "
                "resampled them, here they are computed at the clock's rate"
            )
            self.differs(binding, note, Note("the model's frames follow", place))

    def _compare(self, parameter: str, binding: Binding, rate: Fraction, hop: Fraction, length: Fraction) -> None:
        """Names what the data are said to be where the model is otherwise."""
        value = self.config.value(binding)
        if not isinstance(value, Literal) or isinstance(value.data, (bool, str)) or not value.data:
            return
        said = Fraction(value.data)
        if parameter == "frame_rate" and said != rate / hop:
            note = (
                f"the data are prepared at {_rate(said)}, the model runs at {_rate(rate / hop)}: magenta/ddsp "
                "resampled, here features are computed at the clock's rate"
            )
            self.differs(binding, note)
        elif parameter == "sample_rate" and said != rate:
            note = f"the data are at {_rate(said)}, the model at {_rate(rate)}: here all is at the clock's rate"
            self.differs(binding, note)
        elif parameter == "example_secs" and "n_samples" in self.said and said * rate != length:
            note = (
                f"the data are {float(said):g} s long, the model {float(length / rate):g} s: a graph takes any length"
            )
            self.differs(binding, note)

    def differs(self, binding: Binding, note: str, *notes: Note) -> None:
        """A contradiction within the file: W124, and a line of the report."""
        hint = "give both places one value, or leave out the one that the model does not read"
        self.warnings.append(Diagnostic("W124", f"{binding.key}: {note}", binding.span, notes, hint=hint))
        self.config.ledger.add(binding, Kind.DIFFERS, binding.key, None, note)

    def _agreed(self, parameter: str, default: int, span: Span) -> tuple[Fraction, Span]:
        """The value of a parameter. Reports E403 where two places say different things."""
        places = self.said.get(parameter)
        if not places:
            return Fraction(default), span
        value, first = places[0]
        for other, binding in places[1:]:
            if other != value and not (parameter == "frame_rate" and self.frame_rate_hz is not None):
                note = Note(f"{first.key} is {float(value):g}", first.span)
                message = f"{binding.key} is {float(other):g}: it disagrees"
                self.config.report.add("E403", message, binding.span, note, hint=_ADVICE[parameter])
        return value, first.span


def computed(binding: Binding) -> str:
    """Why a value that Python code computes is lost, and the way on."""
    return f"Python code computes it, the file does not hold its value: give --gin-param '{binding.key} = VALUE'"


def _rate(rate: Fraction) -> str:
    return hertz(float(f"{float(rate):.9g}"))
