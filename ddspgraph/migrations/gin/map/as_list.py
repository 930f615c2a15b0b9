"""A chain of processors in a gin file -> the list of version 1 that says the same: what `migrate --verify` runs.

It reads bindings as gin finds them and shares nothing else with the way to version 2: no inputs, no ops, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.diagnostics import Report
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.gin.map.clock import DEFAULT_N_SAMPLES, DEFAULT_SAMPLE_RATE_HZ
from ddspgraph.migrations.gin.map.config import Config, Instance
from ddspgraph.migrations.gin.map.draft import identifier
from ddspgraph.migrations.gin.map.ledger import Ledger
from ddspgraph.migrations.gin.map.renames import last_word
from ddspgraph.migrations.gin.syntax.statements import GinFile, GinValue, Items, Literal, Reference
from ddspgraph.migrations.v1.classes import CLASSES, default_name

_MODELS = ("Autoencoder", "InverseSynthesis", "MidiAutoencoder", "ZMidiAutoencoder", "get_model")
#: Defaults of processors have been those of today since.
_SETTLED = "0.0.4"


def as_list(file: GinFile, limits: Limits = DEFAULT_LIMITS) -> Mapping[str, Any] | None:
    """The list as plain data; None where the file holds more than one group of processors.

    Networks are more, nested groups, and classes that this program does not know.
    """
    config = Config(file, Ledger(), Report(), limits)
    group = config.named("ProcessorGroup", "dag")
    if group is None or any(config.named(name) for name in _MODELS) or config.is_before(_SETTLED):
        return None
    calls = _elements(group.get("dag"))
    modules: dict[str, dict[str, Any]] = {}
    dag = []
    header = {"sample_rate": DEFAULT_SAMPLE_RATE_HZ, "n_samples": DEFAULT_N_SAMPLES}
    for call in calls:
        module, *given = _elements(call)
        instance, name = _module(config, group, module)
        known = CLASSES.get(instance.name) if instance is not None else None
        if instance is None or known is None or known.is_loss or len(given) != 1:
            return None
        keys = [_plain(key) for key in _elements(given[0])]
        name = name or _plain(instance.get("name")) or default_name(instance.said)
        if any(identifier(text.replace("/", "_")) != text.replace("/", "_") for text in (name, *keys)):
            return None  # renamed on the way to version 2
        params = _params(instance)
        header |= {key: params.pop(key) for key in header if key in params}  # a file that migrates says one of each
        modules[name] = {"class": instance.name, **params}
        dag.append([name, keys])
    return {"version": 1, **header, "modules": modules, "dag": dag} if dag else None


def _module(config: Config, group: Instance, value: GinValue | None) -> tuple[Instance | None, str]:
    """What a call names, and the name that its group has for it."""
    name = _plain(value) if isinstance(value, Literal) else ""
    reference = group.get(name) if name else value
    return (config.instance(reference, group) if isinstance(reference, Reference) else None), name


def _params(instance: Instance) -> dict[str, Any]:
    return {key: _plain(instance.get(key)) for key in instance.parameters() if key != "name"}


def _elements(value: GinValue | None) -> tuple[GinValue, ...]:
    return value.elements if isinstance(value, Items) else ()


def _plain(value: GinValue | None) -> Any:
    """Numbers and texts as they are, functions by their names."""
    if isinstance(value, Items):
        return [_plain(element) for element in value.elements]
    if isinstance(value, Reference):
        return last_word(value.selector)
    return value.data if isinstance(value, Literal) else None
