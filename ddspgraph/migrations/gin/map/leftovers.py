"""What the model did not read: without effect, or lost."""

from __future__ import annotations

from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Config, references
from ddspgraph.migrations.gin.map.draft import Draft, identifier
from ddspgraph.migrations.gin.map.renames import class_name
from ddspgraph.migrations.gin.models.find_model import GROUPS, MODELS
from ddspgraph.migrations.gin.models.networks import WITHOUT_EFFECT, is_known
from ddspgraph.migrations.gin.syntax.statements import Binding


def settle_leftovers(config: Config, draft: Draft, model: str) -> None:
    """Gives every binding a fate that has none, those of macros last.

    Args:
      model: the class that is the graph, or the group.
    """
    lost = _lost_with(config)
    for (_, name, _), binding in config.last.items():
        if config.ledger.fate(binding) is None:
            config.ledger.say(binding, *_fate(name, model, lost.get(name)))
    _macros(config, draft)


def _fate(name: str, model: str, lost_with: str | None) -> tuple[Kind, None, str]:
    if name in WITHOUT_EFFECT:
        return Kind.NO_EFFECT, None, WITHOUT_EFFECT[name]
    if lost_with is not None:
        return Kind.LOST, None, f"it belongs to {lost_with}, which is lost"
    if name == "get_model":
        return Kind.LOST, None, f"which model it is, only Python code says; the graph is {model} alone"
    if name in MODELS:
        return Kind.NO_EFFECT, None, f"the model is {model}"
    is_own = model not in MODELS and model not in GROUPS
    if (is_known(name) or name in GROUPS) and not is_own:
        return Kind.NO_EFFECT, None, f"nothing in the model refers to {name}"
    return Kind.LOST, None, f"nothing in the file refers to {name}: what Python code does with it is not known"


def _lost_with(config: Config) -> dict[str, str]:
    """The classes that only lost bindings refer to, each with one of these."""
    lost: dict[str, str] = {}
    kept: set[str] = set()
    for binding in config.last.values():
        fate = config.ledger.fate(binding)
        if fate is None:
            continue
        names = {class_name(reference.selector) for reference in references(binding.value)}
        if fate.kind is Kind.LOST:
            lost |= dict.fromkeys(names, binding.key)
        else:
            kept |= names
    return {name: key for name, key in lost.items() if name not in kept}


def _macros(config: Config, draft: Draft) -> None:
    """A macro shares the fate of the first binding that uses it; one that became a constant is that."""
    for name, binding in config.macros.items():
        users: list[Binding] = config.users.get(name, [])
        fates = [fate for user in users if (fate := config.ledger.fate(user)) is not None]
        constant = draft.constants.get(identifier(name))
        if constant is not None and constant.macro == name:
            config.ledger.say(binding, Kind.MOVED, f"params.{identifier(name)}")
        elif fates:
            best = min(fates, key=lambda fate: fate.kind in (Kind.LOST, Kind.NO_EFFECT))
            config.ledger.say(binding, best.kind, best.to, best.note)
        else:
            config.ledger.say(binding, Kind.NO_EFFECT, None, f"nothing uses %{name}")
