"""`models.Autoencoder`: features -> encoder -> decoder -> processors, and losses of the audio they make.

A model class that this program does not know, but that has parts of one, is read the same way.
"""

from __future__ import annotations

from ddspgraph.diagnostics import Span, quote
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.map.draft import plain_entries
from ddspgraph.migrations.gin.models.dag import Group
from ddspgraph.migrations.gin.models.environment import Environment, Results
from ddspgraph.migrations.gin.models.modules import Modules
from ddspgraph.migrations.gin.syntax.statements import Binding, GinValue, Items, Literal, Reference
from ddspgraph.migrations.text.edits import scalar

_STAGES = ("preprocessor", "encoder", "decoder")
#: Keys of `Autoencoder.call`'s outputs that a LossGroup may read.
AUDIO_OUT = "audio_synth"


def autoencoder(modules: Modules, model: Instance) -> None:
    """Adds the model to the draft. Reports what its parts report."""
    env = Environment(modules.draft)
    for stage in _STAGES:
        binding = model.binding(stage)
        if binding is None:
            continue
        value = modules.config.value(binding)
        if isinstance(value, Reference):
            instance = modules.config.instance(value, model)
            f0_encoder(modules, instance, env)
            env.update(modules.network(binding, instance, stage, env))
        else:
            absent(modules, binding, value)
    audio = processor_group(modules, model, env)
    if audio is None and not modules.report.has_errors:
        last = list(modules.draft.nodes.values())
        for results in list(env.results.values())[-1:] if last else []:
            for port, reference in results.ports.items():
                modules.draft.output(port, reference, model.span)
    if audio is not None:
        env.values[AUDIO_OUT] = audio
    if audio is not None or env.open:
        losses(modules, model, "losses", [("audio", model.span), (AUDIO_OUT, model.span)], env)
    elif (binding := model.binding("losses")) is not None and not is_nothing(modules.config.value(binding)):
        modules.ledger.say(binding, Kind.LOST, None, "nothing in the file makes the audio that they compare")


def processor_group(modules: Modules, model: Instance, env: Environment) -> str | None:
    """The processors of a model; what they make is the output `audio`."""
    binding = model.binding("processor_group")
    instance = model.instance("processor_group")
    if binding is not None and instance is None:
        absent(modules, binding, modules.config.value(binding))
        return None
    if binding is None or instance is None:
        return _group_beside(modules, env)
    modules.ledger.say(binding, Kind.MOVED, "nodes", "a graph has no groups: its nodes stand side by side")
    return group_audio(modules, instance, env, binding.span)


def _group_beside(modules: Modules, env: Environment) -> str | None:
    """The group of a file whose model does not name one: Python code made it."""
    group = modules.config.named("ProcessorGroup", "dag")
    binding = group.binding("dag") if group is not None else None
    if group is None or binding is None:
        return None
    modules.draft.guess(binding, "ProcessorGroup", "nodes", "no line names the group of the model: it is taken for it")
    return group_audio(modules, group, env, binding.span)


def group_audio(modules: Modules, instance: Instance, env: Environment, span: Span) -> str | None:
    """Runs a group; the signal of its last call is the output `audio`, and its reference."""
    last = Group(modules, instance, env).run()
    audio = _signal(last)
    if audio is not None:
        modules.draft.output("audio", audio, span)
    return audio


def losses(modules: Modules, model: Instance, parameter: str, keys: list[tuple[str, Span]], env: Environment) -> None:
    """The losses of a model: one, a list of them, or a group with a dag of its own."""
    binding = model.binding(parameter)
    if binding is None:
        return
    for value in each(modules.config.value(binding)):
        if not isinstance(value, Reference):
            absent(modules, binding, value)
            continue
        instance = modules.config.instance(value, model)
        if instance.name == "LossGroup":
            modules.ledger.say(binding, Kind.MOVED, "losses", "a graph has no groups: its losses stand side by side")
            Group(modules, instance, env).run()
        else:
            modules.loss(binding, instance, [(key, value.span) for key, _ in keys], env)


def f0_encoder(modules: Modules, encoder: Instance, env: Environment) -> None:
    """Before 1.0.0 an encoder may have one that finds the pitch: 0 to 1 for the MIDI notes 0 to 127."""
    binding, instance = encoder.binding("f0_encoder"), encoder.instance("f0_encoder")
    if binding is None or instance is None:
        return
    env.update(modules.network(binding, instance, "f0_encoder", env))
    draft, span = modules.draft, instance.span
    scaled = env.ref("f0_scaled", span)
    midi, hz = draft.claim("f0_encoder_midi", span), draft.claim("f0_encoder_hz", span)
    range_ = plain_entries({"midi_min": 0.0, "midi_max": 127.0}, span)
    draft.node(midi, "unit_to_midi", [scaled] if scaled is not None else [], range_)
    draft.node(hz, "midi_to_hz", [scalar(str(midi), span)])
    env.update(Results(str(hz), {"f0_hz": str(hz)}, str(hz)))


def absent(modules: Modules, binding: Binding, value: GinValue) -> None:
    """A part that the file says is not there, or says wrongly. Reports E203."""
    if is_nothing(value):
        note = "there is none" if isinstance(value, Literal) else "there are none"
        modules.ledger.say(binding, Kind.DEFAULT, None, note)
    else:
        hint = f"write `{binding.key} = @module.Class()`, or None"
        modules.report.add("E203", f"{quote(binding.key)} is an instance of a class", value.span, hint=hint)


def is_nothing(value: GinValue) -> bool:
    """Whether a value is `None` or an empty list."""
    return (isinstance(value, Literal) and value.data is None) or (isinstance(value, Items) and not value.elements)


def each(value: GinValue) -> tuple[GinValue, ...]:
    """The elements of a list, or the value alone."""
    return value.elements if isinstance(value, Items) else (value,)


def _signal(results: Results | None) -> str | None:
    if results is None:
        return None
    return results.find("signal") or results.default
