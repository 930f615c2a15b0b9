"""What the models share that make their processors themselves, instead of leaving it to the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ddspgraph.compiler.frontend.values import Value
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.map.draft import plain_entries
from ddspgraph.migrations.gin.models.environment import Environment
from ddspgraph.migrations.gin.models.modules import Modules
from ddspgraph.migrations.gin.syntax.statements import Literal
from ddspgraph.migrations.text.edits import scalar

Inputs = Mapping[str, Value] | Sequence[Value]


class OwnProcessors:
    """A model in the making: nodes by name, keys by what they stand for."""

    def __init__(self, modules: Modules, model: Instance) -> None:
        self.modules, self.model, self.draft = modules, model, modules.draft
        self.ledger, self.config = modules.ledger, modules.config
        self.env = Environment(modules.draft)
        self.span = model.span

    def add(self, name: str, op: str, inputs: Inputs, params: Mapping[str, object] | None = None) -> str:
        """A node; its name."""
        key = self.draft.claim(name, self.span)
        self.draft.node(key, op, inputs, plain_entries(params or {}, self.span))
        return str(key)

    def sum(self, name: str, one: str, two: str) -> str:
        """The sum of two signals."""
        return self.add(name, "add", {"signal_one": self.at(one), "signal_two": self.at(two)})

    def room(self, prefix: str, audio: str, params: Mapping[str, object]) -> str:
        """A reverb. There is one room and one set of weights: where there is a reverb, its response is used again."""
        if "reverb" not in self.draft.nodes:
            params = {"trainable": True, "timing": "ddsp", **params}
            return self.add("reverb", "filtered_noise_reverb", {"audio": self.at(audio)}, params)
        return self.add(f"{prefix}reverb", "reverb", {"audio": self.at(audio), "ir": self.at("reverb/ir")})

    def ref(self, key: str) -> Value:
        """What a key stands for."""
        value = self.env.ref(key, self.span)
        assert value is not None  # a key without a '/' that nothing gives is an input
        return value

    def at(self, reference: str) -> Value:
        return scalar(reference, self.span)

    def flag(self, parameter: str, default: bool, to: str) -> bool:
        """The value of a parameter that decides which nodes there are."""
        binding = self.model.binding(parameter)
        value = self.config.value(binding) if binding is not None else None
        if binding is None or not isinstance(value, Literal):
            return default
        self.ledger.say(binding, Kind.MOVED, to, "it decides which nodes there are")
        return bool(value.data)
