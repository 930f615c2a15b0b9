"""Bindings of optimizer and trainer -> `training`; of data and evaluators, which no spec says -> `x-training`."""

from __future__ import annotations

from collections.abc import Iterator

from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader
from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Report, quote
from ddspgraph.ir.training import TRAINING_PARAMS
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.clock import ClockFacts
from ddspgraph.migrations.gin.map.config import Config, Instance, canonical
from ddspgraph.migrations.gin.map.params import key_text
from ddspgraph.migrations.gin.map.renames import PARAMS, last_word
from ddspgraph.migrations.gin.syntax.released import RUNNER
from ddspgraph.migrations.gin.syntax.statements import Binding, GinValue, Items, Literal, Macro, Pairs, Reference
from ddspgraph.migrations.text.edits import mapping, scalar

SECTION, OTHERS = "training", "x-training"
#: What magenta/ddsp's training program and trainer call the options of the section, where it is another name.
_OPTIONS = {"num_steps": "steps"}
#: Whose parameters are the options of the section, and the macros in the file that the program loads before others.
_TRAINERS, _MACROS = ("train", "Trainer"), ("batch_size", "learning_rate")
#: What magenta/ddsp's programs call by name: the roots of what is about training.
_ROOTS = (
    *("train", "Trainer", "GANTrainer", "get_trainer_class", "get_strategy"),
    *("evaluate", "sample", "evaluate_or_sample", "eval_discrete", "segment_notes_batch"),
)
#: Classes and functions of `training.data`, `evaluators`, `heuristics` and the like, wherever they are bound.
_OWN = (
    *("DataProvider", "TFRecordProvider", "LegacyTFRecordProvider", "RecordProvider", "TfdsProvider", "NSynthTfds"),
    *("ZippedProvider", "MixedProvider", "BaseMultiProvider", "SyntheticNotes", "ExperimentalDataProvider"),
    *("Urmp", "UrmpMidi", "UrmpMidiUnsegmented", "SoloInstrument", "generate_notes", "generate_notes_v2"),
    *("BasicEvaluator", "F0LdEvaluator", "TWMEvaluator", "MidiAutoencoderEvaluator", "MidiHeuristicEvaluator"),
    *("midi_heuristic", "midi_heuristic_power", "mean_f0", "median_f0", "median_amps", "compute_f0"),
    *("amp_pooled_outliers", "power_pooled_outliers", "strided_freq_change", "prepare_tfrecord"),
    *("AutoencoderInference", "StreamingF0PwInference", "VSTSynthesize", "VSTSynthesizeHarmonic"),
    *("VSTSynthesizeNoise", "F0LoudnessMetrics", "LoudnessMetrics", "F0CrepeMetrics", "F0Metrics"),
)


