"""Version 0 -> 2: a gin file of magenta/ddsp becomes a graph.

There is no stop at version 1: it has neither networks nor features, which most gin files are about. Steps after
version 2 take over from here.

Before:

    get_model.model = @models.Autoencoder()
    Autoencoder.preprocessor = @preprocessing.DefaultPreprocessor()
    DefaultPreprocessor.time_steps = 1000
    Autoencoder.decoder = @decoders.RnnFcDecoder()
    RnnFcDecoder.input_keys = ('ld_scaled', 'f0_scaled')
    RnnFcDecoder.output_splits = (('amps', 1), ('harmonic_distribution', 60))
    Autoencoder.processor_group = @processors.ProcessorGroup()
    ProcessorGroup.dag = [(@synths.Additive(), ['amps', 'harmonic_distribution', 'f0_hz'])]
    Additive.n_samples = 64000
    train.batch_size = 16

After:

    clock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: 64000 samples}
    nodes:
      preprocessor: {op: f0_loudness_features, inputs: {f0_hz: f0_hz, loudness_db: loudness_db}, ...}
      decoder:
        op: rnn_fc_decoder
        inputs: [preprocessor/ld_scaled, preprocessor/f0_scaled]
        params: {outputs: {amps: 1, harmonic_distribution: 60}}
      additive:
        op: harmonic
        inputs: {amplitudes: decoder/amps, harmonic_distribution: ..., f0_hz: preprocessor/f0_hz}
    training: {batch_size: 16}

Nodes keep the names that checkpoints know: the model's attributes (`decoder`) and the processors' names (`additive`).
An op that the library does not have is named as it will be, and marked with `x-awaited`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Diagnostic, Note, Report, Span, quote
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.change import Change, Kind
from ddspgraph.migrations.edits import mapping, scalar
from ddspgraph.migrations.gin.autoencoder import autoencoder, group_audio
from ddspgraph.migrations.gin.clock import ClockFacts
from ddspgraph.migrations.gin.config import Config, Instance
from ddspgraph.migrations.gin.draft import Draft, identifier
from ddspgraph.migrations.gin.environment import Environment
from ddspgraph.migrations.gin.inputs import settle
from ddspgraph.migrations.gin.inverse_synthesis import inverse_synthesis
from ddspgraph.migrations.gin.ledger import Ledger
from ddspgraph.migrations.gin.midi_autoencoder import midi_autoencoder
from ddspgraph.migrations.gin.modules import Modules
from ddspgraph.migrations.gin.networks import WITHOUT_EFFECT
from ddspgraph.migrations.gin.syntax import Binding, GinFile, Include, Items, Literal, Reference
from ddspgraph.migrations.gin.training import Training

FROM_VERSION, TO_VERSION = 0, 2

_MODELS: Mapping[str, Callable[[Modules, Instance], None]] = {
    "Autoencoder": autoencoder,
    "InverseSynthesis": inverse_synthesis,
    "MidiAutoencoder": midi_autoencoder,
    "ZMidiAutoencoder": midi_autoencoder,
}
#: Parameters of which a file that does not say `get_model` must bind one, to be more than a part of a model.
_NEEDED: Mapping[str, set[str]] = {
    "Autoencoder": {"processor_group", "decoder"},
    "InverseSynthesis": {"sinusoidal_encoder"},
    "MidiAutoencoder": {"synthcoder"},
    "ZMidiAutoencoder": {"synthcoder"},
}


def upgrade(file: GinFile, report: Report, limits: Limits = DEFAULT_LIMITS) -> tuple[Document, tuple[Change, ...]]:
    """The graph that the file describes, in version 2, and what became of each of its statements.

    Raises:
      GraphError: E901 where it describes no model; E203, E301, E302, E304, E306, E307, E310, E401, E403, E903 for what
        is wrong with it, all of them; E702, E704.
    """
    return _Upgrade(file, report, limits).run()


class _Upgrade:
    def __init__(self, file: GinFile, report: Report, limits: Limits) -> None:
        self.file, self.report = file, report
        self.ledger = Ledger()
        self.config = Config(file, self.ledger, report, limits)
        self.clock = ClockFacts(self.config)
        self.draft = Draft(self.config)
        self.modules = Modules(self.draft, self.clock)
        self.missing = [s for s in file.flat() if isinstance(s, Include) and s.problem]

    def run(self) -> tuple[Document, tuple[Change, ...]]:
        name = self._model()
        if self.report.has_errors:
            self._missing_files()
        self.report.raise_errors()
        settle(self.draft)
        training = Training(self.config, self.clock)
        training.compare_rates()
        first = next((b.span for b in self.config.bindings), Span.start_of(self.file.source))
        clock = self.clock.entry(first)
        extra = [*training.entries()]
        self._without_effect()
        self._macros()
        self.report.raise_errors()
        entries = [
            (Key("version", first), scalar(TO_VERSION, first)),
            (Key("name", first), scalar(self._name(name), first)),
            clock,
            *self._sections(first),
            *extra,
        ]
        return Document(mapping(entries, first), self.file.source), self.ledger.changes(self.file)

    def _sections(self, first: Span) -> list[tuple[Key, Value]]:
        draft = self.draft
        constants = {n: (Key(n, v.span), scalar(v.data, v.span)) for n, v in draft.constants.items()}
        found = []
        for name, section in (
            ("params", constants),
            ("inputs", draft.inputs),
            ("nodes", draft.nodes),
            ("outputs", draft.outputs),
            ("losses", draft.losses),
        ):
            if section:
                span = next(iter(section.values()))[0].span
                found.append((Key(name, span), mapping(section.values(), span)))
        return found

    # -- the model ---------------------------------------------------------------------------------

    def _model(self) -> str:
        """Adds the model to the draft; its name."""
        model = self._said_model() or self._unsaid_model()
        if model is not None:
            build = _MODELS.get(model.name)
            if build is None and not {"processor_group", "decoder"} & set(model.parameters()):
                self._no_model(f"the model {quote(model.said)} is not one of magenta/ddsp's", model.span)
                return ""
            (build or autoencoder)(self.modules, model)
            for parameter, binding in model.parameters().items():
                if self.ledger.fate(binding) is None and not self.clock.take(model, parameter, binding):
                    self._left(model, parameter, binding)
            return model.said
        is_part = self.missing and any(self.config.named(name) for name in _MODELS)
        for name in ("ProcessorGroup", "DAGLayer", "LossGroup"):
            group = self.config.named(name, "dag")
            if group is not None and not is_part:
                group_audio(self.modules, group, Environment(self.draft), group.span)
                return group.said
        self._no_model("the file describes no model", Span.start_of(self.file.source))
        return ""

    def _said_model(self) -> Instance | None:
        """The model that the programs of magenta/ddsp train; before 0.0.7 it was a parameter of theirs."""
        for name in ("get_model", "train", "evaluate", "sample"):
            program = self.config.named(name, "model")
            binding = program.binding("model") if program is not None else None
            value = self.config.value(binding) if binding is not None else None
            if binding is not None and isinstance(value, Reference):
                self.ledger.say(binding, Kind.MOVED, "nodes", "the model is the graph")
                return self.config.instance(value)
        return None

    def _unsaid_model(self) -> Instance | None:
        """A model that Python makes: bound, and whole enough to be one, if no part of the file is missing."""
        if self.missing:
            return None
        for name, needed in _NEEDED.items():
            model = self.config.named(name)
            if model is not None and needed & set(model.parameters()):
                return model
        return None

    def _no_model(self, message: str, span: Span) -> None:
        names = list(dict.fromkeys(name for _, name, _ in self.config.last))[:8]
        notes = [Note(f"it binds {', '.join(names)}")] if names else []
        hint = "migrate the file that includes it, or the operative_config of a training run, which holds everything"
        if self.missing:
            hint = "it may stand in a file that was not found: see E601"
        self.report.diagnostics.append(Diagnostic("E901", message, span, tuple(notes), hint))

    def _missing_files(self) -> None:
        """What is missing may stand in files that were not found: E601 for each of them."""
        for include in self.missing:
            hint = "--gin-path FOLDER adds a folder, such as magenta/ddsp's own ddsp/training/gin"
            self.report.add("E601", f"{quote(include.path)} was {include.problem}", include.span, hint=hint)

    def _left(self, model: Instance, parameter: str, binding: Binding) -> None:
        value = self.config.value(binding)
        is_empty = (isinstance(value, Literal) and value.data is None) or (
            isinstance(value, Items) and not value.elements
        )
        if is_empty:
            self.ledger.say(binding, Kind.DEFAULT, None, "there is none")
        elif parameter == "name":
            self.ledger.say(binding, Kind.NOT_SUPPORTED, None, "a graph is named after its file")
        else:
            note = f"a graph has no counterpart for this of {model.said}"
            self.ledger.say(binding, Kind.NOT_SUPPORTED, None, note)

    # -- the rest ----------------------------------------------------------------------------------

    def _without_effect(self) -> None:
        for (_, name, _), binding in self.config.last.items():
            if name in WITHOUT_EFFECT and self.ledger.fate(binding) is None:
                self.ledger.say(binding, Kind.NOT_SUPPORTED, None, WITHOUT_EFFECT[name])

    def _macros(self) -> None:
        """A macro shares the fate of the first binding that uses it; one that became a constant is that."""
        for name, binding in self.config.macros.items():
            fates = [f for user in self.config.users.get(name, ()) if (f := self.ledger.fate(user)) is not None]
            if identifier(name) in self.draft.constants and self.draft.constants[identifier(name)].macro == name:
                self.ledger.say(binding, Kind.MOVED, f"params.{identifier(name)}")
            elif fates:
                self.ledger.say(binding, fates[0].kind, fates[0].to, fates[0].note)
            else:
                self.ledger.say(binding, Kind.NOT_SUPPORTED, None, f"nothing uses %{name}")

    def _name(self, model: str) -> str:
        """That of the file, or of the model where the text comes from no file."""
        source = self.file.source.name
        stem = os.path.splitext(os.path.basename(source))[0]
        return identifier(model.lower() if source.startswith("<") or not stem else stem)
