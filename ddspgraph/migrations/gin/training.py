"""Bindings of optimizer and trainer -> `training`; of data and evaluators, which no spec says -> `x-training`."""

from __future__ import annotations

from collections.abc import Iterator

from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader
from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Report, quote
from ddspgraph.ir.training import TRAINING_PARAMS
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.edits import mapping, scalar
from ddspgraph.migrations.gin.clock import ClockFacts
from ddspgraph.migrations.gin.config import Config, Instance, canonical
from ddspgraph.migrations.gin.params import key_text
from ddspgraph.migrations.gin.renames import PARAMS, last_word
from ddspgraph.migrations.gin.syntax import Binding, GinValue, Items, Literal, Macro, Pairs, Reference

SECTION, OTHERS = "training", "x-training"
#: What magenta/ddsp's training program and trainer call the options of the section, where it is another name.
_OPTIONS = {"num_steps": "steps"}
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
        """The sample rate of data is that of the graph. Their frame rate may be another: features are resampled."""
        for (scopes, name, parameter), binding in self.config.last.items():
            if name in _OWN and parameter == "sample_rate":
                self.clock.take(Instance(self.config, name, name, scopes, binding.span), parameter, binding)

    def entries(self) -> Iterator[tuple[Key, Value]]:
        """The entries `training` and `x-training`; none where the file says nothing of them."""
        options: dict[Key, Value] = {}
        sections: dict[str, dict[Key, Value]] = {}
        for roots in (_ROOTS, _OWN):
            for (scopes, name, parameter), binding in self.config.last.items():
                if name not in roots or self.ledger.fate(binding) is not None:
                    continue
                option = _OPTIONS.get(parameter, parameter)
                value = self._option(option, binding) if name in ("train", "Trainer") and not scopes else None
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

    def _option(self, option: str, binding: Binding) -> Value | None:
        """The value of an option of the section; None where it has none of that name, or not of that value."""
        value = self.config.value(binding)
        if option not in TRAINING_PARAMS or not isinstance(value, Literal):
            return None
        report, said = Report(), scalar(value.data, value.span)
        if ParameterReader(report, None).read(TRAINING_PARAMS[option], said, SECTION) is INVALID:
            title = f"{OTHERS}.{canonical(binding)[0]}.{canonical(binding)[1]}"
            self.ledger.say(binding, Kind.NOT_SUPPORTED, title, report.diagnostics[0].message)
            return None
        self.ledger.say(binding, Kind.MOVED if option == binding.parameter else Kind.RENAMED, f"{SECTION}.{option}")
        return said

    def _moved(self, binding: Binding, to: str, parameter: str) -> Value:
        old = f"{last_word(binding.selector)}.{binding.parameter}"
        is_renamed = canonical(binding) != (last_word(binding.selector), binding.parameter)
        rename = PARAMS.get(old)
        if rename is not None and rename.new is None:
            self.ledger.say(
                binding, Kind.NOT_SUPPORTED, f"{to}.{parameter}", f"gone since magenta/ddsp {rename.version}"
            )
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
