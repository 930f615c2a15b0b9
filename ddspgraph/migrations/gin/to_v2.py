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
from dataclasses import dataclass, replace

from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Diagnostic, Note, Report, Span, quote
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.change import Change, Kind
from ddspgraph.migrations.gin.map.clock import ClockFacts
from ddspgraph.migrations.gin.map.config import Config, Instance, canonical
from ddspgraph.migrations.gin.map.draft import Draft, identifier
from ddspgraph.migrations.gin.map.groups import put_in_graphs
from ddspgraph.migrations.gin.map.inputs import settle
from ddspgraph.migrations.gin.map.ledger import Ledger
from ddspgraph.migrations.gin.map.leftovers import settle_leftovers
from ddspgraph.migrations.gin.map.training import Training
from ddspgraph.migrations.gin.models.autoencoder import group_audio, is_nothing
from ddspgraph.migrations.gin.models.environment import Environment
from ddspgraph.migrations.gin.models.find_model import (
    GROUPS,
    MODELS,
    candidates_of,
    kind_of,
    own_model,
    said_model,
    whole_model,
)
from ddspgraph.migrations.gin.models.modules import Modules
from ddspgraph.migrations.gin.syntax.released import runner_bindings
from ddspgraph.migrations.gin.syntax.statements import Binding, GinFile, Include
from ddspgraph.migrations.text.edits import mapping, scalar

FROM_VERSION, TO_VERSION = 0, 2


@dataclass(frozen=True)
class Upgraded:
    """A gin file as a graph.

    Attributes:
      document: in version 2.
      changes: what became of each statement of the file.
      warnings: W123 and W124, of rates and lengths that do not agree.
      awaited: the ops that the graph needs and the library does not have.
    """

    document: Document
    changes: tuple[Change, ...]
    warnings: tuple[Diagnostic, ...]
    awaited: tuple[str, ...]


def upgrade(
    file: GinFile,
    report: Report,
    limits: Limits = DEFAULT_LIMITS,
    frame_rate_hz: float | None = None,
    name: str | None = None,
) -> Upgraded:
    """The graph that the file describes, in version 2, and what became of each of its statements.

    Args:
      frame_rate_hz: of the clock, whatever the file says.
      name: of the graph; None: that of the file.

    Raises:
      GraphError: E901 where it describes no model; E203, E301, E302, E304, E306, E307, E310, E401, E403, E903, E904 for
        what is wrong with it, all of them; E702, E704.
    """
    return _Upgrade(file, report, limits, frame_rate_hz, name).run()


class _Upgrade:
    def __init__(
        self, file: GinFile, report: Report, limits: Limits, frame_rate_hz: float | None, name: str | None
    ) -> None:
        self.file, self.report, self.name = file, report, name
        self.ledger = Ledger()
        self.config = Config(file, self.ledger, report, limits, runner_bindings())
        self.clock = ClockFacts(self.config, frame_rate_hz)
        self.draft = Draft(self.config)
        self.modules = Modules(self.draft, self.clock)
        self.missing = [s for s in file.flat() if isinstance(s, Include) and s.problem]

    def run(self) -> Upgraded:
        name = self._model()
        if self.report.has_errors:
            self._missing_files()
        self.report.raise_errors()
        placed = put_in_graphs(self.draft, settle(self.draft))
        training = Training(self.config, self.clock)
        training.compare_rates()
        first = next((b.span for b in self.config.bindings), Span.start_of(self.file.source))
        clock = self.clock.entry(first)
        extra = [*training.entries(has_losses=bool(self.draft.losses))]
        settle_leftovers(self.config, self.draft, name)
        self.report.raise_errors()
        entries = [
            (Key("version", first), scalar(TO_VERSION, first)),
            (Key("name", first), scalar(self._name(name), first)),
            clock,
            *self._sections(first),
            *extra,
        ]
        document = Document(mapping(entries, first), self.file.source)
        changes = [
            replace(change, to=change.to and placed(change.to), note=placed(change.note))
            for change in self.ledger.changes(self.file, runner_bindings())
        ]
        return Upgraded(document, tuple(changes), tuple(self.clock.warnings), tuple(self.draft.awaited))

    def _sections(self, first: Span) -> list[tuple[Key, Value]]:
        draft = self.draft
        constants = {n: (Key(n, v.span), scalar(v.data, v.span)) for n, v in draft.constants.items()}
        found = []
        for name, section in (
            ("params", constants),
            ("graphs", draft.graphs),
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
        model = said_model(self.config, self.draft) or self._unsaid_model()
        if model is not None:
            kind = kind_of(model)
            if kind is None and model.name in MODELS:
                kind = MODELS[model.name]
            if kind is None:
                self._no_model(f"the model {quote(model.said)} is not one of magenta/ddsp's", model.span)
                return ""
            kind.build(self.modules, model)
            for parameter, binding in model.parameters().items():
                if self.ledger.fate(binding) is None and not self.clock.take(model, parameter, binding):
                    self._left(model, parameter, binding)
            return model.name
        is_part = self.missing and any(self.config.named(name) for name in MODELS)
        is_part = is_part or next(candidates_of(self.config), None) is not None
        for name in GROUPS:
            group = self.config.named(name, "dag")
            if group is not None and not is_part:
                group_audio(self.modules, group, Environment(self.draft), group.span)
                return group.name
        self._no_model("the file describes no model", Span.start_of(self.file.source))
        return ""

    def _unsaid_model(self) -> Instance | None:
        """A model that Python makes, if no part of the file is missing."""
        return None if self.missing else whole_model(self.config) or own_model(self.config, self.draft)

    def _no_model(self, message: str, span: Span) -> None:
        names = list(dict.fromkeys(canonical(b)[0] for b in self.config.bindings if b.parameter))[:8]
        notes = [Note(f"it binds {', '.join(names)}")] if names else []
        hint = (
            "migrate it together with the file of the model (several files are one model), or the operative_config of "
            "a training run, which holds everything"
        )
        if self.missing:
            hint = "it may stand in a file that was not found: see E601"
        self.report.diagnostics.append(Diagnostic("E901", message, span, tuple(notes), hint))

    def _missing_files(self) -> None:
        """What is missing may stand in files that were not found: E601 for each of them."""
        for include in self.missing:
            hint = "--gin-path FOLDER adds a folder, such as magenta/ddsp's own ddsp/training/gin"
            self.report.add("E601", f"{quote(include.path)} was {include.problem}", include.span, hint=hint)

    def _left(self, model: Instance, parameter: str, binding: Binding) -> None:
        if is_nothing(self.config.value(binding)):
            self.ledger.say(binding, Kind.DEFAULT, None, "there is none")
        elif parameter == "name":
            self.ledger.say(binding, Kind.NO_EFFECT, None, "a graph is named after its file")
        else:
            note = f"a graph has no counterpart for this of {model.said}"
            self.ledger.say(binding, Kind.LOST, None, note)

    def _name(self, model: str) -> str:
        """That of the file, or of the model where the text comes from no file."""
        if self.name:
            return identifier(self.name)
        source = self.file.source.name
        stem = os.path.splitext(os.path.basename(source))[0]
        return identifier(model.lower() if source.startswith("<") or not stem else stem)
