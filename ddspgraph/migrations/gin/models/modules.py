"""The classes of magenta/ddsp as nodes: networks, processors and losses, each with its ends and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Span
from ddspgraph.ir.types import Unit
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.clock import ClockFacts
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.map.draft import Call, Draft, Entry, identifier
from ddspgraph.migrations.gin.map.own_terms import power_frame_size
from ddspgraph.migrations.gin.map.params import Params, op_name, texts
from ddspgraph.migrations.gin.models.conditioning import NAME as CONDITIONED
from ddspgraph.migrations.gin.models.conditioning import conditioning, conditioning_keys, joined
from ddspgraph.migrations.gin.models.environment import Environment, OpenPart, Results
from ddspgraph.migrations.gin.models.networks import DEFAULT_SPLITS, NETWORKS, PARTS, Network
from ddspgraph.migrations.gin.syntax.statements import Binding, Items, Literal, Reference
from ddspgraph.migrations.text.edits import plain, scalar
from ddspgraph.migrations.v1.classes import CLASSES, default_name
from ddspgraph.ops import OPS

Keys = Sequence[tuple[str, Span]]
_SCALED_DB = ("F0LoudnessPreprocessor", "F0PowerPreprocessor")


class Modules:
    """Makes nodes of instances in one draft."""

    def __init__(self, draft: Draft, clock: ClockFacts) -> None:
        self.draft, self.clock = draft, clock
        self.params = Params(draft, clock)
        self.config, self.ledger, self.report = draft.config, draft.ledger, draft.report

    # -- networks ----------------------------------------------------------------------------------

    def network(
        self,
        binding: Binding,
        instance: Instance,
        name: str,
        env: Environment,
        keys: Keys | None = None,
    ) -> Results:
        """A network as a node.

        Args:
          binding: where the file names it.
          name: of the node.
          env: where its inputs come from.
          keys: its inputs where the file says them otherwise than by its parameters.
        """
        known = NETWORKS.get(instance.name)
        kind = known or Network(op_name(instance.name), is_list=True)
        key = self.draft.claim(name, instance.span)
        to = f"nodes.{key}"
        self.draft.describe(binding, instance, f"{to}.op", kind.op)
        inputs = self._inputs(instance, kind, env, keys, to)
        skip = ["name", "input_keys", "output_splits", "one_hot_key", "conditioning_keys"]
        skip += ["frame_size"] if instance.name == "OnlineF0PowerPreprocessor" else []
        if instance.name == CONDITIONED and isinstance(inputs, list):
            inputs = joined(self.draft, str(key), inputs, len(conditioning_keys(instance)))
        params = list(self.params.of(instance, kind.op, f"{to}.params", skip))
        if instance.name == CONDITIONED:
            params += conditioning(self.params, instance, f"{to}.params")
        if instance.name == "OnlineF0PowerPreprocessor":
            params += power_frame_size(self.params, instance, f"{to}.params")
        splits = self._splits(instance, to)
        if splits is not None:
            params.append(splits)
        self._feature_defaults(instance, params)
        self._differences(binding, instance, str(key))
        self._say_name(instance, key)
        self.draft.node(key, kind.op, inputs, params, said=instance.said)
        ports = [*kind.outputs, *(str(port) for port, _ in splits[1].items())] if splits else list(kind.outputs)
        if known is None:
            ports += [identifier(text) for text, _ in texts(instance.get("output_keys") or Literal(None, key.span))]
            is_open = instance.name not in PARTS and not ports
            self.draft.unknown |= {str(key)} if is_open else set()
            if is_open and not inputs:
                note = f"what {instance.said} reads is not in the file: the node has no inputs yet, add them"
                self.draft.guess(binding, f"{instance.said}: inputs", to, note)
            part = OpenPart(str(key), instance.said, binding) if is_open else None
            return Results(str(key), {port: f"{key}/{port}" for port in ports}, str(key), part)
        return Results(str(key), {port: f"{key}/{port}" for port in ports}, str(key))

    def _inputs(
        self, instance: Instance, kind: Network, env: Environment, keys: Keys | None, to: str
    ) -> dict[str, Value] | list[Value]:
        said = keys if keys is not None else self._said_keys(instance, to)
        if kind.is_list:
            return env.refs(said if said is not None else self._default_keys(instance, kind, env))
        found: dict[str, Value] = {}
        ports = (*kind.inputs, *kind.optional)
        if said is None:
            wanted = [*kind.inputs, *(k for k in kind.optional if self._is_read(instance, k, env))]
            said = [(key, instance.span) for key in wanted]
            ports = tuple(wanted)
        for port, (key, span) in zip(ports, said, strict=False):
            value = env.ref(key, span)
            if value is not None:
                found[port] = value
        return found

    def _is_read(self, instance: Instance, key: str, env: Environment) -> bool:
        """Whether a feature that a network may do without is there and has an effect."""
        if instance.name == "F0LoudnessPreprocessor":
            binding = instance.binding("compute_loudness")
            value = self.config.value(binding) if binding is not None else None
            computes = value.data if isinstance(value, Literal) else not self.config.is_before("3.1.0")
            return key == ("audio" if computes else "loudness_db")
        if instance.name == "F0PowerPreprocessor":
            return key == "audio"
        return instance.name == "OnlineF0PowerPreprocessor" or env.has(key)

    def _said_keys(self, instance: Instance, to: str) -> Keys | None:
        for parameter in ("input_keys", "one_hot_key"):
            binding = instance.binding(parameter)
            if binding is None:
                continue
            self.ledger.say(binding, Kind.RENAMED, f"{to}.inputs", "a graph names what a node reads")
            keys = texts(self.config.value(binding))
            return [*keys, *conditioning_keys(instance)] if instance.name == CONDITIONED else keys
        return None

    def _default_keys(self, instance: Instance, kind: Network, env: Environment) -> Keys:
        """The keys that a network reads where nothing says them."""
        keys = list(kind.inputs)
        if instance.name == "RnnFcDecoder" and self.config.is_before("0.2.0"):
            # Before it had `input_keys`, pitch came first: the order is that of the weights.
            keys = ["f0_scaled", "ld_scaled", *(["z"] if instance.said == "ZRnnFcDecoder" else [])]
        elif instance.name == "RnnFcDecoder" and not env.has("z"):
            keys = ["f0_scaled", "ld_scaled"]
        elif instance.name == CONDITIONED:
            keys += [text for text, _ in conditioning_keys(instance)]
        return [(key, instance.span) for key in keys]

    def _splits(self, instance: Instance, to: str) -> Entry | None:
        """`output_splits = (('amps', 1), ...)` -> `outputs: {amps: 1, ...}`."""
        binding = instance.binding("output_splits")
        default = DEFAULT_SPLITS.get(instance.name)
        if binding is None:
            return (Key("outputs", instance.span), plain(dict(default), instance.span)) if default else None
        self.ledger.say(binding, Kind.RENAMED, f"{to}.params.outputs")
        value, entries = self.config.value(binding), []
        for pair in value.elements if isinstance(value, Items) else ():
            name, size = pair.elements if isinstance(pair, Items) and len(pair.elements) == 2 else (pair, None)
            if isinstance(name, Literal) and isinstance(name.data, str) and isinstance(size, Literal):
                entries.append((Key(identifier(name.data), name.span), self.params.value(size, to)))
        if isinstance(value, Reference):
            message = f"{value} makes these splits in Python: they are not in the file"
            hint = "write the tuple that it returns in its place: (('amps', 1), ('harmonic_distribution', 60))"
            self.report.add("E904", message, value.span, hint=hint)
        elif not entries:
            message = "output_splits is a tuple of pairs of a name and a size"
            self.report.add("E203", message, value.span, hint="(('amps', 1), ('harmonic_distribution', 60))")
        return Key("outputs", binding.span), Value(dict(entries), value.span)

    def _feature_defaults(self, instance: Instance, params: list[Entry]) -> None:
        """Whether loudness is computed decides what a graph reads: it is said, whatever the op's default."""
        if instance.name == "F0LoudnessPreprocessor" and "compute_loudness" not in dict(params):
            params.append((Key("compute_loudness", instance.span), scalar(True, instance.span)))
        if instance.name in ("F0LoudnessPreprocessor", "F0PowerPreprocessor", "OnlineF0PowerPreprocessor"):
            self.clock.features = instance.name
        if instance.name == "OnlineF0PowerPreprocessor":
            padding = instance.get("padding")
            self.clock.is_centered = not isinstance(padding, Literal) or padding.data == "center"

    def _differences(self, binding: Binding, instance: Instance, name: str) -> None:
        """What an old class computed otherwise: its weights belong to another graph."""
        note = ""
        if instance.said == "ZRnnFcDecoder":
            note = "its last stack did not see z, that of RnnFcDecoder does: a checkpoint of it does not fit"
        elif instance.name in _SCALED_DB and self.config.is_before("3.1.0"):
            note = "it scaled 120 dB to 0..1, magenta/ddsp scales 80 dB since 3.1.0: a checkpoint of it hears otherwise"
        elif instance.name == "OnlineF0PowerPreprocessor" and instance.binding("compute_f0") is None:
            note = "it found the pitch by itself: the graph has it as an input, f0_hz"
        if note:
            self.ledger.add(binding, Kind.DIFFERS, instance.said, f"nodes.{name}", note)

    def _say_name(self, instance: Instance, key: Key) -> None:
        binding = instance.binding("name")
        if binding is not None:
            note = f"the model knows it as '{key}'"
            self.ledger.say(binding, Kind.NO_EFFECT, None, note)

    # -- processors and losses ---------------------------------------------------------------------

    def processor(
        self, binding: Binding, instance: Instance, keys: Keys, env: Environment, prefix: str = "", name: str = ""
    ) -> Results:
        """A processor as a node; its results have its own name, whatever stands before it.

        Args:
          name: what its group calls it, where that is not its own name.
        """
        known = CLASSES[instance.name]
        own = name or self.params.name(instance, default_name(instance.said), f"nodes.{prefix}")
        key = self.draft.claim(prefix + own, instance.span)
        self.draft.describe(binding, instance, f"nodes.{key}.op", known.op)
        if name:
            self._say_name(instance, key)
        if len(keys) > len(known.arguments):
            has = ", ".join(known.arguments)
            message = f"{instance.said} takes {len(known.arguments)} inputs, {len(keys)} are given"
            self.report.add("E304", message, keys[len(known.arguments)][1], hint=f"its inputs are {has}")
        inputs = {}
        for port, (text, span) in zip(known.arguments, keys, strict=False):
            value = env.ref(text, span)
            if value is not None:
                inputs[port] = value
        self.draft.calls.append(Call(key, known, tuple(inputs.values())))
        inputs = {port: self._scaled_again(binding, instance, key, port, value) for port, value in inputs.items()}
        params = list(self.params.of(instance, known.op, f"nodes.{key}.params", ["name"]))
        self.draft.node(key, known.op, inputs, params, said=instance.said)
        ports = {"signal": str(key), **{f"controls/{c}": f"{key}/{c}" for c in known.controls}}
        return Results(own, ports, str(key))

    def _scaled_again(self, binding: Binding, instance: Instance, key: Key, port: str, value: Value) -> Value:
        """A control of another processor that this one scales once more: a graph asks for its unit to be set aside."""
        ports = OPS[CLASSES[instance.name].op].inputs
        functions = {parameter for parameter in instance.parameters() if parameter.endswith("scale_fn")}
        if any(isinstance(said := instance.get(name), Literal) and said.data is None for name in functions):
            return value
        node, _, control = str(value.data).partition("/")
        source = str(self.draft.nodes[node][1].plain().get("op")) if node in self.draft.nodes and control else ""
        made = OPS[source].outputs if source in OPS else None
        unit = made[control].unit if isinstance(made, Mapping) and control in made else Unit.ANY
        if not isinstance(ports, Mapping) or ports[port].unit is not Unit.RAW or unit in (Unit.RAW, Unit.ANY):
            return value
        between = self.draft.claim(f"{key}_{port}", instance.span)
        params = [(Key("unit", instance.span), scalar("any", instance.span))]
        self.draft.node(between, "concat", [value], params)
        note = f"'{value.data}' is {unit.value} already and is scaled again, as {instance.said} does: unit any lets it"
        self.ledger.add(binding, Kind.RENAMED, f"{instance.said}: {port}", f"nodes.{between}", note)
        return scalar(str(between), value.span)

    def loss(
        self, binding: Binding, instance: Instance, keys: Keys, env: Environment, prefix: str = "", name: str = ""
    ) -> None:
        """A loss."""
        known = CLASSES.get(instance.name)
        op = known.op if known is not None else op_name(instance.name)
        name = self.params.name(instance, name or default_name(instance.said), f"losses.{prefix}")
        key = self.draft.claim(prefix + name, instance.span)
        self.draft.describe(binding, instance, f"losses.{key}.op", op)
        values = env.refs(keys)
        ports = list(known.arguments) if known is not None else []
        if known is not None and len(keys) > len(ports):
            message = f"{instance.said} takes {len(ports)} inputs, {len(keys)} are given"
            self.report.add("E304", message, keys[len(ports)][1], hint=f"its inputs are {', '.join(ports)}")
        inputs = dict(zip(ports, values, strict=False)) if known is not None else values
        if known is not None:
            self.draft.calls.append(Call(key, known, tuple(values)))
        params = list(self.params.of(instance, op, f"losses.{key}.params", ["name"]))
        self.draft.node(key, op, inputs, params, said=instance.said, section="losses")
