"""Which class or function of a gin file is the model, and which of the models of magenta/ddsp it is like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ddspgraph.diagnostics import quote
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Config, Instance, canonical
from ddspgraph.migrations.gin.map.draft import Draft
from ddspgraph.migrations.gin.models.autoencoder import autoencoder
from ddspgraph.migrations.gin.models.inverse_synthesis import inverse_synthesis
from ddspgraph.migrations.gin.models.midi_autoencoder import midi_autoencoder
from ddspgraph.migrations.gin.models.modules import Modules
from ddspgraph.migrations.gin.models.networks import is_known
from ddspgraph.migrations.gin.syntax.statements import Binding, Literal, Reference

GROUPS = ("ProcessorGroup", "DAGLayer", "LossGroup")


@dataclass(frozen=True)
class ModelKind:
    """A model of magenta/ddsp.

    Attributes:
      build: adds it to a draft.
      needed: parameters of which one must be bound, for a class to be such a model.
    """

    build: Callable[[Modules, Instance], None]
    needed: frozenset[str]


MODELS: Mapping[str, ModelKind] = {
    "Autoencoder": ModelKind(autoencoder, frozenset({"processor_group", "decoder"})),
    "InverseSynthesis": ModelKind(inverse_synthesis, frozenset({"sinusoidal_encoder"})),
    "MidiAutoencoder": ModelKind(midi_autoencoder, frozenset({"synthcoder"})),
    "ZMidiAutoencoder": ModelKind(midi_autoencoder, frozenset({"synthcoder"})),
}
#: What makes a model of a class that this program does not know.
_PARTS = frozenset({"preprocessor", "encoder", "decoder", "processor_group", "losses", "synthcoder"})
_TELLING = frozenset({"decoder", "processor_group", "losses", "synthcoder", "sinusoidal_encoder"})


def said_model(config: Config, draft: Draft) -> Instance | None:
    """The model that the programs of magenta/ddsp train; before 0.0.7 it was a parameter of theirs."""
    for name in ("get_model", "train", "evaluate", "sample"):
        program = config.named(name, "model")
        binding = program.binding("model") if program is not None else None
        if binding is None:
            continue
        value = config.value(binding)
        if isinstance(value, Reference):
            config.ledger.say(binding, Kind.MOVED, "nodes", "the model is the graph")
            return _inheriting(config, draft, config.instance(value), binding)
        if isinstance(value, Literal) and isinstance(value.data, str):
            return _by_name(config, draft, binding, value.data)
    return None


def whole_model(config: Config) -> Instance | None:
    """A model of magenta/ddsp that Python makes: bound, and with parts enough to be one."""
    for name, kind in MODELS.items():
        model = config.named(name)
        if model is not None and kind.needed & set(model.parameters()):
            return model
    return None


def own_model(config: Config, draft: Draft) -> Instance | None:
    """A class or function that this program does not know, to which parts of a model are bound."""
    candidates = list(candidates_of(config))
    if not candidates:
        return None
    model = max(candidates, key=lambda instance: len(_PARTS & set(instance.parameters())))
    first = next(iter(model.parameters().values()))
    return _inheriting(config, draft, model, first)


def candidates_of(config: Config) -> Iterator[Instance]:
    """All classes and functions of a user to which parts of a model are bound."""
    for name, parameters in config.parameters.items():
        if name not in MODELS and name not in GROUPS and not is_known(name) and _TELLING & set(parameters):
            instance = config.named(name)
            if instance is not None:
                yield instance


def kind_of(model: Instance) -> ModelKind | None:
    """The model of magenta/ddsp that a model is, or is read as."""
    if model.name in MODELS:
        return MODELS[model.name]
    bound = set(model.parameters())
    found = next((MODELS[name] for name in model.bases if MODELS[name].needed & bound), None)
    return found or next((kind for kind in MODELS.values() if kind.needed & bound), None)


def _by_name(config: Config, draft: Draft, binding: Binding, text: str) -> Instance | None:
    """A model that Python code finds by a text: the class or function that is bound like one."""
    model = own_model(config, draft) or whole_model(config)
    if model is None:
        return None
    others = [other.said for other in candidates_of(config) if other.name != model.name]
    rest = f", not {', '.join(others)}" if others else ""
    note = f"which model {quote(text)} is, only Python code says: {model.said} is taken{rest}, whose parts are bound"
    config.ledger.say(binding, Kind.GUESSED, "nodes", note)
    return model


def _inheriting(config: Config, draft: Draft, model: Instance, binding: Binding) -> Instance:
    """A model with what is bound at the class of magenta/ddsp that it inherits from. Both are reported."""
    if model.name in MODELS:
        return model
    bases = tuple(name for name in MODELS if config.parameters.get(name))
    whole = replace(model, bases=bases)
    like = bases[0] if bases else "Autoencoder"
    note = f"a class of your own: it is read as {like}, what its own call() does otherwise is not in the file"
    draft.guess(binding, model.said, "nodes", note)
    for parameter, other in whole.parameters().items():
        if canonical(other)[0] in bases:
            draft.guess(other, f"{model.said}.{parameter}", None, f"bound at {other.selector}: taken for {model.said}")
    return whole