class Training:
    """Writes what is left of a config and about training."""

    def __init__(self, config: Config, clock: ClockFacts) -> None:
        self.config, self.ledger, self.clock = config, config.ledger, clock
        self._open: list[Instance] = []

    def compare_rates(self) -> None:
        """What the file says of its data, for the clock. Of known providers the sample rate is that of the graph."""
        program = self.config.named("train", "data_provider")
        own = program.instance("data_provider") if program is not None else None
        for (scopes, name, parameter), binding in self.config.last.items():
            is_data = name in _OWN or (own is not None and name == own.name)
            if name in _OWN and parameter == "sample_rate":
                self.clock.take(Instance(self.config, name, name, scopes, binding.span), parameter, binding)
            elif is_data and parameter in ("sample_rate", "frame_rate", "example_secs"):
                self.clock.data.append((parameter, binding))

    def entries(self, has_losses: bool) -> Iterator[tuple[Key, Value]]:
        """The entries `training` and `x-training`; none where the file says nothing of them.

        What magenta/ddsp's training program binds by itself is said where a graph is to be trained.
        """
        is_trained = has_losses or any(name in _TRAINERS for _, name, _ in self.config.last)
        is_trained = is_trained or any(binding.key in _MACROS for binding in self.config.bindings)
        options: dict[Key, Value] = {}
        sections: dict[str, dict[Key, Value]] = {}
        for roots in (_ROOTS, _OWN):
            for (scopes, name, parameter), binding in {**self.config.implied, **self.config.last}.items():
                if name not in roots or self.ledger.fate(binding) is not None:
                    continue
                option = _OPTIONS.get(parameter, parameter)
                is_implied = binding.span.source.name == RUNNER
                if is_implied and not (is_trained and self._tells(option, binding)):
                    continue
                value = self._option(option, binding) if name in _TRAINERS and not scopes else None
                if value is not None:
                    options[Key(option, binding.span)] = value
                    continue
                title = "/".join([*scopes, name])
                section = sections.setdefault(title, {})
                section[Key(parameter, binding.span)] = self._moved(binding, f"{OTHERS}.{title}", parameter)
        if options:
            span = next(iter(options)).span
            yield Key(SECTION, span), mapping(options.items(), span)
        if sections:
            span = next(iter(next(iter(sections.values())))).span
            entries = [(Key(title, next(iter(s)).span), mapping(s.items(), span)) for title, s in sections.items()]
            yield Key(OTHERS, span), mapping(entries, span)

    def _tells(self, option: str, binding: Binding) -> bool:
        """Whether an implied binding says something that the section does not do by itself."""
        value = self.config.value(binding)
        is_said = value.span.source.name != RUNNER
        return is_said or not isinstance(value, Literal) or value.data != TRAINING_PARAMS[option].default

    def _option(self, option: str, binding: Binding) -> Value | None:
        """The value of an option of the section; None where it has none of that name, or not of that value."""
        value = self.config.value(binding)
        if option not in TRAINING_PARAMS or not isinstance(value, Literal):
            return None
        report, said = Report(), scalar(value.data, value.span)
        if ParameterReader(report, None).read(TRAINING_PARAMS[option], said, SECTION) is INVALID:
            title = f"{OTHERS}.{canonical(binding)[0]}.{canonical(binding)[1]}"
            self.ledger.say(binding, Kind.LOST, title, report.diagnostics[0].message)
            return None
        kind, note = Kind.MOVED if option == binding.parameter else Kind.RENAMED, ""
        if value.span.source.name == RUNNER:
            kind, note = Kind.DEFAULT, f"{value.data}: magenta/ddsp's training program loads this file before any other"
        self.ledger.say(binding, kind, f"{SECTION}.{option}", note)
        return said

    def _moved(self, binding: Binding, to: str, parameter: str) -> Value:
        old = f"{last_word(binding.selector)}.{binding.parameter}"
        is_renamed = canonical(binding) != (last_word(binding.selector), binding.parameter)
        rename = PARAMS.get(old)
        if rename is not None and rename.new is None:
            note = f"gone since magenta/ddsp {rename.version}"
            self.ledger.say(binding, Kind.NO_EFFECT, f"{to}.{parameter}", note)
        else:
            self.ledger.say(binding, Kind.RENAMED if is_renamed else Kind.MOVED, f"{to}.{parameter}")
        return self.value(self.config.value(binding), f"{to}.{parameter}")

    def value(self, value: GinValue, to: str, within: Instance | None = None) -> Value:
        """A value as data: an instance is `{class: ..., parameters}`, a class or function its name."""
        if isinstance(value, Literal):
            return scalar(value.data, value.span)
        if isinstance(value, Items):
            return Value(tuple(self.value(v, to, within) for v in value.elements), value.span)
        if isinstance(value, Pairs):
            return mapping(((key_text(k), self.value(v, to, within)) for k, v in value.entries), value.span)
        assert not isinstance(value, Macro)
        return self._instance(value, to, within)

    def _instance(self, reference: Reference, to: str, within: Instance | None) -> Value:
        instance, span = self.config.instance(reference, within), reference.span
        self.config.spend(span)
        if any((other.name, other.scopes) == (instance.name, instance.scopes) for other in self._open):
            self.config.report.add("E307", f"{quote(reference)} needs itself", span)
            return scalar(None, span)
        if len(self._open) >= self.config.limits.depth:
            self.config.stop("E702", f"references nested deeper than {self.config.limits.depth} levels", span)
        self._open.append(instance)
        entries = []
        for parameter, binding in instance.parameters().items():
            said = self.config.value(binding)
            inner = f"{to}.{parameter}"
            self.ledger.say(binding, Kind.MOVED, inner)
            entries.append((Key(parameter, binding.span), self.value(said, inner, instance)))
        self._open.pop()
        if not reference.is_call and not entries:
            return scalar(instance.name, span)
        return mapping([(Key("class", span), scalar(instance.name, span)), *entries], span)
