"""What conditions a `DilatedConvDecoder`: the last of its inputs."""

from __future__ import annotations

from collections.abc import Iterator

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Span
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.map.draft import Draft, Entry
from ddspgraph.migrations.gin.map.params import Params, texts
from ddspgraph.migrations.text.edits import scalar

NAME = "DilatedConvDecoder"


def conditioning_keys(instance: Instance) -> list[tuple[str, Span]]:
    """The keys that come after the inputs: `z` where nothing says them."""
    value = instance.get("conditioning_keys")
    return [("z", instance.span)] if value is None else list(texts(value))


def conditioning(params: Params, instance: Instance, to: str) -> Iterator[Entry]:
    """The parameter of the op `dilated_conv_decoder` that says whether its last input conditions it."""
    ledger, binding = params.ledger, instance.binding("conditioning_keys")
    is_conditional = bool(conditioning_keys(instance))
    if binding is not None:
        ledger.say(binding, Kind.RENAMED, f"{to}.conditional", "these keys are the last of its inputs")
    yield Key("conditional", instance.span), scalar(is_conditional, instance.span)


def joined(draft: Draft, name: str, inputs: list[Value], n: int) -> list[Value]:
    """Inputs of which the last `n` are one signal, side by side."""
    if n < 2 or len(inputs) < n:
        return inputs
    key = draft.claim(f"{name}_z", inputs[-1].span)
    draft.node(key, "concat", inputs[-n:])
    return [*inputs[:-n], scalar(str(key), key.span)]
